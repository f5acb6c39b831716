"""Tests between two models on the same images: dependent correlations, and permutation by scene."""

from collections.abc import Callable

import numpy as np
from scipy import stats

from asymmetry.compute import stable_seed


def williams(first: float, second: float, between: float, count: int) -> tuple[float, float]:
    """Williams' (1959) t of two correlations that share a variable, as Steiger (1980, equation 7) advises: (t, p).

    Args:
        first: correlation of the first model with the opinions.
        second: correlation of the second model with the opinions.
        between: correlation of the two models.
        count: number of independent images, above 3; two-sided p with count − 3 degrees of freedom.
    """
    if first == second:
        return 0.0, 1.0
    if count <= 3:
        return np.nan, np.nan
    determinant = 1 - first**2 - second**2 - between**2 + 2 * first * second * between
    mean = (first + second) / 2
    spread = 2 * (count - 1) / (count - 3) * determinant + mean**2 * (1 - between) ** 3
    if spread <= 0:
        return np.nan, np.nan
    t = (first - second) * np.sqrt((count - 1) * (1 + between) / spread)
    return float(t), float(2 * stats.t.sf(abs(t), count - 3))


def meng(first: float, second: float, between: float, count: int) -> tuple[float, float]:
    """Meng, Rosenthal and Rubin's (1992) z of two correlations that share a variable: (z, two-sided p).

    Arguments as in `williams`.
    """
    if first == second:
        return 0.0, 1.0
    square = (first**2 + second**2) / 2
    if count <= 3 or between >= 1 or square >= 1:
        return np.nan, np.nan
    f = min((1 - between) / (2 * (1 - square)), 1)
    h = (1 - f * square) / (1 - square)
    z = (np.arctanh(first) - np.arctanh(second)) * np.sqrt((count - 3) / (2 * (1 - between) * h))
    return float(z), float(2 * stats.norm.sf(abs(z)))


def sign_flip(differences: np.ndarray, resamples: int = 9999) -> float:
    """Two-sided p that `differences` (clusters,) are symmetric about 0, by flipping their signs.

    All sign patterns are tried where there are at most `resamples` of them: with n clusters p is then no smaller
    than 2 / 2ⁿ, so 6 are needed for .05. 1 for a single cluster or for differences that are all 0.
    """
    differences = np.asarray(differences, dtype=float)
    if len(differences) < 2 or not differences.any():
        return 1.0
    found = stats.permutation_test(
        (differences,),
        lambda sample, axis: sample.mean(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=resamples,
        rng=np.random.default_rng(stable_seed("sign-flip", len(differences))),
    )
    return float(found.pvalue)


def swap_test(
    statistic: Callable[[np.ndarray], float],
    first: np.ndarray,
    second: np.ndarray,
    scenes: np.ndarray,
    resamples: int = 999,
) -> tuple[float, float]:
    """Permutation test between two models on the same images: in some scenes, the models change places.

    Where there are no more than `resamples` patterns of scenes, all are tried; p is two-sided. Scores of different
    scales are to be ranked first, or a swap mixes units.

    Args:
        statistic: what a model is worth from its scores (N,), such as its SRCC with the opinions.
        first: scores (N,) of one model.
        second: scores (N,) of the other, for the same images.
        scenes: the scene (N,) of each image.
        resamples: number of random patterns.

    Returns:
        statistic(first) − statistic(second), and p.
    """
    names, codes = np.unique(scenes, return_inverse=True)
    observed = statistic(first) - statistic(second)
    exact = len(names) < 63 and 2 ** len(names) <= resamples
    if exact:
        patterns = (np.arange(2 ** len(names))[:, None] >> np.arange(len(names))) & 1 > 0
    else:
        generator = np.random.default_rng(stable_seed("swap", len(names)))
        patterns = generator.random((resamples, len(names))) < 0.5
    swaps = (pattern[codes] for pattern in patterns)
    drawn = [statistic(np.where(s, second, first)) - statistic(np.where(s, first, second)) for s in swaps]
    extreme = np.count_nonzero(np.abs(drawn) >= abs(observed) - 1e-12)
    return float(observed), float(extreme / len(drawn) if exact else (extreme + 1) / (len(drawn) + 1))
