"""Keys, types and ranges, as the JSON schema has them, said in one line each."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend

from asymmetry.configuration import values
from asymmetry.errors import unknown
from asymmetry.plan import Config


def problems(config: Config, path: Path) -> list[str]:
    """Values that no key may have; if there are none, everything in which a configuration breaks the schema."""
    if unusable := [*values.problems(config)]:
        return unusable
    errors = sorted(_validator(path).iter_errors(config), key=lambda error: list(map(str, error.path)))
    return [_explain(error) for error in errors]


@cache
def _validator(path: Path) -> Validator:
    """The schema, to which 10.0 is no integer: Python's `range` takes none either."""
    integers = Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    )
    own = extend(Draft202012Validator, type_checker=integers)
    return own(yaml.safe_load(path.read_text(encoding="utf-8")))


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
    return f"{place}: {error.message}" + (f" ({meaning})." if meaning else ".") + _hint(error)


def _hint(error: ValidationError) -> str:
    """How YAML writes a number that it took for text, `1e-4` for one; nothing for other mistakes."""
    if error.validator != "type" or error.validator_value != "number" or not isinstance(error.instance, str):
        return ""
    try:
        float(error.instance)
    except ValueError:
        return ""
    return " Hint: in YAML a number has no quotes, and with an exponent a point and a sign: 1.0e-4, 1.0e+4."
