"""Supervised pretraining of a backbone on generated pictures: what it is, and what was done to it.

Three things are read off the statistics of all stages, as quality models do later: the class of the picture, which
degradation was applied to it, and how strongly (a quality-aware task after RankIQA, Liu et al. 2017, and ARNIQA,
Agnolucci et al. 2024). Only the named degradations are ever seen: all others stay new to the backbone.
It stands in for no ImageNet weights: it is an initialisation of its own.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss

from asymmetry import images, tables
from asymmetry.artifacts import fingerprint
from asymmetry.compute import device as find_device
from asymmetry.compute import progress, seed_everything, stable_seed
from asymmetry.data.corpora import content
from asymmetry.distortions import LEVELS, TYPES, distort
from asymmetry.errors import UserError, unknown
from asymmetry.networks.backbones import Backbone, create_backbone, initialise, save_backbone
from asymmetry.training import checkpoint
from asymmetry.training.regression import statistics

logger = logging.getLogger(__name__)
HELD_OUT = 5  # one picture in five
EVERY = 200  # steps between two checkpoints
SHOWN = 50  # steps that a line of the log is the mean of


class Tasks(nn.Module):
    """A backbone with the linear head that its pretraining needs and that is thrown away after it."""

    def __init__(self, backbone: Backbone, classes: int, degradations: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.sizes = [classes, degradations + 1, 1]
        features = 2 * sum(backbone.channels)
        self.head = nn.Sequential(nn.BatchNorm1d(features), nn.Linear(features, sum(self.sizes)))

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits of the class, logits of the degradation (0 is none), and its strength in [0, 1] (not clipped)."""
        label, degradation, strength = self.head(statistics(self.backbone(pictures))).split(self.sizes, 1)
        return label, degradation, strength[:, 0]


class Views:
    """Every picture twice, as it is and with one random degradation, and batches of crops of them.

    Args:
        pictures: uint8 (H, W, 3), at least `crop` pixels a side.
        labels: class number of each.
        degradations: names of distortions.
        crop: side of the crops.
        seed: of degradations and batches.
    """

    def __init__(
        self, pictures: Sequence[np.ndarray], labels: Sequence[int], degradations: Sequence[str], crop: int, seed: int
    ) -> None:
        self.crop, self.seed = crop, seed
        self.labels = np.repeat(labels, 2)
        self.pictures: list[np.ndarray] = []
        self.degradations = np.zeros(len(self.labels), int)
        self.levels = np.zeros(len(self.labels), int)
        for number, picture in enumerate(progress(pictures, "degradations")):
            random = np.random.default_rng(stable_seed("degradation", seed, number))
            kind, level = random.integers(len(degradations)), int(random.choice(LEVELS))
            degraded = distort(picture / 255, degradations[kind], level, seed, f"picture-{number}")
            self.pictures += [picture, images.quantize(degraded)]
            self.degradations[2 * number + 1], self.levels[2 * number + 1] = kind + 1, level

    def batch(self, rows: np.ndarray, *key: object) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Crops, mirrored or not, of views: pictures (N, 3, crop, crop), class, degradation, strength in [0, 1]."""
        random = np.random.default_rng(stable_seed("crops", self.seed, *key))
        parts = []
        for row in rows:
            picture = self.pictures[row]
            top, left = random.integers(np.array(picture.shape[:2]) - self.crop + 1)
            part = picture[top : top + self.crop, left : left + self.crop]
            parts.append(images.to_tensor(part[:, ::-1] if random.random() < 0.5 else part))
        facts = (self.labels[rows], self.degradations[rows], self.levels[rows] / max(LEVELS))
        label, degradation, strength = (torch.from_numpy(fact) for fact in facts)
        return torch.cat(parts), label, degradation, strength.float()


class Pretraining:
    """The training of `pretrain_backbone`, step by step.

    Args:
        model: with its initial weights, on its device.
        views: what is shown.
        rows: the views that are trained on.
        steps: planned steps, which set the schedule.
        batch: crops in a step.
        learning_rate: the highest of the schedule.
        quality_weight: factor of what is not the class.
        seed: of the batches.
    """

    def __init__(
        self,
        model: Tasks,
        views: Views,
        rows: np.ndarray,
        *,
        steps: int,
        batch: int,
        learning_rate: float,
        quality_weight: float,
        seed: int,
    ) -> None:
        self.model, self.views, self.steps, self.quality_weight = model.train(), views, steps, quality_weight
        self.device = next(model.parameters()).device
        self.batches = np.random.default_rng(stable_seed("batches", seed)).choice(rows, (steps, batch))
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=0.01)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(self.optimizer, learning_rate, total_steps=steps)
        self.losses: list[list[float]] = []

    def step(self, number: int) -> bool:
        """One step; a loss that is not finite is a `UserError`, for nothing can be built on this network."""
        pictures, *facts = self.views.batch(self.batches[number - 1], number)
        label, degradation, strength = (fact.to(self.device) for fact in facts)
        labels, degradations, strengths = self.model(pictures.to(self.device))
        of_class = cross_entropy(labels, label)
        of_quality = cross_entropy(degradations, degradation) + mse_loss(strengths, strength)
        loss = of_class + self.quality_weight * of_quality
        if not torch.isfinite(loss):
            raise UserError(f"the pretraining diverged at step {number}.", "lower its learning_rate")
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.schedule.step()
        self.losses = [*self.losses[1 - SHOWN :], [of_class.item(), of_quality.item()]]
        if number % SHOWN == 0 or number == self.steps:
            logger.info("step %d: class %.3f, degradation and strength %.3f", number, *np.mean(self.losses, 0))
        return True

    def state_dict(self) -> dict[str, Any]:
        """Network, optimizer, schedule, and the latest losses."""
        parts = {name: getattr(self, name).state_dict() for name in ("model", "optimizer", "schedule")}
        return parts | {"losses": self.losses}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Put back what `state_dict` gave."""
        self.losses = state["losses"]
        for name in ("model", "optimizer", "schedule"):
            getattr(self, name).load_state_dict(state[name])


def _read(manifest: Path, crop: int) -> tuple[list[np.ndarray], np.ndarray, np.ndarray, int]:
    """Labelled pictures, their class numbers, a mask of the held-out ones (every fifth of a class), and the classes."""
    frame = tables.read(manifest, "corpus")
    frame = frame[frame["label"] != ""].reset_index(drop=True)
    held_out = (frame.groupby("label").cumcount() % HELD_OUT == HELD_OUT - 1).to_numpy()
    numbers, names = pd.factorize(frame["label"], sort=True)
    if len(names) < 2 or len(set(numbers[held_out])) < len(names):
        raise UserError(
            f"{manifest}: {len(frame)} pictures of {len(names)} classes are too few to learn from.",
            f"give two classes or more, with {HELD_OUT} pictures or more of each, in the column `label`",
        )
    if (side := min(frame["height"].min(), frame["width"].min())) < crop:
        raise UserError(f"{manifest}: a picture of {side} pixels is smaller than the crop of {crop}.")
    pictures = [images.read(Path(manifest).parent / image) for image in frame["image"]]
    return pictures, numbers, held_out, len(names)


@torch.no_grad()
def evaluate(model: Tasks, views: Views, rows: np.ndarray, batch: int, device: torch.device) -> dict[str, float]:
    """Shares of held-out views whose class and degradation are recognised, chance levels, and the error of strength."""
    model.eval()
    right, known, error = [], [], []
    for start in range(0, len(rows), batch):
        pictures, *facts = views.batch(rows[start : start + batch], "held out", start)
        label, degradation, strength = (fact.to(device) for fact in facts)
        labels, degradations, strengths = model(pictures.to(device))
        right.append(labels.argmax(1) == label)
        known.append(degradations.argmax(1) == degradation)
        error.append((strengths - strength).abs())
    commonest = [float(np.bincount(values[rows]).max() / len(rows)) for values in (views.labels, views.degradations)]
    return {
        "class_accuracy": torch.cat(right).float().mean().item(),
        "class_chance": commonest[0],
        "degradation_accuracy": torch.cat(known).float().mean().item(),
        "degradation_chance": commonest[1],
        "strength_error": torch.cat(error).mean().item(),
    }


def pretrain_backbone(
    backbone_object: str,
    corpus_manifest: Path,
    output: Path,
    *,
    steps: int,
    batch: int,
    learning_rate: float,
    crop: int,
    degradations: Sequence[str],
    quality_weight: float,
    seed: int,
    device: str,
    code: str,
    **backbone_options: Any,
) -> None:
    """Pretrain a backbone from random weights and write it, without heads, with its held-out accuracy as metadata.

    The loss is the cross-entropy of the class plus `quality_weight` times that of the degradation and the squared
    error of its strength; AdamW under a one-cycle schedule.

    Args:
        backbone_object: name or dotted path of the backbone.
        corpus_manifest: a corpus with labels; one picture in five of each class is held out.
        output: the backbone's weights, safetensors.
        steps: of the training.
        batch: crops in a step.
        learning_rate: the highest of the schedule.
        crop: side of the random crops, pixels.
        degradations: names of distortions to recognise.
        quality_weight: 0 for classification alone.
        seed: of weights, degradations and batches.
        device: `cpu`, `cuda` or `mps`.
        code: digest of the code, part of the checkpoint's fingerprint.
        backbone_options: of the backbone.

    Raises:
        UserError: too few labelled pictures, pictures smaller than the crop, an unknown degradation, a training that
            diverges.
    """
    for name in degradations:
        if name not in TYPES:
            raise UserError(unknown("degradation", name, TYPES))
    where = find_device(device)
    seed_everything(stable_seed("pretraining", seed))
    pictures, labels, held_out, classes = _read(corpus_manifest, crop)
    views = Views(pictures, labels, degradations, crop, seed)
    rows, tested = (np.flatnonzero(np.repeat(mask, 2)) for mask in (~held_out, held_out))
    model = Tasks(create_backbone(backbone_object, **backbone_options), classes, len(degradations))
    initialise(model, stable_seed("pretraining", seed))
    training = {
        "steps": steps, "batch": batch, "learning_rate": learning_rate, "quality_weight": quality_weight, "seed": seed,
    }  # fmt: skip
    trainer = Pretraining(model.to(where), views, rows, **training)
    state = output.with_suffix(".state")
    shown = {"crop": crop, "degradations": degradations, "pictures": [content(picture) for picture in pictures]}
    computing = {"device": device, "code": code}
    mark = fingerprint(
        {"backbone": backbone_object, "options": backbone_options, **training, **shown, **computing}, [corpus_manifest]
    )
    checkpoint.run(trainer, steps, state, mark, EVERY, f"pretraining {backbone_object}")
    facts = evaluate(model, views, tested, batch, where)
    logger.info("held out: %s", facts)
    settings = {"object": backbone_object, "steps": steps, "seed": seed, "degradations": list(degradations)}
    save_backbone(model.backbone, output, **settings, **facts)
    checkpoint.forget(state)
