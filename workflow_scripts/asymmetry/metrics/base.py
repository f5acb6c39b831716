"""What all fidelity metrics share: one object that serves as metric and as loss."""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from asymmetry.errors import UserError

TOLERANCE = 1e-4
SHORTER_SIDE = 256


@dataclass(frozen=True)
class Description:
    """What a metric keeps of a batch of references, (N, 3, H, W) or (1, 3, H, W) for any number of predictions."""

    shape: torch.Size
    dtype: torch.dtype
    content: Any


class FidelityMetric(nn.Module):
    """A full-reference metric of RGB images in [0, 1], frozen for good: no trainable parameter, never in training mode.

    A subclass overrides `_describe` (what is computed from the reference alone) and `_compare`. NaN in a prediction
    gives NaN for that image, so that a divergence is seen; every other bad input is a `UserError`.

    Attributes:
        higher_is_better: direction of the value.
        range: lowest and highest value, None where unbounded.
        optimum: the value of identical images; None if a plug-in does not tell it.
        minimum_size: smallest height and width, pixels.
        resize: `none`, or `256`: larger images are reduced to a shorter side of 256 pixels. Never done for a loss.
        fitted_scenes: scenes of a rated set that its weights were fitted on.
    """

    higher_is_better: bool = False
    range: tuple[float | None, float | None] = (None, None)
    optimum: float | None = 0.0
    minimum_size: int = 1
    resize: str = "none"
    fitted_scenes: frozenset[str] = frozenset()

    def train(self, mode: bool = True) -> "FidelityMetric":
        """Stay in evaluation mode, whatever is asked."""
        return super().train(False)

    def forward(self, *, prediction: Tensor, reference: Tensor) -> Tensor:
        """The value of each image, (N,), in the metric's own direction."""
        return self.compare(prediction, self.describe(reference))

    def describe(self, reference: Tensor) -> Description:
        """What the metric needs of the reference, computed once for as many predictions as are compared with it."""
        self._check(reference, "reference")
        with torch.no_grad():
            return Description(reference.shape, reference.dtype, self._describe(self._resized(reference)))

    def compare(self, prediction: Tensor, description: Description) -> Tensor:
        """The value of each prediction, (N,), against described references: one each, or one for all."""
        self._check_pair(prediction, description.shape, description.dtype)
        return self._compare(self._resized(prediction), description.content)

    def loss(self, *, prediction: Tensor, reference: Tensor) -> Tensor:
        """Mean distance from the optimum: a scalar, 0 for identical images, lower is better, without any resize.

        Where the optimum is not known (a plug-in that does not tell it) it is the mean value, negated where higher is
        better, which may be negative.
        """
        self._check(reference, "reference")
        self._check_pair(prediction, reference.shape, reference.dtype)
        with torch.no_grad():
            content = self._describe(reference)
        value = self._compare(prediction, content)
        cost = -value if self.higher_is_better else value
        if self.optimum is None:
            return cost.mean()
        best = -self.optimum if self.higher_is_better else self.optimum
        return (cost - best).clamp_min(0).mean()

    def _describe(self, reference: Tensor) -> Any:
        return reference

    def _compare(self, prediction: Tensor, content: Any) -> Tensor:
        raise NotImplementedError

    def _resized(self, image: Tensor) -> Tensor:
        shorter = min(image.shape[-2:])
        if self.resize == "none" or shorter <= SHORTER_SIDE:
            return image
        size = [round(side * SHORTER_SIDE / shorter) for side in image.shape[-2:]]
        return F.interpolate(image, size=size, mode="bilinear", antialias=True)

    def _check_pair(self, prediction: Tensor, shape: torch.Size, dtype: torch.dtype) -> None:
        self._check(prediction, "prediction")
        if prediction.shape[1:] != shape[1:] or shape[0] not in (1, prediction.shape[0]) or prediction.dtype != dtype:
            raise UserError(
                f"{type(self).__name__}: a prediction of shape {tuple(prediction.shape)}, {prediction.dtype}, against "
                f"a reference of shape {tuple(shape)}, {dtype}."
            )

    def _check(self, image: Tensor, role: str) -> None:
        name = f"{type(self).__name__}: the {role}"
        if image.dim() != 4 or image.shape[1] != 3 or not image.is_floating_point():
            raise UserError(
                f"{name} has shape {tuple(image.shape)} and type {image.dtype}.",
                "it takes floats of shape (N, 3, H, W)",
            )
        if min(image.shape[-2:]) < self.minimum_size:
            height, width = image.shape[-2:]
            raise UserError(f"{name} has {height}x{width} pixels; at least {self.minimum_size} each way are needed.")
        lowest, highest = (limit.item() for limit in torch.aminmax(image.detach()))
        if lowest < -TOLERANCE or highest > 1 + TOLERANCE:
            raise UserError(
                f"{name} has values from {lowest:.4g} to {highest:.4g}.", "images are RGB in [0, 1]: scale or clamp"
            )
        if role == "reference" and lowest != lowest:
            raise UserError(f"{name} has values that are no numbers.")
