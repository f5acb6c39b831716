"""How well scores agree with opinions: SRCC, KRCC (tau-b), PLCC, and PLCC after the four-parameter logistic.

A metric whose scores are constant knows nothing: its correlations are 0. Fewer than three points give NaN.
"""

import warnings
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special, stats

FEWEST = 3
LARGEST = 0.9999  # keeps Fisher's z of a perfect rank correlation finite (4.95)


def _constant(first: np.ndarray, second: np.ndarray) -> bool:
    return bool(np.ptp(_finite(first)) == 0 or np.ptp(_finite(second)) == 0)


def _finite(values: np.ndarray) -> np.ndarray:
    """Infinities (PSNR of identical images) become the largest and smallest finite values."""
    values = np.asarray(values, dtype=float)
    known = values[np.isfinite(values)]
    return np.clip(values, known.min(), known.max()) if len(known) else np.zeros_like(values)


def srcc(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's rank correlation of two arrays (N,), in [-1, 1]."""
    return _defined(stats.spearmanr, first, second)


def krcc(first: np.ndarray, second: np.ndarray) -> float:
    """Kendall's tau-b of two arrays (N,), in [-1, 1]."""
    return _defined(stats.kendalltau, first, second)


def plcc(first: np.ndarray, second: np.ndarray) -> float:
    """Pearson's correlation of two arrays (N,), in [-1, 1], without any fit."""
    return _defined(stats.pearsonr, _finite(first), _finite(second))


def _defined(correlation: object, first: np.ndarray, second: np.ndarray) -> float:
    if len(first) < FEWEST:
        return np.nan
    if _constant(first, second):
        return 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.ConstantInputWarning)
        warnings.simplefilter("ignore", stats.NearConstantInputWarning)
        value = float(correlation(first, second).statistic)
    return value if np.isfinite(value) else 0.0


def fisher_z(correlation: np.ndarray | float) -> np.ndarray | float:
    """Fisher's z, arctanh r, of correlations held within ±0.9999."""
    return np.arctanh(np.clip(correlation, -LARGEST, LARGEST))


@dataclass(frozen=True)
class Logistic:
    """f(x) = (b1 − b2) / (1 + exp(−(x − b3) / b4)) + b2, b4 > 0 (Sheikh et al. 2006; DISTS, equation 17).

    Attributes:
        parameters: b1, b2, b3, b4 on the scale of the given data; NaN where the fit failed.
        plcc: Pearson's correlation after the mapping, in [0, 1]: the direction is lost, as in published tables.
        fitted: whether the curve is used; otherwise `plcc` is the size of the linear correlation.
    """

    parameters: tuple[float, float, float, float]
    plcc: float
    fitted: bool

    def __call__(self, quality: np.ndarray) -> np.ndarray:
        """Scores predicted from `quality`, both (N,)."""
        b1, b2, b3, b4 = self.parameters
        return (b1 - b2) * special.expit((np.asarray(quality) - b3) / b4) + b2


def logistic4(quality: np.ndarray, score: np.ndarray) -> Logistic:
    """Fit the four-parameter logistic from `quality` to `score`, both (N,), by least squares.

    b1 and b2 are linear and are solved for, so that only place and slope are searched, from several starts on
    standardised data. A fit that fails, or is no better than the straight line, is refused.
    """
    failed = (np.nan,) * 4
    quality, score = _finite(quality), _finite(score)
    linear = abs(plcc(quality, score))
    if len(quality) <= len(failed) or _constant(quality, score):
        return Logistic(failed, linear, fitted=False)
    middle, spread = quality.mean(), quality.std()
    x = (quality - middle) / spread

    def solve(place_and_slope: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        design = np.column_stack([special.expit((x - place_and_slope[0]) * place_and_slope[1]), np.ones_like(x)])
        heights = np.linalg.lstsq(design, score, rcond=None)[0]
        return heights, design @ heights - score

    bounds = ([x.min() - 3, 0.05], [x.max() + 3, 20])
    starts = [np.array([place, slope]) for place in np.quantile(x, [0.1, 0.5, 0.9]) for slope in (0.5, 1, 2, 4)]
    starts.sort(key=lambda start: float(np.square(solve(start)[1]).sum()))
    fits = [optimize.least_squares(lambda p: solve(p)[1], start, bounds=bounds) for start in starts[:3]]
    best = min(fits, key=lambda fit: fit.cost)
    (height, floor), residual = solve(best.x)
    after = plcc(score + residual, score)
    if not best.success or after < linear:
        return Logistic(failed, linear, fitted=False)
    place, slope = best.x
    parameters = (height + floor, floor, middle + spread * place, spread / slope)
    return Logistic(tuple(map(float, parameters)), after, fitted=True)


def summarise(quality: np.ndarray, score: np.ndarray) -> dict[str, float | str]:
    """All correlations between a metric's `quality` (higher is better) and the opinion `score`, both (N,).

    Returns:
        srcc, krcc, plcc, plcc_logistic, and `note`: why a number is a convention, empty otherwise.
    """
    quality, score = np.asarray(quality, dtype=float), np.asarray(score, dtype=float)
    fit = logistic4(quality, score)
    if len(quality) < FEWEST:
        note = f"fewer than {FEWEST} images"
    elif _constant(quality, score):
        note = "constant"
    else:
        note = "" if fit.fitted else "no logistic fit: linear PLCC"
    return {
        "srcc": srcc(quality, score),
        "krcc": krcc(quality, score),
        "plcc": plcc(quality, score),
        "plcc_logistic": fit.plcc,
        "note": note,
    }
