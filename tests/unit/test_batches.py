import numpy as np
import pytest
import torch

from asymmetry import images
from asymmetry.data.batches import PairedCrops
from asymmetry.data.corpora import make_corpus
from asymmetry.data.degradations import SuperResolution
from asymmetry.errors import UserError


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    rng = np.random.default_rng(0)
    for number, (height, width) in enumerate([(70, 50), (48, 90), (64, 64)]):
        picture = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        picture[..., 0] = 80 * number
        images.write(picture, folder / "pictures" / f"{number}.png")
    make_corpus(folder / "manifest.csv", "folder", seed=0, path=folder / "pictures")
    return folder / "manifest.csv"


def test_shapes_and_range(corpus):
    lr, hr = PairedCrops(corpus, SuperResolution(4), crop=32, batch=5, seed=0).batch_at(1)
    assert lr.shape == (5, 3, 8, 8)
    assert hr.shape == (5, 3, 32, 32)
    assert lr.dtype == hr.dtype == torch.float32
    assert 0 <= hr.min() < hr.max() <= 1


def test_a_batch_depends_on_seed_and_step_alone(corpus):
    crops = PairedCrops(corpus, SuperResolution(4), crop=32, batch=4, seed=0)
    first = crops.batch_at(7)
    crops.batch_at(8)
    again = PairedCrops(corpus, SuperResolution(4), crop=32, batch=4, seed=0).batch_at(7)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[1], crops.batch_at(8)[1])
    assert not torch.equal(first[1], PairedCrops(corpus, SuperResolution(4), crop=32, batch=4, seed=1).batch_at(7)[1])


def test_crops_are_aligned(corpus):
    """Degrading a crop gives the degraded crop, but for its border, which saw more of the picture."""
    task = SuperResolution(4)
    lr, hr = PairedCrops(corpus, task, crop=48, batch=12, seed=0).batch_at(0)
    inner = (..., slice(2, -2), slice(2, -2))
    assert torch.allclose(task.degrade(hr)[inner], lr[inner], atol=1.01 / 255)


def test_every_picture_position_and_turn_is_seen(corpus):
    crops = PairedCrops(corpus, SuperResolution(2), crop=48, batch=200, seed=0)
    _, hr = crops.batch_at(0)
    share = [(hr[:, 0, 0, 0] * 255).round().eq(80 * number).float().mean().item() for number in range(3)]
    assert min(share) > 0.2
    whole = crops.pairs[1][1]
    assert whole.shape == (3, 48, 90)
    seen = hr[(hr[:, 0, 0, 0] * 255).round() == 80]
    corners = {tuple((picture[1, :2, :2] * 255).round().flatten().tolist()) for picture in seen}
    assert len(corners) > 40, "few of 22 positions x 8 turns"


def test_too_small_pictures_and_odd_crops(corpus):
    with pytest.raises(UserError, match="1: 90 x 48") as error:
        PairedCrops(corpus, SuperResolution(4), crop=64, batch=1, seed=0)
    assert "0: 50 x 70" in str(error.value)
    with pytest.raises(UserError, match="30 pixels cannot be divided"):
        PairedCrops(corpus, SuperResolution(4), crop=30, batch=1, seed=0)
