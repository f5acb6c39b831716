"""The pictures in folders of the user's own, and the scenes that they are. Light: the Snakefile's check reads it."""

from collections.abc import Sequence
from pathlib import Path

SUFFIXES = {".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}


def named_pictures(path: str | Path | Sequence[str | Path]) -> dict[Path, list[tuple[str, Path]]]:
    """Scene and file of every picture below each folder; with several folders, scenes begin with the folder's name.

    What is hidden is no picture: a Mac, for one, writes `._photo.png` beside `photo.png` on foreign disks.
    """
    roots = [Path(path)] if isinstance(path, str | Path) else [Path(root) for root in path]

    def scene(root: Path, file: Path) -> str:
        return "-".join(file.relative_to(root if len(roots) == 1 else root.parent).with_suffix("").parts)

    def hidden(root: Path, file: Path) -> bool:
        return any(part.startswith(".") for part in file.relative_to(root).parts)

    return {
        root: [
            (scene(root, file), file)
            for file in sorted(root.rglob("*"))
            if file.suffix.lower() in SUFFIXES and file.is_file() and not hidden(root, file)
        ]
        for root in roots
    }
