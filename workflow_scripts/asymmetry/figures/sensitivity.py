"""Does the asymmetry hang on one judge, family of judges, dataset, seed or metric? Each left out in turn, on a page."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from asymmetry import tables
from asymmetry.figures import theme

SETTING = ["discriminator", "weight"]
KINDS = {"nothing": "everything", "judge": "without a judge", "family": "without a family of judges",
         "dataset": "without a dataset", "seed": "without a seed", "metric": "without a metric"}  # fmt: skip
COLUMNS = {
    "rho": "ρ(A, O) over metrics",
    "index": "asymmetry index",
    "rank_agreement": "ρ of the ranking with\nand without it",
}


def sensitivity_data(sensitivity: Path, asymmetry: Path, output: Path) -> None:
    """Write shape `sensitivity-figure`: the table of shape sensitivity, with the index' interval where all is kept."""
    frame = tables.read(sensitivity, "sensitivity")
    whole = tables.read(asymmetry, "asymmetry")[[*SETTING, "index_low", "index_high"]]
    frame = frame.merge(whole.assign(kind="nothing"), on=[*SETTING, "kind"], how="left")
    tables.write(frame, output, "sensitivity-figure")


@theme.style()
def draw_sensitivity(data: Path, stem: Path, scale: str = "") -> None:
    """Draw `<stem>.png` and `<stem>.pdf` from a table of shape sensitivity-figure.

    Args:
        data: the table.
        stem: path of the pictures without a suffix.
        scale: the scale of the run, for the note under the figure.
    """
    frame = tables.read(data, "sensitivity-figure")
    rows = _rows(frame)
    settings = list(frame.groupby(SETTING, sort=False))
    marks = theme.marks(name for (name, _), _ in settings)
    figure = Figure(figsize=(theme.PAGE, 1.6 + 0.145 * max(len(rows), 6)))
    grid = figure.subplots(1, len(COLUMNS), sharey=True)
    for axes, (column, title) in zip(grid, COLUMNS.items(), strict=True):
        for number, ((discriminator, _), part) in enumerate(settings):
            shift = (number - (len(settings) - 1) / 2) * min(0.3, 0.7 / max(len(settings), 1))
            _dots(axes, part, column, rows, marks[discriminator], shift)
        axes.set_title(title, loc="left")
        axes.axvline(float(column == "rank_agreement"), color="0.3", linewidth=0.6, linestyle=":")
    _label(grid[0], rows)
    for key in frame.loc[frame["reason"] == "nothing is left", ["kind", "left_out"]].itertuples(index=False, name=None):
        place = {"xy": (0.02, rows[key]), "xycoords": grid[0].get_yaxis_transform(), "va": "center"}
        grid[0].annotate("nothing is left", **place, fontsize=6, color="0.45")
    handles = [
        grid[0].plot([], [], marks[name][1], color=marks[name][0], label=_setting(name, weight))[0]
        for (name, weight), _ in settings
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=max(1, len(handles)))
    theme.footnote(figure, *_notes(frame), scale)
    theme.save(figure, stem)


def _setting(discriminator: str, weight: float) -> str:
    return "without adversarial term" if discriminator == "none" else f"{discriminator}, weight {weight:g}"


def _notes(frame: pd.DataFrame) -> list[str]:
    if frame.empty:
        return ["No setting was trained with several metrics."]
    whole = frame[frame["kind"] == "nothing"]
    reasons = [
        f"{_setting(row.discriminator, row.weight)}: {row.verdict}{', ' * bool(row.reason)}{row.reason}"
        for row in whole.itertuples()
    ]
    return [
        f"n = {theme.counted(whole['metrics'], 'metric')}, {theme.counted(whole['scenes'], 'scene')},",
        f"{theme.counted(whole['seeds'], 'seed')}. Dashed: with everything. Bar: 95 % interval of the index over",
        "scenes and seeds; rho is of a fixed set of metrics, the rows 'without a metric' are its range.",
        "Index 0: perfect agreement.",
        "No point: nothing is left, or a reliability is not above 0.",
        *(f"{reason}." for reason in reasons),
        theme.standing_in(frame["left_out"]),
    ]


def _rows(frame: pd.DataFrame) -> dict[tuple[str, str], float]:
    """Where each (kind, left_out) stands: one a unit, a heading before each kind."""
    places: dict[tuple[str, str], float] = {}
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


def _label(axes: Axes, rows: dict[tuple[str, str], float]) -> None:
    names = [KINDS[kind] if name in ("", "*") else f"seed {name}" * (kind == "seed") or name for kind, name in rows]
    axes.set_yticks(list(rows.values()), names)
    axes.set_ylim(max(rows.values(), default=0) + 0.7, -0.7)
    for label, (kind, name) in zip(axes.get_yticklabels(), rows, strict=True):
        if name == "*" or kind == "nothing":
            label.set_weight("bold")


def _dots(
    axes: Axes, part: pd.DataFrame, column: str, rows: dict[tuple[str, str], float], mark: tuple, shift: float
) -> None:
    colour, marker = mark
    at = [rows[key] + shift for key in part[["kind", "left_out"]].itertuples(index=False, name=None)]
    whole = part[part["kind"] == "nothing"]
    if column != "rank_agreement" and whole[column].notna().any():
        axes.axvline(whole[column].iloc[0], color=colour, linewidth=0.8, linestyle="--", alpha=0.6)
    if column == "index" and len(whole):
        row = whole.iloc[0]
        low, high = np.clip([row["index"] - row["index_low"], row["index_high"] - row["index"]], 0, None)
        axes.errorbar(row["index"], rows["nothing", ""] + shift, xerr=[[low], [high]], color=colour, elinewidth=0.9)
    shown = part[column].where(part["kind"] != "nothing") if column == "rank_agreement" else part[column]
    axes.plot(shown, at, marker, color=colour, markersize=4)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    for y in {rows[key] for key in rows if key[1] != "*"}:
        axes.axhline(y, color="0.92", linewidth=0.4, zorder=0)
