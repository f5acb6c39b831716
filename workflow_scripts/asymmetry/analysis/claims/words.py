"""The claims in words: what the study states, what is asked here, what is compared, and what no answer can say."""

from collections.abc import Sequence
from typing import NamedTuple

from asymmetry.analysis.names import number, p_text

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
        "rank correlation of A and O over metrics, corrected for noise",
        "The answer is about these metrics only, and treats the estimated reliabilities as exact.",
    ),
    "C2": Words(
        "This mismatch is larger with an adversarial term than without.",
        "Do ranks in assessment and in optimization agree less with an adversarial term than without?",
        "asymmetry index (1 − corrected rank correlation) with minus without adversarial term",
        "The answer is about these metrics and discriminators only, and treats the estimated reliabilities as exact.",
    ),
    "C3": Words(
        "Reconstruction + perceptual + adversarial gives the best balance of fidelity and realism.",
        "Is reconstruction + perceptual + adversarial (rec+perc+adv) better balanced than every other composition?",
        "balance of rec+perc+adv minus that of another composition",
        "The test cannot say what other factors of the terms would give; weighing fidelity and realism equally is a"
        " choice.",
    ),
    "C4": Words(
        "A metric on random weights, poor at assessment, beats stronger metrics as a loss in some settings.",
        "Is there a setting in which a random-weight metric assesses worse than another metric and yet trains better?",
        "random-weight metric against a stronger one",
        "One such pair is enough for the claim; it does not make random weights a good choice in general.",
    ),
    "C5": Words(
        "Patch-level discriminators reconstruct detail better than vanilla ones.",
        "Does training with a patch discriminator restore better than with a vanilla one, on each backbone?",
        "patch minus vanilla",
        "The size of a difference cannot be compared with the paper's +0.52 (VGG-16) and +0.38 (ResNet-50), whose score"
        " is not known; and a patch head on a convolutional backbone uses fewer of its layers.",
    ),
    "C6": Words(
        "Convolutional discriminators are better and more stable than Transformer ones, which degrade with the weight.",
        "Does training with a convolutional discriminator restore better than with a Transformer, and does O hold up"
        " better as the adversarial weight grows?",
        "convolutional minus Transformer",
        "The test cannot say why an architecture is unstable.",
    ),
    "C7": Words(
        "Discriminator features help quality models little: ImageNet is best, GAN a little better than random.",
        "How much do a discriminator's features (gan) help a quality model, compared with random and ImageNet weights?",
        "rank correlation with opinions (SRCC) on unseen scenes",
        "The test cannot say what a discriminator would learn with other objectives or in a longer training.",
    ),
    "C8": Words(
        "With synthetic distortions, convolutional backbones beat Transformers as quality models.",
        "On synthetic distortions, do convolutional backbones make better quality models than Transformers?",
        "rank correlation with opinions (SRCC) on unseen scenes, convolutional minus Transformer",
        "The answer says nothing about authentic distortions, nor about backbones of other sizes.",
    ),
    "C9": Words(
        "Discriminators suppress artefacts in optimization.",
        "Does training with a discriminator leave fewer artefacts than the same training without?",
        "with minus without discriminator",
        "The measures cannot tell wanted texture from an artefact where the reference is smooth.",
    ),
}

GLOSSARY = (
    "*A*, the assessment score: how well a metric agrees with human opinions. *O*, the optimization score, or"
    " *realism*: how real the pictures of a trained generator look. *Fidelity*: how close they are to the"
    " originals. O and fidelity are gains over the pretrained generator. *rec*, *perc*, *adv*: the reconstruction"
    " (L1), perceptual and adversarial term of what a generator is trained with. A *cell*: one objective with one"
    " discriminator at one adversarial weight, or with none. A *setting*: the same without the objective. *Robust"
    " standard deviation over cells*: the interquartile range of their means, divided by 1.349."
)


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
            f"{f'{name} = ' if name else ''}{number(value)} ({number(low)} to {number(high)})"
            for name, value, low, high, *_ in parts
        )
        unit = f", in {parts[0][-1]}" if parts[0][-1] else ""
        told.append(f"{words.compared[0].upper()}{words.compared[1:]}{unit}: {numbers}.")
        told.append(_wanted(parts))
    told += facts
    if reason:
        told.append(f"{verdict.capitalize()}: {reason}.")
    else:
        side = "claim's side" if verdict == "supported" else "other side"
        p = p_text(corrected)
        p = p if p.startswith("<") else f"= {p}"
        told.append(f"{verdict.capitalize()}: the interval lies on the {side} (corrected p {p}).")
    return " ".join([*told, *([] if verdict == "not tested" else [words.cannot])])


def _wanted(parts: Sequence[Told]) -> str:
    sides = [f"{'above' if above else 'below'} {margin:g}" for *_, above, margin, _ in parts]
    if len(parts) == 1:
        return f"The claim says that it is {sides[0]}."
    if len(set(sides)) == 1:
        return f"The claim says that all of them are {sides[0]}."
    said = (f"{part[0]} is {side}" for part, side in zip(parts, sides, strict=True))
    return f"The claim says that {', that '.join(said)}."


def listed(names: Sequence[str], limit: int = 8) -> str:
    """Names for people, at most `limit` of them."""
    names = list(dict.fromkeys(names))
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return "; ".join(names[:limit]) + more
