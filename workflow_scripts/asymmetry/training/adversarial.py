"""Adversarial losses on logits of any shape: (N, 1) of a vanilla head, (N, 1, h, w) of a patch head.

`real` are logits of references, `fake` of restored images; every loss is a mean over all logits.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import relu, softplus

Loss = Callable[[Tensor | None, Tensor], Tensor]


@dataclass(frozen=True)
class AdversarialLoss:
    """Both sides of an adversarial loss, each a function of (real, fake) to a scalar that its network minimises.

    Only if it is `relative` does the generator's side look at `real`; elsewhere it may be None there.
    """

    generator: Loss
    discriminator: Loss
    relative: bool = False


def _relativistic(logits: Tensor, others: Tensor) -> Tensor:
    return logits - others.mean()


LOSSES = {
    # Non-saturating binary cross-entropy (Goodfellow et al. 2014).
    "bce": AdversarialLoss(
        generator=lambda real, fake: softplus(-fake).mean(),
        discriminator=lambda real, fake: softplus(-real).mean() + softplus(fake).mean(),
    ),
    # Hinge (Lim and Ye 2017).
    "hinge": AdversarialLoss(
        generator=lambda real, fake: -fake.mean(),
        discriminator=lambda real, fake: relu(1 - real).mean() + relu(1 + fake).mean(),
    ),
    # Least squares (Mao et al. 2017), targets 1 and 0.
    "lsgan": AdversarialLoss(
        generator=lambda real, fake: (fake - 1).square().mean(),
        discriminator=lambda real, fake: ((real - 1).square().mean() + fake.square().mean()) / 2,
    ),
    # Relativistic average (Jolicoeur-Martineau 2019; ESRGAN, Wang et al. 2018, equations 1 and 2).
    "ragan": AdversarialLoss(
        generator=lambda real, fake: (
            softplus(_relativistic(real, fake)).mean() + softplus(-_relativistic(fake, real)).mean()
        ),
        discriminator=lambda real, fake: (
            softplus(-_relativistic(real, fake)).mean() + softplus(_relativistic(fake, real)).mean()
        ),
        relative=True,
    ),
}


def gradient_penalty(discriminator: nn.Module, real: Tensor) -> Tensor:
    """R1 (Mescheder et al. 2018): half the mean squared norm of the gradient of the summed logits at real images."""
    real = real.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(real).sum(), real, create_graph=True)
    return gradient.square().sum((1, 2, 3)).mean() / 2
