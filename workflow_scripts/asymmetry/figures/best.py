"""Which row of a column is best, and which second best, told only where the difference to the next is significant."""

from collections.abc import Hashable, Mapping
from itertools import pairwise

import numpy as np
import pandas as pd

from asymmetry.analysis import inference
from asymmetry.analysis.asymmetry import FEWEST_SCENES, FEWEST_SEEDS

ALPHA = 0.05
RULE = (
    "Bold: best, underlined (in Markdown italic): second best of a column, where the difference to the next is"
    " significant: paired by scene and seed, t with both crossed, Holm within the column, p < .05; never with fewer"
    f" than {FEWEST_SCENES} scenes or {FEWEST_SEEDS} seeds that both have, nor over random splits, which share scenes."
)


def places(column: Mapping[Hashable, pd.DataFrame]) -> dict[Hashable, int]:
    """1 for the best row, 2 for the second best, each only if it differs significantly from the next; a tie has none.

    The second best has no place if the best has none.

    Args:
        column: row -> what it is worth by scene (index) and seed (columns), higher is better.
    """
    known = {row: values for row, values in column.items() if values.notna().any(axis=None)}
    means = {row: float(np.nanmean(values.to_numpy())) for row, values in known.items()}
    order = sorted(means, key=lambda row: -means[row])[:3]
    pairs = list(pairwise(order))
    corrected = inference.holm([_p_value(column[first], column[second]) for first, second in pairs])
    found: dict[Hashable, int] = {}
    for place, ((row, _), p) in enumerate(zip(pairs, corrected, strict=True), start=1):
        if not p < ALPHA:
            break
        found[row] = place
    return found


def _p_value(first: pd.DataFrame, second: pd.DataFrame) -> float:
    """Two-sided p that the first is no better, over the scenes and seeds that both have; NaN with too few of them.

    The first may be the better one by its own seeds alone; over shared seeds it may be worse, and then p is 1.
    """
    difference = (first - second).dropna(axis="columns", how="all").dropna()
    scenes, seeds = difference.shape
    if scenes < FEWEST_SCENES or seeds < FEWEST_SEEDS:
        return np.nan
    return min(2 * inference.mean(difference.to_numpy()).p_value(0, "greater"), 1.0)
