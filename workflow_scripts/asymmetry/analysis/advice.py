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
from asymmetry.analysis.claims.study import KEYS, scale_of, standardised
from asymmetry.analysis.claims.words import listed, number
from asymmetry.analysis.judges import FIDELITY
from asymmetry.analysis.optimization import CELL, scene_scores
from asymmetry.artifacts import atomic
from asymmetry.compute import stable_seed
from asymmetry.errors import UserError

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
        unit: one z of fidelity in the unit of its judge.
    """

    cells: Sequence[tuple[str, str, float]]
    seeds: Sequence[int]
    values: np.ndarray
    diverged: Sequence[int]
    unit: float

    @classmethod
    def of(cls, gained: pd.DataFrame, judge: str, spread: float) -> "Trained":
        """From a table of shape gains, the judge of fidelity, and the unit of that judge's gains.

        Where that judge does not count, or none of realism, there are no cells.
        """
        chosen = gained[(gained["judge"] == judge) | (gained["family"] != FIDELITY)]
        scores = scene_scores(chosen)
        measured = [scores[scores["measure"] == name][[*KEYS, "score"]] for name in MEASURES]
        if not all(len(part) for part in measured):
            return cls((), (), np.empty((2, 0, 0, 0)), (), np.nan)
        parts = [standardised(part) for part in measured]
        both = [matrices(part, set(part[CELL].itertuples(index=False, name=None))) for part in parts]
        cells, seeds = sorted(both[0]), sorted(parts[0]["seed"].unique())
        values = np.array([[own[cell].reindex(columns=seeds).to_numpy() for cell in cells] for own in both])
        gone = parts[0][parts[0]["status"] == "diverged"].groupby(CELL)["seed"].nunique()
        unit = spread * scale_of(measured[0])
        return cls(cells, seeds, values, [int(gone.get(cell, 0)) for cell in cells], unit)

    def means(self, scenes: np.ndarray, seeds: np.ndarray) -> np.ndarray:
        """Fidelity and realism (2, cells) on drawn scenes and seeds; a cell without a drawn seed keeps its own."""
        drawn, times = (
            np.bincount(*of) for of in ((scenes, None, self.values.shape[2]), (seeds, None, len(self.seeds)))
        )
        there = np.isfinite(self.values[0, :, 0])
        weights = there * times
        weights = np.where(weights.any(axis=1, keepdims=True), weights, there)
        by_seed = np.einsum("mcsk,s->mck", np.nan_to_num(self.values), drawn / len(scenes))
        return (by_seed * weights).sum(axis=2) / weights.sum(axis=1)


def front(points: np.ndarray) -> np.ndarray:
    """Which of the points (2, n) no other one beats: at least as good in both, better in one. Higher is better."""
    levels, level = np.unique(-points[0], return_inverse=True)  # of the first measure, the best first
    best = np.full(len(levels), -np.inf)
    np.maximum.at(best, level, points[1])
    before = np.concatenate([[-np.inf], np.maximum.accumulate(best)[:-1]])
    return (points[1] == best[level]) & (points[1] > before[level])


def advise(trained: Trained, preferences: Sequence[float], resamples: int = RESAMPLES) -> pd.DataFrame:
    """Shape `advice`, without the judge: every cell at each preference.

    Only cells with the most seeds are picked: of the others nobody knows what another seed would give.
    Intervals are over scenes and seeds (`inference.crossed`); how often a cell is picked, or on the front, is counted
    over bootstrap resamples of both. The pick is the best of many and so flatters itself: `distinct` asks whether its
    lead over another cell holds for all of them together (Bonferroni).

    Args:
        trained: the cells.
        preferences: shares of realism in the utility.
        resamples: how often scenes and seeds are drawn, for the intervals and for the shares.
    """
    if not trained.cells:
        return pd.DataFrame(columns=list(tables.SHAPES["advice"]))
    count, scenes = len(trained.cells), trained.values.shape[2]
    seeds = np.isfinite(trained.values[0, :, 0]).sum(axis=1)
    out = np.where(seeds == seeds.max(), 0.0, -np.inf)
    joint = inference.crossed(
        lambda s, k: trained.means(s, k).ravel(), [np.arange(scenes)], len(trained.seeds), resamples
    )
    points = joint.values.reshape(2, count)
    drawn = list(_draws(trained, resamples))
    best_known, fronts = front(points), np.mean([front(draw) for draw in drawn], axis=0)
    shown = _measured(joint, count, (trained.unit, 1.0))
    rows = []
    for preference in preferences:
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
                | {"distinct": _word(k != best and out[k] == 0 and _distinct(joint, count, best, k, factors))}
                | shown[k]
                | {"front": _word(best_known[k]), "front_share": fronts[k], "scenes": scenes}
                | {"seeds": int(seeds[k]), "diverged": trained.diverged[k]}
            )
    return pd.DataFrame(rows)


def _word(truth: bool) -> str:
    return "yes" if truth else "no"


def _weights(count: int, factors: dict[int, float], measures: np.ndarray) -> np.ndarray:
    """Factors of `Joint.contrast` for a utility of one cell, or of the difference of two."""
    weights = np.zeros((2, count))
    for cell, factor in factors.items():
        weights[:, cell] = factor * measures
    return weights.ravel()


def _distinct(joint: inference.Joint, count: int, best: int, other: int, measures: np.ndarray) -> bool:
    lead = joint.contrast(*_weights(count, {best: 1.0, other: -1.0}, measures))
    return bool(lead.interval(inference.simultaneous_level(count - 1))[0] > 0)


def _measured(joint: inference.Joint, count: int, units: Sequence[float]) -> list[dict[str, float]]:
    """Fidelity and realism of each cell with their intervals, each in its unit."""
    rows: list[dict[str, float]] = [{} for _ in range(count)]
    for name, factors in zip(MEASURES, np.diag(units), strict=True):
        for k, row in enumerate(rows):
            estimate = joint.contrast(*_weights(count, {k: 1.0}, factors))
            row |= dict(zip((name, f"{name}_low", f"{name}_high"), (estimate.value, *estimate.interval()), strict=True))
    return rows


def _draws(trained: Trained, resamples: int) -> Iterator[np.ndarray]:
    """Fidelity and realism (2, cells) on bootstrap resamples of scenes and seeds."""
    scenes, seeds = trained.values.shape[2:]
    generator = np.random.default_rng(stable_seed("advice", scenes, seeds))
    for _ in range(resamples):
        yield trained.means(generator.integers(scenes, size=scenes), generator.integers(seeds, size=seeds))


def advice_table(
    gains: Path, judges: Path, fidelity: str, unit: str, preferences: Sequence[float], output: Path, scale: str = ""
) -> None:
    """Write shape `advice`, and beside it the same in words (suffix .md).

    Args:
        gains: table of shape gains, of all cells.
        judges: table of shape judges, of the same cells.
        fidelity: the judge that fidelity is measured by.
        unit: the unit of its values, empty without one.
        preferences: shares of realism in the utility.
        output: path of the table.
        scale: the scale of the run, in words.

    Raises:
        UserError: that judge is not a full-reference one.
    """
    gained, known = tables.read(gains, "gains"), tables.read(judges, "judges").set_index("judge")
    judge = known.loc[fidelity]
    if judge["family"] != FIDELITY:
        others = ", ".join(known.index[known["family"] == FIDELITY]) or "none in this run"
        raise UserError(
            f"advice.fidelity: {fidelity} is a judge of realism ({judge['family']}).",
            f"full-reference judges: {others}",
        )
    frame = advise(Trained.of(gained, fidelity, judge["spread"]), preferences)
    frame = frame.assign(judge=fidelity, unit=unit)[list(tables.SHAPES["advice"])]
    missing = "" if judge["verdict"] == "valid" else f"{fidelity} does not count here ({judge['verdict']})"
    tables.write(frame, output, "advice")
    with atomic(output.with_suffix(".md")) as temporary:
        temporary.write_text(markdown(frame, scale, missing or "no judge of realism counts here"), encoding="utf-8")


def markdown(frame: pd.DataFrame, scale: str, missing: str = "") -> str:
    """Shape `advice` in words: the picks, the front, and what limits both; `missing` says why there is no advice."""
    head = f"# Which objective and discriminator this run would pick\n\nScale of the run: {scale}.\n\n"
    if not len(frame):
        return f"{head}No advice: {missing}.\n"
    picks = frame[frame["picked"] == "yes"]
    table = pd.DataFrame(
        {
            "share of realism": [f"{row.preference:g}" for row in picks.itertuples()],
            "pick": [_name(row) for row in picks.itertuples()],
            "utility": [_interval(row.utility, row.low, row.high) for row in picks.itertuples()],
            "picked in resamples": [f"{row.picked_share:.0%}" for row in picks.itertuples()],
            "significantly better than": [_beaten(frame, row.preference) for row in picks.itertuples()],
            "seeds": picks["seeds"],
            "higher, but with fewer seeds": [_untried(frame, row) for row in picks.itertuples()],
        }
    )
    once = _once(frame).sort_values("fidelity", ascending=False)
    likely = once[(once["front"] == "yes") | (once["front_share"] >= 0.1)]
    judge, unit = frame["judge"].iloc[0], frame["unit"].iloc[0]
    digits = 2 if once["fidelity"].abs().max() >= 1 else 4  # decibels, or the small numbers of LPIPS
    pareto = pd.DataFrame(
        {
            "cell": [_name(row) for row in likely.itertuples()],
            f"gain in {judge}{f', {unit}' if unit else ''}": [
                _interval(row.fidelity, row.fidelity_low, row.fidelity_high, digits) for row in likely.itertuples()
            ],
            "realism (z of O)": [
                _interval(row.realism, row.realism_low, row.realism_high) for row in likely.itertuples()
            ],
            "on the front": likely["front"],
            "in resamples": [f"{row.front_share:.0%}" for row in likely.itertuples()],
            "seeds": likely["seeds"],
        }
    )
    return (
        f"{head}Fidelity is measured by {judge}, realism by the optimization score O. Both are gains over the"
        " pretrained generator, which is at 0; higher is better. In the utility, (1 − share) · fidelity + share ·"
        " realism, each is in robust standard deviations over cells. The pick is the best of the cells with the"
        " most seeds. In brackets: 95 % intervals over scenes and seeds.\n\n"
        f"{table.to_markdown(index=False, disable_numparse=True)}\n\n"
        "## The Pareto front\n\nThe cells that no other cell beats in both, and those that are on the front in at least"
        " 10 % of the resamples. z of O: O over its own robust standard deviation over cells.\n\n"
        f"{pareto.to_markdown(index=False, disable_numparse=True)}\n\n"
        f"## How far to trust it\n\n{_limits(frame)}\n"
    )


def _once(frame: pd.DataFrame) -> pd.DataFrame:
    """Every cell once: what does not depend on the preference."""
    return frame.drop_duplicates(CELL)


def _limits(frame: pd.DataFrame) -> str:
    cells, scenes, most = _once(frame), int(frame["scenes"].min()), int(frame["seeds"].max())
    said = [
        f"The pick is the best of {len(cells)} cells, so its utility is too high on average. Each interval is for one"
        " number alone. A share of resamples is not the probability that a cell is the best."
    ]
    if (cells["fidelity"] <= 0).all():
        said.append(
            "No cell is more faithful than the pretrained generator: for fidelity alone, training no further is the"
            " better pick."
        )
    fewer = int((cells["seeds"] < most).sum())
    if fewer:
        said.append(
            f"{fewer} of the cells have fewer than {most} seeds; with a single seed, an interval is over scenes alone"
            " and too narrow."
        )
    if scenes < FEWEST_SCENES or most < FEWEST_SEEDS:
        said.append(
            f"With {scenes} scenes and at most {most} seed(s) this is a list of candidates to train again, not a"
            " recommendation."
        )
    gone = cells[cells["diverged"] > 0]
    if len(gone):
        names = listed([_name(row) for row in gone.itertuples()])
        said.append(f"Trainings that diverged count as worse than all others; they are among those of: {names}.")
    return " ".join(said)


def _untried(frame: pd.DataFrame, pick: object) -> str:
    """The best cell at the pick's preference if it has fewer seeds."""
    best = frame[frame["preference"] == pick.preference].nlargest(1, "utility")
    return next((_name(row) for row in best.itertuples() if row.seeds < pick.seeds), "none")


def _beaten(frame: pd.DataFrame, preference: float) -> str:
    others = frame[(frame["preference"] == preference) & (frame["picked"] == "no")]
    return f"{int((others['distinct'] == 'yes').sum())} of {len(others)} others"


def _name(row: object) -> str:
    return (
        row.objective if row.discriminator == "none" else f"{row.objective} with {row.discriminator} at {row.weight:g}"
    )


def _interval(value: float, low: float, high: float, digits: int = 2) -> str:
    def text(one: float) -> str:
        return number(one) if np.isnan(one) else f"{one:.{digits}f}".replace("-", "−")

    return f"{text(value)} [{text(low)}, {text(high)}]"
