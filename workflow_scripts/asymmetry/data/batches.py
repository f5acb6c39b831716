"""Training batches: aligned crops of pictures and of their degraded versions, a pure function of seed and step."""

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from asymmetry.compute import stable_seed
from asymmetry.data.packing import Packed
from asymmetry.errors import UserError, listing


class Batches(Protocol):
    """What a training learns from."""

    def batch_at(self, step: int) -> tuple[Tensor, Tensor]:
        """The batch of a step: degraded (N, 3, h, w) and whole (N, 3, H, W), in [0, 1]."""


class PairedCrops:
    """Random crops of the pictures of a packed corpus, each picture as likely as any other.

    Args:
        corpus: index of the packed corpus.
        scale: of the task that it is packed for.
        crop: height and width of the crops of the pictures, pixels; a multiple of the scale.
        batch: number of crops.
        seed: with the step it decides a batch.
    """

    def __init__(self, corpus: Path, scale: int, crop: int, batch: int, seed: int) -> None:
        if crop % scale:
            raise UserError(f"the crop of {crop} pixels cannot be divided by the scale {scale}.")
        self.corpus = Packed(corpus, scale)
        self.scale, self.crop, self.batch, self.seed = scale, crop, batch, seed
        sizes = zip(self.corpus.scenes, self.corpus.sizes, strict=True)
        if small := [f"{scene}: {width} x {height}" for scene, (height, width) in sizes if min(height, width) < crop]:
            raise UserError(f"{corpus}: pictures smaller than the crop of {crop} pixels:\n{listing(small)}")

    def batch_at(self, step: int) -> tuple[Tensor, Tensor]:
        """The batch of a step: degraded (batch, 3, crop/scale, crop/scale) and whole (batch, 3, crop, crop), in [0, 1].

        Each pair of crops is turned by a random multiple of 90 degrees and mirrored or not.
        """
        rng = np.random.default_rng(stable_seed("batches", self.seed, step))
        crops = [self._crop(rng) for _ in range(self.batch)]
        degraded, whole = (np.stack(side).transpose(0, 3, 1, 2) for side in zip(*crops, strict=True))
        return _floats(degraded), _floats(whole)

    def _crop(self, rng: np.random.Generator) -> list[np.ndarray]:
        pair = self.corpus.pair(rng.integers(len(self.corpus)))
        size = self.crop // self.scale
        top, left = (int(rng.integers(length - size + 1)) for length in pair[0].shape[:2])
        turns, mirrored = int(rng.integers(4)), bool(rng.integers(2))
        parts = []
        for picture, factor in zip(pair, (1, self.scale), strict=True):
            rows, columns = (slice(first * factor, (first + size) * factor) for first in (top, left))
            part = np.rot90(picture[rows, columns], turns)
            parts.append(part[:, ::-1] if mirrored else part)
        return parts


def _floats(batch: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(batch)).float() / 255


class Ahead:
    """The same batches on a device, made ahead by background threads if there are any.

    Args:
        batches: a pure function of the step.
        device: where they are wanted.
        workers: threads, and batches that are made ahead; 0 makes each one when it is asked for.
    """

    def __init__(self, batches: Batches, device: torch.device, workers: int = 0) -> None:
        self.batches, self.device, self.workers = batches, device, workers
        self.pinned = device.type == "cuda"
        self._pool = ThreadPoolExecutor(workers, "batches") if workers else None
        self._coming: dict[int, Future[list[Tensor]]] = {}

    def batch_at(self, step: int) -> tuple[Tensor, Tensor]:
        """The batch of a step, on the device; those of the next steps are begun."""
        if self._pool is None:
            made = self._make(step)
        else:
            for number in range(step, step + self.workers + 1):
                if number not in self._coming:
                    self._coming[number] = self._pool.submit(self._make, number)
            made = self._coming.pop(step).result()
        degraded, whole = (side.to(self.device, non_blocking=self.pinned) for side in made)
        return degraded, whole

    def _make(self, step: int) -> list[Tensor]:
        return [side.pin_memory() if self.pinned else side for side in self.batches.batch_at(step)]
