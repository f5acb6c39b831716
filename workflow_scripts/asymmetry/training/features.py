"""What quality models see of a picture: the statistics of a backbone's features on crops of it."""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import IO

import numpy as np
import torch
from torch import Tensor, nn

from asymmetry import images
from asymmetry.compute import progress
from asymmetry.errors import UserError
from asymmetry.networks.backbones import Backbone
from asymmetry.training.regression import statistics

CHUNK = 8  # pictures, of five crops each, whose features are computed at once
Pair = tuple[str, ...]


class PictureFiles:
    """The pictures of a folder by path, decoded when they are first wanted.

    Args:
        folder: what paths are relative to.
        crop: a picture with a shorter side is a `UserError`.
        pixels: an empty file, open for reading and writing, that keeps decoded pictures as raw pixels (3 bytes a
            pixel), so that none is decoded twice; None keeps nothing.
    """

    def __init__(self, folder: Path, crop: int, pixels: IO[bytes] | None = None) -> None:
        self.folder, self.crop, self.pixels = folder, crop, pixels
        self._kept: dict[str, tuple[int, tuple[int, ...]]] = {}
        self._lock = threading.Lock()

    def __getitem__(self, path: str) -> np.ndarray:
        """The picture, uint8 (H, W, 3); may be called from several threads."""
        if path in self._kept:
            start, shape = self._kept[path]
            picture = np.empty(shape, np.uint8)
            os.preadv(self.pixels.fileno(), [picture], start)
            return picture
        picture = images.read(self.folder / path)
        if min(picture.shape[:2]) < self.crop:
            raise UserError(f"{self.folder / path} is smaller than the crop of {self.crop}.", "set a smaller crop")
        if self.pixels is not None:
            with self._lock:
                start = self.pixels.tell()
                self.pixels.write(picture)
                self.pixels.flush()
            self._kept[path] = start, picture.shape
        return picture


def decoded(pictures: PictureFiles, chunks: Sequence[Sequence[str]]) -> Iterator[list[np.ndarray]]:
    """The pictures of each chunk of paths; those of the next chunk are decoded in the meantime."""
    coming: deque[list[Future[np.ndarray]]] = deque()
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        for chunk in [*chunks, ()]:
            coming.append([pool.submit(pictures.__getitem__, path) for path in chunk])
            if len(coming) > 1:
                yield [future.result() for future in coming.popleft()]


def five_crops(picture: np.ndarray, crop: int) -> Tensor:
    """The four corners and the centre of a uint8 picture: (5, 3, crop, crop), or (1, ...) where it is one crop."""
    bottom, right = picture.shape[0] - crop, picture.shape[1] - crop
    corners = [(0, 0), (0, right), (bottom, 0), (bottom, right), (bottom // 2, right // 2)]
    return torch.cat([cut(picture, *corner, crop) for corner in corners[: 5 if bottom or right else 1]])


def cut(picture: np.ndarray, top: int, left: int, crop: int) -> Tensor:
    """A square of a uint8 picture as a tensor (1, 3, crop, crop)."""
    return images.to_tensor(picture[top : top + crop, left : left + crop])


@torch.no_grad()
def extract(
    describe: Callable[[Tensor], Tensor], pairs: Sequence[Pair], pictures: PictureFiles, crop: int, device: torch.device
) -> Tensor:
    """Features (N, 5, F) of the five crops of each (image,), or differences of each (image, reference).

    Args:
        describe: features (M, F) of crops (M, 3, crop, crop) on the device.
        pairs: what each row shows.
        pictures: by path.
        crop: side of a crop, pixels.
        device: where features are computed and returned.
    """

    def of(paths: Sequence[str]) -> Iterator[Tensor]:
        chunks = [paths[start : start + CHUNK] for start in range(0, len(paths), CHUNK)]
        for arrays in decoded(pictures, chunks):
            crops = [five_crops(array, crop) for array in arrays]
            for features in describe(torch.cat(crops).to(device)).split([*map(len, crops)]):
                yield features.expand(5, -1)

    shown = list(dict.fromkeys(path for _, *rest in pairs for path in rest))
    references = dict(zip(shown, of(shown), strict=True))
    found = zip(pairs, of([image for image, *_ in pairs]), strict=True)
    features = torch.empty(0)
    for row, ((_, *rest), own) in enumerate(progress(found, "features", total=len(pairs))):
        if not row:
            features = own.new_empty(len(pairs), *own.shape)  # with a list, they would be in memory twice
        features[row] = difference(own, *(references[path] for path in rest))
    return features


def difference(features: Tensor, reference: Tensor | None = None) -> Tensor:
    """Features of an image as they are (NR), or their absolute difference from the reference's (FR)."""
    return features if reference is None else (features - reference).abs()


class Features(nn.Module):
    """What a head sees of a picture: mean and deviation of each channel of a backbone, (N, 3, H, W) to (N, F)."""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, pictures: Tensor) -> Tensor:
        """Float32, also where the backbone computes in bfloat16."""
        return statistics(self.backbone(pictures))
