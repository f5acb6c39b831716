"""Where a backbone's weights come from when they are not pretrained: random numbers, or a trained discriminator."""

from pathlib import Path

import numpy as np
import torch

from asymmetry import images, tables
from asymmetry.artifacts import load_tensors
from asymmetry.compute import stable_seed
from asymmetry.errors import UserError
from asymmetry.networks.backbones import calibrate_batch_norm, create_backbone, initialise, save_backbone

CROPS, CROP = 32, 64


def random_backbone(object: str, *, seed: int, corpus: Path, output: Path, **options: object) -> None:
    """Write random weights of a seed; statistics of batch norm come from 32 crops of a corpus (methods, section 2).

    The crops are squares of 64 pixels, or of the shortest side of any picture where that is less.
    """
    backbone = create_backbone(object, **options)
    initialise(backbone, stable_seed("backbone", object, seed))
    rng = np.random.default_rng(stable_seed("batch norm", seed))
    frame = tables.read(corpus, "corpus")
    side = min(CROP, int(frame[["height", "width"]].to_numpy().min()))
    crops = []
    for number in rng.integers(len(frame), size=CROPS):
        picture = images.read(corpus.parent / frame["image"].iloc[number])
        top, left = (int(rng.integers(length - side + 1)) for length in picture.shape[:2])
        crops.append(images.to_tensor(picture[top : top + side, left : left + side]))
    calibrate_batch_norm(backbone, torch.cat(crops))
    save_backbone(backbone, output, initialisation="random", seed=seed)


def discriminator_backbone(object: str, *, discriminator: Path, output: Path, **options: object) -> None:
    """Write the backbone of a trained discriminator; it must fit the named backbone in every name and shape."""
    prefix = "backbone."
    tensors = load_tensors(discriminator)
    own = {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
    backbone = create_backbone(object, **options)
    try:
        backbone.load_state_dict(own, strict=True)
    except RuntimeError as error:
        raise UserError(f"{discriminator} holds no backbone {object!r}: {' '.join(str(error).split())}") from None
    save_backbone(backbone, output, initialisation="discriminator")
