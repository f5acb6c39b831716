"""Noises (KADID-10k types 11 to 15), with the distributions of MATLAB's `imnoise`; variances for values in [0, 1]."""

import numpy as np
from skimage import color, restoration


def white_noise(image: np.ndarray, variance: float, generator: np.random.Generator) -> np.ndarray:
    """Add Gaussian noise of the given variance, independent in R, G and B."""
    return image + generator.normal(0, np.sqrt(variance), image.shape)


def white_noise_ycbcr(image: np.ndarray, variance: float, generator: np.random.Generator) -> np.ndarray:
    """Add Gaussian noise of the given variance, independent in Y, Cb and Cr (ITU-R BT.601, Y in [16, 235] / 255)."""
    noisy = white_noise(color.rgb2ycbcr(image) / 255, variance, generator)
    return color.ycbcr2rgb(np.clip(noisy, 0, 1) * 255)


def impulse_noise(image: np.ndarray, density: float, generator: np.random.Generator) -> np.ndarray:
    """Salt and pepper: a share `density` of all channel values becomes 0 or 1, as often the one as the other."""
    draw = generator.random(image.shape)
    return np.where(draw < density / 2, 0.0, np.where(draw < density, 1.0, image))


def multiplicative_noise(image: np.ndarray, variance: float, generator: np.random.Generator) -> np.ndarray:
    """Speckle: multiply by 1 + n, n uniform with mean 0 and the given variance."""
    half = np.sqrt(3 * variance)
    return image * (1 + generator.uniform(-half, half, image.shape))


def denoise(image: np.ndarray, variance: float, generator: np.random.Generator) -> np.ndarray:
    """Add white noise of the given variance and denoise each channel with non-local means that know the variance.

    A stand-in: the original denoises each channel with MATLAB's pretrained DnCNN, whose weights are not to be had.
    Both leave a smooth picture without fine texture, and patches of noise where it was strong.
    """
    noisy = np.clip(white_noise(image, variance, generator), 0, 1)
    sigma = np.sqrt(variance)
    options = {"patch_size": 7, "patch_distance": 5, "h": 0.6 * sigma, "sigma": sigma}
    return np.stack([restoration.denoise_nl_means(noisy[..., c], **options) for c in range(3)], axis=-1)
