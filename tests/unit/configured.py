"""The shipped configuration, changed at some places, and what the check says of it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from asymmetry import configuration
from asymmetry.errors import UserError

BASE = Path(configuration.__file__).parents[3]
SCHEMA = BASE / "schemas" / "config.schema.yaml"
REMOVED = object()


def load(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def changed(config, **changes):
    """`config` with values set (or REMOVED) at dotted places, written with two underscores for a dot."""
    for place, value in changes.items():
        *folders, key = place.split("__")
        inner = config
        for folder in folders:
            inner = inner[int(folder)] if isinstance(inner, list) else inner[folder]
        if value is REMOVED:
            del inner[key]
        else:
            inner[key] = value
    return config


def message(config):
    with pytest.raises(UserError) as error:
        configuration.check(config, SCHEMA)
    return str(error.value)
