"""Claims on quality models: C7 what a discriminator's features are worth, C8 convolution against attention."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from asymmetry.analysis.claims.claim import Claim, Part
from asymmetry.analysis.claims.models import Arm, Models
from asymmetry.analysis.claims.study import Study
from asymmetry.analysis.claims.words import listed, number

IMAGENET = ("published", "file")
UNIT = "Fisher's z"
SIZE = 0.2
TEST = "t, scenes and seeds crossed; Fieller's interval of the ratio"
Weights = Mapping[Arm, float]


def features(study: Study, models: Models | None) -> Claim:
    """C7: imagenet − gan above 0, and (gan − random) / (imagenet − random) below .5 (Fieller's interval).

    Pooled over modes, datasets, backbones and discriminators; on scenes that were left out. `imagenet` is published
    weights or a file of the user's: a pretraining on generated pictures never stands in.
    """
    level, found = study.margins["level"], _by_kind(study, models)
    gans = [(kinds, gan) for kinds in found if "random" in kinds for gan in kinds.get("discriminator", [])]
    if not gans:
        return Claim("C7", untested="no backbone was a quality model both from random weights and from a discriminator")
    gains = {gan: {gan: 1.0, kinds["random"]: -1.0} for kinds, gan in gans}
    name = "gan − random"
    details = [_part(models, w, name, 0.0).detail(_label(gan), level) for gan, w in gains.items()]
    complete = [(kinds["imagenet"], kinds["random"], gan) for kinds, gan in gans if "imagenet" in kinds]
    if not complete:
        pooled = _part(models, _average(list(gains.values())), name, 0.0)
        low, high = pooled.interval(level)
        told = f"What there is: {name} {number(pooled.value)} ({number(low)} to {number(high)}, for itself) in {UNIT}."
        why = "no quality model started from ImageNet weights (published, or a file of one's own)"
        return Claim("C7", untested=why, facts=[told], details=[pooled.detail("pooled", level), *details])
    triples = [
        ({imagenet: 1.0, gan: -1.0}, {gan: 1.0, random: -1.0}, {imagenet: 1.0, random: -1.0})
        for imagenet, random, gan in complete
    ]
    parts = _worth(models, [_average(weights) for weights in zip(*triples, strict=True)], study.margins["share"])
    rows = [part.detail("pooled", level) for part in parts]
    for triple, (_, _, gan) in zip(triples, complete, strict=True):
        rows += [part.detail(_label(gan), level) for part in _worth(models, triple, study.margins["share"])]
    settings = listed([_label(gan) for _, _, gan in complete])
    return Claim("C7", parts, settings=settings, test=TEST, details=[*rows, *details])


def _by_kind(study: Study, models: Models | None) -> list[dict[str, Any]]:
    """Of each mode, dataset and backbone: its `random` and `imagenet` arm, and those of discriminators."""
    kinds, found = study.facts["initialisations"], {}
    for arm in models.arms if models else []:
        own, kind = found.setdefault(arm[:3], {}), kinds[arm[3]]
        if kind == "discriminator":
            own.setdefault(kind, []).append(arm)
        elif kind == "random" or kind in IMAGENET:
            own.setdefault("random" if kind == "random" else "imagenet", arm)
    return list(found.values())


def _worth(models: Models, triple: Sequence[Weights], share: float) -> list[Part]:
    """Imagenet − gan, and the ratio of the other two."""
    first = _part(models, triple[0], "imagenet − gan", 0.0)
    ratio = models.combine(*triple[1:])
    name = "(gan − random) / (imagenet − random)"
    return [first, Part(name, ratio.contrast(1, -share), share, False, "share", first.scenes, first.seeds, ratio)]


def architectures(study: Study, models: Models | None) -> Claim:
    """C8: convolutional − Transformer quality model of one initialisation, splits and size (20 %): above 0.

    On datasets with synthetic distortions (those with references), pooled over modes, datasets, initialisations and
    pairs of backbones; on scenes that were left out.
    """
    kinds, margin, level = study.facts["initialisations"], study.margins["difference"], study.margins["level"]
    arms = [arm for arm in (models.arms if models else []) if arm[1] in study.facts["synthetic"]]
    details, pooled, unequal = [], {}, set()
    for first, second in product(arms, repeat=2):
        twins = first[:2] == second[:2] and first[3] == second[3] and kinds[first[3]] != "discriminator"
        if twins and [study.facts["backbones"][arm[2]] for arm in (first, second)] == ["convolution", "attention"]:
            ratio = study.backbones.get(first[2], np.nan) / study.backbones.get(second[2], np.nan)
            near = abs(ratio - 1) <= SIZE
            label = f"{first[2]} − {second[2]} ({', '.join((*first[:2], first[3]))})"
            part = _part(models, {first: 1.0, second: -1.0}, "", margin)
            details.append(part.detail(label, level, near, f"{number(ratio)} times the parameters"))
            if near:
                pooled[label] = {first: 1.0, second: -1.0}
            else:
                unequal.add(f"{first[2]} and {second[2]}")
    if not pooled:
        why = "no convolutional and Transformer quality model of one initialisation on synthetic distortions"
        why = f"sizes differ by more than 20 % or are not known: {listed(sorted(unequal))}" if unequal else why
        return Claim("C8", untested=why, details=details)
    part = _part(models, _average(list(pooled.values())), "", margin)
    single = [row["estimate"] for row in details if row["pooled"] == "yes"]
    facts = [f"In single settings it goes from {number(min(single))} to {number(max(single))}."]
    return Claim(
        "C8", [part], facts=facts, settings=listed(list(pooled)), details=[part.detail("pooled", level), *details]
    )


def _label(arm: Arm) -> str:
    return f"{arm[2]} {arm[3]} ({', '.join(arm[:2])})"


def _average(weights: Sequence[Weights]) -> dict[Arm, float]:
    arms = dict.fromkeys(arm for one in weights for arm in one)
    return {arm: sum(one.get(arm, 0.0) for one in weights) / len(weights) for arm in arms}


def _part(models: Models, weights: Weights, name: str, margin: float) -> Part:
    counts = models.scenes(list(weights)), len(models.seeds)
    return Part(name, models.combine(weights).contrast(1), margin, True, UNIT, *counts)
