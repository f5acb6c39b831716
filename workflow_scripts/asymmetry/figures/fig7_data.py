"""The data of figure 7."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from asymmetry import tables
from asymmetry.analysis.names import MEASURES
from asymmetry.analysis.optimization import CELL


def fig7_data(
    optimization_scores: Path,
    cells: Sequence[Mapping[str, Any]],
    objective: str,
    discriminators: Sequence[str],
    output: Path,
) -> None:
    """Write shape `fig7`: the scores of one objective by discriminator and weight, with the measured gradient ratio.

    Args:
        optimization_scores: table of shape optimization-scores.
        cells: dicts with `objective`, `discriminator`, `weight` and `history` (path of a table of shape history).
        objective: the objective that is shown.
        discriminators: those that are swept; `none` is added as the line to compare with.
        output: path of the table.
    """
    scores = tables.read(optimization_scores, "optimization-scores")
    shown = scores[
        (scores["objective"] == objective)
        & scores["discriminator"].isin(["none", *discriminators])
        & scores["measure"].isin(list(MEASURES))
    ]
    ratios = [
        {**{name: cell[name] for name in CELL}, "gradient_ratio": _median_ratio(cell["history"])}
        for cell in cells
        if cell["objective"] == objective and cell["discriminator"] in discriminators
    ]
    by_cell = pd.DataFrame(ratios, columns=[*CELL, "gradient_ratio"]).groupby(CELL)["gradient_ratio"].median()
    keys = pd.MultiIndex.from_frame(shown[CELL])
    tables.write(shown.assign(gradient_ratio=by_cell.reindex(keys).to_numpy(dtype=float)), output, "fig7")


def _median_ratio(history: Path) -> float:
    return tables.read(history, "history")["gradient_ratio"].median()
