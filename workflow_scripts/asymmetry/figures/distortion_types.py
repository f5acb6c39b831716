"""Where each metric agrees with opinions: SRCC by type of distortion, metrics grouped by their initialisation."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from asymmetry import tables
from asymmetry.analysis.names import coefficient, span, standing_in
from asymmetry.distortions import TYPES
from asymmetry.figures import theme

GAP = 0.35  # of a cell, between families and between groups of metrics
NO_NETWORK = "no network"
NARROW = 13  # points: cells that are narrower hold no number
WRONG = "#d55e00"  # vermilion of the colour-blind-safe palette: below 0
MAP = mpl.colormaps["cividis"].with_extremes(under=WRONG, bad="0.93")


@theme.style()
def draw_distortion_types(data: Path, stem: Path, scale: str = "") -> None:
    """Draw `<stem>.png` and `<stem>.pdf` from a table of shape distortion-types: a heat map a dataset.

    Args:
        data: the table.
        stem: path of the pictures without a suffix.
        scale: the scale of the run, for the note under the figure.
    """
    frame = tables.read(data, "distortion-types")
    parts = list(frame.groupby("dataset", sort=False))
    heights = [0.9 + 0.165 * part["metric"].nunique() for _, part in parts] or [0.9]
    figure = Figure(figsize=(theme.PAGE, 1.1 + sum(heights)))
    grid = figure.subplots(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0]
    for axes, (dataset, part) in zip(grid, parts, strict=False):
        _heat_map(axes, part, dataset)
    if not parts:
        _empty(grid[0])
    norm = mpl.colors.Normalize(0, 1)
    bar = figure.colorbar(mpl.cm.ScalarMappable(norm, MAP), ax=list(grid), location="bottom", shrink=0.4, aspect=40)
    bar.set_label("SRCC with the opinion score (orange: below 0)")
    theme.footnote(figure, *_notes(frame), standing_in(frame["initialisation"]), scale)
    theme.save(figure, stem)


def _empty(axes: Axes) -> None:
    axes.set_axis_off()
    axes.text(0.5, 0.5, "no rated set names its distortions", ha="center", va="center", transform=axes.transAxes)


def _notes(frame: pd.DataFrame) -> list[str]:
    if frame.empty:
        return []
    half = (frame["high"] - frame["low"]).median() / 2
    width = f"the median one is \N{PLUS-MINUS SIGN}{half:.2f} wide" if np.isfinite(half) else "too few scenes for any"
    seen = f"{span(frame['images'])} images of {span(frame['scenes'])} scenes"
    return [
        f"n = {frame['metric'].nunique()} metrics; each cell: {seen}, no training, so no seeds.",
        f"95 % intervals over scenes (t on the jackknife below 30 scenes, BCa bootstrap from 30 on): {width};",
        "a dot marks a cell whose interval holds 0, or that has none.",
        "In a group the metric with the best mean comes first.",
    ]


def _heat_map(axes: Axes, part: pd.DataFrame, dataset: str) -> None:
    columns = part.drop_duplicates("distortion")
    columns = columns.iloc[np.argsort(_places(columns["distortion"]), kind="stable")]
    rows = part.drop_duplicates("metric")
    across, down = _spread(columns["family"]), _spread(rows["initialisation"])
    wide = part.set_index(["metric", "distortion"])
    table = {name: wide[name].unstack().loc[rows["metric"], columns["distortion"]].to_numpy(float) for name in
             ("srcc", "low", "high")}  # fmt: skip
    longest = max(map(len, [*rows["metric"], *rows["initialisation"]]), default=0)
    numbered = 72 * (theme.PAGE - 0.09 * longest) / (across[-1] + 1) >= NARROW
    for j, x in enumerate(across):
        for i, y in enumerate(down):
            value, low, high = (table[name][i, j] for name in ("srcc", "low", "high"))
            axes.add_patch(mpl.patches.Rectangle((x, y), 1, 1, color=MAP(value), linewidth=0))
            if np.isfinite(value):
                ink = "white" if 0 <= value < 0.55 else "black"
                if numbered:
                    at = {"ha": "center", "va": "center_baseline", "fontsize": 5.5}
                    axes.text(x + 0.5, y + 0.5, coefficient(value), color=ink, **at)
                if not (low > 0 or high < 0):
                    axes.plot(x + 0.87, y + 0.17, ".", color=ink, markersize=1.5)
    axes.set(xlim=(0, across[-1] + 1), ylim=(down[-1] + 1, 0))
    axes.set_xticks(across + 0.5, list(columns["distortion"]), rotation=90, fontsize=5.5)
    axes.set_yticks(down + 0.5, list(rows["metric"]), fontsize=6)
    for number, (family, x) in enumerate(_middles(columns["family"], across).items()):
        axes.annotate(family, (x, 0), (0, 3 + 7 * (number % 2)), textcoords="offset points", ha="center", fontsize=6)
    for name, y in _middles(rows["initialisation"], down).items():
        label = {"": NO_NETWORK}.get(name, name)
        axes.annotate(label, (across[-1] + 1, y), (4, 0), textcoords="offset points", va="center", fontsize=6)
    axes.set_title(dataset, loc="left", pad=20)
    axes.tick_params(length=0, pad=2)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)


def _places(types: pd.Series) -> list[int]:
    known = list(TYPES)
    return [known.index(name) if name in TYPES else len(known) for name in types]


def _spread(groups: pd.Series) -> np.ndarray:
    """Where each row or column starts: one a unit, and a gap wherever the group changes."""
    changes = groups.ne(groups.shift()).cumsum().to_numpy() - 1
    return np.arange(len(groups)) + GAP * changes


def _middles(groups: pd.Series, starts: np.ndarray) -> dict[str, float]:
    places = pd.Series(starts + 0.5).groupby(groups.to_numpy(), sort=False)
    return ((places.min() + places.max()) / 2).to_dict()
