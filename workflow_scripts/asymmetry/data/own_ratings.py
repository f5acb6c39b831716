"""The user's own rated dataset: a CSV of images, references and scores."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from asymmetry import images
from asymmetry.data.rated import RatedImage, RatedSet
from asymmetry.errors import UserError, listing

DELIMITERS = ",;\t|"
OPTIONAL = ("scene", "distortion", "family", "level")


def from_csv(seed: int, path: str | Path, higher_is_better: bool, mode: Literal["fr", "nr"]) -> RatedSet:
    """Read a rated dataset of one's own; everything that is wrong with it comes as one `UserError`, by row.

    Columns: `image` (or `distorted`), `score`, with `mode` fr also `reference`; paths are relative to the CSV.
    Optional: `scene` (by default the reference's name, or with nr the image's), `distortion`, `family` (by default
    the distortion), `level`. Other columns are ignored. Fields are separated by comma, semicolon, tab or bar,
    decimals by a point. The images are copied as PNG, so that the result is whole in its own folder, and numbered,
    because their names need not be unique across folders.

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
        with open(path, encoding="utf-8-sig") as file:
            header = file.readline()
        separator = max(DELIMITERS, key=header.count)
        frame = pd.read_csv(
            path, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig", skip_blank_lines=False
        )
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read as a table: {error}.", "save it as CSV in UTF-8") from None
    frame.columns = [column.strip().lower() for column in frame.columns]
    frame = frame.rename(columns={"distorted": "image"})
    needed = ["image", "score"] + ["reference"] * (mode == "fr")
    problems = [f"column {name!r} is missing" for name in needed if name not in frame.columns]
    problems += [f"column {name!r} stands twice" for name in frame.columns[frame.columns.duplicated()].unique()]
    if problems:
        found = ", ".join(frame.columns)
        raise UserError(f"{path}:\n{listing(problems)}\nIts columns are: {found}.")
    for name in ("reference", *OPTIONAL):
        if name not in frame.columns:
            frame[name] = ""
    frame = frame[["image", "reference", "score", *OPTIONAL]].fillna("").apply(lambda column: column.str.strip())
    frame.index = pd.RangeIndex(2, len(frame) + 2)
    frame = frame[(frame != "").any(axis=1)]
    if frame.empty:
        raise UserError(f"{path} holds no row.")
    return frame


def _problems(frame: pd.DataFrame, folder: Path, mode: str) -> list[str]:
    problems = []
    shapes: dict[str, tuple[int, ...] | str] = {}
    seen: dict[Path, int] = {}

    def shape(file: str) -> tuple[int, ...] | str:
        """Shape of an image, or what is wrong with it."""
        if file not in shapes:
            try:
                shapes[file] = images.read(folder / file).shape if file else "no path"
            except UserError as error:
                shapes[file] = str(error) if (folder / file).exists() else f"{folder / file} does not exist"
        return shapes[file]

    for row, line in frame.iterrows():
        if not np.isfinite(pd.to_numeric(line["score"], errors="coerce")):
            problems.append(f"row {row}: score {line['score']!r} is not a finite number")
        if not (line["level"] or "0").isdecimal():
            problems.append(f"row {row}: level {line['level']!r} is not a whole number from 0")
        if (first := seen.setdefault((folder / line["image"]).resolve(), row)) != row:
            problems.append(f"row {row}: the image of row {first} again")
        found = {column: shape(line[column]) for column in ["image"] + ["reference"] * (mode == "fr")}
        wrong = [f"row {row}: {column}: {what}" for column, what in found.items() if isinstance(what, str)]
        problems += wrong
        if not wrong and len(set(found.values())) > 1:
            (height, width, _), (reference_height, reference_width, _) = found.values()
            sizes = f"{width} x {height} against {reference_width} x {reference_height}"
            problems.append(f"row {row}: image and reference differ in size, {sizes}")
    scores = pd.to_numeric(frame["score"], errors="coerce")
    if scores.notna().all() and scores.nunique() == 1:
        problems.append(f"column 'score': all are {scores.iloc[0]:g}, so nothing could be compared")
    return problems


def _rated(frame: pd.DataFrame, folder: Path, mode: str) -> Iterator[RatedImage]:
    content = "reference" if mode == "fr" else "image"
    for number, (_, line) in enumerate(frame.iterrows(), start=1):
        yield RatedImage(
            name=f"{number:05d}",
            reference=line["reference_name"],
            scene=line["scene"] or Path(line[content]).stem,
            distortion=line["distortion"],
            family=line["family"] or line["distortion"],
            level=int(line["level"] or 0),
            raw_score=float(line["score"]),
            array=images.read(folder / line["image"]),
        )
