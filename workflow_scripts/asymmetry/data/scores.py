"""Opinion scores of any unit and direction, on one scale."""

import numpy as np
import pandas as pd

from asymmetry.errors import UserError


def scaled(frame: pd.DataFrame, higher_is_better: bool, what: str) -> pd.DataFrame:
    """A table of `raw_score`, and of `raw_error` where standard errors are known, with `score` and `score_error` added.

    Scores are turned so that higher is better and min-max scaled to [0, 1] over the set, errors brought to that scale;
    all scores equal is a `UserError`.
    """
    raw = frame["raw_score"]
    if raw.min() == raw.max():
        raise UserError(f"{what}: all {len(raw)} scores are {raw.iloc[0]}.", "nothing could be compared")
    worst, best = (raw.min(), raw.max()) if higher_is_better else (raw.max(), raw.min())
    error = frame["raw_error"] / abs(best - worst) if "raw_error" in frame else np.nan
    return frame.assign(score=((raw - worst) / (best - worst)).round(6), score_error=error)
