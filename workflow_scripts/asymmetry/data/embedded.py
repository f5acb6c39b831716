"""The photographs that installed packages carry (`photographs`): read from their files, never downloaded."""

from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from asymmetry import images
from asymmetry.data.photographs import DISTRIBUTIONS, SCENES
from asymmetry.data.pictures import Picture, crop
from asymmetry.errors import UserError


def _load(package: str, file: str) -> np.ndarray:
    spec = find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    path = Path(folders[0], file) if folders else None
    if path is None or not path.is_file():
        name = DISTRIBUTIONS[package]
        raise UserError(f"the package {name} does not carry {file}.", f"install {name} as requirements.lock says")
    return images.read(path)


def photographs(pool: dict[str, tuple[str, str, str]]) -> Iterator[Picture]:
    """The photographs of a pool at their native size; a file that is not there is a `UserError` naming the package."""
    for scene, (package, file, credit) in pool.items():
        yield Picture(scene, scene, "", f"{credit} ({DISTRIBUTIONS[package]})", _load(package, file))


def scenes(seed: int, size: int | None = None) -> Iterator[Picture]:
    """Pool E: eight colour photographs, cropped to squares of `size` pixels if given; nothing is random."""
    for picture in photographs(SCENES):
        yield replace(picture, array=crop(picture.array, size, picture.name))
