"""Quality models by where their weights come from (claims C7 and C8): SRCC by backbone and initialisation."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from asymmetry import tables
from asymmetry.analysis.names import ARCHITECTURES, INTERVAL, counted, standing_in
from asymmetry.figures import theme

PROTOCOLS = {"scene": "unseen scenes", "family": "unseen family of distortions"}
MODES = {"fr": "full-reference", "nr": "no-reference"}
SOURCES: dict[str, tuple[str, theme.Mark]] = {
    "random": ("random weights", (theme.GREY, "o")),
    "vanilla": ("vanilla discriminator", (theme.PALETTE[1], "s")),
    "patch": ("patch discriminator", (theme.PALETTE[0], "D")),
    "discriminator": ("own discriminator", (theme.PALETTE[4], "P")),
    "pretraining": ("pretraining of this run", (theme.PALETTE[2], "^")),
    "published": ("published weights", (theme.PALETTE[3], "v")),
    "file": ("weights from a file", (theme.PALETTE[5], "p")),
}


@theme.style()
def draw_transfer(data: Path, stem: Path, scale: str = "") -> None:
    """Draw `<stem>.png` and `<stem>.pdf` from a table of shape transfer-figure: a row a dataset, a column a protocol.

    Args:
        data: the table.
        stem: path of the pictures without a suffix.
        scale: the scale of the quality models, for the note under the figure.
    """
    frame = tables.read(data, "transfer-figure")
    arms = _arms(frame)
    datasets = list(frame["dataset"].unique()) or [""]
    columns = [
        (mode, protocol)
        for mode in MODES
        for protocol in PROTOCOLS
        if ((frame["mode"] == mode) & (frame["protocol"] == protocol)).any()
    ] or [("fr", "scene")]
    heights = 0.4 + 0.15 * max(len(_rows(arms)), 3)
    figure = Figure(figsize=(theme.PAGE, heights * len(datasets) + 1.0))
    grid = figure.subplots(len(datasets), len(columns), sharex="col", sharey=True, squeeze=False)
    for row, dataset in zip(grid, datasets, strict=True):
        for axes, (mode, protocol) in zip(row, columns, strict=True):
            there = (frame["dataset"] == dataset) & (frame["mode"] == mode) & (frame["protocol"] == protocol)
            _panel(axes, frame[there], arms)
        row[0].set_ylabel(dataset, fontsize=7.5)
    for axes, (mode, protocol) in zip(grid[0], columns, strict=True):
        axes.set_title(f"{MODES[mode]}\n{PROTOCOLS[protocol]}", loc="left", fontsize=7)
    for axes in grid[-1]:
        axes.set_xlabel("SRCC")
    figure.legend(handles=_key(frame), loc="outside upper left", ncols=5)
    theme.footnote(
        figure,
        f"n = {counted(frame['scenes'], 'scene')}, {counted(frame['seeds'], 'seed')}.",
        f"Bars: {INTERVAL.replace('over scenes and', 'over scenes that are tested together and')};",
        "pale bands: one standard deviation over seeds to each side."
        if frame["srcc_spread"].notna().any()
        else "the spread over seeds is not known.",
        "SRCC within a fold, averaged over folds and seeds as Fisher's z; 0 (dotted) is guessing.",
        "Colours: where the weights come from. Each column has its own axis.",
        standing_in(frame["initialisation"]),
        scale,
    )
    theme.save(figure, stem)


def _arms(frame: pd.DataFrame) -> list[tuple[str, str]]:
    """Backbone and initialisation from top to bottom: convolution before attention, random before trained."""
    rows = frame.drop_duplicates(["backbone", "initialisation"])
    kind = rows["architecture"].map(lambda name: (*ARCHITECTURES, name).index(name))  # one that is not known comes last
    rows = rows.assign(kind=kind, order=rows["source"].map(list(SOURCES).index))
    rows = rows.sort_values(["kind", "backbone", "order", "initialisation"])
    return list(rows[["backbone", "initialisation"]].itertuples(index=False, name=None))


def _panel(axes: Axes, part: pd.DataFrame, arms: list[tuple[str, str]]) -> None:
    rows = _rows(arms)
    places = {arm: place for place, arm in enumerate(rows)}
    sides = theme.sides(part["srcc"], part["srcc_low"], part["srcc_high"]).T
    for row, bars in zip(part.itertuples(), sides, strict=True):
        (colour, marker), y = SOURCES[row.source][1], places[row.backbone, row.initialisation]
        if not np.isfinite(row.srcc):
            continue
        if np.isfinite(row.srcc_spread):
            band = (row.srcc - row.srcc_spread, row.srcc + row.srcc_spread)
            axes.plot(band, (y, y), color=colour, alpha=0.25, linewidth=5, solid_capstyle="butt", zorder=2)
        axes.errorbar(row.srcc, y, xerr=bars.reshape(2, 1), fmt=marker, color=colour, elinewidth=0.9, zorder=3)
    low, _ = axes.get_xlim()
    if low < 0 and len(part):
        axes.axvline(0, color="0.3", linewidth=0.6, linestyle=":")
    if part.empty:
        axes.text(0.5, 0.5, "not run", transform=axes.transAxes, ha="center", color=theme.GREY)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(
        range(len(rows)), [theme.short(initialisation or backbone, 32) for backbone, initialisation in rows]
    )
    for label, (_, initialisation) in zip(axes.get_yticklabels(), rows, strict=False):
        label.set_weight("normal" if initialisation else "bold")
    axes.grid(visible=False, axis="y")


def _rows(arms: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The arms, each backbone's under a row of its own without an initialisation."""
    return [row for number, arm in enumerate(arms)
            for row in ([(arm[0], "")] if not number or arms[number - 1][0] != arm[0] else []) + [arm]]  # fmt: skip


def _key(frame: pd.DataFrame) -> list[Line2D]:
    shown = [SOURCES[name] for name in SOURCES if (frame["source"] == name).any()]
    return [Line2D([], [], color=mark[0], marker=mark[1], linestyle="none", label=name) for name, mark in shown]
