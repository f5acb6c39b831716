import itertools

import pytest
import torch
from torch import nn

from asymmetry import artifacts, registry
from asymmetry.errors import UserError
from asymmetry.networks.backbones import (
    Backbone,
    calibrate_batch_norm,
    create_backbone,
    initialise,
    load_backbone,
    save_backbone,
    set_weights,
)
from asymmetry.networks.convolution import L2Pool

NARROW = ["narrow-vgg", "narrow-resnet", "narrow-convnext", "narrow-vit", "narrow-swin"]
FULL = ["vgg-16", "resnet-50", "convnext-tiny", "swin-tiny", "squeezenet-1-1", "clip-vit-b16", "dinov2-vits14"]
LARGE = ["dinov2-vitb14"]


def random_backbone(name, seed=0, **options):
    backbone = create_backbone(name, **options)
    initialise(backbone, seed)
    return backbone.eval()


def picture(*size, seed=0):
    return torch.rand(*size, generator=torch.Generator().manual_seed(seed))


def test_registry_lists_all_members():
    assert set(registry.table()["backbones"]) == set(NARROW + FULL + LARGE)


@pytest.mark.parametrize("name", NARROW + FULL)
def test_maps_are_as_declared(name):
    backbone = random_backbone(name)
    assert backbone.architecture == registry.entry("backbones", name).architecture
    x = picture(1, 3, 64, 64).requires_grad_()
    maps = backbone(x)
    resized = 70 if backbone.multiple == 14 else 64
    assert [tuple(part.shape) for part in maps] == [
        (1, channels, resized // stride, resized // stride)
        for channels, stride in zip(backbone.channels, backbone.strides, strict=True)
    ]
    assert all(part.isfinite().all() and part.std() > 1e-3 for part in maps)
    sum(part.square().mean() for part in maps).backward()
    assert x.grad.isfinite().all()
    assert x.grad.abs().amax() > 0
    assert all(parameter.grad is not None for parameter in backbone.parameters())

    with torch.no_grad():
        odd = backbone(picture(1, 3, 75, 50))
        assert [part.shape[1] for part in odd] == list(backbone.channels)
        assert all(part.isfinite().all() for part in odd)
        for part, stride in zip(odd, backbone.strides, strict=True):
            assert tuple(part.shape[2:]) == pytest.approx((75 / stride, 50 / stride), abs=1)
        first = backbone(picture(1, 3, 75, 50), last=0)
    assert len(first) == 1
    assert torch.equal(first[0], odd[0])


@pytest.mark.parametrize("name", NARROW)
def test_random_weights_depend_on_the_seed_alone(name):
    one, again, other = (random_backbone(name, seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(one[key], again[key]) for key in one)
    weights = [key for key in one if one[key].dim() > 1 and key not in ("mean", "std")]
    assert not any(torch.equal(one[key], other[key]) for key in weights)


@pytest.mark.parametrize("name", NARROW)
def test_random_signal_neither_vanishes_nor_explodes(name):
    backbone = random_backbone(name)
    calibrate_batch_norm(backbone, picture(4, 3, 64, 64))
    with torch.no_grad():
        scales = [part.std().item() for part in backbone(picture(4, 3, 64, 64, seed=1))]
    assert min(scales) > 0.3
    assert max(scales) < 10


def test_narrow_members_have_the_promised_size():
    sizes = {name: sum(part.numel() for part in create_backbone(name).parameters()) for name in NARROW}
    assert all(150_000 < size < 250_000 for size in sizes.values())
    assert max(sizes["narrow-vgg"], sizes["narrow-vit"]) <= 1.2 * min(sizes["narrow-vgg"], sizes["narrow-vit"])
    assert sum(part.numel() for part in create_backbone("narrow-vit", width=32).parameters()) < 70_000


@pytest.mark.parametrize("name", NARROW)
def test_narrow_members_have_a_stage_at_stride_8_and_end_at_16(name):
    strides = create_backbone(name).strides
    assert 8 in strides
    assert max(strides) <= 16


def test_l2_pooling_by_hand():
    x = picture(2, 3, 5, 6).double()
    pooled = L2Pool().double()(x)
    window = torch.outer(torch.tensor([1.0, 2.0, 1.0]), torch.tensor([1.0, 2.0, 1.0])).double() / 16
    padded = nn.functional.pad(x, (1, 1, 1, 1))
    assert pooled.shape == (2, 3, 3, 3)
    for row, column in itertools.product(range(3), range(3)):
        around = padded[:, :, 2 * row : 2 * row + 3, 2 * column : 2 * column + 3]
        expected = ((around.square() * window).sum((2, 3)) + 1e-12).sqrt()
        assert torch.allclose(pooled[:, :, row, column], expected, atol=1e-9)


def test_l2_pooling_has_a_finite_gradient_at_zero():
    x = torch.zeros(1, 1, 4, 4, requires_grad=True)
    L2Pool()(x).sum().backward()
    assert x.grad.isfinite().all()


def test_l2_pooling_keeps_the_weights(tmp_path):
    plain = random_backbone("narrow-vgg")
    save_backbone(plain, tmp_path / "weights.safetensors", initialisation="random")
    pooled = load_backbone("narrow-vgg", tmp_path / "weights.safetensors", pooling="l2")
    maps, others = plain(picture(1, 3, 32, 32)), pooled(picture(1, 3, 32, 32))
    assert torch.equal(maps[0], others[0])
    assert not torch.allclose(maps[1], others[1])
    with pytest.raises(UserError, match="pooling"):
        create_backbone("narrow-vit", pooling="l2")
    with pytest.raises(UserError, match="unknown pooling 'median'"):
        create_backbone("narrow-vgg", pooling="median")


def test_vgg16_is_that_of_torchvision():
    from torchvision.models import vgg

    backbone = random_backbone("vgg-16")
    layers = vgg.make_layers(vgg.cfgs["D"])
    layers.load_state_dict(backbone.features.state_dict())
    x = picture(1, 3, 32, 48)
    outputs = []
    y = (x - torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)) / torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    for layer in layers:
        y = layer(y)
        outputs.append(y.clone())
    for part, index in zip(backbone(x), (3, 8, 15, 22, 29), strict=True):
        assert torch.allclose(part, outputs[index], atol=1e-5)


def test_swin_maps_are_channels_first():
    backbone = random_backbone("swin-tiny")
    x = picture(1, 3, 64, 32)
    normalised = (x - backbone.mean) / backbone.std
    with torch.no_grad():
        assert torch.equal(backbone(x)[0], backbone.features[:2](normalised).permute(0, 3, 1, 2))


def test_squeezenet_is_that_of_torchvision():
    from torchvision.models import squeezenet1_1

    backbone = random_backbone("squeezenet-1-1")
    theirs = squeezenet1_1(weights=None).features.eval()
    theirs.load_state_dict(backbone.features.state_dict())
    x = picture(1, 3, 64, 48)
    y = (x - backbone.mean) / backbone.std
    with torch.no_grad():
        maps = backbone(x)
        inside = theirs[:2](y)
        assert torch.equal(maps[0][..., :31, :23], inside)
        assert torch.equal(maps[-1], theirs(nn.functional.pad(y, (0, 1, 0, 1), mode="replicate")))
    assert [tuple(part.shape[2:]) for part in maps] == [(32, 24), (16, 12), (8, 6), (4, 3)]


@pytest.mark.parametrize("shift", [0, 2])
def test_window_attention_keeps_to_its_windows(shift):
    from asymmetry.networks.attention import WindowAttention

    attention = WindowAttention(width=8, heads=2, window=4, shift=shift)
    initialise(attention, 0)
    x = picture(1, 9, 9, 8).requires_grad_()  # no multiple of the window
    attention(x)[0, 5, 5].sum().backward()
    seen = x.grad.abs().sum((0, 3)).nonzero()
    first = 4 if shift == 0 else 2
    assert seen.min(0).values.tolist() == [first, first]
    assert seen.max(0).values.tolist() == [first + 3, first + 3]
    x.grad = None
    attention(x)[0, 0, 0].sum().backward()  # a corner: beside the seam of the shift
    assert x.grad.abs().sum((0, 3)).nonzero().max().item() == (3 if shift == 0 else 1)


def test_calibration_sets_batch_norm_statistics():
    backbone = random_backbone("narrow-resnet")
    images = picture(8, 3, 32, 32)
    calibrate_batch_norm(backbone, images)
    assert not backbone.training
    stem = backbone.stem[0]((images - backbone.mean) / backbone.std)
    assert torch.allclose(backbone.stem[1].running_mean, stem.mean((0, 2, 3)), atol=1e-5)
    assert torch.allclose(backbone.stem[1].running_var, stem.var((0, 2, 3)), rtol=1e-4)
    assert backbone.stem[1].momentum == 0.1


def test_wrong_weights_are_refused(tmp_path):
    path = tmp_path / "weights.safetensors"
    save_backbone(random_backbone("narrow-vgg"), path)
    with pytest.raises(UserError, match="does not fit NarrowVit"):
        load_backbone("narrow-vit", path)
    state = artifacts.load_tensors(path)
    state.popitem()
    artifacts.save_tensors(state, path)
    with pytest.raises(UserError, match="does not fit Vgg"):
        load_backbone("narrow-vgg", path)


def test_bad_requests_are_refused():
    with pytest.raises(UserError, match="Did you mean 'narrow-vgg'"):
        create_backbone("narow-vgg")
    with pytest.raises(UserError, match="not a backbone"):
        create_backbone("torch.nn:Identity")
    with pytest.raises(UserError, match="too small"):
        create_backbone("narrow-vgg")(picture(1, 3, 8, 64))


class Stem(Backbone):
    architecture = "convolution"

    def __init__(self):
        super().__init__((4,), (2,))
        self.stem = nn.Conv2d(3, 4, 3, 2, 1)

    def extract(self, x):
        yield self.stem(x)


def test_a_backbone_of_the_users_own():
    assert create_backbone(f"{__name__}:Stem")(picture(1, 3, 16, 16))[0].shape == (1, 4, 8, 8)


def test_the_normalisation_travels_with_the_weights(tmp_path):
    backbone = random_backbone("narrow-vgg")
    backbone.mean.fill_(0.25)
    backbone.std.fill_(0.5)
    save_backbone(backbone, tmp_path / "weights.safetensors")
    loaded = load_backbone("narrow-vgg", tmp_path / "weights.safetensors")
    assert loaded.mean.flatten().tolist() == [0.25] * 3
    assert torch.equal(loaded(picture(1, 3, 32, 32))[0], backbone(picture(1, 3, 32, 32))[0])


def test_weights_from_elsewhere_fit_in_every_name_and_shape():
    backbone, other = random_backbone("narrow-resnet"), random_backbone("narrow-resnet", seed=1)
    weights = {key: value for key, value in other.state_dict().items() if key not in ("mean", "std")}
    backbone.mean.fill_(0.25)
    set_weights(backbone, {key: value for key, value in weights.items() if "num_batches" not in key}, "file")
    assert torch.equal(backbone.stem[0].weight, other.stem[0].weight)
    assert backbone.mean.flatten().tolist() == [0.25] * 3
    for change, message in [
        ({"stem.0.weight": weights["stem.0.weight"][:1]}, r"stem.0.weight is \(1, 3, 7, 7\), not \(16, 3, 7, 7\)"),
        ({"fc.weight": torch.ones(1)}, "fc.weight is none of its names"),
        ({"mean": torch.ones(1)}, "brings a normalisation: mean"),
    ]:
        with pytest.raises(UserError, match=message):
            set_weights(backbone, weights | change, "file")
    weights.pop("stem.0.weight")
    with pytest.raises(UserError, match=r"^file does not fit NarrowResnet:\n  - stem.0.weight is missing$"):
        set_weights(backbone, weights, "file")


def test_the_beginning_that_all_names_share_may_be_missing():
    backbone, other = random_backbone("narrow-vgg"), random_backbone("narrow-vgg", seed=1)
    set_weights(backbone, other.features.state_dict(), "file")
    assert torch.equal(backbone.features[0].weight, other.features[0].weight)
