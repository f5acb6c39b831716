"""Attention backbones in plain torch: a ViT and a Swin Transformer narrow enough for a laptop."""

from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from asymmetry.networks.backbones import Backbone


class Attention(nn.Module):
    """Multi-head self-attention over the last but one dimension."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.projection = nn.Linear(width, width)

    def forward(self, tokens: Tensor, bias: Tensor | None = None) -> Tensor:
        """Attend within (..., T, C); `bias`, broadcast to (..., heads, T, T), is added to the logits."""
        split = self.qkv(tokens).unflatten(-1, (3, self.heads, -1)).transpose(-2, -4)  # (..., heads, 3, T, d)
        query, key, value = split.unbind(-3)
        attended = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        return self.projection(attended.transpose(-2, -3).flatten(-2))


def mlp(width: int) -> nn.Sequential:
    """The MLP of a Transformer block: four times the width, GELU."""
    return nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))


class VitBlock(nn.Module):
    """Transformer block with the norms before attention and MLP."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attention = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = mlp(width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Same shape as the input, (N, T, C)."""
        tokens = tokens + self.attention(self.norm1(tokens))
        return tokens + self.mlp(self.norm2(tokens))


class NarrowVit(Backbone):
    """A ViT (Dosovitskiy et al. 2021) without class token: every block is a stage, at the stride of the patch.

    Each stage passes the final norm, as in DINOv2's intermediate layers. The position embedding is learned on a grid
    and interpolated to other sizes.

    Args:
        width: channels of the tokens.
        depth: number of blocks.
        heads: attention heads.
        patch: side of a patch, pixels.
        grid: side of the learned grid of position embeddings.
    """

    architecture = "attention"

    def __init__(self, width: int = 64, depth: int = 4, heads: int = 4, patch: int = 8, grid: int = 8) -> None:
        super().__init__((width,) * depth, (patch,) * depth, multiple=patch)
        self.embedding = nn.Conv2d(3, width, patch, patch)
        self.position = nn.Parameter(torch.zeros(1, width, grid, grid))
        self.blocks = nn.ModuleList(VitBlock(width, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(width, eps=1e-6)

    def extract(self, x: Tensor) -> Iterator[Tensor]:
        """Yield the normalised tokens after each block, as a map."""
        x = self.embedding(x)
        size = x.shape[-2:]
        position = self.position
        if size != position.shape[-2:]:
            position = F.interpolate(position, size=size, mode="bicubic", align_corners=False)
        tokens = (x + position).flatten(2).transpose(1, 2)
        for block in self.blocks:
            tokens = block(tokens)
            yield self.norm(tokens).transpose(1, 2).unflatten(2, size)


class WindowAttention(nn.Module):
    """Attention within square windows, shifted by `shift`, with a learned bias by relative position.

    Where the map is no larger than the window there is no shift; where it is no multiple of it, it is padded, and no
    token attends to the padding, nor across the seam of the shift.
    """

    index: Tensor

    def __init__(self, width: int, heads: int, window: int, shift: int) -> None:
        super().__init__()
        self.window = window
        self.shift = shift
        self.attention = Attention(width, heads)
        self.relative_position = nn.Parameter(torch.zeros((2 * window - 1) ** 2, heads))
        place = torch.cartesian_prod(torch.arange(window), torch.arange(window))
        offset = place[:, None] - place[None, :] + window - 1
        self.register_buffer("index", offset[..., 0] * (2 * window - 1) + offset[..., 1], persistent=False)

    def windows(self, x: Tensor) -> Tensor:
        """(N, H, W, C) to (N, windows, tokens, C)."""
        x = x.unflatten(2, (-1, self.window)).unflatten(1, (-1, self.window))
        return x.transpose(2, 3).flatten(3, 4).flatten(1, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Same shape as the input, (N, H, W, C)."""
        height, width = x.shape[1:3]
        shift = [self.shift if side > self.window else 0 for side in (height, width)]
        padded = F.pad(x, (0, 0, 0, -width % self.window, 0, -height % self.window))
        rows, columns = (torch.arange(side, device=x.device) for side in padded.shape[1:3])
        row_region = (rows < shift[0]).long() + 2 * (rows >= height)
        column_region = (columns < shift[1]).long() + 2 * (columns >= width)
        region = (4 * row_region[:, None] + column_region)[None, ..., None]

        back = [-step for step in shift]
        region = self.windows(region.roll(back, (1, 2)))  # (1, windows, tokens, 1)
        apart = (region != region.transpose(-1, -2)).unsqueeze(2)
        bias = self.relative_position[self.index].permute(2, 0, 1).masked_fill(apart, float("-inf"))
        tokens = self.attention(self.windows(padded.roll(back, (1, 2))), bias)
        grid = (padded.shape[1] // self.window, padded.shape[2] // self.window)
        tokens = tokens.unflatten(1, grid).unflatten(3, (self.window, self.window)).transpose(2, 3)
        return tokens.flatten(3, 4).flatten(1, 2).roll(shift, (1, 2))[:, :height, :width]


class SwinBlock(nn.Module):
    """Transformer block whose attention stays within windows."""

    def __init__(self, width: int, heads: int, window: int, shift: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = WindowAttention(width, heads, window, shift)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = mlp(width)

    def forward(self, x: Tensor) -> Tensor:
        """Same shape as the input, (N, H, W, C)."""
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Merging(nn.Module):
    """Join each 2x2 positions, norm and project: (N, H, W, C) to (N, ceil(H / 2), ceil(W / 2), width)."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4 * channels)
        self.projection = nn.Linear(4 * channels, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Odd sides are padded with zeros."""
        x = F.pad(x.permute(0, 3, 1, 2), (0, x.shape[2] % 2, 0, x.shape[1] % 2))
        return self.projection(self.norm(F.pixel_unshuffle(x, 2).permute(0, 2, 3, 1)))


class NarrowSwin(Backbone):
    """A Swin Transformer (Liu et al. 2021) with patches of 4 pixels: strides 4, 8, 16.

    Args:
        widths: channels of each stage.
        depths: blocks in each stage; every second one has its windows shifted.
        heads: attention heads of each stage.
        window: side of a window, feature positions.
    """

    architecture = "attention"

    def __init__(
        self,
        widths: Sequence[int] = (32, 48, 64),
        depths: Sequence[int] = (2, 2, 2),
        heads: Sequence[int] = (2, 3, 4),
        window: int = 4,
    ) -> None:
        super().__init__(tuple(widths), tuple(4 * 2**stage for stage in range(len(widths))), multiple=4)
        self.embedding = nn.Conv2d(3, widths[0], 4, 4)
        self.norm = nn.LayerNorm(widths[0])
        self.stages = nn.ModuleList()
        channels = widths[0]
        for stage, (width, depth, count) in enumerate(zip(widths, depths, heads, strict=True)):
            merging = [Merging(channels, width)] if stage else []
            blocks = [SwinBlock(width, count, window, window // 2 * (block % 2)) for block in range(depth)]
            self.stages.append(nn.Sequential(*merging, *blocks))
            channels = width

    def extract(self, x: Tensor) -> Iterator[Tensor]:
        """Yield the output of each stage."""
        x = self.norm(self.embedding(x).permute(0, 2, 3, 1))
        for stage in self.stages:
            x = stage(x)
            yield x.permute(0, 3, 1, 2)
