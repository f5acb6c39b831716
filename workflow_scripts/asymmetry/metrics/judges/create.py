"""Making a judge from its name in the registry, or from the user's own code."""

from pathlib import Path

from asymmetry import registry
from asymmetry.artifacts import load_tensors
from asymmetry.errors import UserError, unknown
from asymmetry.metrics.judges.base import FAMILIES, FittedJudge, Judge


def make_judge(object: str, **options: object) -> Judge:
    """A judge as its factory makes it, not yet fitted: built-in, or `package.module:Class` of the user's own.

    The user's own judge has the attributes `family` and `higher_is_better` and the method `score` of `base.Judge`.
    """
    judge = registry.create("judges", object, **options)
    missing = [name for name in ("family", "higher_is_better", "score") if not hasattr(judge, name)]
    if missing:
        raise UserError(f"judge {object!r} lacks {', '.join(missing)}.", "see metrics/judges/base.py")
    if judge.family not in FAMILIES:
        raise UserError(unknown(f"family of judge {object!r}", judge.family, FAMILIES))
    return judge


def create_judge(object: str, fitted: Path | None = None, **options: object) -> Judge:
    """A judge ready to score.

    Args:
        object: name in the registry, or `package.module:Class`.
        fitted: file of `fitting.fit_judge`, for judges that are fitted and for no others.
        options: the options that it was fitted with.
    """
    judge = make_judge(object, **options)
    needed = isinstance(judge, FittedJudge)
    if needed and fitted is None:
        raise UserError(f"judge {object!r} must be fitted first.", "name what it is `fitted_on` in the config")
    if fitted is not None and not needed:
        raise UserError(f"judge {object!r} is not fitted.", "leave `fitted_on` out")
    if needed:
        judge.load(load_tensors(fitted))
    return judge
