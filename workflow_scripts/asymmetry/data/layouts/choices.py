"""Layouts of forced choices between two pictures: BAPPS."""

from pathlib import Path

import numpy as np
import pandas as pd

from asymmetry.compute import progress
from asymmetry.data.layouts.files import Tree
from asymmetry.errors import UserError, listing


def bapps(tree: Tree) -> pd.DataFrame:
    """The validation part: `val/<family>/{ref,p0,p1}/000000.png` and `judge/000000.npy`, the share that chose p1.

    Columns: reference, first, second (paths), preference, family, scene. Each reference patch is a scene. The training
    part and the just noticeable differences are left out.
    """
    judges = [
        file
        for file in tree.files
        if file.suffix == ".npy" and file.parent.name == "judge" and file.parents[2].name.lower() == "val"
    ]
    if not judges:
        raise UserError(f"{tree.root} holds no judgements, val/*/judge/*.npy.", "name the folder that holds val")
    there, missing, rows = set(tree.files), [], []
    for judge in progress(judges, "judgements"):
        family = judge.parents[1]
        patches = [family / folder / f"{judge.stem}.png" for folder in ("ref", "p0", "p1")]
        missing += [patch for patch in patches if patch not in there]
        rows.append((*patches, _share(judge), family.name, f"{family.name}-{judge.stem}"))
    if missing:
        raise UserError(f"{len(missing)} pictures are missing in {tree.root}:\n{listing(map(str, missing))}")
    return pd.DataFrame(rows, columns=["reference", "first", "second", "preference", "family", "scene"])


def _share(path: Path) -> float:
    try:
        return float(np.load(path).reshape(()))
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"{path} holds no single number: {error}.", "is the download whole?") from None
