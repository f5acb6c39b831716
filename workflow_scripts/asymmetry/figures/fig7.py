"""Figure 7: realism and fidelity against the adversarial weight, and against the gradients' ratio, by discriminator."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from asymmetry import tables
from asymmetry.figures import theme

CELL = ["objective", "discriminator", "weight"]
MEASURES = {"realism": "realism (optimization score O)", "fidelity": "fidelity"}
AXES = {
    "weight": "weight of the adversarial term",
    "gradient_ratio": "measured ratio of gradients, adversarial to the rest",
}


def fig7_data(
    optimization_scores: Path,
    cells: Sequence[Mapping[str, Any]],
    objective: str,
    discriminators: Sequence[str],
    output: Path,
) -> None:
    """Write shape `fig7`: the scores of one objective by discriminator and weight, with the measured gradient ratio.

    Args:
        optimization_scores: table of shape optimization-scores.
        cells: dicts with `objective`, `discriminator`, `weight` and `history` (path of a table of shape history).
        objective: the objective that is shown.
        discriminators: those that are swept; `none` is added as the line to compare with.
        output: path of the table.
    """
    scores = tables.read(optimization_scores, "optimization-scores")
    shown = scores[
        (scores["objective"] == objective)
        & scores["discriminator"].isin(["none", *discriminators])
        & scores["measure"].isin(list(MEASURES))
    ]
    ratios = [
        {**{name: cell[name] for name in CELL}, "gradient_ratio": _median_ratio(cell["history"])}
        for cell in cells
        if cell["objective"] == objective and cell["discriminator"] in discriminators
    ]
    by_cell = pd.DataFrame(ratios, columns=[*CELL, "gradient_ratio"]).groupby(CELL)["gradient_ratio"].median()
    keys = pd.MultiIndex.from_frame(shown[CELL])
    tables.write(shown.assign(gradient_ratio=by_cell.reindex(keys).to_numpy(dtype=float)), output, "fig7")


def _median_ratio(history: Path) -> float:
    return tables.read(history, "history")["gradient_ratio"].median()


@theme.style()
def draw_fig7(data: Path, stem: Path, scale: str = "") -> None:
    """Draw `<stem>.png` and `<stem>.pdf` from a table of shape fig7.

    Args:
        data: the table.
        stem: path of the pictures without a suffix.
        scale: the scale of the run, for the note under the figure.
    """
    frame = tables.read(data, "fig7")
    swept = [name for name in frame["discriminator"].unique() if name != "none"]
    marks = theme.marks(["none", *swept])
    figure = Figure(figsize=(theme.PAGE, 4.9))
    grid = figure.subplots(2, 2, sharex="row", sharey="col")
    for row, variable in zip(grid, AXES, strict=True):
        for axes, measure in zip(row, MEASURES, strict=True):
            _panel(axes, frame[frame["measure"] == measure], variable, swept, marks)
            axes.set_xlabel(AXES[variable])
    for axes, (measure, title) in zip(grid[0], MEASURES.items(), strict=True):
        part = frame[frame["measure"] == measure]
        axes.set_title(title + ("" if part["score"].notna().any() else ": no valid judge"), loc="left")
    figure.supylabel("gain over the pretrained generator (robust standard deviations over cells)", fontsize=8)
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=max(1, len(labels)))
    theme.footnote(
        figure,
        f"Objective {', '.join(frame['objective'].unique())}.",
        f"n = {_span(frame['scenes'])} scenes, {_span(frame['seeds'])} seed(s).",
        "Bars and band: 95 % interval over scenes (t below 30 scenes, percentile bootstrap from 30 on);",
        "the spread over seeds is not in them. 0 is the pretrained generator.",
        "Red crosses: training diverged, the last finite generator was judged." if frame["diverged"].any() else "",
        theme.standing_in(frame["objective"]),
        scale,
    )
    theme.save(figure, stem)


def _span(values: pd.Series) -> str:
    low, high = (values.min(), values.max()) if len(values) else (0, 0)
    return str(low) if low == high else f"{low} to {high}"


def _panel(axes: Axes, frame: pd.DataFrame, variable: str, swept: Sequence[str], marks: dict[str, tuple]) -> None:
    axes.axhline(0, color="0.3", linewidth=0.6, linestyle=":")
    for row in frame[frame["discriminator"] == "none"].itertuples():
        axes.axhline(row.score, color=theme.GREY, linestyle="--", label="no adversarial term")
        axes.axhspan(row.low, row.high, color=theme.GREY, alpha=0.15, linewidth=0)
    for name in swept:
        part = frame[(frame["discriminator"] == name) & (frame[variable] > 0)].sort_values(variable)
        colour, marker = marks[name]
        sides = np.clip([part["score"] - part["low"], part["high"] - part["score"]], 0, None)
        axes.errorbar(
            part[variable], part["score"], yerr=sides, color=colour, marker=marker, elinewidth=0.8, label=name
        )
        gone = part[part["diverged"] > 0]
        axes.plot(gone[variable], gone["score"], "x", color="red", markersize=8, zorder=5)
    if (frame[variable] > 0).any():
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
