"""Backbones: networks that turn a picture into feature maps by stage, behind one interface.

One object serves the DISTS family of metrics, discriminators, pretraining and quality models, and one file of weights
fits it in all of them.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from asymmetry import artifacts, registry
from asymmetry.errors import UserError, listing

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
NORMALISATION = ("mean", "std")
COUNT = ".num_batches_tracked"
NORMS = (nn.LayerNorm, nn.GroupNorm, nn.modules.batchnorm._BatchNorm)


class Backbone(nn.Module):
    """Feature maps by stage of pictures (N, 3, H, W), RGB in [0, 1].

    A member sets `architecture` and implements `extract`; normalisation of the input, its size and the choice of stages
    are done here. `mean` and `std` belong to the state dict: whoever takes the weights takes the normalisation that
    they were trained with, through discriminators and back.

    Attributes:
        mean, std: of the normalisation (x - mean) / std, (1, 3, 1, 1), for RGB in [0, 1].
        architecture: `convolution` or `attention`.
        channels: channels of each stage.
        strides: input pixels per feature position of each stage (nominal where the input is resized).
        multiple: a picture whose sides are no multiples of this is resized (bilinear) to the nearest ones.
    """

    architecture: ClassVar[Literal["convolution", "attention"]]
    mean: Tensor
    std: Tensor

    def __init__(
        self,
        channels: tuple[int, ...],
        strides: tuple[int, ...],
        multiple: int = 1,
        normalisation: tuple[tuple[float, ...], tuple[float, ...]] = IMAGENET,
    ) -> None:
        super().__init__()
        self.channels = tuple(channels)
        self.strides = tuple(strides)
        self.multiple = multiple
        for name, values in zip(NORMALISATION, normalisation, strict=True):
            self.register_buffer(name, torch.tensor(values).view(1, 3, 1, 1))

    def extract(self, x: Tensor) -> Iterator[Tensor]:
        """Yield the map of each stage (N, C, h, w) in order, from a normalised picture whose size fits.

        Written as a generator, so that stages nobody asks for are not computed.
        """
        raise NotImplementedError

    def forward(self, x: Tensor, last: int | None = None) -> list[Tensor]:
        """Maps of the stages up to index `last` (all by default) of pictures (N, 3, H, W) in [0, 1].

        Raises:
            UserError: a side, after that resizing, is shorter than the stride of the last stage.
        """
        size = [max(round(side / self.multiple), 1) * self.multiple for side in x.shape[-2:]]
        if size != list(x.shape[-2:]):
            x = F.interpolate(x, size=size, mode="bilinear", align_corners=False)
        if min(size) < self.strides[-1]:
            raise UserError(
                f"a picture of {size[0]}x{size[1]} is too small: {self.strides[-1]} pixels a side at least."
            )
        return list(islice(self.extract((x - self.mean) / self.std), None if last is None else last + 1))


def create_backbone(object: str, pooling: str = "max", **options: object) -> Backbone:
    """Make a backbone, named in the registry or by dotted path, with arbitrary weights until they are set.

    Args:
        object: registry name or `package.module:Class` of a subclass of `Backbone`.
        pooling: `max`, or `l2` for VGG members (Ding et al. 2020, DISTS): the weights are the same.
        options: arguments of the member, such as its widths.
    """
    if pooling != "max":
        options["pooling"] = pooling
    backbone = registry.create("backbones", object, **options)
    if not isinstance(backbone, Backbone):
        raise UserError(f"{object!r} is not a backbone.", f"derive it from {Backbone.__module__}.{Backbone.__name__}")
    return backbone


@torch.no_grad()
def initialise(module: nn.Module, seed: int) -> None:
    """Set every weight at random, from the seed alone.

    Weights of convolutions and linear layers are normal with variance gain / fan-in: gain 2 in networks with ReLU (He
    et al. 2015), else 1 (LeCun), which keeps the scale of the signal at any width (a fixed .02 suits wide ones only).
    Biases are 0, norms the identity. Layer scales are .1 (Touvron et al. 2021, CaiT): with ConvNeXt's 1e-6 an
    untrained network would be little more than its stem. Other parameters (position embeddings, class tokens) are
    normal with deviation .02. Statistics of batch norm are reset: see `calibrate_batch_norm`.
    """
    generator = torch.Generator().manual_seed(seed)
    gain = 2 if any(isinstance(part, nn.ReLU) for part in module.modules()) else 1
    for part in module.modules():
        if isinstance(part, NORMS):
            part.reset_parameters()
            continue
        for name, parameter in part.named_parameters(recurse=False):
            if isinstance(part, nn.Conv2d | nn.Linear):
                deviation = (gain / parameter[0].numel()) ** 0.5 if name == "weight" else 0.0
            elif name in {"layer_scale", "gamma"}:
                parameter.fill_(0.1)
                continue
            else:
                deviation = 0.02
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * deviation)


@torch.no_grad()
def calibrate_batch_norm(backbone: Backbone, images: Tensor) -> None:
    """Set the running statistics of batch norm to those of `images` (N, 3, H, W) in [0, 1]; ends in `eval()`.

    Without it an untrained network with batch norm has statistics of no picture at all. Without batch norm: no effect.
    """
    norms = [part for part in backbone.modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # cumulative average
    if norms:
        backbone.train()
        backbone(images)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    backbone.eval()


def check_fit(weights: Mapping[str, Tensor], own: Mapping[str, Tensor], what: str) -> None:
    """Refuse weights whose names and shapes are not those of a network's own state: `what`, then name by name."""
    problems = [f"{name} is missing" for name in own if name not in weights]
    problems += [f"{name} is none of its names" for name in weights if name not in own]
    problems += [
        f"{name} is {tuple(tensor.shape)}, not {tuple(own[name].shape)}"
        for name, tensor in weights.items()
        if name in own and tensor.shape != own[name].shape
    ]
    if problems:
        raise UserError(f"{what}:\n{listing(problems, limit=6)}")


def set_weights(backbone: Backbone, weights: Mapping[str, Tensor], source: object) -> None:
    """Load weights from elsewhere, which bring no normalisation: every name and shape must agree.

    The beginning that all names of the backbone share (`features.`, `network.`) may be missing from all of them, and so
    may batch norm's counts of batches, which older files do not have.

    Args:
        backbone: what they are for; its `mean` and `std` stay.
        weights: by name.
        source: where they come from, for the message.
    """
    if carried := [name for name in NORMALISATION if name in weights]:
        raise UserError(f"{source} brings a normalisation: {', '.join(carried)}.", "take it out of the file")
    own = {name: tensor for name, tensor in backbone.state_dict().items() if name not in NORMALISATION}
    beginnings = {name.partition(".")[0] for name in own}
    shared = f"{beginnings.pop()}." if len(beginnings) == 1 else ""
    if not any(name.startswith(shared) for name in weights):
        weights = {shared + name: tensor for name, tensor in weights.items()}
    weights = {name: tensor for name, tensor in own.items() if name.endswith(COUNT)} | dict(weights)
    check_fit(weights, own, f"{source} does not fit {type(backbone).__name__}")
    backbone.load_state_dict(weights, strict=False)


def save_backbone(backbone: Backbone, path: str | Path, **facts: object) -> None:
    """Write weights and normalisation as safetensors, with `facts` (where they come from) as metadata."""
    artifacts.save_tensors(backbone.state_dict(), path, **facts)


def load_backbone(object: str, path: str | Path, pooling: str = "max", **options: object) -> Backbone:
    """Make a backbone and load its weights, strictly; it is returned in `eval()`."""
    backbone = create_backbone(object, pooling, **options)
    artifacts.load_into(backbone, path)
    return backbone.eval()
