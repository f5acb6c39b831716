"""The public datasets: where they are, what they weigh, under which terms, and what an adapter must find in them.

The facts stand in `catalog.yaml`. Light on purpose: the Snakefile imports this module, so it must not import torch,
pandas or numpy.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from jsonschema import Draft202012Validator

from asymmetry.artifacts import fingerprint
from asymmetry.errors import UserError, listing, unknown

TABLE = Path(__file__).with_name("catalog.yaml")
SCHEMA = Path(__file__).parents[3] / "schemas" / "catalog.schema.yaml"
EXPANSION = 1.05  # unpacked over packed size of compressed pictures


@dataclass(frozen=True, kw_only=True)
class File:
    """One file of a source; `urls` are mirrors of the same bytes.

    Attributes:
        bytes, about_bytes: exact size, or one for estimates; None where it was not found.
        unpacked_bytes: size after unpacking, for estimates; None where it is about the archive's.
        sha256, md5: in hex, empty where not known; without either the file is fetched over https only.
        members: shell pattern of the members to unpack.
    """

    name: str
    urls: tuple[str, ...]
    unpack: Literal["tar", "zip", "none"]
    bytes: int | None = None
    about_bytes: int | None = None
    unpacked_bytes: int | None = None
    sha256: str = ""
    md5: str = ""
    unverified: bool = False
    members: str = "*"

    @property
    def hash(self) -> tuple[str, str] | None:
        """Algorithm and hexadecimal hash, the strongest that is known."""
        return ("sha256", self.sha256) if self.sha256 else ("md5", self.md5) if self.md5 else None


@dataclass(frozen=True, kw_only=True)
class Source:
    """Files that together are the dataset."""

    name: str
    files: tuple[File, ...]
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """Under which terms the dataset is given; `accept`: the user must name the dataset in `downloads.accept_terms`."""

    licence: str
    summary: str
    accept: bool
    url: str


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What an adapter must find: one of the numbers of `rows`, scores from `score_low` to `score_high`; None: unknown.

    Both ends are observed ones, which scores must come near to; where the range is `nominal` they are those of the
    scale, of which scores need not use all.
    """

    rows: tuple[int, ...]
    references: int | None
    score_low: float | None
    score_high: float | None
    higher_is_better: bool | None
    nominal: bool = False


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """One dataset; `layout` names the adapter that reads its unpacked folder, `manual` says how to get it by hand.

    `official_split`: whether its authors say what is for training, for validation and for tests.
    """

    name: str
    title: str
    kind: Literal["fr", "nr", "pictures", "pairs"]
    terms: Terms
    layout: str
    expected: Expected
    citation: str
    facts: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)
    manual: str = ""
    official_split: bool = False

    def source(self, name: str | None = None) -> Source:
        """The source of that name, by default the first; `UserError` if there is none."""
        if not self.sources:
            raise UserError(
                f"{self.name} cannot be downloaded. {self.manual} See {self.terms.url}.",
                f"name your folder in the config: downloads: {{folders: {{{self.name}: /path/to/it}}}}",
            )
        if name is not None and name not in self.sources:
            raise UserError(f"downloads.sources.{self.name}: {unknown('source', name, self.sources)}")
        return self.sources[name or next(iter(self.sources))]


def _file(raw: Mapping[str, Any]) -> File:
    return File(**dict(raw) | {"urls": tuple(raw["urls"])})


def _dataset(name: str, raw: Mapping[str, Any]) -> Dataset:
    sources = {
        key: Source(name=key, files=tuple(map(_file, source["files"])), note=source.get("note", ""))
        for key, source in raw.get("sources", {}).items()
    }
    expected = Expected(**raw["expected"] | {"rows": tuple(raw["expected"]["rows"])})
    parts = {"name": name, "sources": sources, "expected": expected, "terms": Terms(**raw["terms"])}
    return Dataset(**dict(raw) | parts)


@cache
def catalog(path: Path = TABLE) -> dict[str, Dataset]:
    """All datasets by name; a table that does not follow the schema is a `UserError`."""
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    schema = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    problems = [
        f"{'.'.join(map(str, error.absolute_path)) or 'the top level'}: {error.message}"
        for error in Draft202012Validator(schema).iter_errors(raw)
    ]
    if problems:
        raise UserError(f"{path} is no catalogue of datasets:\n{listing(problems)}")
    return {name: _dataset(name, facts) for name, facts in raw.items()}


def dataset(name: str) -> Dataset:
    """Look up a dataset; an unknown name is a `UserError`."""
    if name not in catalog():
        raise UserError(unknown("dataset", name, catalog()))
    return catalog()[name]


def downloadable() -> list[str]:
    """Names of the datasets that can be downloaded."""
    return [name for name, entry in catalog().items() if entry.sources]


def download_bytes(name: str, source: str | None = None) -> int | None:
    """Bytes to be downloaded (of some files only about), None if the size of a file was not found."""
    sizes = [file.bytes or file.about_bytes for file in dataset(name).source(source).files]
    return None if None in sizes else sum(sizes)


def unpacked_bytes(name: str, source: str | None = None) -> int | None:
    """About the bytes of the unpacked folder, None if the size of a file was not found."""
    return unpacked_estimate(dataset(name).source(source))


def unpacked_estimate(source: Source) -> int | None:
    """About the bytes that the files of a source unpack to, None if the size of a file was not found."""
    sizes = [file.unpacked_bytes or (file.bytes or file.about_bytes or 0) * EXPANSION for file in source.files]
    return None if 0 in sizes else round(sum(sizes))


def digest(name: str, source: str | None = None) -> str:
    """A digest of what would be on disk: hashes (or addresses, where none is known) and what is unpacked.

    An address, a size or a text may be corrected without downloading again.
    """
    files = dataset(name).source(source).files
    return fingerprint({file.name: [file.hash or file.urls, file.unpack, file.members] for file in files})[:16]


def unaccepted(names: Iterable[str], accepted: Collection[str]) -> list[str]:
    """Of the named datasets, those whose terms must be accepted and are not."""
    return [name for name in names if dataset(name).terms.accept and name not in accepted]


def require_accepted(names: Iterable[str], accepted: Collection[str]) -> None:
    """Refuse to download datasets whose terms must be accepted and are not: all of them in one `UserError`."""
    missing = unaccepted(sorted(names), accepted)
    if missing:
        terms = [f"{name}: {dataset(name).terms.summary} Read them at {dataset(name).terms.url}." for name in missing]
        raise UserError(
            f"terms that are not accepted, of {len(missing)} dataset(s) to be downloaded:\n{listing(terms)}\n",
            f"if you accept them, say so in your config: downloads: {{accept_terms: [{', '.join(missing)}]}},"
            " beside those that are there already",
        )
