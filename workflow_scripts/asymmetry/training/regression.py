"""From features to quality scores: the head, its loss, and many heads fitted at once."""

import logging
import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from asymmetry.compute import progress, stable_seed
from asymmetry.metrics.opinion import deviation, quality_loss
from asymmetry.training.folds import Fold

logger = logging.getLogger(__name__)
HIDDEN = 128


def statistics(maps: Sequence[Tensor]) -> Tensor:
    """Mean and standard deviation of every channel of every stage: maps (N, C, h, w) to (N, 2 * all channels).

    Both are float32, of maps in bfloat16 too, which would leave 8 bits of a mean.
    """
    maps = [stage.float().flatten(2) for stage in maps]
    return torch.cat([*(stage.mean(2) for stage in maps), *map(deviation, maps)], 1)


class Head(nn.Module):
    """A perceptron with one hidden layer of 128, under LayerNorm, on standardised features: (..., F) to (...).

    LayerNorm comes after the first linear layer: across the features themselves it would take away their common scale,
    which is what tells a large difference from a small one.

    Args:
        features: training features (N, F), which set the standardisation and nothing else.
        seed: of the initial weights.
    """

    def __init__(self, features: Tensor, seed: int) -> None:
        super().__init__()
        count = features.shape[-1]
        self.register_buffer("centre", features.mean(0))
        self.register_buffer("spread", features.std(0, correction=0).clamp_min(1e-6))
        self.hidden = nn.Linear(count, HIDDEN)
        self.norm = nn.LayerNorm(HIDDEN)
        self.output = nn.Linear(HIDDEN, 1)
        generator = torch.Generator().manual_seed(stable_seed("head", seed))
        for layer in (self.hidden, self.output):
            nn.init.xavier_uniform_(layer.weight, generator=generator)
            nn.init.zeros_(layer.bias)
        self.to(features.device)

    def forward(self, features: Tensor) -> Tensor:
        """The predicted score of each feature vector; unbounded, meant to lie in [0, 1]."""
        standardised = (features - self.centre) / self.spread
        return self.output(nn.functional.gelu(self.norm(self.hidden(standardised)))).squeeze(-1)


def batches(fold: Fold, steps: int, batch: int, seed: int, *, crops: int) -> tuple[Tensor, Tensor]:
    """The rows that each training step sees and which crop of each: two integer tensors (steps, batch).

    They depend on the fold, the seed and the sizes alone: every initialisation and learning rate sees the same.
    """
    generator = torch.Generator().manual_seed(stable_seed("batches", seed, fold.protocol, fold.name))
    rows = torch.from_numpy(fold.train)[torch.randint(len(fold.train), (steps, batch), generator=generator)]
    return rows, torch.randint(crops, (steps, batch), generator=generator)


def fit_heads(
    features: Tensor,
    scores: Tensor,
    folds: Sequence[Fold],
    *,
    steps: int,
    batch: int,
    learning_rate: float,
    seed: int,
) -> Tensor:
    """Fit one head a fold, all at once, on features that do not change.

    Args:
        features: (N, crops, F); a training step sees one crop of an image, a prediction is the mean over crops.
        scores: (N,) in [0, 1].
        folds: what each head is trained on; nothing else of `features` and `scores` is read for it.
        steps: of each fit.
        batch: images in a step.
        learning_rate: of Adam.
        seed: of the initial weights (the same in every fold) and of the batches.

    Returns:
        Predictions (folds, N) of every image, not finite where a fit diverged.
    """
    crops, count = features.shape[1:]
    heads = [Head(features[fold.train].reshape(-1, count), seed) for fold in folds]
    weights, buffers = stack_module_state(heads)
    optimizer = torch.optim.Adam(weights.values(), lr=learning_rate, fused=True)
    plan = [batches(fold, steps, batch, seed, crops=crops) for fold in folds]
    rows, views = (torch.stack(part, 1).to(features.device) for part in zip(*plan, strict=True))

    def predict(weights: dict[str, Tensor], buffers: dict[str, Tensor], x: Tensor) -> Tensor:
        return functional_call(heads[0], (weights, buffers), (x,))

    for step in progress(range(steps), f"heads, learning rate {learning_rate:g}"):
        prediction = vmap(predict)(weights, buffers, features[rows[step], views[step]])
        optimizer.zero_grad(set_to_none=True)
        quality_loss(prediction, scores[rows[step]]).sum().backward()
        optimizer.step()
    with torch.no_grad():
        result = vmap(predict, in_dims=(0, 0, None), chunk_size=1)(weights, buffers, features)
    return result.mean(-1)


def choose(
    candidates: Mapping[float, Tensor], scores: Tensor, fold: Fold, number: int
) -> tuple[Tensor, dict[str, Any]]:
    """The test predictions of the learning rate with the lowest loss on the fold's validation images.

    A rate whose predictions are not finite is never chosen. If none is left, the prediction is the mean score of the
    training images: a model that knows nothing.

    Args:
        candidates: predictions (folds, N) by learning rate.
        scores: (N,).
        fold: the fold.
        number: its position in the predictions.

    Returns:
        Predictions of `fold.test`, and what was chosen: `learning_rate` (None if all diverged), `validation_loss`.
    """
    losses = {}
    for rate, predictions in candidates.items():
        usable = predictions[number, [*fold.validation, *fold.test]].isfinite().all()
        loss = quality_loss(predictions[number, fold.validation], scores[fold.validation]).item()
        losses[rate] = loss if usable and math.isfinite(loss) else math.inf
    best = min(losses, key=losses.__getitem__)
    if math.isinf(losses[best]):
        logger.warning("%s %s: diverged at every learning rate; predicts the mean", fold.protocol, fold.name)
        mean = scores[fold.train].mean().expand(len(fold.test))
        return mean, {"learning_rate": None, "validation_loss": None}
    return candidates[best][number, fold.test], {"learning_rate": best, "validation_loss": losses[best]}
