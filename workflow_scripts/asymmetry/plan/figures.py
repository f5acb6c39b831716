"""What the figures show, and the scale of the run as their notes say it."""

from itertools import product

from asymmetry.plan.definitions import NONE, Config, Definitions
from asymmetry.plan.grid import Cell, Grid, canonical


class Figures(Definitions):
    """Pictures and notes of the figures."""

    def __init__(self, config: Config, grid: Grid) -> None:
        super().__init__(config)
        self.grid = grid

    def scale(self) -> str:
        """The scale of a run in a few words, for the notes under figures and tables."""
        training = self.config["optimization"]
        return (
            f"{training['generator']}, {training['task']}, {training['steps']} steps of {training['batch']} crops of"
            f" {training['crop']} pixels after {self.config['pretraining']['steps']} L1 steps"
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

    def panels(self) -> list[dict[str, str]]:
        """Its columns beside the reference: label, folder of pictures, scores; baselines share one table."""
        base = self.grid.generator_folder
        baselines = [
            {"label": name, "images": f"{base}/baselines/{name}", "scores": f"{base}/baselines.csv", "output": name}
            for name in ("bicubic", "pretrained")
        ]
        return baselines + [
            {
                "label": f"{cell.objective} {'' if cell.discriminator == NONE else cell.discriminator}".strip(),
                "images": f"{self.grid.folder(cell)}/outputs",
                "scores": f"{self.grid.folder(cell)}/judgement.csv",
            }
            for cell in self.pictured()
        ]

    def panel_files(self) -> list[str]:
        """What it reads: folders of pictures, and tables of their scores."""
        own = [f"{self.grid.folder(cell)}/{file}" for cell in self.pictured() for file in ("outputs", "judgement.csv")]
        return [f"{self.grid.generator_folder}/baselines", f"{self.grid.generator_folder}/baselines.csv", *own]
