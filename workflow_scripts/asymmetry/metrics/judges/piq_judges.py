"""Judges of other packages: BRISQUE and CLIP-IQA of piq, and the library's full-reference metrics on published weights.

Weights are looked for, and downloaded, when the first picture is judged. piq would download BRISQUE's and CLIP-IQA's by
itself, but leave half a file of CLIP behind where the connection breaks, and take any file of the right name.
"""

import logging
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import piq
import torch
from torch import Tensor, nn

from asymmetry import registry
from asymmetry.errors import UserError
from asymmetry.metrics.base import FidelityMetric
from asymmetry.metrics.create import create_metric
from asymmetry.metrics.judges.base import Judge
from asymmetry.metrics.piq_metrics import made_quietly
from asymmetry.networks import published

logger = logging.getLogger(__name__)
WORST_BRISQUE = 100.0


class Brisque(Judge):
    """BRISQUE (Mittal, Moorthy & Bovik, TIP 2012) with its published regression on LIVE; lower is better.

    Ordinary pictures lie between about 0 and 100. It is not defined on a picture without contrast, which counts as 100.
    """

    family = "statistics"
    higher_is_better = False

    @cached_property
    def network(self) -> Callable[[Tensor], Tensor]:
        """The function of piq, with the support vectors where it looks for them."""
        path = published.fetch("brisque")
        with readable(path):
            _coefficients, _vectors = torch.load(path, map_location="cpu", weights_only=True)
        return piq.brisque

    def value(self, scene: str, output: Tensor, reference: Tensor) -> float:
        """See `base.Judge`."""
        network = self.network
        try:
            return network(output).item()
        except AssertionError as error:
            logger.warning("BRISQUE of %s counts as %g: %s", scene, WORST_BRISQUE, error)
            return WORST_BRISQUE


class ClipIqa(Judge):
    """CLIP-IQA (Wang, Chan & Loy, AAAI 2023) on CLIP's ResNet-50, prompts "Good photo." and "Bad photo."; in [0, 1]."""

    family = "learned"
    higher_is_better = True

    @cached_property
    def network(self) -> nn.Module:
        """The network of piq, with the weights and tokens where piq looks for them."""
        model, tokens = published.fetch("clip-rn50"), published.fetch("clip-iqa-tokens")
        with readable(model, tokens):
            return made_quietly(piq.CLIPIQA).to(self.device)

    def value(self, scene: str, output: Tensor, reference: Tensor) -> float:
        """See `base.Judge`."""
        return self.network(output.to(self.device)).item()


class MetricJudge(Judge):
    """A full-reference metric of the library as a judge of fidelity.

    Args:
        metric: its name in the registry.
        options: of `metrics.create.create_metric`.
    """

    family = "full-reference"

    def __init__(self, metric: str, **options: object) -> None:
        self.higher_is_better = bool(registry.entry("metrics", metric).higher_is_better)
        self.metric = metric
        self.options = options

    @cached_property
    def network(self) -> FidelityMetric:
        """The metric itself."""
        return create_metric(self.metric, **self.options).to(self.device)

    def value(self, scene: str, output: Tensor, reference: Tensor) -> float:
        """See `base.Judge`."""
        return self.network(prediction=output.to(self.device), reference=reference.to(self.device)).item()


@contextmanager
def readable(*paths: Path) -> Iterator[None]:
    """Turn what is raised while files of weights are loaded into a `UserError` that names them."""
    try:
        yield
    except (OSError, EOFError, RuntimeError, TypeError, ValueError, AttributeError, pickle.UnpicklingError) as error:
        reason = " ".join(str(error).split())[:200]
        names = " or ".join(map(str, paths))
        raise UserError(f"{names} cannot be loaded ({reason}).", "delete it and run again") from error
