"""Generated pictures by class: the embedded stand-in for a large corpus of training photographs."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.random import Generator

from asymmetry import compute, images
from asymmetry.data import painted, textures
from asymmetry.data.pictures import Picture
from asymmetry.errors import UserError, unknown

CLASSES: dict[str, Callable[[Generator, int], np.ndarray]] = {
    "bricks": textures.bricks,
    "collage": painted.collage,
    "cracks": textures.cracks,
    "dead-leaves": painted.dead_leaves,
    "dots": textures.dots,
    "grating": textures.grating,
    "labyrinth": textures.labyrinth,
    "marble": textures.marble,
    "natural-noise": textures.natural_noise,
    "plaid": textures.plaid,
    "polygons": textures.polygons,
    "ripples": textures.ripples,
    "rough-noise": textures.rough_noise,
    "script": painted.script,
    "shapes": painted.shapes,
    "stripes": textures.stripes,
    "terrain": textures.terrain,
    "tiles": textures.tiles,
    "wood": textures.wood,
}
# Never in a corpus: what the texture set shows is of no class that anything was trained on.
HELD_OUT: dict[str, Callable[[Generator, int], np.ndarray]] = {
    "fibres": painted.fibres,
    "pebbles": textures.pebbles,
    "scales": textures.scales,
    "spots": textures.spots,
    "weave": textures.weave,
}


def draw(label: str, size: int, *seed: object) -> np.ndarray:
    """A picture of a class, uint8 (size, size, 3), that depends on (label, size, seed) alone.

    It is drawn at twice the size and averaged, so that its edges are those of a photograph.
    """
    rng = np.random.default_rng(compute.stable_seed("procedural", label, *seed))
    pattern = (CLASSES | HELD_OUT)[label]
    fine = np.clip(pattern(rng, 2 * size), 0, 1)
    return images.quantize(fine.reshape(size, 2, size, 2, 3).mean(axis=(1, 3)))


def pictures(seed: int, images: int, size: int, classes: Sequence[str] | None = None) -> Iterator[Picture]:
    """Generated pictures of `size` pixels, the classes in turn; each is a scene of its own.

    Args:
        seed: with a picture's class and number it decides all of it.
        images: how many in all.
        size: height and width, pixels.
        classes: names of `CLASSES`; all of them by default.
    """
    names = list(CLASSES) if classes is None else list(classes)
    for name in names:
        if name not in CLASSES:
            raise UserError(unknown("class of generated pictures", name, CLASSES))
    for number in range(images):
        label = names[number % len(names)]
        index = number // len(names)
        name = f"{label}-{seed}-{index:04d}"
        yield Picture(name, name, label, "generated", draw(label, size, seed, index))
