"""What a model that predicts opinion scores minimises: the learned judge's and the transferred quality models' loss."""

from torch import Tensor


def quality_loss(prediction: Tensor, score: Tensor) -> Tensor:
    """1 - PLCC + mean squared error over the last dimension; gradients are finite for constant input too."""
    x, y = (values - values.mean(-1, keepdim=True) for values in (prediction, score))
    power = (x.square().mean(-1) + 1e-6) * (y.square().mean(-1) + 1e-6)
    return 1 - (x * y).mean(-1) / power.sqrt() + (prediction - score).square().mean(-1)
