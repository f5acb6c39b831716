"""Degradations: what a restoration task does to a picture, and plain upsampling."""

from torch import Tensor
from torch.nn import functional

from asymmetry.errors import UserError


class SuperResolution:
    """Bicubic down-sampling by a whole factor.

    Both directions use Keys' kernel (a = -0.5), as Pillow and MATLAB do: `antialias` widens it when shrinking, and
    when enlarging it merely selects that kernel over torch's other one (a = -0.75).
    """

    def __init__(self, scale: int) -> None:
        if scale < 2:
            raise UserError(f"super-resolution by a factor of {scale!r}.", "a whole number of at least 2")
        self.scale = scale

    def degrade(self, hr: Tensor) -> Tensor:
        """(N, 3, H, W) in [0, 1] to (N, 3, H/scale, W/scale), clamped, rounded to 8 bits; H, W must be divisible."""
        height, width = hr.shape[-2:]
        if height % self.scale or width % self.scale:
            raise UserError(f"{width} x {height} pixels cannot be divided by the scale {self.scale}.")
        size = (height // self.scale, width // self.scale)
        lr = functional.interpolate(hr, size, mode="bicubic", antialias=True)
        return (lr.clamp(0, 1) * 255).round() / 255

    def upsample(self, lr: Tensor) -> Tensor:
        """(N, 3, h, w) in [0, 1] to (N, 3, h * scale, w * scale) in [0, 1], bicubic: the baseline of this task."""
        size = (lr.shape[-2] * self.scale, lr.shape[-1] * self.scale)
        return functional.interpolate(lr, size, mode="bicubic", antialias=True).clamp(0, 1)
