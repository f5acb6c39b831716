"""Claims on ranks: C1 agreement of assessment and optimization, C2 the same with and without adversarial term."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from asymmetry.analysis.asymmetry import FEWEST_METRICS, RELIABLE, Setting, at, correction, resampled
from asymmetry.analysis.claims.claim import Claim, Part
from asymmetry.analysis.claims.study import Study
from asymmetry.analysis.claims.words import listed, number
from asymmetry.analysis.judges import FIDELITY

RESAMPLES = 500


class Ranked(NamedTuple):
    """One adversarial setting: its name, its metrics and objectives, and both reliabilities."""

    label: str
    setting: Setting
    reliability_a: float
    reliability_o: float

    @property
    def factor(self) -> float:
        """What ρ is multiplied with to correct it for noise."""
        return correction(self.reliability_a, self.reliability_o)

    @property
    def reliable(self) -> bool:
        """Whether both reliabilities allow a verdict."""
        return min(self.reliability_a, self.reliability_o) >= RELIABLE  # False with NaN


def agreement(study: Study) -> Claim:
    """C1: the mean over settings of ρ(A, O) / √(rel A · rel O), below .5.

    Settings (discriminator and weight, or none) are those with three metrics or more. Where a reliability is below .5
    the correction explodes: such a setting is shown and not pooled.
    """
    rows = study.measure("realism")
    settings = [_ranked(study, place, at(rows, place)) for place in study.facts["settings"]]
    found = [one for one in settings if one]
    if not found:
        return Claim("C1", untested=_nothing(study))
    margin, reliable = study.margins["agreement"], [one for one in found if one.reliable]
    details = tuple(_detail(study, one, margin) for one in found)
    limits = () if reliable else (f"no setting has reliabilities of at least {RELIABLE}",)
    facts = [*_shared(study), *([_unreliable(found)] if len(reliable) < len(found) else [])]
    if not reliable:
        return Claim("C1", limits=limits, details=details, facts=facts)
    part = _corrected(study, reliable, margin)
    used = listed([f"{one.label} ({len(one.setting.metrics)} metrics)" for one in reliable])
    details = (part.detail("pooled", study.margins["level"]), *details)
    return Claim("C1", parts=[part], settings=used, facts=facts, details=details)


def increase(study: Study) -> Claim:
    """C2: the mean over discriminators of index with − index without adversarial term, above 0.

    Both on the same metrics and seeds; pooled are pairs whose reliabilities are all at least .5.
    """
    pairs = _with_and_without(study)
    if not pairs:
        return Claim("C2", untested=_nothing(study, "with and without an adversarial term"))
    margin, level = study.margins["difference"], study.margins["level"]
    reliable = [pair for pair in pairs if all(one.reliable for one in pair)]
    details = [
        _index_difference(study, [pair], margin).detail(pair[0].label, level, pair in reliable) for pair in pairs
    ]
    left = [_unreliable([one for pair in pairs for one in pair])] if len(reliable) < len(pairs) else []
    facts = [*_shared(study), *left]
    if not reliable:
        limits = (f"no pair of settings has reliabilities of at least {RELIABLE}",)
        return Claim("C2", limits=limits, details=details, facts=facts)
    part = _index_difference(study, reliable, margin)
    used = listed([f"{first.label} ({len(first.setting.metrics)} metrics)" for first, _ in reliable])
    details = (part.detail("pooled", level), *details)
    return Claim("C2", parts=[part], settings=used, facts=facts, details=details)


def _ranked(study: Study, place: Mapping[str, Any], rows: pd.DataFrame) -> Ranked | None:
    """One setting from its rows of realism; None below three metrics."""
    setting = Setting.of(rows, study.assessed, study.facts["losses"])
    if len(setting.metrics) < FEWEST_METRICS:
        return None
    return Ranked(place_label(place), setting, *setting.reliabilities(study.assessed))


def place_label(place: Mapping[str, Any]) -> str:
    """An adversarial setting in words."""
    alone = place["discriminator"] == "none"
    return "no discriminator" if alone else f"{place['discriminator']} at {place['weight']:g}"


def _with_and_without(study: Study) -> list[tuple[Ranked, Ranked]]:
    """Every adversarial setting and the one without, on the metrics and seeds that both have."""
    rows, pairs = study.measure("realism"), []
    alone = {"discriminator": "none", "weight": 0.0}
    for place in study.facts["settings"]:
        if place["discriminator"] != "none":
            both = [at(rows, place), at(rows, alone)]
            for key in ("objective", "seed"):
                shared = set(both[0][key]) & set(both[1][key])
                both = [part[part[key].isin(shared)] for part in both]
            first, second = _ranked(study, place, both[0]), _ranked(study, alone, both[1])
            pairs += [(first, second)] if first and second else []
    return pairs


def _corrected(study: Study, found: Sequence[Ranked], margin: float) -> Part:
    joint = resampled(study.assessed, [one.setting for one in found], RESAMPLES)
    estimate = joint.contrast(*(one.factor / len(found) for one in found))
    return Part("", estimate, margin, False, "", *_counts(study, found))


def _index_difference(study: Study, pairs: Sequence[tuple[Ranked, Ranked]], margin: float) -> Part:
    joint = resampled(study.assessed, [one.setting for pair in pairs for one in pair], RESAMPLES)
    signed = [sign * one.factor / len(pairs) for pair in pairs for sign, one in zip((-1, 1), pair, strict=True)]
    counts = _counts(study, [one for pair in pairs for one in pair])
    return Part("", joint.contrast(*signed), margin, True, "", *counts)


def _counts(study: Study, found: Sequence[Ranked]) -> tuple[int, int]:
    counts = [one.setting.counts(study.assessed) for one in found]
    return min(one["scenes"] for one in counts), min(one["seeds"] for one in counts)


def _detail(study: Study, one: Ranked, margin: float) -> dict:
    rho = one.setting.rho(study.assessed.scores())
    note = f"rho {number(rho)}, reliability of A {number(one.reliability_a)}, of O {number(one.reliability_o)}"
    part = _corrected(study, [one], margin)
    return part.detail(one.label, study.margins["level"], one.reliable, note)


def _shared(study: Study) -> list[str]:
    """Which judges of realism learned from opinions that are also in A: that alone makes the two agree."""
    counting = set(study.gains.loc[study.gains["family"] != FIDELITY, "judge"])
    shared = [
        f"{judge} ({', '.join(data)})" for judge, data in study.facts["shared_opinions"].items() if judge in counting
    ]
    return [f"Some judges were trained on opinions that A rests on, which favours agreement: {listed(shared)}."] * bool(
        shared
    )


def _unreliable(found: Sequence[Ranked]) -> str:
    left = [
        f"{one.label} (of A {number(one.reliability_a)}, of O {number(one.reliability_o)})"
        for one in found
        if not one.reliable
    ]
    return f"Left out, since a reliability is below {RELIABLE} and ranks are then noise: {listed(left)}."


def _nothing(study: Study, where: str = "in any setting") -> str:
    if not len(study.measure("realism")):
        return "no valid judge of realism"
    return f"fewer than {FEWEST_METRICS} assessed metrics were trained as losses {where}"
