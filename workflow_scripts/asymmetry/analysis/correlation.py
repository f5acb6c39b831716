"""How well scores agree with opinions: SRCC, KRCC (tau-b), PLCC, PLCC and RMSE after a logistic, outlier ratio.

A metric whose scores are constant knows nothing: its correlations are 0. Fewer than three points give NaN.
"""

from collections.abc import Callable

import numpy as np
from scipy import stats

from asymmetry.analysis import mapping

FEWEST = 3
LARGEST = 0.9999  # keeps Fisher's z of a perfect rank correlation finite (4.95)


def _constant(first: np.ndarray, second: np.ndarray) -> bool:
    return bool(np.ptp(finite(first)) == 0 or np.ptp(finite(second)) == 0)


def finite(values: np.ndarray) -> np.ndarray:
    """Infinities (PSNR of identical images) become the largest and smallest finite values."""
    values = np.asarray(values, dtype=float)
    known = values[np.isfinite(values)]
    if len(known) == len(values):
        return values
    return np.clip(values, known.min(), known.max()) if len(known) else np.zeros_like(values)


def srcc(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's rank correlation of two arrays (N,), in [-1, 1]."""
    return _defined(lambda a, b: _pearson(_ranks(a), _ranks(b)), first, second)


def krcc(first: np.ndarray, second: np.ndarray) -> float:
    """Kendall's tau-b of two arrays (N,), in [-1, 1]."""
    return _defined(lambda a, b: float(stats.kendalltau(a, b).statistic), first, second)


def plcc(first: np.ndarray, second: np.ndarray) -> float:
    """Pearson's correlation of two arrays (N,), in [-1, 1], without any fit."""
    return _defined(_pearson, finite(first), finite(second))


def _ranks(values: np.ndarray) -> np.ndarray:
    """As stats.rankdata (ties share their mean rank), at a third of its cost."""
    _, places, sizes = np.unique(values, return_inverse=True, return_counts=True)
    return (sizes.cumsum() - (sizes - 1) / 2)[places]


def _pearson(first: np.ndarray, second: np.ndarray) -> float:
    """As np.corrcoef, at a fifth of its cost: resampling takes it a million times."""
    first, second = first - first.mean(), second - second.mean()
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(np.clip(first @ second / np.sqrt((first @ first) * (second @ second)), -1, 1))


def _defined(correlation: Callable[[np.ndarray, np.ndarray], float], first: np.ndarray, second: np.ndarray) -> float:
    if len(first) < FEWEST or np.isnan(first).any() or np.isnan(second).any():
        return np.nan
    if _constant(first, second):
        return 0.0
    value = correlation(first, second)
    return value if np.isfinite(value) else 0.0


def fisher_z(correlation: np.ndarray | float) -> np.ndarray | float:
    """Fisher's z, arctanh r, of correlations held within ±0.9999."""
    return np.arctanh(np.clip(correlation, -LARGEST, LARGEST))


def summarise(quality: np.ndarray, score: np.ndarray, score_error: np.ndarray | None = None) -> dict[str, float | str]:
    """All numbers of the agreement between a metric's `quality` (higher is better) and the opinion `score`, both (N,).

    Args:
        quality: the metric's scores.
        score: the opinion scores.
        score_error: standard errors (N,) of the opinion scores, NaN where unknown; None if all are.

    Returns:
        srcc, krcc, plcc, plcc_logistic (4 parameters), plcc_logistic5, rmse (after the 4-parameter logistic, in units
        of `score`), outlier_ratio (of the same errors), and `note`: why a number is a convention, empty otherwise.
    """
    quality, score = finite(quality), np.asarray(score, dtype=float)
    facts: dict[str, float | str] = {
        "srcc": srcc(quality, score),
        "krcc": krcc(quality, score),
        "plcc": plcc(quality, score),
    }
    unfitted = abs(float(facts["plcc"]))
    facts |= {"plcc_logistic": unfitted, "plcc_logistic5": unfitted, "rmse": np.nan, "outlier_ratio": np.nan}
    if len(quality) < FEWEST:
        return facts | {"note": f"fewer than {FEWEST} images"}
    if _constant(quality, score):
        return facts | {"note": "constant"}
    four, five = (mapping.logistic(quality, score, parameters) for parameters in (4, 5))
    error = four.predicted - score
    facts |= {"plcc_logistic": four.plcc, "plcc_logistic5": five.plcc}
    facts["rmse"] = mapping.rmse(error, 4 if four.fitted else 2)
    if score_error is not None:
        facts["outlier_ratio"] = mapping.outlier_ratio(error, np.asarray(score_error, dtype=float))
    failed = [str(number) for number, curve in ((4, four), (5, five)) if not curve.fitted]
    return facts | {"note": f"no logistic fit of {' and '.join(failed)} parameters: the line" if failed else ""}
