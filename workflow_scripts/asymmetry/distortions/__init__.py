"""The 25 distortion types of KADID-10k at five levels each (Lin, Hosu & Saupe, QoMEX 2019), written anew.

The types, their order and their levels are those of the original generator. What differs on purpose:

* The original stretches every picture, before and after, so that its least value is 0 and its greatest 1. Here values
  are clipped to [0, 1] instead: a stretch would undo much of types 16 to 18 and 25, would depend on single pixels, and
  would change pictures that a level of no change must leave as they are.
* Type 25 bends its curve at 0.25 and 0.75 and not at 0.3 and 0.7, so that level 3, of amount 0, is the identity.
* Type 15 denoises with non-local means in place of a pretrained DnCNN, type 6 takes its palette from median cut, type
  22 finds its thresholds exactly in place of a local search, and types 9 and 10 use Pillow's encoders.

Levels 3 of types 18 and 25, and 1 of types 1, 3 and 8 (the last but for rounding), change nothing.
Sizes are in pixels whatever the picture's size: the original's pictures have 512x384.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from asymmetry.compute import stable_seed
from asymmetry.distortions import blur, brightness, colour, compression, contrast, noise, spatial
from asymmetry.errors import UserError, unknown

LEVELS = (1, 2, 3, 4, 5)


@dataclass(frozen=True, kw_only=True)
class Distortion:
    """One type of distortion.

    Attributes:
        number: 1 to 25, as in KADID-10k.
        name: as in the config.
        family: blur, colour, compression, noise, brightness, spatial or contrast.
        levels: the parameter of `apply` at levels 1 to 5; its meaning stands with the function.
        apply: takes a picture (H, W, 3) of floats in [0, 1], the parameter and, if `random`, a generator; returns a new
            picture of the same shape, perhaps outside of [0, 1].
        random: whether chance has a part in it.
    """

    number: int
    name: str
    family: str
    levels: tuple[float, float, float, float, float]
    apply: Callable[..., np.ndarray]
    random: bool


_FIXED, _RANDOM = False, True
_TABLE = (
    ("gaussian-blur", "blur", (0.1, 0.5, 1, 2, 5), blur.gaussian_blur, _FIXED),
    ("lens-blur", "blur", (1, 2, 4, 6, 8), blur.lens_blur, _FIXED),
    ("motion-blur", "blur", (1, 2, 4, 6, 10), blur.motion_blur, _RANDOM),
    ("colour-diffusion", "colour", (1, 3, 6, 8, 12), colour.colour_diffusion, _FIXED),
    ("colour-shift", "colour", (1, 3, 6, 8, 12), colour.colour_shift, _RANDOM),
    ("colour-quantisation", "colour", (64, 48, 32, 16, 8), colour.colour_quantisation, _FIXED),
    ("colour-saturation-1", "colour", (0.4, 0.2, 0.1, 0, -0.4), colour.saturation_hsv, _FIXED),
    ("colour-saturation-2", "colour", (1, 2, 3, 6, 9), colour.saturation_lab, _FIXED),
    ("jpeg2000", "compression", (16, 32, 45, 120, 400), compression.jpeg2000, _FIXED),
    ("jpeg", "compression", (43, 36, 24, 7, 4), compression.jpeg, _FIXED),
    ("white-noise", "noise", (0.001, 0.002, 0.003, 0.005, 0.01), noise.white_noise, _RANDOM),
    ("white-noise-ycbcr", "noise", (0.0001, 0.0005, 0.001, 0.002, 0.003), noise.white_noise_ycbcr, _RANDOM),
    ("impulse-noise", "noise", (0.001, 0.005, 0.01, 0.02, 0.03), noise.impulse_noise, _RANDOM),
    ("multiplicative-noise", "noise", (0.001, 0.005, 0.01, 0.02, 0.05), noise.multiplicative_noise, _RANDOM),
    ("denoise", "noise", (0.01, 0.03, 0.05, 0.1, 0.15), noise.denoise, _RANDOM),
    ("brighten", "brightness", (0.1, 0.2, 0.4, 0.7, 1.1), brightness.brighten, _FIXED),
    ("darken", "brightness", (0.05, 0.1, 0.2, 0.4, 0.8), brightness.darken, _FIXED),
    ("mean-shift", "brightness", (0.15, 0.08, 0, -0.08, -0.15), brightness.mean_shift, _FIXED),
    ("jitter", "spatial", (0.05, 0.1, 0.2, 0.5, 1), spatial.jitter, _RANDOM),
    ("non-eccentricity-patch", "spatial", (20, 40, 60, 80, 100), spatial.non_eccentricity_patch, _RANDOM),
    ("pixelate", "spatial", (0.01, 0.05, 0.1, 0.2, 0.5), spatial.pixelate, _FIXED),
    ("quantisation", "spatial", (20, 16, 13, 10, 7), spatial.quantisation, _FIXED),
    ("colour-block", "spatial", (2, 4, 6, 8, 10), spatial.colour_block, _RANDOM),
    ("high-sharpen", "contrast", (1, 2, 3, 6, 12), contrast.high_sharpen, _FIXED),
    ("contrast-change", "contrast", (0.3, 0.15, 0, -0.4, -0.6), contrast.contrast_change, _FIXED),
)
TYPES: dict[str, Distortion] = {
    name: Distortion(number=number, name=name, family=family, levels=levels, apply=apply, random=random)
    for number, (name, family, levels, apply, random) in enumerate(_TABLE, start=1)
}


def distort(image: np.ndarray, name: str, level: int, seed: int, scene: str) -> np.ndarray:
    """Distort a picture; the same arguments give the same result, whatever was made before.

    Args:
        image: (H, W, 3) of floats in [0, 1]; it is left as it is.
        name: one of `TYPES`.
        level: 1 to 5.
        seed: of the whole set; with scene, name and level all that chance depends on.
        scene: name of the picture.

    Returns:
        (H, W, 3) of floats in [0, 1].

    Raises:
        UserError: for an unknown name or level.
        ValueError: for an array of another shape, type or range.
    """
    if name not in TYPES:
        raise UserError(unknown("distortion", name, TYPES))
    if level not in LEVELS:
        raise UserError(f"{name} has no level {level!r}.", "levels are whole numbers from 1 (mildest) to 5")
    if image.ndim != 3 or image.shape[2] != 3 or not np.issubdtype(image.dtype, np.floating):
        raise ValueError(f"expected floats of shape (H, W, 3), got {image.dtype} of shape {image.shape}")
    if not (image.min() >= 0 and image.max() <= 1):
        raise ValueError(f"expected values in [0, 1], got {image.min()} to {image.max()}")
    found = TYPES[name]
    chance = [np.random.default_rng(stable_seed(seed, scene, name, level))] if found.random else []
    return np.clip(found.apply(image.astype(np.float64), found.levels[level - 1], *chance), 0, 1)
