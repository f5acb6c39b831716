"""Layouts of pictures without scores: sets for super-resolution. They give the columns image (a path) and scene."""

from pathlib import Path

import pandas as pd

from asymmetry.data.layouts import files
from asymmetry.data.layouts.files import Tree
from asymmetry.errors import UserError

SCALE = 4  # of the pairs of RealSR whose sharp pictures are taken


def pictures(tree: Tree) -> pd.DataFrame:
    """The pictures in folders of full-size ones (`HR`, `DIV2K_train_HR`), or all where there is no such folder."""
    return _named([(file.stem, file) for file in (tree.below(r"(?:.*_)?hr") or tree).pictures()])


def realsr(tree: Tree) -> pd.DataFrame:
    """Sharp pictures of the pairs for scale 4, `RealSR(V3)/Canon/Train/4/Canon_001_HR.png`; scene `train-Canon_001`.

    They are reduced as other pictures are: the blurred ones of the pairs (`Canon_001_LR4.png`, through a real lens) are
    not used, for restoring them is no task of this workflow.
    """
    sharp = [file for file in tree.below(str(SCALE)).pictures() if file.stem.lower().endswith("_hr")]
    return _named([(f"{file.parents[1].name.lower()}-{file.stem[:-3]}", file) for file in sharp])


def _named(found: list[tuple[str, Path]]) -> pd.DataFrame:
    frame = pd.DataFrame(found, columns=["scene", "image"])
    if twice := sorted(set(frame["scene"][frame["scene"].duplicated()])):
        raise UserError(f"pictures of one name in several folders:\n{files.listing(twice)}", "name a deeper folder")
    return frame
