"""Convolutional backbones in plain torch: VGG, ResNet and ConvNeXt, by default narrow enough for a laptop."""

from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from asymmetry.errors import UserError, unknown
from asymmetry.networks.backbones import Backbone


class L2Pool(nn.Module):
    """Square root of the locally averaged squares, stride 2 (Hénaff & Simoncelli 2016; DISTS): (N, C, H, W) to halves.

    The 3x3 window is a Hanning window of size 5 without its zero ends, normalised to sum 1.
    """

    window: Tensor

    def __init__(self) -> None:
        super().__init__()
        hanning = torch.hann_window(5, periodic=False, dtype=torch.float64)[1:-1]
        window = torch.outer(hanning, hanning)
        self.register_buffer("window", (window / window.sum()).float()[None, None], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Pool (N, C, H, W) to (N, C, ceil(H / 2), ceil(W / 2))."""
        channels = x.shape[1]
        filters = self.window.expand(channels, 1, 3, 3)
        return (F.conv2d(x.square(), filters, stride=2, padding=1, groups=channels) + 1e-12).sqrt()


POOLINGS = {"max": lambda: nn.MaxPool2d(2), "l2": L2Pool}


class Vgg(Backbone):
    """VGG (Simonyan & Zisserman 2015) without classifier: stages of 3x3 convolutions with ReLU, tapped before pooling.

    With widths 64, 128, 256, 512, 512 and 2, 2, 3, 3, 3 convolutions it is VGG-16, and the names of its weights are
    torchvision's.

    Args:
        widths: channels of each stage; strides are 1, 2, 4, ...
        convolutions: how many convolutions each stage has.
        pooling: `max`, or `l2` (DISTS): the weights are the same.
    """

    architecture = "convolution"

    def __init__(
        self,
        widths: Sequence[int] = (16, 32, 64, 64, 64),
        convolutions: Sequence[int] = (2, 2, 3, 2, 1),
        pooling: str = "max",
    ) -> None:
        if pooling not in POOLINGS:
            raise UserError(unknown("pooling", pooling, POOLINGS))
        if len(widths) != len(convolutions):
            raise UserError(f"VGG: {len(widths)} widths but {len(convolutions)} numbers of convolutions.")
        super().__init__(tuple(widths), tuple(2**stage for stage in range(len(widths))))
        layers: list[nn.Module] = []
        self.taps: list[int] = []
        channels = 3
        for width, count in zip(widths, convolutions, strict=True):
            if layers:
                layers.append(POOLINGS[pooling]())
            for _ in range(count):
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=True)]
                channels = width
            self.taps.append(len(layers) - 1)
        self.features = nn.Sequential(*layers)

    def extract(self, x: Tensor) -> Iterator[Tensor]:
        """Yield the output of the last ReLU of each stage."""
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in self.taps:
                yield x


class Bottleneck(nn.Module):
    """Residual bottleneck with batch norm: 1x1, 3x3 (with the stride), 1x1, to four times the inner width."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        inner = width // 4
        self.branch = nn.Sequential(
            *(nn.Conv2d(channels, inner, 1, bias=False), nn.BatchNorm2d(inner), nn.ReLU(inplace=True)),
            *(nn.Conv2d(inner, inner, 3, stride, 1, bias=False), nn.BatchNorm2d(inner), nn.ReLU(inplace=True)),
            *(nn.Conv2d(inner, width, 1, bias=False), nn.BatchNorm2d(width)),
        )
        self.shortcut: nn.Module = nn.Identity()
        if channels != width or stride > 1:
            self.shortcut = nn.Sequential(nn.Conv2d(channels, width, 1, stride, bias=False), nn.BatchNorm2d(width))
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W) to (N, width, H / stride, W / stride)."""
        return self.relu(self.branch(x) + self.shortcut(x))


class NarrowResnet(Backbone):
    """A ResNet (He et al. 2016) of bottlenecks; its 7x7 stem with stride 2 has no pooling: strides 2, 4, 8, 16.

    Args:
        widths: output channels of each stage, multiples of 4.
        depths: bottlenecks in each stage.
    """

    architecture = "convolution"

    def __init__(self, widths: Sequence[int] = (32, 64, 128, 192), depths: Sequence[int] = (2, 2, 3, 2)) -> None:
        super().__init__(tuple(widths), tuple(2 ** (stage + 1) for stage in range(len(widths))))
        channels = widths[0] // 2
        self.stem = nn.Sequential(
            nn.Conv2d(3, channels, 7, 2, 3, bias=False), nn.BatchNorm2d(channels), nn.ReLU(inplace=True)
        )
        self.stages = nn.ModuleList()
        for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
            blocks = []
            for block in range(depth):
                blocks.append(Bottleneck(channels, width, stride=2 if stage and not block else 1))
                channels = width
            self.stages.append(nn.Sequential(*blocks))

    def extract(self, x: Tensor) -> Iterator[Tensor]:
        """Yield the output of each stage."""
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
            yield x


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of each position of (N, C, H, W)."""

    def forward(self, x: Tensor) -> Tensor:
        """Same shape as the input."""
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class ConvnextBlock(nn.Module):
    """Depthwise 7x7 convolution, layer norm, MLP of four times the width with GELU, layer scale, residual."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.mlp = nn.Sequential(
            nn.LayerNorm(width, eps=1e-6), nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )
        self.layer_scale = nn.Parameter(torch.full((width,), 0.1))

    def forward(self, x: Tensor) -> Tensor:
        """Same shape as the input, (N, C, H, W)."""
        residual = self.mlp(self.depthwise(x).permute(0, 2, 3, 1)) * self.layer_scale
        return x + residual.permute(0, 3, 1, 2)


class NarrowConvnext(Backbone):
    """A ConvNeXt (Liu et al. 2022) with a 2x2 stem: strides 2, 4, 8, 16.

    Args:
        widths: channels of each stage.
        depths: blocks in each stage.
    """

    architecture = "convolution"

    def __init__(self, widths: Sequence[int] = (16, 32, 48, 80), depths: Sequence[int] = (2, 2, 3, 2)) -> None:
        super().__init__(tuple(widths), tuple(2 ** (stage + 1) for stage in range(len(widths))), multiple=2)
        self.stages = nn.ModuleList()
        channels = 3
        for width, depth in zip(widths, depths, strict=True):
            reduce = nn.Conv2d(channels, width, 2, 2)
            norm = ChannelNorm(channels if self.stages else width, eps=1e-6)
            entry = [norm, reduce] if self.stages else [reduce, norm]
            self.stages.append(nn.Sequential(*entry, *(ConvnextBlock(width) for _ in range(depth))))
            channels = width

    def extract(self, x: Tensor) -> Iterator[Tensor]:
        """Yield the output of each stage."""
        for stage in self.stages:
            x = stage(x)
            yield x
