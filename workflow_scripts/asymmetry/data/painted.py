"""Generated pictures that are painted stroke by stroke, back to front: leaves, collages, shapes, script, fibres.

Each takes a generator and a size `n` and returns a picture (n, n, 3) of floats about [0, 1]. Strokes are painted at
twice the size and averaged, which smooths their edges.
"""

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw

from asymmetry.data import fields


def _canvas(n: int, colour: np.ndarray) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", (2 * n, 2 * n), _ink(colour))
    return image, ImageDraw.Draw(image)


def _ink(colour: np.ndarray) -> tuple[int, int, int]:
    return _inks(colour[None])[0]


def _inks(colours: np.ndarray) -> list[tuple[int, int, int]]:
    """Colours (k, 3) of floats about [0, 1] as Pillow wants them."""
    return [(red, green, blue) for red, green, blue in (np.clip(colours, 0, 1) * 255).astype(int).tolist()]


def _done(image: Image.Image) -> np.ndarray:
    return np.asarray(image.reduce(2), dtype=np.float32) / 255


def scatter(rng: Generator, n: int, smallest: float, largest: float, layers: float) -> tuple[np.ndarray, np.ndarray]:
    """Centres (k, 2) and radii (k,), of density r^-3, that cover a canvas of 2n about `layers` times."""
    largest = max(largest, 2 * smallest)
    span = 2 * n + 2 * largest
    mean_square = 2 * smallest**2 * np.log(largest / smallest) / (1 - (smallest / largest) ** 2)
    count = int(layers * span**2 / (np.pi * mean_square))
    lowest, highest = largest**-2.0, smallest**-2.0
    radius = rng.uniform(lowest, highest, count) ** -0.5
    centre = rng.uniform(-largest, 2 * n + largest, (count, 2))
    seen = ((centre > -radius[:, None]) & (centre < 2 * n + radius[:, None])).all(axis=1)
    return centre[seen], radius[seen]


def dead_leaves(rng: Generator, n: int) -> np.ndarray:
    """Disks of one colour each that occlude one another, radii of density r^-3 (Lee, Mumford and Huang, IJCV 2001)."""
    centre, radius = scatter(rng, n, smallest=rng.uniform(4, 12), largest=2 * n * rng.uniform(0.15, 0.4), layers=4)
    colours = fields.palette(rng, 12)
    colour = colours[rng.integers(12, size=len(radius))] + rng.normal(0, 0.05, (len(radius), 3))
    image, draw = _canvas(n, colours.mean(axis=0))
    for (x, y), r, ink in zip(centre.tolist(), radius.tolist(), _inks(colour), strict=True):
        draw.ellipse((x - r, y - r, x + r, y + r), fill=ink)
    return _done(image)


def _polygon(rng: Generator, x: float, y: float, radius: float, corners: int, irregular: float) -> list[float]:
    angle = rng.uniform(0, fields.TAU) + (np.arange(corners) + rng.uniform(-irregular, irregular, corners)) * (
        fields.TAU / corners
    )
    reach = radius * (1 - irregular * rng.uniform(0, 1, corners))
    return np.stack([x + reach * np.cos(angle), y + reach * np.sin(angle)], axis=-1).ravel().tolist()


def collage(rng: Generator, n: int) -> np.ndarray:
    """Polygons of all sizes that occlude one another, each with a grating of its own on it."""
    centre, radius = scatter(rng, n, smallest=rng.uniform(14, 30), largest=2 * n * rng.uniform(0.2, 0.5), layers=5)
    colours = fields.palette(rng, 10)
    image, draw = _canvas(n, colours.mean(axis=0))
    gratings, draw_grating = _canvas(n, np.zeros(3))
    for (x, y), r in zip(centre.tolist(), radius.tolist(), strict=True):
        outline = _polygon(rng, x, y, r, int(rng.integers(3, 9)), irregular=0.25)
        draw.polygon(outline, fill=_ink(colours[rng.integers(10)] + rng.normal(0, 0.06, 3)))
        draw_grating.polygon(outline, fill=_ink(rng.random(3)))
    angle, frequency, contrast = np.moveaxis(np.asarray(gratings, dtype=np.float32)[::2, ::2] / 255, -1, 0)
    row, column = np.mgrid[:n, :n].astype(np.float32)
    along = column * np.cos(np.pi * angle) + row * np.sin(np.pi * angle)
    wave = np.sin(fields.TAU * along / (5 * 10**frequency))
    return _done(image) * (1 + (np.maximum(contrast - 0.3, 0) * wave)[..., None])


def shapes(rng: Generator, n: int) -> np.ndarray:
    """A few large outlined shapes (polygons, ellipses, stars) before a plain gradient."""
    colours = fields.palette(rng, 8)
    x, _ = fields.axes(rng, n)
    image, draw = _canvas(n, np.zeros(3))
    image.paste(Image.fromarray((fields.ramp(x / x.max(), colours[:2]) * 255).astype(np.uint8)).resize(image.size))
    for _ in range(rng.integers(8, 24)):
        (x0, y0), radius = rng.uniform(0, 2 * n, 2), 2 * n * rng.uniform(0.04, 0.25)
        style = {"fill": _ink(colours[rng.integers(2, 8)]), "width": int(rng.integers(1, 14))}
        style["outline"] = _ink(colours[rng.integers(2, 8)])
        kind = rng.integers(3)
        if kind == 0:
            flat = radius * rng.uniform(0.3, 1)
            draw.ellipse((x0 - radius, y0 - flat, x0 + radius, y0 + flat), **style)
            continue
        outline = np.array(_polygon(rng, x0, y0, radius, 2 * int(rng.integers(2, 7)), irregular=0.15)).reshape(-1, 2)
        if kind == 1:
            outline[::2] = (outline[::2] + np.array([x0, y0])) / 2
        draw.polygon(outline.ravel().tolist(), **style)
    return _done(image)


def script(rng: Generator, n: int) -> np.ndarray:
    """Lines of made-up letters, each of a few strokes, in words, at an angle."""
    paper, ink = fields.palette(rng, 2)
    height = rng.uniform(24, 70)
    letters = [rng.integers(0, 4, (rng.integers(2, 4), 3, 2)) / 3 for _ in range(24)]
    image, draw = _canvas(n, paper)
    width, angle = int(rng.integers(3, 8)), rng.normal(0, 0.3)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    place = np.mgrid[-1.2 * n : 1.2 * n : 1.7 * height, -1.2 * n : 1.2 * n : 0.75 * height].reshape(2, -1).T[:, ::-1]
    for corner in place[rng.random(len(place)) > 0.16]:
        strokes = (letters[rng.integers(24)] * [0.5 * height, height] + corner) @ turn + n
        if (strokes > -height).all() and (strokes < 2 * n + height).all():
            for stroke in strokes:
                draw.line(stroke.ravel().tolist(), fill=_ink(ink), width=width)
    return _done(image)


def fibres(rng: Generator, n: int) -> np.ndarray:
    """A felt of long bent fibres that lie across one another, mostly along one direction."""
    colours = fields.palette(rng, 6)
    image, draw = _canvas(n, colours.min(axis=0) * 0.5)
    length, width, spread = rng.uniform(60, 160), int(rng.integers(3, 9)), rng.uniform(0.2, 1.2)
    count = int(3 * (2 * n + length) ** 2 / (length * width))
    angle = (
        rng.uniform(0, fields.TAU) + rng.normal(0, spread, (count, 1)) + rng.normal(0, 0.25, (count, 4)).cumsum(axis=1)
    )
    steps = length / 4 * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    start = rng.uniform(-length / 2, 2 * n + length / 2, (count, 1, 2))
    points = np.concatenate([start, start + steps.cumsum(axis=1)], axis=1).reshape(count, -1)
    ink = colours[rng.integers(6, size=count)] * np.linspace(0.6, 1.1, count)[:, None]
    for line, colour in zip(points.tolist(), _inks(ink), strict=True):
        draw.line(line, fill=colour, width=width)
    return _done(image)
