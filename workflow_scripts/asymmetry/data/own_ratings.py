"""The user's own rated dataset: a CSV of images, references and scores."""

import csv
import io
import logging
import math
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pandas as pd

from asymmetry import images
from asymmetry.data.rated import RatedImage, RatedSet
from asymmetry.errors import UserError, listing

DELIMITERS = ",;\t|"
COLUMNS = ("image", "reference", "score", "score_error", "scene", "distortion", "family", "level")
LEVEL = r"([0-9]{1,9}(\.0*)?)?"  # pandas writes whole numbers as 1.0 where one is missing
LARGEST = 1e100  # a score that can still be scaled
logger = logging.getLogger(__name__)


def from_csv(seed: int, path: str | Path, higher_is_better: bool, mode: Literal["fr", "nr"]) -> RatedSet:
    """Read a rated dataset of one's own; everything that is wrong with it comes as one `UserError`, by row.

    Columns: `image` (or `distorted`), `score`, with `mode` fr also `reference`; paths are relative to the CSV.
    Optional: `scene` (by default the reference's name, or with nr the image's; two pictures of one name need the
    column), `distortion`, `family` (by default the distortion), `level`, `score_error` (standard error of the score, in
    its unit; empty where it is not known).
    Other columns are ignored. Fields are separated by comma, semicolon, tab or bar, decimals by a point. The images are
    copied as PNG, so that the result is whole in its own folder, and numbered, because their names need not be unique
    across folders. A path may lead out of the CSV's folder; that is logged.

    Args:
        seed: nothing is random.
        path: of the CSV.
        higher_is_better: direction of its scores (false for DMOS).
        mode: fr with references, nr without.
    """
    if mode not in {"fr", "nr"}:
        raise UserError(f"mode {mode!r} of {path}.", "fr with references, nr without")
    path = Path(path)
    frame = _read(path, mode)
    problems = _problems(frame, path.parent, mode)
    if problems:
        raise UserError(f"{len(problems)} problem(s) in {path}:\n{listing(problems)}")
    frame["reference_name"] = ""
    if mode == "fr":
        number = pd.factorize(frame["reference"])[0] + 1
        frame["reference_name"] = [f"reference-{n:05d}" for n in number]
    references = dict(zip(frame["reference_name"], frame["reference"], strict=True)) if mode == "fr" else {}
    return RatedSet(
        ((name, images.read(path.parent / file)) for name, file in references.items()),
        _rated(frame, path.parent, mode),
        higher_is_better,
    )


def _read(path: Path, mode: str) -> pd.DataFrame:
    """All fields as text, stripped; the index is the row as a spreadsheet counts it (the header is row 1)."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        if "\0" in text:
            raise ValueError("it holds NUL bytes")
        separator = max(DELIMITERS, key=text.partition("\n")[0].count)
        rows = [*csv.reader(io.StringIO(text), delimiter=separator, strict=True)]
    except (OSError, ValueError, csv.Error) as error:
        raise UserError(f"{path} cannot be read as a table: {error}.", "save it as CSV in UTF-8") from None
    header, *rows = [[field.strip() for field in row] for row in rows] or [[]]
    header = [{"distorted": "image"}.get(name.lower(), name.lower()) for name in header]
    needed = ["image", "score"] + ["reference"] * (mode == "fr")
    problems = [f"column {name!r} is missing" for name in needed if name not in header]
    problems += [f"column {name!r} stands twice" for name in COLUMNS if header.count(name) > 1]
    if problems:
        found = ", ".join(header[:30]) + (f" and {len(header) - 30} more" if len(header) > 30 else "")
        raise UserError(f"{path}:\n{listing(problems)}\nIts columns are: {found}.")
    filled = {number: row for number, row in enumerate(rows, start=2) if any(row)}
    if long := [f"row {n} has {len(row)}" for n, row in filled.items() if any(row[len(header) :])]:
        hint = "put fields that hold a separator in quotes"
        raise UserError(f"{path} has {len(header)} columns, and\n{listing(long)}\nfields.", hint)
    if not filled:
        raise UserError(f"{path} holds no row.")
    places = {name: header.index(name) for name in COLUMNS if name in header}
    content = {
        name: [row[places[name]] if name in places and places[name] < len(row) else "" for row in filled.values()]
        for name in COLUMNS
    }
    return pd.DataFrame(content, index=list(filled))


def _number(text: str) -> float:
    """A finite number, or nan; what only Python takes for one (1_0, other scripts' digits) is none."""
    try:
        number = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        return math.nan
    return number if abs(number) <= LARGEST else math.nan


def _problems(frame: pd.DataFrame, folder: Path, mode: str) -> list[str]:
    problems = []
    shapes: dict[str, tuple[int, ...] | str] = {}
    seen: dict[str, int] = {}
    scenes: dict[str, tuple[str, int]] = {}
    content = "reference" if mode == "fr" else "image"

    def shape(file: str) -> tuple[int, ...] | str:
        """Shape of an image, or what is wrong with it."""
        if file not in shapes:
            try:
                shapes[file] = images.read(folder / file).shape if file else "no path"
            except UserError as error:
                shapes[file] = str(error) if os.path.exists(folder / file) else _absent(folder / file)
        return shapes[file]

    for row, line in frame.iterrows():
        if math.isnan(_number(line["score"])):
            comma = ". Hint: write decimals with a point" if re.fullmatch("-?[0-9]+,[0-9]+", line["score"]) else ""
            problems.append(f"row {row}: score {line['score']!r} is not a finite number{comma}")
        if line["score_error"] and not _number(line["score_error"]) >= 0:
            problems.append(f"row {row}: score_error {line['score_error']!r} is not a finite number from 0")
        if not re.fullmatch(LEVEL, line["level"]):
            problems.append(f"row {row}: level {line['level']!r} is not a whole number from 0")
        if (first := seen.setdefault(os.path.realpath(folder / line["image"]), row)) != row:
            problems.append(f"row {row}: the image of row {first} again")
        if not line["scene"]:
            shown = os.path.realpath(folder / line[content])
            name = Path(line[content]).stem
            other, first = scenes.setdefault(name, (shown, row))
            if other != shown:
                problems.append(
                    f"row {row}: its {content} would be the scene {name!r}, as another in row {first} is. Hint: name"
                    " the scenes in a column scene"
                )
        found = {column: shape(line[column]) for column in ["image"] + ["reference"] * (mode == "fr")}
        wrong = [f"row {row}: {column}: {what}" for column, what in found.items() if isinstance(what, str)]
        problems += wrong
        if not wrong and len(set(found.values())) > 1:
            (height, width, _), (reference_height, reference_width, _) = found.values()
            sizes = f"{width} x {height} against {reference_width} x {reference_height}"
            problems.append(f"row {row}: image and reference differ in size, {sizes}")
    scores = frame["score"].map(_number)
    if scores.notna().all() and scores.nunique() == 1:
        problems.append(f"column 'score': all are {scores.iloc[0]:g}, so nothing could be compared")
    base = f"{os.path.realpath(folder)}{os.sep}"
    outside = sum(not os.path.realpath(folder / file).startswith(base) for file in filter(None, shapes))
    if outside:
        logger.warning("%d image(s) lie outside %s; read and copied like the others", outside, folder)
    return problems


def _absent(path: Path) -> str:
    return f"{path} does not exist" + (". Hint: write / between folders" if "\\" in path.name else "")


def _rated(frame: pd.DataFrame, folder: Path, mode: str) -> Iterator[RatedImage]:
    content = "reference" if mode == "fr" else "image"
    for number, (_, line) in enumerate(frame.iterrows(), start=1):
        yield RatedImage(
            name=f"{number:05d}",
            reference=line["reference_name"],
            scene=line["scene"] or Path(line[content]).stem,
            distortion=line["distortion"],
            family=line["family"] or line["distortion"],
            level=int(float(line["level"] or 0)),
            raw_score=float(line["score"]),
            array=images.read(folder / line["image"]),
            raw_error=float(line["score_error"] or "nan"),
        )
