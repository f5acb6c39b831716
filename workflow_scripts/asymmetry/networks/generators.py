"""Generators: networks that map a low-resolution picture to the high-resolution one."""

import warnings
from collections.abc import Sequence

from torch import nn

from asymmetry import registry
from asymmetry.errors import UserError, unknown

UPSAMPLERS = ("pixelshuffle", "pixelshuffledirect", "nearest+conv")


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

    SwinIR-S: depths 6, 6, 6, 6, embed_dim 60, num_heads 6, 6, 6, 6. SwinIR-M: six of depth 6, embed_dim 180, upsampler
    `pixelshuffle`. Sides need not be multiples of the window, but must exceed half of it.

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
    if scale not in (2, 3, 4, 8) or (scale == 3 and upsampler == "nearest+conv"):
        raise UserError(f"SwinIR with {upsampler} has no scale {scale}.", "use 2, 4 or 8")
    if len(depths) != len(num_heads) or any(embed_dim % heads for heads in num_heads):
        raise UserError(
            f"SwinIR: depths {list(depths)}, num_heads {list(num_heads)} and embed_dim {embed_dim} do not fit.",
            "one number of heads for each depth, and embed_dim a multiple of each",
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # torch.meshgrid's, inside spandrel
        return SwinIR(
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
