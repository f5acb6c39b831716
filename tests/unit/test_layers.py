"""The library's layers: a module imports only what stands to the left of its own layer in the README."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import asymmetry

LIBRARY = Path(asymmetry.__file__).parent
README = LIBRARY.parents[1] / "README.md"
LAYERS = (
    *("errors", "artifacts", "compute", "tables", "registry", "digest", "images"),
    *("distortions", "data", "networks", "metrics", "training", "analysis", "figures"),
    *("plan", "configuration", "estimation"),
)
MODULES = sorted(LIBRARY.rglob("*.py"))


def layer(module: Path) -> str:
    return module.relative_to(LIBRARY).parts[0].removesuffix(".py")


def imported(module: Path) -> Iterator[str]:
    """Layers of the library that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}: a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name.split(".")[1] for name in names if name.startswith("asymmetry."))


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_imports_only_what_stands_to_its_left(name: str) -> None:
    allowed = LAYERS[: LAYERS.index(name) + 1]
    for module in MODULES:
        if layer(module) == name:
            assert set(imported(module)) <= set(allowed), module


def test_every_module_belongs_to_a_layer() -> None:
    assert {layer(module) for module in MODULES} - {"__init__"} == set(LAYERS)


def test_the_readme_names_the_layers_in_this_order() -> None:
    (line,) = [line for line in README.read_text(encoding="utf-8").splitlines() if "distortions/ data/" in line]
    named = [word.rstrip("/") for word in line.split() if word.endswith("/")]
    assert named == list(LAYERS[LAYERS.index("distortions") : LAYERS.index("plan")])
