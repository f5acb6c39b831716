"""Running a metric over what trained generators made: assessment on the very pictures that the losses lead to."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from asymmetry import compute, tables
from asymmetry.errors import UserError
from asymmetry.metrics.assessment import over_pairs
from asymmetry.metrics.base import FidelityMetric

CELL = ["objective", "discriminator", "weight", "seed"]


def assess_outputs(
    metric: FidelityMetric, name: str, cells: Sequence[Mapping[str, Any]], references: Path, output: Path, device: str
) -> None:
    """Score the outputs of all cells against their references; writes a table of shape output-qualities.

    Args:
        metric: the metric.
        name: its name in the config.
        cells: dicts with `objective`, `discriminator`, `weight`, `seed` and `outputs` (folder of `<scene>.png`).
        references: folder of `<scene>.png`.
        output: path of the table.
        device: where to compute.

    Raises:
        UserError: an output is missing, or of another size than its reference. A value that is not finite is written as
            the worst of the table's: a metric may refuse what a diverged generator makes.
    """
    scenes = sorted(references.glob("*.png"))
    if not scenes:
        raise UserError(f"{references} holds no picture.")
    rows = [
        {key: cell[key] for key in CELL}
        | {"scene": scene.stem, "image": f"{cell['outputs']}/{scene.name}", "reference": str(scene)}
        for cell in cells
        for scene in scenes
    ]
    frame = pd.DataFrame(rows)
    metric.to(compute.device(device))
    values = np.empty(len(frame))
    for chosen, value in over_pairs(frame, Path(), metric.describe, metric.compare, device):
        values[chosen] = value.cpu().double().numpy()
    quality = values if metric.higher_is_better else -values
    finite = np.isfinite(quality)
    frame["quality"] = np.where(finite, quality, quality[finite].min(initial=0.0))
    frame["metric"] = name
    tables.write(frame[list(tables.SHAPES["output-qualities"])], output, "output-qualities")
