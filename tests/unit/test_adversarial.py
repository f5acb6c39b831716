import math

import pytest
import torch
from torch import nn

from asymmetry.training.adversarial import LOSSES, gradient_penalty

REAL, FAKE = [2.0, -1.0, 0.5], [0.5, -3.0, 1.5]
MEAN_REAL, MEAN_FAKE = 0.5, -1 / 3


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def by_hand(name):
    """(generator, discriminator) as the papers print them."""
    match name:
        case "bce":  # Goodfellow et al. 2014: max log D(G), max log D(x) + log(1 - D(G))
            generator = -mean(math.log(sigmoid(f)) for f in FAKE)
            real, fake = (-math.log(sigmoid(r)) for r in REAL), (-math.log(1 - sigmoid(f)) for f in FAKE)
        case "hinge":
            generator = -MEAN_FAKE
            real, fake = (max(0, 1 - r) for r in REAL), (max(0, 1 + f) for f in FAKE)
        case "lsgan":  # Mao et al. 2017, equation 2 with b = c = 1, a = 0, without the half of the generator's side
            generator = mean((f - 1) ** 2 for f in FAKE)
            real, fake = ((r - 1) ** 2 / 2 for r in REAL), (f**2 / 2 for f in FAKE)
        case "ragan":  # ESRGAN: D_Ra(a, b) = sigmoid(C(a) - E[C(b)])
            above_fake = [sigmoid(r - MEAN_FAKE) for r in REAL]
            above_real = [sigmoid(f - MEAN_REAL) for f in FAKE]
            generator = -mean(math.log(1 - p) for p in above_fake) - mean(math.log(p) for p in above_real)
            real, fake = (-math.log(p) for p in above_fake), (-math.log(1 - p) for p in above_real)
    return generator, mean(real) + mean(fake)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("shape", [(3, 1), (1, 1, 3, 1)])
def test_values_by_hand(name, shape):
    real, fake = (torch.tensor(logits, dtype=torch.float64).view(shape) for logits in (REAL, FAKE))
    generator, discriminator = by_hand(name)
    assert LOSSES[name].generator(real, fake).item() == pytest.approx(generator, rel=1e-12)
    assert LOSSES[name].discriminator(real, fake).item() == pytest.approx(discriminator, rel=1e-12)


@pytest.mark.parametrize("name", LOSSES)
def test_each_player_pulls_its_own_way(name):
    real, fake = torch.tensor([[0.3], [-0.2]]), torch.tensor([[0.4], [0.1]])
    real.requires_grad_()
    fake.requires_grad_()
    (up,) = torch.autograd.grad(LOSSES[name].generator(real, fake), fake)
    assert (up < 0).all(), "the generator raises the logits of its pictures"
    for_real, for_fake = torch.autograd.grad(LOSSES[name].discriminator(real, fake), [real, fake])
    assert (for_real < 0).all(), "the discriminator raises the logits of references"
    assert (for_fake > 0).all(), "and lowers those of the generator's pictures"


@pytest.mark.parametrize("name", LOSSES)
def test_a_generator_that_loses_still_learns(name):
    """Non-saturating: a sure discriminator leaves a gradient, and no overflow."""
    real, fake = torch.tensor([[200.0]]), torch.tensor([[-200.0]], requires_grad=True)
    loss = LOSSES[name].generator(real, fake)
    assert torch.isfinite(loss)
    (gradient,) = torch.autograd.grad(loss, fake)
    assert gradient.item() <= -1


def test_hinge_leaves_what_is_on_the_right_side():
    real, fake = torch.tensor([[1.5]], requires_grad=True), torch.tensor([[-1.5]], requires_grad=True)
    loss = LOSSES["hinge"].discriminator(real, fake)
    assert loss.item() == 0
    assert [g.item() for g in torch.autograd.grad(loss, [real, fake])] == [0, 0]


class Linear(nn.Module):
    """Logits w . x: one a picture, or one a pixel."""

    def __init__(self, patch):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([1.0, -2.0, 0.5]))
        self.patch = patch

    def forward(self, x):
        pixels = (x * self.weight.view(1, 3, 1, 1)).sum(1, keepdim=True)
        return pixels if self.patch else pixels.mean((2, 3))


@pytest.mark.parametrize(("patch", "factor"), [(True, 20), (False, 1 / 20)])
def test_r1_of_a_linear_discriminator(patch, factor):
    """The gradient of the logits' sum is w (or w / 20) at each of 4 x 5 pixels: R1 = |w|^2 / 2 times 20 (or 1 / 20)."""
    network = Linear(patch)
    real = torch.rand(3, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    penalty = gradient_penalty(network, real)
    assert penalty.item() == pytest.approx(factor * (1 + 4 + 0.25) / 2)
    penalty.backward()
    assert network.weight.grad.tolist() == pytest.approx([factor, -2 * factor, 0.5 * factor])
    assert not real.requires_grad, "the batch is left as it was"


def test_r1_is_a_mean_over_pictures():
    """D(x) = |x|^2 / 2 has the gradient x."""
    real = torch.cat([torch.full((1, 3, 2, 2), value) for value in (1.0, 2.0)])
    assert gradient_penalty(lambda x: x.square().sum((1, 2, 3)) / 2, real).item() == pytest.approx((12 + 48) / 2 / 2)
