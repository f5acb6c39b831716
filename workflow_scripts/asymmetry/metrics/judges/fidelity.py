"""Full-reference judges: how close the output is to its reference, on luma (0 to 255 in eight bits: [16, 235])."""

import numpy as np
from skimage.metrics import structural_similarity
from torch import Tensor

from asymmetry import images
from asymmetry.errors import UserError
from asymmetry.metrics.judges.base import Judge

LEAST_ERROR = 1e-10
WINDOW = 11


class LumaJudge(Judge):
    """Compares the luma of output and reference, without a border (as usual in super-resolution: the scale).

    Args:
        border: pixels left out on each side.
    """

    family = "full-reference"
    higher_is_better = True

    def __init__(self, border: int = 4) -> None:
        self.border = border

    def planes(self, output: Tensor, reference: Tensor) -> tuple[np.ndarray, np.ndarray]:
        """Luma of both without the border, (H, W) of float64; 1 is the range of 8 bits."""
        if min(output.shape[-2:]) < 2 * self.border + WINDOW:
            height, width = output.shape[-2:]
            raise UserError(f"{width} x {height} pixels are too few to judge with a border of {self.border}.")
        inner = slice(self.border, -self.border or None)
        output, reference = (images.luma(image.double())[0, 0, inner, inner].numpy() for image in (output, reference))
        return output, reference


class PsnrY(LumaJudge):
    """Peak signal-to-noise ratio of luma, dB; the mean squared error counts as at least 1e-10, so at most 100 dB."""

    def value(self, scene: str, output: Tensor, reference: Tensor) -> float:
        """See `base.Judge`."""
        first, second = self.planes(output, reference)
        return -10 * np.log10(max(np.mean((first - second) ** 2), LEAST_ERROR))


class SsimY(LumaJudge):
    """Structural similarity of luma (Wang et al. 2004): Gaussian window of sigma 1.5, 11 x 11; in [-1, 1]."""

    def value(self, scene: str, output: Tensor, reference: Tensor) -> float:
        """See `base.Judge`."""
        first, second = self.planes(output, reference)
        return structural_similarity(
            first, second, data_range=1.0, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        )
