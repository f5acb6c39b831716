from statistics import median

import pytest
import torch
from torch import nn
from torch.nn.functional import interpolate

from asymmetry.artifacts import read_json
from asymmetry.errors import UserError
from asymmetry.metrics.base import FidelityMetric
from asymmetry.metrics.create import create_metric
from asymmetry.metrics.simple import Constant, MeanAbsoluteError
from asymmetry.training.objective import Objective, calibrate


class Crops:
    """Random batches: low resolution (2, 3, 8, 8), high resolution (2, 3, 32, 32)."""

    def batch_at(self, step):
        generator = torch.Generator().manual_seed(step)
        low = torch.rand(2, 3, 8, 8, generator=generator)
        noise = torch.rand(2, 3, 32, 32, generator=generator)
        return low, (interpolate(low, scale_factor=4) * 0.8 + 0.2 * noise).clamp(0, 1)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv2d(3, 3, 3, padding=1)
        with torch.no_grad():
            self.convolution.weight.zero_()
            self.convolution.weight[range(3), range(3), 1, 1] = 0.9
            self.convolution.bias.fill_(0.03)

    def forward(self, x):
        return self.convolution(interpolate(x, scale_factor=4))


class Squares(FidelityMetric):
    """Sum of squares times a factor: a loss of another magnitude."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def _compare(self, prediction, content):
        return self.factor * (prediction - content).square().sum((1, 2, 3))


def test_only_the_perceptual_term_sees_the_output_clamped():
    output = torch.full((1, 3, 4, 4), 1.5, requires_grad=True)
    terms = Objective(1.0, MeanAbsoluteError(), 1.0).terms(output, torch.ones(1, 3, 4, 4))
    assert terms["reconstruction"].item() == pytest.approx(0.5)
    assert terms["perceptual"].item() == 0
    assert torch.autograd.grad(terms["reconstruction"], output)[0].abs().sum() > 0
    assert torch.autograd.grad(terms["perceptual"], output)[0].abs().sum() == 0


def test_terms_and_their_weights():
    output, reference = torch.full((2, 3, 4, 4), 0.25), torch.ones(2, 3, 4, 4)
    cases = [
        (Objective(1, None, 0.0), {"reconstruction": 0.75}, 0.75),
        (Objective(0, MeanAbsoluteError(), 3.0), {"perceptual": 0.75}, 2.25),
        (Objective(2, MeanAbsoluteError(), 0.1), {"reconstruction": 0.75, "perceptual": 0.75}, 1.575),
    ]
    for objective, expected, total in cases:
        terms = objective.terms(output, reference)
        assert {name: value.item() for name, value in terms.items()} == expected
        assert objective.total(terms).item() == pytest.approx(total)


def gradient_norm(loss, output):
    return torch.autograd.grad(loss, output)[0].norm().item()


@pytest.mark.parametrize("metric", [Squares(1e4), Squares(1e-5), create_metric("haarpsi"), create_metric("gmsd")])
def test_calibration_makes_gradient_norms_equal(tmp_path, metric):
    generator, crops = Generator(), Crops()
    calibrate(generator, metric, crops, tmp_path / "scale.json", batches=1)
    facts = read_json(tmp_path / "scale.json")
    low, high = crops.batch_at(1)
    output = generator(low).detach().requires_grad_()
    terms = Objective(1.0, metric, facts["scale"]).terms(output, high)
    reconstruction = gradient_norm(terms["reconstruction"], output)
    output = generator(low).detach().requires_grad_()
    perceptual = facts["scale"] * Objective(0.0, metric, 1.0).terms(output, high)["perceptual"]
    assert gradient_norm(perceptual, output) == pytest.approx(reconstruction, rel=1e-4)
    assert facts["batches"] == 1
    assert all(weight.grad is None for weight in generator.parameters())


def test_calibration_is_the_ratio_of_medians(tmp_path):
    generator, crops, metric = Generator(), Crops(), Squares(7.0)
    calibrate(generator, metric, crops, tmp_path / "scale.json", batches=4)
    norms = {"reconstruction": [], "perceptual": []}
    for number in range(1, 5):
        low, high = crops.batch_at(number)
        output = generator(low).detach()
        difference = output - high
        norms["reconstruction"].append((difference.sign() / difference.numel()).norm().item())
        inside = (output >= 0) & (output <= 1)
        norms["perceptual"].append((7.0 * 2 * (output.clamp(0, 1) - high) * inside / 2).norm().item())
    medians = {name: median(values) for name, values in norms.items()}
    facts = read_json(tmp_path / "scale.json")
    assert facts["median_gradient_norm"] == pytest.approx(medians, rel=1e-4)
    assert facts["scale"] == pytest.approx(medians["reconstruction"] / medians["perceptual"], rel=1e-4)


def test_calibration_writes_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        torch.rand(1)
        calibrate(Generator(), create_metric("haarpsi"), Crops(), tmp_path / name, batches=2)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize(("metric", "norm"), [(Constant(), "0.0"), (Squares(float("nan")), "nan")])
def test_a_metric_without_a_gradient_is_refused(tmp_path, metric, norm):
    with pytest.raises(
        UserError, match=f"the metric mine is no loss: the median norm of its gradient is {norm}. .*an eps"
    ):
        calibrate(Generator(), metric, Crops(), tmp_path / "mine.json", batches=2)
    assert not (tmp_path / "mine.json").exists()
