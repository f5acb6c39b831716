"""The full backbones of torchvision and timm, and the public weights of all full members.

VGG-16 is `convolution.Vgg` at full width. Classifiers are left out; there is neither dropout nor stochastic depth.
"""

from collections.abc import Iterator
from pathlib import Path

import timm
import torch.nn.functional as F
import torchvision
from timm.models.vision_transformer import checkpoint_filter_fn
from torch import Tensor, nn

from asymmetry.errors import UserError
from asymmetry.networks import published
from asymmetry.networks.backbones import IMAGENET, Backbone, create_backbone, save_backbone, set_weights

CLIP = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
TIMM = {
    "clip-vit-b16": "vit_base_patch16_clip_quickgelu_224.openai",
    "dinov2-vits14": "vit_small_patch14_dinov2.lvd142m",
    "dinov2-vitb14": "vit_base_patch14_dinov2.lvd142m",
}


class Resnet50(Backbone):
    """ResNet-50 (He et al. 2016) of torchvision: `layer1` to `layer4`, strides 4 to 32."""

    architecture = "convolution"

    def __init__(self) -> None:
        super().__init__((256, 512, 1024, 2048), (4, 8, 16, 32))
        network = torchvision.models.resnet50(weights=None)
        for name, child in network.named_children():
            if name not in {"avgpool", "fc"}:
                self.add_module(name, child)

    def extract(self, x: Tensor) -> Iterator[Tensor]:
        """Yield the output of each layer."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = layer(x)
            yield x


class ConvnextTiny(Backbone):
    """ConvNeXt-T (Liu et al. 2022) of torchvision: its four stages, strides 4 to 32."""

    architecture = "convolution"

    def __init__(self) -> None:
        super().__init__((96, 192, 384, 768), (4, 8, 16, 32), multiple=4)
        self.features = torchvision.models.convnext_tiny(weights=None, stochastic_depth_prob=0.0).features

    def extract(self, x: Tensor) -> Iterator[Tensor]:
        """Yield the output of each stage."""
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index % 2:
                yield x


class SwinTiny(Backbone):
    """Swin-T (Liu et al. 2021) of torchvision: its four stages, strides 4 to 32, as (N, C, H, W)."""

    architecture = "attention"

    def __init__(self) -> None:
        super().__init__((96, 192, 384, 768), (4, 8, 16, 32), multiple=4)
        self.features = torchvision.models.SwinTransformer(
            patch_size=[4, 4],
            embed_dim=96,
            depths=[2, 2, 6, 2],
            num_heads=[3, 6, 12, 24],
            window_size=[7, 7],
            stochastic_depth_prob=0.0,
        ).features

    def extract(self, x: Tensor) -> Iterator[Tensor]:
        """Yield the output of each stage."""
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index % 2:
                yield x.permute(0, 3, 1, 2)


class Squeezenet(Backbone):
    """SqueezeNet 1.1 (Iandola et al. 2016) of torchvision: what goes into each pooling, and the end; strides 2 to 16.

    Its first convolution does not pad: a row and a column are repeated at the lower right end, so that even sides halve
    exactly and a patch head has its 8x8 logits. Every position that torchvision has keeps its receptive field.
    """

    architecture = "convolution"

    def __init__(self) -> None:
        super().__init__((64, 128, 256, 512), (2, 4, 8, 16))
        self.features = torchvision.models.squeezenet1_1(weights=None).features

    def extract(self, x: Tensor) -> Iterator[Tensor]:
        """Yield the first ReLU and the outputs of the Fire modules 3, 5 and 9."""
        x = F.pad(x, (0, 1, 0, 1), mode="replicate")
        for layer in self.features:
            if isinstance(layer, nn.MaxPool2d):
                yield x
            x = layer(x)
        yield x


class TimmVit(Backbone):
    """A ViT of timm: the patch tokens after every third of its twelve blocks, normalised, as maps."""

    architecture = "attention"

    def __init__(
        self, name: str, width: int, patch: int, normalisation: tuple[tuple[float, ...], tuple[float, ...]]
    ) -> None:
        super().__init__((width,) * 4, (patch,) * 4, multiple=patch, normalisation=normalisation)
        self.network = vision_transformer(name)

    def extract(self, x: Tensor) -> Iterator[Tensor]:
        """Yield the tokens after blocks 3, 6, 9 and 12."""
        yield from self.network.forward_intermediates(
            x, indices=[2, 5, 8, 11], norm=True, output_fmt="NCHW", intermediates_only=True
        )


class ClipVitB16(TimmVit):
    """CLIP's ViT-B/16 (Radford et al. 2021) with QuickGELU, as it was trained; CLIP's own normalisation."""

    def __init__(self) -> None:
        super().__init__(TIMM["clip-vit-b16"], 768, 16, CLIP)


class Dinov2VitS14(TimmVit):
    """DINOv2's ViT-S/14 (Oquab et al. 2023); sides are resized to the nearest multiples of 14."""

    def __init__(self) -> None:
        super().__init__(TIMM["dinov2-vits14"], 384, 14, IMAGENET)


class Dinov2VitB14(TimmVit):
    """DINOv2's ViT-B/14, as its ViT-S/14."""

    def __init__(self) -> None:
        super().__init__(TIMM["dinov2-vitb14"], 768, 14, IMAGENET)


def vision_transformer(name: str) -> nn.Module:
    """A ViT of timm without classifier, for any input size."""
    return timm.create_model(name, num_classes=0, dynamic_img_size=True, weight_init="skip")


def published_weights(object: str) -> dict[str, Tensor]:
    """The public weights of a full backbone under its own names, without what its file has beside them.

    Raises:
        UserError: none are on record for this backbone, or they cannot be had.
    """
    state = published.read(object)
    if object != "clip-vit-b16":
        return state
    network = vision_transformer(TIMM[object])
    expected = network.pos_embed.shape[1:]
    if (found := state["visual.positional_embedding"].shape) != expected:  # timm would interpolate them
        raise UserError(f"the public weights of {object} have positions {tuple(found)}, not {tuple(expected)}.")
    return checkpoint_filter_fn(state, network)


def published_backbone(object: str, *, output: Path, **options: object) -> None:
    """Write the public weights of a full backbone, with its normalisation and where they come from."""
    record = published.entry(object)
    backbone = create_backbone(object, **options)
    set_weights(backbone, published_weights(object), record.file)
    facts = {"revision": record.revision, "sha256": record.sha256, "licence": record.licence}
    save_backbone(backbone, output, initialisation="published", **facts)
