"""The data of the qualitative figure: where the crops lie, and what the judges say."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import ndimage

from asymmetry import images, tables
from asymmetry.analysis.names import decimals
from asymmetry.analysis.spectrum import energy_ratio


def liveliest(image: np.ndarray, size: int) -> tuple[int, int]:
    """First row and column of the square of `size` pixels with the largest local variance of luma (7x7 windows)."""
    luma = images.full_range_luma(image)
    variance = ndimage.uniform_filter(luma**2, 7) - ndimage.uniform_filter(luma, 7) ** 2
    spread = np.sqrt(np.clip(variance, 0, None))  # a root, so that one hard edge does not outweigh a texture
    totals = ndimage.uniform_filter(spread, size, mode="constant", origin=-(size // 2))
    valid = totals[: image.shape[0] - size + 1, : image.shape[1] - size + 1]
    top, left = np.unravel_index(valid.argmax(), valid.shape)
    return int(top), int(left)


def qualitative_data(
    references: Mapping[str, Path],
    panels: Sequence[Mapping[str, Any]],
    judges: Sequence[str],
    output: Path,
    *,
    size: int = 64,
    scale: int = 4,
) -> None:
    """Write shape `qualitative`: one row a scene and panel; the reference is the first panel.

    Args:
        references: scene -> path of its reference; the order is that of the rows.
        panels: dicts with `label`, `images` (scene -> path) and `scores` (paths of shape judgement); for a baseline,
            they are of shape baselines and `output` names their rows.
        judges: names of the judges whose values are printed under a crop.
        output: path of the table.
        size: height and width of a crop, pixels.
        scale: the factor of super-resolution, for the high-frequency energy.
    """
    known = [(panel, _values(panel)) for panel in panels]
    everything = pd.concat([values["value"].abs() for _, values in known])
    digits = everything.groupby(level="judge").median().map(decimals)
    rows = []
    for scene, path in references.items():
        reference = images.read(path)
        top, left = liveliest(reference, size)
        place = {"scene": scene, "top": top, "left": left, "size": size}
        rows.append(place | {"label": "reference", "image": _relative(path, output), "energy": 1.0})
        for panel, values in known:
            picture = panel["images"][scene]
            seen = values.loc[[(scene, judge) for judge in judges if (scene, judge) in values.index]]
            printed = [f"{judge} {value:.{digits[judge]}f}" for (_, judge), value in seen["value"].items()]
            downwards = [judge for (_, judge), row in seen.iterrows() if row["value"] != row["quality"]]
            energy = energy_ratio(images.read(picture), reference, scale)
            rows.append(
                place | {"label": panel["label"], "image": _relative(picture, output), "energy": energy}
                | {"scores": "; ".join(printed), "lower_is_better": " ".join(downwards)}
            )  # fmt: skip
    tables.write(pd.DataFrame(rows), output, "qualitative")


def _values(panel: Mapping[str, Any]) -> pd.DataFrame:
    """Columns value and quality, by scene and judge."""
    shape = "baselines" if "output" in panel else "judgement"
    frame = pd.concat([tables.read(path, shape) for path in panel["scores"]])
    if "output" in panel:
        frame = frame[frame["output"] == panel["output"]]
    return frame.set_index(["scene", "judge"])[["value", "quality"]]


def _relative(path: Path, output: Path) -> str:
    return Path(os.path.relpath(path, Path(output).parent)).as_posix()
