"""One training step of each network that a config names, on one picture: what `probe.Probes` measures."""

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, l1_loss

from asymmetry import registry
from asymmetry.estimation.probe import Made
from asymmetry.metrics.base import FidelityMetric
from asymmetry.metrics.create import create_metric
from asymmetry.networks.backbones import create_backbone
from asymmetry.networks.discriminators import create_discriminator
from asymmetry.networks.generators import create_generator
from asymmetry.plan import Config
from asymmetry.training.adversarial import LOSSES, gradient_penalty
from asymmetry.training.regression import statistics


def _parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def generator(definition: Config, scale: int, device: torch.device) -> Made:
    """Forward and backward pass of a generator under L1; the picture is the high-resolution one."""
    network = create_generator(definition["object"], scale, **definition.get("options", {})).to(device).train()

    def step(picture: Tensor) -> None:
        low = interpolate(picture, scale_factor=1 / scale, mode="area")
        l1_loss(network(low), picture).backward()

    return Made(step, _parameters(network))


def backbone(definition: Config, device: torch.device) -> Made:
    """Forward and backward pass of a backbone that is trained as a quality model."""
    network = create_backbone(**definition).to(device).train()

    def step(picture: Tensor) -> None:
        statistics(network(picture)).mean().backward()

    return Made(step, _parameters(network))


def metric(settings: Config, device: torch.device) -> Made:
    """A metric as a loss: the reference described, the output compared, and the gradient of the output."""
    made = _metric(settings).to(device)

    def step(picture: Tensor) -> None:
        output = picture.flip(-1).requires_grad_()
        made.loss(prediction=output, reference=picture).backward()

    return Made(step, _parameters(made), made.minimum_size)


def _metric(settings: Config) -> FidelityMetric:
    own = {"backbone": create_backbone(**settings["backbone"])} if "backbone" in settings else {}
    higher = settings["higher_is_better"]
    return create_metric(settings["object"], higher_is_better=higher, **own, **settings["options"])


def discriminator(settings: Config, crop: int, device: torch.device) -> Made:
    """A discriminator's part in a step: judging for the generator, then its own on a real and a restored picture."""
    if "object" in settings:
        network = registry.create("discriminators", settings["object"], **settings.get("options", {}))
    else:
        body = create_backbone(**settings["backbone"])
        network = create_discriminator(body, settings["head"], crop, settings["spectral_norm"], seed=0)
    network = network.to(device).train()
    loss = LOSSES[settings["loss"]]

    def step(picture: Tensor) -> None:
        output = picture.flip(-1).requires_grad_()
        real = network(picture).detach() if loss.relative else None
        network.requires_grad_(False)
        loss.generator(real, network(output)).backward()
        network.requires_grad_()
        total = loss.discriminator(network(picture), network(output.detach()))
        if settings["r1"]:
            total = total + settings["r1"] * gradient_penalty(network, picture)
        total.backward()

    return Made(step, _parameters(network))
