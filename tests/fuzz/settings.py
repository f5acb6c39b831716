"""How much is tried in the ordinary tests, the same cases in each run, and how a refusal is caught."""

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, settings

from asymmetry.errors import UserError

QUICK = settings(
    max_examples=500,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def refusal(action: Callable[..., Any], *arguments: Any, **options: Any) -> str:
    """What a user is told who asks for it; empty where nothing is wrong. Anything but a `UserError` is raised."""
    try:
        action(*arguments, **options)
    except UserError as error:
        return str(error) or "no message"
    return ""
