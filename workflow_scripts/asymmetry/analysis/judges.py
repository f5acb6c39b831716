"""Which judges count: those that put the reference above the pretrained output above bicubic, and above noise."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from asymmetry import tables
from asymmetry.errors import UserError

SHARE = 0.8
ORDERS = {
    "over_pretrained": ("reference", "pretrained"),
    "over_bicubic": ("pretrained", "bicubic"),
    "over_noise": ("reference", "noisy-reference"),
}
REALISM = ("statistics", "learned", "distribution")
FIDELITY = "full-reference"


def validity(baselines: pd.DataFrame) -> pd.DataFrame:
    """Shape `judges`: the share of scenes on which each judge ranks each pair, and all of them, as it should.

    Args:
        baselines: table of shape baselines; an output that is missing counts as ranked wrong.
    """
    wide = baselines.pivot_table(index=["judge", "family", "scene"], columns="output", values="quality", sort=False)
    wide = wide.reindex(columns=["reference", "noisy-reference", "pretrained", "bicubic"])
    right = pd.DataFrame({name: wide[better] > wide[worse] for name, (better, worse) in ORDERS.items()})
    right["share"] = right.all(axis=1)
    table = right.groupby(level=["judge", "family"], sort=False).mean().reset_index()
    table["scenes"] = right["share"].groupby(level=["judge", "family"], sort=False).size().to_numpy()
    table["verdict"] = ["valid" if share >= SHARE else "not valid here" for share in table["share"]]
    return table


def read_judgement(cell: Mapping[str, Any]) -> pd.DataFrame:
    """All judgements of a cell (shape judgement): of the table `judgement`, and `external` where pyiqa judged too."""
    paths = [cell[name] for name in ("judgement", "external") if name in cell]
    return pd.concat([tables.read(path, "judgement") for path in paths], ignore_index=True)


def read_baselines(paths: Sequence[Path]) -> pd.DataFrame:
    """The baselines, which must hold the pretrained generator: every score is measured from it."""
    frames = [tables.read(path, "baselines") for path in paths]
    for path, frame in zip(paths, frames, strict=True):
        if not (frame["output"] == "pretrained").any():
            raise UserError(f"{path} holds no rows of the output 'pretrained'.", "judge the baselines again")
    return pd.concat(frames, ignore_index=True)
