"""Does rank in assessment predict rank in optimization? The asymmetry index of each adversarial setting.

index = 1 − ρ(A, O) / √(rel A · rel O): ρ is Spearman's over metrics, rel the split-half reliabilities. Without that
correction for attenuation (Spearman 1904) noise alone would look like asymmetry.
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from asymmetry import tables
from asymmetry.analysis import assessment, correlation, resampling
from asymmetry.analysis.optimization import cell_scores, scene_scores

RELIABLE = 0.5
FEWEST_SCENES, FEWEST_SEEDS, FEWEST_METRICS = 8, 3, 3


def reliability(halves: Sequence[tuple[pd.Series, pd.Series]], metrics: Collection[str]) -> float:
    """Split-half reliability of the ranking of `metrics`: Spearman-Brown on the mean correlation of the halves.

    Args:
        halves: pairs of scores by metric, one pair a random split.
        metrics: names of the metrics that are ranked.
    """
    known = [(a.reindex(metrics).to_numpy(), b.reindex(metrics).to_numpy()) for a, b in halves]
    complete = [(a, b) for a, b in known if np.isfinite(a).all() and np.isfinite(b).all()]
    return resampling.spearman_brown([correlation.srcc(a, b) for a, b in complete])


def assessment_halves(
    loaded: Mapping[str, Mapping[str, pd.DataFrame]], splits: int
) -> list[tuple[pd.Series, pd.Series]]:
    """Assessment scores A by metric on random halves of the scenes."""
    scenes = sorted({scene for frames in loaded.values() for frame in frames.values() for scene in frame["scene"]})
    return [
        tuple(pd.Series({m: assessment.score(frames, half) for m, frames in loaded.items()}) for half, _ in pair)
        for pair in resampling.halves(scenes, [0], splits)
    ]


def optimization_halves(scenes: pd.DataFrame, splits: int) -> list[tuple[pd.Series, pd.Series]]:
    """Ranked optimization scores by objective on random halves of scenes and seeds, `scenes` of one setting."""
    pairs = resampling.halves(sorted(scenes["scene"].unique()), sorted(scenes["seed"].unique()), splits)
    return [tuple(_ranked(scenes, chosen, seeds) for chosen, seeds in pair) for pair in pairs]


def _ranked(scenes: pd.DataFrame, chosen: Collection[str], seeds: Collection[int]) -> pd.Series:
    part = scenes[scenes["scene"].isin(chosen) & scenes["seed"].isin(seeds)]
    return cell_scores(part).set_index("objective")["ranked"]


def index(rho: float, reliability_a: float, reliability_o: float) -> float:
    """The asymmetry index; 0 for perfect agreement. NaN where a reliability is not positive or not known."""
    if not (reliability_a > 0 and reliability_o > 0):
        return np.nan
    return 1 - rho / np.sqrt(reliability_a * reliability_o)


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
    splits: int = 100,
) -> None:
    """Write the shapes `asymmetry-metrics` (ranks) and `asymmetry` (rho, reliabilities, index) of each setting.

    Args:
        assessment_cells: dicts with `dataset`, `metric`, `assessment` (path); for the reliability of A.
        datasets: names of the full-reference datasets that count.
        trained_on: metric -> datasets that it has seen.
        assessment_scores: table of shape assessment-scores.
        optimization_scores: table of shape optimization-scores.
        gains: table of shape gains.
        objectives: metric -> the objective in which it is the loss, of one composition.
        settings: dicts with `discriminator` and `weight`: the adversarial settings that are compared.
        metrics_output: path of shape `asymmetry-metrics`.
        summary_output: path of shape `asymmetry`.
        splits: number of random halves.
    """
    a = tables.read(assessment_scores, "assessment-scores").set_index("metric")
    o = tables.read(optimization_scores, "optimization-scores").query("measure == 'realism'")
    scenes = scene_scores(tables.read(gains, "gains")).query("measure == 'realism'")
    a_halves = assessment_halves(assessment.load(assessment_cells, datasets, trained_on), splits)
    details, summaries = [], []
    for setting in settings:
        here = {"discriminator": setting["discriminator"], "weight": float(setting["weight"])}
        detail = _ranks(a, _at(o, here).set_index("objective"), objectives).assign(**here)
        details.append(detail)
        both = detail.dropna(subset=["assessment", "_ranked"])
        chosen = _at(scenes, here)
        chosen = chosen[chosen["objective"].isin(both["objective"])]
        metric_of = dict(zip(both["objective"], both["metric"], strict=True))
        o_halves = [tuple(half.rename(metric_of) for half in pair) for pair in optimization_halves(chosen, splits)]
        summaries.append(
            here | _summary(both, reliability(a_halves, both["metric"]), reliability(o_halves, both["metric"]))
        )
    tables.write(pd.concat(details, ignore_index=True), metrics_output, "asymmetry-metrics")
    tables.write(pd.DataFrame(summaries), summary_output, "asymmetry")


def _at(frame: pd.DataFrame, setting: Mapping[str, Any]) -> pd.DataFrame:
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


def _summary(both: pd.DataFrame, reliability_a: float, reliability_o: float) -> dict[str, Any]:
    a, o = both["assessment"].to_numpy(), both["_ranked"].to_numpy()
    rho = correlation.srcc(a, o)
    counts = {"metrics": len(both), **{n: int(both[n].min()) if len(both) else 0 for n in ("scenes", "seeds")}}
    word, reason = verdict(**counts, reliability_a=reliability_a, reliability_o=reliability_o)
    low, high = leave_one_out(a, o)
    return counts | {
        "rho": rho,
        "rho_low": low,
        "rho_high": high,
        "reliability_assessment": reliability_a,
        "reliability_optimization": reliability_o,
        "index": index(rho, reliability_a, reliability_o),
        "verdict": word,
        "reason": reason,
    }
