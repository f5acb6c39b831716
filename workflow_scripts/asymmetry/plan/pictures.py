"""Corpora and rated datasets: their manifests, what they are made from, their settings."""

import csv
from pathlib import Path
from typing import Any

from asymmetry.plan.definitions import Definitions, Files

LEVEL_MEANS = str(Path(__file__).parents[2] / "data" / "kadid10k_level_means.csv")


def _named_images(table: Path) -> list[str]:
    """The images that a rated table names and that are there; what is wrong with it is said when it is read."""
    try:
        text = table.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError):
        return []
    head = text.partition("\n")[0]
    rows = csv.DictReader(text.splitlines(), delimiter=max(",;\t|", key=head.count))
    named = {row.get(column) for row in rows for column in ("image", "reference")} - {None, ""}
    return sorted(str(path) for name in named if (path := table.parent / name).is_file())


class Pictures(Definitions):
    """Sets of pictures, with scores or without."""

    def corpus(self, name: str) -> str:
        """The manifest of a corpus."""
        return f"{self.results}/corpora/{name}/manifest.csv"

    def rated(self, name: str) -> str:
        """The manifest of a rated dataset."""
        return f"{self.results}/rated/{name}/manifest.csv"

    def rated_files(self, name: str) -> Files:
        """What a rated dataset is made from: a table of the user's own and its images, or a corpus and mean scores."""
        definition = self.defined("rated", name)
        if definition["object"] == "csv":
            return {"path": definition["path"], "images": _named_images(Path(definition["path"]))}
        corpus = {"corpus": self.corpus(definition["corpus"])} if "corpus" in definition else {}
        return {"level_means": LEVEL_MEANS, **corpus}

    def corpus_files(self, name: str) -> list[str]:
        """The pictures of a folder of the user's own, so that a change of them is seen; none for other corpora."""
        folder = Path(self.defined("corpora", name).get("path", ""))
        return sorted(map(str, folder.iterdir())) if folder.name and folder.is_dir() else []

    def rated_settings(self, name: str) -> dict[str, Any]:
        """Its options; only a table of the user's own is told whether it has references."""
        definition = self.defined("rated", name)
        files = {"corpus", "path"} if definition["object"] == "csv" else {"corpus", "path", "mode"}
        return {key: value for key, value in definition.items() if key not in files}
