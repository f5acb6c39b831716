"""How small a picture may be: what the strides of a backbone's stages ask for. Light: the Snakefile's check uses it."""

from collections.abc import Sequence

POSITIONS = 4  # a side of every stage of a DISTS-form metric
PATCH_STRIDE = 8  # largest stride of the stage that a patch head sits on, where the backbone has so small a one
PATCH_LOGITS = 8  # a side of what a patch head gives, at least


def patch_stage(strides: Sequence[int]) -> int:
    """Index of the stage that a patch head sits on: the deepest of stride 8 or less, of a ViT its last."""
    finest = max(PATCH_STRIDE, min(strides))
    return max(index for index, stride in enumerate(strides) if stride <= finest)


def smallest_for_dists(strides: Sequence[int]) -> int:
    """Shortest side that a DISTS-form metric takes, pixels."""
    return POSITIONS * max(strides)


def smallest_for_head(strides: Sequence[int], head: str) -> int:
    """Side of the smallest training crop of a discriminator with that head, `vanilla` or `patch`, pixels."""
    return PATCH_LOGITS * strides[patch_stage(strides)] if head == "patch" else strides[-1]
