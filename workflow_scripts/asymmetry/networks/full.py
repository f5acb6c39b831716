"""The full backbones of torchvision and timm, and the published weights of all full members.

VGG-16 is `convolution.Vgg` at full width. Classifiers are left out; there is neither dropout nor stochastic depth.
"""

from collections.abc import Iterator
from pathlib import Path

import timm
import torch
import torchvision
from torch import Tensor, nn

from asymmetry.errors import UserError, unknown
from asymmetry.networks.backbones import IMAGENET, Backbone

CLIP = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
TIMM = {
    "clip-vit-b16": "vit_base_patch16_clip_quickgelu_224.openai",
    "dinov2-vits14": "vit_small_patch14_dinov2.lvd142m",
}
TORCHVISION = {
    "vgg-16": "VGG16_Weights.IMAGENET1K_V1",
    "resnet-50": "ResNet50_Weights.IMAGENET1K_V1",
    "convnext-tiny": "ConvNeXt_Tiny_Weights.IMAGENET1K_V1",
    "swin-tiny": "Swin_T_Weights.IMAGENET1K_V1",
}
CLASSIFIERS = ("fc.", "classifier.", "head.", "norm.")


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


def vision_transformer(name: str, file: Path | None = None) -> nn.Module:
    """A ViT of timm without classifier, for any input size; with the weights of `file` where one is given."""
    return timm.create_model(
        name,
        pretrained=file is not None,
        pretrained_cfg_overlay={"file": str(file)} if file else None,
        num_classes=0,
        dynamic_img_size=True,
        weight_init="skip",
    )


def published_weights(object: str) -> dict[str, Tensor]:
    """The published weights of a full backbone (the `imagenet` initialisation), as its state dict.

    Downloaded once, to torch's folder of checkpoints; a file that is there already is used.

    Raises:
        UserError: no weights are published for this backbone, or they cannot be had; names the file and its address.
    """
    if object in TORCHVISION:
        address = torchvision.models.get_weight(TORCHVISION[object]).url
        name = address.rpartition("/")[2]
    elif object in TIMM:
        repository = timm.get_pretrained_cfg(TIMM[object]).hf_hub_id
        address = f"https://huggingface.co/{repository}/resolve/main/model.safetensors"
        name = f"{TIMM[object]}.safetensors"
    else:
        raise UserError(unknown("backbone with published weights", object, {**TORCHVISION, **TIMM}))
    file = Path(torch.hub.get_dir(), "checkpoints", name)
    try:
        if object in TORCHVISION:
            state = torch.hub.load_state_dict_from_url(address, file_name=name, check_hash=True, map_location="cpu")
            return {key: value for key, value in state.items() if not key.startswith(CLASSIFIERS)}
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(address, str(file))
        state = vision_transformer(TIMM[object], file).state_dict()
        return {f"network.{key}": value for key, value in state.items()}
    except (OSError, RuntimeError, ValueError) as error:
        raise UserError(
            f"the published weights of {object} cannot be had: {address} ({error}).",
            f"download that file elsewhere and put it at {file}",
        ) from error
