"""The data of the figure of judges: rank correlations over trained generators."""

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from asymmetry import tables
from asymmetry.analysis import correlation, inference
from asymmetry.analysis.optimization import CELL, collect_judgements

FEWEST = 3  # cells


def judge_agreement(cells: Sequence[Mapping[str, Any]], judges: Path, output: Path) -> None:
    """Write shape `judge-agreement`: Spearman's rho of two judges over cells, for every pair, those not valid too.

    Each judge's quality is averaged over scenes and seeds first. Intervals are over scenes.

    Args:
        cells: as in `optimization.collect_judgements`.
        judges: table of shape judges.
        output: path of the table.
    """
    judged = collect_judgements(cells)
    known = tables.read(judges, "judges").set_index("judge")
    by_scene = judged.groupby(["judge", *CELL, "scene"])["quality"].mean().unstack("scene")
    qualities = np.array([by_scene.loc[name].to_numpy() for name in known.index])
    counts = {"cells": len(judged[CELL].drop_duplicates()), "scenes": judged["scene"].nunique()}
    counts["seeds"] = judged["seed"].nunique()
    rho = _over_cells(qualities)
    low, high = _intervals(qualities)
    rows = []
    for i, j in product(range(len(known)), repeat=2):
        if i != j or len(known) == 1:
            facts = {"judge": known.index[i], "family": known["family"].iloc[i], "verdict": known["verdict"].iloc[i]}
            facts |= {"other": known.index[j], "rho": rho[i, j], "low": low[i, j], "high": high[i, j]}
            rows.append(facts | counts)
    tables.write(pd.DataFrame(rows, columns=list(tables.SHAPES["judge-agreement"])), output, "judge-agreement")


def _over_cells(qualities: np.ndarray) -> np.ndarray:
    """Spearman's rho (judges, judges) of `qualities` (judges, cells, scenes) over cells; NaN for a constant judge."""
    ranks = stats.rankdata(qualities.mean(axis=2), axis=1)
    if ranks.shape[1] < FEWEST:
        return np.full((len(ranks), len(ranks)), np.nan)
    ranks -= ranks.mean(axis=1, keepdims=True)
    length = np.sqrt((ranks**2).sum(axis=1))
    ranks /= np.where(length > 0, length, np.nan)[:, None]
    return np.clip(ranks @ ranks.T, -1, 1)


def _intervals(qualities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Intervals (judges, judges) of `_over_cells`: t, with the error of Fisher's z from resampled scenes."""
    judges, _, scenes = qualities.shape
    low, high = np.full((2, judges, judges), np.nan)
    if scenes < 2:
        return low, high
    drawn = inference.crossed(
        lambda chosen, _: correlation.fisher_z(_over_cells(qualities[:, :, chosen])).ravel(), [np.arange(scenes)], 1
    )
    errors = np.sqrt(np.diag(drawn.scenes))
    for place in np.flatnonzero(np.isfinite(drawn.values)):
        ends = inference.Estimate(drawn.values[place], errors[place], scenes - 1).interval()
        low.flat[place], high.flat[place] = np.tanh(ends)
    return low, high
