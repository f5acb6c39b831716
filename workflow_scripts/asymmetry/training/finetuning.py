"""Quality models whose backbone is trained too: each fold at each learning rate is a training of its own."""

import logging
import tempfile
from collections.abc import Sequence
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from asymmetry.compute import stable_seed
from asymmetry.data.batches import Ahead
from asymmetry.metrics.opinion import quality_loss
from asymmetry.training import checkpoint
from asymmetry.training.acceleration import Acceleration
from asymmetry.training.features import Features, Pair, PictureFiles, cut, difference, extract
from asymmetry.training.folds import Fold
from asymmetry.training.regression import Head

logger = logging.getLogger(__name__)


class RatedCrops:
    """Random crops of the training images of a fold: the batch of a step depends on fold, seed and step alone."""

    def __init__(
        self,
        pairs: Sequence[Pair],
        pictures: PictureFiles,
        scores: Tensor,
        fold: Fold,
        *,
        crop: int,
        batch: int,
        seed: int,
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
        pictures = PictureFiles(folder, crop, pixels)
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
