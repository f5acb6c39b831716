import copy
import math

import pandas as pd
import pytest
import torch
from torch import nn
from torch.nn.functional import interpolate, l1_loss, softplus

from asymmetry import tables
from asymmetry.errors import UserError
from asymmetry.metrics.base import FidelityMetric
from asymmetry.metrics.simple import MeanAbsoluteError
from asymmetry.training import checkpoint
from asymmetry.training.adversarial import LOSSES, AdversarialLoss
from asymmetry.training.generator import Adversary, CellTraining, Pretraining, averaged
from asymmetry.training.objective import Objective

RATE = 1e-2


class Crops:
    """Random batches (2, 3, 8, 8) and (2, 3, 16, 16) of a seed."""

    def __init__(self, seed=0):
        self.seed = seed

    def batch_at(self, step):
        generator = torch.Generator().manual_seed(1000 * self.seed + step)
        high = torch.rand(2, 3, 16, 16, generator=generator)
        return interpolate(high, scale_factor=0.5, mode="area"), high


class Generator(nn.Module):
    def __init__(self, bias=0.0):
        super().__init__()
        torch.manual_seed(0)
        self.convolution = nn.Conv2d(3, 3, 3, padding=1)
        nn.init.constant_(self.convolution.bias, bias)

    def forward(self, x):
        return self.convolution(interpolate(x, scale_factor=2)) + 0.5


class Critic(nn.Module):
    """A patch discriminator; `frozen` features first, as the user's own may have."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(1)
        self.frozen = nn.Conv2d(3, 4, 3).requires_grad_(False)
        self.head = nn.Conv2d(4, 1, 3)

    def forward(self, x):
        return self.head(self.frozen(x).relu())


class Scripted(FidelityMetric):
    """L1 that a test turns into something else at one call."""

    def __init__(self, at, what):
        super().__init__()
        self.at, self.what, self.calls = at, what, 0

    def _compare(self, prediction, content):
        self.calls += 1
        value = (prediction - content).abs().mean((1, 2, 3))
        return self.what(value) if self.calls == self.at else value


def make_adversary(weight=0.1, loss=LOSSES["bce"], r1=0.0, rate=RATE):
    return Adversary(Critic(), loss, weight, r1, rate)


def make_cell(adversary=None, objective=None, seed=0, steps=40, rate=RATE, measure_every=2, bias=0.0):
    objective = objective or Objective(1.0, MeanAbsoluteError(), 0.5)
    return CellTraining(
        Generator(bias), Crops(seed), objective, adversary, steps=steps, learning_rate=rate, measure_every=measure_every
    )


def weights(*modules):
    return [parameter.detach().clone() for module in modules for parameter in module.state_dict().values()]


def same(one, two):
    return all(torch.equal(a, b) for a, b in zip(one, two, strict=True))


def finite(*modules):
    return all(value.isfinite().all() for value in weights(*modules))


@pytest.mark.parametrize(("steps", "decay"), [(5, 0.0), (10, 0.0), (40, 0.75), (200, 0.95), (10**6, 0.999)])
def test_average_decays_by_its_formula(steps, decay):
    model = nn.Linear(1, 1, bias=False).double()
    average = averaged(model, steps)
    expected = None
    for value in (1.0, 3.0, -2.0, 0.5):
        nn.init.constant_(model.weight, value)
        average.update_parameters(model)
        expected = value if expected is None else decay * expected + (1 - decay) * value
    assert average.module.weight.item() == pytest.approx(expected, rel=1e-12)


def test_a_step_is_the_textbooks():
    """Against plain code: neither player's update sees anything of the other's."""
    cell = make_cell(make_adversary(weight=0.3, r1=0.2))
    generator, critic = copy.deepcopy(cell.generator), copy.deepcopy(cell.adversary.network)
    players = [
        torch.optim.Adam([p for p in player.parameters() if p.requires_grad], lr=RATE, betas=(0.9, 0.99))
        for player in (generator, critic)
    ]
    for number in (1, 2, 3):
        assert cell.step(number)

        low, high = Crops().batch_at(number)
        output = generator(low)
        loss = l1_loss(output, high) + 0.5 * (output.clamp(0, 1) - high).abs().mean()
        loss = loss + 0.3 * softplus(-critic(output.clamp(0, 1))).mean()
        for parameter, gradient in zip(
            generator.parameters(), torch.autograd.grad(loss, list(generator.parameters())), strict=True
        ):
            parameter.grad = gradient
        players[0].step()

        real = high.clone().requires_grad_()
        (slope,) = torch.autograd.grad(critic(real).sum(), real, create_graph=True)
        loss = softplus(-critic(high)).mean() + softplus(critic(output.detach().clamp(0, 1))).mean()
        loss = loss + 0.2 * slope.square().sum((1, 2, 3)).mean() / 2
        head = list(critic.head.parameters())
        for parameter, gradient in zip(head, torch.autograd.grad(loss, head), strict=True):
            parameter.grad = gradient
        players[1].step()
        assert cell.history[-1]["discriminator"] == pytest.approx(loss.item(), rel=1e-4)

    for ours, theirs in [(cell.generator, generator), (cell.adversary.network, critic)]:
        for one, two in zip(weights(ours), weights(theirs), strict=True):
            assert torch.allclose(one, two, atol=1e-6)


def test_the_generators_term_leaves_the_discriminator_alone():
    adversary = make_adversary()
    output = torch.rand(2, 3, 16, 16, requires_grad=True)
    adversary.generator_loss(output, torch.rand(2, 3, 16, 16)).backward()
    assert output.grad.abs().sum() > 0
    assert all(parameter.grad is None for parameter in adversary.network.parameters())

    before, output.grad = weights(adversary.network.head), None
    adversary.step(output, torch.rand(2, 3, 16, 16))
    assert output.grad is None, "the discriminator's term leaves the generator alone"
    assert not same(weights(adversary.network.head), before)


def test_weights_that_are_frozen_stay_so():
    cell = make_cell(make_adversary())
    before = weights(cell.adversary.network.frozen)
    for number in (1, 2, 3):
        cell.step(number)
    assert same(weights(cell.adversary.network.frozen), before)
    assert not any(parameter.requires_grad for parameter in cell.adversary.network.frozen.parameters())
    assert all(parameter.requires_grad for parameter in cell.adversary.network.head.parameters())


@pytest.mark.parametrize(("bias", "accuracy"), [(5.0, 0.5), (-5.0, 0.5)])
def test_accuracy_of_a_discriminator_that_always_says_the_same(bias, accuracy):
    adversary = make_adversary()
    nn.init.zeros_(adversary.network.head.weight)
    nn.init.constant_(adversary.network.head.bias, bias)
    row = adversary.step(torch.rand(2, 3, 16, 16), torch.rand(2, 3, 16, 16))
    assert row["accuracy"] == accuracy
    assert row["discriminator"] == pytest.approx(5.0, abs=0.02)


def test_a_discriminator_learns_to_tell():
    adversary = make_adversary()
    row = {}
    for number in range(60):
        noise = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(number))
        row = adversary.step(noise * 0.2, noise)
    assert row["accuracy"] > 0.95
    assert row["discriminator"] < 1 < 2 * math.log(2)


def test_history(tmp_path):
    cell = make_cell(make_adversary(), measure_every=2)
    for number in range(1, 6):
        assert cell.step(number)
    frame = pd.DataFrame(cell.history)
    assert set(frame) == set(tables.SHAPES["history"])
    tables.write(frame, tmp_path / "history.csv", "history")
    assert list(frame["step"]) == [1, 2, 3, 4, 5]
    assert list(frame["step"][frame["gradient_ratio"].notna()]) == [1, 3, 5]
    assert frame.drop(columns="gradient_ratio").notna().all(axis=None)

    plain = make_cell(objective=Objective(1.0, None, 0.0))
    plain.step(1)
    assert set(plain.history[0]) == {"step", "reconstruction"}
    every = make_cell(make_adversary(), measure_every=1)
    assert all(every.step(number) and "gradient_ratio" in every.history[-1] for number in (1, 2, 3))


def test_gradient_ratio_is_proportional_to_the_weight():
    ratios = []
    for weight in (0.1, 0.2):
        cell = make_cell(make_adversary(weight))
        cell.step(1)
        ratios.append(cell.history[0]["gradient_ratio"])
    assert ratios[1] == pytest.approx(2 * ratios[0], rel=1e-5)
    low, high = Crops().batch_at(1)
    output = Generator()(low).detach().requires_grad_()
    adversarial = torch.autograd.grad(softplus(-Critic()(output.clamp(0, 1))).mean(), output)[0].norm()
    terms = Objective(1.0, MeanAbsoluteError(), 0.5)
    supervised = torch.autograd.grad(terms.total(terms.terms(output, high)), output)[0].norm()
    assert ratios[0] == pytest.approx((0.1 * adversarial / supervised).item(), rel=1e-5)


def test_a_supervised_gradient_of_zero_is_no_crash():
    """With the output above 1 everywhere, a perceptual loss alone gives none."""
    cell = make_cell(make_adversary(), objective=Objective(0.0, MeanAbsoluteError(), 1.0), bias=9.0)
    assert cell.step(1)
    assert math.isnan(cell.history[0]["gradient_ratio"])


def test_same_seed_same_result():
    cells = [make_cell(make_adversary(), seed=seed) for seed in (3, 3, 4)]
    for cell in cells:
        torch.rand(1)
        for number in range(1, 6):
            cell.step(number)
    one, two, other = (weights(cell.average.module, cell.adversary.network) for cell in cells)
    assert same(one, two)
    assert cells[0].history == cells[1].history
    assert not same(one, other)


def test_training_lowers_the_loss():
    cell = make_cell(steps=60)
    for number in range(1, 61):
        cell.step(number)
    first, last = (sum(row["reconstruction"] for row in part) for part in (cell.history[:10], cell.history[-10:]))
    assert last < 0.9 * first


@pytest.mark.parametrize("at", [1, 4])
@pytest.mark.parametrize(
    "what",
    [
        lambda value: value * math.nan,
        lambda value: value / 0,
        lambda value: value + (value * 0).sqrt(),  # a finite value with a gradient that is not
    ],
    ids=["nan", "infinite", "gradient"],
)
def test_divergence_is_recorded_and_touches_nothing(at, what, caplog):
    cell = make_cell(make_adversary(), objective=Objective(1.0, Scripted(at, what), 0.5))
    twin = make_cell(make_adversary(), objective=Objective(1.0, MeanAbsoluteError(), 0.5))
    for number in range(1, at):
        assert cell.step(number)
        twin.step(number)
    assert cell.step(at) is False
    assert cell.diverged_at == at
    assert f"diverged at step {at}" in caplog.text
    assert [row["step"] for row in cell.history] == list(range(1, at + 1))
    ours, theirs = ((c.generator, c.average.module, c.adversary.network) for c in (cell, twin))
    assert same(weights(*ours), weights(*theirs))
    assert finite(*ours)


def test_a_generator_that_explodes():
    cell = make_cell(make_adversary(), rate=1e37)
    numbers = iter(range(1, 20))
    while cell.step(next(numbers)):
        pass
    assert 1 < cell.diverged_at < 10
    assert finite(cell.generator, cell.average.module, cell.adversary.network)


def test_a_discriminator_that_explodes():
    cell = make_cell(make_adversary(rate=1e37))
    numbers = iter(range(1, 20))
    while cell.step(next(numbers)):
        pass
    assert 1 < cell.diverged_at < 10
    assert finite(cell.generator, cell.average.module, cell.adversary.network)


@pytest.mark.parametrize("broken", [lambda x: x * math.nan, lambda x: (x * 0).sqrt()], ids=["loss", "gradient"])
def test_a_discriminator_that_diverges_first(broken):
    bce = LOSSES["bce"]
    loss = AdversarialLoss(bce.generator, lambda real, fake: broken(bce.discriminator(real, fake)))
    cell = make_cell(make_adversary(loss=loss))
    before = weights(cell.adversary.network)
    assert cell.step(1) is False
    assert cell.diverged_at == 1
    assert same(weights(cell.adversary.network), before)
    assert finite(cell.generator, cell.average.module)


@pytest.mark.parametrize("kind", ["cell", "pretraining"])
def test_resumed_training_is_the_same(tmp_path, kind):
    def make(steps_before_crash=99):
        trainer = make_cell(make_adversary()) if kind == "cell" else Pretraining(Generator(), Crops(), 8, RATE)
        step = trainer.step

        def crash(number):
            if number > steps_before_crash:
                raise MemoryError
            return step(number)

        trainer.step = crash
        return trainer

    whole, resumed = make(), make()
    checkpoint.run(whole, 8, tmp_path / "whole", "mark", 3, "training")
    with pytest.raises(MemoryError):
        checkpoint.run(make(5), 8, tmp_path / "state", "mark", 3, "training")
    checkpoint.run(resumed, 8, tmp_path / "state", "mark", 3, "training")
    assert not list((tmp_path / "state").glob("*set-aside*"))
    assert same(weights(resumed.average.module), weights(whole.average.module))
    assert same(weights(resumed.generator), weights(whole.generator))
    if kind == "cell":
        assert same(weights(resumed.adversary.network), weights(whole.adversary.network))
        assert resumed.history == whole.history


def test_pretraining_learns_on_a_cosine():
    trainer = Pretraining(Generator(), Crops(), 50, RATE)
    low, high = Crops().batch_at(0)
    before = l1_loss(trainer.generator(low), high).item()
    rates = []
    for number in range(1, 51):
        rates.append(trainer.schedule.get_last_lr()[0])
        assert trainer.step(number)
    assert rates == pytest.approx([RATE * (1 + math.cos(math.pi * k / 50)) / 2 for k in range(50)])
    assert l1_loss(trainer.average.module(low), high).item() < 0.9 * before


def test_pretraining_that_diverges_is_an_error():
    trainer = Pretraining(Generator(), Crops(), 10, 1e37)
    trainer.step(1)
    with pytest.raises(UserError, match=r"pretraining diverged at step .*lower pretraining\.learning_rate"):
        list(map(trainer.step, range(2, 10)))
