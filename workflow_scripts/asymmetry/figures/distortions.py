"""The contact sheet: one picture with all 25 distortion types at all five levels."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from asymmetry import images
from asymmetry.data.emulation import read_level_means
from asymmetry.distortions import LEVELS, TYPES, distort
from asymmetry.figures import theme

DPI = 200
TILE, GAP, HEAD, FOOT, MARGIN = 120, 6, 30, 24, 30
COLUMNS = 2


def draw_contact_sheet(reference: np.ndarray, level_means: Path, seed: int, scene: str, stem: Path) -> None:
    """Draw all 125 distorted versions of a picture, with KADID-10k's mean human score under each.

    Args:
        reference: uint8 (H, W, 3); the middle of it is shown, pixel by pixel.
        level_means: CSV with columns type (1 to 25), level and mean_score (see `emulation.read_level_means`).
        seed: as in the rated set, to show the very pictures that are in it.
        scene: the picture's name, as in the rated set.
        stem: the figure's path without a suffix; `.png` and `.pdf` are written.
    """
    scores = read_level_means(level_means, list(TYPES), LEVELS)
    with theme.style(), mpl.rc_context({"figure.constrained_layout.use": False, "savefig.dpi": DPI}):
        theme.save(contact_sheet(reference, scores, seed, scene), stem)


def contact_sheet(reference: np.ndarray, scores: dict[tuple[str, int], float], seed: int, scene: str) -> Figure:
    """The sheet as a figure: two columns of types in their order, five levels in a row; `scores` by (name, level)."""
    row_height = HEAD + TILE + FOOT
    block_width = len(LEVELS) * (TILE + GAP) + MARGIN
    rows = -(-(len(TYPES) + 1) // COLUMNS)
    height, width = rows * row_height + MARGIN, COLUMNS * block_width + MARGIN
    canvas = np.full((height, width, 3), 255, np.uint8)
    figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()

    def place(slot: int, column: int) -> tuple[int, int]:
        return MARGIN + slot // rows * block_width + column * (TILE + GAP), MARGIN // 2 + slot % rows * row_height

    def show(picture: np.ndarray, x: int, y: int, caption: str) -> None:
        tile = _middle(picture)
        canvas[y + HEAD : y + HEAD + tile.shape[0], x : x + tile.shape[1]] = tile
        axes.text(x + TILE / 2, y + HEAD + TILE + 3, caption, fontsize=5.5, ha="center", va="top", color="0.25")

    for slot, (name, kind) in enumerate(TYPES.items()):
        x, y = place(slot, 0)
        axes.text(x, y + HEAD - 5, f"{kind.number}  {name}", fontsize=7, va="bottom", weight="bold")
        for level in LEVELS:
            picture = images.quantize(distort(reference / 255, name, level, seed, scene))
            amount = f"{kind.levels[level - 1]:g}".replace("-", "\N{MINUS SIGN}")
            show(picture, *place(slot, level - 1), f"{amount}  |  {scores[name, level]:.2f}")
    x, y = place(len(TYPES), 0)
    axes.text(x, y + HEAD - 5, "reference", fontsize=7, va="bottom", weight="bold")
    show(reference, x, y, scene)
    note = (
        "Levels 1 to 5 of each type from left to right.\n"
        "Under each: parameter  |  mean human score of that\n"
        "type and level in KADID-10k (1 to 5, higher is better;\n"
        "for other pictures than this one).\n"
        "The middle of the picture, pixel by pixel."
    )
    axes.text(x + TILE + 3 * GAP, y + HEAD, note, fontsize=6, va="top", linespacing=1.5, color="0.25")
    axes.imshow(canvas, extent=(0, width, height, 0), interpolation="none", aspect="auto")
    return figure


def _middle(picture: np.ndarray) -> np.ndarray:
    """The middle of a picture, at most TILE pixels high and wide."""
    top, left = (max(side - TILE, 0) // 2 for side in picture.shape[:2])
    return picture[top : top + TILE, left : left + TILE]
