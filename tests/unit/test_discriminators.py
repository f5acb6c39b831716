import pytest
import torch
from torch import nn

from asymmetry import registry
from asymmetry.errors import UserError
from asymmetry.networks.backbones import create_backbone, initialise
from asymmetry.networks.discriminators import Discriminator, create_discriminator
from asymmetry.networks.sizes import smallest_for_head

NARROW = ["narrow-vgg", "narrow-resnet", "narrow-convnext", "narrow-vit", "narrow-swin"]


def discriminator(name="narrow-vgg", head="patch", spectral_norm=False, seed=0, crop=64):
    backbone = create_backbone(name)
    initialise(backbone, 0)
    return create_discriminator(backbone, head, crop, spectral_norm, seed)


def pictures(count=2, size=64):
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(5))


@pytest.mark.parametrize("name", NARROW)
@pytest.mark.parametrize("head", ["vanilla", "patch"])
def test_logits_and_gradients(name, head):
    network = discriminator(name, head)
    assert network.training
    x = pictures().requires_grad_()
    logits = network(x)
    assert logits.shape == ((2, 1) if head == "vanilla" else (2, 1, 8, 8))
    logits.square().mean().backward()
    assert x.grad.abs().amax() > 0
    assert all(parameter.grad is not None for parameter in network.head.parameters())
    facts = network.describe()
    used = sum(parameter.numel() for parameter in network.parameters() if parameter.grad is not None)
    assert facts["parameters_used"] == used <= facts["parameters"]
    assert facts["parameters"] == sum(parameter.numel() for parameter in network.parameters())
    assert facts["map"] == ([1, 1] if head == "vanilla" else [8, 8])


def test_receptive_fields():
    # by hand, narrow VGG to stride 8 and the 3x3 of the head: 1 + 4*1 + 1 + 4*2 + 2 + 6*4 + 4 + 4*8 + 2*8
    assert discriminator("narrow-vgg").describe()["receptive_field"] == 92
    # SqueezeNet, which knows its stages by their poolings: 3 + 2*2 + 4*(2 + 2) + 2*4 + 8*(2 + 2), and 2*8 of the head
    assert discriminator("squeezenet-1-1").describe()["receptive_field"] == 79
    # ResNet-50: 7 + 2*2 + 3*2*4 + 2*4 + 3*2*8, and 2*8 of the head
    assert discriminator("resnet-50", crop=128).describe()["receptive_field"] == 107
    assert discriminator("narrow-vit").describe()["receptive_field"] == "global"
    assert discriminator("narrow-vgg", "vanilla").describe()["receptive_field"] == "global"


def test_patch_head_is_no_mean_of_single_positions():
    network = discriminator().eval()
    logits = network(pictures())
    assert logits.std() > 0
    assert any(isinstance(part, nn.Conv2d) and part.kernel_size == (3, 3) for part in network.head)


def test_patch_head_needs_a_large_crop():
    with pytest.raises(UserError, match=r"a crop of 32 gives 4x4 logits.*64 pixels or more"):
        discriminator(crop=32)
    with pytest.raises(UserError, match="unknown discriminator head 'pixel'"):
        discriminator(head="pixel")
    assert discriminator(head="vanilla", crop=32).map == (1, 1)


@pytest.mark.parametrize("name", NARROW)
def test_the_smallest_crop_is_known_before_a_network_is_made(name):
    """The check of a config relies on it (`networks.sizes`)."""
    smallest = smallest_for_head(registry.entry("backbones", name).strides, "patch")
    assert discriminator(name, crop=smallest).map == (8, 8)
    with pytest.raises(UserError, match=f"crops of {smallest} pixels or more"):
        discriminator(name, crop=smallest - 8)


def test_head_is_seeded_and_global_random_state_untouched():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    backbone = create_backbone("narrow-vgg")
    torch.set_rng_state(before)
    one = create_discriminator(backbone, "patch", 64, False, seed=1)
    assert torch.equal(torch.get_rng_state(), before)
    same, other = discriminator(seed=1), discriminator(seed=2)
    assert torch.equal(one.head[0].weight, same.head[0].weight)
    assert not torch.equal(one.head[0].weight, other.head[0].weight)


@pytest.mark.parametrize("name", NARROW)
@pytest.mark.parametrize("head", ["vanilla", "patch"])
def test_effective_weights_are_those_of_the_forward_pass(name, head):
    network = discriminator(name, head, spectral_norm=True)
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    for _ in range(2):
        optimiser.zero_grad()
        network(pictures()).mean().backward()
        optimiser.step()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    weights = network.effective_state_dict()
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())
    assert network.training

    plain = Discriminator(create_backbone(name), head, 64, spectral_norm=False)
    plain.load_state_dict(weights, strict=True)
    network.eval()
    plain.eval()
    with torch.no_grad():
        assert torch.allclose(plain(pictures()), network(pictures()), atol=1e-5)
    backbone = create_backbone(name)
    prefix = "backbone."
    backbone.load_state_dict({key.removeprefix(prefix): weights[key] for key in weights if key.startswith(prefix)})


@pytest.mark.parametrize("name", NARROW)
def test_spectral_norm_is_on_all_weights_or_none(name):
    network = discriminator(name, "vanilla", spectral_norm=True).eval()
    layers = [part for part in network.modules() if isinstance(part, nn.Conv2d | nn.Linear)]
    with torch.no_grad():
        assert all(torch.linalg.matrix_norm(part.weight.flatten(1), 2) < 1.6 for part in layers)
    keys = network.state_dict()
    assert sum(key.endswith("parametrizations.weight.original") for key in keys) == len(layers)
    assert not any("parametrizations" in key for key in discriminator(name, "vanilla").state_dict())
