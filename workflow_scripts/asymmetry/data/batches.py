"""Training batches: aligned crops of pictures and of their degraded versions, a pure function of seed and step."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from asymmetry import images
from asymmetry.compute import stable_seed
from asymmetry.data.corpora import load_corpus
from asymmetry.data.degradations import SuperResolution
from asymmetry.errors import UserError, listing


class PairedCrops:
    """Random crops of the pictures of a corpus, each picture as likely as any other.

    All pictures are decoded once and degraded once, as wholes, so that a crop's border is not that of a picture.

    Args:
        corpus_manifest: of the corpus.
        task: has `scale` and `degrade`.
        crop: height and width of the crops of the pictures, pixels; a multiple of the scale.
        batch: number of crops.
        seed: with the step it decides a batch.
    """

    def __init__(self, corpus_manifest: Path, task: SuperResolution, crop: int, batch: int, seed: int) -> None:
        if crop % task.scale:
            raise UserError(f"the crop of {crop} pixels cannot be divided by the scale {task.scale}.")
        self.scale, self.crop, self.batch, self.seed = task.scale, crop, batch, seed
        self.pairs: list[tuple[Tensor, Tensor]] = []
        small = []
        for scene, array in load_corpus(corpus_manifest):
            height, width = (length - length % task.scale for length in array.shape[:2])
            if min(height, width) < crop:
                small.append(f"{scene}: {array.shape[1]} x {array.shape[0]}")
                continue
            hr = images.to_tensor(array[:height, :width])
            self.pairs.append((_bytes(task.degrade(hr)), _bytes(hr)))
        if small:
            raise UserError(f"{corpus_manifest}: pictures smaller than the crop of {crop} pixels:\n{listing(small)}")

    def batch_at(self, step: int) -> tuple[Tensor, Tensor]:
        """The batch of a step: degraded (batch, 3, crop/scale, crop/scale) and whole (batch, 3, crop, crop), in [0, 1].

        Each pair of crops is turned by a random multiple of 90 degrees and mirrored or not.
        """
        rng = np.random.default_rng(stable_seed("batches", self.seed, step))
        crops = [self._crop(rng) for _ in range(self.batch)]
        lr, hr = (torch.stack(side).float() / 255 for side in zip(*crops, strict=True))
        return lr, hr

    def _crop(self, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        lr, hr = self.pairs[rng.integers(len(self.pairs))]
        size = self.crop // self.scale
        top, left = (int(rng.integers(length - size + 1)) for length in lr.shape[-2:])
        turns, mirrored = int(rng.integers(4)), bool(rng.integers(2))
        pair = []
        for picture, factor in ((lr, 1), (hr, self.scale)):
            rows = slice(top * factor, (top + size) * factor)
            part = torch.rot90(picture[:, rows, left * factor : (left + size) * factor], turns, (1, 2))
            pair.append(part.flip(2) if mirrored else part)
        return pair[0], pair[1]


def _bytes(picture: Tensor) -> Tensor:
    return (picture[0] * 255).round().to(torch.uint8)
