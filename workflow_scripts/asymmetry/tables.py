"""Tables that pass between steps: each has a shape, checked where it is written and where it is read.

`tables.yaml` documents the shapes: the columns in order, with their type and meaning. `write` and `read` refuse a table
of another shape and a missing value where none is allowed. Paths in a table are relative to its folder.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd
import yaml

from asymmetry.artifacts import atomic, remedy
from asymmetry.errors import UserError


@dataclass(frozen=True)
class Column:
    """A column's type, its meaning, and whether a number may be missing."""

    type: Literal["text", "integer", "number"]
    meaning: str
    optional: bool


def _shapes() -> dict[str, dict[str, Column]]:
    raw = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
    return {
        shape: {
            name: Column(kind.removeprefix("optional "), meaning, kind.startswith("optional "))
            for name, (kind, meaning) in columns.items()
        }
        for shape, columns in raw.items()
    }


SHAPES = _shapes()


def _check(frame: pd.DataFrame, shape: str, path: str | Path) -> pd.DataFrame:
    columns = SHAPES[shape]
    if list(frame.columns) != list(columns):
        found, wanted = list(frame.columns), list(columns)
        raise UserError(f"{path} is not a valid {shape!r} table: it has the columns {found}, expected {wanted}.")
    frame = frame.copy()
    for name, column in columns.items():
        if column.type == "text":
            frame[name] = frame[name].astype(object).fillna("").astype(str)
            continue
        numbers = pd.to_numeric(frame[name], errors="coerce").astype(float)
        wrong = numbers.isna() & frame[name].notna() if column.optional else numbers.isna()
        if column.type == "integer":
            wrong |= numbers % 1 != 0
        if wrong.any():
            row = int(wrong.to_numpy().argmax())
            wanted = "an integer" if column.type == "integer" else "a number"
            raise UserError(f"{path}, row {row + 1}, column {name!r}: expected {wanted} ({column.meaning}).")
        frame[name] = numbers.astype(int) if column.type == "integer" else numbers
    return frame


def write(frame: pd.DataFrame, path: str | Path, shape: str) -> None:
    """Write a table of the named shape as CSV, atomically; columns are put into the shape's order."""
    missing = [name for name in SHAPES[shape] if name not in frame.columns]
    if missing:
        raise ValueError(f"{path}: columns {missing} of shape {shape!r} are missing")
    frame = _check(frame[list(SHAPES[shape])], shape, path)
    with atomic(path) as temporary:
        frame.to_csv(temporary, index=False, lineterminator="\n")


def read(path: str | Path, shape: str) -> pd.DataFrame:
    """Read and check a table of the named shape; text columns hold `str`, empty where nothing is said."""
    text = {name: str for name, column in SHAPES[shape].items() if column.type == "text"}
    try:
        frame = pd.read_csv(path, dtype=text, keep_default_na=False, na_values={n: [""] for n in SHAPES[shape]})
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read as a table: {error}.", remedy(error)) from None
    return _check(frame, shape, path)
