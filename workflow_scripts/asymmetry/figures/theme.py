"""One look for all figures: sizes for print, a colour and a mark for each name, and files with reproducible bytes."""

import textwrap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib as mpl
import seaborn as sns
from matplotlib.figure import Figure, FigureBase

from asymmetry.artifacts import atomic

COLUMN, PAGE = 3.5, 7.2  # inches: one column and the whole width of a journal's page
GREY = "0.45"
MARKERS = "osD^vPX<>*"
# Names that several figures share keep their colour everywhere; any other name takes what is left, in its order.
FIXED = ("patch-vgg", "vanilla-vgg", "patch-vit", "vanilla-vit")
SETTINGS = {
    "font.family": "DejaVu Sans",
    "font.size": 7.5,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "axes.linewidth": 0.7,
    "lines.linewidth": 1.3,
    "lines.markersize": 4.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.linewidth": 0.4,
    "grid.color": "0.9",
    "axes.axisbelow": True,
    "figure.constrained_layout.use": True,
    "pdf.fonttype": 42,
    "savefig.dpi": 200,
}


@contextmanager
def style() -> Iterator[None]:
    """The theme, as a context or as a decorator (`@theme.style()`) of a function that draws and saves."""
    with mpl.rc_context({**sns.plotting_context("paper"), **sns.axes_style("ticks"), **SETTINGS}):
        yield


def marks(names: Iterable[str]) -> dict[str, tuple[tuple[float, float, float] | str, str]]:
    """A colour-blind-safe colour and a marker for each name; `none` is grey."""
    palette = sns.color_palette("colorblind")
    del palette[7]  # a grey, too near to that of `none`
    chosen: dict[str, tuple[tuple[float, float, float] | str, str]] = {}
    others = 0
    names = list(dict.fromkeys(names))
    taken = sum(name in FIXED for name in names) and len(FIXED)
    for name in names:
        if name == "none":
            chosen[name] = (GREY, "o")
            continue
        place = FIXED.index(name) if name in FIXED else taken + others
        others += name not in FIXED
        chosen[name] = (palette[place % len(palette)], MARKERS[place % len(MARKERS)])
    return chosen


def footnote(figure: FigureBase, *sentences: str) -> None:
    """A note under the figure: what was counted, what the intervals are. Constrained layout makes room for it."""
    text = textwrap.fill(" ".join(filter(None, sentences)), int(figure.bbox.width / figure.dpi * 23))
    figure.supxlabel(text, x=0.01, ha="left", fontsize=6, color="0.25")


def save(figure: Figure, stem: Path) -> None:
    """Write `<stem>.png` and `<stem>.pdf`, atomically; the same figure gives the same bytes (no date, no version)."""
    for suffix, metadata in ((".png", {"Software": None}), (".pdf", {"CreationDate": None, "Producer": None})):
        with atomic(stem.with_name(stem.name + suffix)) as temporary:
            figure.savefig(temporary, metadata=metadata)


def standing_in(names: Iterable[str]) -> str:
    """The sentence that must stand wherever a `procedural` initialisation is shown; empty where there is none."""
    shown = any("procedural" in name for name in names)
    note = "'procedural' is a pretraining on generated images and three distortions of them, in the place of ImageNet."
    return note if shown else ""
