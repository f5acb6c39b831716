"""What the figures show, and the scale of the run as their notes say it."""

from itertools import product
from typing import Any

from asymmetry.plan.definitions import NONE, Config, Definitions
from asymmetry.plan.grid import Cell, Grid, canonical
from asymmetry.plan.judgement import Judgement


class Figures(Definitions):
    """Pictures and notes of the figures."""

    def __init__(self, config: Config, grid: Grid, judgement: Judgement) -> None:
        super().__init__(config)
        self.grid = grid
        self.judgement = judgement

    def scale(self) -> str:
        """The scale of a run in a few words, for the notes under figures and tables."""
        training = self.config["optimization"]
        published = "weights" in self.config["generators"][training["generator"]]
        start = "from published weights" if published else f"after {self.config['pretraining']['steps']} L1 steps"
        return (
            f"{training['generator']}, {training['task']}, {training['steps']} steps of {training['batch']} crops of"
            f" {training['crop']} pixels {start}"
        )

    def pictured(self) -> list[Cell]:
        """The cells of the qualitative figure, at its weight and the first seed that each has."""
        figure = self.config["figures"]["qualitative"]
        weight = canonical(figure["weight"])
        shown = []
        for objective, discriminator in product(figure["objectives"], figure["discriminators"]):
            wanted = (objective, discriminator, "0" if discriminator == NONE else weight)
            shown += [cell for cell in self.grid.cells if (cell.objective, cell.discriminator, cell.weight) == wanted][
                :1
            ]
        return shown

    def panels(self) -> list[dict[str, Any]]:
        """Its columns beside the reference: label, folder of pictures, tables of scores; baselines share theirs."""
        base = self.grid.generator_folder
        scores = self.judgement.baselines(base)
        baselines = [
            {"label": name, "images": f"{base}/baselines/{name}", "scores": scores, "output": name}
            for name in ("bicubic", "pretrained")
        ]
        return baselines + [
            {
                "label": f"{cell.objective} {'' if cell.discriminator == NONE else cell.discriminator}".strip(),
                "images": f"{self.grid.folder(cell)}/outputs",
                "scores": self._scores(cell),
            }
            for cell in self.pictured()
        ]

    def _scores(self, cell: Cell) -> list[str]:
        """The tables of judgements of a cell, those of pyiqa's judges too."""
        files = [name for name in self.judgement.tables() if name != "provenance"]
        (row,) = self.grid.listed([cell], *files)
        return [row[name] for name in files]

    def panel_files(self) -> list[str]:
        """What it reads: folders of pictures, and tables of their scores."""
        own = [path for panel in self.panels()[2:] for path in (panel["images"], *panel["scores"])]
        base = self.grid.generator_folder
        return [f"{base}/baselines", *self.judgement.baselines(base), *own]
