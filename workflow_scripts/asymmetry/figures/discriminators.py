"""Discriminators side by side (claims C5 and C6): head against head, convolution against attention, and stability."""

import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from asymmetry import tables
from asymmetry.analysis.names import ARCHITECTURES, INTERVAL, MEASURES, counted, standing_in
from asymmetry.figures import theme
from asymmetry.figures.training_curves import draw_curves, scaled

STABILITY = {"accuracy": "discriminator's\naccuracy", "gradient_ratio": "gradient ratio,\nadversarial to rest"}
BACKBONE = ["backbone", "initialisation", "architecture"]


@theme.style()
def draw_discriminators(data: Path, curves: Path, stem: Path, scale: str = "", among: Sequence[str] = ()) -> None:
    """Draw `<stem>.png` and `<stem>.pdf`: the scores, and below how the trainings went, a column a backbone.

    Args:
        data: table of shape discriminators.
        curves: table of shape training-curves, of the same trainings.
        stem: path of the pictures without a suffix.
        scale: the scale of the run, for the note under the figure.
        among: the discriminators of the run, in the order that gives them their colours.
    """
    frame, history = tables.read(data, "discriminators"), tables.read(curves, "training-curves")
    names = _ordered(frame)
    marks = theme.marks(names, among)
    heights = (0.75 + 0.27 * len(names), 3.5)
    figure = Figure(figsize=(theme.PAGE, sum(heights)))
    upper, lower = figure.subfigures(2, 1, height_ratios=heights)
    panels = upper.subplots(1, 2, sharey=True)
    for axes, (measure, title) in zip(panels, MEASURES.items(), strict=True):
        part = frame[frame["measure"] == measure]
        _dots(axes, part, names, marks)
        axes.set_title(title + ("" if len(part) else ": no valid judge"), loc="left")
    upper.supxlabel("gain over the pretrained generator (robust standard deviations over cells)", fontsize=7.5)
    _stability(lower, frame, history, marks)
    theme.footnote(
        lower,
        f"Objective {', '.join(frame['objective'].unique())}, adversarial weight {frame['weight'].max():g}."
        if len(frame)
        else "No training to show.",
        f"n = {counted(frame['scenes'], 'scene')}, {counted(frame['seeds'], 'seed')}.",
        f"Bars: {INTERVAL}; small rings: the seeds one by one.",
        "Below, a line is one training, coloured as above; an accuracy of 0.5 is guessing.",
        theme.DIVERGED if frame["diverged"].any() else "No training diverged." if len(frame) else "",
        theme.CUT if any(theme.cut(*_ends(part)) for _, part in frame.groupby("measure")) else "",
        standing_in([*frame["objective"], *frame["initialisation"]]),
        scale,
    )
    theme.save(figure, stem)


def _ordered(frame: pd.DataFrame) -> list[str]:
    """`none`, then convolution before attention, backbones together, patch before vanilla."""
    rows = frame.drop_duplicates("discriminator")
    rows = rows.assign(last=rows["discriminator"] != "none", kind=rows["architecture"].map(_kind))
    return list(
        rows.sort_values(["last", "kind", "initialisation", "backbone", "head", "discriminator"])["discriminator"]
    )


def _kind(architecture: str) -> int:
    """Its place among the architectures; one that is not known comes last."""
    return (*ARCHITECTURES, architecture).index(architecture)


def _ends(part: pd.DataFrame) -> tuple[pd.Series, pd.Series, pd.Series]:
    """What an axis must hold: the cells and their seeds, with the intervals of the cells."""
    pairs = (("score", "seed_score"), ("low", "low"), ("high", "high"))
    return tuple(pd.concat([part[name] for name in pair], ignore_index=True) for pair in pairs)


def _dots(axes: Axes, part: pd.DataFrame, names: Sequence[str], marks: dict[str, theme.Mark]) -> None:
    axes.set(xlim=theme.limits(*_ends(part)), ylim=(max(len(names), 1) - 0.4, -0.6))
    axes.axvline(0, color="0.3", linewidth=0.6, linestyle=":")
    cells = part.drop_duplicates("discriminator")
    nothing = np.full(2, np.nan)
    for row, bars in zip(cells.itertuples(), theme.sides(cells["score"], cells["low"], cells["high"]).T, strict=True):
        place = names.index(row.discriminator)
        theme.point(axes, row.score, place, bars, nothing, marks[row.discriminator], markersize=5.5)
        if row.discriminator == "none":
            axes.axvline(row.score, color=theme.GREY, linewidth=0.8, linestyle="--", zorder=1)
    for row in part.itertuples():
        x, y = float(np.clip(row.seed_score, *axes.get_xlim())), names.index(row.discriminator) + 0.28
        look = {
            "color": marks[row.discriminator][0],
            "markersize": 3,
            "markerfacecolor": "white",
            "markeredgewidth": 0.8,
        }
        axes.plot(x, y, "o", clip_on=False, zorder=4, **look)
        if row.status == "diverged":
            theme.cross(axes, x, y)
    axes.set_yticks(range(len(names)), ["no discriminator" if n == "none" else theme.short(n, 32) for n in names])
    axes.grid(visible=False, axis="y")


def _stability(figure: SubFigure, frame: pd.DataFrame, history: pd.DataFrame, marks: dict[str, theme.Mark]) -> None:
    facts = frame[frame["discriminator"].isin(history["discriminator"])].drop_duplicates("discriminator")
    facts = facts.assign(kind=facts["architecture"].map(_kind)).sort_values(["kind", "initialisation", "backbone"])
    groups = list(facts.groupby(BACKBONE, sort=False)["discriminator"]) or [(("", "", ""), pd.Series(dtype=str))]
    grid = figure.subplots(len(STABILITY), len(groups), sharex=True, sharey="row", squeeze=False)
    colours = {name: colour for name, (colour, _) in marks.items()}
    for (term, label), row in zip(STABILITY.items(), grid, strict=True):
        scaled(row[0], history[term], term)
        row[0].set_ylabel(label)
        for axes, (_, members) in zip(row, groups, strict=True):
            draw_curves(axes, history[history["discriminator"].isin(members)], term, colours, "discriminator")
    width = int(15 * (theme.PAGE - 0.6) / len(groups))
    for (upper, lower), ((backbone, initialisation, kind), members) in zip(grid.T, groups, strict=True):
        own = f"{backbone}, {initialisation}" + (f" ({kind})" if kind else "")
        upper.set_title(textwrap.fill(own if backbone else ", ".join(members), width), loc="left", fontsize=7)
        lower.set_xlabel("training step")
