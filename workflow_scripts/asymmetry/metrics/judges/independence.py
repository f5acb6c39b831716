"""Which judges are not independent of what was trained: they use the same network or the same data.

A judge's opinion of a picture that was optimised through its own network, or through one fitted on its own data, is
partly the objective's. Such a judge is `secondary`: it is shown, and counts neither in O nor in fidelity.

A network counts whatever its weights: random weights in the same architecture see much the same. ImageNet does not
count as shared data, since nearly every network of the study begins there; CLIP's picture-text pairs (`clip-pairs`) do.
"""

from collections.abc import Iterable, Mapping

Facts = Mapping[str, Iterable[str]]


def secondary(judges: Mapping[str, Facts], trained: Mapping[str, Facts]) -> dict[str, str]:
    """The judges that are not independent, and why.

    Args:
        judges: by name: `backbones`, the networks that the judge is built on, and `trained_on`, the data that it has
            seen beside ImageNet; a key that is missing means none.
        trained: the same of whatever the generators were trained with, by a label such as `objective rec-dists`. What
            data depends on the initialisation: random weights have seen none.

    Returns:
        The reason of each judge that shares something, such as `vgg-16 is in objective rec-dists`, in the order of
        `judges`: its first shared network or data set, and the first label that has it.
    """
    found = {}
    for name, judge in judges.items():
        for kind in ("backbones", "trained_on"):
            for thing in judge.get(kind, ()):
                label = next((label for label, other in trained.items() if thing in set(other.get(kind, ()))), None)
                if label and name not in found:
                    found[name] = f"{thing} is in {label}"
    return found
