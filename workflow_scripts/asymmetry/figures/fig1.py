"""Figure 1: the metrics' scores as assessment against their scores as loss, and how their ranks move."""

import textwrap
from itertools import zip_longest
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from asymmetry import tables
from asymmetry.analysis.names import INTERVAL, SETTING, counted, number, setting_text, standing_in
from asymmetry.figures import theme

ACROSS = 4  # panels in a row, at most
LETTERS = 34  # of a metric's name
NO_RANK = " (no rank)"
Settings = list[tuple[tuple[str, float], pd.DataFrame]]


@theme.style()
def draw_fig1(data: Path, stem: Path, scale: str = "") -> None:
    """Draw `<stem>.png` and `<stem>.pdf` from a table of shape fig1.

    Args:
        data: the table.
        stem: path of the pictures without a suffix.
        scale: the scale of the run, for the note under the figure.
    """
    frame = tables.read(data, "fig1")
    settings: Settings = list(frame.groupby(SETTING, sort=False))
    marks = theme.marks(frame["metric"].unique())
    rows = max(-(-len(settings) // ACROSS), 1)
    heights = (2.6 * rows, 1.3 + 0.19 * len(marks))
    figure = Figure(figsize=(theme.PAGE, sum(heights)))
    upper, lower = figure.subfigures(2, 1, height_ratios=heights)
    _scatters(upper, settings, rows, marks)
    _bump(lower.subplots(), settings, marks)
    seeds = counted(frame["seeds"], "seed")
    theme.footnote(
        lower,
        f"n = {len(marks)} metrics, {counted(frame['scenes'], 'scene')}, {seeds}. Bars: {INTERVAL}.",
        "A: mean Fisher-z SRCC over datasets; O: gain of the realism judges over the pretrained generator, in robust",
        "standard deviations over cells, on an axis of its own in each panel. Equal ranks stand side by side.",
        "Parentheses: ρ with one metric left out; brackets: 95 % interval of the index over scenes and seeds.",
        *_reasons(frame),
        f"{theme.DIVERGED} Such a cell ranks below all others." if frame["diverged"].any() else "",
        theme.CUT if any(theme.cut(*_gain(part)) for _, part in settings) else "",
        standing_in(frame["metric"]),
        scale,
    )
    theme.save(figure, stem)


def _reasons(frame: pd.DataFrame) -> list[str]:
    """Why a setting's index is inconclusive, a sentence a setting."""
    rows = frame[frame["verdict"] == "inconclusive"].drop_duplicates(SETTING)
    return [
        f"Inconclusive with {setting_text(*row[:-1])}: {row[-1]}."
        for row in rows[[*SETTING, "reason"]].to_numpy().tolist()
    ]


def _gain(frame: pd.DataFrame) -> tuple[pd.Series, pd.Series, pd.Series]:
    return frame["optimization"], frame["optimization_low"], frame["optimization_high"]


def _scatters(figure: SubFigure, settings: Settings, rows: int, marks: dict[str, theme.Mark]) -> None:
    columns = max(-(-len(settings) // rows), 1)
    grid = figure.subplots(rows, columns, sharex=True, squeeze=False)
    everything = pd.concat([part for _, part in settings])
    ends = everything[["assessment_low", "assessment_high", "assessment"]].stack()
    room = 0.06 * (ends.max() - ends.min()) or 0.1 if len(ends) else 1.0
    grid[0, 0].set_xlim((ends.min() - room, ends.max() + room) if len(ends) else (0, 1))
    for axes, item in zip_longest(grid.flat, settings):
        if item is None:
            axes.set_axis_off()
            continue
        place, part = item
        axes.set_ylim(theme.limits(*_gain(part)))
        axes.axhline(0, color="0.3", linewidth=0.6, linestyle=":")
        ways = [
            theme.sides(*(part[f"{way}{end}"] for end in ("", "_low", "_high")))
            for way in ("assessment", "optimization")
        ]
        for row, across, up in zip(part.itertuples(), *(way.T for way in ways), strict=True):
            theme.point(
                axes,
                row.assessment,
                row.optimization,
                across,
                up,
                marks[row.metric],
                gone=row.diverged > 0,
                markersize=5,
            )
        axes.set_title(_wrapped([setting_text(*place), *_finding(part.iloc[0])], columns), loc="left", fontsize=7)
        axes.set_xlabel("assessment score A (Fisher z)")
        if axes.get_subplotspec().is_first_col():
            axes.set_ylabel("optimization score O")
    for axes in grid.flat[: max(len(settings) - columns, 0)]:
        axes.set_xlabel("")
    for axes in grid.flat[max(len(settings) - columns, 0) : len(settings)]:
        axes.tick_params(labelbottom=True)  # the panel below it may be empty


def _finding(row: pd.Series) -> list[str]:
    if row["verdict"] == "undefined":
        return [f"no index: {row['reason']}"]
    lines = [f"ρ = {number(row['rho'])}"]
    if np.isfinite(row["rho_low"]):
        lines[0] += f" ({number(row['rho_low'])} to {number(row['rho_high'])})"
    index = f"index {number(row['index'])}" if np.isfinite(row["index"]) else "index undefined"
    if np.isfinite(row["index_low"]):
        index += f" [{number(row['index_low'])}, {number(row['index_high'])}]"
    return [*lines, index, *(["inconclusive at this scale"] if row["verdict"] == "inconclusive" else [])]


def _wrapped(lines: list[str], panels: int) -> str:
    """Lines broken so that they fit one of so many panels (7 pt: about 15 letters an inch)."""
    width = int(15 * (theme.PAGE - 0.6) / panels)
    return "\n".join(textwrap.fill(line, width) for line in lines)


def _bump(axes: Axes, settings: Settings, marks: dict[str, theme.Mark]) -> None:
    """Ranks as lines: assessment in the second column, so that each setting is next to it where there are two."""
    everything = pd.concat([part for _, part in settings])
    a = everything.drop_duplicates("metric").set_index("metric")["assessment"]
    ranks = [part.set_index("metric")["optimization_rank"] for _, part in settings]
    heads = [f"O, {setting_text(*place)}" for place, _ in settings]
    ranked = set().union(*(column.dropna().index for column in ranks))
    ranks.insert(1, a[a.index.isin(ranked)].rank(ascending=False))
    heads.insert(1, "A, assessment")
    gone = [set(part.loc[part["diverged"] > 0, "metric"]) for _, part in settings]
    gone.insert(1, set())
    last = len(ranks) - 1
    left = 0.75
    names = [theme.short(m, LETTERS) + ("" if m in ranks[-1].dropna().index else NO_RANK) for m in marks]
    right = max(left, 0.55 + 0.06 * max(map(len, names)))  # inches for the heads and for the names
    unit = (theme.PAGE - 0.5 - left - right) / last  # inches between columns
    places = [_side_by_side(column.reindex(list(marks)), unit) for column in ranks]
    for metric, (colour, marker) in marks.items():
        across = [k + place.loc[metric, "shift"] for k, place in enumerate(places)]
        up = [place.loc[metric, "rank"] for place in places]
        axes.plot(across, up, marker=marker, color=colour, linewidth=1.4, markersize=5, clip_on=False)
        for k in (k for k, diverged in enumerate(gone) if metric in diverged and np.isfinite(up[k])):
            theme.cross(axes, across[k], up[k])
    _names(axes, places[-1].assign(name=names), last, unit, marks)
    axes.set(xlim=(-left / unit, last + right / unit), ylim=(len(marks) + 0.6, 0.4))
    width = max(10, int(14 * min(unit, 2 * left)))
    heads = [head.replace("no discriminator", "none") if unit < 1 else head for head in heads]
    axes.set_xticks(
        range(len(ranks)), [textwrap.fill(head, width, break_long_words=False) for head in heads], fontsize=6.5
    )
    axes.set_yticks(range(1, len(marks) + 1))
    axes.set_ylabel("rank (1 is best)")
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)


def _side_by_side(ranks: pd.Series, unit: float) -> pd.DataFrame:
    """Columns rank and shift: metrics of one rank stand side by side; columns are `unit` inches apart."""
    groups = ranks.groupby(ranks)
    middle = (groups.transform("size") - 1) / 2
    step = min(0.1, 0.25 / middle.max()) if middle.max() > 0 else 0.0  # inches
    return pd.DataFrame({"rank": ranks, "shift": (groups.cumcount() - middle) * step / unit})


def _names(axes: Axes, place: pd.DataFrame, last: int, unit: float, marks: dict[str, theme.Mark]) -> None:
    """The metrics' names to the right, a line each even where ranks are equal; those without a rank stand below."""
    order = place.sort_values(["rank", "shift"], kind="stable")
    start = last + max(place["shift"].max(), 0) + 0.16 / unit
    for slot, (metric, row) in enumerate(order.iterrows(), start=1):
        if np.isfinite(row["rank"]):
            ends = [last + row["shift"], start], [row["rank"], slot]
            axes.plot(*ends, color="0.75", linewidth=0.6, zorder=0.5, clip_on=False)
        else:
            colour, marker = marks[metric]
            axes.plot(
                start - 0.06 / unit,
                slot,
                marker=marker,
                color=colour,
                markersize=5,
                markerfacecolor="none",
                clip_on=False,
            )
        axes.text(start + 0.04 / unit, slot, row["name"], va="center", color=theme.INK, fontsize=7, in_layout=False)
