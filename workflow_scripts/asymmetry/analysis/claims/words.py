"""The claims in words: what the study states, what is asked here, what is compared, and what no answer can say."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

Told = tuple[str, float, float, float, bool, float, str]  # name, estimate, low, high, above, margin, unit


class Words(NamedTuple):
    """Of one claim: what the study says, what is asked, what is compared, what the answer cannot say."""

    statement: str
    asked: str
    compared: str
    cannot: str


WORDS = {
    "C1": Words(
        "The rank of a fidelity metric in assessment does not predict its rank in optimization.",
        "Does a metric's rank in assessment (A) predict its rank as a loss (O)?",
        "rank correlation of A and O, corrected for noise",
        "It speaks of these metrics alone, and takes the reliabilities as known.",
    ),
    "C2": Words(
        "The mismatch is larger with an adversarial term than without.",
        "Do ranks in assessment and in optimization agree less with an adversarial term than without?",
        "asymmetry index with − without adversarial term",
        "It speaks of these metrics and discriminators alone, and takes the reliabilities as known.",
    ),
    "C3": Words(
        "Reconstruction + perceptual + adversarial gives the best balance of fidelity and realism.",
        "Is reconstruction + perceptual + adversarial (rec+perc+adv) better balanced than every other composition?",
        "balance of rec+perc+adv − that of another",
        "It cannot say what other factors of the terms would give, and a balance of half and half is a choice.",
    ),
    "C4": Words(
        "A metric on random weights, poor at assessment, beats stronger metrics as a loss in some settings.",
        "Is there a setting in which the random-weight metric assesses worse and trains better than another metric?",
        "random metric and stronger ones",
        "One such pair is enough for the claim; it does not make random weights a good choice in general.",
    ),
    "C5": Words(
        "Patch-level discriminators reconstruct detail better than vanilla ones.",
        "Does a patch discriminator restore better than a vanilla one on the same backbone?",
        "patch − vanilla",
        "Its size cannot be compared with the paper's +0.52 (VGG-16) and +0.38 (ResNet-50), whose score is not known;"
        " and a patch head on a convolutional backbone uses fewer of its layers.",
    ),
    "C6": Words(
        "Convolutional discriminators are better and more stable than Transformer ones, which degrade with the weight.",
        "Do convolutional discriminators restore better than Transformer ones, and does O hold up better as the"
        " adversarial weight grows?",
        "convolutional − Transformer",
        "It cannot say why an architecture is unstable.",
    ),
    "C7": Words(
        "Discriminator features help quality models little: ImageNet is best, GAN a little better than random.",
        "What are a discriminator's features worth to a quality model, between random and ImageNet weights?",
        "SRCC on unseen scenes",
        "It cannot say what other objectives or longer trainings would put into a discriminator.",
    ),
    "C8": Words(
        "With synthetic distortions, convolutional backbones beat Transformers as quality models.",
        "On synthetic distortions, do convolutional backbones make better quality models than Transformers?",
        "SRCC on unseen scenes, convolutional − Transformer",
        "It cannot speak of authentic distortions, nor of backbones of other sizes.",
    ),
    "C9": Words(
        "Discriminators suppress artefacts in optimization.",
        "Do trainings with a discriminator leave fewer artefacts than the same without?",
        "with − without discriminator",
        "It cannot tell wanted texture from artefact where the reference is smooth.",
    ),
}


def title(claim: str, part: str) -> str:
    """A part in full."""
    return f"{WORDS[claim].compared}: {part}" if part else WORDS[claim].compared


def sentence(
    claim: str, parts: Sequence[Told], facts: Sequence[str], verdict: str, reason: str, corrected: float
) -> str:
    """What was asked, what came out, how sure it is, and what it cannot say.

    Args:
        claim: C1 to C9.
        parts: those that are shown.
        facts: sentences beside them.
        verdict: the verdict.
        reason: why it is inconclusive or not tested.
        corrected: the corrected p.
    """
    words = WORDS[claim]
    told = [words.asked]
    if parts:
        numbers = "; ".join(
            f"{f'{name} ' if name else ''}{number(value)} ({number(low)} to {number(high)})"
            for name, value, low, high, *_ in parts
        )
        told.append(f"{words.compared[0].upper()}{words.compared[1:]}: {numbers}{_units(parts)}.")
        told.append(_wanted(parts))
    told += facts
    if reason:
        told.append(f"{verdict.capitalize()}: {reason}.")
    else:
        side = "claim's side" if verdict == "supported" else "other side"
        told.append(f"{verdict.capitalize()}: the interval lies on the {side} (corrected p {p_text(corrected)}).")
    return " ".join([*told, *([] if verdict == "not tested" else [words.cannot])])


def _units(parts: Sequence[Told]) -> str:
    units = dict.fromkeys(part[-1] for part in parts if part[-1])
    return f", in {' and '.join(units)}" if units else ""


def _wanted(parts: Sequence[Told]) -> str:
    sides = [f"{'above' if above else 'below'} {margin:g}" for *_, above, margin, _ in parts]
    if len(parts) == 1:
        return f"The claim wants it {sides[0]}."
    if len(set(sides)) == 1:
        return f"The claim wants all of them {sides[0]}."
    wanted = (f"{part[0]} {side}" for part, side in zip(parts, sides, strict=True))
    return f"The claim wants {' and '.join(wanted)}."


def number(value: float) -> str:
    """A number for people: two decimals below 10, `unknown` where there is none."""
    if np.isnan(value):
        return "unknown"
    if np.isinf(value):
        return "no upper end" if value > 0 else "no lower end"
    return f"{value:.2f}".replace("-", "−") if abs(value) < 10 else f"{value:.0f}".replace("-", "−")


def p_text(p: float) -> str:
    """A p value for people."""
    return "unknown" if np.isnan(p) else "< .001" if p < 0.001 else f"{p:.3f}".removeprefix("0")


def listed(names: Sequence[str], limit: int = 8) -> str:
    """Names for people, at most `limit` of them."""
    names = list(dict.fromkeys(names))
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return "; ".join(names[:limit]) + more
