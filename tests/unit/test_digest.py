import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from asymmetry import digest, registry

SOURCE = Path(digest.__file__).parent.parent
ADAPTERS = sorted(path.name for path in SOURCE.glob("*.py"))


def clear():
    for cached in (digest._spec, digest._parse, digest.closure, registry.table):
        cached.cache_clear()


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A copy of workflow_scripts that `digest` looks at, to be edited."""
    copy = tmp_path / "workflow_scripts"
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__", "*.csv"))
    monkeypatch.setattr(digest, "ROOT", copy)
    monkeypatch.setattr(registry, "TABLE", copy / "asymmetry" / "registry.yaml")
    monkeypatch.syspath_prepend(tmp_path / "theirs")
    clear()
    yield copy
    clear()


def of(adapter, *entries):
    clear()
    return digest.of(adapter, entries)


def append(path, text):
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def test_comments_docstrings_and_layout_mean_nothing(tree):
    before = {name: of(name) for name in ADAPTERS}
    for path in tree.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        docstring = ast.get_docstring(ast.parse(text), clean=False)
        text = text.replace(docstring, "Another docstring.", 1) if docstring else f'"""A docstring."""\n{text}'
        path.write_text(f"# a comment\n\n\n{text}\n\n# another comment\n", encoding="utf-8")
    assert {name: of(name) for name in ADAPTERS} == before


def test_docstrings_of_functions_and_classes_mean_nothing(tree):
    path = tree / "asymmetry" / "artifacts.py"
    before = of("optimize.py")
    text = path.read_text(encoding="utf-8")
    assert text.count('    """The SHA-256 of a file, in hex."""\n') == 1
    path.write_text(text.replace('    """The SHA-256 of a file, in hex."""\n', ""), encoding="utf-8")
    assert of("optimize.py") == before


def test_meaning_counts_where_it_is_imported_and_only_there(tree):
    """fig1.py imports no training; optimize.py imports it directly, and `artifacts` through other modules."""
    before = {name: of(name) for name in ("optimize.py", "calibrate.py", "fig1.py")}
    append(tree / "asymmetry" / "training" / "generator.py", "\nBETAS = (0.5, 0.9)\n")
    after = {name: of(name) for name in before}
    assert after["optimize.py"] != before["optimize.py"]
    assert after["fig1.py"] == before["fig1.py"]

    append(tree / "asymmetry" / "networks" / "generators.py", "\nEXTRA = 1\n")
    indirect = {name: of(name) for name in before}
    assert indirect["optimize.py"] != after["optimize.py"]
    assert indirect["calibrate.py"] != after["calibrate.py"]
    assert indirect["fig1.py"] == before["fig1.py"]

    append(tree / "asymmetry" / "artifacts.py", "\nEXTRA = 1\n")
    assert of("fig1.py") != before["fig1.py"]
    assert digest.ROOT / "asymmetry" / "artifacts.py" in digest.closure(digest.ROOT / "fig1.py")


def test_a_string_that_is_no_docstring_counts(tree):
    before = of("fig1.py")
    path = tree / "asymmetry" / "errors.py"
    path.write_text(path.read_text().replace("Did you mean", "Was it"), encoding="utf-8")
    assert of("fig1.py") != before


def test_the_adapter_itself_counts(tree):
    before = {name: of(name) for name in ("fig1.py", "fig7.py")}
    append(tree / "fig1.py", "\nprint()\n")
    assert of("fig1.py") != before["fig1.py"]
    assert of("fig7.py") == before["fig7.py"]


def test_only_named_entries_count(tree):
    psnr, vit = ("metrics", "psnr"), ("backbones", "narrow-vit")
    before, with_vit = of("assess.py", psnr), of("assess.py", psnr, vit)
    assert with_vit != before
    assert of("assess.py", vit, psnr, psnr) == with_vit, "their order is no meaning"
    append(tree / "asymmetry" / "networks" / "attention.py", "\nEXTRA = 1\n")
    assert of("assess.py", psnr) == before
    assert of("assess.py", psnr, vit) != with_vit


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        ({"arguments": {"function": "psnr", "optimum": 70.0}}, True),
        ({"higher_is_better": False}, True),
        ({"factory": "asymmetry.metrics.simple:Constant"}, True),
        ({"summary": "another summary", "licence": "MIT", "trained_on": ["mine"]}, False),
    ],
)
def test_facts_of_a_named_entry(tree, change, counts):
    psnr, ssim = ("metrics", "psnr"), ("metrics", "ssim")
    before, other = of("assess.py", psnr), of("assess.py", ssim)
    table = yaml.safe_load(registry.TABLE.read_text(encoding="utf-8"))
    table["metrics"]["psnr"] |= change
    table["metrics"]["new"] = {"factory": "asymmetry.metrics.simple:Constant"}
    registry.TABLE.write_text(yaml.safe_dump(table), encoding="utf-8")
    assert (of("assess.py", psnr) != before) == counts
    assert of("assess.py", ssim) == other


def test_shapes_of_tables_are_no_code(tree):
    before = of("fig1.py")
    append(tree / "asymmetry" / "tables.yaml", "\nnew:\n  a: [text, new]\n")
    assert of("fig1.py") == before


@pytest.fixture
def theirs(tree, tmp_path):
    """A package of the user's: mine.metric imports mine.inner.helper, both ways, which imports this library."""
    folder = tmp_path / "theirs" / "mine"
    files = {
        "__init__.py": "",
        "metric.py": "from .inner import helper\nMine = helper\n",
        "inner/__init__.py": "",
        "inner/helper.py": "import numpy\nfrom asymmetry.networks import attention\nfrom ..constants import ONE\n",
        "constants.py": "ONE = 1\n",
        "unused.py": "TWO = 2\n",
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


@pytest.mark.parametrize("name", ["metric.py", "inner/helper.py", "constants.py", "__init__.py", "inner/__init__.py"])
def test_own_code_counts_with_what_it_imports_from_its_package(theirs, name):
    before = of("assess.py", ("metrics", "mine.metric:Mine"))
    assert before == of("assess.py", ("metrics", "mine.metric:Mine"))
    append(theirs / name, "\n# a comment\n")
    assert of("assess.py", ("metrics", "mine.metric:Mine")) == before
    append(theirs / name, "\nEXTRA = 1\n")
    assert of("assess.py", ("metrics", "mine.metric:Mine")) != before


def test_own_code_counts_with_what_it_imports_from_this_library(theirs, tree):
    before = of("assess.py", ("metrics", "mine.metric:Mine"))
    append(theirs / "unused.py", "EXTRA = 1\n")
    assert of("assess.py", ("metrics", "mine.metric:Mine")) == before
    append(tree / "asymmetry" / "networks" / "attention.py", "\nEXTRA = 1\n")
    assert of("assess.py", ("metrics", "mine.metric:Mine")) != before
    assert "mine" not in sys.modules, "nothing is imported"


def test_a_module_of_its_own_and_one_that_is_not_there(theirs):
    (theirs.parent / "alone.py").write_text("class Alone: pass\n")
    before = of("assess.py", ("metrics", "alone:Alone"))
    (theirs.parent / "alone.py").write_text("class Alone:\n    x = 1\n")
    assert of("assess.py", ("metrics", "alone:Alone")) != before
    assert of("assess.py", ("metrics", "nowhere.at_all:X")) != of("assess.py", ("metrics", "nowhere.at_all:Y"))


def test_installed_packages_are_not_followed():
    source = digest.locate("torch.nn")
    assert len(digest._parse(source, "torch")[1]) > 3
    assert digest.closure(source, "torch") == {source}


def test_digests_are_the_same_in_every_process():
    code = "from asymmetry import digest; print(digest.of('optimize.py', [('metrics', 'psnr'), ('tasks', 'a.b:C')]))"
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONPATH": str(SOURCE), "PYTHONHASHSEED": str(seed)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in (1, 2)
    }
    assert len(found) == 1
    assert found != {""}
