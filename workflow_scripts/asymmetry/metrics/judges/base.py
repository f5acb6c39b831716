"""What every judge of restored images has in common."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from asymmetry.errors import UserError, listing, unknown

FAMILIES = ("full-reference", "statistics", "learned", "distribution")


class Judge(ABC):
    """Scores the outputs of one restoration model, scene by scene.

    Attributes:
        family: `full-reference` (fidelity), or one of the families of realism: `statistics`, `learned`, `distribution`.
        higher_is_better: direction of its values.
    """

    family: str
    higher_is_better: bool

    @abstractmethod
    def value(self, scene: str, output: Tensor, reference: Tensor) -> float:
        """The value of one output (1, 3, H, W); a judge of realism may ignore the reference, of the same shape."""

    @torch.no_grad()
    def score(self, outputs: Mapping[str, Tensor], references: Mapping[str, Tensor]) -> dict[str, float]:
        """The value of every scene's output; tensors (1, 3, H, W) in [0, 1] by scene, as `check_pairs` wants them."""
        check_pairs(outputs, references)
        return {scene: float(self.value(scene, output, references[scene])) for scene, output in outputs.items()}


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


def check_pairs(outputs: Mapping[str, Tensor], references: Mapping[str, Tensor]) -> None:
    """Refuse outputs without reference, of another shape than (1, 3, H, W) or the reference's, or not finite."""
    problems = []
    for scene, output in outputs.items():
        if scene not in references:
            problems.append(f"{scene}: no reference")
        elif output.shape != references[scene].shape:
            problems.append(f"{scene}: output {tuple(output.shape)}, reference {tuple(references[scene].shape)}")
        elif output.ndim != 4 or output.shape[:2] != (1, 3):
            problems.append(f"{scene}: shape {tuple(output.shape)}, expected (1, 3, H, W)")
        elif not output.isfinite().all():
            problems.append(f"{scene}: values that are not finite")
    if problems or not outputs:
        raise UserError(f"outputs cannot be judged:\n{listing(problems or ['there are none'])}")


def check_fitted(scene: str, scenes: Iterable[str]) -> None:
    """Refuse a scene for which no model was fitted."""
    scenes = list(scenes)
    if scene not in scenes:
        raise UserError(unknown("scene in a fitted judge", scene, scenes), "fit the judge on the corpus that is judged")
