"""How far the judges agree: rank correlations over trained generators, as a clustered heat map."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform

from asymmetry import tables
from asymmetry.analysis.judges import FIDELITY, REALISM
from asymmetry.analysis.names import coefficient, counted
from asymmetry.figures import theme

ROOMY = 8  # up to so many judges, a cell holds its interval, too
NAME = 30  # letters of a name
FAMILIES = dict(zip((FIDELITY, *REALISM), theme.marks(map(str, range(4))).values(), strict=True))
MAP = mpl.colormaps["PuOr"].with_extremes(bad="0.9")


@theme.style()
def draw_judges(data: Path, stem: Path, scale: str = "") -> None:
    """Draw `<stem>.png` and `<stem>.pdf` from a table of shape judge-agreement.

    Args:
        data: the table.
        stem: path of the pictures without a suffix.
        scale: the scale of the run, for the note under the figure.
    """
    frame = tables.read(data, "judge-agreement")
    facts = frame.drop_duplicates("judge").set_index("judge")
    order, tree = _clustered(frame, list(facts.index))
    unit = 0.5 if len(order) <= ROOMY else 0.32
    letters = min(max(map(len, order), default=0), NAME)
    room = 0.075 * letters + 0.5  # inches for the names
    width = min(theme.PAGE, max(4.6, 1.4 + room + unit * len(order)))
    figure = Figure(figsize=(width, 1.5 + 0.055 * letters + unit * max(len(order), 2)))
    branches, axes = figure.subplots(1, 2, width_ratios=[0.16, 1])
    _tree(branches, tree, len(order))
    _heat_map(axes, frame, facts, order, size=float(np.clip(27 * (width - room - 1.4) / max(len(order), 1), 5.5, 7)))
    shown = [name for name in FAMILIES if name in set(facts["family"])]
    handles = [mpl.patches.Patch(color=FAMILIES[name][0], label=name) for name in shown]
    figure.legend(handles=handles, loc="outside upper left", ncols=max(1, len(shown)))
    theme.footnote(figure, *_notes(frame), scale)
    theme.save(figure, stem)


def _notes(frame: pd.DataFrame) -> list[str]:
    if frame.empty:
        return ["No judges."]
    half = ((frame["high"] - frame["low"]) / 2).median()
    width = f" (median \N{PLUS-MINUS SIGN}{half:.2f})" if np.isfinite(half) else ""
    return [
        f"n = {counted(frame['judge'].nunique(), 'judge')},",
        f"{counted(frame['cells'], 'cell')},",
        f"{counted(frame['scenes'], 'scene')} and {counted(frame['seeds'], 'seed')}, averaged.",
        f"A dot: the 95 % interval over scenes{width} holds 0, or there is none.",
        "Tree: average linkage of 1 − ρ. Grey names do not count in O or fidelity, for the reason in brackets.",
    ]


def _clustered(frame: pd.DataFrame, judges: list[str]) -> tuple[list[str], np.ndarray | None]:
    """Judges in the order of the tree, and the tree; an unknown correlation counts as 0."""
    if len(judges) < 3:
        return judges, None
    table = frame.pivot(index="judge", columns="other", values="rho").reindex(index=judges, columns=judges)
    distance = 1 - table.fillna(0).to_numpy(copy=True)
    np.fill_diagonal(distance, 0)
    flat = squareform(distance, checks=False)
    tree = hierarchy.linkage(flat, "average", optimal_ordering=True)
    return [judges[place] for place in hierarchy.leaves_list(tree)], tree


def _tree(axes: Axes, tree: np.ndarray | None, count: int) -> None:
    if tree is not None:
        drawn = hierarchy.dendrogram(tree, no_plot=True)
        for across, up in zip(drawn["dcoord"], drawn["icoord"], strict=True):
            axes.plot(across, np.asarray(up) / 10 - 0.5, color="0.3", linewidth=0.8, clip_on=False)
        axes.set_xlim(max(2.0, tree[:, 2].max()), 0)
        axes.set_xticks([0, 1, 2], ["1", "0", "\N{MINUS SIGN}1"], fontsize=6)
        axes.set_xlabel("ρ", labelpad=1)
    else:
        axes.set_xticks([])
        axes.spines[:].set_visible(False)
    axes.set(ylim=(count - 0.5, -0.5), yticks=[])
    axes.spines["left"].set_visible(False)
    axes.grid(visible=False)


def _heat_map(axes: Axes, frame: pd.DataFrame, facts: pd.DataFrame, order: list[str], size: float) -> None:
    pairs = frame.set_index(["judge", "other"])
    for i, judge in enumerate(order):
        for j, other in enumerate(order):
            value = 1.0 if judge == other else pairs.loc[(judge, other), "rho"]
            axes.add_patch(mpl.patches.Rectangle((j - 0.5, i - 0.5), 1, 1, color=MAP(0.5 + value / 2), linewidth=0))
            if judge == other or not np.isfinite(value):
                continue
            ink = "white" if abs(value) > 0.75 else "black"
            low, high = pairs.loc[(judge, other), ["low", "high"]]
            roomy = len(order) <= ROOMY and np.isfinite([low, high]).all()
            axes.text(j, i - 0.2 * roomy, coefficient(value), ha="center", va="center", fontsize=size, color=ink)
            if roomy:
                limits = f"{coefficient(low)}\nto {coefficient(high)}"
                axes.text(j, i + 0.17, limits, ha="center", va="center", fontsize=5.5, color=ink, linespacing=1)
            if not (low > 0 or high < 0):
                axes.plot(j + 0.38, i - 0.38, ".", color=ink, markersize=3)
    for i, judge in enumerate(order):
        colour = FAMILIES.get(facts["family"][judge], (theme.GREY,))[0]
        axes.add_patch(mpl.patches.Rectangle((-0.86, i - 0.46), 0.22, 0.92, color=colour, linewidth=0))
    verdicts = [facts["verdict"][name] for name in order]
    short = [theme.short(name, NAME) for name in order]
    names = [name if word == "valid" else f"{name} ({word})" for name, word in zip(short, verdicts, strict=True)]
    axes.set_title("Spearman's ρ over trained generators", loc="left")
    axes.set(xlim=(-0.9, len(order) - 0.5), ylim=(len(order) - 0.5, -0.5))
    axes.set_xticks(range(len(order)), short, rotation=90)
    axes.set_yticks(range(len(order)), names)
    axes.yaxis.tick_right()
    for label, word in zip([*axes.get_yticklabels(), *axes.get_xticklabels()], [*verdicts, *verdicts], strict=True):
        label.set_color("0.1" if word == "valid" else "0.55")
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
