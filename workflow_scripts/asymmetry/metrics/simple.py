"""Two metrics without any model: the mean absolute error, and one that knows nothing."""

from torch import Tensor

from asymmetry.metrics.base import FidelityMetric


class MeanAbsoluteError(FidelityMetric):
    """Mean absolute error over all pixels and channels, in [0, 1], lower is better."""

    higher_is_better = False
    range = (0.0, 1.0)

    def _compare(self, prediction: Tensor, content: Tensor) -> Tensor:
        return (prediction - content).abs().mean((1, 2, 3))


class Constant(FidelityMetric):
    """0 for every pair: what a metric that knows nothing scores. Its gradient is 0: for assessment only."""

    higher_is_better = True
    range = (0.0, 0.0)

    def _compare(self, prediction: Tensor, content: Tensor) -> Tensor:
        return (prediction * 0).sum((1, 2, 3))
