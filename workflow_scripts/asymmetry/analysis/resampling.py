"""Intervals over clusters (scenes).

The images of a scene are not independent, so scenes are dropped and drawn whole. Below 30 clusters the interval is
Student's t on the jackknife's pseudo-values, which for a mean is exactly the t interval on cluster means (Tukey 1958;
Efron and Tibshirani 1993, chapter 11). From 30 on it is the BCa bootstrap (Efron 1987) with levels widened for the
missing degrees of freedom (Hesterberg 2015, section 4.3), since the plain percentile bootstrap covers too little.
"""

import logging
import warnings
from collections.abc import Callable, Sequence

import numpy as np
from scipy import stats

from asymmetry.compute import stable_seed

logger = logging.getLogger(__name__)
LEVEL = 0.95
FEW = 30
Statistic = Callable[[np.ndarray], float]


def interval(
    statistic: Statistic, clusters: Sequence[np.ndarray], resamples: int = 1000, level: float = LEVEL
) -> tuple[float, float]:
    """The interval of a statistic over clusters, (low, high); NaN with fewer than two clusters.

    Where the bootstrap is undefined (draws without the statistic, or all of them alike), the jackknife takes its place.

    Args:
        statistic: a number from the indices of the rows that it sees, repeated ones included.
        clusters: the row indices of each cluster.
        resamples: how often the bootstrap draws; used from 30 clusters on.
        level: the interval's confidence.
    """
    count = len(clusters)
    if count < 2:
        return np.nan, np.nan
    if count >= FEW:
        low, high = _bca(lambda drawn: statistic(np.concatenate([clusters[k] for k in drawn])), count, resamples, level)
        if np.isfinite([low, high]).all():
            return low, high
        logger.info("the bootstrap of %d clusters is undefined: t on the jackknife's pseudo-values", count)
    pseudo = jackknife(statistic, clusters)
    half = stats.t.ppf((1 + level) / 2, count - 1) * pseudo.std(ddof=1) / np.sqrt(count)
    return float(pseudo.mean() - half), float(pseudo.mean() + half)


def _bca(statistic: Statistic, count: int, resamples: int, level: float) -> tuple[float, float]:
    """NaN where a draw is undefined or all draws give the same value."""
    quantile = np.sqrt(count / (count - 1)) * stats.t.ppf((1 + level) / 2, count - 1)
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        found = stats.bootstrap(
            (np.arange(count),),
            statistic,
            n_resamples=resamples,
            confidence_level=2 * stats.norm.cdf(quantile) - 1,
            vectorized=False,
            method="BCa",
            rng=np.random.default_rng(stable_seed("interval", count)),
        )
    return float(found.confidence_interval.low), float(found.confidence_interval.high)


def jackknife(statistic: Statistic, clusters: Sequence[np.ndarray]) -> np.ndarray:
    """Pseudo-values (clusters,): count · all − (count − 1) · all but one. Their mean is the bias-corrected estimate."""
    count = len(clusters)
    everything = statistic(np.concatenate(clusters))
    without = [statistic(np.concatenate([*clusters[:index], *clusters[index + 1 :]])) for index in range(count)]
    return count * everything - (count - 1) * np.asarray(without)


def mean_interval(values: np.ndarray, level: float = LEVEL) -> tuple[float, float]:
    """The interval of a mean, `values` (clusters,) being the means of the clusters."""
    rows = [np.array([row]) for row in range(len(values))]
    return interval(lambda drawn: float(values[drawn].mean()), rows, level=level)
