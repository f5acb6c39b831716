"""A and O of metrics as functions of how often each scene and seed counts, so that they can be halved and resampled."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from asymmetry.analysis import correlation, resampling


@dataclass(frozen=True)
class Assessed:
    """Assessment by scene.

    Attributes:
        scenes: names of the scenes of all datasets.
        frames: metric -> dataset -> (quality, score, position of the scene), each (images,).
    """

    scenes: tuple[str, ...]
    frames: Mapping[str, Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray]]]
    _known: dict[bytes, pd.Series] = field(default_factory=dict, init=False, repr=False, compare=False)

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
        """Without one dataset."""
        frames = {m: {d: a for d, a in known.items() if d != dataset} for m, known in self.frames.items()}
        return replace(self, frames=frames)

    def scores(self, counts: np.ndarray | None = None) -> pd.Series:
        """A of each metric with every scene taken `counts` (scenes,) times, once by default; NaN without images."""
        counts = np.ones(len(self.scenes), dtype=int) if counts is None else counts
        key = counts.tobytes()
        if key not in self._known:
            values = {metric: _mean_z(frames, counts) for metric, frames in self.frames.items()}
            self._known[key] = pd.Series(values, dtype=float)
        return self._known[key]

    def fewest_scenes(self, metrics: Sequence[str]) -> int:
        """The smallest number of scenes that any of `metrics` was assessed on in a dataset."""
        sizes = [len(np.unique(scene)) for metric in metrics for _, _, scene in self.frames[metric].values()]
        return min(sizes, default=0)

    def halves(self, splits: int) -> Iterator[tuple[pd.Series, pd.Series]]:
        """A on random halves of the scenes."""
        for pair in resampling.halves(self.scenes, [0], splits):
            yield tuple(self.scores(np.isin(self.scenes, list(half)).astype(int)) for half, _ in pair)


def _mean_z(frames: Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray]], counts: np.ndarray) -> float:
    values = []
    for quality, score, scene in frames.values():
        rows = np.repeat(np.arange(len(scene)), counts[scene])
        values.append(correlation.fisher_z(correlation.srcc(quality[rows], score[rows])))
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else np.nan


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

    def halves(self, splits: int) -> Iterator[tuple[pd.Series, pd.Series]]:
        """O on random halves of scenes and seeds."""
        for pair in resampling.halves(self.scenes, self.seeds, splits):
            yield tuple(
                self.ranked(np.isin(self.scenes, list(s)).astype(int), np.isin(self.seeds, list(k)).astype(int))
                for s, k in pair
            )


def reliability(halves: Sequence[tuple[pd.Series, pd.Series]], names: Sequence[str]) -> float:
    """Split-half reliability of the ranking of `names`: Spearman-Brown on the mean correlation of the halves.

    Args:
        halves: pairs of scores by name, one pair a random split; a pair that lacks a name's score is left out.
        names: what is ranked.
    """
    known = [(a.reindex(names).to_numpy(), b.reindex(names).to_numpy()) for a, b in halves]
    return resampling.spearman_brown([correlation.srcc(a, b) for a, b in known])
