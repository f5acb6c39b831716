import pytest
import torch

from asymmetry.errors import UserError
from asymmetry.networks.generators import UPSAMPLERS, create_generator


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
