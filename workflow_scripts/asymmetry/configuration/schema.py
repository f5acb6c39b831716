"""Keys, types and ranges, as the JSON schema has them, said in one line each."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, ValidationError

from asymmetry.errors import unknown
from asymmetry.plan import Config


def problems(config: Config, path: Path) -> list[str]:
    """Everything in which a configuration breaks the schema; if nothing, its numbers that are not finite."""
    validator = Draft202012Validator(yaml.safe_load(path.read_text(encoding="utf-8")))
    errors = sorted(validator.iter_errors(config), key=lambda error: list(map(str, error.path)))
    return [_explain(error) for error in errors] or [*_not_finite(config)]


def _key(path: Any) -> str:
    return ".".join(map(str, path)) or "the top level"


def _explain(error: ValidationError) -> str:
    """One line: where, what is wrong, what is allowed."""
    place = _key(error.absolute_path)
    match error.validator:
        case "additionalProperties" if isinstance(error.instance, Mapping):
            valid = error.schema["properties"]
            extra = [key for key in error.instance if key not in valid]
            return f"{place}: " + " ".join(unknown("key", key, valid) for key in extra)
        case "enum":
            return f"{place}: {unknown('value', error.instance, map(str, error.validator_value))}"
        case "required":
            return f"{place}: {error.message}."
        case "pattern":
            return f"{place}: {error.instance!r} is no name ({error.schema.get('description', '')})."
    meaning = error.schema.get("description") if isinstance(error.schema, Mapping) else None
    return f"{place}: {error.message}" + (f" ({meaning})." if meaning else ".")


def _not_finite(value: Any, place: str = "") -> Iterator[str]:
    """Numbers that YAML can say and no key may be: nan and infinity, wherever they stand."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _not_finite(item, f"{place}.{key}" if place else str(key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _not_finite(item, f"{place}.{number}")
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"{place}: {value} is no finite number."
