"""Each switch on the CPU: losses near those without it, the same names, and the same bits after a restart."""

import copy
import os
import shutil

import pytest
import torch
from tiny_training import DISCRIMINATOR, PLAIN, make_files, stop_in_step, train
from torch import nn
from torch._dynamo.backends.debugging import aot_eager
from torch.nn.utils import parametrizations

from asymmetry import tables
from asymmetry.artifacts import load_tensors
from asymmetry.errors import UserError
from asymmetry.metrics.base import FidelityMetric
from asymmetry.metrics.simple import MeanAbsoluteError
from asymmetry.networks.backbones import create_backbone, initialise
from asymmetry.networks.discriminators import create_discriminator
from asymmetry.training.acceleration import Acceleration
from asymmetry.training.adversarial import LOSSES, gradient_penalty
from asymmetry.training.generator import Adversary, CellTraining
from asymmetry.training.objective import Objective

COMPILER = shutil.which(os.environ.get("CXX", "g++")) or shutil.which("clang++")
SWITCHES = [
    pytest.param({"autocast": True}, id="autocast"),
    pytest.param({"channels_last": True}, id="channels_last"),
    pytest.param({"fused": True}, id="fused"),
    pytest.param({"autocast": True, "channels_last": True, "fused": True}, id="all-but-compile"),
]
CRITIC = DISCRIMINATOR | {"spectral_norm": True, "r1": 0.1, "loss": "ragan"}


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 12, 3, padding=1), nn.PixelShuffle(2))

    def forward(self, x):
        return self.layers(x)


class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = parametrizations.spectral_norm(nn.Conv2d(3, 4, 3))
        self.head = nn.Conv2d(4, 1, 3)

    def forward(self, x):
        return self.head(nn.functional.silu(self.features(x)))


class Batch:
    def batch_at(self, step):
        high = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(step))
        return high[..., ::2, ::2], high


@pytest.fixture(autouse=True)
def nothing_compiled():
    torch.compiler.reset()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return make_files(tmp_path_factory.mktemp("files"))


@pytest.fixture(scope="module")
def plain(files, tmp_path_factory):
    outputs = train(files, tmp_path_factory.mktemp("plain"), discriminator=CRITIC)
    return tables.read(outputs["history"], "history"), {
        name: load_tensors(outputs[name]) for name in ("model", "discriminator")
    }


@pytest.mark.parametrize("switches", SWITCHES)
def test_a_switch_changes_little_and_resumes_to_the_bit(files, plain, tmp_path, monkeypatch, switches):
    settings = {"discriminator": CRITIC, "acceleration": PLAIN | switches}
    whole = train(files, tmp_path / "whole", **settings)
    history = tables.read(whole["history"], "history")
    for name in ("reconstruction", "perceptual", "adversarial", "discriminator"):
        assert history[name].to_numpy() == pytest.approx(plain[0][name].to_numpy(), rel=0.03), name
    for name, expected in plain[1].items():
        found = load_tensors(whole[name])
        assert {key: (tensor.shape, tensor.dtype) for key, tensor in found.items()} == {
            key: (tensor.shape, tensor.dtype) for key, tensor in expected.items()
        }
        assert all(torch.allclose(found[key], tensor, atol=0.02) for key, tensor in expected.items())

    with monkeypatch.context() as patch:
        stop_in_step(patch, 2)
        with pytest.raises(SystemExit):
            train(files, tmp_path / "stopped", **settings)
    resumed = train(files, tmp_path / "stopped", **settings)
    for name, path in whole.items():
        assert resumed[name].read_bytes() == path.read_bytes(), name


def test_autocast_computes_in_bfloat16_and_gives_float32():
    seen = []
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 1, 3))
    network[1].register_forward_hook(lambda module, inputs, output: seen.append(output.dtype))
    images = torch.rand(2, 3, 16, 16)
    assert Acceleration(autocast=True).forward(network, images).dtype == torch.float32
    assert Acceleration().forward(network, images).dtype == torch.float32
    assert seen == [torch.bfloat16, torch.float32]


def test_metrics_see_float32_under_autocast(files):
    seen = []

    class Watched(FidelityMetric):
        def _compare(self, prediction, content):
            seen.extend([prediction.dtype, content.dtype, torch.is_autocast_enabled("cpu")])
            return (prediction - content).abs().mean((1, 2, 3))

    generator = Generator()
    cell = CellTraining(
        generator, Batch(), Objective(1.0, Watched(), 1.0), None,
        steps=1, learning_rate=1e-3, measure_every=1, acceleration=Acceleration(autocast=True),
    )  # fmt: skip
    assert cell.step(1)
    assert seen == [torch.float32, torch.float32, False]
    assert all(weight.dtype == torch.float32 for weight in generator.parameters())


def test_spectral_norm_is_computed_once_and_in_float32_under_autocast():
    """On a GPU its power iteration would be in bfloat16, which it does not survive."""
    norms = []
    for autocast in (False, True):
        torch.manual_seed(0)
        layer = parametrizations.spectral_norm(nn.Conv2d(3, 4, 3))
        state = layer.parametrizations.weight[0]
        inside = []
        state.register_forward_hook(lambda *_, seen=inside: seen.append(torch.is_autocast_enabled("cpu")))
        Acceleration(autocast=autocast).forward(layer, torch.rand(1, 3, 8, 8))
        assert inside == [False]
        norms.append(state._u)
    assert torch.equal(*norms)


def test_channels_last_is_a_layout():
    network = nn.Conv2d(3, 4, 3)
    before = network.weight.clone()
    Acceleration(channels_last=True).arrange(network)
    assert network.weight.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(network.weight, before)
    assert (
        Acceleration(channels_last=True)
        .forward(network, torch.rand(1, 3, 8, 8))
        .is_contiguous(memory_format=torch.channels_last)
    )
    Acceleration().arrange(plain := nn.Conv2d(3, 4, 3))
    assert plain.weight.is_contiguous()


def test_fused_adam():
    weights = [nn.Parameter(torch.ones(2))]
    assert Acceleration(fused=True).adam(weights, 1e-3).defaults["fused"] is True
    assert Acceleration().adam(weights, 1e-3).defaults["fused"] is None


def test_parts_of_a_batch():
    low, high = torch.arange(6), torch.arange(6) * 10
    parts = Acceleration(accumulate=3).parts(low, high)
    assert [[side.tolist() for side in part] for part in parts] == [
        [[0, 1], [0, 10]], [[2, 3], [20, 30]], [[4, 5], [40, 50]],
    ]  # fmt: skip
    with pytest.raises(UserError, match="a batch of 6 cannot be computed in 4"):
        Acceleration(accumulate=4).parts(low, high)


def make_cell(computing):
    """With spectral norm, a relativistic game, a gradient penalty and the gradient ratio."""
    torch.manual_seed(0)
    generator, critic = Generator(), Critic()
    for network in (generator, critic):
        computing.prepare(network)
    adversary = Adversary(critic, LOSSES["ragan"], 0.1, 0.1, 1e-3, computing)
    return CellTraining(
        generator, Batch(), Objective(1.0, MeanAbsoluteError(), 1.0), adversary,
        steps=3, learning_rate=1e-3, measure_every=1, acceleration=computing,
    )  # fmt: skip


@pytest.mark.parametrize("autocast", [False, True])
def test_compiled_networks_keep_names_and_losses_and_resume_to_the_bit(monkeypatch, autocast):
    """With the compiler's front end, which takes the graphs, and plain torch to run them."""
    graphs = []

    def backend(graph, inputs):
        graphs.append(graph)
        return aot_eager(graph, inputs)

    compiling = nn.Module.compile
    monkeypatch.setattr(nn.Module, "compile", lambda network: compiling(network, backend=backend))

    def run(compiled, steps, state=None):
        torch.compiler.reset()
        cell = make_cell(Acceleration(compile=compiled, autocast=autocast))
        if state:
            cell.load_state_dict(copy.deepcopy(state))
        assert all(map(cell.step, steps))
        return cell

    plain, whole = run(False, (1, 2, 3)), run(True, (1, 2, 3))
    assert graphs
    resumed = run(True, [3], run(True, (1, 2)).state_dict())
    assert resumed.history == whole.history
    values = [[value for row in cell.history for value in row.values()] for cell in (plain, whole)]
    assert values[1] == pytest.approx(values[0], rel=0.05 if autocast else 1e-4, abs=1e-6)
    for ours, theirs, expected in [
        (resumed.generator, whole.generator, Generator()),
        (resumed.average.module, whole.average.module, Generator()),
        (resumed.adversary.network, whole.adversary.network, Critic()),
    ]:
        assert list(ours.state_dict()) == list(expected.state_dict())
        assert all(map(torch.equal, ours.state_dict().values(), theirs.state_dict().values()))


@pytest.mark.skipif(not COMPILER, reason="torch.compile needs a C++ compiler")
def test_the_compiler_itself():

    class Square(nn.Module):
        def forward(self, x):
            return x.square()

    network, computing = Square(), Acceleration(compile=True)
    computing.prepare(network)
    images = torch.rand(1, 3, 8, 8, requires_grad=True)
    with computing.explained():
        output = computing.forward(network, images)
        for _ in range(2):
            (gradient,) = torch.autograd.grad(output.sum(), images, retain_graph=True)
    torch.testing.assert_close(gradient, 2 * images)


def test_a_compiler_that_fails_says_what_to_do():
    def backend(graph, inputs):
        raise RuntimeError("no compiler here")

    network = Critic()
    network.compile(backend=backend)
    with pytest.raises(UserError, match="no compiler here") as error, Acceleration(compile=True).explained():
        network(torch.rand(1, 3, 8, 8))
    assert "set acceleration.compile to false" in str(error.value)
    with pytest.raises(ValueError, match="another"), Acceleration(compile=True).explained():
        raise ValueError("another")


def test_the_penalty_is_not_compiled():
    calls = []

    def backend(graph, inputs):
        calls.append(graph)
        return graph.forward

    network = Critic()
    network.compile(backend=backend)
    with Acceleration(compile=True).twice_differentiable():
        gradient_penalty(network, torch.rand(1, 3, 8, 8)).backward()
    assert not calls
    assert network.head.weight.grad is not None
    network(torch.rand(1, 3, 8, 8))
    assert calls


@pytest.mark.parametrize("name", ["narrow-convnext", "narrow-vit", "narrow-swin"])
def test_the_penalty_reaches_the_weights_of_every_kind_of_backbone(name):
    """Fused attention has no second derivative."""
    backbone = create_backbone(name)
    initialise(backbone, 0)
    before = {key: weight.detach().clone() for key, weight in backbone.named_parameters()}
    network = create_discriminator(backbone, "patch", 64, False, 0)
    adversary = Adversary(network, LOSSES["bce"], 0.1, 10.0, 1e-3)
    output, reference = torch.rand(2, 2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    assert adversary.step(output, reference)["discriminator"] > 0
    assert any(not torch.equal(before[key], weight) for key, weight in backbone.named_parameters())


@pytest.mark.parametrize("name", ["narrow-vgg", "narrow-resnet", "narrow-vit"])
def test_backbones_run_with_every_switch(name):
    backbone = create_backbone(name)
    initialise(backbone, 0)
    computing = Acceleration(autocast=True, channels_last=True)
    computing.arrange(backbone)
    images = torch.rand(2, 3, 64, 64)

    class Last(nn.Module):
        def __init__(self):
            super().__init__()
            self.backbone = backbone

        def forward(self, x):
            return self.backbone(x)[-1]

    expected, found = Last()(images), computing.forward(Last(), images)
    assert found.dtype == torch.float32
    assert (found - expected).norm() < 0.2 * expected.norm()
