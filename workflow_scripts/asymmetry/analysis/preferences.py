"""How well a metric foresees which of two distorted patches people prefer (2AFC agreement; Zhang et al. 2018)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from asymmetry import tables
from asymmetry.analysis import assessment, resampling

ALL = "all"


def agreement(first: np.ndarray, second: np.ndarray, preference: np.ndarray) -> np.ndarray:
    """Share of raters (pairs,) who agree with the metric: p where it prefers the second, 1 − p the first, ½ for a tie.

    Args:
        first: quality (pairs,) of the first patch, higher is better.
        second: of the second.
        preference: share p (pairs,) of raters who preferred the second.
    """
    preference = np.asarray(preference, dtype=float)
    return np.where(np.equal(first, second), 0.5, np.where(np.greater(second, first), preference, 1 - preference))


def agreement_table(cells: Sequence[Mapping[str, Any]], output: Path) -> None:
    """Write shape `preference-agreement`: each metric on each dataset, by family of distortions and over all.

    Args:
        cells: dicts with `dataset`, `metric` and `preferences` (path of a table of shape preferences).
        output: path of the table.
    """
    rows = []
    for cell in cells:
        frame = tables.read(cell["preferences"], "preferences")
        families = {name: part for name, part in frame.groupby("family", sort=False) if name}
        for family, part in {ALL: frame, **families}.items():
            facts = {"dataset": cell["dataset"], "metric": cell["metric"], "family": family}
            rows.append(facts | _measure(part.reset_index(drop=True)))
    columns = list(tables.SHAPES["preference-agreement"])
    tables.write(pd.DataFrame(rows, columns=columns), output, "preference-agreement")


def _measure(frame: pd.DataFrame) -> dict[str, Any]:
    preference = frame["preference"].to_numpy()
    agreed = agreement(frame["first_quality"].to_numpy(), frame["second_quality"].to_numpy(), preference)
    low, high = resampling.interval(lambda rows: float(agreed[rows].mean()), assessment.clusters(frame))
    return {
        "pairs": len(frame),
        "scenes": frame["scene"].nunique(),
        "agreement": float(agreed.mean()) if len(frame) else np.nan,
        "low": low,
        "high": high,
        "human": float(np.mean(preference**2 + (1 - preference) ** 2)) if len(frame) else np.nan,
        "note": "constant" if len(frame) and (frame["first_quality"] == frame["second_quality"]).all() else "",
    }
