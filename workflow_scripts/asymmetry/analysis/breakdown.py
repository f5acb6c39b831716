"""Where a metric agrees with opinions: by type of distortion, by family of distortions, and within each scene."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from asymmetry import tables
from asymmetry.analysis import assessment, correlation, inference

KINDS = ("distortion", "family", "scene")


def breakdown_table(cells: Sequence[Mapping[str, Any]], output: Path) -> None:
    """Write shape `assessment-breakdown`: correlations of each metric on each part of each dataset.

    Intervals are over scenes. Within one scene they are Fisher's for its images, which differ by their distortions: it
    holds for other distortions of that scene, not for other scenes. Rows without a name (a reference has no distortion)
    belong to no group.

    Args:
        cells: dicts with `dataset`, `metric` and `assessment` (path of a table of shape assessment).
        output: path of the table.
    """
    rows = []
    for cell in cells:
        frame = tables.read(cell["assessment"], "assessment")
        for kind in KINDS:
            for group, part in frame.groupby(kind, sort=False):
                if group:
                    facts = {"dataset": cell["dataset"], "metric": cell["metric"], "kind": kind, "group": group}
                    rows.append(facts | _measure(part.reset_index(drop=True), kind))
    columns = list(tables.SHAPES["assessment-breakdown"])
    tables.write(pd.DataFrame(rows, columns=columns), output, "assessment-breakdown")


def _measure(frame: pd.DataFrame, kind: str) -> dict[str, Any]:
    quality, score = correlation.finite(frame["quality"].to_numpy()), frame["score"].to_numpy()
    srcc = correlation.srcc(quality, score)
    note, low, high = "", np.nan, np.nan
    if len(frame) < correlation.FEWEST:
        note = f"fewer than {correlation.FEWEST} images"
    elif np.ptp(quality) == 0 or np.ptp(score) == 0:
        note = "constant" if np.ptp(quality) == 0 else "one opinion score"
    elif kind == "scene":
        low, high = inference.fisher_interval(srcc, len(frame))
    else:
        low, high = np.tanh(assessment.z_interval(frame))
    return {
        "images": len(frame),
        "scenes": frame["scene"].nunique(),
        "srcc": srcc,
        "low": low,
        "high": high,
        "krcc": correlation.krcc(quality, score),
        "plcc": correlation.plcc(quality, score),
        "note": note,
    }
