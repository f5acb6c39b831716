"""Assessment in the domain of the losses: metrics against the realism judges on this run's own outputs.

A mismatch of distortions (noise and JPEG in the rated sets, a network's artefacts in the outputs) is the obvious
rival explanation of an asymmetry; here the metric is assessed on the very pictures that the losses make.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from asymmetry import tables
from asymmetry.analysis import correlation, resampling
from asymmetry.analysis.optimization import CELL, scene_scores

PICTURE = [*CELL, "seed", "scene"]


def in_domain_table(qualities: Sequence[Path], gains: Path, output: Path) -> None:
    """Write shape `assessment-in-domain`: rank correlation of each metric with realism over the outputs of a scene.

    SRCC over all cells and seeds within a scene, averaged over scenes as Fisher's z; t (bootstrap from 30 scenes on)
    interval over scenes. A scene with fewer than three outputs does not count.

    Args:
        qualities: tables of shape output-qualities: the metrics' values on the outputs.
        gains: table of shape gains, of the same outputs.
        output: path of the table.
    """
    values = pd.concat([tables.read(path, "output-qualities") for path in qualities], ignore_index=True)
    realism = scene_scores(tables.read(gains, "gains")).query("measure == 'realism'")
    both = values.merge(realism[[*PICTURE, "score"]], on=PICTURE)
    rows = []
    for metric in values["metric"].unique():
        part = both[both["metric"] == metric]
        correlations = [
            correlation.srcc(scene["quality"].to_numpy(), scene["score"].to_numpy())
            for _, scene in part.groupby("scene")
        ]
        known = np.array([correlation.fisher_z(value) for value in correlations if np.isfinite(value)])
        low, high = np.tanh(resampling.mean_interval(known))
        rows.append(
            {"metric": metric, "outputs": len(part), "scenes": len(known)}
            | {"srcc": float(np.tanh(known.mean())) if len(known) else np.nan, "low": low, "high": high}
            | {"note": _note(part, len(known))}
        )
    columns = list(tables.SHAPES["assessment-in-domain"])
    tables.write(pd.DataFrame(rows, columns=columns), output, "assessment-in-domain")


def _note(part: pd.DataFrame, scenes: int) -> str:
    if not len(part):
        return "no valid judge of realism for these outputs"
    if not scenes:
        return f"fewer than {correlation.FEWEST} outputs of every scene"
    return "constant" if part.groupby("scene")["quality"].nunique().max() == 1 else ""
