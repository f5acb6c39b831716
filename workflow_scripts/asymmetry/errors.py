"""What a user can do wrong, told in one line with a hint."""

from collections.abc import Iterable
from difflib import get_close_matches

LONGEST = 1500  # characters of a problem, which repeats what the user wrote


class UserError(Exception):
    """A mistake in what the user gave (config, files), not in the program.

    Args:
        message: what is wrong and where, in one sentence.
        hint: what to do about it.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message} Hint: {hint}" if hint else message)


def unknown(what: str, name: object, valid: Iterable[str]) -> str:
    """The message for a name that does not exist: what it was, what is allowed, and the nearest match."""
    names = sorted(valid)
    near = get_close_matches(str(name), names, n=1)
    guess = f" Did you mean {near[0]!r}?" if near else ""
    return f"unknown {what} {name!r}.{guess} Known: {', '.join(names) or 'none'}."


def listing(problems: Iterable[object], limit: int = 20) -> str:
    """Several problems as one message: each on a line of its own, cut where it has no end, at most `limit` of them."""
    lines = [line if len(line) <= LONGEST else f"{line[:LONGEST]} ..." for line in map(str, problems)]
    more = [f"... and {len(lines) - limit} more"] if len(lines) > limit else []
    return "\n".join(f"  - {line}" for line in lines[:limit] + more)
