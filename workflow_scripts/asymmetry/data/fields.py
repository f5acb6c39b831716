"""What generated pictures are made of: noise of a given spectrum, cells, palettes, light; float32, (n, n)."""

import numpy as np
from numpy.random import Generator
from scipy import fft, special
from skimage.color import hsv2rgb

TAU = 2 * np.pi


def axes(rng: Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates x, y in pixels, turned by a random angle; both start near 0."""
    angle = rng.uniform(0, TAU)
    row, column = np.mgrid[:n, :n].astype(np.float32)
    x, y = column * np.cos(angle) + row * np.sin(angle), row * np.cos(angle) - column * np.sin(angle)
    return (x - x.min()).astype(np.float32), (y - y.min()).astype(np.float32)


def _filtered(rng: Generator, n: int, amplitude: np.ndarray) -> np.ndarray:
    spectrum = fft.rfft2(rng.standard_normal((n, n), dtype=np.float32)) * amplitude.astype(np.float32)
    spectrum[0, 0] = 0
    field = fft.irfft2(spectrum, s=(n, n))
    return field / (field.std() + 1e-9)


def _frequency(n: int) -> np.ndarray:
    return np.hypot(fft.fftfreq(n)[:, None], fft.rfftfreq(n)[None])


def noise(rng: Generator, n: int, exponent: float) -> np.ndarray:
    """Gaussian noise of power spectrum 1/f^exponent (natural images: about 2), zero mean, unit variance."""
    return _filtered(rng, n, np.maximum(_frequency(n), 1 / n) ** (-exponent / 2))


def smooth(rng: Generator, n: int, wavelength: float) -> np.ndarray:
    """Noise without detail finer than about `wavelength` pixels, zero mean, unit variance."""
    return _filtered(rng, n, np.exp(-((_frequency(n) * wavelength) ** 2)))


def band(rng: Generator, n: int, wavelength: float, width: float = 0.15) -> np.ndarray:
    """Noise of one wavelength in all directions (relative bandwidth `width`), zero mean, unit variance."""
    return _filtered(rng, n, np.exp(-(((_frequency(n) * wavelength - 1) / width) ** 2)))


def uniform(field: np.ndarray) -> np.ndarray:
    """A field of zero mean and unit variance, Gaussian, turned to be uniform in [0, 1]."""
    return special.ndtr(field)


def palette(rng: Generator, count: int) -> np.ndarray:
    """Colours (count, 3) that go together: hues around one or two, often earthy, moderate saturation, spread values."""
    first, second = rng.normal(0.1, 0.05) if rng.random() < 0.5 else rng.random(), rng.random()
    hue = np.where(rng.random(count) < 0.7, first, second) + rng.normal(0, rng.uniform(0.01, 0.1), count)
    saturation = rng.beta(1.6, 2.4, count) * rng.uniform(0.4, 1.1)
    value = rng.permutation(np.linspace(rng.uniform(0.05, 0.35), rng.uniform(0.65, 1), count)) + rng.normal(
        0, 0.04, count
    )
    return hsv2rgb(np.clip(np.stack([hue % 1, saturation, value], axis=-1), 0, 1)).astype(np.float32)


def ramp(position: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """Colours (n, n, 3) at positions in [0, 1] (clipped to it) along a gradient through evenly spaced colours."""
    steps = np.linspace(0, len(colours) - 1, 1024)
    table = np.stack([np.interp(steps, np.arange(len(colours)), channel) for channel in colours.T], axis=-1)
    return table.astype(np.float32)[(np.clip(position, 0, 1) * 1023).astype(np.int16)]


def mix(share: np.ndarray, below: np.ndarray, above: np.ndarray) -> np.ndarray:
    """`above` where `share` (n, n) is 1, `below` where it is 0; both are colours (3,) or pictures."""
    return below + np.clip(share, 0, 1)[..., None] * (above - below)


def light(rng: Generator, height: np.ndarray, strength: float) -> np.ndarray:
    """Brightness factor (n, n) of a relief, in pixels of height, under light from one side; about 1 where flat."""
    angle = rng.uniform(0, TAU)
    down, right = np.gradient(height)
    return np.clip(1 + strength * (down * np.sin(angle) + right * np.cos(angle)), 0.25, 1.75)


def cells(
    rng: Generator, x: np.ndarray, y: np.ndarray, period: float, jitter: float = 0.9
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Voronoi cells of a jittered grid: distance to the nearest and to the second point, and a number in [0, 1) a cell.

    Distances are in units of `period` (Worley, SIGGRAPH 1996). Coordinates must not be negative.
    """
    x, y = x / period, y / period
    column, row = x.astype(np.int32), y.astype(np.int32)
    shape = (row.max() + 3, column.max() + 3)
    points = 0.5 + jitter * (rng.random((2, *shape), dtype=np.float32) - 0.5)
    numbers = rng.random(shape, dtype=np.float32)
    nearest, second = np.full_like(x, np.inf), np.full_like(x, np.inf)
    number = np.zeros_like(x)
    x, y = x - column, y - row
    for down in (0, 1, 2):
        for right in (0, 1, 2):
            index = (row + down, column + right)
            distance = (points[0][index] + right - 1 - x) ** 2 + (points[1][index] + down - 1 - y) ** 2
            closer = distance < nearest
            second = np.minimum(second, np.where(closer, nearest, distance))
            number[closer] = numbers[index][closer]
            nearest = np.minimum(nearest, distance)
    return np.sqrt(nearest), np.sqrt(second), number
