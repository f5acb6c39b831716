"""Sharpness and contrast (KADID-10k types 24 and 25) of a picture (H, W, 3) in [0, 1]."""

import numpy as np
from scipy import ndimage
from skimage import color

from asymmetry.distortions.brightness import tone_curve
from asymmetry.distortions.colour import lab_to_rgb

RADIUS = 3


def high_sharpen(image: np.ndarray, amount: float) -> np.ndarray:
    """Unsharp masking of L of CIELAB: add `amount` times what a Gaussian of sigma 3 takes away."""
    lab = color.rgb2lab(image)
    lightness = lab[..., 0]
    detail = lightness - ndimage.gaussian_filter(lightness, RADIUS, mode="nearest", radius=2 * RADIUS)
    lab[..., 0] = np.clip(lightness + amount * detail, 0, 100)
    return lab_to_rgb(lab)


def contrast_change(image: np.ndarray, amount: float) -> np.ndarray:
    """Tone curve that takes 0.25 down and 0.75 up by `amount` / 4 (0: no change, exactly; below 0: less contrast)."""
    if amount == 0:
        return image.copy()
    return tone_curve(image, [0.25, 0.5, 0.75], [0.25 - amount / 4, 0.5, 0.75 + amount / 4])
