"""Generated pictures that are computed pixel by pixel: noises, gratings, masonry, wood, cells, weaves.

Each takes a generator and a size `n` and returns a picture (n, n, 3) of floats about [0, 1]. Lengths are in pixels
of that picture, whatever its size, so that a part of a larger one is another sample of the same texture.
"""

import numpy as np
from numpy.random import Generator
from scipy import ndimage

from asymmetry.data import fields
from asymmetry.data.fields import TAU


def _noise_picture(rng: Generator, n: int, exponent: float) -> np.ndarray:
    common, *own = (fields.noise(rng, n, exponent) for _ in range(4))
    shared = rng.uniform(0.7, 0.99)
    field = np.sqrt(shared) * common[..., None] + np.sqrt(1 - shared) * np.stack(own, axis=-1)
    return fields.palette(rng, 3)[0] * 0.6 + 0.2 + rng.uniform(0.06, 0.2) * field


def rough_noise(rng: Generator, n: int) -> np.ndarray:
    """1/f^a noise, a from 0.3 to 1.2, its channels correlated more or less."""
    return _noise_picture(rng, n, rng.uniform(0.3, 1.2))


def natural_noise(rng: Generator, n: int) -> np.ndarray:
    """1/f^a noise, a from 1.6 to 2.6: about the spectrum of natural images."""
    return _noise_picture(rng, n, rng.uniform(1.6, 2.6))


def _wave(rng: Generator, n: int, period: float) -> np.ndarray:
    x, _ = fields.axes(rng, n)
    return np.sin(TAU * x / period + rng.uniform(0, TAU))


def grating(rng: Generator, n: int) -> np.ndarray:
    """One grating of period 4 to 60, sinusoidal to nearly square."""
    wave = _wave(rng, n, 4 * 15 ** rng.uniform())
    return fields.ramp(0.5 + 0.5 * np.tanh(wave * rng.uniform(0.5, 6)), fields.palette(rng, int(rng.integers(2, 5))))


def plaid(rng: Generator, n: int) -> np.ndarray:
    """Crossing stripes of two periods and several colours, woven over one another like tartan."""
    x, y = fields.axes(rng, n)
    bar = rng.uniform(4, 40, (2, 6))
    colours = fields.palette(rng, 6)
    along, across = (
        colours[np.searchsorted(np.cumsum(widths), axis % widths.sum())]
        for axis, widths in zip((x, y), bar, strict=True)
    )
    return fields.mix(0.5 + 0.3 * np.tanh(3 * np.sin(TAU * (x + y) / rng.uniform(4, 12))), along, across)


def stripes(rng: Generator, n: int) -> np.ndarray:
    """Bars of uneven width and several colours, gently bent."""
    x, y = fields.axes(rng, n)
    x = x + rng.uniform(0, 10) * np.sin(TAU * y / rng.uniform(80, 400))
    edges = np.cumsum(rng.uniform(3, rng.uniform(8, 50), int(x.max() / 3) + 20)) - 15
    colours = fields.palette(rng, int(rng.integers(3, 7)))
    order = rng.integers(len(colours), size=len(edges) + 1)
    return colours[order[np.searchsorted(edges, x)]]


def _masonry(rng: Generator, n: int, width: float, height: float, joint: float, shift: float) -> np.ndarray:
    """Rounded blocks in rows, each row shifted by `shift` of a block, with joints between them."""
    x, y = fields.axes(rng, n)
    bend = rng.uniform(0, 2)
    x, y = x + bend * fields.smooth(rng, n, 60), y + bend * fields.smooth(rng, n, 60) + 10
    row = np.floor(y / height)
    x = x + row * shift * width + 10
    column = np.floor(x / width)
    tone = rng.random((int(row.max()) + 1, int(column.max()) + 1), dtype=np.float32)[
        row.astype(int), column.astype(int)
    ]
    inset = np.minimum(width / 2 - np.abs(x - (column + 0.5) * width), height / 2 - np.abs(y - (row + 0.5) * height))
    colours = fields.palette(rng, 5)
    image = fields.ramp(tone * rng.uniform(0.3, 1), colours[1:]) * (1 + 0.08 * fields.noise(rng, n, 1.2))[..., None]
    image *= fields.light(rng, np.minimum(np.maximum(inset - joint, 0), 3), rng.uniform(0.1, 0.35))[..., None]
    return fields.mix(inset - joint + 0.5, colours[0] * (1 + 0.1 * fields.noise(rng, n, 0.8))[..., None], image)


def bricks(rng: Generator, n: int) -> np.ndarray:
    """A brick wall: flat blocks in shifted rows with mortar between."""
    height = rng.uniform(12, 44)
    return _masonry(rng, n, height * rng.uniform(1.8, 3.4), height, rng.uniform(0.8, 3), rng.choice([0.5, 0.33]))


def tiles(rng: Generator, n: int) -> np.ndarray:
    """A mosaic of square tiles of several colours."""
    side = rng.uniform(10, 50)
    return _masonry(rng, n, side, side, rng.uniform(0.5, 3), 0)


def wood(rng: Generator, n: int) -> np.ndarray:
    """Warped rings along the grain, with fine pores."""
    x, y = fields.axes(rng, n)
    x = x + rng.uniform(4, 14) * fields.smooth(rng, n, rng.uniform(60, 160)) + 8 * np.sin(y / rng.uniform(100, 300))
    ring = (x / rng.uniform(7, 26)) % 1
    pores = ndimage.gaussian_filter1d(rng.standard_normal((n, n), dtype=np.float32), rng.uniform(4, 12), axis=0)
    dark, bright = np.sort(fields.palette(rng, 2), axis=0)
    share = ring**2 * np.clip((1 - ring) * 8, 0, 1)
    return fields.mix(share, bright, dark) * (1 + 0.5 * pores)[..., None]


def marble(rng: Generator, n: int) -> np.ndarray:
    """Veins: bands bent by coarse and fine noise (domain warping)."""
    x, _ = fields.axes(rng, n)
    bent = x / rng.uniform(60, 200) + rng.uniform(0.2, 0.6) * fields.smooth(rng, n, rng.uniform(60, 160))
    bent += rng.uniform(0.05, 0.3) * fields.noise(rng, n, rng.uniform(2.4, 3.2))
    vein = np.abs(np.sin(np.pi * bent)) ** rng.uniform(0.3, 1.2)
    return fields.ramp(vein, fields.palette(rng, int(rng.integers(3, 6))))


def labyrinth(rng: Generator, n: int) -> np.ndarray:
    """Winding bands of one width, as reaction and diffusion leave them."""
    field = fields.band(rng, n, rng.uniform(8, 36), rng.uniform(0.08, 0.25))
    return fields.ramp(0.5 + 0.5 * np.tanh(field * rng.uniform(1, 6)), fields.palette(rng, int(rng.integers(2, 4))))


def spots(rng: Generator, n: int) -> np.ndarray:
    """Blotches with dark rims on a ground, like a leopard's coat."""
    field = fields.band(rng, n, rng.uniform(16, 44), 0.25) + rng.uniform(0.1, 0.3) * fields.noise(rng, n, 1.2)
    ground, blotch, rim = fields.palette(rng, 3)
    image = fields.mix(6 * (field - 0.5), ground * (1 + 0.1 * fields.noise(rng, n, 1.5))[..., None], rim * 0.6)
    return fields.mix(6 * (field - 1.2), image, blotch)


def terrain(rng: Generator, n: int) -> np.ndarray:
    """Fractal relief under light from one side."""
    height = fields.noise(rng, n, rng.uniform(2.4, 3.4))
    slope = np.std(np.diff(height, axis=0)) + 1e-9
    shade = fields.light(rng, height / slope, rng.uniform(0.15, 0.4))
    return fields.ramp(fields.uniform(height), fields.palette(rng, 5)) * shade[..., None]


def dots(rng: Generator, n: int) -> np.ndarray:
    """Disks on a grid, more or less in place, of more or less one size."""
    nearest, _, number = fields.cells(rng, *fields.axes(rng, n), period := rng.uniform(9, 44), rng.uniform(0, 0.5))
    colours = fields.palette(rng, 5)
    radius = rng.uniform(0.2, 0.42) * (1 - rng.uniform(0, 0.6) * number)
    return fields.mix((radius - nearest) * period + 0.5, colours[0], fields.ramp(number, colours[1:]))


def ripples(rng: Generator, n: int) -> np.ndarray:
    """Circular waves from several centres."""
    row, column = np.mgrid[:n, :n].astype(np.float32)
    height = np.zeros((n, n), np.float32)
    period = rng.uniform(10, 60)
    for _ in range(rng.integers(1, 5)):
        y, x = rng.uniform(-0.2 * n, 1.2 * n, 2)
        height += np.sin(np.hypot(row - y, column - x) * TAU / (period * rng.uniform(0.8, 1.25)))
    return fields.ramp(0.5 + 0.25 * height, fields.palette(rng, int(rng.integers(3, 6))))


def _bent_axes(rng: Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    x, y = fields.axes(rng, n)
    bend = rng.uniform(0, 6)
    x, y = x + bend * fields.noise(rng, n, 3), y + bend * fields.noise(rng, n, 3)
    return x - x.min(), y - y.min()


def polygons(rng: Generator, n: int) -> np.ndarray:
    """Voronoi cells of several colours with dark rims, like stained glass."""
    nearest, second, number = fields.cells(rng, *_bent_axes(rng, n), period := rng.uniform(16, 80))
    colours = fields.palette(rng, 6)
    rim = (second - nearest) * period / rng.uniform(1, 6)
    return fields.mix(rim, colours[0] * 0.4, fields.ramp(number, colours[1:]) * (1.1 - 0.5 * nearest)[..., None])


def cracks(rng: Generator, n: int) -> np.ndarray:
    """A rough plain ground broken by thin bent cracks of two sizes."""
    x, y = _bent_axes(rng, n)
    ground = fields.ramp(fields.uniform(fields.noise(rng, n, rng.uniform(1.2, 2.2))), fields.palette(rng, 3))
    dark = np.ones((n, n), np.float32)
    for period in rng.uniform([50, 16], [130, 40]):
        nearest, second, _ = fields.cells(rng, x, y, period)
        dark = np.minimum(dark, (second - nearest) * period / rng.uniform(1.5, 4))
    return ground * (0.2 + 0.8 * dark)[..., None]


def pebbles(rng: Generator, n: int) -> np.ndarray:
    """Rounded stones side by side under light from one side."""
    nearest, second, number = fields.cells(rng, *_bent_axes(rng, n), period := rng.uniform(16, 60))
    colours = fields.palette(rng, 5)
    round_off = np.clip((second - nearest) * 2.5, 0, 1)
    height = period * 0.3 * np.sqrt(round_off * (2 - round_off))
    stone = fields.ramp(number, colours[1:]) * (1 + 0.1 * fields.noise(rng, n, 1.4))[..., None]
    return fields.mix(round_off * 4, colours[0] * 0.3, stone * fields.light(rng, height, 0.6)[..., None])


def weave(rng: Generator, n: int) -> np.ndarray:
    """Threads over and under one another, of one or two colours."""
    x, y = (axis / (period := rng.uniform(9, 26)) for axis in fields.axes(rng, n))
    over = (np.floor(x) + np.floor(y)) % 2
    warp, weft = np.sin(np.pi * (x % 1)), np.sin(np.pi * (y % 1))
    twist = 0.12 * np.sin(TAU * (x + y) * rng.uniform(2, 4)) * min(period / 18, 1)
    colours = fields.palette(rng, 2)
    shade = np.where(over, warp * (0.5 + 0.5 * weft), weft * (0.5 + 0.5 * warp)) ** 0.5 + twist
    tone = 1 + 0.12 * fields.noise(rng, n, 1)
    return np.where(over[..., None], colours[0], colours[1]) * ((0.1 + shade) * tone)[..., None]


def scales(rng: Generator, n: int) -> np.ndarray:
    """Overlapping round scales in shifted rows, like fish or shingles."""
    x, y = (axis / (period := rng.uniform(16, 60)) for axis in fields.axes(rng, n))
    y = y * 1.6 + 2
    colours = fields.palette(rng, 4)
    tone = rng.random((int(y.max()) + 3, int(x.max()) + 4), dtype=np.float32)
    image = np.zeros((n, n, 3), np.float32)
    for back in (2, 1, 0):
        row = np.floor(y).astype(int) - back
        across = x + 0.5 * (row % 2) + 1
        column = np.floor(across).astype(int)
        distance = np.hypot(across - column - 0.5, (y - row - 0.3) / 1.6)
        shade = np.clip(1.25 - 1.1 * distance / 0.68, 0.2, 1)
        scale = fields.ramp(0.6 * tone[row + 1, column] + 0.4 * shade, colours) * shade[..., None]
        image = fields.mix((0.68 - distance) * period + 0.5, image, scale)
    return image
