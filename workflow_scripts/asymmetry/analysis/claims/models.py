"""Quality models on scenes that they have not seen, as functions of how often each scene and seed counts."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from asymmetry.analysis import correlation, inference
from asymmetry.analysis.transfer import shares

ARM = ["mode", "dataset", "backbone", "initialisation"]
PROTOCOL = "scene"
RESAMPLES = 500
Arm = tuple[str, str, str, str]


class Fold(NamedTuple):
    """The test images of one model: prediction and score as ranks without gaps, and the place of each image's scene."""

    seed: int
    prediction: np.ndarray
    score: np.ndarray
    scene: np.ndarray


class Models:
    """Mean Fisher-z SRCC within folds of every arm, jointly over scenes and seeds.

    A fold counts as often as its scenes do, and its images as often as their scene. Scenes of a dataset are a stratum.
    Resampling the scenes that are tested leaves out that other scenes would have been trained on: the variance over
    scenes is multiplied by 1 + tested / trained (Nadeau and Bengio 2003, where each scene counts once).
    Only models that leave scenes out; leaving out families of distortions is another question.

    Args:
        predictions: shape predictions with the columns mode, dataset, backbone, initialisation and seed.
        resamples: how often scenes and seeds are drawn; `RESAMPLES` by default.

    Attributes:
        arms: mode, dataset, backbone and initialisation of each.
        seeds: the seeds.
        joint: their correlations, with covariances over scenes and seeds.
    """

    def __init__(self, predictions: pd.DataFrame, resamples: int | None = None) -> None:
        predictions = predictions[predictions["protocol"] == PROTOCOL]
        names = pd.MultiIndex.from_frame(predictions[["dataset", "scene"]].drop_duplicates()).sort_values()
        datasets = names.get_level_values("dataset")
        self._strata = {dataset: np.flatnonzero(datasets == dataset) for dataset in datasets.unique()}
        self._count = len(names)
        self.seeds = sorted(int(seed) for seed in predictions["seed"].unique())
        placed = predictions.assign(
            place=names.get_indexer(pd.MultiIndex.from_frame(predictions[["dataset", "scene"]]))
        )
        self._folds = {
            arm: [_fold(seed, part) for (seed, _), part in frame.groupby(["seed", "fold"], sort=False)]
            for arm, frame in placed.groupby(ARM, sort=False)
        }
        self.arms: list[Arm] = list(self._folds)
        self._known: dict[tuple[str, bytes], np.ndarray] = {}
        joint = inference.crossed(self._statistic, list(self._strata.values()), len(self.seeds), resamples or RESAMPLES)
        trained = [shares(predictions[predictions["dataset"] == dataset])[1] for dataset in self._strata]
        self.joint = joint.widened([1 + 1 / share for share in trained])

    def scenes(self, arms: Sequence[Arm]) -> int:
        """The smallest number of scenes that any of the arms was tested on."""
        return min(len(np.unique(np.concatenate([fold.scene for fold in self._folds[arm]]))) for arm in arms)

    def combine(self, *weights: Mapping[Arm, float]) -> inference.Joint:
        """Weighted sums of arms, jointly."""
        w = np.array([[one.get(arm, 0.0) for arm in self.arms] for one in weights])
        used = np.flatnonzero(w.any(axis=0))
        w, own = w[:, used], np.ix_(used, used)
        strata = np.array([w @ part[own] @ w.T for part in self.joint.strata])
        seeds, both = (w @ part[own] @ w.T for part in (self.joint.seeds, self.joint.both))
        return inference.Joint(w @ self.joint.values[used], strata, seeds, both, self.joint.freedom)

    def _statistic(self, scenes: np.ndarray, seeds: np.ndarray) -> np.ndarray:
        counts = np.bincount(scenes, minlength=self._count)
        values = np.empty((len(self.arms), len(self.seeds)))
        for dataset, places in self._strata.items():
            own = [k for k, arm in enumerate(self.arms) if arm[1] == dataset]
            key = dataset, counts[places].tobytes()
            if key not in self._known:
                self._known[key] = np.array([self._by_seed(self._folds[self.arms[k]], counts) for k in own])
            values[own] = self._known[key]
        times = np.bincount(seeds, minlength=len(self.seeds))
        return _weighted(values, np.broadcast_to(times, values.shape))

    def _by_seed(self, folds: Sequence[Fold], counts: np.ndarray) -> np.ndarray:
        z = np.full((len(self.seeds), len(folds)), np.nan)
        weights = np.zeros_like(z)
        for k, fold in enumerate(folds):
            row, times = self.seeds.index(fold.seed), counts[fold.scene]
            weights[row, k] = times.mean()
            z[row, k] = correlation.fisher_z(weighted_srcc(fold.prediction, fold.score, times))
        return _weighted(z, weights)


def _fold(seed: int, frame: pd.DataFrame) -> Fold:
    ranks = [np.unique(correlation.finite(frame[name]), return_inverse=True)[1] for name in ("prediction", "score")]
    return Fold(int(seed), *ranks, frame["place"].to_numpy())


def weighted_srcc(first: np.ndarray, second: np.ndarray, times: np.ndarray) -> float:
    """Spearman's correlation of two arrays (N,) of ranks without gaps, each point taken `times` (N,) times.

    The same as `correlation.srcc` of the repeated points, without sorting them anew.
    """
    total = times.sum()
    if total < correlation.FEWEST:
        return np.nan
    middles = []
    for ranks in (first, second):
        sizes = np.bincount(ranks, weights=times)
        middles.append((np.cumsum(sizes) - sizes / 2)[ranks] - total / 2)
    cross, *squares = ((a * b * times).sum() for a, b in (middles, middles[:1] * 2, middles[1:] * 2))
    return float(cross / np.sqrt(squares[0] * squares[1])) if min(squares) > 0 else 0.0


def _weighted(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted mean over the last axis of what is known; NaN where nothing is."""
    w = np.where(np.isfinite(values), weights, 0.0)
    with np.errstate(invalid="ignore"):
        return (np.where(w > 0, values, 0.0) * w).sum(axis=-1) / w.sum(axis=-1)
