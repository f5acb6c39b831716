"""Judges that compare the distribution of an output's patches with that of its reference's, not their places.

As SIFID does for FID, one picture against one other. No features are downloaded: `kid` has KID's kernel, but sees
logarithmic magnitudes of the discrete cosine transform of 8 x 8 luma patches in the place of Inception's features; the
sliced Wasserstein distance sees colour patches of a Laplacian pyramid.
"""

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from scipy.fft import dctn
from torch import Tensor
from torch.nn import functional

from asymmetry import images
from asymmetry.compute import stable_seed
from asymmetry.errors import UserError
from asymmetry.metrics.judges.base import Judge

PATCH = 8
LEAST_DEVIATION = 1.0
BLOCK = 2**20


def squared_mmd(first: np.ndarray, second: np.ndarray) -> float:
    """Unbiased squared maximum mean discrepancy of two samples (m, d) and (n, d).

    Kernel (x'y / d + 1)^3: KID of Binkowski et al., ICLR 2018, arXiv 1801.01401. Near 0 for samples of one
    distribution, where it may be negative.
    """

    def within(sample: np.ndarray) -> float:
        total, diagonal = _kernel_sums(sample, sample)
        return (total - diagonal) / (len(sample) * (len(sample) - 1))

    between = _kernel_sums(first, second)[0] / (len(first) * len(second))
    return within(first) + within(second) - 2 * between


def _kernel_sums(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """Sums of the kernel over all pairs and over those of equal index, by rows: all pairs may take gigabytes."""
    rows = max(1, BLOCK // len(second))
    total = diagonal = 0.0
    for start in range(0, len(first), rows):
        base = first[start : start + rows] @ second.T / first.shape[1] + 1
        kernel = base * base
        kernel *= base
        total += kernel.sum()
        diagonal += np.trace(kernel, offset=start)
    return total, diagonal


def dct_features(image: Tensor) -> np.ndarray:
    """log(1 + |c|) of the 63 AC coefficients of the disjoint 8 x 8 patches of luma in 8-bit units: (patches, 63)."""
    luma = images.luma(image.double())[0, 0].numpy() * 255
    patches = sliding_window_view(luma, (PATCH, PATCH))[::PATCH, ::PATCH].reshape(-1, PATCH, PATCH)
    return np.log1p(np.abs(dctn(patches, axes=(1, 2), norm="ortho"))).reshape(-1, PATCH**2)[:, 1:]


class Kid(Judge):
    """KID's kernel between `dct_features` of one output and its reference, not Inception-KID of sets; lower is better.

    Features are centred on the reference's mean and divided by its deviation, or by 1 where that is less: a coefficient
    that hardly varies in a smooth scene would otherwise outweigh all others.
    """

    family = "distribution"
    higher_is_better = False

    def value(self, scene: str, output: Tensor, reference: Tensor) -> float:
        """See `base.Judge`."""
        if min(output.shape[-2:]) < 2 * PATCH:
            raise UserError(f"{scene}: too few pixels for KID.", f"at least {2 * PATCH} x {2 * PATCH}")
        expected = dct_features(reference)
        mean, deviation = expected.mean(0), np.maximum(expected.std(0), LEAST_DEVIATION)
        return squared_mmd((dct_features(output) - mean) / deviation, (expected - mean) / deviation)


def laplacian_pyramid(image: Tensor, levels: int) -> list[Tensor]:
    """Band-pass images (N, C, H, W) from fine to coarse, the last one low-pass."""
    bands = []
    for _ in range(levels - 1):
        smaller = functional.interpolate(image, scale_factor=0.5, mode="bicubic", antialias=True)
        bands.append(image - functional.interpolate(smaller, size=image.shape[-2:], mode="bicubic"))
        image = smaller
    return [*bands, image]


class SlicedWasserstein(Judge):
    """Sliced Wasserstein-1 distance of 7 x 7 x 3 patches, mean over three pyramid levels, times 1000; lower is better.

    Rabin et al., SSVM 2011, with the patches of Karras et al., ICLR 2018, arXiv 1710.10196. Each level is divided by
    the reference's deviation there, where Karras et al. divide each set by its own: lost contrast is to be seen.

    Args:
        directions: number of random projections, the same for every picture.
        seed: of the projections.
    """

    family = "distribution"
    higher_is_better = False
    levels = 3
    side = 7
    stride = 3

    def __init__(self, directions: int = 64, seed: int = 0) -> None:
        random = torch.Generator().manual_seed(stable_seed("sliced-wasserstein", seed))
        drawn = torch.randn(3 * self.side**2, directions, generator=random)
        self.directions = drawn / drawn.norm(dim=0)

    def value(self, scene: str, output: Tensor, reference: Tensor) -> float:
        """See `base.Judge`."""
        if min(output.shape[-2:]) < self.side * 2 ** (self.levels - 1):
            raise UserError(f"{scene}: too few pixels for the sliced Wasserstein distance.")
        distances = []
        pyramids = (laplacian_pyramid(image, self.levels) for image in (output, reference))
        for first, second in zip(*pyramids, strict=True):
            deviation = second.std().clamp_min(1 / 255)
            ordered = [self._project(band / deviation) for band in (first, second)]
            distances.append((ordered[0] - ordered[1]).abs().mean().item())
        return 1000 * float(np.mean(distances))

    def _project(self, band: Tensor) -> Tensor:
        projected = self.directions.T @ functional.unfold(band, self.side, stride=self.stride)[0]
        return torch.from_numpy(np.sort(projected.numpy()))  # `Tensor.sort` takes nine times as long
