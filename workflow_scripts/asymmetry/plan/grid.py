"""The grid: its cells, their folders and files, and what a training of one is made from."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from typing import Any

from asymmetry.plan.definitions import NONE, Config, Definitions, Entries, Files
from asymmetry.plan.metrics import Metrics

CELL_FOLDER = "{task}/{generator}/{objective}/{discriminator}/weight-{weight}/seed-{seed}"
FILES = {
    "outputs": "outputs",
    "judgement": "judgement.csv",
    "external": "external-judgement.csv",
    "provenance": "provenance.json",
    "history": "history.csv",
}


def canonical(weight: float | str) -> str:
    """A weight as it stands in a path: plain decimal, no exponent, no trailing zeros (`0.005`, `0`, `1`)."""
    text = format(Decimal(str(weight)), "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


@dataclass(frozen=True, order=True)
class Cell:
    """One training of the grid: names of the objective and discriminator, canonical weight, seed."""

    objective: str
    discriminator: str
    weight: str
    seed: int


def cells(config: Config) -> list[Cell]:
    """The union of the blocks in `optimization.cells`, sorted; `none` has weight 0 only."""
    found = set()
    for block in config["optimization"]["cells"]:
        for objective, discriminator, seed in product(block["objectives"], block["discriminators"], block["seeds"]):
            weights = [0] if discriminator == NONE else block["weights"]
            found |= {Cell(objective, discriminator, canonical(weight), seed) for weight in weights}
    return sorted(found)


def _seeds(swept: Iterable[Cell]) -> dict[tuple[str, str], set[int]]:
    seeds: dict[tuple[str, str], set[int]] = {}
    for cell in swept:
        seeds.setdefault((cell.discriminator, cell.weight), set()).add(cell.seed)
    return seeds


class Grid(Definitions):
    """Trainings per (objective, discriminator, weight, seed).

    Attributes:
        cells: all of them, sorted.
        scopes: the cells that are standardised together: `grid` (all) and `fig7` (the sweep of the weight).
        generator_folder: where the pretrained generator lies, with what is measured of it.
    """

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        optimization = config["optimization"]
        self.metrics = Metrics(config)
        self.networks = self.metrics.networks
        self.cells = cells(config)
        self.generator_folder = f"{self.results}/generators/{optimization['task']}/{optimization['generator']}"
        self.scopes = {"grid": self.cells, "fig7": self._swept()}

    def folder(self, cell: Cell) -> str:
        """The folder of a cell of the grid."""
        optimization = self.config["optimization"]
        names = {"task": optimization["task"], "generator": optimization["generator"], **vars(cell)}
        return f"{self.results}/optimization/{CELL_FOLDER.format(**names)}"

    def listed(self, scope: Iterable[Cell], *files: str) -> list[dict[str, Any]]:
        """Cells as the analysis wants them: their names, and the paths of some of their files."""
        return [
            {
                **vars(cell),
                "weight": float(cell.weight),
                **{name: f"{self.folder(cell)}/{FILES[name]}" for name in files},
            }
            for cell in scope
        ]

    def _swept(self) -> list[Cell]:
        """The cells of figure 7: its objective alone, and with each discriminator that has several weights.

        Only seeds that all of them have: else a line would change its seeds from one weight to the next.
        """
        own = [cell for cell in self.cells if cell.objective == self.config["figures"]["fig7"]["objective"]]
        pairs = {(cell.discriminator, cell.weight) for cell in own}
        several = {name for name, _ in pairs if sum(other == name for other, _ in pairs) > 1}
        swept = [cell for cell in own if cell.discriminator in {NONE, *several}]
        common = set.intersection(*_seeds(swept).values()) if swept else set()
        return [cell for cell in swept if cell.seed in common]

    def objective(self, name: str) -> dict[str, Any]:
        """What an objective is made from, files apart."""
        settings = dict(self.defined("objectives", name))
        return settings | {"metric": settings["metric"] and self.metrics.settings(settings["metric"])}

    def objective_files(self, name: str) -> Files:
        """The files of an objective's metric, and its calibration."""
        objective = self.defined("objectives", name)
        if objective["metric"] is None:
            return {}
        files = {f"metric_{key}": file for key, file in self.metrics.files(objective["metric"]).items()}
        if objective["kappa"] != "raw":
            files["calibration"] = f"{self.generator_folder}/calibration/{objective['metric']}.json"
        return files

    def discriminator(self, name: str) -> dict[str, Any]:
        """What a discriminator is made from, files apart."""
        settings = dict(self.defined("discriminators", name))
        if "backbone" in settings:
            settings["backbone"] = self.networks.backbone(settings["backbone"])
            del settings["initialisation"]
        return settings

    def discriminator_files(self, name: str, seed: str) -> Files:
        """The weights that a discriminator starts from."""
        own = self.defined("discriminators", name)
        if "backbone" not in own:
            return {}
        return {"discriminator_backbone": self.networks.weights(own["backbone"], own["initialisation"], seed)}

    def source(self, initialisation: str, seed: str) -> str:
        """The trained discriminator whose backbone an initialisation takes over."""
        own = self.config["initialisations"][initialisation]
        cell = Cell(own["objective"], own["discriminator"], canonical(own["weight"]), int(seed))
        return f"{self.folder(cell)}/discriminator.safetensors"

    def restoration_entries(self, task: str, generator: str) -> Entries:
        """The registry entries of a task and a generator."""
        return [self.entry("tasks", task), self.entry("generators", generator)]

    def cell_entries(self, task: str, generator: str, objective: str, discriminator: str = NONE) -> Entries:
        """The registry entries that a cell names."""
        entries = self.restoration_entries(task, generator)
        metric = self.defined("objectives", objective)["metric"]
        entries += self.metrics.entries(metric) if metric else []
        if discriminator != NONE:
            own = self.defined("discriminators", discriminator)
            whole = "object" in own
            entries.append(("discriminators", own["object"]) if whole else self.entry("backbones", own["backbone"]))
        return entries
