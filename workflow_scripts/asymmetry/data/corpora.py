"""Corpora: pictures with a manifest (shape `corpus`), made by kind, loaded, and kept apart from each other."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd

from asymmetry import images, registry, tables
from asymmetry.compute import progress
from asymmetry.data.pictures import fresh_folder
from asymmetry.errors import UserError, listing


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


def load_corpus(manifest: Path) -> list[tuple[str, np.ndarray]]:
    """The scene and the picture, uint8 (H, W, 3), of every row of a manifest, in its order."""
    frame = tables.read(manifest, "corpus")
    folder = Path(manifest).parent
    return [(scene, images.read(folder / image)) for scene, image in zip(frame["scene"], frame["image"], strict=True)]


def check_disjoint(manifest_a: Path, manifest_b: Path) -> None:
    """Refuse two corpora that share a scene or a picture (SHA-256 of its pixels): one would leak into the other."""
    first, second = (load_corpus(manifest) for manifest in (manifest_a, manifest_b))
    scenes = {scene for scene, _ in first}
    contents = {_content(array): scene for scene, array in first}
    problems = []
    for scene, array in second:
        if scene in scenes:
            problems.append(f"scene {scene!r} is in both")
        elif twin := contents.get(_content(array)):
            problems.append(f"scene {scene!r} is the same picture as {twin!r}")
    if problems:
        message = f"{manifest_a} and {manifest_b} share scenes:\n{listing(problems)}"
        raise UserError(message, "take them out of one of the two")


def _content(array: np.ndarray) -> str:
    return hashlib.sha256(repr(array.shape).encode() + array.tobytes()).hexdigest()
