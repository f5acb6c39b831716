"""The data of the training curves."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from asymmetry import artifacts, tables

KEYS = ["objective", "discriminator", "weight", "seed"]
TERMS = {
    "reconstruction": "reconstruction\n(L1)",
    "perceptual": "perceptual\ndistance",
    "adversarial": "adversarial\nloss",
    "discriminator_loss": "discriminator's\nloss",
    "accuracy": "discriminator's\naccuracy",
    "gradient_ratio": "gradient\nratio",
}
POINTS = 40  # of a curve


def curves(cells: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Shape `training-curves`: the histories of some trainings, as means over at most `POINTS` stretches of steps.

    Args:
        cells: dicts with `objective`, `discriminator`, `weight`, `seed` and the paths `history` and `provenance`.
    """
    parts = [pd.DataFrame(columns=list(tables.SHAPES["training-curves"]))]
    for cell in cells:
        history = tables.read(cell["history"], "history").rename(columns={"discriminator": "discriminator_loss"})
        width = max(1, -(-len(history) // POINTS))
        groups = history.groupby((history["step"] - 1) // width)
        curve = groups[list(TERMS)].mean().assign(step=groups["step"].last(), **{key: cell[key] for key in KEYS})
        parts.append(curve.assign(diverged_at=artifacts.read_json(cell["provenance"])["diverged_at"]))
    return pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)


def training_curves_data(cells: Sequence[Mapping[str, Any]], output: Path) -> None:
    """Write shape `training-curves` of some cells (see `curves`)."""
    tables.write(curves(cells), output, "training-curves")
