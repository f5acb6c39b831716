"""Crops side by side: the reference, the baselines and some trained generators, with what the judges say."""

import textwrap
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from asymmetry import images, tables
from asymmetry.analysis.names import standing_in
from asymmetry.figures import theme

MOST = 9  # crops in a row
LEFT, GAP, LINE, LARGEST = 0.62, 0.04, 0.095, 1.6  # inches: the margin, between crops, a line of text, a crop at most
DPI = 300


@theme.style()
def draw_qualitative(data: Path, stem: Path, scale: str = "") -> None:
    """Draw `<stem>.png` and `<stem>.pdf` from a table of shape qualitative: a block a scene, at most nine crops a row.

    A pixel of a crop is a whole number of the picture's, so that no resampling adds or hides a texture.

    Args:
        data: the table; its pictures are read from beside it.
        stem: path of the pictures without a suffix.
        scale: the scale of the run, for the note under the figure.
    """
    frame = tables.read(data, "qualitative")
    scenes, labels = list(frame["scene"].unique()), list(frame["label"].unique())
    rows = -(-len(labels) // MOST)
    columns = -(-len(labels) // rows)
    judges = _judges(frame["scores"])
    side = min((theme.PAGE - LEFT) / columns, LARGEST) - GAP
    titles = [_wrapped(label, side) for label in labels]
    head = LINE * (1 + max(title.count("\n") for title in titles)) + 0.08
    block = side + LINE * (1 + len(judges)) + 0.16 + (head if rows > 1 else 0)
    note = _note(frame, scale)
    height = head + len(scenes) * rows * block + LINE * (1 + note.count("\n")) + 0.12
    size = int(frame["size"].max())
    dpi = np.ceil(DPI * side / size) * size / side
    with mpl.rc_context({"figure.constrained_layout.use": False, "savefig.dpi": dpi}):
        figure = Figure(figsize=(theme.PAGE, height))
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, theme.PAGE), ylim=(height, 0))
        axes.set_axis_off()
        for row in frame.itertuples():
            place = labels.index(row.label)
            block_row = scenes.index(row.scene) * rows + place // columns
            left = round((LEFT + place % columns * (side + GAP)) * dpi) / dpi
            top = round((head + block_row * block) * dpi) / dpi
            if rows > 1 or block_row == 0:
                axes.text(left + side / 2, top - 0.04, titles[place], fontsize=6, ha="center", va="bottom")
            picture = images.read(Path(data).parent / row.image)
            crop = picture[row.top : row.top + row.size, row.left : row.left + row.size]
            axes.imshow(crop, extent=(left, left + side, top + side, top), interpolation="none", aspect="auto")
            lines = {"HF": f"{row.energy:.2f}"} | dict(
                entry.rsplit(" ", 1) for entry in row.scores.split("; ") if entry
            )
            first = place % columns == 0
            if first:
                axes.text(0.09, top + side / 2, row.scene, fontsize=7, rotation=90, ha="center", va="center")
            for number, name in enumerate(["HF", *judges]):
                at = {"y": top + side + 0.07 + LINE * number, "va": "center", "fontsize": 6}
                axes.text(left + side / 2, s=lines.get(name, ""), ha="center", color=theme.INK, **at)
                if first:
                    axes.text(LEFT - 0.06, s=name + _arrow(name, frame), ha="right", color=theme.GREY, **at)
        axes.text(0.06, height - 0.06, note, fontsize=6, va="bottom", color="0.25")
        axes.set(xlim=(0, theme.PAGE), ylim=(height, 0))
        theme.save(figure, stem)


def _judges(scores: pd.Series) -> list[str]:
    """The judges' names in the order in which they are printed."""
    return list(dict.fromkeys(entry.rsplit(" ", 1)[0] for text in scores for entry in text.split("; ") if entry))


def _arrow(name: str, frame: pd.DataFrame) -> str:
    """The direction of a judge; high-frequency energy has none."""
    downwards = set(" ".join(frame["lower_is_better"]).split())
    return "" if name == "HF" else " ↓" if name in downwards else " ↑"


def _note(frame: pd.DataFrame, scale: str) -> str:
    sentences = (
        f"{frame['scene'].nunique()} scenes, one seed, no intervals: pictures, not statistics. Crops of"
        f" {frame['size'].iloc[0]} pixels where the reference varies most, the same for all; each of their pixels a"
        " whole number of this picture's. HF: energy above the input's Nyquist frequency over the reference's; it and"
        " the judges' values are those of the whole picture. Arrows: the better direction.",
        standing_in(frame["label"]),
        scale,
    )
    return textwrap.fill(" ".join(filter(None, sentences)), int(theme.PAGE * 22.5))


def _wrapped(label: str, inches: float) -> str:
    """A label in lines that fit a column of that width (6 pt: about 19 letters an inch), broken at spaces if it can."""
    width = max(1, int(19 * inches))
    long = max(map(len, label.split())) > width
    return "\n".join(textwrap.wrap(label, width, break_on_hyphens=long))
