"""The data of the figure of loss compositions."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from asymmetry import tables
from asymmetry.analysis.names import setting_text
from asymmetry.analysis.optimization import CELL, robust_deviation, scene_scores, score_table

MEASURES = ("fidelity", "realism", "balance")


def loss_composition_data(gains: Path, compositions: Mapping[str, Mapping[str, str]], output: Path) -> None:
    """Write shape `loss-composition`: the scores of the compositions, of each metric and adversarial setting.

    Shown are the metrics and settings in which the most compositions were trained (all six, if any has them). In each,
    only the seeds that all of its cells have count. Balance is the mean of fidelity and realism, scene by scene, each
    over its robust deviation over all cells.

    Args:
        gains: table of shape gains.
        compositions: objective -> `kind` (rec, perc or rec+perc) and `metric` (empty for rec).
        output: path of the table.
    """
    scenes = scene_scores(tables.read(gains, "gains"))
    scenes = scenes[scenes["measure"].isin(MEASURES)]
    wide = scenes.pivot(index=[*CELL, "seed", "status", "scene"], columns="measure", values="score")
    wide = wide.reindex(columns=list(MEASURES[:2]))
    for name, values in wide.items():
        means = values.dropna().groupby(CELL).mean()
        spread = robust_deviation(means) if len(means) else np.nan
        wide[name] = values / (spread if spread > 0 else 1.0)
    balance = wide.mean(axis=1, skipna=False).dropna().rename("score").reset_index().assign(measure="balance")
    scenes = pd.concat([scenes, balance], ignore_index=True)
    parts = [_scored(_common(scenes, group), *place) for place, group in _groups(scenes, compositions).items()]
    columns = list(tables.SHAPES["loss-composition"])
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    tables.write(table, output, "loss-composition")


def _groups(scenes: pd.DataFrame, compositions: Mapping[str, Mapping[str, str]]) -> dict[tuple[str, str], pd.DataFrame]:
    """The cells (columns of CELL and composition) of each metric and adversarial setting, where most were trained."""
    cells = scenes[CELL].drop_duplicates()
    cells = cells[cells["objective"].isin(compositions)]
    cells = cells.assign(composition=[compositions[name]["kind"] for name in cells["objective"]])
    settings = {}
    for metric in sorted({own["metric"] for own in compositions.values()} - {""}):
        shown = [name for name, own in compositions.items() if own["metric"] in ("", metric)]
        own = cells[cells["objective"].isin(shown)]
        without = own["discriminator"] == "none"
        for (discriminator, weight), part in own[~without].groupby(CELL[1:]):
            settings[metric, setting_text(discriminator, weight)] = pd.concat([own[without], part])
    most = max((len(group) for group in settings.values()), default=0)
    return {place: group for place, group in settings.items() if len(group) == most}


def _common(scenes: pd.DataFrame, group: pd.DataFrame) -> pd.DataFrame:
    """The rows of a group's cells, with their composition, of the seeds that all of them have (of all if none)."""
    rows = scenes.merge(group, on=CELL)
    seeds = rows.groupby(CELL)["seed"].agg(set)
    shared = set.intersection(*seeds)
    return rows[rows["seed"].isin(shared)] if shared else rows


def _scored(rows: pd.DataFrame, metric: str, adversary: str) -> pd.DataFrame:
    names = rows[["objective", "composition"]].drop_duplicates().set_index("objective")["composition"]
    scored = score_table(rows)
    return scored.assign(metric=metric, adversary=adversary, composition=scored["objective"].map(names))
