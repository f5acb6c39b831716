"""Corpora: pictures with a manifest (shape `corpus`), made by kind and loaded."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from asymmetry import images, registry, tables
from asymmetry.compute import progress
from asymmetry.data.pictures import fresh_folder
from asymmetry.errors import UserError, unknown


def make_corpus(output: Path, object: str, seed: int, **options: object) -> None:
    """Write a corpus: `images/*.png` beside the manifest `output`, replacing what an earlier run left there.

    Args:
        output: path of the manifest, `.../manifest.csv`.
        object: a kind of the registry section `corpora`, or a dotted path to the user's own
            `factory(seed, **options) -> Iterable[Picture]`.
        seed: of whatever is random in it.
        options: of the kind.
    """
    pictures = registry.create("corpora", object, seed=seed, **options)
    folder = fresh_folder(output)
    rows: dict[str, dict[str, object]] = {}
    for picture in progress(pictures, f"corpus {output.parent.name}"):
        if picture.name in rows:
            raise UserError(f"corpus {object!r} holds two pictures named {picture.name!r}.")
        images.write(picture.array, folder / f"{picture.name}.png")
        height, width, _ = picture.array.shape
        rows[picture.name] = {
            "image": f"{folder.name}/{picture.name}.png",
            "scene": picture.scene,
            "label": picture.label,
            "credit": picture.credit,
            "height": height,
            "width": width,
        }
    if not rows:
        raise UserError(f"corpus {object!r} holds no picture with options {options}.")
    tables.write(pd.DataFrame(rows.values()), output, "corpus")


def each_picture(manifest: Path) -> Iterator[tuple[str, np.ndarray]]:
    """The scene and the picture, uint8 (H, W, 3), of every row of a manifest, in its order: one at a time in memory."""
    frame = tables.read(manifest, "corpus")
    for scene, image in zip(frame["scene"], frame["image"], strict=True):
        yield scene, images.read(Path(manifest).parent / image)


def load_corpus(manifest: Path) -> list[tuple[str, np.ndarray]]:
    """All that `each_picture` gives: for corpora that fit into memory."""
    return list(each_picture(manifest))


def load_scene(manifest: Path, scene: str) -> np.ndarray:
    """The picture of one scene, uint8 (H, W, 3), the first if there are several; a `UserError` if there is none."""
    frame = tables.read(manifest, "corpus").drop_duplicates("scene").set_index("scene")
    if scene not in frame.index:
        raise UserError(f"{manifest}: {unknown('scene', scene, frame.index)}")
    return images.read(Path(manifest).parent / frame.loc[scene, "image"])


def content(array: np.ndarray) -> str:
    """SHA-256 of a picture's shape and pixels."""
    return hashlib.sha256(repr(array.shape).encode() + array.tobytes()).hexdigest()
