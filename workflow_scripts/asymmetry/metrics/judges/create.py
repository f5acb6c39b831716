"""Making a judge from its name in the registry, or from the user's own code."""

from pathlib import Path

import torch

from asymmetry import registry
from asymmetry.artifacts import load_tensors
from asymmetry.errors import UserError, unknown
from asymmetry.metrics.judges.base import FAMILIES, FittedJudge, Judge


def make_judge(object: str, **options: object) -> Judge:
    """A judge as its factory makes it, not yet fitted: built-in, or `package.module:Class` of the user's own."""
    judge = registry.create("judges", object, **options)
    if not isinstance(judge, Judge):
        raise UserError(f"{object!r} is not a judge.", f"derive it from {Judge.__module__}.{Judge.__name__}")
    if (family := getattr(judge, "family", "")) not in FAMILIES:
        raise UserError(unknown(f"family of judge {object!r}", family, FAMILIES))
    if not isinstance(getattr(judge, "higher_is_better", None), bool):
        raise UserError(f"judge {object!r} does not tell its direction.", "set higher_is_better to True or False")
    return judge


def create_judge(
    object: str, fitted: Path | None = None, device: torch.device = Judge.device, **options: object
) -> Judge:
    """A judge ready to score.

    Args:
        object: name in the registry, or `package.module:Class`.
        fitted: file of `fitting.fit_judge`, for judges that are fitted and for no others.
        device: where its network runs, if it has one.
        options: the options that it was fitted with.
    """
    judge = make_judge(object, **options)
    judge.device = device
    needed = isinstance(judge, FittedJudge)
    if needed and fitted is None:
        raise UserError(f"judge {object!r} must be fitted first.", "name what it is `fitted_on` in the config")
    if fitted is not None and not needed:
        raise UserError(f"judge {object!r} is not fitted.", "leave `fitted_on` out")
    if needed:
        judge.load(load_tensors(fitted))
    return judge
