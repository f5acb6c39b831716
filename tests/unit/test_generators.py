import copy

import pytest
import torch
from safetensors.torch import save_file
from spandrel.architectures.SwinIR.__arch.SwinIR import SwinTransformerBlock

from asymmetry.artifacts import load_into, read_facts
from asymmetry.errors import UserError
from asymmetry.networks import generators
from asymmetry.networks.files import published_generator
from asymmetry.networks.generators import UPSAMPLERS, create_generator

TINY = {
    "swinir": {"embed_dim": 8, "depths": [2], "num_heads": [2], "upsampler": "pixelshuffle"},
    "hat": {"embed_dim": 12, "depths": [2], "num_heads": [2], "window_size": 8, "squeeze_factor": 6},
    "rcan": {"n_feats": 8, "n_resgroups": 2, "n_resblocks": 2, "reduction": 4},
    "rrdb": {"num_filters": 8, "num_blocks": 2},
}


@pytest.mark.parametrize("upsampler", UPSAMPLERS)
@pytest.mark.parametrize("size", [(16, 16), (13, 22), (5, 9)])
def test_output_is_exactly_scale_times_the_input(upsampler, size):
    generator = create_generator("swinir", 4, upsampler=upsampler)
    x = torch.rand(2, 3, *size)
    output = generator(x)
    assert output.shape == (2, 3, 4 * size[0], 4 * size[1])
    output.mean().backward()
    assert all(parameter.grad is not None for parameter in generator.parameters())


def test_seeded_and_without_chance_in_training():
    generators = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        generators.append(create_generator("swinir", 2).train())
    x = torch.rand(1, 3, 16, 16)
    one, again, other = (generator(x) for generator in generators)
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert torch.equal(one, generators[0](x))


def test_attention_masks_are_made_once_and_change_nothing(monkeypatch):
    """Of a size other than spandrel's default of 64; the blocks of a copy share them."""
    calls = []
    make = SwinTransformerBlock.calculate_mask
    monkeypatch.setattr(
        SwinTransformerBlock, "calculate_mask", lambda block, size: calls.append(size) or make(block, size)
    )
    torch.manual_seed(0)
    kept = create_generator("swinir", 4)
    plain = copy.deepcopy(kept)
    for part in plain.modules():
        vars(part).pop("calculate_mask", None)
    assert list(kept.state_dict()) == list(plain.state_dict())
    generators._mask.cache_clear()
    x = torch.rand(1, 3, 16, 24)
    calls.clear()
    expected = plain(x)
    assert calls == [(16, 24)] * 4
    calls.clear()
    for _ in range(2):
        assert torch.equal(kept(x), expected)
        assert torch.equal(copy.deepcopy(kept)(x), expected)
    assert calls == [(16, 24)] * 2, "without and with shift"


def test_options_change_the_network():
    small, wide = (
        sum(part.numel() for part in create_generator("swinir", 4, **options).parameters())
        for options in ({}, {"embed_dim": 60, "depths": [6, 6], "num_heads": [6, 6]})
    )
    assert small < 150_000 < wide


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"upsampler": "bicubic"}, "unknown upsampler 'bicubic'"),
        ({"scale": 5}, "no scale 5"),
        ({"scale": 3, "upsampler": "nearest+conv"}, "no scale 3"),
        ({"depths": [2]}, "do not fit"),
        ({"num_heads": [3, 3]}, "do not fit"),
        ({"embedding": 3}, "cannot be made with options"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(UserError, match=message):
        create_generator("swinir", **{"scale": 4, **options})


@pytest.mark.parametrize("name", TINY)
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_every_generator_is_trainable_at_any_size(name, scale):
    torch.manual_seed(0)
    generator = create_generator(name, scale, **TINY[name]).train()
    x = torch.rand(2, 3, 13, 10, requires_grad=True)
    before = x.detach().clone()
    output = generator(x)
    assert output.shape == (2, 3, 13 * scale, 10 * scale)
    assert torch.equal(x, before), "the input is left as it was"
    output.square().mean().backward()
    frozen = {key for key, parameter in generator.named_parameters() if not parameter.requires_grad}
    assert all("_mean." in key for key in frozen)
    assert (name == "rcan") == bool(frozen)
    assert all(parameter.grad is not None for parameter in generator.parameters() if parameter.requires_grad)
    assert torch.equal(generator(x), output), "nothing is random in training"


@pytest.mark.parametrize(
    ("name", "millions"),
    [("swinir-lightweight", 0.9), ("swinir-classical", 11.9), ("hat", 20.8), ("rcan", 15.6), ("rrdb", 16.7)],
)
def test_published_sizes(name, millions):
    generator = create_generator(name, 4)
    size = sum(parameter.numel() for parameter in generator.parameters() if parameter.requires_grad)
    assert size / 1e6 == pytest.approx(millions, abs=0.05)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("hat", {"scale": 5}, "HAT has no scale 5"),
        ("hat", {"num_heads": [5]}, "HAT: depths .* do not fit"),
        ("hat", {"squeeze_factor": 30}, "must not exceed embed_dim, 12"),
        ("rcan", {"scale": 6}, "RCAN has no scale 6"),
        ("rcan", {"reduction": 9}, "must not exceed n_feats, 8"),
        ("rrdb", {"scale": 5}, "RRDB has no scale 5"),
        ("swinir-classical", {"embed_dim": 8}, "cannot be made with options"),
    ],
)
def test_bad_options_of_the_others(name, options, message):
    with pytest.raises(UserError, match=message):
        create_generator(name, **{"scale": 4, **TINY.get(name, {}), **options})


def official(name, generator):
    """The weights of a generator as its authors' files hold them."""
    state = {key: torch.randn_like(value) if value.is_floating_point() else value
             for key, value in generator.state_dict().items()}  # fmt: skip
    if name == "swinir":  # trained on patches of 48 pixels, which the masks show
        state = {key: torch.zeros(36, 64, 64) if key.endswith("attn_mask") else value for key, value in state.items()}
    if name != "rrdb":
        return state, state
    theirs = {}
    for key, value in state.items():
        parts = key.split(".")
        if parts[1] == "1" and parts[3] != "2":
            new = f"body.{parts[3]}.rdb{parts[4][-1]}.{parts[5]}.{parts[7]}"
        else:
            place = {
                "0": "conv_first",
                "1": "conv_body",
                "3": "conv_up1",
                "6": "conv_up2",
                "8": "conv_hr",
                "10": "conv_last",
            }
            new = f"{place[parts[1]]}.{parts[-1]}"
        theirs[new] = value
    return state, theirs


@pytest.mark.parametrize("name", TINY)
@pytest.mark.parametrize("form", ["params", "params_ema", "plain", "module", "safetensors"])
def test_published_weights_in_their_authors_format(tmp_path, name, form):
    torch.manual_seed(0)
    options = TINY[name]
    state, theirs = official(name, create_generator(name, 4, **options))
    path = tmp_path / f"theirs.{'safetensors' if form == 'safetensors' else 'pth'}"
    if form == "safetensors":
        save_file(theirs, path)
    elif form == "module":
        torch.save({f"module.{key}": value for key, value in theirs.items()}, path)
    else:
        torch.save(theirs if form == "plain" else {form: theirs}, path)
    published_generator(name, 4, options, path, tmp_path / "pretrained.safetensors")
    generator = create_generator(name, 4, **options)
    load_into(generator, tmp_path / "pretrained.safetensors")
    for key, parameter in generator.named_parameters():
        assert torch.equal(parameter, state[key]), key
    assert generator(torch.rand(1, 3, 12, 9)).isfinite().all()
    facts = read_facts(tmp_path / "pretrained.safetensors")
    assert (facts["generator"], facts["file"]) == (name, path.name)


def test_published_weights_that_do_not_fit(tmp_path):
    def refused(message, name="swinir", scale=4, path=tmp_path / "w.pth", **options):
        with pytest.raises(UserError, match=message):
            published_generator(name, scale, TINY[name] | options, path, tmp_path / "pretrained.safetensors")
        assert not (tmp_path / "pretrained.safetensors").exists()

    state, _ = official("swinir", create_generator("swinir", 4, **TINY["swinir"]))
    torch.save({"params": state}, tmp_path / "w.pth")
    refused(r"w.pth does not fit swinir at scale 2:\n  - upsample.2.weight is none of its names", scale=2)
    refused(r"conv_first.weight is \(8, 3, 3, 3\), not \(16, 3, 3, 3\)", embed_dim=16)
    refused("conv_before_upsample.0.weight is none of its names", upsampler="pixelshuffledirect")
    refused("does not fit rcan", name="rcan")
    refused("no readable file of weights", path=tmp_path / "nothing.pth")
    torch.save({"epoch": 3, "optimizer": {"lr": 1}}, tmp_path / "training.pth")
    refused("holds no plain weights", path=tmp_path / "training.pth")
    torch.save({"params": state | {"more": torch.ones(1)}}, tmp_path / "more.pth")
    refused("more is none of its names", path=tmp_path / "more.pth")
    torch.save(state | {"conv_last.bias": torch.full((3,), torch.inf)}, tmp_path / "inf.pth")
    refused("1 tensors are not finite, such as conv_last.bias", path=tmp_path / "inf.pth")

    _, theirs = official("rrdb", create_generator("rrdb", 4, **TINY["rrdb"]))
    torch.save(theirs | {"conv_more.weight": torch.ones(1)}, tmp_path / "rrdb.pth")
    refused("holds 73 tensors, of which spandrel knows only 72", name="rrdb", path=tmp_path / "rrdb.pth")
    theirs.pop("body.1.rdb3.conv5.bias")
    torch.save(theirs, tmp_path / "rrdb.pth")
    refused("does not fit rrdb", name="rrdb", path=tmp_path / "rrdb.pth")
