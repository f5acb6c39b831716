"""Figure 7: realism and fidelity against the adversarial weight, and against the gradients' ratio, by discriminator."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter, NullLocator

from asymmetry import tables
from asymmetry.analysis.names import INTERVAL, MEASURES, counted, standing_in
from asymmetry.figures import theme

MOST = 8  # weights that are written under the axis one by one
AXES = {
    "weight": "weight of the adversarial term",
    "gradient_ratio": "measured ratio of gradients, adversarial to the rest",
}


@theme.style()
def draw_fig7(data: Path, stem: Path, scale: str = "", among: Sequence[str] = ()) -> None:
    """Draw `<stem>.png` and `<stem>.pdf` from a table of shape fig7.

    Args:
        data: the table.
        stem: path of the pictures without a suffix.
        scale: the scale of the run, for the note under the figure.
        among: the discriminators of the run, in the order that gives them their colours.
    """
    frame = tables.read(data, "fig7")
    swept = [name for name in frame["discriminator"].unique() if name != "none"]
    marks = theme.marks(["none", *swept], among)
    figure = Figure(figsize=(theme.PAGE, 5.0))
    grid = figure.subplots(2, 2, sharex="row", sharey="col")
    for row, variable in zip(grid, AXES, strict=True):
        for axes, measure in zip(row, MEASURES, strict=True):
            _panel(axes, frame[frame["measure"] == measure], variable, swept, marks)
            axes.set_xlabel(AXES[variable])
    for axes, (measure, title) in zip(grid[0], MEASURES.items(), strict=True):
        part = frame[frame["measure"] == measure]
        axes.set_title(title + ("" if part["score"].notna().any() else ": no valid judge"), loc="left")
    figure.supylabel("gain over the pretrained generator (robust standard deviations over cells)", fontsize=7.5)
    figure.legend(handles=_key(frame, swept, marks), loc="outside upper left", ncols=4)
    theme.footnote(
        figure,
        f"Objective {', '.join(frame['objective'].unique())}.",
        f"n = {counted(frame['scenes'], 'scene')}, {counted(frame['seeds'], 'seed')}.",
        f"Bars and band: {INTERVAL}.",
        "Below, lines join neighbouring weights, and horizontal bars hold 80 % of the logged ratios of all seeds.",
        "0 is the pretrained generator.",
        theme.DIVERGED if frame["diverged"].any() else "",
        theme.CUT if any(theme.cut(*theme.ends(part)) for _, part in frame.groupby("measure")) else "",
        standing_in(frame["objective"]),
        scale,
    )
    theme.save(figure, stem)


def _key(frame: pd.DataFrame, swept: Sequence[str], marks: dict[str, theme.Mark]) -> list[Line2D]:
    plain = [Line2D([], [], color=theme.GREY, linestyle="--", label="no adversarial term")]
    lines = [Line2D([], [], color=marks[name][0], marker=marks[name][1], label=name) for name in swept]
    return (plain if (frame["discriminator"] == "none").any() else []) + lines


def _panel(axes: Axes, frame: pd.DataFrame, variable: str, swept: Sequence[str], marks: dict[str, theme.Mark]) -> None:
    axes.axhline(0, color="0.3", linewidth=0.6, linestyle=":")
    for row in frame[(frame["discriminator"] == "none") & frame["score"].notna()].itertuples():
        axes.axhline(row.score, color=theme.GREY, linestyle="--")
        axes.axhspan(row.low, row.high, color=theme.GREY, alpha=0.15, linewidth=0)
    shown = frame[(frame[variable] > 0) & frame["discriminator"].isin(swept)]
    axes.set_ylim(theme.limits(*theme.ends(frame)))
    if shown.empty:
        return
    axes.set_xscale("log")
    ratio = variable == "gradient_ratio"
    first, last = (shown[f"{variable}{end}" if ratio else variable] for end in ("_low", "_high"))
    axes.set_xlim(first.min() / 1.25, last.max() * 1.25)
    for place, name in enumerate(swept):
        part = shown[shown["discriminator"] == name].sort_values("weight")
        beside = 1.0 if ratio else 1.04 ** (place - (len(swept) - 1) / 2)  # so that bars do not cover
        across = part[variable] * beside
        axes.plot(across, part["score"], color=marks[name][0], linewidth=0.9, alpha=0.7, zorder=2)
        if ratio:
            ends = part["score"], part[f"{variable}_low"], part[f"{variable}_high"]
            axes.hlines(*ends, color=marks[name][0], linewidth=0.8, alpha=0.4, zorder=2)
        for row, x, bars in zip(part.itertuples(), across, theme.sides(*theme.ends(part)).T, strict=True):
            theme.point(axes, x, row.score, np.full(2, np.nan), bars, marks[name], gone=row.diverged > 0)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    weights = sorted(shown["weight"].unique())
    if variable == "weight" and len(weights) <= MOST:
        axes.set_xticks(weights)
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        decades = np.log10(last.max() / first.min())
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < 1.8 else (1, 3) if decades < 2.8 else (1,)))
