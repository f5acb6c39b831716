"""Claims on trainings: C3 composition, C5 patch against vanilla, C9 artefacts."""

from collections.abc import Mapping, Sequence

import pandas as pd

from asymmetry.analysis.claims.claim import Claim
from asymmetry.analysis.claims.contrasts import Collected, Comparison, Contrast, compare
from asymmetry.analysis.claims.study import Cell, Study
from asymmetry.analysis.claims.words import number

ALONE = ("none", 0.0)
COMPOSITIONS = ("rec", "perc", "rec+perc", "rec+adv", "perc+adv")


def composition(study: Study) -> Claim:
    """C3: `rec+perc+adv` against each other composition on ½ (z of fidelity + z of realism): all differences above 0.

    Each comparison shares everything else: the metric of the perceptual term, the discriminator, its weight (the one
    that most cells share), scenes and seeds; it is pooled over metrics and discriminators.
    """
    rows = study.balance()
    if not len(rows):
        return Claim("C3", untested="no valid judge of fidelity, or none of realism")
    rivals = _rivals(study, study.cells(rows))
    if not any(rivals.values()):
        return Claim("C3", untested="rec+perc+adv was not trained at the weight that most cells share")
    collected = Collected(study.margins["difference"], study.margins["level"])
    for kind, contrasts in rivals.items():
        absent = f"{kind} was not trained beside rec+perc+adv"
        collected.add(kind, compare(rows, contrasts), absent)
    return collected.claim("C3")


def _rivals(study: Study, cells: Sequence[Cell]) -> dict[str, list[Contrast]]:
    """Composition -> contrasts of rec+perc+adv with it, whether its cells were trained or not."""
    kinds: Mapping[str, Mapping[str, str]] = study.facts["compositions"]
    named = {(own["kind"], own["metric"]): objective for objective, own in kinds.items()}
    found: dict[str, list[Contrast]] = {kind: [] for kind in COMPOSITIONS}
    for objective, discriminator, weight in cells:
        own = kinds.get(objective, {"kind": "", "metric": ""})
        if own["kind"] == "rec+perc" and discriminator != "none" and study.reference(weight):
            rec, perc = named.get(("rec", ""), ""), named.get(("perc", own["metric"]), "")
            here = (discriminator, weight)
            rivals = [(rec, *ALONE), (perc, *ALONE), (objective, *ALONE), (rec, *here), (perc, *here)]
            for kind, rival in zip(COMPOSITIONS, rivals, strict=True):
                setting = f"{objective} with {discriminator} at {weight:g}"
                found[kind].append(Contrast(setting, discriminator, {(objective, *here): 1.0, rival: -1.0}))
    return found


def heads(study: Study) -> Claim:
    """C5: patch − vanilla discriminator on each backbone, in O and in LPIPS where it counts, else in fidelity.

    All differences must be above 0. Pairs differ in the head alone, at the weight that most cells share; pooled over
    objectives. The paper's score is not known, so only the sign is compared with its +0.52 (VGG-16) and +0.38
    (ResNet-50).
    """
    pairs = study.facts["heads"]
    if not pairs:
        return Claim("C5", untested="no two discriminators of the run differ in the head alone")
    fidelity = "lpips" if len(study.measure("lpips")) else "fidelity"
    collected = Collected(study.margins["difference"], study.margins["level"])
    for measure, label in (("realism", "realism (O)"), (fidelity, fidelity)):
        rows = study.measure(measure)
        absent = "no objective was trained with both of a pair at the weight that most cells share"
        absent = absent if len(rows) else f"no valid judge of {label}"
        collected.add(label, compare(rows, pairs_of(study, pairs, rows)), absent, by_group=True)
    return collected.claim("C5")


def pairs_of(study: Study, pairs: Sequence[Mapping[str, str]], rows: pd.DataFrame) -> list[Contrast]:
    """First − second discriminator of each pair, for every objective and weight that has both."""
    cells = set(study.cells(rows))
    return [
        Contrast(
            f"{objective}: {pair['first']} − {pair['second']} at {weight:g}",
            pair["group"],
            {(objective, discriminator, weight): 1.0, (objective, pair["second"], weight): -1.0},
            study.reference(weight),
        )
        for pair in pairs
        for objective, discriminator, weight in sorted(cells)
        if discriminator == pair["first"] and (objective, pair["second"], weight) in cells
    ]


def _by_discriminator(label: str, comparison: Comparison) -> list[str]:
    means = {name: float(values.to_numpy().mean()) for name, values in comparison.groups().items()}
    text = ", ".join(f"{name} {number(value)}" for name, value in means.items())
    return [f"By discriminator, {label}: {text}."] if len(means) > 1 else []


def artefacts(study: Study) -> Claim:
    """C9: adversarial − none in excess local variance and in the spectral peak: both below 0.

    Each adversarial cell against the same objective without a discriminator, at the weight that most cells share;
    pooled over objectives and discriminators.
    """
    cells = study.cells(study.artefacts)
    contrasts = [
        Contrast(
            f"{objective}: {discriminator} at {weight:g} − none",
            discriminator,
            {(objective, discriminator, weight): 1.0, (objective, *ALONE): -1.0},
            study.reference(weight),
        )
        for objective, discriminator, weight in cells
        if discriminator != "none" and (objective, *ALONE) in cells
    ]
    collected, facts = Collected(0 - study.margins["difference"], study.margins["level"], above=False), []
    for measure, label in (
        ("excess_variance", "excess local variance (as a standard deviation)"),
        ("spectral_peak", "spectral peak"),
    ):
        rows = study.artefact(measure)
        comparison = compare(rows, contrasts, higher_is_better=False)
        absent = "no objective was trained with a discriminator, at the weight that most cells share, and without"
        collected.add(label, comparison, absent if len(rows) else f"no {label} was measured")
        facts += _by_discriminator(label, comparison)
    return collected.claim("C9", facts)
