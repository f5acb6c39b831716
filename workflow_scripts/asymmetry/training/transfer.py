"""Quality models on a given backbone: how much of quality its features know (methods, section 5)."""

import logging
import os
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from asymmetry import images, tables
from asymmetry.artifacts import fingerprint
from asymmetry.compute import device as find_device
from asymmetry.compute import progress, seed_everything, stable_seed
from asymmetry.data.batches import Ahead
from asymmetry.errors import UserError, unknown
from asymmetry.metrics.opinion import quality_loss
from asymmetry.networks.backbones import Backbone, load_backbone
from asymmetry.training import checkpoint
from asymmetry.training.acceleration import Acceleration
from asymmetry.training.folds import Fold, by_family, by_scene
from asymmetry.training.regression import Head, choose, fit_heads, statistics

logger = logging.getLogger(__name__)
UNKNOWN = 0  # level of an undistorted image, or of one whose level is not known: always used
FEWEST_TESTED = 3  # images that a correlation needs
CHUNK = 8  # pictures, of five crops each, whose features are computed at once
Pair = tuple[str, ...]


class Pictures:
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


def decoded(pictures: Pictures, chunks: Sequence[Sequence[str]]) -> Iterator[list[np.ndarray]]:
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
    describe: Callable[[Tensor], Tensor], pairs: Sequence[Pair], pictures: Pictures, crop: int, device: torch.device
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


class RatedCrops:
    """Random crops of the training images of a fold: the batch of a step depends on fold, seed and step alone."""

    def __init__(
        self, pairs: Sequence[Pair], pictures: Pictures, scores: Tensor, fold: Fold, *, crop: int, batch: int, seed: int
    ) -> None:
        self.pairs, self.pictures, self.scores, self.fold = pairs, pictures, scores, fold
        self.crop, self.batch, self.seed = crop, batch, seed

    def batch_at(self, step: int) -> tuple[Tensor, Tensor]:
        """Crops, mirrored or not, of images and then of their references, if any, and the scores of the images.

        Returns:
            (batch, 3, crop, crop) in [0, 1], twice as many for pairs, and (batch,).
        """
        key = (self.seed, self.fold.protocol, self.fold.name, step)
        random = np.random.default_rng(stable_seed("rated crops", *key))
        rows = random.choice(self.fold.train, self.batch)
        parts = []
        for pair in (self.pairs[row] for row in rows):
            arrays = [self.pictures[path] for path in pair]
            top, left = random.integers(np.array(arrays[0].shape[:2]) - self.crop + 1)
            turn = [-1] if random.random() < 0.5 else []
            parts.append([cut(array, top, left, self.crop).flip(turn) for array in arrays])
        return torch.cat([crop for side in zip(*parts, strict=True) for crop in side]), self.scores[rows]


class Finetuning:
    """Backbone and head trained end to end: each fold at each learning rate is a training of its own, in turn.

    Between two of them there is no more state than the predictions so far. A training that diverges ends there: the
    rest of its steps do nothing.

    Args:
        features: on the backbone that every training starts from.
        heads: the head that each fold starts from.
        crops: what each fold is trained on.
        steps: of each training.
        learning_rates: of Adam.
        acceleration: how backbones compute.
        device: where they are.

    Attributes:
        predictions: (rates, folds, N) on the CPU: of validation and test images by trainings that ended well, else NaN.
    """

    def __init__(
        self,
        features: Features,
        heads: Sequence[Head],
        crops: Sequence[RatedCrops],
        *,
        steps: int,
        learning_rates: Sequence[float],
        acceleration: Acceleration,
        device: torch.device,
    ) -> None:
        self.features, self.heads, self.crops = features, heads, crops
        self.steps, self.learning_rates = steps, learning_rates
        self.acceleration, self.device = acceleration, device
        self.predictions = torch.full((len(learning_rates), len(crops), len(crops[0].pairs)), torch.nan)
        self.model: nn.ModuleDict | None = None

    def step(self, number: int) -> bool:
        """One optimization step of the training that is due; the last one of a training makes its predictions too."""
        training, done = divmod(number - 1, self.steps)
        if not done:
            self._begin(training)
        if self.model is not None and not self._descend(done + 1):
            self.model = None
        if self.model is not None and done + 1 == self.steps:
            self._predict()
            self.model = None
        return True

    def _begin(self, training: int) -> None:
        self.training = training
        self.rate, self.fold = divmod(training, len(self.crops))
        crops, rate = self.crops[self.fold], self.learning_rates[self.rate]
        logger.info("%s %s, learning rate %g", crops.fold.protocol, crops.fold.name, rate)
        self.batches = Ahead(crops, self.device, self.acceleration.workers)
        self.model = nn.ModuleDict(deepcopy({"features": self.features, "head": self.heads[self.fold]})).train()
        self.optimizer = torch.optim.Adam(self.model.parameters(), rate, fused=self.acceleration.fused or None)

    def _descend(self, step: int) -> bool:
        crops, scores = self.batches.batch_at(step)
        sides = self._describe(crops).chunk(len(crops) // len(scores))
        loss = quality_loss(self.model["head"](difference(*sides)), scores)
        if not torch.isfinite(loss):
            return False
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return True

    def _describe(self, crops: Tensor) -> Tensor:
        return self.acceleration.forward(self.model["features"], crops)

    def _predict(self) -> None:
        self.model.eval()
        own = self.crops[self.fold]
        tested = np.concatenate([own.fold.validation, own.fold.test])
        pairs = [own.pairs[row] for row in tested]
        with torch.no_grad():
            features = extract(self._describe, pairs, own.pictures, own.crop, self.device)
            self.predictions[self.rate, self.fold, tested] = self.model["head"](features).mean(1).cpu()

    def state_dict(self) -> dict[str, Any]:
        """The predictions so far and, in the middle of a training, which one it is, its model and its optimizer."""
        state: dict[str, Any] = {"predictions": self.predictions}
        if self.model is not None:
            state |= {"training": self.training, "model": self.model.state_dict()}
            state["optimizer"] = self.optimizer.state_dict()
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Put back what `state_dict` gave."""
        self.predictions = state["predictions"]
        if "model" in state:
            self._begin(state["training"])
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])


def finetune(
    features: Features,
    pairs: Sequence[Pair],
    folder: Path,
    scores: Tensor,
    folds: Sequence[Fold],
    *,
    steps: int,
    batch: int,
    learning_rates: Sequence[float],
    crop: int,
    seed: int,
    acceleration: Acceleration,
    device: torch.device,
    state: Path,
    mark: str,
) -> Tensor:
    """Predictions (rates, folds, N) of backbones trained end to end (`Finetuning`).

    Pictures are decoded once, into a file without a name beside `state`: it is gone when the process ends, however it
    ends. A run that goes on from a checkpoint decodes them again, and computes the features again that standardise the
    heads' inputs.
    """
    acceleration.arrange(features)
    with tempfile.TemporaryFile(dir=state.parent) as pixels:
        pictures = Pictures(folder, crop, pixels)
        found = extract(partial(acceleration.forward, features), pairs, pictures, crop, device)
        heads = [Head(found[fold.train].flatten(0, 1), seed) for fold in folds]
        del found
        crops = [RatedCrops(pairs, pictures, scores, fold, crop=crop, batch=batch, seed=seed) for fold in folds]
        trainer = Finetuning(
            features,
            heads,
            crops,
            steps=steps,
            learning_rates=learning_rates,
            acceleration=acceleration,
            device=device,
        )
        trainings = len(learning_rates) * len(folds)
        checkpoint.run(trainer, trainings * steps, state, mark, steps, f"{trainings} trainings")
    return trainer.predictions


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
    acceleration: Mapping[str, bool],
    workers: int,
    device: str,
    code: str,
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
        acceleration: how finetuned backbones compute: `autocast`, `channels_last`, `fused` of `Acceleration`.
        workers: threads that make their batches ahead.
        device: `cpu`, `cuda` or `mps`.
        code: digest of the code, part of the checkpoint's fingerprint.
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
    pairs = pairs_of(manifest, frame, mode)
    where = find_device(device)
    seed_everything(stable_seed("transfer", seed))
    features = Features(load_backbone(backbone_object, weights, **backbone_options)).to(where)
    scores = torch.tensor(frame["score"].to_numpy(), dtype=torch.float32)
    state = output.parent / "state"
    settings = {"steps": steps, "batch": batch, "seed": seed}
    if protocol == "frozen":
        found = extract(features, pairs, Pictures(manifest.parent, crop), crop, where)
        fit = partial(fit_heads, found, scores.to(where), folds, **settings)
        candidates = {rate: fit(learning_rate=rate).cpu() for rate in learning_rates}
    else:
        settings |= {"learning_rates": learning_rates, "crop": crop}
        data = {"mode": mode, "levels": levels, "families": families, "splits": splits}
        computing = {"acceleration": acceleration, "device": device, "code": code}
        shown = [manifest.parent / path for path in {path: None for pair in pairs for path in pair}]
        mark = fingerprint(
            {"backbone": backbone_object, "options": backbone_options, **settings, **data, **computing},
            [manifest, weights, *shown],
        )
        made = finetune(
            features,
            pairs,
            manifest.parent,
            scores,
            folds,
            acceleration=Acceleration(workers=workers, **acceleration),
            device=where,
            state=state,
            mark=mark,
            **settings,
        )
        candidates = dict(zip(learning_rates, made, strict=True))

    rows = []
    for number, fold in enumerate(folds):
        predictions, chosen = choose(candidates, scores, fold, number)
        logger.info("%s %s: %s", fold.protocol, fold.name, chosen)
        part = frame.loc[fold.test, ["image", "scene", "distortion", "family", "level", "score"]]
        rows.append(part.assign(fold=fold.name, protocol=fold.protocol, prediction=predictions.cpu().numpy()))
    tables.write(pd.concat(rows), output, "predictions")
    if protocol == "finetune":
        checkpoint.forget(state)
