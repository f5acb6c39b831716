"""A no-reference quality network of our own, trained on a rated dataset without the scene that it judges.

Its blocks are inverted residuals with depthwise convolutions (Sandler et al., CVPR 2018, arXiv 1801.04381) behind a
divisive normalisation (as in Ballé et al., ICLR 2016, arXiv 1511.06281): no objective and no discriminator has this
architecture. Without that normalisation a model did not rank noise on scenes smoother than those it was trained on.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from asymmetry import images, tables
from asymmetry.compute import progress, stable_seed
from asymmetry.errors import UserError
from asymmetry.metrics.judges.base import FittedJudge, check_fitted
from asymmetry.metrics.opinion import deviation, quality_loss

logger = logging.getLogger(__name__)
CROPS = 6
FOLDS = 5
PRISTINE_SHARE = 16
LEARNING_RATE = 4e-3
AVERAGING = 0.98


class DivisiveStem(nn.Module):
    """5 x 5 filters of zero mean at stride 4, divided by their common energy; its logarithm is a channel of its own."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.filters = nn.Conv2d(3, channels, 5, stride=4, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, H, W) to (N, channels + 1, h, w)."""
        weight = self.filters.weight
        response = functional.conv2d(x, weight - weight.mean((2, 3), keepdim=True), stride=4)
        energy = response.square().mean(1, keepdim=True) + 3e-4
        return torch.cat([response * energy.rsqrt(), energy.log() / 4 + 1.5], 1)


class InvertedResidual(nn.Module):
    """Widen three times, filter each channel, narrow again; with a shortcut where shapes agree."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        wide = 3 * inputs
        self.shortcut = stride == 1 and inputs == outputs
        self.layers = nn.Sequential(
            nn.Conv2d(inputs, wide, 1, bias=False), nn.BatchNorm2d(wide), nn.Hardswish(),
            nn.Conv2d(wide, wide, 3, stride, 1, groups=wide, bias=False), nn.BatchNorm2d(wide), nn.Hardswish(),
            nn.Conv2d(wide, outputs, 1, bias=False), nn.BatchNorm2d(outputs),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H / stride, W / stride)."""
        return x + self.layers(x) if self.shortcut else self.layers(x)


class QualityNetwork(nn.Module):
    """Images (N, 3, H, W) in [0, 1], at least 16 x 16, to quality (N,), meant to lie in [0, 1]."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.Sequential(DivisiveStem(32), InvertedResidual(33, 48, 2), InvertedResidual(48, 48, 1))
        self.head = nn.Sequential(nn.Linear(96, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Mean and deviation of every channel over the picture decide."""
        maps = self.blocks(x).flatten(2)
        return self.head(torch.cat([maps.mean(2), deviation(maps)], 1))[:, 0]


def left_out(scenes: Collection[str], rated: Collection[str]) -> list[list[str]]:
    """The scenes that share a model, which is trained without them.

    Each rated scene has one of its own. Of the others only pristine crops would be seen, so that five models are
    enough, each without a fifth of them.
    """
    unrated = sorted(set(scenes) - set(rated))
    folds = [unrated[fold::FOLDS] for fold in range(min(FOLDS, len(unrated)))]
    return [[scene] for scene in sorted(set(scenes) & set(rated))] + folds


class Learned(FittedJudge):
    """Predicted opinion score of a picture; higher is better.

    Args:
        steps: training steps of each model.
        batch: crops a step, of which one in 16 is pristine, with score 1.
        crop: side of a crop, pixels; six crops of every picture are drawn once.
    """

    family = "learned"
    higher_is_better = True

    def __init__(self, steps: int = 250, batch: int = 32, crop: int = 64) -> None:
        if min(steps, batch // PRISTINE_SHARE, crop // 16) < 1:
            raise UserError(f"learned judge with {steps} steps, batch {batch}, crop {crop}.", "at least 1, 16 and 16")
        self.steps = steps
        self.batch = batch
        self.crop = crop
        self.models: dict[str, QualityNetwork] = {}

    def fit(self, pristine: Sequence[tuple[str, np.ndarray]], rated: Path | None, seed: int) -> dict[str, Tensor]:
        """See `base.FittedJudge`; scenes are left out of the rated and of the pristine pictures alike."""
        if rated is None:
            raise UserError("the learned judge has no rated dataset.", "name one under `fitted_on`")
        frame = tables.read(rated, "rated")
        random = torch.Generator().manual_seed(stable_seed("crops", seed))
        crops = torch.empty((len(frame), CROPS, 3, self.crop, self.crop), dtype=torch.uint8)
        for row, image in enumerate(progress(frame["image"], "crops", total=len(frame))):
            crops[row] = self._crops(images.read(rated.parent / image), str(rated.parent / image), random)
        clean = torch.stack([self._crops(picture, scene, random) for scene, picture in pristine])
        scores = torch.tensor(frame["score"].to_numpy(), dtype=torch.float32)
        owners, clean_owners = frame["scene"].to_numpy(), np.array([scene for scene, _ in pristine])
        tensors = {}
        for group in progress(left_out(set(clean_owners), set(owners)), "learned judge"):
            kept, clean_kept = (torch.from_numpy(np.flatnonzero(~np.isin(of, group))) for of in (owners, clean_owners))
            if not len(kept):
                raise UserError(f"{rated} holds no scene but {group[0]!r}.", "the judge needs rated pictures of others")
            model = self._train(crops, scores, clean, kept, clean_kept, stable_seed("judge", seed, *group))
            state = model.state_dict()
            tensors |= {f"{scene}/{name}": tensor.clone() for scene in group for name, tensor in state.items()}
        return tensors

    def _crops(self, picture: np.ndarray, name: str, random: torch.Generator) -> Tensor:
        if min(picture.shape[:2]) < self.crop:
            raise UserError(f"{name} is smaller than the learned judge's crop of {self.crop} pixels.")
        rows, columns = (torch.randint(n - self.crop + 1, (CROPS,), generator=random) for n in picture.shape[:2])
        corners = zip(rows.tolist(), columns.tolist(), strict=True)
        cut = np.stack([picture[y : y + self.crop, x : x + self.crop] for y, x in corners])
        return torch.from_numpy(cut).permute(0, 3, 1, 2)

    def _train(
        self, crops: Tensor, scores: Tensor, clean: Tensor, kept: Tensor, clean_kept: Tensor, seed: int
    ) -> QualityNetwork:
        """Adam on random crops, flips and transpositions of the pictures whose rows are `kept` and `clean_kept`.

        The result is an exponential average of the weights.
        """
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = QualityNetwork()
        average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(AVERAGING), use_buffers=True)
        optimizer = torch.optim.AdamW(model.parameters(), LEARNING_RATE)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=self.steps)
        random = torch.Generator().manual_seed(seed)
        pure = self.batch // PRISTINE_SHARE
        for _ in range(self.steps):
            rows, clean_rows = (
                of[torch.randint(len(of), (count,), generator=random)]
                for of, count in ((kept, self.batch - pure), (clean_kept, pure))
            )
            views = torch.randint(CROPS, (self.batch,), generator=random)
            x = torch.cat([crops[rows, views[pure:]], clean[clean_rows, views[:pure]]]).float() / 255
            flip, transpose = (torch.rand(2, generator=random) < 0.5).tolist()
            x = x.flip(-1) if flip else x
            x = x.transpose(-1, -2) if transpose else x
            loss = quality_loss(model(x.contiguous()), torch.cat([scores[rows], torch.ones(pure)]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            average.update_parameters(model)
        logger.info("learned judge: last loss %.3f", loss.item())
        return average.module

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """See `base.FittedJudge`."""
        states: dict[str, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            scene, _, parameter = name.rpartition("/")
            states.setdefault(scene, {})[parameter] = tensor
        for scene, state in states.items():
            model = QualityNetwork()
            try:
                model.load_state_dict(state)
            except RuntimeError as error:
                raise UserError(f"not a fitted learned judge: {' '.join(str(error).split())}", "fit it again") from None
            self.models[scene] = model.eval().to(self.device)

    def value(self, scene: str, output: Tensor, reference: Tensor) -> float:
        """See `base.Judge`."""
        check_fitted(scene, self.models)
        return self.models[scene](output.to(self.device)).item()
