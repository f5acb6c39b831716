"""Corpora and rated datasets: their manifests, what they are made from, their settings."""

import csv
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from asymmetry.data import catalog
from asymmetry.data.photographs import SCENES
from asymmetry.data.scene_names import named_pictures
from asymmetry.plan.definitions import Definitions, Entries, Files, misread, pattern

LEVEL_MEANS = str(Path(__file__).parents[2] / "data" / "kadid10k_level_means.csv")
EMULATIONS = ("kadid-emulation", "textures")  # with references always, scored by the mean scores of KADID-10k


def _named_images(table: Path) -> list[str]:
    """The images that a rated table names and that are there; what is wrong with it is said when it is read."""
    try:
        text = table.read_text(encoding="utf-8-sig")
        head = text.partition("\n")[0]
        rows = [*csv.DictReader(text.splitlines(), delimiter=max(",;\t|", key=head.count))]
    except (OSError, UnicodeError, csv.Error):
        return []
    named = {row.get(column) for row in rows for column in ("image", "reference")} - {None, ""}
    return _as_inputs(table.parent / name for name in named)


def _as_inputs(files: Iterable[Path]) -> list[str]:
    """Those that are there, sorted, without names that Snakemake or a shell would misread: read, but not watched."""
    return sorted(str(file) for file in files if os.path.isfile(file) and not misread(str(file)))


class Pictures(Definitions):
    """Sets of pictures, with scores or without."""

    def corpus(self, name: str) -> str:
        """The manifest of a corpus."""
        return f"{self.results}/corpora/{name}/manifest.csv"

    def packed(self, name: str, task: str) -> str:
        """The index of a corpus that is packed for a task; its pixels lie beside it."""
        return f"{self.results}/corpora/{name}/packed/{task}.csv"

    def rated(self, name: str) -> str:
        """The manifest of a rated dataset."""
        return f"{self.results}/rated/{name}/manifest.csv"

    def published_pattern(self, section: str) -> str:
        """Matches the corpora or rated datasets that the catalogue has."""
        definitions = self.config[section].items()
        return pattern(name for name, definition in definitions if definition["object"] == "published")

    def dataset(self, section: str, name: str) -> str:
        """The folder of a dataset of the catalogue: the user's own copy, or the one that is downloaded."""
        dataset = self.defined(section, name)["dataset"]
        downloads = self.config["downloads"]
        return downloads["folders"].get(dataset, f"{downloads['folder']}/{dataset}")

    def layout(self, section: str, name: str) -> Entries:
        """The registry entry of the adapter that reads the folder of a dataset of the catalogue."""
        return [("layouts", catalog.dataset(self.defined(section, name)["dataset"]).layout)]

    def expected(self, section: str, name: str) -> str:
        """What the catalogue expects of a dataset, in words: a corrected entry reruns the step that reads it."""
        return str(catalog.dataset(self.defined(section, name)["dataset"]).expected)

    def catalogued(self) -> dict[str, str]:
        """The dataset of the catalogue behind each rated dataset that is one."""
        return {name: own["dataset"] for name, own in self.config["rated"].items() if own["object"] == "published"}

    def rated_files(self, name: str) -> Files:
        """What a rated dataset is made from: a table of the user's own and its images, or a corpus and mean scores."""
        definition = self.defined("rated", name)
        if definition["object"] == "csv":
            return {"path": definition["path"], "images": _named_images(Path(definition["path"]))}
        corpus = {"corpus": self.corpus(definition["corpus"])} if "corpus" in definition else {}
        return {"level_means": LEVEL_MEANS, **corpus} if definition["object"] in EMULATIONS else corpus

    def corpus_files(self, name: str) -> list[str]:
        """The pictures in folders of the user's own, so that a change of them is seen; none for other corpora."""
        folders = self.defined("corpora", name).get("path", [])
        folders = [folders] if isinstance(folders, str) else folders
        return _as_inputs(file for found in named_pictures(folders).values() for _, file in found)

    def scenes(self, name: str) -> set[str]:
        """The scenes of a corpus, where they are known before it is made; else none."""
        own = self.defined("corpora", name)
        match own["object"]:
            case "scenes":
                return set(SCENES)
            case "folder":
                return {scene for found in named_pictures(own["path"]).values() for scene, _ in found}
        return set()

    def corpus_settings(self, name: str) -> dict[str, Any]:
        """Its kind and options."""
        definition = dict(self.defined("corpora", name))
        return definition | definition.pop("options", {})

    def rated_settings(self, name: str) -> dict[str, Any]:
        """Its kind and options; a table of the user's own, and code of the user's own, is told the mode."""
        definition = dict(self.defined("rated", name))
        files = {"corpus", "path"} | ({"mode"} if definition["object"] in EMULATIONS else set())
        options = definition.pop("options", {})
        return {key: value for key, value in definition.items() if key not in files} | options
