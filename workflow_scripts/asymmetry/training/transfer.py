"""Quality models on a given backbone: how much of quality its features know (methods, section 5)."""

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from asymmetry import images, tables
from asymmetry.compute import device as find_device
from asymmetry.compute import progress, stable_seed
from asymmetry.errors import UserError, unknown
from asymmetry.metrics.opinion import quality_loss
from asymmetry.networks.backbones import Backbone, load_backbone
from asymmetry.training.folds import Fold, by_family, by_scene
from asymmetry.training.regression import Head, batches, choose, fit_heads, statistics

logger = logging.getLogger(__name__)
UNKNOWN = 0  # level of an undistorted image, or of one whose level is not known: always used
FEWEST_TESTED = 3  # images that a correlation needs
Pair = tuple[str, ...]
KEPT = 2**30  # bytes of decoded pictures


class Pictures:
    """The pictures of a folder by path, decoded when they are wanted; the first ones, up to 1 GiB, stay decoded.

    Args:
        folder: what paths are relative to.
        crop: a picture with a shorter side is a `UserError`.
    """

    def __init__(self, folder: Path, crop: int) -> None:
        self.folder, self.crop = folder, crop
        self._kept: dict[str, np.ndarray] = {}
        self._room = KEPT
        self._lock = threading.Lock()

    def __getitem__(self, path: str) -> np.ndarray:
        """The picture, uint8 (H, W, 3)."""
        if path in self._kept:
            return self._kept[path]
        picture = images.read(self.folder / path)
        if min(picture.shape[:2]) < self.crop:
            raise UserError(f"{self.folder / path} is smaller than the crop of {self.crop}.", "set a smaller crop")
        with self._lock:
            if path not in self._kept and picture.nbytes <= self._room:
                self._kept[path] = picture
                self._room -= picture.nbytes
        return picture


def decoded(pictures: Pictures, steps: Sequence[Sequence[str]]) -> Iterator[dict[str, np.ndarray]]:
    """The pictures that each step shows, by path; those of the next step are decoded in the meantime."""
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:

        def begin(paths: Sequence[str]) -> dict[str, Future[np.ndarray]]:
            return {path: pool.submit(pictures.__getitem__, path) for path in dict.fromkeys(paths)}

        coming = begin(steps[0])
        for following in [*steps[1:], ()]:
            current, coming = coming, begin(following)
            yield {path: future.result() for path, future in current.items()}


def five_crops(picture: np.ndarray, crop: int) -> Tensor:
    """The four corners and the centre of a uint8 picture: (5, 3, crop, crop), or (1, ...) where it is one crop."""
    bottom, right = picture.shape[0] - crop, picture.shape[1] - crop
    corners = [(0, 0), (0, right), (bottom, 0), (bottom, right), (bottom // 2, right // 2)]
    return torch.cat([cut(picture, *corner, crop) for corner in corners[: 5 if bottom or right else 1]])


def cut(picture: np.ndarray, top: int, left: int, crop: int) -> Tensor:
    """A square of a uint8 picture as a tensor (1, 3, crop, crop)."""
    return images.to_tensor(picture[top : top + crop, left : left + crop])


@torch.no_grad()
def extract(backbone: Backbone, pairs: Sequence[Pair], pictures: Pictures, crop: int) -> Tensor:
    """Features (N, 5, F) of the five crops of each (image,), or differences of each (image, reference)."""
    backbone.eval()
    device = next(backbone.parameters()).device

    def of(path: str) -> Tensor:
        return statistics(backbone(five_crops(pictures[path], crop).to(device))).expand(5, -1)

    references = {path: of(path) for path in dict.fromkeys(path for _, *rest in pairs for path in rest)}
    features = torch.empty(0)
    for row, (path, *rest) in enumerate(progress(pairs, "features")):
        found = difference(of(path), *(references[path] for path in rest))
        if not row:
            features = found.new_empty(len(pairs), *found.shape)  # with a list, they would be in memory twice
        features[row] = found
    return features


def difference(features: Tensor, reference: Tensor | None = None) -> Tensor:
    """Features of an image as they are (NR), or their absolute difference from the reference's (FR)."""
    return features if reference is None else (features - reference).abs()


def finetune(
    backbone: Backbone,
    head: Head,
    pairs: Sequence[Pair],
    pictures: Pictures,
    scores: Tensor,
    fold: Fold,
    *,
    steps: int,
    batch: int,
    learning_rate: float,
    crop: int,
    seed: int,
) -> Tensor:
    """Train backbone and head end to end on random crops and flips; predictions (N,) of validation and test images.

    A training that diverges is ended; all its predictions, like those of training images, are NaN.
    """
    rows, _ = batches(fold, steps, batch, seed, crops=1)
    random = np.random.default_rng(stable_seed("crops", seed, fold.protocol, fold.name))
    optimizer = torch.optim.Adam([*backbone.parameters(), *head.parameters()], lr=learning_rate)
    predictions = torch.full_like(scores, torch.nan)
    backbone.train()
    shown = decoded(pictures, [[path for row in step for path in pairs[row]] for step in rows])
    for step in progress(rows, f"{fold.protocol} {fold.name}, learning rate {learning_rate:g}"):
        parts, arrays = [], next(shown)
        for pair in (pairs[row] for row in step):
            top, left = random.integers(np.array(arrays[pair[0]].shape[:2]) - crop + 1)
            turn = [-1] if random.random() < 0.5 else []
            parts.append([cut(arrays[path], top, left, crop).flip(turn) for path in pair])
        sides = [torch.cat(side) for side in zip(*parts, strict=True)]
        features = statistics(backbone(torch.cat(sides).to(scores.device)))
        loss = quality_loss(head(difference(*features.chunk(len(sides)))), scores[step.to(scores.device)])
        if not torch.isfinite(loss):
            return predictions
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    tested = np.concatenate([fold.validation, fold.test])
    with torch.no_grad():
        features = extract(backbone, [pairs[row] for row in tested], pictures, crop)
        predictions[tested] = head(features).mean(1)
    return predictions


def pairs_of(manifest: Path, frame: pd.DataFrame, mode: str) -> list[Pair]:
    """What each row shows: (image,) for NR or (image, reference) for FR."""
    if mode == "fr" and (missing := frame.loc[frame["reference"] == "", "image"].tolist()):
        raise UserError(f"{manifest}: {len(missing)} images have no reference, such as {missing[0]}.", "use mode nr")
    columns = ["image", "reference"] if mode == "fr" else ["image"]
    return list(frame[columns].itertuples(index=False, name=None))


def transfer(
    manifest: Path,
    backbone_object: str,
    weights: Path,
    output: Path,
    *,
    mode: str,
    protocol: str,
    seed: int,
    levels: list[int] | None,
    families: bool,
    splits: Mapping[str, Any],
    steps: int,
    batch: int,
    learning_rates: list[float],
    crop: int,
    device: str,
    **backbone_options: Any,
) -> None:
    """Train quality models on a backbone and write their predictions of unseen images (shape `predictions`).

    Features are the mean and standard deviation of each stage, for FR the absolute difference of the two images'; a
    head (an MLP with LayerNorm) maps them to the score under 1 - PLCC + MSE. The learning rate is chosen in each fold
    on its validation scenes. Splits, batches and the head's initial weights do not depend on `weights`. A model that
    diverges at every rate predicts the mean score of its training images.

    Args:
        manifest: a rated table with its images.
        backbone_object: name or dotted path of the backbone.
        weights: its initial weights, safetensors.
        output: the table of predictions; a test image is predicted as the mean over its five crops.
        mode: `fr` (full-reference) or `nr` (no-reference).
        protocol: `frozen` (features computed once, only heads are trained) or `finetune` (end to end).
        seed: of heads and batches.
        levels: the levels of distortion that count, beside unknown ones; None for all.
        families: also leave out one family of distortions at a time (`folds.by_family`), if there are two.
        splits: how scenes are left out (`folds.by_scene`).
        steps: of each training.
        batch: images in a step.
        learning_rates: of Adam, to choose from.
        crop: side of the square that a model sees, at most the smallest image's.
        device: `cpu`, `cuda` or `mps`.
        backbone_options: of the backbone.

    Raises:
        UserError: an unknown mode, protocol or kind of splits; too few scenes; missing references; a crop too large.
    """
    for what, name, known in (("mode", mode, ("fr", "nr")), ("protocol", protocol, ("frozen", "finetune"))):
        if name not in known:
            raise UserError(unknown(f"transfer {what}", name, known))
    frame = tables.read(manifest, "rated")
    if levels is not None:
        frame = frame[frame["level"].isin([UNKNOWN, *levels])].reset_index(drop=True)
    folds = by_scene(frame, splits)
    if small := [fold.name for fold in folds if len(fold.test) < FEWEST_TESTED]:
        raise UserError(
            f"{manifest}: {len(small)} splits test fewer than {FEWEST_TESTED} images ({small[0]}, ...).",
            "name the scenes in the column `scene`, or set transfer.splits to random",
        )
    if families and frame["family"].nunique() > 1:
        folds += by_family(frame)
    pairs, pictures = pairs_of(manifest, frame, mode), Pictures(manifest.parent, crop)
    where = find_device(device)
    backbone = load_backbone(backbone_object, weights, **backbone_options).to(where)
    scores = torch.tensor(frame["score"].to_numpy(), dtype=torch.float32, device=where)
    features = extract(backbone, pairs, pictures, crop)

    candidates = {}
    for rate in learning_rates:
        settings = {"steps": steps, "batch": batch, "learning_rate": rate, "seed": seed}
        if protocol == "frozen":
            candidates[rate] = fit_heads(features, scores, folds, **settings)
        else:
            made = []
            for fold in folds:
                head = Head(features[fold.train].flatten(0, 1), seed)
                made.append(finetune(deepcopy(backbone), head, pairs, pictures, scores, fold, crop=crop, **settings))
            candidates[rate] = torch.stack(made)

    rows = []
    for number, fold in enumerate(folds):
        predictions, chosen = choose(candidates, scores, fold, number)
        logger.info("%s %s: %s", fold.protocol, fold.name, chosen)
        part = frame.loc[fold.test, ["image", "scene", "distortion", "family", "level", "score"]]
        rows.append(part.assign(fold=fold.name, protocol=fold.protocol, prediction=predictions.cpu().numpy()))
    tables.write(pd.concat(rows), output, "predictions")
