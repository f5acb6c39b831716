"""The DISTS family: one formula on the feature maps of any backbone.

Ding, Ma, Wang, Simoncelli, "Image Quality Assessment: Unifying Structure and Texture Similarity", TPAMI 2022,
arXiv 2004.07728.
"""

from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from asymmetry import artifacts
from asymmetry.errors import UserError
from asymmetry.metrics.base import Description, FidelityMetric
from asymmetry.networks.backbones import Backbone
from asymmetry.networks.sizes import smallest_for_dists

C1 = C2 = 1e-6


class Stage(NamedTuple):
    """Global statistics of one stage's feature maps: mean and variance (N, C), and the centred maps (N, C, H * W)."""

    mean: Tensor
    variance: Tensor
    centred: Tensor


class Dists(FidelityMetric):
    """1 - sum over channels of (alpha S1 + beta S2), in [0, 2], 0 for identical images, lower is better.

    The stages are the image itself, then the backbone's feature maps. With means m, variances v and covariance k of a
    channel over all positions, S1 = (2 m m' + C1) / (m^2 + m'^2 + C1) compares texture and
    S2 = (2 k + C2) / (v + v' + C2) structure. alpha and beta sum to 1 together. As a loss and as a metric every stage
    needs at least 4x4 positions, whence the minimum size. As in the paper, nothing is resized by itself.

    Args:
        backbone: gives the stages; it is frozen in place. The paper's is VGG-16 with L2 pooling.
        alpha, beta: non-negative weight of each channel, (channels,), normalised here; None gives the uniform
            weights 1 / (2 * stages * channels of the stage).
    """

    higher_is_better = False
    range = (0.0, 2.0)

    def __init__(self, backbone: Backbone, alpha: Tensor | None = None, beta: Tensor | None = None) -> None:
        super().__init__()
        self.backbone = backbone
        self.channels = (3, *backbone.channels)
        self.minimum_size = smallest_for_dists(backbone.strides)
        self.register_buffer("weights", self._weights(alpha, beta))
        self.requires_grad_(False).eval()

    def _weights(self, alpha: Tensor | None, beta: Tensor | None) -> Tensor:
        if alpha is None and beta is None:
            stage = [torch.full((count,), 1 / (2 * len(self.channels) * count)) for count in self.channels]
            return torch.cat(stage + stage)
        if alpha is None or beta is None or {len(alpha), len(beta)} != {sum(self.channels)}:
            raise UserError(
                f"alpha and beta must have one weight for each of the {sum(self.channels)} channels "
                f"({' + '.join(map(str, self.channels))}).",
                "were they fitted on another backbone?",
            )
        weights = torch.cat([alpha, beta]).double()
        if not (weights >= 0).all() or not 0 < weights.sum() < torch.inf:
            raise UserError("alpha and beta must be finite, not negative and not all zero.")
        return (weights / weights.sum()).float()

    def similarities(self, prediction: Tensor, reference: Tensor | Description) -> Tensor:
        """S1 of every channel of every stage, then S2 of every channel: (N, 2 * channels), at most 1."""
        if isinstance(reference, Tensor):
            reference = self.describe(reference)
        self._check_pair(prediction, reference.shape, reference.dtype)
        return 1 - self._dissimilarities(self._resized(prediction), reference.content)

    def _describe(self, reference: Tensor) -> list[Stage]:
        stages = []
        for features in (reference, *self.backbone(reference)):
            maps = features.flatten(2)
            mean = maps.mean(2)
            centred = maps - mean[..., None]
            stages.append(Stage(mean, centred.square().mean(2), centred))
        return stages

    def _dissimilarities(self, prediction: Tensor, content: list[Stage]) -> Tensor:
        texture, structure = [], []
        for x, y in zip(self._describe(prediction), content, strict=True):
            covariance = (x.centred * y.centred).mean(2)
            texture.append(1 - (2 * x.mean * y.mean + C1) / (x.mean**2 + y.mean**2 + C1))
            structure.append(1 - (2 * covariance + C2) / (x.variance + y.variance + C2))
        return torch.cat(texture + structure, 1)

    def _compare(self, prediction: Tensor, content: list[Stage]) -> Tensor:
        return self._dissimilarities(prediction, content) @ self.weights


def create_dists(backbone: Backbone, channel_weights: Path | None = None) -> Dists:
    """A DISTS-form metric on this backbone with uniform weights, or those of a file of `fit_channel_weights`."""
    if channel_weights is None:
        return Dists(backbone)
    tensors = artifacts.load_tensors(channel_weights)
    if set(tensors) != {"alpha", "beta"}:
        raise UserError(f"{channel_weights} holds {sorted(tensors)}, not the channel weights alpha and beta.")
    metric = Dists(backbone, **tensors)
    metric.fitted_scenes = fitted_scenes(channel_weights)
    return metric


def fitted_scenes(channel_weights: Path) -> frozenset[str]:
    """The scenes that the weights in a file of `fit_channel_weights` were fitted on."""
    facts = artifacts.read_facts(channel_weights)
    if "scenes" not in facts:
        raise UserError(f"{channel_weights} does not say on which scenes it was fitted.", "fit the weights again")
    return frozenset(facts["scenes"])
