"""Published datasets, where they lie: only a manifest is written, whose paths lead into the dataset's folder.

What is found is checked against the catalogue: numbers of images and references, the range of the scores, and their
direction where the data show it: distorted pictures get worse with the level of distortion (KADID-10k, TID2013, CSIQ),
or are worse than their originals (LIVE, by its layout). Of PIPAL and of pictures without references it is not checked.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
from PIL import Image

from asymmetry import registry, tables
from asymmetry.compute import progress
from asymmetry.data.catalog import Dataset
from asymmetry.data.layouts.files import Tree
from asymmetry.data.scores import scaled
from asymmetry.errors import UserError, listing

TOLERANCE = 0.05  # of the range, by which an extreme score may miss the observed one
NOMINAL_SHARE = 0.5  # of a scale that scores must span


def index_rated(dataset: Dataset, folder: Path, output: Path) -> None:
    """Write the manifest (shape `rated`) of a dataset with scores.

    Args:
        dataset: from the catalogue.
        folder: of the unpacked dataset, as downloaded or as its authors give it; it may lie deeper in there.
        output: path of the manifest.

    Raises:
        UserError: no score file, or one in an unknown form; pictures that are missing; other numbers or scores than the
            catalogue says.
    """
    frame = _read(dataset, ("fr", "nr"), folder)
    _check(frame, dataset, folder)
    frame["scene"] = f"{dataset.name}-" + frame["scene"]  # KADID-10k's I01 is not TID2013's
    frame = scaled(frame, dataset.expected.higher_is_better, dataset.name)
    _write(frame, ("image", "reference"), output, "rated")


def index_corpus(dataset: Dataset, folder: Path, output: Path) -> None:
    """Write the manifest (shape `corpus`) of pictures without scores; arguments and errors as of `index_rated`."""
    frame = _read(dataset, ("pictures",), folder)
    _check(frame, dataset, folder)
    sizes, problems = [], []
    for path in progress(frame["image"], f"corpus {dataset.name}"):
        try:
            with Image.open(path) as image:
                sizes.append(image.size)
        except OSError as error:
            problems.append(f"{path}: {error}")
    if problems:
        raise UserError(f"{len(problems)} pictures of {dataset.name} cannot be read:\n{listing(problems)}")
    frame["width"], frame["height"] = zip(*sizes, strict=True)
    _write(frame.assign(label="", credit=dataset.title), ("image",), output, "corpus")


def index_pairs(dataset: Dataset, folder: Path, output: Path) -> None:
    """Write the manifest (shape `pairs`) of forced choices; arguments and errors as of `index_rated`."""
    frame = _read(dataset, ("pairs",), folder)
    _check(frame.rename(columns={"preference": "raw_score"}), dataset, folder)
    _write(frame, ("reference", "first", "second"), output, "pairs")


def index(dataset: Dataset, folder: Path, output: Path) -> None:
    """Write the manifest of a dataset of any kind; arguments and errors as of `index_rated`."""
    kinds = {"fr": index_rated, "nr": index_rated, "pictures": index_corpus, "pairs": index_pairs}
    kinds[dataset.kind](dataset, folder, output)


def _read(dataset: Dataset, kinds: Iterable[str], folder: Path) -> pd.DataFrame:
    if dataset.kind not in kinds:
        raise UserError(f"{dataset.name} is of kind {dataset.kind}, not {' or '.join(kinds)}.", "see docs/datasets.md")
    tree = Tree(folder)
    if not len(tree):
        raise UserError(f"{folder} holds no file.", f"it should hold the unpacked {dataset.title}")
    return registry.create("layouts", dataset.layout, tree=tree)


def _check(frame: pd.DataFrame, dataset: Dataset, folder: Path) -> None:
    """Refuse what the catalogue does not expect, all of it in one `UserError`."""
    expected, problems = dataset.expected, []
    if not len(frame):
        problems.append("nothing was found")
    elif expected.rows and len(frame) not in expected.rows:
        problems.append(f"{' or '.join(map(str, expected.rows))} rows were expected, {len(frame)} were found")
    if "image" in frame and (twice := frame["image"][frame["image"].duplicated()]).size:
        problems.append(f"{len(twice)} images are named twice, such as {twice.iloc[0]}")
    if expected.references is not None and (count := frame["reference"].nunique()) != expected.references:
        problems.append(f"{expected.references} references were expected, {count} were found")
    if "raw_score" in frame and len(frame):
        problems += _wrong_scores(frame, dataset)
    if problems:
        raise UserError(
            f"{folder} is not {dataset.title} as published:\n{listing(problems)}", "is it whole, and of that release?"
        )


def _wrong_scores(frame: pd.DataFrame, dataset: Dataset) -> Iterable[str]:
    expected, raw = dataset.expected, frame["raw_score"]
    low, high = expected.score_low, expected.score_high
    if low is not None and high is not None and not _in_range(raw.min(), raw.max(), low, high, expected.nominal):
        use = (
            "scores from {:g} to {:g}, and half of that range or more,"
            if expected.nominal
            else "scores from {:g} to {:g}"
        )
        yield f"{use.format(low, high)} were expected, they are from {raw.min():g} to {raw.max():g}"
    if "level" not in frame or expected.higher_is_better is None:
        return
    known = frame[frame["level"] > 0]
    if known["level"].nunique() < 2 or known["raw_score"].nunique() < 2:
        return
    trend = known["level"].corr(known["raw_score"], method="spearman")
    if (trend > 0) == expected.higher_is_better:
        better, course = ("higher", "rise") if expected.higher_is_better else ("lower", "fall")
        yield f"{better} is better was expected, but scores {course} with the level of distortion (SRCC {trend:.2f})"


def _in_range(lowest: float, highest: float, low: float, high: float, nominal: bool) -> bool:
    """Whether scores are on the scale of [low, high]: within it, and over half of it or, if observed, near its ends."""
    spread = NOMINAL_SHARE * (high - low) <= highest - lowest
    near = max(lowest - low, high - highest) <= TOLERANCE * (high - low)
    return low <= lowest and highest <= high and (spread if nominal else near)


def _write(frame: pd.DataFrame, paths: Iterable[str], output: Path, shape: str) -> None:
    """Write a manifest whose paths are relative to its folder; both are resolved, for a link may lie between them."""
    base = output.parent.resolve()
    for column in paths:
        frame[column] = [path and os.path.relpath(path, base) for path in frame[column]]
    tables.write(frame, output, shape)
