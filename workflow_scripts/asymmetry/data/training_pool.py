"""Pool T: what generators, discriminators and pretrainings may be trained on."""

from collections.abc import Iterator
from dataclasses import replace

from asymmetry.data import embedded, procedural
from asymmetry.data.photographs import TRAINING
from asymmetry.data.pictures import Picture, shrink


def training_pool(
    seed: int, procedural_images: int = 0, procedural_size: int = 256, max_size: int | None = None
) -> Iterator[Picture]:
    """Photographs, the longer side shrunk to at most `max_size` pixels if given, then generated pictures."""
    for picture in embedded.photographs(TRAINING):
        yield picture if max_size is None else replace(picture, array=shrink(picture.array, max_size))
    yield from procedural.pictures(seed, images=procedural_images, size=procedural_size)
