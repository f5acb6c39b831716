"""Claim C6: convolutional against Transformer discriminators, at one weight and over the sweep of the weight."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from asymmetry.analysis import inference
from asymmetry.analysis.claims.claim import Claim, Part
from asymmetry.analysis.claims.contrasts import DEVIATIONS, Collected, Comparison, among, compare, matrices
from asymmetry.analysis.claims.study import CELL, KEYS, Cell, Study
from asymmetry.analysis.claims.training import pairs_of
from asymmetry.analysis.claims.words import listed, number
from asymmetry.analysis.optimization import scene_scores

FEWEST_WEIGHTS = 3
ENOUGH_WEIGHTS = 6
CAPACITY = 0.2
RESAMPLES = 500
LEVEL, SLOPE = "O at the shared weight", "slope of O per tenfold of the weight"


class Sweep(NamedTuple):
    """One pair over the weight: O of both (2, weights, scenes, seeds), and log10 of the weights (weights,)."""

    label: str
    rate: str
    values: np.ndarray
    logs: np.ndarray


def architectures(study: Study) -> Claim:
    """C6: convolutional − Transformer in O at the reference weight, and in the Theil–Sen slope of O: all above 0.

    Pairs differ in the backbone alone and have sizes within 20 %; others are shown and do not count. At the reference
    weight each learning rate is a part of its own, and with a single one the verdict is at most `inconclusive`. The
    slope is per tenfold of the adversarial weight, over the cells of figure 7 (Theil 1950, Sen 1968); a Transformer
    that degrades faster makes the difference positive.
    """
    pairs = study.facts["architectures"]
    if not pairs:
        return Claim("C6", untested="no two discriminators of the run differ only in convolution or attention")
    margin, level, rows = study.margins["difference"], study.margins["level"], study.measure("realism")
    near = [pair for pair in pairs if abs(_times(study, pair) - 1) <= CAPACITY]
    shown = [replace(one, pooled=False) for pair in pairs if pair not in near for one in pairs_of(study, [pair], rows)]
    collected = Collected(margin, level)
    absent = "no objective was trained with both of a pair at the weight that most cells share"
    absent = absent if len(rows) else "no valid judge of realism"
    comparison = compare(rows, [*pairs_of(study, near, rows), *shown])
    collected.add(LEVEL, comparison, absent, by_group=True)
    if not near:
        sizes = listed(
            [f"{pair['first']} and {pair['second']} ({number(_times(study, pair))} times)" for pair in pairs]
        )
        why = f"sizes differ by more than 20 % or are not known, so architecture and size are confounded: {sizes}"
        return Claim("C6", untested=why, details=collected.details)
    sweeps = swept(study, near)
    if sweeps:
        part = _slope(sweeps, margin)
        collected.parts.append(part)
        collected.details.append(part.detail("pooled", level))
        collected.used += [f"sweep of {sweep.label}" for sweep in sweeps]
    else:
        collected.missing.append(f"no pair was trained at {FEWEST_WEIGHTS} weights or more")
    for sweep in sweeps:
        note = f"{len(sweep.logs)} weights"
        collected.details.append(_slope([sweep], margin).detail(sweep.label, level, True, note))
    rates = list(comparison.groups())
    limits = [f"all were trained at {rates[0]} alone, and another might reverse the order"] if len(rates) == 1 else []
    facts = [_stability(rows, comparison, near), _limits(study, near, sweeps)] if collected.parts else []
    return collected.claim("C6", facts, limits)


def _times(study: Study, pair: Mapping[str, str]) -> float:
    """How many times the parameters of the second discriminator the first one has; NaN if not known."""
    return study.discriminators.get(pair["first"], np.nan) / study.discriminators.get(pair["second"], np.nan)


def swept(study: Study, pairs: Sequence[Mapping[str, str]]) -> list[Sweep]:
    """The pairs that were trained at several weights, at the weights that both have."""
    if not len(study.sweep):
        return []
    rows = scene_scores(study.sweep).query("measure == 'realism'")[[*KEYS, "score"]]
    objective, found = study.facts["sweep"], []
    for pair in pairs:
        names = (pair["first"], pair["second"])
        of = [{w for o, d, w in study.cells(rows) if (o, d) == (objective, name)} for name in names]
        weights = sorted(of[0] & of[1])
        cells: list[Cell] = [(objective, name, weight) for name in names for weight in weights]
        tables = matrices(rows, set(cells))
        seeds = sorted(set.intersection(*(set(tables[cell].columns) for cell in cells))) if cells else []
        if len(weights) >= FEWEST_WEIGHTS and seeds:
            values = np.stack([tables[cell][seeds].to_numpy() for cell in cells])
            label = f"{names[0]} − {names[1]}"
            shape = (2, len(weights), *values.shape[1:])
            found.append(Sweep(label, pair["group"], values.reshape(shape), np.log10(weights)))
    most = max((sweep.values.shape[-1] for sweep in found), default=0)
    return [sweep for sweep in found if sweep.values.shape[-1] == most]


def _slope(sweeps: Sequence[Sweep], margin: float) -> Part:
    """Difference of the Theil–Sen slopes, averaged over pairs."""

    def difference(scenes: np.ndarray, seeds: np.ndarray) -> float:
        slopes = []
        for sweep in sweeps:
            both = sweep.values[:, :, scenes][..., seeds].mean(axis=(2, 3))
            first, second = (stats.theilslopes(o, sweep.logs).slope for o in both)
            slopes.append(first - second)
        return float(np.mean(slopes))

    scenes, seeds = sweeps[0].values.shape[2:]
    estimate = inference.crossed(difference, [np.arange(scenes)], seeds, RESAMPLES).contrast(1)
    return Part(SLOPE, estimate, margin, True, DEVIATIONS, scenes, seeds)


def _stability(rows: pd.DataFrame, comparison: Comparison, pairs: Sequence[Mapping[str, str]]) -> str:
    """Divergences, and the spread of O over seeds, of all cells of the pairs that are compared at some weight."""
    told = []
    for kind, key in (("convolutional", "first"), ("Transformer", "second")):
        names = {pair[key] for pair in pairs}
        cells = {cell for contrast, _ in comparison.all for cell in contrast.terms if cell[1] in names}
        chosen = rows[among(rows, cells)]
        runs = chosen.groupby([*CELL, "seed"]).agg(o=("score", "mean"), status=("status", "first"))
        spread = number(runs["o"].groupby(level=CELL).std().mean())
        gone = int((runs["status"] == "diverged").sum())
        told.append(
            f"{gone} of {len(runs)} {kind} trainings diverged, and their standard deviation of O over seeds is {spread}"
        )
    return f"Stability: {'; '.join(told)}."


def _limits(study: Study, pairs: Sequence[Mapping[str, str]], sweeps: Sequence[Sweep]) -> str:
    """What the comparison rests on: capacities, the learning rates of the sweeps, the number of weights."""
    ratios = [_times(study, pair) for pair in pairs]
    span = " to ".join(dict.fromkeys((number(min(ratios)), number(max(ratios)))))
    said = [f"the convolutional networks have {span} times the parameters"]
    rates = {sweep.rate for sweep in sweeps}
    if len(rates) == 1:
        said.append(f"the slope was measured at {rates.pop()} alone")
    few = min((len(sweep.logs) for sweep in sweeps), default=ENOUGH_WEIGHTS)
    if few < ENOUGH_WEIGHTS:
        said.append(f"{few} weights are few for a slope")
    text = "; ".join(said)
    return f"{text[0].upper()}{text[1:]}."
