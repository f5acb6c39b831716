"""The user's own pictures, in one folder or several, as a corpus."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from asymmetry import images
from asymmetry.artifacts import sha256
from asymmetry.data.pictures import Picture
from asymmetry.data.scene_names import SUFFIXES, named_pictures
from asymmetry.errors import UserError, listing

logger = logging.getLogger(__name__)
LONGEST_NAME = 200  # bytes; file systems take 255 with the suffix


def pictures(seed: int, path: str | Path | Sequence[str | Path], size: int | None = None) -> Iterator[Picture]:
    """Every picture under `path`, each a scene named after its file; cropped to squares of `size` pixels if given.

    With several folders a scene's name begins with that of its folder. All that is wrong comes as one `UserError`:
    unreadable files, pictures smaller than `size`, one name or one file twice (the same scene could then end up on both
    sides of a split). Nothing is random.
    """
    found = named_pictures(path)
    if empty := [str(root) for root, files in found.items() if not files]:
        raise UserError(
            f"no picture in {', '.join(map(repr, empty))}.", f"files that count end in {', '.join(sorted(SUFFIXES))}"
        )
    for root in found:
        _tell_of_others(root)
    problems: list[str] = []
    names: dict[str, Path] = {}
    contents: dict[str, Path] = {}
    for name, file in chain(*found.values()):
        if (first := names.setdefault(name, file)) != file:
            problems.append(f"{file}: would be the scene {name!r}, as {first} is")
        if not name.isprintable() or len(name.encode()) > LONGEST_NAME:
            problems.append(f"{str(file)!a}: its name cannot be a scene's; at most {LONGEST_NAME} printable bytes")
            continue
        try:
            if (first := contents.setdefault(sha256(file), file)) != file:
                problems.append(f"{file}: the same picture as {first}")
            height, width, _ = images.read(file).shape
        except (OSError, UserError) as error:
            problems.append(str(error))
            continue
        if size is not None and min(height, width) < size:
            problems.append(f"{file}: {width} x {height} pixels, smaller than {size}")
    if problems:
        raise UserError(f"{len(problems)} problem(s) with the pictures in {path}:\n{listing(problems)}")
    for name, file in names.items():
        array = images.read(file)
        yield Picture(name, name, "", file.name, array if size is None else images.crop_to(array, size))


def _tell_of_others(root: Path) -> None:
    """Log how many files below a folder are left out, by suffix; hidden ones need no word."""
    files = (file for file in root.rglob("*") if file.is_file() and not file.name.startswith("."))
    others = Counter(file.suffix.lower() for file in files if file.suffix.lower() not in SUFFIXES)
    if others:
        told = ", ".join(f"{count} of {suffix or 'no suffix'}" for suffix, count in sorted(others.items()))
        logger.warning("%s: files that are left out, as no pictures: %s", root, told)
