"""What a run has measured, as the claims need it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from asymmetry.analysis.optimization import CELL, robust_deviation, scene_scores
from asymmetry.analysis.rankings import Assessed

Cell = tuple[str, str, float]  # objective, discriminator, weight
KEYS = [*CELL, "seed", "status", "scene"]


@dataclass(frozen=True)
class Study:
    """Results of a run, and the facts of its config (`plan.claims.Claims.facts`).

    Attributes:
        facts: what the config and the registry say.
        margins: section `claims` of the config.
        assessed: assessments of the metrics that are losses.
        gains: shape gains, of all cells.
        sweep: shape gains, of the cells of figure 7; empty without a sweep.
        artefacts: shape artefacts.
        predictions: shape predictions with the columns mode, dataset, backbone, initialisation and seed.
        discriminators: parameters of each discriminator that are used.
        backbones: parameters of each quality model's backbone.
    """

    facts: Mapping[str, Any]
    margins: Mapping[str, float]
    assessed: Assessed
    gains: pd.DataFrame
    sweep: pd.DataFrame
    artefacts: pd.DataFrame
    predictions: pd.DataFrame
    discriminators: Mapping[str, int]
    backbones: Mapping[str, int]

    @cached_property
    def scores(self) -> pd.DataFrame:
        """`optimization.scene_scores` of all cells, with the measure `lpips` where a judge of that kind counts."""
        if not len(self.gains):
            return pd.DataFrame(columns=["measure", *KEYS, "score"])
        lpips = self.gains[self.gains["judge"].isin(self.facts["lpips"])]
        own = [scene_scores(lpips).assign(measure="lpips")] if len(lpips) else []
        return pd.concat([scene_scores(self.gains), *own])

    def measure(self, name: str) -> pd.DataFrame:
        """Columns `KEYS` and score (higher is better) of one measure of optimization."""
        return self.scores[self.scores["measure"] == name][[*KEYS, "score"]]

    def balance(self) -> pd.DataFrame:
        """The same of ½ (z of fidelity + z of realism), z over cells; empty without judges of both."""
        both = self.measure("fidelity").merge(self.measure("realism"), on=KEYS, suffixes=("", "_realism"))
        realism = both.drop(columns="score").rename(columns={"score_realism": "score"})
        return both[KEYS].assign(score=(standardised(both)["score"] + standardised(realism)["score"]) / 2)

    def artefact(self, name: str) -> pd.DataFrame:
        """The same of one measure of artefacts, of which less is better, in robust standard deviations over cells."""
        rows = self.artefacts.rename(columns={name: "score"})[[*KEYS, "score"]]
        return standardised(rows.dropna(subset="score"))

    def cells(self, rows: pd.DataFrame) -> list[Cell]:
        """The cells of such a table."""
        return list(rows[CELL].drop_duplicates().itertuples(index=False, name=None))

    def reference(self, weight: float) -> bool:
        """Whether a weight is the one that most cells share."""
        return self.facts["weight"] is not None and bool(np.isclose(weight, self.facts["weight"]))


def scale_of(rows: pd.DataFrame) -> float:
    """The robust deviation of `score` over cells; 1 where all cells are alike."""
    spread = robust_deviation(rows.groupby(CELL)["score"].mean()) if len(rows) else np.nan
    return float(spread) if spread > 0 else 1.0


def standardised(rows: pd.DataFrame) -> pd.DataFrame:
    """`score` over `scale_of` it."""
    return rows.assign(score=rows["score"] / scale_of(rows))
