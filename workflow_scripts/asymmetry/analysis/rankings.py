"""A and O of metrics as functions of how often each scene and seed counts, so that they can be resampled.

And the reliability of their rankings: what Spearman's correlation to expect between two independent repetitions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import special

from asymmetry.analysis import correlation, inference

ROUNDS = 200
NOISE = 1e-3  # below this reliability the search for it has ended at 0


@dataclass(frozen=True)
class Assessed:
    """Assessment by scene.

    Attributes:
        scenes: names of the scenes of all datasets.
        frames: metric -> dataset -> (quality, score, position of the scene), each (images,).
    """

    scenes: tuple[str, ...]
    frames: Mapping[str, Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray]]]
    _known: dict[tuple[str, bytes], np.ndarray] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, loaded: Mapping[str, Mapping[str, pd.DataFrame]]) -> "Assessed":
        """From metric -> dataset -> table of shape assessment."""
        scenes = sorted({s for frames in loaded.values() for frame in frames.values() for s in frame["scene"]})
        position = {scene: k for k, scene in enumerate(scenes)}
        arrays = {
            metric: {
                dataset: (f["quality"].to_numpy(), f["score"].to_numpy(), f["scene"].map(position).to_numpy())
                for dataset, f in frames.items()
            }
            for metric, frames in loaded.items()
        }
        return cls(tuple(scenes), arrays)

    def without(self, dataset: str) -> "Assessed":
        """Without one dataset; what is known of the others is kept."""
        frames = {m: {d: a for d, a in known.items() if d != dataset} for m, known in self.frames.items()}
        return replace(self, frames=frames)

    def scores(self, counts: np.ndarray | None = None) -> pd.Series:
        """A of each metric with every scene taken `counts` (scenes,) times, once by default; NaN without images."""
        counts = np.ones(len(self.scenes), dtype=int) if counts is None else counts
        values = np.array([self._fisher(dataset, counts) for dataset in self.places])
        known = np.isfinite(values)
        with np.errstate(invalid="ignore"):
            means = np.where(known, values, 0).sum(axis=0) / known.sum(axis=0)
        return pd.Series(means if len(values) else np.nan, index=list(self.frames), dtype=float)

    def variances(self, metrics: Sequence[str]) -> np.ndarray:
        """Error variances (metrics, metrics) of the differences of A, by the jackknife over the scenes of a dataset."""
        parts = np.zeros((len(metrics), len(self.scenes)))
        rows = [list(self.frames).index(metric) for metric in metrics]
        for dataset, places in self.places.items():
            if len(places) < 2:
                return np.full((len(metrics), len(metrics)), np.nan)
            all_but_one = 1 - np.eye(len(self.scenes), dtype=int)[places]
            without = np.array([self._fisher(dataset, counts)[rows] for counts in all_but_one])
            scale = np.sqrt((len(places) - 1) / len(places))
            parts[:, places] += np.nan_to_num(scale * (without.mean(axis=0) - without)).T
        sizes = np.array([len(self.frames[metric]) for metric in metrics])
        parts = parts / np.maximum(sizes, 1)[:, None]
        return np.square(parts[:, None] - parts[None]).sum(axis=2)

    def fewest_scenes(self, metrics: Sequence[str]) -> int:
        """The smallest number of scenes that any of `metrics` was assessed on in a dataset."""
        sizes = [len(np.unique(scene)) for metric in metrics for _, _, scene in self.frames[metric].values()]
        return min(sizes, default=0)

    @cached_property
    def places(self) -> dict[str, np.ndarray]:
        """Positions of the scenes of each dataset."""
        names = sorted({dataset for frames in self.frames.values() for dataset in frames})
        scenes = {name: [frames[name][2] for frames in self.frames.values() if name in frames] for name in names}
        return {name: np.unique(np.concatenate(parts)) for name, parts in scenes.items()}

    def _fisher(self, dataset: str, counts: np.ndarray) -> np.ndarray:
        """Fisher-z SRCC (metrics,) on one dataset; NaN for a metric without it. Each set of counts is computed once."""
        key = dataset, counts[self.places[dataset]].tobytes()
        if key not in self._known:
            self._known[key] = np.array([_fisher_z(frames.get(dataset), counts) for frames in self.frames.values()])
        return self._known[key]


def _fisher_z(frame: tuple[np.ndarray, np.ndarray, np.ndarray] | None, counts: np.ndarray) -> float:
    if frame is None:
        return np.nan
    quality, score, scene = frame
    rows = np.repeat(np.arange(len(scene)), counts[scene])
    return float(correlation.fisher_z(correlation.srcc(quality[rows], score[rows])))


@dataclass(frozen=True)
class Trained:
    """Optimization by scene and seed, of one discriminator and weight.

    Attributes:
        objectives: their names.
        scenes: names of the scenes.
        seeds: the seeds.
        values: realism (objectives, scenes, seeds), NaN where not trained.
        diverged: (objectives, seeds), 1 where the training diverged.
    """

    objectives: tuple[str, ...]
    scenes: tuple[str, ...]
    seeds: tuple[int, ...]
    values: np.ndarray
    diverged: np.ndarray

    @classmethod
    def of(cls, rows: pd.DataFrame) -> "Trained":
        """From rows of one measure and setting as `optimization.scene_scores` gives them."""
        wide = rows.pivot_table(index="objective", columns=["scene", "seed"], values="score", sort=False)
        scenes, seeds = tuple(sorted(rows["scene"].unique())), tuple(sorted(rows["seed"].unique()))
        wide = wide.reindex(columns=pd.MultiIndex.from_product([scenes, seeds]))
        bad = rows.assign(bad=rows["status"].eq("diverged").astype(float))
        bad = bad.pivot_table(index="objective", columns="seed", values="bad", aggfunc="max")
        bad = bad.reindex(index=wide.index, columns=list(seeds)).fillna(0)
        values = wide.to_numpy(dtype=float).reshape(len(wide), len(scenes), len(seeds))
        return cls(tuple(wide.index), scenes, seeds, values, bad.to_numpy(dtype=float))

    def only(self, objectives: Sequence[str]) -> "Trained":
        """With these objectives alone, in this order."""
        rows = [self.objectives.index(name) for name in objectives]
        return replace(self, objectives=tuple(objectives), values=self.values[rows], diverged=self.diverged[rows])

    def ranked(self, scenes: np.ndarray | None = None, seeds: np.ndarray | None = None) -> pd.Series:
        """O of each objective, those with diverged seeds below all others, as `optimization.cell_scores` ranks them.

        Args:
            scenes: how often each scene counts (scenes,), once by default.
            seeds: how often each seed counts (seeds,), once by default.
        """
        by_scene = np.ones(len(self.scenes)) if scenes is None else scenes
        by_seed = np.ones(len(self.seeds)) if seeds is None else seeds
        there = np.isfinite(self.values)
        weights = there * by_scene[:, None] * by_seed
        total = weights.sum(axis=(1, 2))
        with np.errstate(invalid="ignore"):
            score = (np.where(there, self.values, 0) * weights).sum(axis=(1, 2)) / total
            share = (self.diverged * there.any(axis=1)) @ by_seed / (there.any(axis=1) @ by_seed)
        known = score[np.isfinite(score)]
        lowest = known.min() if len(known) else np.nan
        return pd.Series(np.where(share > 0, lowest - share, score), index=list(self.objectives), dtype=float)

    def fewest(self) -> tuple[int, int]:
        """The smallest number of scenes and of seeds that any objective has."""
        there = np.isfinite(self.values)
        counts = there.any(axis=2).sum(axis=1), there.any(axis=1).sum(axis=1)
        return tuple(int(c.min()) if len(c) else 0 for c in counts)

    def variances(self) -> np.ndarray:
        """Error variances (objectives, objectives) of the differences of O, scenes and seeds crossed.

        On the seeds that all objectives have; NaN without. A diverged seed counts as one unit below the worst
        objective of each scene: whether a training diverges is chance, too. The residual's share of the variance is
        that of all differences together.
        """
        seeds = np.isfinite(self.values).all(axis=(0, 1))
        width = len(self.values)
        if not seeds.any():
            return np.full((width, width), np.nan)
        values = self.values[:, :, seeds]
        values = np.where(self.diverged[:, None, seeds] > 0, values.min(axis=0) - 1, values)
        scenes, seeds, residual = (_of_differences(part) for part in inference.two_way(values))
        shared = min(residual.sum(), scenes.sum(), seeds.sum())
        total = scenes + seeds
        return total * (1 - shared / total.sum()) if total.sum() > 0 else total


def _of_differences(covariance: np.ndarray) -> np.ndarray:
    variances = np.diag(covariance)
    return np.maximum(variances[:, None] + variances[None] - 2 * covariance, 0)


def reliability(scores: np.ndarray, variances: np.ndarray) -> float:
    """Spearman's correlation to expect between the rankings of two independent repetitions of a study, in [0, 1].

    Two repetitions that err independently have Σ (E rank − mean rank)² over M (M² − 1) / 12 as their expected
    correlation, and E rank = 1 + Σ Φ(difference / its error) over the others. The true scores are taken to be the
    measured ones times √r, since noise spreads them, and r is that very correlation: it is found by iteration, from 1
    down. (M − 1) / (M + 1) undoes, to first order, that noise over a spread is overestimated from few metrics.
    0 where the ranking is no more than noise; NaN without known errors.

    Args:
        scores: of M metrics.
        variances: error variances (M, M) of their differences.
    """
    count = len(scores)
    if not np.isfinite(scores).all() or not np.isfinite(variances).all():
        return np.nan
    differences = scores[:, None] - scores[None]
    errors = np.sqrt(variances * (count - 1) / (count + 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        standardised = np.where(differences == 0, 0, differences / errors)
    found = 1.0
    for _ in range(ROUNDS):
        ranks = special.ndtr(np.sqrt(found) * standardised).sum(axis=1)
        before, found = found, float(np.square(ranks - ranks.mean()).sum() * 12 / (count * (count**2 - 1)))
        if before - found < NOISE**2:
            break
    return found if found > NOISE else 0.0
