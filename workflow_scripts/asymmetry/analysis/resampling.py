"""Intervals over clusters (scenes), and halves of a study that share neither scenes nor seeds.

The images of a scene are not independent, so scenes are dropped and drawn whole. The percentile bootstrap covers too
little with few clusters; below 30 of them the interval is Student's t on the jackknife's pseudo-values, which for a
mean is exactly the t interval on cluster means (Tukey 1958; Efron and Tibshirani 1993, chapters 11 and 13).
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from scipy import stats

from asymmetry.compute import stable_seed

LEVEL = 0.95
FEW = 30
Statistic = Callable[[np.ndarray], float]
Half = tuple[set[str], set[int]]


def interval(statistic: Statistic, clusters: Sequence[np.ndarray], resamples: int = 1000) -> tuple[float, float]:
    """The 95 % interval of a statistic over clusters, (low, high); NaN with fewer than two clusters.

    Args:
        statistic: a number from the indices of the rows that it sees, repeated ones included.
        clusters: the row indices of each cluster.
        resamples: how often the bootstrap draws; used from 30 clusters on.
    """
    count = len(clusters)
    if count < 2:
        return np.nan, np.nan
    if count < FEW:
        pseudo = jackknife(statistic, clusters)
        half = stats.t.ppf((1 + LEVEL) / 2, count - 1) * pseudo.std(ddof=1) / np.sqrt(count)
        return float(pseudo.mean() - half), float(pseudo.mean() + half)
    generator = np.random.default_rng(stable_seed("interval", count))
    draws = generator.integers(count, size=(resamples, count))
    values = [statistic(np.concatenate([clusters[index] for index in draw])) for draw in draws]
    low, high = np.nanquantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def jackknife(statistic: Statistic, clusters: Sequence[np.ndarray]) -> np.ndarray:
    """Pseudo-values (clusters,): count · all − (count − 1) · all but one. Their mean is the bias-corrected estimate."""
    count = len(clusters)
    everything = statistic(np.concatenate(clusters))
    without = [statistic(np.concatenate([*clusters[:index], *clusters[index + 1 :]])) for index in range(count)]
    return count * everything - (count - 1) * np.asarray(without)


def mean_interval(values: np.ndarray) -> tuple[float, float]:
    """The 95 % interval of a mean, `values` (clusters,) being the means of the clusters."""
    return interval(lambda rows: float(values[rows].mean()), [np.array([row]) for row in range(len(values))])


def halves(scenes: Sequence[str], seeds: Sequence[int], splits: int) -> Iterator[tuple[Half, Half]]:
    """Random splits of a study in two halves (scenes, seeds) that share no scene and, where there are two, no seed."""
    generator = np.random.default_rng(stable_seed("halves", splits))
    for _ in range(splits):
        scene_halves = _split(scenes, generator)
        seed_halves = _split(seeds, generator) if len(seeds) > 1 else (set(seeds), set(seeds))
        yield (scene_halves[0], seed_halves[0]), (scene_halves[1], seed_halves[1])


def _split(items: Sequence, generator: np.random.Generator) -> tuple[set, set]:
    order = [items[index] for index in generator.permutation(len(items))]
    middle = len(order) // 2
    return set(order[:middle]), set(order[middle:])


def spearman_brown(correlations: Sequence[float]) -> float:
    """Reliability of the whole from correlations between its halves: 2r / (1 + r), r their mean; NaN without any."""
    known = np.asarray(correlations, dtype=float)
    known = known[np.isfinite(known)]
    if not len(known):
        return np.nan
    half = float(np.clip(known.mean(), -0.5, 1))  # below -0.5 the formula leaves [-2, 1]
    return 2 * half / (1 + half)
