"""That nothing stays on the CPU when pictures and weights are on a GPU, on a machine without one.

Tensors are torch's fakes: they have a shape and a device and no values, and an operation on two devices fails.
"""

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from asymmetry import registry
from asymmetry.metrics.create import create_metric
from asymmetry.networks.backbones import create_backbone

METRICS = sorted(set(registry.table()["metrics"]) - {"lpips", "dists-official"})  # those need public weights


class Fakes(FakeTensorMode):
    """Any number that is read from a tensor is .5, any condition holds."""

    def dispatch(self, func, types, args=(), kwargs=None):
        if func is torch.ops.aten._local_scalar_dense.default:
            return True if args[0].dtype == torch.bool else 0.5
        return super().dispatch(func, types, args, kwargs or {})


def on_gpu(module: nn.Module) -> nn.Module:
    """What `.to("cuda")` does, which a driver is needed for."""
    for part in module.modules():
        for name, weight in part.named_parameters(recurse=False):
            setattr(part, name, nn.Parameter(torch.empty_like(weight, device="cuda"), requires_grad=False))
        for name, buffer in part.named_buffers(recurse=False):
            setattr(part, name, torch.empty_like(buffer, device="cuda"))
    return module


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_follows_its_pictures(name):
    with Fakes(), torch.no_grad():
        options = {"backbone": create_backbone("narrow-vgg", pooling="l2")} if name == "dists" else {}
        metric = on_gpu(create_metric(name, **options))
        prediction, reference = torch.rand(2, 2, 3, 168, 168, device="cuda")
        assert metric(prediction=prediction, reference=reference).device.type == "cuda"


@pytest.mark.parametrize("name", ["narrow-vgg", "narrow-convnext", "narrow-vit", "narrow-swin"])
def test_a_backbone_follows_its_pictures(name):
    """Those without batch norm, whose choice of a kernel asks for a driver."""
    with Fakes(), torch.no_grad():
        maps = on_gpu(create_backbone(name))(torch.rand(1, 3, 80, 96, device="cuda"))
        assert {found.device.type for found in maps} == {"cuda"}
