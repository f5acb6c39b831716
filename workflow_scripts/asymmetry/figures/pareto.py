"""The price of realism: every trained generator by fidelity and realism, the Pareto front, and the picks on it."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from asymmetry import tables
from asymmetry.analysis.names import counted, standing_in
from asymmetry.analysis.optimization import CELL
from asymmetry.figures import theme

MEASURES = ("fidelity", "realism")
NAME = 46  # letters of a name
LISTED, LEAST = 15, 0.01  # cells in the panel of shares: how many, and with what share


@theme.style()
def draw_pareto(data: Path, stem: Path, scale: str = "") -> None:
    """Draw `<stem>.png` and `<stem>.pdf` from a table of shape advice.

    Args:
        data: the table.
        stem: path of the pictures without a suffix.
        scale: the scale of the run, for the note under the figure.
    """
    advice = tables.read(data, "advice")
    advice["name"] = [_name(*row) for row in advice[CELL].itertuples(index=False, name=None)]
    picks = advice[advice["picked"] == "yes"].sort_values("preference")
    frame = advice.drop_duplicates("name").reset_index(drop=True)
    listed = _listed(frame, picks)
    colours = theme.marks(frame["discriminator"])
    shapes = dict(zip(frame["objective"].unique(), theme.MARKERS * 3, strict=False))
    figure = Figure(figsize=(theme.PAGE, 6.2 + 0.16 * -(-len(shapes) // 3)))
    axes = figure.subplot_mosaic([["A", "B"], ["C", "C"]], width_ratios=[1.55, 1], height_ratios=[4.4, 1])
    _picks(axes["C"], picks, listed, colours)
    _cloud(axes["A"], frame, colours, shapes)
    _shares(axes["B"], listed, colours)
    _legend(figure, axes["C"], colours, shapes)
    theme.footnote(
        figure,
        f"n = {counted(pd.Series([len(frame)]), 'cell')}, {counted(frame['scenes'], 'scene')},",
        f"{counted(frame['seeds'], 'seed')}. Gains over the pretrained generator (0); higher is better. Realism",
        "in robust deviations over cells. Bars: 95 % intervals over scenes and seeds (t; with one seed over",
        "scenes alone).",
        theme.CUT,
        "B, C: shares of resamples of scenes and seeds; on the front: no other cell is at least as good in both.",
        "C: the cell with the highest (1 − p) fidelity + p realism, both in robust deviations over cells.",
        "" if len(frame) else "The judge of fidelity, or every judge of realism, does not count: there is no front.",
        theme.DIVERGED if frame["diverged"].any() else "",
        standing_in(frame["objective"]),
        scale,
    )
    _numbers(axes["A"], frame, listed)
    theme.save(figure, stem)


def _listed(frame: pd.DataFrame, picks: pd.DataFrame) -> pd.DataFrame:
    """The cells that get a number: every pick, then those most often on the front, in that order."""
    chosen = frame["name"].isin(picks["name"])
    worth = frame[chosen | (frame["front_share"] >= LEAST) | (frame["front"] == "yes")]
    keys = {"chosen": ~chosen[worth.index], "share": -worth["front_share"], "name": worth["name"]}
    first = pd.DataFrame(keys).sort_values(list(keys)).index[: max(LISTED, chosen.sum())]
    return frame.loc[first].sort_values(["front_share", "name"], ascending=[False, True]).reset_index(drop=True)


def _picks(axes: Axes, picks: pd.DataFrame, listed: pd.DataFrame, colours: dict[str, tuple]) -> None:
    numbers = {name: number for number, name in enumerate(listed["name"], start=1)}
    for name, part in picks.groupby("name", sort=False):
        colour = colours[part["discriminator"].iloc[0]][0]
        axes.plot(part["preference"], part["picked_share"], "s", color=colour, markersize=8.5)
        for row in part.itertuples():
            axes.annotate(
                str(numbers[name]), (row.preference, row.picked_share), ha="center", va="center_baseline",
                fontsize=5.5, color="white",
            )  # fmt: skip
    axes.set(xlim=(-0.04, 1.04), ylim=(0, 1.12), xlabel="preference p: 0 fidelity alone, 1 realism alone")
    axes.set_yticks([0, 0.5, 1], ["0", "50 %", "100 %"])
    axes.set_title("C  the pick at each preference, and how often it is the pick", loc="left")


def _name(objective: str, discriminator: str, weight: float) -> str:
    return objective if discriminator == "none" else f"{objective}, {discriminator} {weight:g}"


def _cloud(axes: Axes, frame: pd.DataFrame, colours: dict[str, tuple], shapes: dict[str, str]) -> None:
    limits = [theme.limits(frame[name], frame[name], frame[name]) for name in MEASURES]
    axes.set(xlim=limits[0], ylim=limits[1])
    across, up = (theme.sides(frame[name], frame[f"{name}_low"], frame[f"{name}_high"]) for name in MEASURES)
    none = np.full(2, np.nan)
    for number, row in enumerate(frame.itertuples()):
        colour = colours[row.discriminator][0]
        bars = {"xerr": across[:, [number]], "yerr": up[:, [number]]}
        axes.errorbar(row.fidelity, row.realism, **bars, fmt="none", ecolor=colour, elinewidth=0.6, alpha=0.4)
        theme.point(
            axes, row.fidelity, row.realism, none, none, (colour, shapes[row.objective]),
            gone=row.diverged > 0, markersize=5, markerfacecolor=colour if row.front == "yes" else "white",
        )  # fmt: skip
    best = frame[frame["front"] == "yes"].sort_values("fidelity")
    axes.plot(best["fidelity"], best["realism"], color="0.35", linewidth=0.9, zorder=2, drawstyle="steps-pre")
    axes.axhline(0, color="0.3", linewidth=0.6, linestyle=":")
    axes.axvline(0, color="0.3", linewidth=0.6, linestyle=":")
    judge = ", ".join(filter(None, frame[["judge", "unit"]].iloc[0])) if len(frame) else "no judge"
    axes.set(xlabel=f"fidelity: gain in {judge}", ylabel="realism (O), z over cells")
    axes.set_title("A  fidelity against realism (filled: on the front)", loc="left")


def _numbers(axes: Axes, frame: pd.DataFrame, listed: pd.DataFrame) -> None:
    """The listed cells' numbers beside their points, each where it touches neither a point nor another number."""
    axes.figure.canvas.draw()  # settles the layout, so that places on the page are known
    place = axes.transData.transform
    unit = axes.figure.dpi / 72  # pixels of a point
    known = frame.dropna(subset=list(MEASURES))
    taken = [tuple(xy) for xy in place(known[["fidelity", "realism"]].to_numpy())]
    view = axes.bbox
    ways = [(r * np.cos(a), r * np.sin(a)) for r in (8, 12, 17, 23, 30) for a in np.arange(8) * np.pi / 4 + np.pi / 4]
    for number, row in enumerate(listed.itertuples(), start=1):
        x, y = place((row.fidelity, row.realism))
        if not view.contains(x, y):
            continue

        def free(way: tuple[float, float], x: float = x, y: float = y) -> float:
            at = np.array([x + way[0] * unit, y + way[1] * unit])
            if not view.contains(*at):
                return -1.0
            return min(10 * unit, np.hypot(*(np.array(taken) - at).T).min())

        way = max(ways, key=free)
        taken.append((x + way[0] * unit, y + way[1] * unit))
        axes.annotate(
            str(number), (row.fidelity, row.realism), way, textcoords="offset points", ha="center", va="center",
            fontsize=6, zorder=6,
            bbox={"pad": 0.4, "facecolor": "white", "alpha": 0.7, "linewidth": 0},
            arrowprops={"arrowstyle": "-", "color": "0.6", "linewidth": 0.4, "shrinkB": 2},
        )  # fmt: skip


def _shares(axes: Axes, listed: pd.DataFrame, colours: dict[str, tuple]) -> None:
    paint = [colours[name][0] for name in listed["discriminator"]]
    axes.barh(listed.index, listed["front_share"], color=paint, height=0.42)
    for number, row in enumerate(listed.itertuples(), start=1):
        weight = "bold" if row.front == "yes" else "normal"
        axes.text(
            0, row.Index - 0.26, f"{number}  {theme.short(row.name, NAME)}", fontsize=5.8, va="bottom", weight=weight
        )
        axes.text(row.front_share + 0.02, row.Index, f"{row.front_share:.0%}", fontsize=6, va="center", color="0.3")
    axes.set(xlim=(0, 1.12), ylim=(max(len(listed), 5) - 0.4, -0.9), yticks=[])
    axes.set_xlabel("share of resamples on the front")
    axes.set_xticks([0, 0.5, 1], ["0", "50 %", "100 %"])
    axes.set_title("B  how often on the front", loc="left")
    axes.spines["left"].set_visible(False)


def _legend(figure: Figure, axes: Axes, colours: dict[str, tuple], shapes: dict[str, str]) -> None:
    def dots(looks: dict[str, tuple]) -> list:
        return [axes.plot([], [], mark, color=c, label=name, markersize=5)[0] for name, (c, mark) in looks.items()]

    nets = {
        "no adversarial term" if name == "none" else theme.short(name, NAME // 2): (c, "s")
        for name, (c, _) in colours.items()
    }
    figure.legend(handles=dots(nets), loc="outside upper left", ncols=5)
    kinds = {theme.short(name, NAME): ("0.3", mark) for name, mark in shapes.items()}
    columns = 4 if max(map(len, kinds), default=0) < NAME // 2 else 3
    axes.legend(handles=dots(kinds), loc="upper left", bbox_to_anchor=(-0.05, -0.5), ncols=columns, columnspacing=1)
