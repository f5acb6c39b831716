"""Tables 1 and 2: trained generators by judge, and quality models by initialisation, with the best of each column."""

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from asymmetry import tables
from asymmetry.analysis import correlation
from asymmetry.analysis.names import INTERVAL, cell_text, counted, standing_in
from asymmetry.analysis.optimization import CELL, collect_judgements, scene_scores
from asymmetry.analysis.transfer import overlapping, tested_together, within_folds
from asymmetry.figures import best, tabular

MARK = "not valid here"
MEASURES = {"realism": "O, realism ↑", "fidelity": "fidelity ↑"}
CORRELATIONS = {"srcc": correlation.srcc, "plcc": correlation.plcc}
ARM = ["protocol", "backbone", "initialisation"]


def table1(
    judge_means: Path,
    judges: Path,
    optimization_scores: Path,
    gains: Path,
    cells: Sequence[Mapping[str, Any]],
    stem: Path,
    scale: str = "",
) -> None:
    """Write `<stem>.csv`, `.md`, `.tex`, `.html`: objective, discriminator and weight by judge, with O and fidelity.

    Args:
        judge_means: table of shape judge-means.
        judges: table of shape judges; a judge that does not count says so in its column's head.
        optimization_scores: table of shape optimization-scores.
        gains: table of shape gains.
        cells: as in `optimization.collect_judgements`: those of the tables above.
        stem: path of the tables without a suffix.
        scale: the scale of the run, for the note under the table.
    """
    means = tables.read(judge_means, "judge-means")
    verdicts = tables.read(judges, "judges").set_index("judge")["verdict"].to_dict()
    scores = tables.read(optimization_scores, "optimization-scores")
    scores = scores[scores["measure"].isin(list(MEASURES))]
    arrow = means["higher_is_better"].map({"yes": "↑", "no": "↓"})
    verdict = means["judge"].map(verdicts).map(lambda word: "" if word == "valid" else f" ({word})")
    long = pd.concat([
        means.assign(column=means["judge"] + verdict + " " + arrow),
        scores.rename(columns={"score": "value"}).assign(column=scores["measure"].map(MEASURES)),
    ])  # fmt: skip
    heads = dict(zip(means["judge"], long["column"][: len(means)], strict=True))
    judged = collect_judgements(cells)
    valid = judged[judged["judge"].map(verdicts) == "valid"]
    scored = scene_scores(tables.read(gains, "gains"))
    worth = pd.concat([
        valid.assign(column=valid["judge"].map(heads), worth=valid["quality"]),
        scored.assign(column=scored["measure"].map(MEASURES), worth=scored["score"]).dropna(subset="column"),
    ])  # fmt: skip
    diverged = scores.groupby(CELL)["diverged"].max()
    places = _places(_weighed(worth, diverged), CELL)
    note = [
        f"Mean over {counted(means['scenes'], 'scene')} and {counted(means['seeds'], 'seed')}. Brackets: {INTERVAL}.",
        "O and fidelity: gain over the pretrained generator in robust standard deviations over cells.",
        f"'{MARK}': the judge does not rank reference, pretrained generator, bicubic and noise as it should.",
        *_rule(places),
        _divergences(diverged),
        standing_in(means["objective"]),
        scale,
    ]
    tabular.write(long, CELL, stem, "Table 1: objective and discriminator by judge", note, places)


def _weighed(worth: pd.DataFrame, diverged: pd.Series) -> pd.DataFrame:
    """Without the cells of which a seed diverged, which are never best; weights as they are printed."""
    gone = diverged[diverged > 0].index
    kept = worth[~pd.MultiIndex.from_frame(worth[CELL]).isin(gone)]
    return kept.assign(weight=kept["weight"].map("{:g}".format))


def _places(worth: pd.DataFrame, keys: Sequence[str], within: str = "") -> dict[str, dict[Hashable, int]]:
    """Head of a column -> row -> place; `worth` has columns `keys`, column, scene, seed, worth (higher is better)."""
    found: dict[str, dict[Hashable, int]] = {}
    for (head, _), part in worth.groupby(["column", worth[within] if within else worth["column"]], sort=False):
        column = {row: own.pivot_table(index="scene", columns="seed", values="worth") for row, own in
                  part.groupby(list(keys), sort=False)}  # fmt: skip
        found[head] = found.get(head, {}) | best.places(column)
    return found


def _rule(places: Mapping[str, Mapping[Hashable, int]]) -> list[str]:
    return [
        best.RULE,
        "" if any(places.values()) else "No difference is significant: nothing is marked.",
    ]


def _divergences(diverged: pd.Series) -> str:
    names = [cell_text(*place) for place, count in diverged.items() if count]
    return f"A seed diverged (never best): {'; '.join(names)}." if names else ""


def table2(transfer: Path, cells: Sequence[Mapping[str, Any]], stem: Path, scale: str = "") -> None:
    """Write `<stem>.csv`, `.md`, `.tex`, `.html`: backbone and initialisation by mode and dataset, SRCC and PLCC.

    Args:
        transfer: table of shape transfer.
        cells: as in `transfer.transfer_table`: the models of that table.
        stem: path of the tables without a suffix.
        scale: the scale of the run, for the note under the table.
    """
    frame = tables.read(transfer, "transfer").sort_values("protocol", kind="stable", ascending=False)
    parts = []
    for name in CORRELATIONS:
        columns = {name: "value", f"{name}_low": "low", f"{name}_high": "high"}
        parts.append(frame.rename(columns=columns).assign(column=_head(frame, name)))
    long = pd.concat([part[[*ARM, "column", "value", "low", "high"]] for part in parts])
    places = _places(_worth(cells), ARM, within="protocol")
    note = [
        f"Within a fold, averaged over folds and {counted(frame['seeds'], 'seed')};",
        f"{counted(frame['scenes'], 'scene')}.",
        f"Brackets: {INTERVAL}.",
        "Left out: what no model of a fold has seen (a scene; or a family of distortions, and scenes).",
        "Best among the rows with the same left out. Scenes that are tested together count as one.",
        *_rule(places),
        standing_in(frame["initialisation"]),
        scale,
    ]
    long, keys = long.rename(columns={"protocol": "left out"}), ["left out", *ARM[1:]]
    tabular.write(long, keys, stem, "Table 2: quality models by initialisation", note, places)


def _head(frame: pd.DataFrame, name: str) -> pd.Series:
    return frame["mode"].str.upper() + " " + frame["dataset"] + f" {name.upper()} ↑"


def _worth(cells: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Fisher's z of each model by scenes tested together and seed: columns `ARM`, column, scene, seed and worth."""
    names = ("mode", "dataset", "backbone", "initialisation", "seed")
    rows = []
    for cell in cells:
        frame = tables.read(cell["predictions"], "predictions").assign(seed=cell["seed"])
        if any(overlapping(part) for _, part in frame.groupby("protocol")):
            continue  # random splits share scenes: no two of their models are compared
        for (protocol, scene), part in frame.groupby(["protocol", tested_together(frame)], sort=False):
            facts = {name: cell[name] for name in names} | {"protocol": protocol, "scene": scene}
            rows += [facts | {"name": n, "worth": within_folds(part, f)} for n, f in CORRELATIONS.items()]
    worth = pd.DataFrame(rows, columns=[*names, "protocol", "scene", "name", "worth"])
    heads = [_head(part, name) for name, part in worth.groupby("name", sort=False)]
    return worth.assign(column=pd.concat(heads) if heads else "").replace({"worth": {np.inf: np.nan}})
