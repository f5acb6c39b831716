"""Opinion scores of any unit and direction, on one scale."""

import pandas as pd

from asymmetry.errors import UserError


def scaled(raw: pd.Series, higher_is_better: bool, what: str) -> pd.Series:
    """Scores turned so that higher is better, min-max scaled to [0, 1] over the set; all equal is a `UserError`."""
    if raw.min() == raw.max():
        raise UserError(f"{what}: all {len(raw)} scores are {raw.iloc[0]}.", "nothing could be compared")
    worst, best = (raw.min(), raw.max()) if higher_is_better else (raw.max(), raw.min())
    return ((raw - worst) / (best - worst)).round(6)
