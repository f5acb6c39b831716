"""Folders and files that a configuration names: where results go, downloads, and what the user brings."""

import os
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from asymmetry.data import catalog
from asymmetry.errors import unknown
from asymmetry.plan import Config, Plan

LONGEST_FOLDER = 200  # bytes of one folder's name; file systems take 255
PROJECT = Path(__file__).parents[3]
FOLDERS = [
    "benchmarks",
    "docs",
    "envs",
    "presets",
    "profiles",
    "report",
    "rules",
    "schemas",
    "tests",
    "workflow_scripts",
]


def problems(config: Config) -> Iterator[str]:
    """What is not there, or would stand in the way of the project's own files."""
    return chain(*(part(config) for part in (_results, _downloads, _folders, _files)))


def _results(config: Config) -> Iterator[str]:
    """Results have a folder of their own, apart from the project's files."""
    given = config["results"]
    if any(len(part.encode()) > LONGEST_FOLDER for part in Path(given).parts):
        yield f"results: {given[:40]}... has a part of more than {LONGEST_FOLDER} bytes; take shorter names."
        return
    folder = Path(os.path.realpath(given))
    for path in (folder, *folder.parents):
        if os.path.exists(path) and not os.path.isdir(path):
            yield f"results: {given} needs a folder where there is the file {path}; take another name."
    around = PROJECT.is_relative_to(folder) or Path.cwd().is_relative_to(folder)
    if around or any(folder.is_relative_to(PROJECT / name) for name in FOLDERS):
        yield f"results: {given} holds files of the project; take a folder of its own, as results/mine is."


def _downloads(config: Config) -> Iterator[str]:
    own = config["downloads"]
    for name, source in own["sources"].items():
        if source not in catalog.dataset(name).sources:
            yield f"downloads.sources.{name}: {unknown('source', source, catalog.dataset(name).sources)}"
    for name in Plan(config).used.datasets:
        facts = catalog.dataset(name)
        if name in own["folders"]:
            if not os.path.isdir(own["folders"][name]):
                yield f"downloads.folders.{name}: {own['folders'][name]} is no folder."
            continue
        if not facts.sources:
            yield f"downloads.folders: lacks {name}, which cannot be downloaded. {facts.manual}"


def _folders(config: Config) -> Iterator[str]:
    for name in sorted(Plan(config).used.corpora):
        given = config["corpora"][name].get("path", [])
        for folder in [given] if isinstance(given, str) else given:
            if not os.path.isdir(folder):
                yield f"corpora.{name}.path: {folder} is no folder."


def _files(config: Config) -> Iterator[str]:
    """The user's own files, of definitions that are used."""
    used = Plan(config).used
    places = [("rated", name, "path") for name in used.rated]
    places += [("initialisations", name, "path") for _, name in used.initialised]
    places += [("generators", config["optimization"]["generator"], "weights")]
    for section, name, key in sorted(set(places)):
        file = config[section][name].get(key)
        if file is not None and not os.path.isfile(file):
            yield f"{section}.{name}.{key}: {file} is no file. Hint: a path starts where snakemake is started."
