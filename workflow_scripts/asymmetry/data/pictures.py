"""One picture of a corpus, and the folder of PNGs that a manifest speaks of."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from asymmetry import images
from asymmetry.errors import UserError


@dataclass(frozen=True)
class Picture:
    """A picture before it is written.

    Attributes:
        name: its file's name without suffix, unique in its corpus.
        scene: what it shows: the unit of every split.
        label: class of a generated picture, empty for a photograph.
        credit: where it comes from and on which terms.
        array: uint8 (H, W, 3), RGB.
    """

    name: str
    scene: str
    label: str
    credit: str
    array: np.ndarray


def fresh_folder(manifest: Path) -> Path:
    """The folder `images` beside a manifest, emptied of PNGs; the old manifest goes first, as it speaks of them."""
    manifest.unlink(missing_ok=True)
    folder = manifest.parent / "images"
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.glob("*.png"):
        stale.unlink()
    return folder


def shrink(image: np.ndarray, longest: int) -> np.ndarray:
    """Resize a uint8 picture whose longer side exceeds `longest` down to it (bicubic, antialiased)."""
    picture = Image.fromarray(image)
    picture.thumbnail((longest, longest), Image.Resampling.BICUBIC)
    return np.asarray(picture)


def crop(image: np.ndarray, size: int | None, name: str) -> np.ndarray:
    """`images.crop_to`, but a picture smaller than `size` is a `UserError`, and None leaves it as it is."""
    if size is None:
        return image
    if min(image.shape[:2]) < size:
        height, width, _ = image.shape
        raise UserError(f"{name} has {width} x {height} pixels, too few for {size} x {size}.", "take a smaller size")
    return images.crop_to(image, size)
