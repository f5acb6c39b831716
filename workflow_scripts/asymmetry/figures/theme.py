"""One look for all figures: sizes for print, a colour and a mark for each name, and files with reproducible bytes."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from matplotlib.transforms import ScaledTranslation

from asymmetry.artifacts import atomic

COLUMN, PAGE = 3.5, 7.2  # inches: one column and the whole width of a journal's page
GREY, INK = "0.45", "0.2"
MARKERS = "osD^v<>Php"
PALETTE = [sns.color_palette("colorblind")[place] for place in (0, 1, 2, 3, 4, 9, 5, 6, 8)]  # 7 is a grey, as of `none`
DIVERGED = "Black crosses: the training of a seed diverged, and its last finite generator was judged."
CUT = "An arrow at an edge: the value lies beyond it and is written beside."
BEYOND = "beyond an edge"  # mark of the numbers written there
BACK = 12  # points between an edge and what is drawn in the place of a value beyond it
Mark = tuple[tuple[float, float, float] | str, str]
SETTINGS = {
    "font.family": "DejaVu Sans",
    "font.size": 7.5,
    "axes.titlesize": 8,
    "axes.labelsize": 7.5,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "xtick.minor.width": 0.5,
    "ytick.minor.width": 0.5,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "axes.linewidth": 0.7,
    "lines.linewidth": 1.2,
    "lines.markersize": 4.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.linewidth": 0.4,
    "grid.color": "0.9",
    "axes.axisbelow": True,
    "figure.constrained_layout.use": True,
    "pdf.fonttype": 42,
    "savefig.dpi": 300,
}


@contextmanager
def style() -> Iterator[None]:
    """The theme, as a context or as a decorator (`@theme.style()`) of a function that draws and saves."""
    with mpl.rc_context({**sns.plotting_context("paper"), **sns.axes_style("ticks"), **SETTINGS}):
        yield


def marks(names: Iterable[str], among: Sequence[str] = ()) -> dict[str, Mark]:
    """A colour-blind-safe colour and a marker for each name; `none` is grey.

    Args:
        names: what is shown.
        among: names whose place here is their colour in every figure; others take the colours that follow.
    """
    names = list(dict.fromkeys(names))
    among = [name for name in among if name != "none"]
    taken = len(among) if set(names) & set(among) else 0
    others = [name for name in names if name not in (*among, "none")]
    chosen: dict[str, Mark] = {}
    for name in names:
        place = among.index(name) if name in among else taken + (name != "none" and others.index(name))
        chosen[name] = (PALETTE[place % len(PALETTE)], MARKERS[place % len(MARKERS)])
    return chosen | ({"none": (GREY, "o")} if "none" in chosen else {})


def sides(value: pd.Series, low: pd.Series, high: pd.Series) -> np.ndarray:
    """Lengths of an interval's two sides (2, n), as `errorbar` wants them; NaN, which draws none, where unknown."""
    return np.clip(np.array([value - low, high - value], dtype=float), 0, None)


def limits(value: pd.Series, low: pd.Series, high: pd.Series) -> tuple[float, float]:
    """The range of an axis: 0, all values and their intervals, but nothing far beyond the others.

    Far is six interquartile ranges of the values, or six times the typical interval if that is wider, beyond their
    quartiles: one exploded training would press all others into a line. `point` marks what lies beyond.
    """
    known = np.isfinite(value)
    if not known.any():
        return -1.0, 1.0
    first, last = np.quantile(value[known], [0.25, 0.75])
    typical = np.nanmedian(high - low) if (high - low).notna().any() else 0.0
    reach = 6 * max(last - first, typical) or np.inf
    fence = min(first - reach, 0.0), max(last + reach, 0.0)
    inside = known & value.between(*fence)
    ends = pd.concat([pd.Series([0.0]), value[inside], low[inside].clip(*fence), high[inside].clip(*fence)])
    room = 0.08 * (ends.max() - ends.min()) or 1.0
    return float(ends.min() - room), float(ends.max() + room)


def ends(frame: pd.DataFrame) -> tuple[pd.Series, pd.Series, pd.Series]:
    """The columns score, low and high, as `limits` and `sides` want them."""
    return frame["score"], frame["low"], frame["high"]


def cut(value: pd.Series, low: pd.Series, high: pd.Series) -> bool:
    """Whether `limits` leaves a value out, which the note under the figure then says (`CUT`)."""
    first, last = limits(value, low, high)
    return bool(((value < first) | (value > last)).any())


def point(
    axes: Axes,
    x: float,
    y: float,
    xerr: np.ndarray,
    yerr: np.ndarray,
    mark: Mark,
    *,
    gone: bool = False,
    **look: object,
) -> None:
    """A value with its intervals, in axes whose limits are set; beyond them an arrow at the edge, and the numbers.

    Args:
        axes: where to draw.
        x: the value across; NaN draws nothing.
        y: the value upwards; NaN draws nothing.
        xerr: sides of its interval (2,), NaN where there is none.
        yerr: the same upwards.
        mark: colour and marker.
        gone: whether it diverged: a cross is drawn over it.
        look: further properties of the marker.
    """
    if not np.isfinite([x, y]).all():
        return
    colour, marker = mark
    place = float(np.clip(x, *sorted(axes.get_xlim()))), float(np.clip(y, *sorted(axes.get_ylim())))
    across, up = np.sign(x - place[0]), np.sign(y - place[1])
    if across or up:
        shift = ScaledTranslation(-across * BACK / 72, -up * BACK / 72, axes.figure.dpi_scale_trans)
        back = axes.transData + shift
        axes.plot(*place, marker=marker, color=colour, transform=back, clip_on=False, zorder=4, **look)
        arrow = {"arrowstyle": "-|>", "color": colour, "shrinkA": 0, "shrinkB": 0, "linewidth": 0.8}
        axes.annotate("", place, (-across * BACK, -up * BACK), textcoords="offset points", arrowprops=arrow)
        numbers = ", ".join(f"{value:.3g}" for value, out in ((x, across), (y, up)) if out)
        inwards = BACK + 6 + _written_beside(axes, place, bool(across))
        if across:
            written = {
                "xytext": (-across * inwards, -up * BACK),
                "ha": "right" if across > 0 else "left",
                "va": "center",
            }
        else:  # upright, for neighbours lie beside it
            written = {
                "xytext": (0, -up * inwards),
                "ha": "center",
                "va": "top" if up > 0 else "bottom",
                "rotation": 90,
            }
        numbers = numbers.replace("-", "\N{MINUS SIGN}")
        box = {"pad": 0.4, "facecolor": "white", "alpha": 0.7, "linewidth": 0}
        written |= {"fontsize": 6, "color": INK, "bbox": box, "zorder": 5, "gid": BEYOND}
        axes.annotate(numbers, place, textcoords="offset points", **written)
        if gone:
            cross(axes, *place, transform=back)
        return
    bars = {"xerr": np.reshape(xerr, (2, 1)), "yerr": np.reshape(yerr, (2, 1))}
    axes.errorbar(x, y, **bars, fmt=marker, color=colour, elinewidth=0.9, capsize=0, zorder=3, **look)
    if gone:
        cross(axes, x, y)


def _written_beside(axes: Axes, place: tuple[float, float], across: bool) -> float:
    """Points that the numbers of earlier values beyond the same edge take, where they would be written over."""
    earlier = [text for text in axes.texts if text.get_gid() == BEYOND]
    points = axes.transData.transform([place, *(text.xy for text in earlier)])
    apart = abs(points - points[0])[1:, int(across)] * 72 / axes.figure.dpi
    return sum(3.6 * len(text.get_text()) + 4 for text, far in zip(earlier, apart, strict=True) if far < 8)


def cross(axes: Axes, x: float, y: float, **where: object) -> None:
    """What diverged, as a black cross on a white one, seen on every colour; `where` may hold a transform."""
    for colour, width in (("white", 2.0), ("black", 1.0)):
        axes.plot(x, y, "x", color=colour, markersize=6, markeredgewidth=width, zorder=6, clip_on=False, **where)


def short(name: str, letters: int) -> str:
    """A name cut to so many letters, in its middle, for names often differ at their end."""
    end = letters // 3
    return name if len(name) <= letters else f"{name[: letters - end - 1]}…{name[-end:]}"


def footnote(figure: FigureBase, *sentences: str) -> None:
    """A note under the figure: what was counted, what the intervals are. Constrained layout makes room for it."""
    text = textwrap.fill(" ".join(filter(None, sentences)), int(figure.bbox.width / figure.dpi * 22.5))
    figure.supxlabel(text, x=0.01, ha="left", fontsize=6, color="0.25")


def save(figure: Figure, stem: Path) -> None:
    """Write `<stem>.png` and `<stem>.pdf`, atomically; the same figure gives the same bytes (no date, no version)."""
    for suffix, metadata in ((".png", {"Software": None}), (".pdf", {"CreationDate": None, "Producer": None})):
        with atomic(stem.with_name(stem.name + suffix)) as temporary:
            figure.savefig(temporary, metadata=metadata)
