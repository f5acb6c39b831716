"""Layouts of datasets whose pictures were distorted on purpose: KADID-10k, TID2013, LIVE, CSIQ, PIPAL."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from asymmetry.data.layouts import files
from asymmetry.data.layouts.files import Tree
from asymmetry.distortions import TYPES
from asymmetry.errors import UserError

Key, Value = TypeVar("Key"), TypeVar("Value")

KADID_VOTES = 30  # for each picture, as the authors say
TID_TYPES = (  # types 1 to 24: name, family
    ("additive-gaussian-noise", "noise"),
    ("colour-noise", "noise"),
    ("spatially-correlated-noise", "noise"),
    ("masked-noise", "noise"),
    ("high-frequency-noise", "noise"),
    ("impulse-noise", "noise"),
    ("quantisation-noise", "noise"),
    ("gaussian-blur", "blur"),
    ("denoise", "noise"),
    ("jpeg", "compression"),
    ("jpeg2000", "compression"),
    ("jpeg-transmission-errors", "compression"),
    ("jpeg2000-transmission-errors", "compression"),
    ("non-eccentricity-pattern", "spatial"),
    ("local-blocks", "spatial"),
    ("mean-shift", "brightness"),
    ("contrast-change", "contrast"),
    ("colour-saturation", "colour"),
    ("multiplicative-noise", "noise"),
    ("comfort-noise", "noise"),
    ("lossy-compression-of-noise", "compression"),
    ("colour-quantisation-with-dither", "colour"),
    ("chromatic-aberration", "colour"),
    ("sparse-sampling", "spatial"),
)
LIVE_FOLDERS = {  # in the order of the score file: number of pictures (with the originals), name, family
    "jp2k": (227, "jpeg2000", "compression"),
    "jpeg": (233, "jpeg", "compression"),
    "wn": (174, "white-noise", "noise"),
    "gblur": (174, "gaussian-blur", "blur"),
    "fastfading": (174, "fast-fading", "compression"),
}
CSIQ_TYPES = {  # in file names: in the workbook, name, family
    "awgn": ("noise", "white-noise", "noise"),
    "jpeg": ("jpeg", "jpeg", "compression"),
    "jpeg2000": ("jpeg 2000", "jpeg2000", "compression"),
    "fnoise": ("fnoise", "pink-noise", "noise"),
    "blur": ("blur", "gaussian-blur", "blur"),
    "contrast": ("contrast", "contrast-change", "contrast"),
}


def kadid10k(tree: Tree) -> pd.DataFrame:
    """`dmos.csv` (dist_img, ref_img, dmos, var) and `images/I01_05_03.png`.

    Two columns are not what they are called: a higher dmos is better, and var is the standard deviation (divisor n) of
    30 votes: 4.57 and 0.496 in the first row are 17 fives and 13 fours. Of a few pictures the mean shows another number
    of votes, mostly 31, which the file does not give: their standard errors are off by a few percent.
    """
    path = tree.one("dmos.csv")
    scores = files.csv(path, "dist_img", "ref_img", "dmos", "var")
    part = files.parts(scores["dist_img"], r"^(?P<scene>i\d+)_(?P<type>\d+)_(?P<level>\d+)\.", path)
    by_number = {kind.number: kind for kind in TYPES.values()}
    kinds = [_known(by_number, int(number), path) for number in part["type"]]
    return pd.DataFrame(
        {
            "image": tree.paths(scores["dist_img"]),
            "reference": tree.paths(scores["ref_img"]),
            "scene": part["scene"].str.upper(),
            "distortion": [kind.name for kind in kinds],
            "family": [kind.family for kind in kinds],
            "level": part["level"].astype(int),
            "raw_score": files.numbers(scores["dmos"], path),
            "raw_error": files.numbers(scores["var"], path) / np.sqrt(KADID_VOTES - 1),
            "split": "",
        }
    )


def tid2013(tree: Tree) -> pd.DataFrame:
    """`mos_with_names.txt` ("score name"), `reference_images/I01.BMP`, `distorted_images/i01_01_1.bmp`.

    The case of names differs between the list and the files, and among the files. `mos_std.txt`, in the same order, is
    the standard error of each MOS, the standard deviation of its n votes (divisor n) over √n: each of the first 40 rows
    comes out of 35 to 37 whole-numbered votes in this way.
    """
    path, errors = tree.one("mos_with_names.txt"), tree.find("mos_std.txt")
    scores = files.words(path, "score", "name")
    raw_error = files.numbers(files.words(errors, "error")["error"], errors) if errors else np.full(len(scores), np.nan)
    if len(raw_error) != len(scores):
        raise UserError(f"{errors} holds {len(raw_error)} numbers for the {len(scores)} scores of {path.name}.")
    part = files.parts(scores["name"], r"^(?P<scene>i\d+)_(?P<type>\d+)_(?P<level>\d+)\.", path)
    by_number = dict(enumerate(TID_TYPES, start=1))
    kinds = [_known(by_number, int(number), path) for number in part["type"]]
    return pd.DataFrame(
        {
            "image": tree.paths("distorted_images/" + scores["name"]),
            "reference": tree.paths("reference_images/" + part["scene"] + ".bmp"),
            "scene": part["scene"].str.upper(),
            "distortion": [name for name, _ in kinds],
            "family": [family for _, family in kinds],
            "level": part["level"].astype(int),
            "raw_score": files.numbers(scores["score"], path),
            "raw_error": raw_error,
            "split": "",
        }
    )


def live(tree: Tree) -> pd.DataFrame:
    """`refnames_all.mat`, and scores from `dmos_realigned.mat` (dmos_new, orgs), or else `dmos.mat` (dmos, orgs).

    Row k is the k-th picture of `jp2k/img1.bmp` ... `fastfading/img174.bmp`. Rows whose `orgs` is 1 are originals
    among the 982 and are dropped; 779 are left. Lower is better, so originals that do not score below most distorted
    pictures are a `UserError`.
    """
    realigned = tree.find("dmos_realigned.mat")
    path = realigned or tree.one("dmos.mat")
    scores, originals = files.matlab(path, "dmos_new" if realigned else "dmos", "orgs")
    (references,) = files.matlab(tree.one("refnames_all.mat"), "refnames_all")
    rows = [
        (f"{folder}/img{number}.bmp", name, family)
        for folder, (count, name, family) in LIVE_FOLDERS.items()
        for number in range(1, count + 1)
    ]
    if not len(rows) == len(scores) == len(originals) == len(references):
        lengths = f"{len(scores)} scores, {len(originals)} flags and {len(references)} references"
        raise UserError(f"{path} and refnames_all.mat hold {lengths}; {len(rows)} of each were expected.")
    frame = pd.DataFrame(rows, columns=["image", "distortion", "family"])
    frame = frame.assign(raw_score=files.numbers(scores, path), reference=references)
    distorted = np.asarray(originals) == 0
    if not frame["raw_score"][~distorted].median() < frame["raw_score"][distorted].median():
        raise UserError(f"{path}: originals do not score below distorted pictures, as a DMOS must.", "is it a DMOS?")
    frame = frame[distorted].reset_index(drop=True)
    return frame.assign(
        image=tree.paths(frame["image"]),
        reference=tree.paths("refimgs/" + frame["reference"]),
        scene=frame["reference"].str.replace(r"\.\w+$", "", regex=True),
        level=0,
        split="",
    )


def csiq(tree: Tree) -> pd.DataFrame:
    """`csiq.DMOS.xlsx`, or `csiq_label.txt` ("name score"); `src_imgs/1600.png`, `dst_imgs/awgn/1600.AWGN.1.png`.

    The workbook's sheet all_by_image has, below a title, the columns image, dst_idx, dst_type, dst_lev, dmos_std and
    dmos from the fourth on; the image 1600 is a number there. The text holds the same scores with fewer digits.
    """
    path = tree.find("csiq.DMOS.xlsx")
    if path:
        scores = files.sheet(path, "image", "dst_type", "dst_lev", "dmos", name="all_by_image")
        tokens = {in_workbook: token for token, (in_workbook, _, _) in CSIQ_TYPES.items()}
        kinds = [_known(tokens, str(kind), path) for kind in scores["dst_type"]]
        levels = files.numbers(scores["dst_lev"], path).astype(int).astype(str)
        part = pd.DataFrame({"scene": scores["image"].astype(str), "type": kinds, "level": levels})
        dmos = scores["dmos"]
    else:
        path = tree.one("csiq_label.txt", "csiq.DMOS.xlsx")
        scores = files.words(path, "name", "dmos")
        part = files.parts(scores["name"], r"^(?P<scene>\w+)\.(?P<type>\w+)\.(?P<level>\d+)(?:\.png)?$", path)
        part["type"], dmos = part["type"].str.lower(), scores["dmos"]
    kinds = [_known(CSIQ_TYPES, kind, path) for kind in part["type"]]
    distorted = tree.below("dst_imgs") or tree.below("dst_imgs_all") or tree
    return pd.DataFrame(
        {
            "image": distorted.paths(part["scene"] + "." + part["type"] + "." + part["level"] + ".png"),
            "reference": tree.paths(part["scene"] + ".png"),
            "scene": part["scene"],
            "distortion": [name for _, name, _ in kinds],
            "family": [family for _, _, family in kinds],
            "level": part["level"].astype(int),
            "raw_score": files.numbers(dmos, path),
            "split": "",
        }
    )


def pipal(tree: Tree) -> pd.DataFrame:
    """Elo scores from `Train_Label/A0001.txt` ("name,score") or `meta_info_PIPALDataset.csv` (dist_name, elo_score).

    Pictures lie in `Train_Ref` and `Distortion_1` to `Distortion_4`, in a mirror all in `Dist_Imgs`. Of a table with
    the column official_split, the rows `val` have other pictures and are left out. A0001_05_03 is a picture of group 05
    of the distortions; which methods a group holds is not said in the data.
    """
    labels = [file for file in tree.below("train_label").files if file.suffix.lower() == ".txt"]
    if labels:
        path = labels[0].parent
        scores = pd.concat([files.words(file, "dist_name", "elo_score") for file in labels], ignore_index=True)
    else:
        path = tree.one("meta_info_PIPALDataset.csv")
        scores = files.csv(path, "dist_name", "elo_score")
        if "official_split" in scores.columns:
            scores = scores[scores["official_split"] != "val"].reset_index(drop=True)
    part = files.parts(scores["dist_name"], r"^(?P<scene>a\d+)_(?P<group>\d+)_\d+\.", path)
    distorted = tree.below(r"distortion_\d") or tree.below("dist_imgs") or tree.below("train_dist") or tree
    return pd.DataFrame(
        {
            "image": distorted.paths(scores["dist_name"]),
            "reference": (tree.below("train_ref") or tree).paths(part["scene"] + ".bmp"),
            "scene": part["scene"].str.upper(),
            "distortion": "group-" + part["group"],
            "family": "group-" + part["group"],
            "level": 0,
            "raw_score": files.numbers(scores["elo_score"], path),
            "split": "",
        }
    )


def _known(table: Mapping[Key, Value], key: Key, path: Path) -> Value:
    if key not in table:
        raise UserError(f"{path}: unknown distortion {key!r}.")
    return table[key]
