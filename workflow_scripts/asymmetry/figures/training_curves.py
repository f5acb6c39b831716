"""Every term of every training over its steps: small multiples, a row a discriminator, a column a term."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

from asymmetry import tables
from asymmetry.analysis.names import counted, standing_in
from asymmetry.figures import theme
from asymmetry.figures.training_curves_data import KEYS, POINTS, TERMS

PALEST = 0.35  # opacity of the smallest weight


@theme.style()
def draw_training_curves(data: Path, stem: Path, scale: str = "") -> None:
    """Draw `<stem>.png` and `<stem>.pdf` from a table of shape training-curves.

    Args:
        data: the table.
        stem: path of the pictures without a suffix.
        scale: the scale of the run, for the note under the figure.
    """
    frame = tables.read(data, "training-curves")
    marks = theme.marks(frame["objective"].unique())
    names = sorted(frame["discriminator"].unique(), key=lambda name: (name != "none", name)) or ["none"]
    figure = Figure(figsize=(theme.PAGE, 1.0 * len(names) + 0.9 + 0.14 * -(-len(marks) // 3)))
    figure.get_layout_engine().set(w_pad=0.01, h_pad=0.02, wspace=0.02, hspace=0.02)
    grid = figure.subplots(len(names), len(TERMS), sharex=True, sharey="col", squeeze=False)
    for term, column in zip(TERMS, grid.T, strict=True):
        column[0].set_title(TERMS[term], fontsize=7)
        scaled(column[0], frame[term], term)
        for name, axes in zip(names, column, strict=True):
            part = frame[frame["discriminator"] == name]
            draw_curves(axes, part, term, {o: colour for o, (colour, _) in marks.items()}, "objective")
            if len(part) and part[term].isna().all():
                axes.text(0.5, 0.5, "no such term", transform=axes.transAxes, ha="center", color=theme.GREY, fontsize=6)
            axes.tick_params(labelsize=5.5, labelleft=True)
    for name, axes in zip(names, grid[:, 0], strict=True):
        label = "no discriminator" if name == "none" else name
        axes.set_ylabel(label if len(label) < 17 else label.replace("-", "-\n", 1), fontsize=7)
    for axes in grid[-1]:
        axes.set_xlabel("step", fontsize=6.5)
    handles = [Line2D([], [], color=colour, label=theme.short(name, 40)) for name, (colour, _) in marks.items()]
    figure.legend(handles=handles, loc="outside upper left", ncols=3)
    seeds = counted(pd.Series([frame["seed"].nunique()]), "seed")
    theme.footnote(
        figure,
        f"n = {len(frame.groupby(KEYS))} trainings, {seeds}; a line is one training (no intervals):",
        f"means over at most {POINTS} stretches of its steps, losses unweighted. Paler: smaller adversarial weight.",
        "An accuracy of 0.5 (dotted) is guessing; gradient ratio: the weighted adversarial term's to that of the rest.",
        "A line that leaves a panel is larger than six interquartile ranges over all lines.",
        "Black crosses: the training diverged." if (frame["diverged_at"] > 0).any() else "",
        standing_in(frame["objective"]),
        scale,
    )
    theme.save(figure, stem)


def scaled(axes: Axes, values: pd.Series, term: str) -> None:
    """Set the vertical axis of a term: accuracy from 0 to 1, ratios as logarithms, losses without what exploded."""
    known = values[np.isfinite(values)]
    if term == "accuracy":
        axes.set(ylim=(0, 1), yticks=(0, 0.5, 1))
    elif term == "gradient_ratio" and (known > 0).any():
        axes.set_yscale("log")
        axes.set_ylim(known[known > 0].min() / 1.3, known.max() * 1.3)
        decades = np.log10(known.max() / known[known > 0].min())
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < 1.5 else (1,)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(NullFormatter())
    elif len(known):
        low, high = theme.limits(known, known, known)
        axes.set_ylim(max(low, known.min() - (high - low) * 0.05), high)


def draw_curves(axes: Axes, frame: pd.DataFrame, term: str, colours: Mapping[str, Any], by: str) -> None:
    """One line a training, its colour by the column `by`, paler the smaller its weight is among those of the frame."""
    weights = sorted(frame["weight"].unique())
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    if term == "accuracy" and frame[term].notna().any():
        axes.axhline(0.5, color="0.3", linewidth=0.6, linestyle=":")
    for _, part in frame.groupby(KEYS, sort=False):
        known = part[part[term].notna()]
        if known.empty:
            continue
        row = known.iloc[-1]
        strength = weights.index(row["weight"]) / (len(weights) - 1) if len(weights) > 1 else 1
        look = {"color": colours[row[by]], "alpha": PALEST + (0.9 - PALEST) * strength, "linewidth": 0.6}
        axes.plot(known["step"], known[term], **look)
        if row["diverged_at"]:
            theme.cross(axes, row["step"], float(np.clip(row[term], *axes.get_ylim())))
