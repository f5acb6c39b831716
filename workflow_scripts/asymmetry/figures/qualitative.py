"""Crops side by side: the reference, the baselines and some trained generators, with what the judges say."""

import os
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy import ndimage

from asymmetry import images, tables
from asymmetry.analysis.spectrum import LUMA, energy_ratio
from asymmetry.figures import theme


def liveliest(image: np.ndarray, size: int) -> tuple[int, int]:
    """First row and column of the square of `size` pixels with the largest local variance of luma (7x7 windows)."""
    luma = image @ LUMA
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
        panels: dicts with `label`, `images` (scene -> path) and `scores` (path of shape judgement); for a baseline,
            `scores` is of shape baselines and `output` names its rows.
        judges: names of the judges whose values are printed under a crop.
        output: path of the table.
        size: height and width of a crop, pixels.
        scale: the factor of super-resolution, for the high-frequency energy.
    """
    known = [(panel, _values(panel)) for panel in panels]
    rows = []
    for scene, path in references.items():
        reference = images.read(path)
        top, left = liveliest(reference, size)
        place = {"scene": scene, "top": top, "left": left, "size": size}
        rows.append(place | {"label": "reference", "image": _relative(path, output), "energy": 1.0, "scores": ""})
        for panel, values in known:
            picture = panel["images"][scene]
            printed = [_printed(judge, values[scene, judge]) for judge in judges if (scene, judge) in values]
            energy = energy_ratio(images.read(picture), reference, scale)
            rows.append(
                place | {"label": panel["label"], "image": _relative(picture, output), "energy": energy}
                | {"scores": "; ".join(printed)}
            )  # fmt: skip
    tables.write(pd.DataFrame(rows), output, "qualitative")


def _values(panel: Mapping[str, Any]) -> dict[tuple[str, str], float]:
    if "output" in panel:
        frame = tables.read(panel["scores"], "baselines")
        frame = frame[frame["output"] == panel["output"]]
    else:
        frame = tables.read(panel["scores"], "judgement")
    return frame.set_index(["scene", "judge"])["value"].to_dict()


def _printed(judge: str, value: float) -> str:
    return f"{judge} {value:.2f}" if abs(value) >= 2 else f"{judge} {value:.3f}"


def _relative(path: Path, output: Path) -> str:
    return Path(os.path.relpath(path, Path(output).parent)).as_posix()


@theme.style()
def draw_qualitative(data: Path, stem: Path, scale: str = "") -> None:
    """Draw `<stem>.png` and `<stem>.pdf` from a table of shape qualitative: a row a scene, a column a panel.

    Args:
        data: the table; its pictures are read from beside it.
        stem: path of the pictures without a suffix.
        scale: the scale of the run, for the note under the figure.
    """
    frame = tables.read(data, "qualitative")
    scenes, labels = list(frame["scene"].unique()), list(frame["label"].unique())
    lines = 1 + frame["scores"].str.count(";").max() + 1
    side = theme.PAGE / len(labels)
    titles = [_wrapped(label, side) for label in labels]
    head = 0.11 * (1 + max(title.count("\n") for title in titles))
    figure = Figure(figsize=(theme.PAGE, len(scenes) * (side + 0.1 * lines) + head + 0.5))
    figure.get_layout_engine().set(w_pad=0.015, h_pad=0.04, wspace=0.01, hspace=0.01)
    grid = figure.subplots(len(scenes), len(labels), squeeze=False)
    for row in frame.itertuples():
        axes = grid[scenes.index(row.scene), labels.index(row.label)]
        picture = images.read(Path(data).parent / row.image)
        axes.imshow(picture[row.top : row.top + row.size, row.left : row.left + row.size], interpolation="nearest")
        axes.set_xlabel("\n".join([f"HF {row.energy:.2f}", *row.scores.split("; ")]), fontsize=5.5, labelpad=2)
    for axes in grid.flat:
        axes.set(xticks=[], yticks=[])
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
    for axes, title in zip(grid[0], titles, strict=True):
        axes.set_title(title, fontsize=6, pad=3)
    for axes, scene in zip(grid[:, 0], scenes, strict=True):
        axes.set_ylabel(scene, fontsize=6.5, labelpad=2)
    theme.footnote(
        figure,
        f"{len(scenes)} scenes, one seed; crops of {frame['size'].iloc[0]} pixels where the reference varies most.",
        "HF: energy above the input's Nyquist frequency over the reference's, whole picture.",
        theme.standing_in(labels),
        scale,
    )
    theme.save(figure, stem)


def _wrapped(label: str, inches: float) -> str:
    """A label in lines that fit a column of that width (6 pt: about 21 letters an inch), broken at spaces if it can."""
    width = max(1, int(21 * inches))
    long = max(map(len, label.split())) > width
    return "\n".join(textwrap.wrap(label, width, break_on_hyphens=long))
