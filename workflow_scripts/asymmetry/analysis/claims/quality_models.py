"""Claims on quality models: C7 what a discriminator's features are worth, C8 convolution against attention."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from asymmetry.analysis.claims.claim import Claim, Part
from asymmetry.analysis.claims.models import Arm, Models
from asymmetry.analysis.claims.study import Study
from asymmetry.analysis.claims.words import listed, number

IMAGENET = "imagenet"
UNIT = "Fisher's z"
SIZE = 0.2
TEST = "t, scenes and seeds crossed; Fieller's interval of the ratio"
Weights = Mapping[Arm, float]


def features(study: Study, models: Models | None) -> Claim:
    """C7: imagenet − gan and imagenet − random above 0, (gan − random) / (imagenet − random) below .5 (Fieller).

    Pooled over modes, datasets, backbones and discriminators; on scenes that were left out. `imagenet` is an
    initialisation whose weights were trained on ImageNet, published or from a file; of several, each has parts of its
    own. Weights from other data are shown and do not count.
    """
    level, share, found = study.margins["level"], study.margins["share"], _by_kind(study, models)
    gans = [(kinds, gan) for kinds in found if "random" in kinds for gan in kinds.get("discriminator", [])]
    if not gans:
        return Claim("C7", untested="no backbone was a quality model both from random weights and from a discriminator")
    gains = {gan: {gan: 1.0, kinds["random"]: -1.0} for kinds, gan in gans}
    name = "gan − random"
    details = [_part(models, w, name, 0.0).detail(_label(gan), level) for gan, w in gains.items()]
    counted: dict[str, list[tuple[Arm, Sequence[Weights]]]] = {}
    others: dict[str, None] = {}
    for kinds, gan in gans:
        for pretrained in kinds.get("pretrained", []):
            random, data = kinds["random"], study.facts["pretrained_on"][pretrained[2]][pretrained[3]]
            triple = ({pretrained: 1.0, gan: -1.0}, {pretrained: 1.0, random: -1.0}, {gan: 1.0, random: -1.0})
            note = f"{pretrained[3]} weights, trained on {data}"
            rows = [
                part.detail(_label(gan), level, data == IMAGENET, note) for part in _worth(models, triple, share, "")
            ]
            details += rows
            if data == IMAGENET:
                counted.setdefault(pretrained[3], []).append((gan, triple))
            else:
                others[f"{pretrained[2]} {pretrained[3]} ({data})"] = None
    started = listed(sorted({study.facts["starts"][gan[3]] for gan in gains}))
    facts = [f"The discriminators themselves were trained from these weights: {started}."]
    if others:
        facts.append(f"Shown in the details alone, since they were not trained on ImageNet: {listed(list(others))}.")
    if not counted:
        pooled = _part(models, _average(list(gains.values())), name, 0.0)
        low, high = pooled.interval(level)
        told = f"What there is: {name} {number(pooled.value)} ({number(low)} to {number(high)}, for itself) in {UNIT}."
        why = "no quality model started from weights that were trained on ImageNet (published, or in a file)"
        return Claim("C7", untested=why, facts=[told, *facts], details=[pooled.detail("pooled", level), *details])
    parts = []
    for source, own in counted.items():
        averages = [_average(weights) for weights in zip(*(triple for _, triple in own), strict=True)]
        parts += _worth(models, averages, share, f", {source}" if len(counted) > 1 else "")
    if any(part.ratio is not None and not part.defined for part in parts):
        facts.append("ImageNet weights are no better than random ones here, so that share says nothing.")
    settings = listed([_label(gan) for own in counted.values() for gan, _ in own])
    details = [*(part.detail("pooled", level) for part in parts), *details]
    return Claim("C7", parts, facts=facts, settings=settings, test=TEST, details=details)


def _by_kind(study: Study, models: Models | None) -> list[dict[str, Any]]:
    """Of each mode, dataset and backbone: its `random` arm, those of discriminators, and those `pretrained` elsewhere.

    A pretraining on generated pictures is none of them: it never stands in for ImageNet.
    """
    kinds, found = study.facts["initialisations"], {}
    for arm in models.arms if models else []:
        own, kind = found.setdefault(arm[:3], {}), kinds[arm[3]]
        if kind == "random":
            own.setdefault(kind, arm)
        elif kind == "discriminator":
            own.setdefault(kind, []).append(arm)
        elif kind in ("published", "file"):
            own.setdefault("pretrained", []).append(arm)
    return list(found.values())


def _worth(models: Models, triple: Sequence[Weights], share: float, source: str) -> list[Part]:
    """Imagenet − gan, imagenet − random, and the share of the latter that gan − random is."""
    first, second = (
        _part(models, weights, f"imagenet − {other}{source}", 0.0)
        for weights, other in zip(triple[:2], ("gan", "random"), strict=True)
    )
    ratio = models.combine(triple[2], triple[1])
    name = f"(gan − random) / (imagenet − random){source}"
    third = Part(name, ratio.contrast(1, -share), share, False, "", first.scenes, first.seeds, ratio)
    return [first, second, third]


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
