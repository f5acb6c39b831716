"""Which training to pick: the Pareto front of fidelity and realism, and the best cell for a given preference."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from asymmetry import tables
from asymmetry.analysis import inference
from asymmetry.analysis.asymmetry import FEWEST_SCENES, FEWEST_SEEDS
from asymmetry.analysis.claims.contrasts import matrices
from asymmetry.analysis.claims.study import KEYS, standardised
from asymmetry.analysis.claims.words import listed, number
from asymmetry.analysis.optimization import CELL, scene_scores
from asymmetry.artifacts import atomic
from asymmetry.compute import stable_seed

PREFERENCES = (0.0, 0.25, 0.5, 0.75, 1.0)
MEASURES = ("fidelity", "realism")
RESAMPLES = 2000


@dataclass(frozen=True)
class Trained:
    """Fidelity and realism of every cell.

    Attributes:
        cells: objective, discriminator and weight of each.
        seeds: seeds of all of them.
        values: z over cells (2, cells, scenes, seeds), NaN where not trained; diverged ones lie below all others.
        diverged: number of seeds of each cell that diverged.
    """

    cells: Sequence[tuple[str, str, float]]
    seeds: Sequence[int]
    values: np.ndarray
    diverged: Sequence[int]

    @classmethod
    def of(cls, gained: pd.DataFrame) -> "Trained":
        """From a table of shape gains; without judges of both measures there are no cells."""
        scores = scene_scores(gained)
        parts = [standardised(scores[scores["measure"] == name][[*KEYS, "score"]]) for name in MEASURES]
        if not all(len(part) for part in parts):
            return cls((), (), np.empty((2, 0, 0, 0)), ())
        both = [matrices(part, set(part[CELL].itertuples(index=False, name=None))) for part in parts]
        cells, seeds = sorted(both[0]), sorted(parts[0]["seed"].unique())
        values = np.array([[own[cell].reindex(columns=seeds).to_numpy() for cell in cells] for own in both])
        gone = parts[0][parts[0]["status"] == "diverged"].groupby(CELL)["seed"].nunique()
        return cls(cells, seeds, values, [int(gone.get(cell, 0)) for cell in cells])

    def means(self, scenes: np.ndarray, seeds: np.ndarray) -> np.ndarray:
        """Fidelity and realism (2, cells) on drawn scenes and seeds; a cell without a drawn seed keeps its own."""
        times = np.bincount(seeds, minlength=len(self.seeds))
        there = np.isfinite(self.values[0, :, 0])
        weights = there * times
        weights = np.where(weights.any(axis=1, keepdims=True), weights, there)
        by_seed = np.nan_to_num(self.values[:, :, scenes].mean(axis=2))
        return (by_seed * weights).sum(axis=2) / weights.sum(axis=1)


def front(points: np.ndarray) -> np.ndarray:
    """Which of the points (2, n) no other one beats: at least as good in both, better in one. Higher is better."""
    no_worse = (points[:, :, None] <= points[:, None, :]).all(axis=0)
    worse = (points[:, :, None] < points[:, None, :]).any(axis=0)
    return ~(no_worse & worse).any(axis=1)


def advise(trained: Trained, resamples: int = RESAMPLES) -> pd.DataFrame:
    """Shape `advice`: every cell at each preference.

    Only cells with the most seeds are picked: of the others nobody knows what another seed would give.
    Intervals are over scenes and seeds (`inference.crossed`); how often a cell is picked, or on the front, is counted
    over bootstrap resamples of both. The pick is the best of many and so flatters itself: `told_apart` asks whether its
    lead over another cell holds for all of them together (Bonferroni).
    """
    columns = list(tables.SHAPES["advice"])
    if not trained.cells:
        return pd.DataFrame(columns=columns)
    count, scenes = len(trained.cells), trained.values.shape[2]
    seeds = np.isfinite(trained.values[0, :, 0]).sum(axis=1)
    out = np.where(seeds == seeds.max(), 0.0, -np.inf)
    joint = inference.crossed(
        lambda s, k: trained.means(s, k).ravel(), [np.arange(scenes)], len(trained.seeds), RESAMPLES // 4
    )
    points = joint.values.reshape(2, count)
    drawn = list(_draws(trained, resamples))
    fronts = np.mean([front(draw) for draw in drawn], axis=0)
    shown = _measured(joint, points)
    rows = []
    for preference in PREFERENCES:
        factors = np.array([1 - preference, preference])
        utility = factors @ points
        best = int((utility + out).argmax())
        picks = np.bincount([int((factors @ draw + out).argmax()) for draw in drawn], minlength=count) / resamples
        for k, cell in enumerate(trained.cells):
            low, high = joint.contrast(*_weights(count, {k: 1.0}, factors)).interval()
            rows.append(
                dict(zip(CELL, cell, strict=True))
                | {"preference": preference, "utility": utility[k], "low": low, "high": high}
                | {"picked": _word(k == best), "picked_share": picks[k]}
                | {"told_apart": _word(k != best and out[k] == 0 and _told_apart(joint, count, best, k, factors))}
                | shown[k]
                | {"front": _word(front(points)[k]), "front_share": fronts[k], "scenes": scenes}
                | {"seeds": int(seeds[k]), "diverged": trained.diverged[k]}
            )
    return pd.DataFrame(rows, columns=columns)


def _word(truth: bool) -> str:
    return "yes" if truth else "no"


def _weights(count: int, factors: dict[int, float], measures: np.ndarray) -> np.ndarray:
    """Factors of `Joint.contrast` for a utility of one cell, or of the difference of two."""
    weights = np.zeros((2, count))
    for cell, factor in factors.items():
        weights[:, cell] = factor * measures
    return weights.ravel()


def _told_apart(joint: inference.Joint, count: int, best: int, other: int, measures: np.ndarray) -> bool:
    lead = joint.contrast(*_weights(count, {best: 1.0, other: -1.0}, measures))
    return bool(lead.interval(inference.simultaneous_level(count - 1))[0] > 0)


def _measured(joint: inference.Joint, points: np.ndarray) -> list[dict[str, float]]:
    """Fidelity and realism of each cell with their intervals."""
    rows: list[dict[str, float]] = [{} for _ in points[0]]
    for measure, (name, factors) in enumerate(zip(MEASURES, np.eye(2), strict=True)):
        for k, row in enumerate(rows):
            low, high = joint.contrast(*_weights(len(rows), {k: 1.0}, factors)).interval()
            row |= {name: points[measure, k], f"{name}_low": low, f"{name}_high": high}
    return rows


def _draws(trained: Trained, resamples: int) -> Iterator[np.ndarray]:
    """Fidelity and realism (2, cells) on bootstrap resamples of scenes and seeds."""
    scenes, seeds = trained.values.shape[2:]
    generator = np.random.default_rng(stable_seed("advice", scenes, seeds))
    for _ in range(resamples):
        yield trained.means(generator.integers(scenes, size=scenes), generator.integers(seeds, size=seeds))


def advice_table(gains: Path, output: Path, scale: str = "") -> None:
    """Write shape `advice`, and beside it the same in words (suffix .md).

    Args:
        gains: table of shape gains, of all cells.
        output: path of the table.
        scale: the scale of the run, in words.
    """
    frame = advise(Trained.of(tables.read(gains, "gains")))
    tables.write(frame, output, "advice")
    with atomic(output.with_suffix(".md")) as temporary:
        temporary.write_text(markdown(frame, scale), encoding="utf-8")


def markdown(frame: pd.DataFrame, scale: str) -> str:
    """Shape `advice` in words: the pick at each preference, the front, and what limits both."""
    head = f"# Which objective and discriminator this run would pick\n\nScale of the run: {scale}.\n\n"
    if not len(frame):
        return f"{head}No advice: there is no valid judge of fidelity, or none of realism.\n"
    picks = frame[frame["picked"] == "yes"]
    table = pd.DataFrame(
        {
            "share of realism": [f"{row.preference:g}" for row in picks.itertuples()],
            "pick": [_name(row) for row in picks.itertuples()],
            "utility": [_interval(row, "utility", "low", "high") for row in picks.itertuples()],
            "picked in resamples": [f"{row.picked_share:.0%}" for row in picks.itertuples()],
            "not told apart from": [_rivals(frame, row.preference) for row in picks.itertuples()],
            "seeds": picks["seeds"],
            "higher, but with fewer seeds": [_untried(frame, row) for row in picks.itertuples()],
        }
    )
    once = frame[frame["preference"] == PREFERENCES[0]].sort_values("fidelity", ascending=False)
    likely = once[(once["front"] == "yes") | (once["front_share"] >= 0.1)]
    pareto = pd.DataFrame(
        {
            "cell": [_name(row) for row in likely.itertuples()],
            "fidelity": [_interval(row, "fidelity", "fidelity_low", "fidelity_high") for row in likely.itertuples()],
            "realism": [_interval(row, "realism", "realism_low", "realism_high") for row in likely.itertuples()],
            "on the front": likely["front"],
            "in resamples": [f"{row.front_share:.0%}" for row in likely.itertuples()],
            "seeds": likely["seeds"],
        }
    )
    return (
        f"{head}Utility = (1 − share) · fidelity + share · realism, each the gain over the pretrained generator in"
        " robust standard deviations over cells; 0 is the pretrained generator. Picked is the best of the cells with"
        " the most seeds.\n\n"
        f"{table.to_markdown(index=False, disable_numparse=True)}\n\n"
        "## The Pareto front\n\nCells that no other beats in both, and those that come to the front in at least 10 % of"
        f" resamples.\n\n{pareto.to_markdown(index=False, disable_numparse=True)}\n\n## How far to trust it\n\n"
        f"{_limits(frame)}\n"
    )


def _limits(frame: pd.DataFrame) -> str:
    cells, scenes = frame[CELL].drop_duplicates(), int(frame["scenes"].min())
    most = int(frame["seeds"].max())
    said = [
        f"The pick is the best of {len(cells)} cells, which flatters its utility. Brackets are 95 % intervals over"
        " scenes and seeds, one at a time; a share of resamples is no probability of being the best."
    ]
    fewer = int((frame.loc[frame["preference"] == PREFERENCES[0], "seeds"] < most).sum())
    if fewer:
        said.append(
            f"{fewer} cells have fewer than {most} seeds: with one, intervals are over scenes alone and too narrow."
        )
    if scenes < FEWEST_SCENES or most < FEWEST_SEEDS:
        said.append(
            f"With {scenes} scenes and at most {most} seed(s) this is a sketch: a list of candidates to train again,"
            " not a recommendation."
        )
    gone = frame[(frame["diverged"] > 0) & (frame["preference"] == PREFERENCES[0])]
    if len(gone):
        names = listed([_name(row) for row in gone.itertuples()])
        said.append(f"Diverged in some seed, which counts below all others: {names}.")
    return " ".join(said)


def _untried(frame: pd.DataFrame, pick: object) -> str:
    """The best cell at the pick's preference if it has fewer seeds."""
    best = frame[frame["preference"] == pick.preference].nlargest(1, "utility")
    return next((_name(row) for row in best.itertuples() if row.seeds < pick.seeds), "none")


def _rivals(frame: pd.DataFrame, preference: float) -> str:
    others = frame[(frame["preference"] == preference) & (frame["picked"] == "no")]
    return f"{int((others['told_apart'] == 'no').sum())} of {len(others)} others"


def _name(row: object) -> str:
    return (
        row.objective if row.discriminator == "none" else f"{row.objective} with {row.discriminator} at {row.weight:g}"
    )


def _interval(row: object, name: str, low: str, high: str) -> str:
    return f"{number(getattr(row, name))} [{number(getattr(row, low))}, {number(getattr(row, high))}]"
