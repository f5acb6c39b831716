"""How good quality models are by where their weights come from: correlations on contents they have not seen.

Each fold is another model, so scores are compared within a fold only; folds and seeds are averaged as Fisher's z.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from asymmetry import tables
from asymmetry.analysis import correlation, inference

ARM = ["mode", "dataset", "backbone", "initialisation", "protocol"]
VALIDATION = 0.2  # of the scenes, as in `training.folds`
Measure = Callable[[np.ndarray, np.ndarray], float]


def within_folds(frame: pd.DataFrame, measure: Measure) -> float:
    """Mean Fisher-z correlation over folds and seeds; NaN if no fold has three images."""
    groups = frame.groupby(["seed", "fold"], sort=False)
    values = [measure(part["prediction"].to_numpy(), part["score"].to_numpy()) for _, part in groups]
    known = [correlation.fisher_z(value) for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else np.nan


def transfer_table(cells: Sequence[Mapping[str, Any]], output: Path) -> None:
    """Write shape `transfer`: SRCC and PLCC of each arm and protocol, their intervals, and their spread over seeds.

    Args:
        cells: dicts with `mode`, `dataset`, `backbone`, `initialisation`, `seed` and `predictions` (path of a table
            of shape predictions).
        output: path of the table.
    """
    keys = ("mode", "dataset", "backbone", "initialisation", "seed")
    parts = [tables.read(c["predictions"], "predictions").assign(**{k: c[k] for k in keys}) for c in cells]
    rows = []
    for arm, frame in pd.concat(parts, ignore_index=True).groupby(ARM, sort=False):
        frame = frame.reset_index(drop=True)
        row = dict(zip(ARM, arm, strict=True))
        row |= {
            "images": frame["image"].nunique(),
            "scenes": frame["scene"].nunique(),
            "seeds": frame["seed"].nunique(),
        }
        rows.append(row | _measured(frame, "srcc", correlation.srcc) | _measured(frame, "plcc", correlation.plcc))
    tables.write(pd.DataFrame(rows, columns=list(tables.SHAPES["transfer"])), output, "transfer")


def tested_together(frame: pd.DataFrame) -> pd.Series:
    """The scenes that each row's fold tests, as one text."""
    together = frame.groupby("fold")["scene"].agg(lambda scenes: " ".join(sorted(set(scenes))))
    return frame["fold"].map(together)


def overlapping(frame: pd.DataFrame) -> bool:
    """Whether a scene is tested in more than one set of scenes (random splits)."""
    return bool(tested_together(frame).groupby(frame["scene"]).nunique().max() > 1)


def shares(frame: pd.DataFrame) -> tuple[float, float]:
    """Shares of the scenes that a fold tests and that it trains on; a fifth, or as many as are tested, validate."""
    scenes = frame.groupby("fold")["scene"].nunique().mean()
    tested = float(scenes / frame["scene"].nunique())
    return tested, max(1 - tested - max(tested, VALIDATION), tested)


def _measured(frame: pd.DataFrame, name: str, measure: Measure) -> dict[str, float]:
    """The correlation, its interval over sets of scenes that are tested together and seeds, its spread over seeds.

    Folds train on many of the same scenes, so their values are not independent: the variance over sets is multiplied
    by 1 + n · tested / trained (Nadeau and Bengio 2003; of leaving one out, Bouckaert and Frank 2004).
    """
    together = tested_together(frame)
    groups = {key: within_folds(part, measure) for key, part in frame.groupby([together, "seed"], sort=False)}
    values = pd.Series(groups).unstack().dropna().to_numpy()
    tested, trained = shares(frame)
    low, high = inference.mean(values, 1 + len(values) * tested / trained).interval() if len(values) else (np.nan,) * 2
    by_seed = [np.tanh(within_folds(part, measure)) for _, part in frame.groupby("seed")]
    return {
        name: float(np.tanh(within_folds(frame, measure))),
        f"{name}_low": float(np.tanh(low)),
        f"{name}_high": float(np.tanh(high)),
        f"{name}_spread": float(np.std(by_seed, ddof=1)) if len(by_seed) > 1 else np.nan,
    }
