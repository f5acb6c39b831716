"""What a generator minimises beside the adversarial term: reconstruction and a scaled perceptual distance."""

from dataclasses import dataclass
from math import inf
from pathlib import Path
from statistics import median

import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from asymmetry.artifacts import write_json
from asymmetry.compute import progress
from asymmetry.data.batches import Batches
from asymmetry.errors import UserError
from asymmetry.metrics.base import FidelityMetric


@dataclass(frozen=True)
class Objective:
    """L_rec + lambda L_perc (methods, section 3); L1 sees the raw output, the metric sees it clamped to [0, 1].

    Attributes:
        reconstruction: weight of the L1 term.
        metric: the fidelity metric that serves as perceptual loss, or None.
        scale: lambda, the factor of the perceptual term.
    """

    reconstruction: float
    metric: FidelityMetric | None
    scale: float

    def terms(self, output: Tensor, reference: Tensor) -> dict[str, Tensor]:
        """The unweighted terms that this objective has: `reconstruction`, `perceptual`."""
        terms = {}
        if self.reconstruction:
            terms["reconstruction"] = l1_loss(output, reference)
        if self.metric is not None:
            terms["perceptual"] = self.metric.loss(prediction=output.clamp(0, 1), reference=reference)
        return terms

    def total(self, terms: dict[str, Tensor]) -> Tensor:
        """The weighted sum of what `terms` gave."""
        weights = {"reconstruction": self.reconstruction, "perceptual": self.scale}
        return sum(weights[name] * value for name, value in terms.items())


def calibrate(generator: nn.Module, metric: FidelityMetric, crops: Batches, output: Path, batches: int) -> None:
    """Measure the factor that gives a perceptual loss the gradient magnitude of L1, and write it as JSON.

    It is the ratio of the medians, over fixed batches, of the norms of the gradients with respect to the generator's
    output (methods, section 3, with kappa = 1). `output` bears the name of the metric, for what is said of it.
    """
    norms: dict[str, list[float]] = {"reconstruction": [], "perceptual": []}
    probe = Objective(1.0, metric, 1.0)
    for number in progress(range(1, batches + 1), "calibration"):
        low, high = crops.batch_at(number)
        with torch.no_grad():
            restored = generator(low)
        restored.requires_grad_()
        for name, value in probe.terms(restored, high).items():
            if not value.requires_grad:
                raise UserError(
                    f"the metric {output.stem} has no gradient.", "compute it with torch alone, from its arguments"
                )
            (gradient,) = torch.autograd.grad(value, restored)
            norms[name].append(gradient.norm().item())
    medians = {name: median(values) for name, values in norms.items()}
    if not 0 < medians["perceptual"] < inf:
        raise UserError(
            f"the metric {output.stem} is no loss: the median norm of its gradient is {medians['perceptual']}.",
            "take another metric for this objective; in code of your own, put an epsilon under roots and logs",
        )
    write_json(
        {
            "scale": medians["reconstruction"] / medians["perceptual"],
            "median_gradient_norm": medians,
            "batches": batches,
        },
        output,
    )
