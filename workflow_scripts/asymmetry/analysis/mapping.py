"""Curves from quality to opinion, fitted before PLCC and RMSE are taken.

The four-parameter logistic f(x) = (b1 − b2) / (1 + exp(−(x − b3) / b4)) + b2 is monotone (VQEG 2000; DISTS, equation
17); the five-parameter one f(x) = b1 (1/2 − 1 / (1 + exp(b2 (x − b3)))) + b4 x + b5 holds the straight line as a
special case and need not be monotone (Sheikh, Sabir and Bovik 2006, equation 13).
"""

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

SLOPES = (0.5, 1, 2, 4)
PLACES = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class Curve:
    """A curve from quality to opinion score; the straight line where the logistic failed or was no better.

    Attributes:
        predicted: opinion scores (N,) that the curve gives for the data that it was fitted to.
        plcc: Pearson's correlation of `predicted` and the scores, in [0, 1]: the direction is lost, as in published
            tables. Never below the size of the linear one.
        fitted: whether it is the logistic.
    """

    predicted: np.ndarray
    plcc: float
    fitted: bool


def logistic(quality: np.ndarray, score: np.ndarray, parameters: int = 4) -> Curve:
    """Fit the logistic of 4 or 5 parameters from `quality` to `score`, both (N,), finite, neither constant.

    Only place and slope are searched, from several starts on standardised data; the other parameters are linear and
    solved for. A fit that fails, or whose correlation is below the straight line's, is refused.
    """
    x = (quality - quality.mean()) / quality.std()
    line = np.polynomial.Polynomial.fit(x, score, 1)(x)
    linear = Curve(line, abs(float(np.corrcoef(x, score)[0, 1])), fitted=False)
    if len(quality) <= parameters:
        return linear
    others = np.column_stack([x, np.ones_like(x)][5 - parameters :])

    def residual(place_and_slope: np.ndarray) -> np.ndarray:
        place, slope = place_and_slope
        design = np.column_stack([special.expit((x - place) * slope) - 0.5, others])
        return design @ np.linalg.lstsq(design, score, rcond=None)[0] - score

    bounds = ([x.min() - 3, 0.05], [x.max() + 3, 20])
    starts = [np.array([place, slope]) for place in np.quantile(x, PLACES) for slope in SLOPES]
    starts.sort(key=lambda start: float(np.square(residual(start)).sum()))
    fits = [optimize.least_squares(residual, start, bounds=bounds) for start in starts[:3]]
    best = min(fits, key=lambda fit: fit.cost)
    predicted = score + residual(best.x)
    after = float(np.corrcoef(predicted, score)[0, 1]) if np.ptp(predicted) > 0 else 0.0
    if not best.success or after < linear.plcc:
        return linear
    return Curve(predicted, after, fitted=True)


def rmse(error: np.ndarray, parameters: int) -> float:
    """Root of the squared `error` (N,) summed over N − parameters (ITU-T P.1401, 7.5); NaN without freedom."""
    freedom = len(error) - parameters
    return float(np.sqrt(np.square(error).sum() / freedom)) if freedom > 0 else np.nan


def outlier_ratio(error: np.ndarray, score_error: np.ndarray) -> float:
    """Share of images whose `error` (N,) exceeds twice the standard error of their score (VQEG 2003).

    Only images with a known `score_error` (N,) count; NaN without any: an outlier is defined by the raters' spread.
    """
    known = np.isfinite(score_error)
    return float(np.mean(np.abs(error[known]) > 2 * score_error[known])) if known.any() else np.nan
