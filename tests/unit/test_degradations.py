import numpy as np
import pytest
import torch
from PIL import Image

from asymmetry import registry
from asymmetry.data.degradations import SuperResolution
from asymmetry.errors import UserError


@pytest.fixture
def hr():
    return torch.from_numpy(np.random.default_rng(0).random((2, 3, 32, 48), dtype=np.float32))


def test_degraded_is_eight_bit_and_small(hr):
    task = registry.create("tasks", "super-resolution", scale=4)
    lr = task.degrade(hr)
    assert lr.shape == (2, 3, 8, 12)
    assert torch.allclose(lr * 255, (lr * 255).round(), atol=1e-4)
    assert lr.min() >= 0
    assert lr.max() <= 1
    assert task.upsample(lr).shape == hr.shape


def pillow(picture, size):
    channels = [Image.fromarray(channel).resize(size, Image.Resampling.BICUBIC) for channel in picture[0].numpy()]
    return torch.from_numpy(np.stack(channels))[None].clamp(0, 1)


def test_both_ways_are_pillows_antialiased_bicubic(hr):
    task = SuperResolution(4)
    assert torch.allclose(task.degrade(hr[:1]), pillow(hr[:1], (12, 8)), atol=0.51 / 255)
    assert torch.allclose(task.upsample(hr[:1]), pillow(hr[:1], (192, 128)), atol=1e-4)


def test_constant_pictures_stay(hr):
    flat = torch.full((1, 3, 16, 16), 51 / 255)
    task = SuperResolution(2)
    assert torch.allclose(task.upsample(task.degrade(flat)), flat, atol=1e-6)


def test_wrong_sizes_and_scales(hr):
    with pytest.raises(UserError, match="48 x 32 pixels cannot be divided by the scale 5"):
        SuperResolution(5).degrade(hr)
    with pytest.raises(UserError, match="factor of 1"):
        SuperResolution(1)
