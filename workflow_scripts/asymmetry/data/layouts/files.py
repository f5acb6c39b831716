"""The files of an unpacked dataset, found whatever their case and however deep an archive nests them."""

import os
import re
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from asymmetry.artifacts import sha256
from asymmetry.errors import UserError, listing

DEPTH = 6  # folders below the dataset's that are looked into
PICTURES = {".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff"}


class Tree:
    """Files below a folder: one listing per folder, links followed, hidden ones left out."""

    def __init__(self, root: Path, files: Sequence[Path] | None = None) -> None:
        self.root = root.resolve()
        self.files = list(self._walk()) if files is None else list(files)
        self._by_name: dict[str, list[Path]] = {}
        for file in self.files:
            self._by_name.setdefault(file.name.lower(), []).append(file)

    def _walk(self) -> Iterable[Path]:
        for parent, folders, names in os.walk(self.root, followlinks=True):
            deep = len(Path(parent).relative_to(self.root).parts) >= DEPTH
            folders[:] = [] if deep else sorted(n for n in folders if n[0] != "." and n != "__MACOSX")
            yield from (Path(parent, name) for name in sorted(names) if name[0] != ".")

    def __len__(self) -> int:
        return len(self.files)

    def below(self, folder: str) -> Self:
        """The files below all folders whose name matches this regular expression, in any case."""
        pattern = re.compile(folder, re.IGNORECASE)
        parents = {file.parent for file in self.files}
        inside = {path for path in parents if any(map(pattern.fullmatch, path.relative_to(self.root).parts))}
        return type(self)(self.root, [file for file in self.files if file.parent in inside])

    def pictures(self) -> list[Path]:
        """Those that are pictures, by their suffix."""
        return [file for file in self.files if file.suffix.lower() in PICTURES]

    def find(self, *names: str) -> Path | None:
        """The file of the first of these names that there is, or None; several of unequal content are refused."""
        for name in names:
            if found := self._by_name.get(name.lower()):
                if len({sha256(file) for file in found}) > 1:
                    raise UserError(
                        f"{self.root} holds several {name}:\n{listing(found)}", "name the right one's folder"
                    )
                return found[0]
        return None

    def one(self, *names: str) -> Path:
        """As `find`, but there must be one."""
        found = self.find(*names)
        if found is None:
            raise UserError(
                f"{self.root} holds no {' and no '.join(names)}.", "name the folder of the unpacked dataset"
            )
        return found

    def paths(self, names: Iterable[str]) -> list[Path]:
        """The file of each name, or of each `folder/name`; all that are missing or ambiguous are one `UserError`."""
        found, missing, several = [], [], []
        for name in names:
            *folders, last = name.lower().split("/")
            match = [
                file
                for file in self._by_name.get(last, [])
                if not folders or [part.lower() for part in file.parts[-1 - len(folders) : -1]] == folders
            ]
            (found if len(match) == 1 else several if match else missing).append(match[0] if len(match) == 1 else name)
        if missing:
            raise UserError(f"{len(missing)} pictures are missing in {self.root}:\n{listing(missing)}")
        if several:
            raise UserError(f"{len(several)} pictures are more than once in {self.root}:\n{listing(several)}")
        return found


def csv(path: Path, *columns: str) -> pd.DataFrame:
    """A CSV with a header; the named columns must be there."""
    try:
        return _having(pd.read_csv(path), path, columns)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None


def words(path: Path, *columns: str) -> pd.DataFrame:
    """A text whose lines hold so many words (or numbers), separated by blanks or commas."""
    try:
        rows = [re.split(r"[\s,]+", line.strip()) for line in path.read_text("utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None
    if wrong := [number for number, row in enumerate(rows, start=1) if len(row) != len(columns)]:
        raise UserError(f"{path}: line {wrong[0]} should hold {len(columns)} words: {', '.join(columns)}.")
    return pd.DataFrame(rows, columns=list(columns))


def sheet(path: Path, *columns: str, name: str | int = 0) -> pd.DataFrame:
    """A sheet of a workbook; its header is the first row that holds all the named columns, wherever it begins."""
    try:
        cells = pd.read_excel(path, sheet_name=name, header=None, dtype=object)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise _unreadable(path, error) from None
    heads = [number for number, row in enumerate(cells.to_numpy()) if set(columns) <= {str(cell) for cell in row}]
    if not heads:
        raise UserError(f"{path} has no row with the columns {', '.join(columns)}.")
    head = cells.iloc[heads[0]].astype(str)
    frame = cells.iloc[heads[0] + 1 :].set_axis(list(head), axis="columns")
    return frame[list(columns)].dropna(how="all").reset_index(drop=True)


def matlab(path: Path, *names: str) -> list[np.ndarray]:
    """Variables of a .mat file, each flat: floats, or texts out of a cell array."""
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        content = loadmat(path)
    except (OSError, ValueError, NotImplementedError, MatReadError) as error:
        raise _unreadable(path, error) from None
    if absent := [name for name in names if name not in content]:
        raise UserError(f"{path} holds no variable {', '.join(absent)}.")
    arrays = [content[name].ravel(order="F") for name in names]
    return [np.array([str(cell.item()) for cell in array]) if array.dtype == object else array for array in arrays]


def numbers(values: Iterable[object], path: Path) -> pd.Series:
    """Finite floats; anything else is a `UserError` that names the file."""
    series = pd.Series(list(values))
    found = pd.to_numeric(series, errors="coerce").astype(float)
    wrong = ~np.isfinite(found)
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        raise UserError(f"{path}: the score in row {row + 1} is {str(series[row])!r}, no finite number.")
    return found


def parts(names: pd.Series, pattern: str, path: Path) -> pd.DataFrame:
    """What the named groups of a regular expression (any case) find in each name; all names must match."""
    found = names.astype(str).str.extract(re.compile(pattern, re.IGNORECASE))
    if (wrong := found.isna().any(axis=1)).any():
        raise UserError(f"{path} names pictures in an unknown way:\n{listing(names[wrong])}")
    return found


def _having(frame: pd.DataFrame, path: Path, columns: Sequence[str]) -> pd.DataFrame:
    if absent := [column for column in columns if column not in frame.columns]:
        raise UserError(
            f"{path} has no column {', '.join(absent)}; its columns are {', '.join(map(str, frame.columns))}."
        )
    return frame


def _unreadable(path: Path, error: Exception) -> UserError:
    return UserError(f"{path} cannot be read: {error}.", "is the download whole?")
