"""How much is tried in the ordinary tests, the same cases in each run, and how a refusal is caught."""

import signal
from collections.abc import Callable
from types import FrameType
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
LIMIT = 60.0  # seconds of one case


class Hang(BaseException):
    """A case that takes too long. No `Exception`, for the readers of broken files catch those."""


def refusal(action: Callable[..., Any], *arguments: Any, **options: Any) -> str:
    """What a user is told who asks for it; empty where nothing is wrong. Anything but a `UserError` is raised."""

    def alarm(number: int, frame: FrameType | None) -> None:
        raise Hang(f"{action.__name__} takes longer than {LIMIT} s with {arguments} {options}"[:5000])

    before = signal.signal(signal.SIGALRM, alarm)
    signal.setitimer(signal.ITIMER_REAL, LIMIT)
    try:
        action(*arguments, **options)
    except UserError as error:
        return str(error) or "no message"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return ""
