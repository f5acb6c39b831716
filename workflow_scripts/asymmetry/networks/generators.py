"""Generators: networks that map a low-resolution picture to the high-resolution one."""

import warnings
from collections.abc import Callable, Sequence
from functools import lru_cache
from types import MethodType, SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from asymmetry import registry
from asymmetry.errors import UserError, unknown

UPSAMPLERS = ("pixelshuffle", "pixelshuffledirect", "nearest+conv")
SCALES = (2, 3, 4, 8)


def create_generator(object: str, scale: int, **options: object) -> nn.Module:
    """Make a generator, named in the registry or by dotted path (a callable that takes `scale` and the options).

    It maps (N, 3, h, w) in [0, 1] to (N, 3, scale h, scale w), which is not clamped. The weights come from torch's
    global random state: seed it (`compute.seed_everything`), or load them.
    """
    return registry.create("generators", object, scale=scale, **options)


def swinir(
    scale: int,
    embed_dim: int = 32,
    depths: Sequence[int] = (2, 2),
    num_heads: Sequence[int] = (2, 2),
    window_size: int = 8,
    mlp_ratio: float = 2.0,
    upsampler: str = "pixelshuffledirect",
    drop_path_rate: float = 0.0,
) -> nn.Module:
    """SwinIR (Liang et al. 2021) as spandrel has it; by default a small relative of its lightweight variant.

    The published sizes are the registry's `swinir-lightweight` (SwinIR-S) and `swinir-classical` (SwinIR-M). Sides need
    not be multiples of the window, but must exceed half of it.

    Args:
        scale: factor of enlargement: 2, 3, 4 or 8 (`nearest+conv`: 2, 4 or 8).
        embed_dim: channels, a multiple of each of `num_heads`.
        depths: blocks in each group.
        num_heads: attention heads in each group.
        window_size: side of the attention windows, low-resolution pixels.
        mlp_ratio: inner width of the MLPs over `embed_dim`.
        upsampler: `pixelshuffle`, `pixelshuffledirect` or `nearest+conv`.
        drop_path_rate: highest rate of stochastic depth; 0, since trainings here are short.
    """
    from spandrel.architectures.SwinIR import SwinIR

    if upsampler not in UPSAMPLERS:
        raise UserError(unknown("upsampler", upsampler, UPSAMPLERS))
    if scale == 3 and upsampler == "nearest+conv":
        raise UserError(f"SwinIR with {upsampler} has no scale {scale}.", "use 2, 4 or 8")
    _check("SwinIR", scale, embed_dim, depths, num_heads)
    network = _quietly(
        SwinIR,
        upscale=scale,
        embed_dim=embed_dim,
        depths=list(depths),
        num_heads=list(num_heads),
        window_size=window_size,
        mlp_ratio=mlp_ratio,
        upsampler=upsampler,
        drop_path_rate=drop_path_rate,
        img_range=1.0,
    )
    for block in network.modules():
        if hasattr(block, "calculate_mask"):
            block.calculate_mask = MethodType(_kept_mask, block)
    return network


def hat(
    scale: int,
    embed_dim: int = 180,
    depths: Sequence[int] = (6, 6, 6, 6, 6, 6),
    num_heads: Sequence[int] = (6, 6, 6, 6, 6, 6),
    window_size: int = 16,
    compress_ratio: int = 3,
    squeeze_factor: int = 30,
    mlp_ratio: float = 2.0,
) -> nn.Module:
    """HAT (Chen et al. 2023) as spandrel has it, by default the published size, without stochastic depth.

    HAT-S: embed_dim 144, compress_ratio 24, squeeze_factor 24. Sides must exceed half the window.

    Args:
        scale: factor of enlargement: 2, 3, 4 or 8.
        embed_dim: channels, a multiple of each of `num_heads`.
        depths: blocks in each group.
        num_heads: attention heads in each group.
        window_size: side of the attention windows, low-resolution pixels; windows overlap by half.
        compress_ratio: `embed_dim` over the inner channels of a channel attention block.
        squeeze_factor: `embed_dim` over the channels of its squeeze.
        mlp_ratio: inner width of the MLPs over `embed_dim`.
    """
    from spandrel.architectures.HAT import HAT

    _check("HAT", scale, embed_dim, depths, num_heads)
    if max(compress_ratio, squeeze_factor) > embed_dim:
        raise UserError(f"HAT: compress_ratio and squeeze_factor must not exceed embed_dim, {embed_dim}.")
    return _quietly(
        HAT,
        upscale=scale,
        embed_dim=embed_dim,
        depths=tuple(depths),
        num_heads=tuple(num_heads),
        window_size=window_size,
        compress_ratio=compress_ratio,
        squeeze_factor=squeeze_factor,
        overlap_ratio=0.5,
        mlp_ratio=mlp_ratio,
        drop_path_rate=0.0,
    )


def rcan(scale: int, n_feats: int = 64, n_resgroups: int = 10, n_resblocks: int = 20, reduction: int = 16) -> nn.Module:
    """RCAN (Zhang et al. 2018) as spandrel has it, by default the published size; its mean shifts are not trained.

    Args:
        scale: factor of enlargement: 2, 3, 4 or 8.
        n_feats: channels.
        n_resgroups: residual groups.
        n_resblocks: blocks in each group.
        reduction: `n_feats` over the channels of a channel attention's squeeze.
    """
    from spandrel.architectures.RCAN import RCAN

    _check_scale("RCAN", scale)
    if reduction > n_feats:
        raise UserError(f"RCAN: reduction {reduction} must not exceed n_feats, {n_feats}.")
    network = RCAN(scale=scale, n_resgroups=n_resgroups, n_resblocks=n_resblocks, n_feats=n_feats, reduction=reduction)
    for shift in (network.sub_mean, network.add_mean):
        shift.requires_grad_(False)
    network.register_forward_pre_hook(_copied)  # it scales its input in place
    return network


def rrdb(scale: int, num_filters: int = 64, num_blocks: int = 23) -> nn.Module:
    """The residual-in-residual dense network of ESRGAN (Wang et al. 2018) as spandrel has it, by default as published.

    Args:
        scale: factor of enlargement: 2, 3, 4 or 8.
        num_filters: channels.
        num_blocks: RRDB blocks.
    """
    from spandrel.architectures.ESRGAN import ESRGAN

    _check_scale("RRDB", scale)
    return ESRGAN(scale=scale, num_filters=num_filters, num_blocks=num_blocks)


def _kept_mask(block: nn.Module, size: tuple[int, int]) -> Tensor:
    """SwinIR's attention mask, which every block would make anew on the CPU in every forward pass."""
    return _mask(size, block.window_size, block.shift_size, next(block.parameters()).device)


@lru_cache(maxsize=4)  # with and without shift, of two sizes
def _mask(size: tuple[int, int], window_size: int, shift_size: int, device: torch.device) -> Tensor:
    from spandrel.architectures.SwinIR.__arch.SwinIR import SwinTransformerBlock

    block = SimpleNamespace(window_size=window_size, shift_size=shift_size)
    return SwinTransformerBlock.calculate_mask(block, size).to(device)


def _copied(module: nn.Module, inputs: tuple[Tensor]) -> tuple[Tensor]:
    return (inputs[0].clone(),)


def _check_scale(name: str, scale: int) -> None:
    if scale not in SCALES:
        raise UserError(f"{name} has no scale {scale}.", "use 2, 3, 4 or 8")


def _check(name: str, scale: int, embed_dim: int, depths: Sequence[int], num_heads: Sequence[int]) -> None:
    _check_scale(name, scale)
    if len(depths) != len(num_heads) or any(embed_dim % heads for heads in num_heads):
        raise UserError(
            f"{name}: depths {list(depths)}, num_heads {list(num_heads)} and embed_dim {embed_dim} do not fit.",
            "one number of heads for each depth, and embed_dim a multiple of each",
        )


def _quietly(network: Callable[..., nn.Module], **settings: Any) -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # torch.meshgrid's, inside spandrel
        return network(**settings)
