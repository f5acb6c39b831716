"""Values that YAML can express but no key accepts: NaN, dates, control characters, very large numbers."""

import math
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from asymmetry.plan.definitions import misread

LARGEST = 2**53  # beyond it numbers are no longer exact in JSON
LONGEST_NAME = 80  # bytes of a key, which may become a part of a file's name
LONGEST_TEXT = 1000  # bytes
DEEPEST = 20  # levels; an anchor that holds itself has no end


def problems(value: Any, place: str = "", depth: int = 0) -> Iterator[str]:
    """Every such value, one line each, with its key."""
    if depth > DEEPEST:
        yield f"{place[:LONGEST_NAME]} ...: nested deeper than {DEEPEST} levels."
        return
    match value:
        case Mapping():
            for key, item in value.items():
                inner = f"{place}.{key}" if place else str(key)
                if isinstance(key, str) and not _unusable(key, LONGEST_NAME):
                    yield from problems(item, inner, depth + 1)
                else:
                    said = _unusable(key, LONGEST_NAME) or f"a key that is no text, but {type(key).__name__}"
                    yield f"{place or 'the top level'}: {_quoted(key)} is {said}; put keys in quotes if need be."
        case list():
            for number, item in enumerate(value):
                yield from problems(item, f"{place}.{number}", depth + 1)
        case str():
            lines = ".options." in place  # for code of the user's own
            if said := _unusable(value.translate({9: " ", 10: " "}) if lines else value, LONGEST_TEXT):
                yield f"{place}: {_quoted(value)} is {said}."
            elif not lines and value.startswith("~"):
                yield f"{place}: {_quoted(value)}: ~ is not replaced by your home folder here; write the whole path."
            elif not lines and misread(value):
                refused = r"""$ ` " \ { } or a leading quote"""
                yield f"{place}: {_quoted(value)} has a character that Snakemake or a shell misreads ({refused})."
        case float() if not math.isfinite(value):
            yield f"{place}: {value} is no finite number."
        case int() | float() if abs(value) > LARGEST:
            yield f"{place}: a number beyond 2^53."
        case None | int() | float():
            pass
        case _:
            yield f"{place}: {_quoted(value)} is read as a {type(value).__name__}; put it in quotes."


def _quoted(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_NAME else f"{text[:LONGEST_NAME]} ..."


def _unusable(text: Any, longest: int) -> str:
    """What is wrong with a text; nothing with other values."""
    if not isinstance(text, str):
        return ""
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
        return "text with a control character"
    return f"longer than {longest} bytes" if len(text.encode()) > longest else ""
