"""Blurs (KADID-10k types 1 to 3): a picture (H, W, 3) filtered channel by channel, its border repeated."""

import math

import numpy as np
from scipy import ndimage

SUBPIXELS = 32


def gaussian_blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian filter of standard deviation `sigma` pixels, cut off at two of them as in the original."""
    return ndimage.gaussian_filter(image, sigma, mode="nearest", radius=math.ceil(2 * sigma), axes=(0, 1))


def lens_blur(image: np.ndarray, radius: float) -> np.ndarray:
    """Mean over a disk of `radius` pixels: a lens out of focus."""
    return ndimage.convolve(image, _disk(radius)[..., None], mode="nearest")


def motion_blur(image: np.ndarray, length: float, generator: np.random.Generator) -> np.ndarray:
    """Mean along a line of `length` pixels (1: no change) in a random direction of whole degrees, 0 to 180."""
    angle = math.radians(generator.integers(0, 180, endpoint=True))
    return ndimage.convolve(image, _line(length, angle)[..., None], mode="nearest")


def _grid(extent: int) -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[-extent : extent + 1, -extent : extent + 1].astype(float)
    return y, x


def _disk(radius: float) -> np.ndarray:
    """The share of each pixel that a centred disk covers, sampled on a grid within the pixel; sum 1."""
    y, x = _grid(math.ceil(radius))
    offsets = (np.arange(SUBPIXELS) + 0.5) / SUBPIXELS - 0.5
    rows = (y[..., None, None] + offsets[:, None]) ** 2
    columns = (x[..., None, None] + offsets) ** 2
    kernel = (rows + columns <= radius**2).mean((2, 3))
    return kernel / kernel.sum()


def _line(length: float, angle: float) -> np.ndarray:
    """A centred line segment one pixel wide, its edge falling off over one pixel; `angle` in radians; sum 1."""
    half = (length - 1) / 2
    y, x = _grid(math.ceil(half) + 1)
    along = np.clip(x * math.cos(angle) - y * math.sin(angle), -half, half)
    distance = np.hypot(x - along * math.cos(angle), y + along * math.sin(angle))
    kernel = np.maximum(1 - distance, 0)
    return kernel / kernel.sum()
