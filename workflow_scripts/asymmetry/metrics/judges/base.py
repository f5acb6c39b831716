"""What every judge of restored images has in common."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from asymmetry.errors import UserError, unknown

FAMILIES = ("full-reference", "statistics", "learned", "distribution")


class Judge(ABC):
    """Scores the outputs of one restoration model, one picture at a time.

    Attributes:
        family: `full-reference` (fidelity), or one of the families of realism: `statistics`, `learned`, `distribution`.
        higher_is_better: direction of its values.
        device: where a judge that has a network runs it; pictures are always handed over on the CPU.
    """

    family: str
    higher_is_better: bool
    device: torch.device = torch.device("cpu")

    @abstractmethod
    def value(self, scene: str, output: Tensor, reference: Tensor) -> float:
        """The value of one output; a judge of realism may ignore the reference: both (1, 3, H, W) in [0, 1]."""


class FittedJudge(Judge):
    """A judge with a model for each scene, fitted without that scene."""

    @abstractmethod
    def fit(self, pristine: Sequence[tuple[str, np.ndarray]], rated: Path | None, seed: int) -> dict[str, Tensor]:
        """Fit a model for every scene of `pristine` on the other scenes.

        Args:
            pristine: scene and picture, uint8 (H, W, 3).
            rated: manifest of shape rated, for judges that learn from scores.
            seed: of whatever is random in it.

        Returns:
            Tensors by name, `<scene>/...`, which `load` takes.
        """

    @abstractmethod
    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Take over what `fit` gave; a `UserError` where it does not suit this judge's options."""


def check_fitted(scene: str, scenes: Iterable[str]) -> None:
    """Refuse a scene for which no model was fitted."""
    scenes = list(scenes)
    if scene not in scenes:
        raise UserError(unknown("scene in a fitted judge", scene, scenes), "fit the judge on the corpus that is judged")
