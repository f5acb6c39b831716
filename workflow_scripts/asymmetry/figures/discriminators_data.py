"""The data of the figure of discriminators."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from asymmetry import tables
from asymmetry.analysis.names import MEASURES
from asymmetry.analysis.optimization import CELL, scene_scores, score_table
from asymmetry.figures.training_curves_data import curves

FACTS = ["head", "backbone", "initialisation", "architecture"]


def discriminators_data(
    gains: Path,
    cells: Sequence[Mapping[str, Any]],
    facts: Mapping[str, Mapping[str, str]],
    objective: str,
    weight: float,
    *,
    scores_output: Path,
    curves_output: Path,
) -> None:
    """Write shape `discriminators` and, of the same trainings, shape `training-curves`.

    Args:
        gains: table of shape gains.
        cells: as `training_curves.curves` wants them; of them, those of `objective` at `weight` are shown.
        facts: discriminator -> `head`, `backbone`, `initialisation` and `architecture`.
        objective: the objective beside which the discriminators are compared; without one is shown too.
        weight: the adversarial weight at which they are compared.
        scores_output: path of shape `discriminators`.
        curves_output: path of shape `training-curves`.
    """
    scenes = scene_scores(tables.read(gains, "gains"))
    there = np.isclose(scenes["weight"], weight) | (scenes["discriminator"] == "none")
    scenes = scenes[there & (scenes["objective"] == objective) & scenes["measure"].isin(list(MEASURES))]
    scored = score_table(scenes)
    alone = scenes.groupby(["measure", *CELL, "seed", "status"], sort=False)["score"].mean().rename("seed_score")
    frame = alone.reset_index().merge(scored, on=["measure", *CELL])
    for name in FACTS:
        frame[name] = [facts.get(discriminator, {}).get(name, "") for discriminator in frame["discriminator"]]
    tables.write(frame, scores_output, "discriminators")
    shown = [c for c in cells if c["objective"] == objective and c["discriminator"] != "none"]
    table = curves([cell for cell in shown if np.isclose(cell["weight"], weight)])
    tables.write(table, curves_output, "training-curves")
