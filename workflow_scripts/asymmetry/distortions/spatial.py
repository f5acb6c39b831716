"""Spatial distortions (KADID-10k types 19 to 23) of a picture (H, W, 3) in [0, 1]."""

import math

import numpy as np
from scipy import ndimage

JITTER_ROUNDS = 5
PATCH = 16
RADIUS = 16
BLOCK = 32


def jitter(image: np.ndarray, amount: float, generator: np.random.Generator) -> np.ndarray:
    """Take each pixel from a place `amount` pixels off (standard deviation in x and in y), bilinear; five times."""
    grid = np.indices(image.shape[:2], dtype=float)
    for _ in range(JITTER_ROUNDS):
        places = grid + generator.normal(0, amount, grid.shape)
        channels = [ndimage.map_coordinates(image[..., c], places, order=1, mode="nearest") for c in range(3)]
        image = np.stack(channels, axis=-1)
    return image


def non_eccentricity_patch(image: np.ndarray, count: float, generator: np.random.Generator) -> np.ndarray:
    """Copy `count` patches of 16x16 pixels, one after the other, to a place at most 8 pixels off in x and in y."""
    result = image.copy()
    side = min(PATCH, *image.shape[:2])
    room = np.array(image.shape[:2]) - side
    margin = np.minimum(RADIUS, room // 2)
    for _ in range(int(count)):
        place = generator.integers(margin, room - margin, endpoint=True)
        offset = np.round((generator.random(2) - 0.5) * RADIUS).astype(int)
        (y, x), (to_y, to_x) = place, np.clip(place + offset, 0, room)
        result[to_y : to_y + side, to_x : to_x + side] = result[y : y + side, x : x + side].copy()
    return result


def pixelate(image: np.ndarray, strength: float) -> np.ndarray:
    """Shrink by 0.95 - `strength`^0.6 and enlarge again, both by the nearest neighbour."""
    scale = 0.95 - strength**0.6
    rows, columns = (_nearest(side, math.ceil(side * scale)) for side in image.shape[:2])
    return image[rows][:, columns]


def _nearest(side: int, small: int) -> np.ndarray:
    """For each of `side` pixels the one it shows after a resize to `small` pixels and back."""
    down = ((np.arange(small) + 0.5) * side / small).astype(int)
    up = ((np.arange(side) + 0.5) * small / side).astype(int)
    return down[up]


def quantisation(image: np.ndarray, count: float) -> np.ndarray:
    """Round all channel values up to the next of `count` thresholds; above the last, to the picture's highest value.

    The thresholds are those of the whole picture that leave the least variance within the classes (Otsu).
    """
    thresholds = _otsu(np.round(image * 255).astype(int), int(count) + 1) / 255
    return np.array([*thresholds, image.max()])[np.searchsorted(thresholds, image)]


def _otsu(values: np.ndarray, classes: int) -> np.ndarray:
    """The `classes` - 1 last values (of 0 to 255) of all classes but the highest; exact, by dynamic programming."""
    weight = np.bincount(values.ravel(), minlength=256)
    level = np.arange(256)
    moments = [np.concatenate([[0], np.cumsum(weight * level**power)]) for power in range(3)]
    number, total, squares = (moment[None, :] - moment[:, None] for moment in moments)
    cost = squares - total**2 / np.maximum(number, 1)
    cost = np.where(np.tri(257, k=-1, dtype=bool), np.inf, cost)
    best, starts = cost[0], []
    for _ in range(classes - 1):
        candidates = best[:, None] + cost
        starts.append(candidates.argmin(0))
        best = candidates.min(0)
    edges = [256]
    for start in reversed(starts):
        edges.append(start[edges[-1]])
    return np.array(edges[:0:-1]) - 1


def colour_block(image: np.ndarray, count: float, generator: np.random.Generator) -> np.ndarray:
    """Cover the picture with `count` blocks of 32x32 pixels, each of one random colour, at random places."""
    result = image.copy()
    side = min(BLOCK, *image.shape[:2])
    room = np.array(image.shape[:2]) - side
    for _ in range(int(count)):
        y, x = generator.integers(0, room, endpoint=True)
        result[y : y + side, x : x + side] = generator.random(3)
    return result
