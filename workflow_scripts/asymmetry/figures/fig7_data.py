"""The data of figure 7."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from asymmetry import tables
from asymmetry.analysis.names import MEASURES
from asymmetry.analysis.optimization import CELL

QUANTILES = {"gradient_ratio": 0.5, "gradient_ratio_low": 0.1, "gradient_ratio_high": 0.9}


def fig7_data(
    optimization_scores: Path,
    cells: Sequence[Mapping[str, Any]],
    objective: str,
    discriminators: Sequence[str],
    output: Path,
) -> None:
    """Write shape `fig7`: the scores of one objective by discriminator and weight, with the measured gradient ratio.

    The ratio is pooled over seeds and logged steps: its median, with the 10 % and 90 % quantiles as its spread.

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
    swept = [cell for cell in cells if cell["objective"] == objective and cell["discriminator"] in discriminators]
    logged = [
        tables.read(cell["history"], "history")[["gradient_ratio"]].assign(**{name: cell[name] for name in CELL})
        for cell in swept
    ]
    ratios = pd.concat([pd.DataFrame(columns=[*CELL, "gradient_ratio"], dtype=float), *logged])
    quantiles = ratios.groupby(CELL)["gradient_ratio"].quantile(list(QUANTILES.values())).unstack()
    quantiles = quantiles.reindex(index=pd.MultiIndex.from_frame(shown[CELL]), columns=list(QUANTILES.values()))
    columns = dict(zip(QUANTILES, quantiles.to_numpy(dtype=float).T, strict=True))
    tables.write(shown.assign(**columns), output, "fig7")
