"""The composition of the loss (claim C3): reconstruction, perceptual term or both, without and with a discriminator."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from asymmetry import tables
from asymmetry.analysis.names import INTERVAL, counted, standing_in
from asymmetry.analysis.optimization import CELL
from asymmetry.figures import theme
from asymmetry.figures.loss_composition_data import MEASURES

COMPOSITIONS = ("rec", "perc", "rec+perc")
PANEL = ["metric", "adversary"]
MARKS: dict[str, theme.Mark] = dict(zip(COMPOSITIONS, zip(theme.PALETTE, "os^", strict=False), strict=True))


@theme.style()
def draw_loss_composition(data: Path, stem: Path, scale: str = "") -> None:
    """Draw `<stem>.png` and `<stem>.pdf` from a table of shape loss-composition: a row a metric and setting.

    Args:
        data: the table.
        stem: path of the pictures without a suffix.
        scale: the scale of the run, for the note under the figure.
    """
    frame = tables.read(data, "loss-composition")
    groups = list(frame.groupby(PANEL, sort=False)) or [(("", ""), frame)]
    figure = Figure(figsize=(theme.PAGE, 2.9 * len(groups) + 0.8))
    grid = figure.subplots(len(groups), 2, squeeze=False, width_ratios=[1.5, 1])
    for (plane, balance), ((metric, adversary), part) in zip(grid, groups, strict=True):
        _plane(plane, part)
        plane.set_title(
            f"{theme.short(metric, 32)}; with {adversary}" if metric else "no composition to compare", loc="left"
        )
        _balance(balance, part)
        balance.set_title("balance", loc="left")
    figure.legend(handles=_key(), loc="outside upper left", ncols=5)
    theme.footnote(
        figure,
        f"n = {counted(frame['scenes'], 'scene')}, {counted(frame['seeds'], 'seed')} (those that all cells",
        f"of a row have). Bars: {INTERVAL}; they end at the edge of a panel. Gains over the pretrained generator",
        "(0) in robust standard deviations over cells. Balance: the mean of fidelity and realism, each once more over",
        "its own robust deviation over cells. Arrows between points: what the adversarial term changes.",
        theme.DIVERGED if frame["diverged"].any() else "",
        theme.CUT if any(theme.cut(*theme.ends(own)) for _, own in frame.groupby([*PANEL, "measure"])) else "",
        standing_in(frame["objective"]),
        scale,
    )
    theme.save(figure, stem)


def _key() -> list[Line2D]:
    filled = [
        Line2D([], [], color=colour, marker=marker, linestyle="none", label=name)
        for name, (colour, marker) in MARKS.items()
    ]
    look = {"color": theme.GREY, "marker": "o", "linestyle": "none"}
    without = Line2D([], [], **look, markerfacecolor="white", label="without adversarial term")
    return [*filled, without, Line2D([], [], **look, label="with adversarial term")]


def _look(discriminator: str) -> dict[str, Any]:
    return {"markersize": 6, **({"markerfacecolor": "white"} if discriminator == "none" else {})}


def _plane(axes: Axes, part: pd.DataFrame) -> None:
    """Fidelity across, realism upwards."""
    ways = {measure: part[part["measure"] == measure].set_index(CELL) for measure in MEASURES[:2]}
    axes.set(**{f"{way}lim": theme.limits(*theme.ends(own)) for way, own in zip("xy", ways.values(), strict=True)})
    axes.set(xlabel="fidelity", ylabel="realism (optimization score O)")
    for name, own in ways.items():
        if own.empty and len(part):
            axes.text(0.5, 0.5, f"no valid judge of {name}", transform=axes.transAxes, ha="center", color=theme.INK)
    drawn: dict[str, dict[bool, np.ndarray]] = {}
    for cell in ways["fidelity"].index.intersection(ways["realism"].index, sort=False):
        x, y = (own.loc[cell] for own in ways.values())
        without = cell[1] == "none"
        bars = [theme.sides(*theme.ends(end)) for end in (x, y)]
        theme.point(
            axes, x["score"], y["score"], *bars, MARKS[x["composition"]], gone=x["diverged"] > 0, **_look(cell[1])
        )
        place = [np.clip(end["score"], *limits) for end, limits in ((x, axes.get_xlim()), (y, axes.get_ylim()))]
        drawn.setdefault(x["composition"], {})[without] = np.array(place, dtype=float)
    for name, ends in drawn.items():
        if len(ends) == 2:
            arrow = {
                "arrowstyle": "->",
                "color": MARKS[name][0],
                "linewidth": 0.9,
                "alpha": 0.6,
                "shrinkA": 5,
                "shrinkB": 5,
            }
            axes.annotate("", ends[False], ends[True], arrowprops=arrow, zorder=2)


def _balance(axes: Axes, part: pd.DataFrame) -> None:
    """Balance by composition, the best at the top."""
    own = part[part["measure"] == "balance"].sort_values("score", kind="stable")
    axes.set(xlim=theme.limits(*theme.ends(own)), ylim=(-0.6, max(len(own), 1) - 0.4))
    axes.axvline(0, color="0.3", linewidth=0.6, linestyle=":")
    nothing = np.full(2, np.nan)
    for place, (row, bars) in enumerate(zip(own.itertuples(), theme.sides(*theme.ends(own)).T, strict=True)):
        look = _look(row.discriminator)
        theme.point(axes, row.score, place, bars, nothing, MARKS[row.composition], gone=row.diverged > 0, **look)
    names = own["composition"].where(own["discriminator"] == "none", own["composition"] + "+adv")
    axes.set_yticks(range(len(own)), list(names))
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_xlabel("½ (z of fidelity + z of realism)")
    axes.grid(visible=False, axis="y")
