import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from asymmetry.artifacts import read_facts, save_tensors
from asymmetry.errors import UserError
from asymmetry.metrics.create import load_metric
from asymmetry.networks.backbones import create_backbone, initialise, load_backbone, save_backbone
from asymmetry.networks.discriminators import create_discriminator
from asymmetry.networks.files import file_backbone
from asymmetry.training.initialisation import discriminator_backbone

VGG = {"object": "narrow-vgg", "widths": [4, 6, 8], "convolutions": [1, 1, 1]}
BGR = {"channels": "bgr", "range": 255, "mean": [103.939, 116.779, 123.68], "std": [1.0, 2.0, 4.0]}
RGB = {"channels": "rgb", "range": 1, "mean": [0.5, 0.4, 0.3], "std": [0.25, 0.5, 1]}


@pytest.fixture
def network():
    """A network of another maker: random weights, and whatever input `seen` gives it."""
    backbone = create_backbone(**VGG)
    initialise(backbone, 3)
    return backbone.eval()


def weights(network):
    return {key: value for key, value in network.state_dict().items() if key not in ("mean", "std")}


def picture(side=32):
    return torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(1))


def seen(network, x, preprocessing):
    """The maps of a network whose input is made by hand as the preprocessing says."""
    x = x.flip(1) if preprocessing["channels"] == "bgr" else x
    mean, std = (torch.tensor(preprocessing[name]).view(3, 1, 1) for name in ("mean", "std"))
    return list(network.extract((x * preprocessing["range"] - mean) / std))


def assert_same(maps, others):
    for one, other in zip(maps, others, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("preprocessing", [RGB, BGR])
@pytest.mark.parametrize("suffix", ["safetensors", "npz"])
def test_the_network_sees_what_it_was_trained_to_see(network, tmp_path, preprocessing, suffix):
    path = tmp_path / f"theirs.{suffix}"
    if suffix == "npz":
        np.savez(path, **{key.removeprefix("features."): value.numpy() for key, value in weights(network).items()})
    else:
        save_file(weights(network), path)
    file_backbone(**VGG, path=path, preprocessing=preprocessing, output=tmp_path / "ours.safetensors")
    loaded = load_backbone(**VGG, path=tmp_path / "ours.safetensors")
    with torch.no_grad():
        expected = seen(network, picture(), preprocessing)
        assert_same(loaded(picture()), expected)
        assert not torch.allclose(loaded(picture().flip(1))[0], expected[0], atol=1e-2)
    facts = read_facts(tmp_path / "ours.safetensors")
    assert facts["initialisation"] == "file"
    assert facts["preprocessing"] == preprocessing
    assert facts["file"] == path.name


@pytest.mark.parametrize("name", ["narrow-resnet", "narrow-vit", "narrow-swin", "narrow-convnext"])
def test_the_first_convolution_of_every_member_takes_the_order_of_channels(tmp_path, name):
    theirs = create_backbone(name)
    initialise(theirs, 3)
    save_file(weights(theirs), tmp_path / "theirs.safetensors")
    file_backbone(name, path=tmp_path / "theirs.safetensors", preprocessing=BGR, output=tmp_path / "ours.safetensors")
    with torch.no_grad():
        assert_same(
            load_backbone(name, tmp_path / "ours.safetensors")(picture())[:1], seen(theirs.eval(), picture(), BGR)[:1]
        )


@pytest.mark.parametrize("spectral_norm", [False, True])
def test_the_preprocessing_goes_through_a_discriminator(network, tmp_path, spectral_norm):
    save_file(weights(network), tmp_path / "theirs.safetensors")
    output = tmp_path / "ours.safetensors"
    file_backbone(**VGG, path=tmp_path / "theirs.safetensors", preprocessing=BGR, output=output)
    trained = create_discriminator(load_backbone(**VGG, path=output), "vanilla", 32, spectral_norm, seed=0)
    save_tensors(trained.effective_state_dict(), tmp_path / "discriminator.safetensors")
    again = tmp_path / "again.safetensors"
    discriminator_backbone(**VGG, discriminator=tmp_path / "discriminator.safetensors", output=again)
    ours, back = load_backbone(**VGG, path=output), load_backbone(**VGG, path=again)
    assert torch.equal(back.mean, ours.mean)
    assert torch.equal(back.std, ours.std)
    torch.testing.assert_close(ours.mean.flatten(), torch.tensor([123.68, 116.779, 103.939]) / 255)
    torch.testing.assert_close(ours.std.flatten(), torch.tensor([4.0, 2.0, 1.0]) / 255)
    with torch.no_grad():
        if not spectral_norm:
            assert_same(back(picture()), seen(network, picture(), BGR))
        assert_same(back(picture()), trained.eval().backbone(picture()))


def test_a_metric_sees_it(network, tmp_path):
    save_file(weights(network), tmp_path / "theirs.safetensors")
    output = tmp_path / "ours.safetensors"
    file_backbone(**VGG, path=tmp_path / "theirs.safetensors", preprocessing=BGR, output=output)
    settings = {"object": "dists", "options": {}, "resize": "none", "higher_is_better": None, "backbone": VGG}
    metric = load_metric(settings, {"backbone": output})
    with torch.no_grad():
        assert_same(metric.backbone(picture()), seen(network, picture(), BGR))


def test_wrong_files_are_refused(network, tmp_path):
    def refused(path, message, **changes):
        with pytest.raises(UserError, match=message):
            file_backbone(**VGG, path=path, preprocessing={**RGB, **changes}, output=tmp_path / "ours.safetensors")
        assert not (tmp_path / "ours.safetensors").exists()

    good = tmp_path / "good.safetensors"
    save_file(weights(network), good)
    refused(tmp_path / "nothing.npz", "no readable npz file")
    refused(tmp_path / "nothing.safetensors", "not a readable safetensors file")
    refused(tmp_path / "weights.pth", "weights come as .safetensors or .npz")
    refused(good, "unknown order of channels 'grb'", channels="grb")
    refused(good, "makes no sense", range=2)
    refused(good, "makes no sense", std=[1, 1, 0])
    refused(good, "makes no sense", mean=[0.5])

    state = weights(network)
    np.savez(tmp_path / "object.npz", **{"0.weight": np.array([{}], dtype=object)})
    refused(tmp_path / "object.npz", "no readable npz file of plain arrays")
    (tmp_path / "cut.npz").write_bytes((tmp_path / "object.npz").read_bytes()[:100])
    refused(tmp_path / "cut.npz", "no readable npz file")
    save_file(state | {"features.0.bias": torch.full((4,), torch.nan)}, tmp_path / "nan.safetensors")
    refused(tmp_path / "nan.safetensors", "1 tensors are not finite, such as features.0.bias")
    save_file(state | {"head.weight": torch.ones(1)}, tmp_path / "more.safetensors")
    refused(tmp_path / "more.safetensors", "head.weight is none of its names")
    save_file({"features.0.weight": state["features.0.weight"].mT.flatten(1)}, tmp_path / "other.safetensors")
    refused(tmp_path / "other.safetensors", r"(?s)features.0.bias is missing.*features.0.weight is \(4, 27\), not")
    save_backbone(network, tmp_path / "project.safetensors")
    refused(tmp_path / "project.safetensors", "brings a normalisation: mean, std")
