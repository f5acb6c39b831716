"""Files that steps leave behind: written whole or not at all, read strictly, with their provenance."""

import hashlib
import json
import os
import platform
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asymmetry.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor, nn

PACKAGES = ("torch", "torchvision", "timm", "spandrel", "piq", "lpips", "numpy", "scipy", "pandas", "safetensors")


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` (same suffix): on success it replaces `path`, on failure it is removed.

    The content is on the disk before it gets its name, so that not even a power failure leaves half of it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield temporary
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def sha256(path: str | Path) -> str:
    """The SHA-256 of a file, in hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_json(content: Mapping[str, Any], path: str | Path) -> None:
    """Write a mapping as JSON with sorted keys."""
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def read_json(path: str | Path) -> dict[str, Any]:
    """Read a JSON object; a broken file is a `UserError` that names it."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read: {error}.", remedy(error)) from None


def remedy(error: Exception) -> str:
    """What to do about a file that cannot be read: delete it, unless it was the disk that failed and it may be good."""
    return "" if isinstance(error, OSError) else "delete it and run again"


def save_tensors(tensors: Mapping[str, "Tensor"], path: str | Path, **facts: object) -> None:
    """Write tensors as safetensors, with `facts` (plain values) as metadata: one JSON entry, for its order is fixed."""
    from safetensors.torch import save_file

    contiguous = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    with atomic(path) as temporary:
        save_file(contiguous, temporary, metadata={"facts": json.dumps(facts, sort_keys=True)})


def load_tensors(path: str | Path) -> "dict[str, Tensor]":
    """Read a safetensors file; a broken one is a `UserError` that names it."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise UserError(f"{path} is not a readable safetensors file ({error}).", remedy(error)) from None


def read_facts(path: str | Path) -> dict[str, Any]:
    """The facts that `save_tensors` wrote beside the tensors; empty for a file from elsewhere."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "numpy") as file:
            return json.loads((file.metadata() or {}).get("facts", "{}"))
    except (OSError, SafetensorError, ValueError) as error:
        raise UserError(f"{path} is not a readable safetensors file ({error}).", remedy(error)) from None


def load_into(module: "nn.Module", path: str | Path) -> None:
    """Load a safetensors file into a module: every name and shape must agree."""
    try:
        module.load_state_dict(load_tensors(path), strict=True)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path} does not fit {type(module).__name__}: {reason}") from None


def provenance() -> dict[str, Any]:
    """What a result depends on beside its inputs: versions of Python, the packages and the machine. No times."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = None
    return {"python": platform.python_version(), "machine": platform.machine(), "packages": versions}


def fingerprint(settings: Mapping[str, Any], files: Iterable[str | Path] = ()) -> str:
    """A digest of plain settings and of the content of files: equal when a computation would be the same."""
    text = json.dumps(settings, sort_keys=True, default=str)
    parts = [text, *(sha256(file) for file in files)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
