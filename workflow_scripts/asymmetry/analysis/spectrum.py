"""High-frequency energy: what an output holds beyond the frequencies that its low-resolution input can carry."""

import numpy as np

from asymmetry import images


def high_frequency_energy(image: np.ndarray, scale: int) -> float:
    """Energy of the luma above the input's Nyquist frequency, 1 / (2 · scale) cycles per pixel, per pixel.

    Args:
        image: uint8 (H, W, 3).
        scale: the factor of super-resolution.
    """
    luma = images.full_range_luma(image) / 255
    window = np.outer(np.hanning(luma.shape[0]), np.hanning(luma.shape[1]))
    energy = np.abs(np.fft.fft2((luma - luma.mean()) * window, norm="ortho")) ** 2
    radius = np.hypot(np.fft.fftfreq(luma.shape[0])[:, None], np.fft.fftfreq(luma.shape[1]))
    return float(energy[radius > 1 / (2 * scale)].sum() / np.square(window).sum())


def energy_ratio(image: np.ndarray, reference: np.ndarray, scale: int) -> float:
    """High-frequency energy of a picture over that of its reference: 1 for the reference, 0 for none, no upper end."""
    return high_frequency_energy(image, scale) / max(high_frequency_energy(reference, scale), 1e-12)
