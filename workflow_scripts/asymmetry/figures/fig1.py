"""Figure 1: the metrics' scores as assessment against their scores as loss, and how their ranks move."""

import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from asymmetry import tables
from asymmetry.figures import theme

Marks = dict[str, tuple]
SETTING = ["discriminator", "weight"]
INTERVAL = "Bars: 95 % intervals over scenes (t below 30 scenes, percentile bootstrap from 30 on)."
DIVERGED = "Red crosses: a seed diverged; such a cell ranks below all others."


def fig1_data(asymmetry_metrics: Path, asymmetry: Path, output: Path) -> None:
    """Write shape `fig1`: the ranks of `asymmetry-metrics` with the rho, index and verdict of their setting."""
    details = tables.read(asymmetry_metrics, "asymmetry-metrics")
    summary = tables.read(asymmetry, "asymmetry").drop(columns=["scenes", "seeds", "metrics"])
    tables.write(details.merge(summary, on=SETTING, how="left"), output, "fig1")


@theme.style()
def draw_fig1(data: Path, stem: Path, scale: str = "") -> None:
    """Draw `<stem>.png` and `<stem>.pdf` from a table of shape fig1.

    Args:
        data: the table.
        stem: path of the pictures without a suffix.
        scale: the scale of the run, for the note under the figure.
    """
    frame = tables.read(data, "fig1")
    settings = list(frame.groupby(SETTING, sort=False))
    marks = theme.marks(frame["metric"].unique())
    figure = Figure(figsize=(theme.PAGE, 3.7 + 0.2 * len(marks)))
    upper, lower = figure.subfigures(2, 1, height_ratios=[2.6, 0.9 + 0.2 * len(marks)])
    for axes, (setting, part) in zip(_panels(upper, len(settings)), settings, strict=True):
        _scatter(axes, part, _wrapped([_setting(*setting), *_finding(part.iloc[0])], len(settings)), marks)
    _bump(lower.subplots(), settings, marks)
    seeds = sorted(frame["seeds"].unique())
    theme.footnote(
        lower,
        f"n = {len(marks)} metrics, {frame['scenes'].min()} scenes, {' to '.join(map(str, seeds))} seed(s). {INTERVAL}",
        "A: mean Fisher-z SRCC over datasets; O: gain of the realism judges over the pretrained generator.",
        *_reasons(frame),
        DIVERGED if frame["diverged"].any() else "",
        theme.standing_in(frame["metric"]),
        scale,
    )
    theme.save(figure, stem)


def _reasons(frame: pd.DataFrame) -> list[str]:
    """Why a setting's index is inconclusive, a sentence a setting."""
    rows = frame[frame["verdict"] == "inconclusive"].drop_duplicates(SETTING)
    return [f"Inconclusive {_setting(*row[:-1])}: {row[-1]}." for row in rows[[*SETTING, "reason"]].to_numpy().tolist()]


def _panels(figure: Figure, count: int) -> list[Axes]:
    return list(figure.subplots(1, count, sharex=True, sharey=True, squeeze=False)[0])


def _scatter(axes: Axes, part: pd.DataFrame, title: str, marks: Marks) -> None:
    for row in part.itertuples():
        colour, marker = marks[row.metric]
        bars = [[row.assessment - row.assessment_low], [row.assessment_high - row.assessment]]
        sides = [[row.optimization - row.optimization_low], [row.optimization_high - row.optimization]]
        axes.errorbar(
            row.assessment, row.optimization, xerr=np.clip(bars, 0, None), yerr=np.clip(sides, 0, None),
            fmt=marker, color=colour, markersize=6, elinewidth=0.8, capsize=0,
        )  # fmt: skip
        if row.diverged:
            axes.plot(row.assessment, row.optimization, "x", color="red", markersize=8, zorder=5)
    axes.set_title(title, loc="left", fontsize=7.5)
    axes.set_xlabel("assessment score A")
    if axes.get_subplotspec().is_first_col():
        axes.set_ylabel("optimization score O")


def _setting(discriminator: str, weight: float) -> str:
    return "without adversarial term" if discriminator == "none" else f"with {discriminator}, weight {weight:g}"


def _finding(row: pd.Series) -> list[str]:
    if row["verdict"] == "undefined":
        return [f"no index: {row['reason']}"]
    lines = [f"$\\rho$ = {row['rho']:.2f}"]
    if np.isfinite(row["rho_low"]):
        lines[0] += f"; one metric left out: {row['rho_low']:.2f} to {row['rho_high']:.2f}"
    index = f"index {row['index']:.2f}" if np.isfinite(row["index"]) else "index undefined"
    return [*lines, index + ("; inconclusive at this scale" if row["verdict"] == "inconclusive" else "")]


def _wrapped(lines: list[str], panels: int) -> str:
    """Lines broken so that they fit one of so many panels (7.5 pt: about 15 letters an inch)."""
    width = int(15 * (theme.PAGE - 0.5) / panels)
    return "\n".join(textwrap.fill(line, width) for line in lines)


def _bump(axes: Axes, settings: list[tuple[tuple, pd.DataFrame]], marks: Marks) -> None:
    """Ranks as lines: assessment in the second column, so that each setting is next to it where there are two."""
    ranks = [
        ("optimization\n" + _setting(*setting).replace(", ", ",\n"), part.set_index("metric")["optimization_rank"])
        for setting, part in settings
    ]
    everything = pd.concat([part for _, part in settings]).drop_duplicates("metric").set_index("metric")
    ranks.insert(1, ("assessment", everything["assessment_rank"]))
    places = pd.DataFrame({k: column.reindex(list(marks)).rank(method="first") for k, (_, column) in enumerate(ranks)})
    diverged = {(k, m) for k, (_, part) in zip((0, *range(2, 9)), settings, strict=False) for m in _diverged(part)}
    for metric, row in places.iterrows():
        colour, marker = marks[metric]
        axes.plot(places.columns, row, marker=marker, color=colour, linewidth=1.6, markersize=6, clip_on=False)
        known = row.dropna()
        if len(known):
            axes.annotate(
                metric, (known.index[-1], known.iloc[-1]), (9, 0), textcoords="offset points", va="center", color="0.2"
            )
        for k in places.columns:
            if (k, metric) in diverged:
                axes.plot(k, row[k], "x", color="red", markersize=8, zorder=5, clip_on=False)
    last = len(ranks) - 1
    left, right = 0.8, max(0.8, 0.2 + 0.062 * max(map(len, marks)))  # inches for the heads and for the names
    unit = last / (theme.PAGE - 0.5 - left - right)
    axes.set(xlim=(-left * unit, last + right * unit), ylim=(len(marks) + 0.5, 0.5))
    axes.set_xticks(range(len(ranks)), [name for name, _ in ranks])
    axes.set_yticks(range(1, len(marks) + 1))
    axes.set_ylabel("rank (1 is best)")
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)


def _diverged(part: pd.DataFrame) -> list[str]:
    return list(part.loc[part["diverged"] > 0, "metric"])
