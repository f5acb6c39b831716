"""The claims of the study and what this run says of each: estimate, interval, margin, verdict, sentence."""

import textwrap
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from asymmetry import tables
from asymmetry.analysis.names import counted, p_text
from asymmetry.figures import theme

LOOKS = {  # verdict -> colour, marker, face of the marker
    "supported": ("#0072b2", "o", "#0072b2"),
    "contradicted": ("#d55e00", "X", "#d55e00"),
    "inconclusive": ("0.25", "o", "white"),
    "not tested": ("0.6", "o", "white"),
}
TEXT, GUTTER = 4.25, 0.25  # inches: width of the words, and what lies between them and the interval
LINE = 0.102  # inches: a line of the words
HEAD, BODY = 78, 100  # letters in a line of the statement, and of the sentence
NOTE = 60  # letters in a line under the interval


def draw_claims(data: Path, stem: Path, level: float = 0.95) -> None:
    """Draw `<stem>.png` and `<stem>.pdf` from a table of shape claims: a row a claim.

    Args:
        data: the table.
        stem: path of the pictures without a suffix.
        level: coverage of all intervals together.
    """
    frame = tables.read(data, "claims")
    with theme.style(), mpl.rc_context({"figure.constrained_layout.use": False}):  # the words set the heights
        theme.save(_figure(frame, level), stem)


def _figure(frame: pd.DataFrame, level: float) -> Figure:
    rows = [(row, _words(row)) for row in frame.itertuples()]
    heights = [max(LINE * (len(head) + len(body)) + 0.3, 0.85) for _, (head, body) in rows]
    note = _note(frame, level)
    foot = 0.1 * len(note) + 0.12
    figure = Figure(figsize=(theme.PAGE, sum(heights) + foot + 0.08))
    page = figure.add_axes((0, 0, 1, 1), xlim=(0, theme.PAGE), ylim=(0, figure.get_figheight()))
    page.set_axis_off()
    top = figure.get_figheight() - 0.08
    for (row, words), height in zip(rows, heights, strict=True):
        _row(page, row, words, top, height)
        top -= height
    page.text(0.08, foot - 0.06, "\n".join(note), fontsize=6, color="0.25", va="top", linespacing=1.15)
    return figure


def _note(frame: pd.DataFrame, level: float) -> list[str]:
    counts = frame["verdict"].value_counts()
    told = ", ".join(f"{counts[word]} {word}" for word in LOOKS if word in counts) or "no claims"
    tested = frame[frame["scenes"] > 0]
    rests = f"n = {counted(tested['scenes'], 'scene')}, {counted(tested['seeds'], 'seed')} a claim."
    sentences = [
        f"{told}. {rests if len(tested) else ''}",
        f"Intervals hold together for all tested claims at {level:.0%} (Bonferroni); p by Holm over them.",
        "Dashed: the margin, declared before the run; shaded: the side on which the claim lies. Shown is the part of",
        "a claim that decides. An arrow: the interval goes on. Fewer than 8 scenes or 3 seeds: at most inconclusive.",
        *dict.fromkeys(frame["scale"]),
    ]
    return textwrap.wrap(" ".join(filter(None, sentences)), int(theme.PAGE * 23.3))


def _words(row: Any) -> tuple[list[str], list[str]]:
    return textwrap.wrap(f"{row.claim}  {row.statement}", HEAD), textwrap.wrap(row.sentence, BODY)


def _row(page: Axes, row: Any, words: tuple[list[str], list[str]], top: float, height: float) -> None:
    head, body = words
    grey = row.verdict == "not tested"
    colour = LOOKS[row.verdict][0]
    page.plot([0.08, theme.PAGE - 0.08], [top, top], color="0.85", linewidth=0.5)
    page.text(0.08, top - 0.07, "\n".join(head), fontsize=6.8, weight="bold", va="top", color="0.5" if grey else "0.1")
    below = top - 0.1 - LINE * 1.12 * len(head)
    page.text(0.08, below, "\n".join(body), fontsize=5.8, va="top", color="0.5" if grey else "0.25", linespacing=1.2)
    left = 0.08 + TEXT + GUTTER
    ink, paint = ("0.5", "white") if grey else ("white", colour)
    box = {"boxstyle": "round,pad=0.25", "facecolor": paint, "edgecolor": colour, "linewidth": 0.6}
    page.text(left + 0.04, top - 0.14, row.verdict, fontsize=6.5, weight="bold", va="center", color=ink, bbox=box)
    if np.isfinite(row.p_corrected):
        p = p_text(row.p_corrected)
        told = f"p {p}" if p.startswith("<") else f"p = {p}"
        page.text(theme.PAGE - 0.1, top - 0.14, told, fontsize=6.5, va="center", ha="right", color="0.25")
    if grey or not np.isfinite(row.estimate):
        page.text(left, top - 0.3, textwrap.fill(row.reason, NOTE), fontsize=5.6, va="top", color="0.5")
        return
    width, tall = theme.PAGE - 0.15 - left, page.figure.get_figheight()
    panel = page.figure.add_axes((left / theme.PAGE, (top - 0.5) / tall, width / theme.PAGE, 0.22 / tall))
    _interval(panel, row)
    words = textwrap.fill(row.measure.rpartition(";")[0] or row.measure, NOTE)
    page.text(left, top - 0.68, words, fontsize=5.6, va="top", color="0.35")


def _interval(axes: Axes, row: Any) -> None:
    colour, marker, face = LOOKS[row.verdict]
    ends = [end for end in (row.low, row.high, row.estimate, row.margin) if np.isfinite(end)]
    reach = max(ends) - min(ends) or 1.0
    if not np.isfinite([row.low, row.high]).all():
        reach = max(3 * abs(row.estimate - row.margin), 1e-3)
        ends += [row.estimate - reach, row.estimate + reach]
    axes.set(xlim=(min(ends) - 0.08 * reach, max(ends) + 0.08 * reach), ylim=(-1, 1), yticks=[])
    left, right = axes.get_xlim()
    below = "claimed below" in row.measure
    axes.axvspan(left if below else row.margin, row.margin if below else right, color="#cfe5f3", linewidth=0, zorder=0)
    axes.axvline(row.margin, color="0.3", linewidth=0.8, linestyle="--", zorder=1)
    if not np.isnan([row.low, row.high]).any():
        low, high = np.clip([row.low, row.high], left, right)
        axes.plot([low, high], [0, 0], color=colour, linewidth=1.6, solid_capstyle="butt", zorder=3)
        for end, edge, arrow in ((row.low, left, "<"), (row.high, right, ">")):
            if np.isinf(end):
                axes.plot(edge, 0, arrow, color=colour, markersize=4, clip_on=False, zorder=4)
    axes.plot(row.estimate, 0, marker, color=colour, markerfacecolor=face, markersize=5.5, zorder=5)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(mpl.ticker.StrMethodFormatter("{x:g}"))
    axes.tick_params(axis="x", labelsize=5.5, length=2, pad=1.5)
    axes.spines["left"].set_visible(False)
    axes.grid(visible=False)
