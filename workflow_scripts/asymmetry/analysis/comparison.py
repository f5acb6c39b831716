"""Tests between two models on the same images: dependent correlations, and permutation by scene."""

from collections.abc import Callable, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from asymmetry import tables
from asymmetry.analysis import correlation, inference
from asymmetry.compute import stable_seed


def williams(first: float, second: float, between: float, count: int) -> tuple[float, float]:
    """Williams' (1959) t of two correlations that share a variable, as Steiger (1980, equation 7) advises: (t, p).

    Args:
        first: correlation of the first model with the opinions.
        second: correlation of the second model with the opinions.
        between: correlation of the two models.
        count: number of independent images, above 3; two-sided p with count − 3 degrees of freedom.
    """
    if first == second:
        return 0.0, 1.0
    if count <= 3:
        return np.nan, np.nan
    determinant = 1 - first**2 - second**2 - between**2 + 2 * first * second * between
    mean = (first + second) / 2
    spread = 2 * (count - 1) / (count - 3) * determinant + mean**2 * (1 - between) ** 3
    if spread <= 0:
        return np.nan, np.nan
    t = (first - second) * np.sqrt((count - 1) * (1 + between) / spread)
    return float(t), float(2 * stats.t.sf(abs(t), count - 3))


def meng(first: float, second: float, between: float, count: int) -> tuple[float, float]:
    """Meng, Rosenthal and Rubin's (1992) z of two correlations that share a variable: (z, two-sided p).

    Arguments as in `williams`.
    """
    if first == second:
        return 0.0, 1.0
    square = (first**2 + second**2) / 2
    if count <= 3 or between >= 1 or square >= 1:
        return np.nan, np.nan
    f = min((1 - between) / (2 * (1 - square)), 1)
    h = (1 - f * square) / (1 - square)
    z = (np.arctanh(first) - np.arctanh(second)) * np.sqrt((count - 3) / (2 * (1 - between) * h))
    return float(z), float(2 * stats.norm.sf(abs(z)))


def swap_test(
    statistic: Callable[[np.ndarray], float],
    first: np.ndarray,
    second: np.ndarray,
    scenes: np.ndarray,
    resamples: int = 999,
) -> tuple[float, float]:
    """Permutation test between two models on the same images: in some scenes, the models change places.

    Where there are no more than `resamples` patterns of scenes, all are tried; p is two-sided. Scores of different
    scales are to be ranked first, or a swap mixes units.

    Args:
        statistic: what a model is worth from its scores (N,), such as its SRCC with the opinions.
        first: scores (N,) of one model.
        second: scores (N,) of the other, for the same images.
        scenes: the scene (N,) of each image.
        resamples: number of random patterns.

    Returns:
        statistic(first) − statistic(second), and p.
    """
    names, codes = np.unique(scenes, return_inverse=True)
    observed = statistic(first) - statistic(second)
    exact = len(names) < 63 and 2 ** len(names) <= resamples
    if exact:
        patterns = (np.arange(2 ** len(names))[:, None] >> np.arange(len(names))) & 1 > 0
    else:
        generator = np.random.default_rng(stable_seed("swap", len(names)))
        patterns = generator.random((resamples, len(names))) < 0.5
    swaps = (pattern[codes] for pattern in patterns)
    drawn = [statistic(np.where(s, second, first)) - statistic(np.where(s, first, second)) for s in swaps]
    extreme = np.count_nonzero(np.abs(drawn) >= abs(observed) - 1e-12)
    return float(observed), float(extreme / len(drawn) if exact else (extreme + 1) / (len(drawn) + 1))


def comparison_table(frames: Mapping[tuple[str, str], pd.DataFrame], output: Path) -> None:
    """Write shape `metric-comparisons`: every two metrics on each dataset, with p corrected by Holm within it.

    Args:
        frames: dataset and metric -> table of shape assessment; the images of a dataset are the same for all metrics.
        output: path of the table.
    """
    columns = list(tables.SHAPES["metric-comparisons"])
    parts = []
    for dataset in dict.fromkeys(dataset for dataset, _ in frames):
        own = {metric: frame for (where, metric), frame in frames.items() if where == dataset}
        rows = [
            {"dataset": dataset, "first": first, "second": second} | _compared(own[first], own[second])
            for first, second in combinations(own, 2)
        ]
        part = pd.DataFrame(rows, columns=columns)
        parts.append(part.assign(p_corrected=inference.holm(part["p"])))
    tables.write(pd.concat(parts or [pd.DataFrame(columns=columns)], ignore_index=True), output, "metric-comparisons")


def _compared(first: pd.DataFrame, second: pd.DataFrame) -> dict[str, Any]:
    both = first[["image", "scene", "score", "quality"]].merge(second[["image", "quality"]], on="image")
    score, *ranks = (stats.rankdata(both[name]) for name in ("score", "quality_x", "quality_y"))
    correlations = [correlation.plcc(one, score) for one in ranks]
    between = correlation.plcc(*ranks)
    _, p = swap_test(lambda rank: correlation.plcc(rank, score), *ranks, both["scene"].to_numpy())
    return {
        "images": len(both),
        "scenes": both["scene"].nunique(),
        "first_srcc": correlations[0],
        "second_srcc": correlations[1],
        "difference": correlations[0] - correlations[1],
        "p": p,
        "p_williams": williams(*correlations, between, len(both))[1],
        "p_meng": meng(*correlations, between, len(both))[1],
    }
