"""How good each objective is at optimization: the scores of the trained generators by judge, family and measure.

For each judge: the oriented score minus that of the pretrained generator, divided by the robust deviation of that
judge over all cells. Averaged within a family; the families of realism are averaged into the optimization score O
(measure `realism`); the full-reference family is `fidelity` and is never mixed in.
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from asymmetry import artifacts, tables
from asymmetry.analysis import inference, resampling
from asymmetry.analysis.judges import FIDELITY, REALISM, read_baselines, read_judgement, validity
from asymmetry.errors import UserError, listing
from asymmetry.metrics.judges.independence import Facts, secondary

logger = logging.getLogger(__name__)
CELL = ["objective", "discriminator", "weight"]
MEASURES = ("realism", "fidelity", *REALISM)


def collect_judgements(cells: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """One table of all judgements: objective, discriminator, weight, seed, status, and shape judgement.

    Args:
        cells: dicts with `objective`, `discriminator`, `weight`, `seed`, and the paths `judgement` and `provenance`,
            and `external` where pyiqa judged, too.

    Raises:
        UserError: cells were judged on different scenes or by different judges.
    """
    parts = []
    for cell in cells:
        facts = {name: cell[name] for name in (*CELL, "seed")}
        parts.append(read_judgement(cell).assign(**facts, status=artifacts.read_json(cell["provenance"])["status"]))
    expected = set(zip(parts[0]["scene"], parts[0]["judge"], strict=True))
    uneven = [
        str(cell["judgement"])
        for cell, part in zip(cells, parts, strict=True)
        if set(zip(part["scene"], part["judge"], strict=True)) != expected
    ]
    if uneven:
        raise UserError(f"judged on other scenes or by other judges than {cells[0]['judgement']}:\n{listing(uneven)}")
    return pd.concat(parts, ignore_index=True)


def robust_deviation(values: pd.Series) -> float:
    """Interquartile range over 1.349, which is the standard deviation of a normal; where it is 0, the plain deviation.

    One exploded cell would otherwise set the scale of a judge, and with it the weight of that judge in O.
    """
    return stats.iqr(values, scale="normal") or values.std()


def gains(judged: pd.DataFrame, baselines: pd.DataFrame, judges: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Standardised gains over the pretrained generator, by cell, seed, scene and judge that counts (shape `gains`).

    Returns:
        The gains, and `judges` with the column `spread` (`robust_deviation` over cells, in the judge's own unit);
        a judge that tells no two cells apart becomes `cannot tell cells apart` and does not count.
    """
    pretrained = baselines[baselines["output"] == "pretrained"].set_index(["scene", "judge"])["quality"]
    keys = pd.MultiIndex.from_frame(judged[["scene", "judge"]])
    absent = sorted({f"{judge} on {scene}" for scene, judge in keys.unique().difference(pretrained.index)})
    if absent:
        raise UserError(f"the pretrained generator was not judged by:\n{listing(absent)}")
    gain = judged["quality"] - pretrained.reindex(keys).to_numpy()
    means = judged.groupby(["judge", *CELL])["quality"].mean()
    spread = means.groupby(level="judge").agg(robust_deviation)
    judges = judges[judges["judge"].isin(spread.index)].reset_index(drop=True)
    judges["spread"] = spread.reindex(judges["judge"]).to_numpy()
    blind = (judges["verdict"] == "valid") & ~(judges["spread"] > 0)
    judges.loc[blind, "verdict"] = "cannot tell cells apart"
    counting = judged["judge"].isin(judges.loc[judges["verdict"] == "valid", "judge"])
    table = judged.assign(gain=gain / spread.reindex(judged["judge"]).to_numpy())[counting]
    return table[list(tables.SHAPES["gains"])].reset_index(drop=True), judges


def scene_scores(gained: pd.DataFrame) -> pd.DataFrame:
    """Columns measure, objective, discriminator, weight, seed, status, scene, score: judges and families averaged."""
    keys = [*CELL, "seed", "status", "scene"]
    families = gained.groupby([*keys, "family"], sort=False)["gain"].mean().reset_index(name="score")
    realism = families[families["family"].isin(REALISM)]
    parts = [
        realism.groupby(keys, sort=False)["score"].mean().reset_index().assign(measure="realism"),
        families.rename(columns={"family": "measure"}).replace({"measure": {FIDELITY: "fidelity"}}),
    ]
    return pd.concat(parts, ignore_index=True)[["measure", *keys, "score"]]


def cell_scores(scenes: pd.DataFrame) -> pd.DataFrame:
    """Mean over scenes and seeds of each cell and measure, and `ranked`: the score with diverged cells below all.

    Args:
        scenes: what `scene_scores` gives, or a part of it.

    Returns:
        Columns measure, objective, discriminator, weight, score, ranked, seeds, scenes, diverged (number of seeds).
    """
    keys = ["measure", *CELL]
    groups = scenes.groupby(keys, sort=False)
    table = groups.agg(score=("score", "mean"), seeds=("seed", "nunique"), scenes=("scene", "nunique"))
    diverged = scenes[scenes["status"] == "diverged"].groupby(keys)["seed"].nunique()
    table["diverged"] = diverged.reindex(table.index, fill_value=0)
    lowest = table["score"].groupby(level="measure").transform("min")
    table["ranked"] = table["score"].where(table["diverged"] == 0, lowest - table["diverged"] / table["seeds"])
    return table.reset_index()


def score_table(scenes: pd.DataFrame) -> pd.DataFrame:
    """Shape `optimization-scores`: `cell_scores` with intervals (`mean_interval`) and the spread over seeds.

    A measure for which no judge counts has a row a cell without a score, and a note.
    """
    table = cell_scores(scenes)
    keys = ["measure", *CELL]
    by_cell = dict(list(scenes.groupby(keys)))
    limits, spreads = [], []
    for key in table[keys].itertuples(index=False, name=None):
        part = by_cell[key]
        limits.append(mean_interval(part, "score"))
        spreads.append(part.groupby("seed")["score"].mean().std())
    low, high = np.reshape(limits, (-1, 2)).T
    return table.assign(low=low, high=high, seed_spread=spreads, note="")


def mean_interval(rows: pd.DataFrame, column: str) -> tuple[float, float]:
    """The 95 % interval of a cell's mean: over scenes and seeds crossed; with one seed over scenes alone.

    Args:
        rows: columns `scene`, `seed` and `column`; every seed has the same scenes.
        column: what is averaged.
    """
    values = rows.pivot(index="scene", columns="seed", values=column).to_numpy()
    if values.shape[1] == 1:
        return resampling.mean_interval(values[:, 0])
    return inference.mean(values).interval()


def optimization_tables(
    cells: Sequence[Mapping[str, Any]],
    baselines: Sequence[Path],
    *,
    standing: Mapping[str, Facts],
    trained: Mapping[str, Facts],
    judges_output: Path,
    means_output: Path,
    gains_output: Path,
    scores_output: Path,
) -> None:
    """Write the shapes `judges`, `judge-means`, `gains` and `optimization-scores` of all cells of a run.

    Args:
        cells: as in `collect_judgements`: every cell of one task and generator.
        baselines: tables of shape baselines of that task and generator.
        standing: what each judge is built on (`judges` of `independence.secondary`).
        trained: what the run trains with (`trained` of `independence.secondary`).
        judges_output: path of shape `judges`.
        means_output: path of shape `judge-means`.
        gains_output: path of shape `gains`.
        scores_output: path of shape `optimization-scores`.
    """
    judged, base = collect_judgements(cells), read_baselines(baselines)
    valid, dependent = validity(base), secondary(standing, trained)
    valid.loc[valid["judge"].isin(dependent) & (valid["verdict"] == "valid"), "verdict"] = "secondary"
    for name, reason in dependent.items():
        logger.info("judge %s is secondary: %s", name, reason)
    gained, judges = gains(judged, base, valid)
    scores = _with_empty_measures(score_table(scene_scores(gained)), judged)
    means = judged.groupby([*CELL, "judge", "family"], sort=False)
    intervals = [mean_interval(part, "value") for _, part in means]
    table = means.agg(value=("value", "mean"), seeds=("seed", "nunique"), scenes=("scene", "nunique")).reset_index()
    table[["low", "high"]] = intervals
    downwards = judged["value"].ne(judged["quality"]).groupby(judged["judge"]).any()
    table["higher_is_better"] = np.where(downwards.reindex(table["judge"]), "no", "yes")
    tables.write(judges, judges_output, "judges")
    tables.write(table, means_output, "judge-means")
    tables.write(gained, gains_output, "gains")
    tables.write(scores, scores_output, "optimization-scores")


def _with_empty_measures(scores: pd.DataFrame, judged: pd.DataFrame) -> pd.DataFrame:
    """Add a row a cell for each measure without a valid judge, so that its absence is seen in every table."""
    counts = {
        "seeds": judged.groupby(CELL)["seed"].nunique(),
        "scenes": judged.groupby(CELL)["scene"].nunique(),
        "diverged": judged[judged["status"] == "diverged"].groupby(CELL)["seed"].nunique(),
    }
    cells = pd.DataFrame(counts).fillna({"diverged": 0}).reset_index()
    missing = [name for name in MEASURES if name not in set(scores["measure"])]
    parts = [scores, *(cells.assign(measure=name, note="no valid judge") for name in missing)]
    return pd.concat([part for part in parts if len(part)]).reindex(columns=list(tables.SHAPES["optimization-scores"]))
