"""Rated datasets: images with scores, and references where there are any, under one manifest (shape `rated`)."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from asymmetry import images, registry, tables
from asymmetry.compute import progress
from asymmetry.data.pictures import fresh_folder
from asymmetry.data.scores import scaled
from asymmetry.errors import UserError


@dataclass(frozen=True)
class RatedImage:
    """An image with its score.

    Attributes:
        name: its file's name without suffix, unique in its set.
        reference: name of its reference, empty without one.
        scene: what it shows: the unit of every split.
        distortion, family, level: what was done to it; empty, empty and 0 where nothing was or nothing is known.
        raw_score: the score as published.
        array: uint8 (H, W, 3), RGB.
        raw_error: standard error of the raw score, NaN where it is not known.
    """

    name: str
    reference: str
    scene: str
    distortion: str
    family: str
    level: int
    raw_score: float
    array: np.ndarray
    raw_error: float = math.nan


@dataclass(frozen=True)
class RatedSet:
    """What a kind of rated dataset makes: references by name, the images, and the direction of the raw scores."""

    references: Iterable[tuple[str, np.ndarray]]
    images: Iterable[RatedImage]
    higher_is_better: bool


def make_rated(output: Path, object: str, seed: int, **options: object) -> None:
    """Write a rated dataset: `images/*.png` beside the manifest `output`, replacing what an earlier run left there.

    The column `score` is the raw score, turned so that higher is better and min-max scaled to [0, 1] over the set;
    `score_error` is its standard error.

    Args:
        output: path of the manifest, `.../manifest.csv`.
        object: a kind of the registry section `rated`, or a dotted path to the user's own
            `factory(seed, **options) -> RatedSet`.
        seed: of whatever is random in it.
        options: of the kind.
    """
    rated: RatedSet = registry.create("rated", object, seed=seed, **options)
    folder = fresh_folder(output)
    for name, array in rated.references:
        images.write(array, folder / f"{name}.png")
    rows = []
    for item in progress(rated.images, f"rated set {output.parent.name}"):
        images.write(item.array, folder / f"{item.name}.png")
        rows.append(
            {
                "image": f"{folder.name}/{item.name}.png",
                "reference": item.reference and f"{folder.name}/{item.reference}.png",
                "scene": item.scene,
                "distortion": item.distortion,
                "family": item.family,
                "level": item.level,
                "raw_score": item.raw_score,
                "raw_error": item.raw_error,
                "split": "",
            }
        )
    if not rows:
        raise UserError(f"rated set {object!r} holds no image with options {options}.")
    frame = scaled(pd.DataFrame(rows), rated.higher_is_better, f"rated set {object!r}")
    tables.write(frame, output, "rated")
