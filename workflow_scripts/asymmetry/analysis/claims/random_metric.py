"""Claim C4: a metric on random weights, poor at assessment, against every metric that assesses better."""

from collections.abc import Mapping
from itertools import product

import numpy as np
import pandas as pd

from asymmetry.analysis import inference, resampling
from asymmetry.analysis.assessment import fisher_srcc
from asymmetry.analysis.asymmetry import at
from asymmetry.analysis.claims.claim import Claim, Part
from asymmetry.analysis.claims.contrasts import DEVIATIONS, Contrast, compare, mean
from asymmetry.analysis.claims.ranking import place_label
from asymmetry.analysis.claims.study import Study
from asymmetry.analysis.claims.words import listed, number

TEST = "t, scenes and seeds crossed; of each pair the weaker of A and O"
HIGHER, LOWER = "O, random − stronger", "A, stronger − random"


def random_weights(study: Study) -> Claim:
    """C4: in some setting, and against some metric, the random-weight metric has a lower A and a higher O.

    Every metric of the run with a higher A, in every setting where both were trained. Each pair is tested by the
    weaker of its two differences; of all pairs the best counts, with Holm's correction (its first step, Bonferroni).
    It is contradicted only if the random metric has the lower O against every one of them.
    """
    losses = study.facts["losses"]
    random = [name for name in study.facts["random_metrics"] if name in losses]
    if not random:
        return Claim("C4", untested="no assessed metric of the DISTS form on random weights was trained as a loss")
    stronger = _stronger(study, random)
    if not stronger:
        return Claim("C4", untested="no loss of the run assesses better than the one on random weights")
    pairs = _pairs(study, stronger)
    if not pairs:
        no_judge = "no valid judge of realism"
        alone = "the random-weight metric shares no setting with a stronger one"
        return Claim("C4", untested=alone if len(study.measure("realism")) else no_judge)
    level = study.margins["level"]
    details = [
        part.detail(label, level) for label, pair in pairs.items() for part in (pair._replace(name=HIGHER), pair.beside)
    ]
    leads = [pair.value for pair in pairs.values()]
    facts = [
        f"That is the pair with the smallest p; the random metric has the higher O in {sum(lead > 0 for lead in leads)}"
        f" of {len(pairs)} pairs ({number(min(leads))} to {number(max(leads))}), which are those with a lower A."
    ]
    return Claim(
        "C4",
        list(pairs.values()),
        somewhere=True,
        facts=facts,
        settings=listed(list(pairs)),
        test=TEST,
        details=details,
    )


def _stronger(study: Study, random: list[str]) -> dict[tuple[str, str], Part]:
    """(random, stronger) -> difference of A, for every loss with a higher A."""
    a, found = study.assessed.scores(), {}
    for name in random:
        for other in study.facts["losses"]:
            if other not in study.facts["random_metrics"] and a.get(other, np.nan) > a.get(name, np.nan):
                found[name, other] = assessment_difference(study, other, name)
    return {pair: part for pair, part in found.items() if part is not None}


def assessment_difference(study: Study, first: str, second: str) -> Part | None:
    """A of one metric − A of another: per dataset by the jackknife over scenes, datasets averaged (Welch)."""
    parts, scenes = [], []
    for dataset in sorted(set(study.assessed.frames[first]) & set(study.assessed.frames[second])):
        both = [_pseudo_values(study, metric, dataset) for metric in (first, second)]
        parts.append(inference.cluster_means(both[0] - both[1]).contrast(1))
        scenes.append(len(both[0]))
    if not parts:
        return None
    return Part(LOWER, inference.average(parts), 0.0, True, "Fisher's z", min(scenes), 1)


def _pseudo_values(study: Study, metric: str, dataset: str) -> np.ndarray:
    quality, score, scene = study.assessed.frames[metric][dataset]
    frame = pd.DataFrame({"quality": quality, "score": score})
    rows = [np.flatnonzero(scene == one) for one in np.unique(scene)]
    return resampling.jackknife(lambda chosen: fisher_srcc(frame.iloc[chosen]), rows)


def _pairs(study: Study, stronger: Mapping[tuple[str, str], Part]) -> dict[str, Part]:
    """Every random and stronger metric in every setting that has both: O, and A beside it."""
    losses, rows, pairs = study.facts["losses"], study.measure("realism"), {}
    for ((random, other), a), place in product(stronger.items(), study.facts["settings"]):
        where = (place["discriminator"], float(place["weight"]))
        terms = {(losses[random], *where): 1.0, (losses[other], *where): -1.0}
        label = f"{random} against {other}, {place_label(place)}"
        values = compare(at(rows, place), [Contrast(label, other, terms)]).pooled
        if values is not None:
            estimate, scenes = mean(values.to_numpy()), min(len(values), a.scenes)
            name, seeds = f"{HIGHER}, {label}", values.shape[1]
            pairs[label] = Part(name, estimate, 0.0, True, DEVIATIONS, scenes, seeds, beside=a)
    return pairs
