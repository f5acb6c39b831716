"""Uncertainty: estimates with their errors over scenes and seeds, tests between models, and many claims at once.

Scenes and seeds are crossed: every training (seed) restores every scene. `crossed` resamples both, jointly across
cells, and adds up their variances; with few seeds or scenes the degrees of freedom fall and the intervals widen.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
from scipy import stats

from asymmetry.analysis.correlation import fisher_z
from asymmetry.analysis.resampling import LEVEL
from asymmetry.compute import stable_seed

logger = logging.getLogger(__name__)
DEFINED = 0.9  # share of the draws in which a number must be defined to have an error
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
        strata: their covariances (strata, p, p) from resampling the scenes of each stratum alone.
        seeds: the same (p, p) of seeds; zero with one seed.
        both: the same (p, p) of all scenes and seeds together.
        freedom: degrees of freedom of each stratum, its scenes minus 1, and of the seeds.
    """

    values: np.ndarray
    strata: np.ndarray
    seeds: np.ndarray
    both: np.ndarray
    freedom: tuple[tuple[int, ...], int]

    @property
    def scenes(self) -> np.ndarray:
        """Their covariance (p, p) from resampling scenes: the sum over strata."""
        return self.strata.sum(axis=0)

    def widened(self, factors: Sequence[float]) -> "Joint":
        """With the covariance of each stratum multiplied; the residual of scenes and seeds stays as it is."""
        strata = self.strata * np.reshape(factors, (-1, 1, 1))
        return replace(self, strata=strata, both=self.both + (strata - self.strata).sum(axis=0))

    def contrast(self, *weights: float) -> Estimate:
        """Their weighted sum: variances of scenes and seeds added, what both count (the residual) taken off once.

        For a mean this is the two-way random-effects variance. Degrees of freedom by Satterthwaite (1946), over the
        strata as well: scenes that the sum does not depend on lend it no freedom.
        """
        used = np.flatnonzero(weights)
        w, own = np.asarray(weights, dtype=float)[used], np.ix_(used, used)
        value = float(w @ self.values[used])
        strata = [float(w @ part[own] @ w) for part in self.strata]
        scenes, (seeds, both) = sum(strata), (float(w @ part[own] @ w) for part in (self.seeds, self.both))
        residual = float(np.clip(both - scenes - seeds, 0, min(scenes, seeds)))
        variance = scenes + seeds - residual
        if not any(self.freedom[0]) or not np.isfinite(variance):
            return Estimate(value, np.nan, np.nan)
        if variance == 0:
            return Estimate(value, 0.0, float(sum(self.freedom[0]) + self.freedom[1]))
        squares = sum(v**2 / d for v, d in zip(strata, self.freedom[0], strict=True) if d)
        if self.freedom[1]:
            squares += (seeds**2 + (residual / scenes) ** 2 * squares if scenes else seeds**2) / self.freedom[1]
        return Estimate(value, float(np.sqrt(variance)), variance**2 / squares)

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
    return Joint(values.mean(axis=0), spread[None], nothing, spread, ((count - 1,), 0))


def mean(values: np.ndarray, widening: float = 1.0) -> Estimate:
    """The mean of `values` (scenes, seeds), both resampled: `crossed` in closed form, since a mean needs no draws.

    Args:
        values: one number a scene and seed.
        widening: what the variance over scenes is multiplied with.
    """
    scenes, seeds = values.shape
    by_scene, by_seed, residual = two_way(values[None])
    both = by_scene + by_seed + residual
    joint = Joint(values.mean(keepdims=True)[0], by_scene[None], by_seed, both, ((scenes - 1,), seeds - 1))
    return joint.widened([widening]).contrast(1)


def two_way(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Covariances (p, p) of the means of `values` (p, scenes, seeds): of scenes, of seeds, and of the residual.

    The first two hold the residual, too (Searle, Casella and McCulloch 1992, two-way random model). NaN with one scene;
    the last two are 0 with one seed.
    """
    width, scenes, seeds = values.shape
    by_scene, by_seed, mean = values.mean(axis=2), values.mean(axis=1), values.mean(axis=(1, 2))
    rest = values - by_scene[:, :, None] - by_seed[:, None, :] + mean[:, None, None]
    found = []
    freedom = scenes - 1, max(seeds - 1, 1), (scenes - 1) * max(seeds - 1, 1)
    for part, divisor in zip((by_scene, by_seed, rest.reshape(width, -1)), freedom, strict=True):
        centred = part - part.mean(axis=1, keepdims=True)
        found.append(centred @ centred.T / part.shape[1] / divisor if divisor else np.full((width, width), np.nan))
    return tuple(found)


def average(estimates: Sequence[Estimate]) -> Estimate:
    """The mean of independent estimates, its degrees of freedom by Welch (1947) and Satterthwaite (1946)."""
    values, errors, freedom = np.array(estimates, dtype=float).T
    variances = errors**2
    total = variances.sum()
    squares = (variances**2 / freedom).sum()
    together = total**2 / squares if squares else freedom.sum()
    return Estimate(float(values.mean()), float(np.sqrt(total) / len(values)), float(together))


def crossed(statistic: Crossed, strata: Sequence[np.ndarray], seeds: int, resamples: int = 500) -> Joint:
    """Numbers with their covariances from resampling scenes, seeds, and both (Owen 2007, made unbiased).

    Of n clusters n − 1 are drawn with replacement, which makes the variance of a mean unbiased (McCarthy and Snowden
    1985): it matters with 3 seeds. The scenes of each stratum are drawn alone, so that each has a variance of its own.
    A number that is undefined in more than a tenth of the draws has no covariance (NaN).

    Args:
        statistic: one or p numbers from positions of scenes and positions of seeds, repeated ones included.
        strata: positions of scenes, in groups that are resampled apart; usually one group, `[np.arange(n)]`.
        seeds: the number of seeds.
        resamples: how often each is drawn.
    """
    every_seed, scenes = np.arange(seeds), np.concatenate(strata)
    drawn = [_draws("scenes", part, resamples) for part in strata]
    drawn_seeds = _draws("seeds", every_seed, resamples)
    values = np.atleast_1d(np.asarray(statistic(scenes, every_seed), dtype=float))
    by_scene = []
    for place, draws in enumerate(drawn):
        fixed = np.concatenate([*strata[:place], *strata[place + 1 :], np.array([], dtype=int)])
        by_scene.append(_covariance([statistic(np.concatenate([fixed, draw]), every_seed) for draw in draws]))
    freedom = tuple(len(part) - 1 for part in strata), seeds - 1
    if seeds == 1:
        return Joint(values, np.array(by_scene), np.zeros_like(by_scene[0]), sum(by_scene), freedom)
    by_seed = _covariance([statistic(scenes, draw) for draw in drawn_seeds])
    together = zip(*drawn, drawn_seeds, strict=True)
    both = _covariance([statistic(np.concatenate(parts), chosen) for *parts, chosen in together])
    return Joint(values, np.array(by_scene), by_seed, both, freedom)


def _draws(kind: str, positions: np.ndarray, resamples: int) -> np.ndarray:
    """Draws (resamples, n − 1) with replacement; the same for the same positions."""
    generator = np.random.default_rng(stable_seed("crossed", kind, *positions.tolist()))
    return generator.choice(positions, (resamples, max(len(positions) - 1, 1)))


def _covariance(values: Sequence[np.ndarray | float]) -> np.ndarray:
    """Of numbers (draws, p); an undefined one counts as its mean, with the variance of those that are defined."""
    values = np.reshape(np.asarray(values, dtype=float), (len(values), -1))
    known = np.isfinite(values)
    share = known.mean(axis=0)
    defined = share >= DEFINED
    if not defined.all():
        logger.warning("%d numbers are undefined in more than a tenth of the draws", np.count_nonzero(~defined))
    share = np.where(defined, share, np.nan)
    values = np.where(known, values, 0)
    centred = np.where(known, values - values.sum(axis=0) / known.sum(axis=0).clip(1), 0) / np.sqrt(share)
    return centred.T @ centred / (len(values) - 1)


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
