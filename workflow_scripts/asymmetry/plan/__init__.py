"""What is to be run, and what each job needs: cells of the grid, files and settings by the names in a checked config.

The rules ask this package; it knows where results lie, and nothing of Snakemake. Light: no torch, pandas or numpy.
"""

from collections.abc import Mapping
from typing import Any

from asymmetry.plan.analysis import Analysis
from asymmetry.plan.claims import Claims
from asymmetry.plan.definitions import NONE, Config, Definitions
from asymmetry.plan.figures import Figures
from asymmetry.plan.grid import CELL_FOLDER, Cell, Grid, canonical, cells
from asymmetry.plan.judgement import Judgement
from asymmetry.plan.pictures import LEVEL_MEANS
from asymmetry.plan.transfer import Transfer
from asymmetry.plan.used import Used

__all__ = ["CELL_FOLDER", "LEVEL_MEANS", "NONE", "Cell", "Config", "Plan", "canonical", "cells", "in_order"]


class Plan(Definitions):
    """Answers of one config, which `configuration.check` has passed, by subject."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.grid = Grid(config)
        self.metrics = self.grid.metrics
        self.networks = self.metrics.networks
        self.pictures = self.metrics.pictures
        self.used = Used(config, self.grid)
        self.judgement = Judgement(config)
        self.transfer = Transfer(config)
        self.analysis = Analysis(config, self.grid)
        self.claims = Claims(config, self.grid, self.analysis, self.transfer)
        self.figures = Figures(config, self.grid, self.judgement)


def in_order(value: Any) -> Any:
    """The same value with the keys of all mappings sorted: a config means the same in whichever order it is written."""
    if isinstance(value, Mapping):
        return {key: in_order(value[key]) for key in sorted(value)}
    return [in_order(item) for item in value] if isinstance(value, list) else value
