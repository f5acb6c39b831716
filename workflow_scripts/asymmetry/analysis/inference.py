"""Uncertainty: estimates with their errors over scenes and seeds, tests between models, and many claims at once.

Scenes and seeds are crossed: every training (seed) restores every scene. `crossed` resamples both, jointly across
cells, and adds up their variances; with few seeds or scenes the degrees of freedom fall and the intervals widen.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from scipy import stats

from asymmetry.analysis.correlation import fisher_z
from asymmetry.analysis.resampling import LEVEL
from asymmetry.compute import stable_seed

Alternative = Literal["two-sided", "greater", "less"]
Crossed = Callable[[np.ndarray, np.ndarray], "np.ndarray | float"]


class Estimate(NamedTuple):
    """A number, its standard error, and the degrees of freedom of that error; NaN where nothing is known."""

    value: float
    error: float
    freedom: float

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Student's t interval, (low, high)."""
        half = stats.t.ppf((1 + level) / 2, self.freedom) * self.error
        return float(self.value - half), float(self.value + half)

    def p_value(self, null: float = 0.0, alternative: Alternative = "two-sided") -> float:
        """The p value of the t test that the true value is `null`, against that it differs, is greater, or is less."""
        distance = self.value - null
        certain = np.sign(distance) * np.inf if distance else 0.0
        statistic = distance / self.error if self.error else certain
        if alternative == "two-sided":
            return float(2 * stats.t.sf(abs(statistic), self.freedom))
        return float(stats.t.sf(statistic if alternative == "greater" else -statistic, self.freedom))


@dataclass(frozen=True)
class Joint:
    """Several numbers estimated from the same scenes and seeds.

    Attributes:
        values: the numbers (p,).
        scenes: their covariance (p, p) from resampling scenes alone.
        seeds: the same of seeds; zero with one seed.
        both: the same of both together.
        freedom: degrees of freedom of scenes and of seeds, each the count minus 1.
    """

    values: np.ndarray
    scenes: np.ndarray
    seeds: np.ndarray
    both: np.ndarray
    freedom: tuple[int, int]

    def contrast(self, *weights: float) -> Estimate:
        """Their weighted sum: variances of scenes and seeds added, what both count (the residual) taken off once.

        For a mean this is the two-way random-effects variance; freedom by Satterthwaite (1946).
        """
        w = np.asarray(weights, dtype=float)
        value = float(w @ self.values)
        scenes, seeds, both = (float(w @ part @ w) for part in (self.scenes, self.seeds, self.both))
        residual = float(np.clip(both - scenes - seeds, 0, min(scenes, seeds)))
        variance = scenes + seeds - residual
        degrees = (*self.freedom, self.freedom[0] * self.freedom[1])
        parts = [(v, d) for v, d in zip((scenes, seeds, residual), degrees, strict=True) if d > 0]
        if not self.freedom[0] or not np.isfinite(variance):
            return Estimate(value, np.nan, np.nan)
        if variance == 0:
            return Estimate(value, 0.0, float(sum(self.freedom)))
        return Estimate(value, float(np.sqrt(variance)), variance**2 / sum(v**2 / d for v, d in parts))

    def ratio(self, level: float = LEVEL) -> tuple[float, float, float]:
        """First number over second, and Fieller's (1954) interval: (ratio, low, high).

        The interval is (-inf, inf) where the second is not told from 0: then any ratio, or all but a gap, fits.
        """
        top, bottom = self.values
        if not bottom:
            return np.nan, -np.inf, np.inf
        ratio = float(top / bottom)
        freedom = self.contrast(1, -ratio).freedom
        if not np.isfinite(freedom):
            return ratio, np.nan, np.nan
        square = stats.t.ppf((1 + level) / 2, freedom) ** 2
        of_top, of_bottom, of_sum = (self.contrast(*w).error ** 2 for w in ((1, 0), (0, 1), (1, 1)))
        shared = (of_sum - of_top - of_bottom) / 2
        lead, middle, end = (
            bottom**2 - square * of_bottom,
            top * bottom - square * shared,
            top**2 - square * of_top,
        )
        if lead <= 0:
            return ratio, -np.inf, np.inf
        half = np.sqrt(max(middle**2 - lead * end, 0)) / lead
        return ratio, float(middle / lead - half), float(middle / lead + half)


def cluster_means(values: np.ndarray) -> Joint:
    """Means over clusters of `values` (clusters,) or (clusters, p), for the t interval on cluster means."""
    values = np.asarray(values, dtype=float)
    values = values[:, None] if values.ndim == 1 else values
    count, width = values.shape
    nothing = np.zeros((width, width))
    spread = np.atleast_2d(np.cov(values, rowvar=False)) / count if count > 1 else nothing
    return Joint(values.mean(axis=0), spread, nothing, spread, (count - 1, 0))


def crossed(statistic: Crossed, strata: Sequence[np.ndarray], seeds: int, resamples: int = 500) -> Joint:
    """Numbers with their covariances from resampling scenes, seeds, and both (Owen 2007, made unbiased).

    Of n clusters n − 1 are drawn with replacement, which makes the variance of a mean unbiased (McCarthy and Snowden
    1985): it matters with 3 seeds. A draw without a defined statistic is left out.

    Args:
        statistic: one or p numbers from positions of scenes and positions of seeds, repeated ones included.
        strata: positions of scenes, in groups that are resampled apart; usually one group, `[np.arange(n)]`.
        seeds: the number of seeds.
        resamples: how often each is drawn.
    """
    scenes, every_seed = np.concatenate(strata), np.arange(seeds)
    generator = np.random.default_rng(stable_seed("crossed", len(scenes), seeds))
    draws = [
        (np.concatenate([_fewer(part, generator) for part in strata]), _fewer(every_seed, generator))
        for _ in range(resamples)
    ]
    values = np.atleast_1d(np.asarray(statistic(scenes, every_seed), dtype=float))
    freedom = (sum(len(part) - 1 for part in strata), seeds - 1)
    by_scene = _covariance([statistic(drawn, every_seed) for drawn, _ in draws])
    if seeds == 1:
        return Joint(values, by_scene, np.zeros_like(by_scene), by_scene, freedom)
    by_seed = _covariance([statistic(scenes, drawn) for _, drawn in draws])
    return Joint(values, by_scene, by_seed, _covariance([statistic(*drawn) for drawn in draws]), freedom)


def _fewer(positions: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    return generator.choice(positions, max(len(positions) - 1, 1))


def _covariance(values: Sequence[np.ndarray | float]) -> np.ndarray:
    """Pairwise over the draws in which a number is defined, so that one undefined number does not void the others."""
    frame = np.ma.masked_invalid(np.reshape(np.asarray(values, dtype=float), (len(values), -1)))
    return np.ma.cov(frame, rowvar=False).reshape(frame.shape[1], frame.shape[1]).filled(np.nan)


def fisher_interval(correlation: float, count: int, ranks: bool = True, level: float = LEVEL) -> tuple[float, float]:
    """Interval of a correlation of `count` independent points, (low, high); NaN below 4 points.

    Args:
        correlation: Spearman's (`ranks`) or Pearson's.
        count: number of points, which must not share clusters.
        ranks: Bonett and Wright's (2000) error √((1 + r²/2) / (n − 3)) instead of Fisher's 1 / √(n − 3).
        level: the interval's confidence.
    """
    if count < 4:
        return np.nan, np.nan
    error = np.sqrt((1 + correlation**2 / 2 if ranks else 1) / (count - 3))
    half = stats.norm.ppf((1 + level) / 2) * error
    return float(np.tanh(fisher_z(correlation) - half)), float(np.tanh(fisher_z(correlation) + half))


def holm(p_values: Sequence[float]) -> np.ndarray:
    """Holm's (1979) adjusted p values; a NaN (not tested) stays NaN and does not count."""
    p = np.asarray(p_values, dtype=float)
    adjusted = np.full_like(p, np.nan)
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1)), 1)
    return adjusted


def simultaneous_level(claims: int, level: float = LEVEL) -> float:
    """Confidence of each of `claims` intervals so that all hold together (Bonferroni).

    An interval of this level that lies on one side of its margin implies that Holm's test rejects, too.
    """
    return 1 - (1 - level) / max(claims, 1)
