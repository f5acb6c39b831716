"""Colour distortions (KADID-10k types 4 to 8) of a picture (H, W, 3) in [0, 1]; 4, 7 and 8 leave grey as it is."""

import warnings

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage import color

from asymmetry.distortions.blur import gaussian_blur
from asymmetry.images import quantize

GREEN = 1


def colour_diffusion(image: np.ndarray, amount: float) -> np.ndarray:
    """Blur a and b of CIELAB with sigma 1.5 `amount` + 2 pixels and multiply them by `amount`."""
    lab = color.rgb2lab(image)
    lab[..., 1:] = gaussian_blur(lab[..., 1:], 1.5 * amount + 2) * amount
    return lab_to_rgb(lab)


def colour_shift(image: np.ndarray, amount: float, generator: np.random.Generator) -> np.ndarray:
    """Move the green channel by `amount` pixels in a random direction of the first quadrant, where there are edges.

    The moved channel is blended in by the gradient magnitude of the grey picture, smoothed with sigma 4 and stretched
    from its 1st to its 99th percentile to [0, 1].
    """
    direction = generator.random(2)
    offset = np.round(direction / np.linalg.norm(direction) * amount)
    moved = ndimage.shift(image[..., GREEN], offset, order=0, mode="nearest")
    edges = ndimage.gaussian_filter(np.hypot(*np.gradient(color.rgb2gray(image))), 4, mode="nearest")
    low, high = np.percentile(edges, (1, 99))
    mask = np.clip((edges - low) / max(high - low, 1e-12), 0, 1)
    shifted = image.copy()
    shifted[..., GREEN] += mask * (moved - image[..., GREEN])
    return shifted


def colour_quantisation(image: np.ndarray, colours: float) -> np.ndarray:
    """Reduce to a palette of at most `colours` (median cut, refined by k-means), with Floyd-Steinberg dithering."""
    picture = Image.fromarray(quantize(image))
    palette = picture.quantize(int(colours), method=Image.Quantize.MEDIANCUT, kmeans=1)
    dithered = picture.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
    return np.asarray(dithered.convert("RGB")) / 255


def saturation_hsv(image: np.ndarray, factor: float) -> np.ndarray:
    """Multiply the saturation of HSV by `factor`: 0 gives grey, a negative factor the complementary hue."""
    hsv = color.rgb2hsv(image)
    hsv[..., 1] *= factor
    return color.hsv2rgb(hsv)


def saturation_lab(image: np.ndarray, factor: float) -> np.ndarray:
    """Multiply a and b of CIELAB by `factor` (1: no change)."""
    return lab_to_rgb(color.rgb2lab(image) * (1, factor, factor))


def lab_to_rgb(lab: np.ndarray) -> np.ndarray:
    """CIELAB to sRGB in [0, 1]; colours outside of the gamut are clipped without a word."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Conversion from CIE-LAB")
        return color.lab2rgb(lab)
