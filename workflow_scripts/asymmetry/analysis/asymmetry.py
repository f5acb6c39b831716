"""Does rank in assessment predict rank in optimization? The asymmetry index of each adversarial setting.

index = 1 − ρ(A, O) / √(rel A · rel O): ρ is Spearman's over metrics, rel the reliabilities of the two rankings. Without
that correction for attenuation (Spearman 1904) noise alone would look like asymmetry.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from asymmetry import tables
from asymmetry.analysis import assessment, correlation, inference, rankings
from asymmetry.analysis.optimization import scene_scores

RELIABLE = 0.5
FEWEST_SCENES, FEWEST_SEEDS, FEWEST_METRICS = 8, 3, 3


def index(rho: float, reliability_a: float, reliability_o: float) -> float:
    """The asymmetry index; 0 for perfect agreement. NaN where a reliability is not positive or not known."""
    return 1 - rho * correction(reliability_a, reliability_o)


def correction(reliability_a: float, reliability_o: float) -> float:
    """What ρ is multiplied with: 1 / √(rel A · rel O); NaN where a reliability is not positive or not known."""
    if not (reliability_a > 0 and reliability_o > 0):
        return np.nan
    return float(1 / np.sqrt(reliability_a * reliability_o))


def verdict(metrics: int, scenes: int, seeds: int, reliability_a: float, reliability_o: float) -> tuple[str, str]:
    """What an index is worth: `estimate`, or `inconclusive` or `undefined` with the reason."""
    if metrics < FEWEST_METRICS:
        return "undefined", f"{metrics} metrics, at least {FEWEST_METRICS} are needed"
    reasons = []
    if scenes < FEWEST_SCENES:
        reasons.append(f"{scenes} scenes, at least {FEWEST_SCENES} are needed")
    if seeds < FEWEST_SEEDS:
        reasons.append(f"{seeds} seeds, at least {FEWEST_SEEDS} are needed")
    for name, value in (("assessment", reliability_a), ("optimization", reliability_o)):
        if not value >= RELIABLE:
            reasons.append(f"reliability of {name} {value:.2f}, at least {RELIABLE} is needed")
    return ("inconclusive", "; ".join(reasons)) if reasons else ("estimate", "")


def leave_one_out(a: np.ndarray, o: np.ndarray) -> tuple[float, float]:
    """Lowest and highest Spearman's rho of two arrays (metrics,) with one metric left out; NaN below four metrics."""
    if len(a) <= FEWEST_METRICS:
        return np.nan, np.nan
    values = [correlation.srcc(np.delete(a, k), np.delete(o, k)) for k in range(len(a))]
    return min(values), max(values)


@dataclass(frozen=True)
class Setting:
    """One adversarial setting: optimization by objective, and the metrics that have both scores there.

    Attributes:
        trained: its objectives, of metrics that have both scores, in the order of `metrics`.
        metrics: names of these metrics.
    """

    trained: rankings.Trained
    metrics: tuple[str, ...]

    @classmethod
    def of(cls, rows: pd.DataFrame, assessed: rankings.Assessed, objectives: Mapping[str, str]) -> "Setting":
        """From the realism rows of one setting (`optimization.scene_scores`) and metric -> objective."""
        trained = rankings.Trained.of(rows)
        a = assessed.scores()
        known = [m for m, name in objectives.items() if name in trained.objectives and np.isfinite(a.get(m, np.nan))]
        return cls(trained.only([objectives[m] for m in known]), tuple(known))

    def only(self, metrics: Collection[str]) -> "Setting":
        """With these metrics alone."""
        pairs = [(m, o) for m, o in zip(self.metrics, self.trained.objectives, strict=True) if m in metrics]
        return Setting(self.trained.only([o for _, o in pairs]), tuple(m for m, _ in pairs))

    def rho(self, a: pd.Series) -> float:
        """Spearman's ρ of A and O over the metrics; NaN below three."""
        return correlation.srcc(a.reindex(self.metrics).to_numpy(), self.trained.ranked().to_numpy())

    def counts(self, assessed: rankings.Assessed) -> dict[str, int]:
        """Numbers of metrics, of scenes (the smaller of A and O) and of seeds."""
        scenes, seeds = self.trained.fewest()
        scenes = min(scenes, assessed.fewest_scenes(self.metrics))
        return {"metrics": len(self.metrics), "scenes": scenes, "seeds": seeds}

    def reliabilities(self, assessed: rankings.Assessed) -> tuple[float, float]:
        """Reliability of the rankings by A and by O; NaN below three metrics."""
        if len(self.metrics) < FEWEST_METRICS:
            return np.nan, np.nan
        a = assessed.scores().reindex(self.metrics).to_numpy(), assessed.variances(self.metrics)
        o = self.trained.ranked().to_numpy(), self.trained.variances()
        return rankings.reliability(*a), rankings.reliability(*o)


def resampled(assessed: rankings.Assessed, settings: Sequence[Setting], resamples: int = 500) -> inference.Joint:
    """ρ(A, O) of each setting, with covariances from resampling scenes (of A and O jointly, by name) and seeds.

    Scenes that occur in the same datasets are resampled together; seeds are those of any setting, by number.
    """
    judged = sorted({scene for setting in settings for scene in setting.trained.scenes})
    universe = sorted({*assessed.scenes, *judged})
    seeds = sorted({seed for setting in settings for seed in setting.trained.seeds})
    in_a = np.searchsorted(universe, assessed.scenes)
    in_o = [np.searchsorted(universe, s.trained.scenes) for s in settings]
    of_seed = [np.searchsorted(seeds, s.trained.seeds) for s in settings]

    known = list(assessed.frames)
    rows = [[known.index(metric) for metric in setting.metrics] for setting in settings]

    def statistic(scenes: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        counts, times = np.bincount(scenes, minlength=len(universe)), np.bincount(chosen, minlength=len(seeds))
        a = assessed.scores(counts[in_a]).to_numpy()
        o = [s.trained.ranked(counts[i], times[k]).to_numpy() for s, i, k in zip(settings, in_o, of_seed, strict=True)]
        return np.array([correlation.srcc(a[mine], scores) for mine, scores in zip(rows, o, strict=True)])

    return inference.crossed(statistic, _strata(assessed, universe, judged), len(seeds), resamples)


def _strata(assessed: rankings.Assessed, universe: Sequence[str], judged: Collection[str]) -> list[np.ndarray]:
    """Positions in `universe`, in groups of scenes that occur in the same datasets and are judged alike."""
    sources: dict[str, set[str]] = {scene: {"judged"} if scene in judged else set() for scene in universe}
    for frames in assessed.frames.values():
        for dataset, (_, _, scene) in frames.items():
            for name in np.array(assessed.scenes)[np.unique(scene)]:
                sources[name].add(f"rated {dataset}")
    keys = np.array([" ".join(sorted(sources[scene])) for scene in universe])
    return [np.flatnonzero(keys == key) for key in np.unique(keys)]


def asymmetry_tables(
    assessment_cells: Sequence[Mapping[str, Any]],
    datasets: Collection[str],
    trained_on: Mapping[str, Collection[str]],
    assessment_scores: Path,
    optimization_scores: Path,
    gains: Path,
    objectives: Mapping[str, str],
    settings: Sequence[Mapping[str, Any]],
    *,
    metrics_output: Path,
    summary_output: Path,
    resamples: int = 500,
) -> None:
    """Write the shapes `asymmetry-metrics` (ranks) and `asymmetry` (rho, reliabilities, index) of each setting.

    Args:
        assessment_cells: dicts with `dataset`, `metric`, `assessment` (path).
        datasets: names of the full-reference datasets that count.
        trained_on: metric -> datasets that it has seen.
        assessment_scores: table of shape assessment-scores.
        optimization_scores: table of shape optimization-scores.
        gains: table of shape gains.
        objectives: metric -> the objective in which it is the loss, of one composition.
        settings: dicts with `discriminator` and `weight`: the adversarial settings that are compared.
        metrics_output: path of shape `asymmetry-metrics`.
        summary_output: path of shape `asymmetry`.
        resamples: number of draws of scenes and of seeds.
    """
    a = tables.read(assessment_scores, "assessment-scores").set_index("metric")
    o = tables.read(optimization_scores, "optimization-scores").query("measure == 'realism'")
    scenes = scene_scores(tables.read(gains, "gains")).query("measure == 'realism'")
    loaded = assessment.load(assessment_cells, datasets, trained_on)
    assessed = rankings.Assessed.of({metric: loaded[metric] for metric in objectives if metric in loaded})
    details, summaries = [], []
    for setting in settings:
        here = {"discriminator": setting["discriminator"], "weight": float(setting["weight"])}
        details.append(_ranks(a, at(o, here).set_index("objective"), objectives).assign(**here))
        chosen = Setting.of(at(scenes, here), assessed, objectives)
        summaries.append(here | summary(assessed, chosen, resamples))
    tables.write(pd.concat(details, ignore_index=True), metrics_output, "asymmetry-metrics")
    tables.write(pd.DataFrame(summaries), summary_output, "asymmetry")


def at(frame: pd.DataFrame, setting: Mapping[str, Any]) -> pd.DataFrame:
    """The rows of one `discriminator` and `weight`."""
    return frame[(frame["discriminator"] == setting["discriminator"]) & np.isclose(frame["weight"], setting["weight"])]


def _ranks(a: pd.DataFrame, o: pd.DataFrame, objectives: Mapping[str, str]) -> pd.DataFrame:
    """Scores and ranks (1 is best) of the metrics that were assessed and whose objective was trained in a setting."""
    pairs = [(metric, name) for metric, name in objectives.items() if metric in a.index and name in o.index]
    table = pd.DataFrame(pairs, columns=["metric", "objective"])
    for prefix, scores, key in (("assessment", a, "metric"), ("optimization", o, "objective")):
        matched = scores.reindex(table[key])
        table[prefix], table[f"{prefix}_low"], table[f"{prefix}_high"] = (
            matched[name].to_numpy(dtype=float) for name in ("score", "low", "high")
        )
    matched = o.reindex(table["objective"])
    table["_ranked"] = matched["ranked"].to_numpy(dtype=float)
    for name in ("seeds", "diverged"):
        table[name] = matched[name].to_numpy()
    table["scenes"] = np.minimum(matched["scenes"].to_numpy(), a["scenes"].reindex(table["metric"]).to_numpy())
    both = table["assessment"].notna() & table["_ranked"].notna()
    table["assessment_rank"] = table["assessment"].where(both).rank(ascending=False)
    table["optimization_rank"] = table["_ranked"].where(both).rank(ascending=False)
    table["shift"] = table["optimization_rank"] - table["assessment_rank"]
    return table


def summary(assessed: rankings.Assessed, setting: Setting, resamples: int) -> dict[str, Any]:
    """Rho, reliabilities, index, their intervals, and a verdict, as in shapes `asymmetry` and `sensitivity`."""
    a, counts = assessed.scores().reindex(setting.metrics), setting.counts(assessed)
    rho, reliabilities = setting.rho(a), setting.reliabilities(assessed)
    word, reason = verdict(**counts, reliability_a=reliabilities[0], reliability_o=reliabilities[1])
    lowest, highest = leave_one_out(a.to_numpy(), setting.trained.ranked().to_numpy())
    facts = {
        "rho": rho,
        "rho_low": lowest,
        "rho_high": highest,
        "reliability_assessment": reliabilities[0],
        "reliability_optimization": reliabilities[1],
        "index": index(rho, *reliabilities),
        "verdict": word,
        "reason": reason,
    }
    return counts | facts | _intervals(assessed, setting, correction(*reliabilities), resamples)


def _intervals(assessed: rankings.Assessed, setting: Setting, factor: float, resamples: int) -> dict[str, float]:
    """Intervals of rho, the corrected rho and the index, and p that the agreement is perfect (index 0)."""
    names = ("rho_corrected", "corrected_low", "corrected_high", "index_low", "index_high", "p_value")
    found = dict.fromkeys(("rho_interval_low", "rho_interval_high", *names), np.nan)
    if len(setting.metrics) < FEWEST_METRICS:
        return found
    joint = resampled(assessed, [setting], resamples)
    found["rho_interval_low"], found["rho_interval_high"] = joint.contrast(1).interval()
    if not np.isfinite(factor):
        return found
    estimate = joint.contrast(factor)
    low, high = estimate.interval()
    corrected = (estimate.value, low, high, 1 - high, 1 - low, estimate.p_value(1, "less"))
    return found | dict(zip(names, corrected, strict=True))
