"""Brightness changes (KADID-10k types 16 to 18) of a picture (H, W, 3) in [0, 1]."""

from collections.abc import Sequence

import numpy as np
from scipy.interpolate import CubicSpline
from skimage import color

from asymmetry.distortions.colour import lab_to_rgb


def brighten(image: np.ndarray, amount: float) -> np.ndarray:
    """Tone curve that takes 0.5 to 0.5 + `amount` / 2: two thirds of it on R, G and B, one third on L of CIELAB."""
    middle = 0.5 + amount / 2
    lab = color.rgb2lab(image)
    lab[..., 0] = 100 * tone_curve(lab[..., 0] / 100, [0.5], [middle])
    return (2 * tone_curve(image, [0.5], [middle]) + lab_to_rgb(lab)) / 3


def darken(image: np.ndarray, amount: float) -> np.ndarray:
    """Tone curve on R, G and B that takes 0.5 to 0.5 - `amount` / 2."""
    return tone_curve(image, [0.5], [0.5 - amount / 2])


def mean_shift(image: np.ndarray, amount: float) -> np.ndarray:
    """Add `amount` to all values (0: no change)."""
    return image + amount


def tone_curve(values: np.ndarray, points: Sequence[float], targets: Sequence[float]) -> np.ndarray:
    """Map values by the cubic spline (not-a-knot) through (0, 0), the given points and (1, 1), clipped to [0, 1]."""
    return np.clip(CubicSpline([0, *points, 1], [0, *targets, 1])(values), 0, 1)
