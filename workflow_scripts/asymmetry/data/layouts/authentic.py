"""Layouts of datasets without references: KonIQ-10k, LIVE-Challenge, SPAQ, FLIVE, AGIQA-3K. Each image is a scene."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from asymmetry.data.layouts import files
from asymmetry.data.layouts.files import Tree
from asymmetry.errors import UserError

KONIQ_SCORES = "koniq10k_scores_and_distributions.csv"
KONIQ_SETS = "koniq10k_distributions_sets.csv"
FLIVE_SMALL = ("labels<=640_padded.csv", "labels=640_padded.csv")  # as it is, and without what some systems forbid
CLIVE_TRAINING = 7  # the first rows are pictures that the raters were trained on


def koniq10k(tree: Tree) -> pd.DataFrame:
    """`koniq10k_scores_and_distributions.csv` or `koniq10k_distributions_sets.csv`; `512x384/` or else `1024x768/`.

    The smaller pictures are preferred where both are there: most published figures are of them.
    The score is the mean of the distribution c1 to c5 (counts in the one file, shares in the other), 1 to 5: the MOS of
    the first file. MOS_zscore there, and the column MOS of the second, are on another scale, 0 to 100, and rank
    slightly differently. The second's column `set` is the official split. The standard error comes from the same
    distribution and the number of votes, `c_total`.
    """
    path = tree.one(KONIQ_SCORES, KONIQ_SETS)
    sets = tree.find(KONIQ_SETS)
    scores = files.csv(path, "image_name", *(f"c{k}" for k in range(1, 6)), "c_total")
    votes, grades = scores[[f"c{k}" for k in range(1, 6)]].to_numpy(float), np.arange(1.0, 6.0)
    with np.errstate(invalid="ignore"):
        mean = votes @ grades / votes.sum(axis=1)
        variance = (votes * (grades - mean[:, None]) ** 2).sum(axis=1) / votes.sum(axis=1)
    official = files.csv(sets, "image_name", "set") if sets else pd.DataFrame({"image_name": [], "set": []})
    split = dict(zip(official["image_name"], official["set"], strict=True))
    images = tree.below("512x384") or tree.below("1024x768") or tree
    splits = [split.get(name, "") for name in scores["image_name"]]
    frame = _unreferenced(scores["image_name"], images, files.numbers(mean, path), splits)
    return frame.assign(raw_error=np.sqrt(variance / (scores["c_total"].to_numpy(float) - 1)))


def live_challenge(tree: Tree) -> pd.DataFrame:
    """`Data/AllImages_release.mat` (names) and `Data/AllMOS_release.mat`, of which the first seven rows are dropped."""
    path = tree.one("AllMOS_release.mat")
    (scores,) = files.matlab(path, "AllMOS_release")
    (names,) = files.matlab(tree.one("AllImages_release.mat"), "AllImages_release")
    if len(scores) != len(names):
        raise UserError(f"{path} holds {len(scores)} scores for {len(names)} pictures.")
    names, scores = pd.Series(names[CLIVE_TRAINING:]), scores[CLIVE_TRAINING:]
    return _unreferenced(names, tree.below("images") or tree, files.numbers(scores, path))


def spaq(tree: Tree) -> pd.DataFrame:
    """`Annotations/MOS and Image attribute scores.xlsx` (Image name, MOS), or a mirror's CSV of it; `TestImage/`.

    Reduced pictures of a mirror keep their names; where there is no `TestImage` they are looked for everywhere.
    """
    path = tree.one("MOS and Image attribute scores.xlsx", "meta_info_SPAQDataset.csv")
    read = files.sheet if path.suffix.lower() == ".xlsx" else files.csv
    scores = read(path, "Image name", "MOS")
    return _unreferenced(scores["Image name"], tree.below("testimage") or tree, files.numbers(scores["MOS"], path))


def flive(tree: Tree) -> pd.DataFrame:
    """`labels_image.csv` (name, as `voc_emotic_ava/AVA__129332.jpg`, and mos); whole pictures only, no patches.

    The authors' padded copies are not looked at. The official split is read where its files are there: for tests the
    pictures of `labels>640.csv` (a side above 640 pixels), for validation those with `is_valid` in
    `labels<=640_padded.csv`, for training all others.
    """
    path = tree.one("labels_image.csv")
    scores = files.csv(path, "name", "mos")
    large, small = tree.find("labels>640.csv", "labels640.csv"), tree.find(*FLIVE_SMALL)
    split: object = ""
    if large and small:
        tests = set(files.csv(large, "name_image")["name_image"])
        others = files.csv(small, "name_image", "is_valid")
        valid = set(others["name_image"][others["is_valid"].astype(str).str.lower() == "true"])
        split = ["test" if name in tests else "validation" if name in valid else "training" for name in scores["name"]]
    padded = set(tree.below(".*padded").files)
    whole = Tree(tree.root, [file for file in tree.files if file not in padded])
    return _unreferenced(scores["name"], whole, files.numbers(scores["mos"], path), split)


def agiqa3k(tree: Tree) -> pd.DataFrame:
    """`data.csv`, of which mos_quality counts and mos_align (to the prompt) does not."""
    path = tree.one("data.csv")
    scores = files.csv(path, "name", "mos_quality")
    return _unreferenced(scores["name"], tree, files.numbers(scores["mos_quality"], path))


def _unreferenced(names: Iterable[str], tree: Tree, scores: pd.Series, split: object = "") -> pd.DataFrame:
    names = list(map(str, names))
    return pd.DataFrame(
        {
            "image": tree.paths(names),
            "reference": "",
            "scene": ["-".join(Path(name).with_suffix("").parts) for name in names],
            "distortion": "",
            "family": "",
            "level": 0,
            "raw_score": scores,
            "split": split,
        }
    )
