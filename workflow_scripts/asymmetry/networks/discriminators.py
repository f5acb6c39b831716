"""Discriminators: a trainable backbone with a head that gives one logit a picture or one a patch."""

import copy
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize

from asymmetry.errors import UserError, unknown
from asymmetry.networks.backbones import Backbone
from asymmetry.networks.sizes import PATCH_LOGITS, patch_stage, smallest_for_head

HEADS = ("vanilla", "patch")
PATCH_WIDTH = 64


class Discriminator(nn.Module):
    """Logits (positive: real) of pictures (N, 3, H, W) in [0, 1].

    `vanilla`: last stage, global average, linear: (N, 1). `patch`: the deepest stage whose stride is at most 8 (of a
    ViT the tokens of its last block, whatever its stride), 3x3 convolution, leaky ReLU, 1x1 convolution: a map
    (N, 1, h, w) of at least 8x8 at the training crop. Stages after that one are kept, so that the weights fit the whole
    backbone, but not computed.
    In training, batch norm uses the statistics of each batch (real and generated pictures apart).

    Args:
        backbone: taken over, not copied; its weights are trained too.
        head: `vanilla` or `patch`.
        crop: side of the training crops, pixels.
        spectral_norm: whether every convolution and linear layer, of backbone and head, is divided by its largest
            singular value (Miyato et al. 2018); all or none.

    Raises:
        UserError: unknown head, or fewer than 8x8 logits at the training crop.
    """

    def __init__(self, backbone: Backbone, head: Literal["vanilla", "patch"], crop: int, spectral_norm: bool) -> None:
        super().__init__()
        if head not in HEADS:
            raise UserError(unknown("discriminator head", head, HEADS))
        self.backbone = backbone
        self.crop = crop
        self.patch = head == "patch"
        self.stage = patch_stage(backbone.strides) if self.patch else len(backbone.strides) - 1
        channels = backbone.channels[self.stage]
        self.head: nn.Module
        if self.patch:
            self.head = nn.Sequential(
                nn.Conv2d(channels, PATCH_WIDTH, 3, padding=1), nn.LeakyReLU(0.2), nn.Conv2d(PATCH_WIDTH, 1, 1)
            )
        else:
            self.head = nn.Linear(channels, 1)
        self.eval()
        with torch.no_grad():
            size = tuple(self(torch.zeros(1, 3, crop, crop)).shape[2:])
        self.map: tuple[int, ...] = size or (1, 1)
        if self.patch and min(size) < PATCH_LOGITS:
            smallest = smallest_for_head(backbone.strides, head)
            raise UserError(
                f"patch discriminator: a crop of {crop} gives {size[0]}x{size[1]} logits, fewer than 8x8.",
                f"train on crops of {smallest} pixels or more, or take a backbone with a stage at stride 8",
            )
        if spectral_norm:
            for part in self.modules():
                if isinstance(part, nn.Conv2d | nn.Linear):
                    parametrizations.spectral_norm(part)
        self.train()

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1), or (N, 1, h, w) with the patch head."""
        features = self.backbone(x, last=self.stage)[self.stage]
        return self.head(features if self.patch else features.mean((2, 3)))

    def effective_state_dict(self) -> dict[str, Tensor]:
        """The weights as the forward pass of `eval()` uses them: those of a discriminator without spectral norm.

        Keys that begin with `backbone.` are, without that, the state dict of the plain backbone.
        """
        state = {key: value for key, value in self.state_dict().items() if ".parametrizations." not in key}
        for name, part in self.named_modules():
            if parametrize.is_parametrized(part):
                training = part.training
                part.eval()  # in training each look at the weight is a step of the power iteration
                state[f"{name}.weight"] = part.weight.detach()
                part.train(training)
        return state

    def describe(self) -> dict[str, Any]:
        """What is recorded of a discriminator.

        Returns:
            `map`: height and width of the logits at the training crop; `receptive_field`: side of what one logit sees,
            pixels, or `global`; `parameters`, and `parameters_used`: those that the logits depend on.
        """
        twin = copy.deepcopy(self).eval().requires_grad_()
        parameters = list(twin.parameters())
        logits = twin(torch.zeros(1, 3, self.crop, self.crop, device=parameters[0].device))
        used = torch.autograd.grad(logits.sum(), parameters, allow_unused=True)
        return {
            "map": list(self.map),
            "receptive_field": _receptive_field(twin, 4 * self.crop) if self.patch else "global",
            "parameters": sum(parameter.numel() for parameter in parameters),
            "parameters_used": sum(gradient.numel() for gradient in used if gradient is not None),
        }


def create_discriminator(backbone: Backbone, head: str, crop: int, spectral_norm: bool, seed: int) -> Discriminator:
    """A discriminator on a backbone whose weights are set already; its head has torch's own initialisation, seeded.

    Returned in `train()`; torch's global random state is left as it was. For the arguments see `Discriminator`.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Discriminator(backbone, head, crop, spectral_norm)


def _receptive_field(discriminator: Discriminator, size: int) -> int | str:
    """Side of the input region that the central logit depends on, seen from gradients at a picture of `size` pixels.

    Max-pooling passes gradients to one position only, so it computes an average in `discriminator`. The layer itself
    stays, for a backbone may know its stages by its poolings.
    """
    for part in discriminator.modules():
        if isinstance(part, nn.MaxPool2d):
            part.forward = nn.AvgPool2d(part.kernel_size, part.stride, part.padding, part.ceil_mode).forward
    picture = torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(0))
    picture = picture.to(next(discriminator.parameters()).device).requires_grad_()
    logits = discriminator(picture)
    (gradient,) = torch.autograd.grad(logits[..., logits.shape[2] // 2, logits.shape[3] // 2].sum(), picture)
    seen = gradient.abs().sum((0, 1)).nonzero()
    extent = int((seen.max(0).values - seen.min(0).values).max()) + 1
    return extent if extent < size else "global"
