"""Digests of code, so that a step runs again when the meaning of what it runs has changed, and only then.

Snakemake sees neither an edit of an imported module nor that an edit touched only a comment. Each rule therefore
takes `of(...)` as a param: a hash of the syntax trees (without comments, docstrings and positions) of its adapter, of
every library module that the adapter imports, directly or not, and of the modules of the named registry entries.
"""

import ast
import hashlib
from collections.abc import Iterable
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec, resolve_name
from itertools import accumulate
from pathlib import Path

from asymmetry import registry
from asymmetry.errors import UserError

PACKAGE = __package__
ROOT = Path(__file__).parent.parent


@cache
def _spec(module: str) -> ModuleSpec | None:
    """What Python would import under that name, found without importing it or its parents."""
    own = module.partition(".")[0] == PACKAGE
    search: list[str] | None = [str(ROOT)] if own else None
    spec = None
    for name in sorted(_with_parents(module)):
        try:
            spec = PathFinder.find_spec(name, search) if search is not None else find_spec(name)
        except ValueError:  # `__main__` has none
            return None
        if spec is None:
            return None
        search = list(spec.submodule_search_locations or [])
    return spec


def exists(module: str) -> bool:
    """Whether a module can be found; nothing is imported."""
    return _spec(module) is not None


def locate(module: str) -> Path | None:
    """The source file of a module, found without importing it or its parents; None if it has none."""
    spec = _spec(module)
    return Path(spec.origin) if spec and spec.origin and spec.origin.endswith(".py") else None


def _without_docstrings(tree: ast.AST) -> ast.AST:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            match node.body:
                case [ast.Expr(value=ast.Constant(value=str())), *rest]:
                    node.body = rest
    return tree


def _with_parents(module: str) -> set[str]:
    """A module's name and those of the packages that it lies in, for they run with it."""
    return set(accumulate(module.split("."), "{}.{}".format))


def _package(path: Path, prefix: str) -> str:
    """Dotted name of the package that a file lies in, from the top package `prefix`; empty outside of it."""
    folders = path.parent.parts
    return ".".join(folders[len(folders) - folders[::-1].index(prefix) - 1 :]) if prefix in folders else ""


def _imports(tree: ast.AST, package: str, prefix: str) -> set[str]:
    """Names of modules under `prefix` or of this library that a file in `package` imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (package or not node.level):
            source = resolve_name("." * node.level + (node.module or ""), package)
            names.update(f"{source}.{alias.name}" for alias in node.names)
    own = {name for name in names if name.partition(".")[0] in {prefix, PACKAGE}}
    return set().union(*map(_with_parents, own))


@cache
def _parse(path: Path, prefix: str) -> tuple[str, frozenset[str]]:
    """Digest of one file's meaning, and the modules under `prefix` or of this library that it imports."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    except SyntaxError as error:
        raise UserError(f"{path}, line {error.lineno}: {error.msg}.") from None
    imports = frozenset(_imports(tree, _package(path, prefix), prefix))
    return hashlib.sha256(ast.dump(_without_docstrings(tree)).encode()).hexdigest(), imports


@cache
def closure(path: Path, prefix: str = PACKAGE) -> frozenset[Path]:
    """The file itself and every source file of the package `prefix` or of this library that it needs, directly or not.

    What is installed in `site-packages` is not followed: its version is a matter of the environment.
    """
    seen: set[Path] = set()
    waiting = [path]
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        if "site-packages" not in file.parts:
            waiting += [found for name in _parse(file, prefix)[1] if (found := locate(name))]
    return frozenset(seen)


def of(adapter: str, entries: Iterable[tuple[str, str]] = ()) -> str:
    """Digest of an adapter in `workflow_scripts/` and of the registry entries (kind, name) that the job names.

    Of the user's own code, the module that is named and what it imports from its own package and this library count.
    """
    named = sorted({(kind, name): registry.entry(kind, name) for kind, name in entries}.items())
    files: dict[Path, str] = dict.fromkeys(closure(ROOT / adapter), PACKAGE)
    for _, found in named:
        prefix = found.module.partition(".")[0]
        for path in filter(None, map(locate, _with_parents(found.module))):
            files.update(dict.fromkeys(closure(path, prefix), prefix))
    parts = sorted(_parse(file, prefix)[0] for file, prefix in files.items())
    parts += [repr((key, found.factory, dict(found.arguments), found.higher_is_better)) for key, found in named]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
