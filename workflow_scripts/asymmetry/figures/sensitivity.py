"""Does the asymmetry depend on one judge, family of judges, dataset, seed or metric? Each left out in turn."""

import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from asymmetry import tables
from asymmetry.analysis.names import SETTING, counted, setting_text, standing_in
from asymmetry.figures import theme

KINDS = {"nothing": "everything", "judge": "without a judge", "family": "without a family of judges",
         "dataset": "without a dataset", "seed": "without a seed", "metric": "without a metric"}  # fmt: skip
RHO, AGREEMENT = "rho", "rank_agreement"
MARKS: dict[str, theme.Mark] = {
    "index": (theme.PALETTE[0], "o"),
    RHO: (theme.PALETTE[0], "o"),
    AGREEMENT: (theme.PALETTE[1], "D"),
}
FACES = {"index": theme.PALETTE[0], RHO: theme.PALETTE[0], AGREEMENT: "white"}
BLOCKS = {
    ("index",): "asymmetry index",
    (RHO, AGREEMENT): "Spearman's ρ",
}
LIMITS = {"index": (-0.75, 2.75), RHO: (-1.2, 1.2)}  # 0 to 2 and -1 to 1, and some room
KEY = {RHO: "ρ of A and O over metrics", AGREEMENT: "ρ of the ranking with and without it"}
LINE, NAMES = 0.125, 1.5  # inches: a row, and the room for its name
Places = dict[tuple[str, str], float]


@theme.style()
def draw_sensitivity(data: Path, stem: Path, scale: str = "") -> None:
    """Draw `<stem>.png` and `<stem>.pdf` from a table of shape sensitivity: a column a setting.

    Args:
        data: the table.
        stem: path of the pictures without a suffix.
        scale: the scale of the run, for the note under the figure.
    """
    frame = tables.read(data, "sensitivity")
    rows = _rows(frame)
    settings = list(frame.groupby(SETTING, sort=False)) or [(("none", 0.0), frame)]
    height = 0.55 + LINE * max(max(rows.values(), default=0), 6)
    figure = Figure(figsize=(theme.PAGE, 1.5 + height * len(BLOCKS)))
    blocks = figure.subfigures(len(BLOCKS), 1)
    for block, (names, label) in zip(blocks, BLOCKS.items(), strict=True):
        panels = block.subplots(1, len(settings), sharex=True, sharey=True, squeeze=False)[0]
        panels[0].set(xlim=LIMITS[names[0]], ylim=(max(rows.values(), default=0) + 0.7, -0.7))
        for axes, (setting, part) in zip(panels, settings, strict=True):
            for place, name in enumerate(names):
                _dots(axes, part, name, rows, (place - (len(names) - 1) / 2) * 0.3)
            axes.axvline(0, color="0.3", linewidth=0.6, linestyle=":")
            axes.set_title(_head(setting, len(settings)) if len(part) else "", loc="left", fontsize=7)
        _label(panels[0], rows)
        block.supxlabel(label, fontsize=7.5)
        _nothing_left(panels, settings, rows)
        if len(names) > 1:
            handles = [
                Line2D(
                    [], [], color=colour, marker=marker, markerfacecolor=FACES[name], linestyle="none", label=KEY[name]
                )
                for name, (colour, marker) in ((name, MARKS[name]) for name in names)
            ]
            block.legend(handles=handles, loc="outside upper left", ncols=2)
    theme.footnote(figure, *_notes(frame), scale)
    theme.save(figure, stem)


def _head(setting: tuple[str, float], panels: int) -> str:
    width = max(12, int(15 * (theme.PAGE - NAMES) / panels))
    return textwrap.fill(setting_text(*setting), width, break_long_words=False)


def _nothing_left(panels: Sequence[Axes], settings: Sequence[tuple], rows: Places) -> None:
    for axes, (_, part) in zip(panels, settings, strict=True):
        for key in part.loc[part["reason"] == "nothing is left", ["kind", "left_out"]].itertuples(
            index=False, name=None
        ):
            at = {"xy": (0.03, rows[key]), "xycoords": axes.get_yaxis_transform(), "va": "center"}
            axes.annotate("nothing is left", **at, fontsize=5.5, color="0.45", backgroundcolor="white")


def _notes(frame: pd.DataFrame) -> list[str]:
    if frame.empty:
        return ["No setting was trained with several metrics."]
    whole = frame[frame["kind"] == "nothing"]
    reasons = [
        f"{row.verdict.capitalize()} with {setting_text(row.discriminator, row.weight)}: {row.reason}."
        for row in whole.itertuples()
        if row.reason
    ]
    return [
        f"n = {counted(whole['metrics'], 'metric')}, {counted(whole['scenes'], 'scene')},",
        f"{counted(whole['seeds'], 'seed')}. Dashed: with everything. Bars: 95 % intervals over scenes and",
        "seeds, where there is one. The metrics are a fixed set.",
        "Index 0: perfect agreement. Bars that reach an edge go on.",
        theme.CUT if not frame["index"].dropna().between(*LIMITS["index"]).all() else "",
        "No point: nothing is left, or a reliability is not above 0.",
        *reasons,
        standing_in(frame["left_out"]),
    ]


def _rows(frame: pd.DataFrame) -> Places:
    """Where each (kind, left_out) stands: one a unit, a heading before each kind."""
    places: Places = {}
    at = 0.0
    for kind in KINDS:
        names = list(dict.fromkeys(frame.loc[frame["kind"] == kind, "left_out"]))
        if not names:
            continue
        if kind != "nothing":
            places[kind, "*"] = at + 0.35
            at += 1.35
        for name in names:
            places[kind, name] = at
            at += 1
    return places


def _label(axes: Axes, rows: Places) -> None:
    names = [
        KINDS[kind] if name in ("", "*") else f"seed {name}" * (kind == "seed") or theme.short(name, 26)
        for kind, name in rows
    ]
    axes.set_yticks(list(rows.values()), names, fontsize=6.5)
    for label, (kind, name) in zip(axes.get_yticklabels(), rows, strict=True):
        if name == "*" or kind == "nothing":
            label.set_weight("bold")


def _dots(axes: Axes, part: pd.DataFrame, name: str, rows: Places, shift: float) -> None:
    """The values of a column, a row each, with the interval where the table has one."""
    whole = part[part["kind"] == "nothing"]
    shown = part if name != AGREEMENT else part[part["kind"] != "nothing"]
    at = [rows[key] + shift for key in shown[["kind", "left_out"]].itertuples(index=False, name=None)]
    if name != AGREEMENT and whole[name].notna().any():
        axes.axvline(whole[name].iloc[0], color=MARKS[name][0], linewidth=0.8, linestyle="--", alpha=0.6)
    bars = np.full((2, len(shown)), np.nan)
    if f"{name}_interval_low" in shown:
        bars = theme.sides(shown[name], shown[f"{name}_interval_low"], shown[f"{name}_interval_high"])
    none = np.full(2, np.nan)
    for x, y, sides in zip(shown[name], at, bars.T, strict=True):
        theme.point(axes, x, y, sides, none, MARKS[name], markersize=4, markerfacecolor=FACES[name])
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    for y in (rows[key] for key in rows if key[1] != "*"):
        axes.axhline(y, color="0.92", linewidth=0.4, zorder=0)
