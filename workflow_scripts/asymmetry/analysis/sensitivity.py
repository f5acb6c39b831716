"""Does the asymmetry depend on one judge, family of judges, dataset, seed or metric? Each is left out in turn."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from asymmetry import tables
from asymmetry.analysis import assessment, correlation, rankings
from asymmetry.analysis.asymmetry import Setting, at, summary
from asymmetry.analysis.judges import REALISM
from asymmetry.analysis.optimization import scene_scores

RESAMPLES = 100


def sensitivity_table(
    assessment_cells: Sequence[Mapping[str, Any]],
    datasets: Collection[str],
    trained_on: Mapping[str, Collection[str]],
    gains: Path,
    objectives: Mapping[str, str],
    settings: Sequence[Mapping[str, Any]],
    output: Path,
    resamples: int = RESAMPLES,
) -> None:
    """Write shape `sensitivity`: rho, index and verdict of each setting with everything, and with one thing left out.

    Judges keep their scale (the deviation over all cells), so that leaving one out changes nothing else. Where nothing
    would be left, as with the only judge, the row says so and has no numbers.

    Args:
        assessment_cells: dicts with `dataset`, `metric`, `assessment` (path).
        datasets: names of the full-reference datasets that count.
        trained_on: metric -> datasets that it has seen.
        gains: table of shape gains.
        objectives: metric -> the objective in which it is the loss, of one composition.
        settings: dicts with `discriminator` and `weight`.
        output: path of the table.
        resamples: number of draws of scenes and of seeds.
    """
    loaded = assessment.load(assessment_cells, datasets, trained_on)
    assessed = rankings.Assessed.of({metric: loaded[metric] for metric in objectives if metric in loaded})
    counting = [name for name in datasets if any(name in frames for frames in assessed.frames.values())]
    assessments = {"": assessed, **{name: assessed.without(name) for name in counting}}
    gained = tables.read(gains, "gains")
    realism = gained[gained["family"].isin(REALISM)]
    rows = []
    for setting in settings:
        here = {"discriminator": setting["discriminator"], "weight": float(setting["weight"])}
        chosen = at(realism, here)
        whole = _measure(chosen, assessed, objectives, resamples)
        rows.append(here | {"kind": "nothing", "left_out": ""} | whole[0] | {"rank_agreement": 1.0})
        for kind, name, part in _without(chosen):
            found, ranked, _ = _measure(part, assessed, objectives, resamples)
            agreement = _agreement(whole[1], ranked)
            rows.append(here | {"kind": kind, "left_out": name} | found | {"rank_agreement": agreement})
        for name in counting:
            found, _, a = _measure(chosen, assessments[name], objectives, resamples)
            agreement = _agreement(whole[2], a)
            rows.append(here | {"kind": "dataset", "left_out": name} | found | {"rank_agreement": agreement})
        for name in whole[2].index:
            fewer = {metric: objective for metric, objective in objectives.items() if metric != name}
            found, _, _ = _measure(chosen, assessed, fewer, resamples)
            rows.append(here | {"kind": "metric", "left_out": name} | found | {"rank_agreement": np.nan})
    tables.write(pd.DataFrame(rows, columns=list(tables.SHAPES["sensitivity"])), output, "sensitivity")


def _without(gained: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    for kind in ("judge", "family", "seed"):
        for name in gained[kind].unique():
            yield kind, str(name), gained[gained[kind] != name]


def _measure(
    gained: pd.DataFrame, assessed: rankings.Assessed, objectives: Mapping[str, str], resamples: int
) -> tuple[dict[str, Any], pd.Series, pd.Series]:
    """The numbers of a row; O by objective; A by metric, of the metrics that have both."""
    scenes = scene_scores(gained).query("measure == 'realism'")
    setting = Setting.of(scenes, assessed, objectives)
    a = assessed.scores().reindex(setting.metrics)
    facts = summary(assessed, setting, resamples)
    if not len(scenes) or not a.notna().any():
        facts["reason"] = "nothing is left"
    facts |= {f"index_interval_{end}": facts[f"index_{end}"] for end in ("low", "high")}
    return facts, setting.trained.ranked(), a


def _agreement(whole: pd.Series, changed: pd.Series) -> float:
    shared = changed.dropna().index.intersection(whole.dropna().index)
    return correlation.srcc(whole[shared].to_numpy(), changed[shared].to_numpy())
