import threading

import numpy as np
import pytest
import torch

from asymmetry import images
from asymmetry.compute import stable_seed
from asymmetry.data.batches import Ahead, PairedCrops
from asymmetry.data.corpora import load_corpus, make_corpus
from asymmetry.data.degradations import SuperResolution
from asymmetry.data.packing import pack
from asymmetry.errors import UserError

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    rng = np.random.default_rng(0)
    for number, (height, width) in enumerate([(70, 50), (48, 90), (64, 64)]):
        picture = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        picture[..., 0] = 80 * number
        images.write(picture, folder / "pictures" / f"{number}.png")
    make_corpus(folder / "manifest.csv", "folder", seed=0, path=folder / "pictures")
    return folder / "manifest.csv"


@pytest.fixture(scope="module")
def corpus(manifest):
    pack(manifest, manifest.with_name("packed.csv"), object="super-resolution", scale=4)
    return manifest.with_name("packed.csv")


def test_shapes_and_range(corpus):
    lr, hr = PairedCrops(corpus, 4, crop=32, batch=5, seed=0).batch_at(1)
    assert lr.shape == (5, 3, 8, 8)
    assert hr.shape == (5, 3, 32, 32)
    assert lr.dtype == hr.dtype == torch.float32
    assert lr.is_contiguous()
    assert hr.is_contiguous()
    assert 0 <= hr.min() < hr.max() <= 1


def test_a_batch_depends_on_seed_and_step_alone(corpus):
    crops = PairedCrops(corpus, 4, crop=32, batch=4, seed=0)
    first = crops.batch_at(7)
    crops.batch_at(8)
    again = PairedCrops(corpus, 4, crop=32, batch=4, seed=0).batch_at(7)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[1], crops.batch_at(8)[1])
    assert not torch.equal(first[1], PairedCrops(corpus, 4, crop=32, batch=4, seed=1).batch_at(7)[1])


def plainly(manifest, task, crop, batch, seed, step):
    """The same with every picture decoded, degraded and turned in memory, by torch."""
    pairs = []
    for _, array in load_corpus(manifest):
        height, width = (length - length % task.scale for length in array.shape[:2])
        hr = images.to_tensor(array[:height, :width])
        pairs.append((task.degrade(hr)[0], hr[0]))
    rng = np.random.default_rng(stable_seed("batches", seed, step))
    size, crops = crop // task.scale, []
    for _ in range(batch):
        pair = pairs[rng.integers(len(pairs))]
        top, left = (int(rng.integers(length - size + 1)) for length in pair[0].shape[-2:])
        turns, mirrored = int(rng.integers(4)), rng.integers(2)
        parts = []
        for picture, factor in zip(pair, (1, task.scale), strict=True):
            part = picture[:, top * factor : (top + size) * factor, left * factor : (left + size) * factor]
            part = torch.rot90(part, turns, (1, 2))
            parts.append(part.flip(2) if mirrored else part)
        crops.append(parts)
    return [torch.stack(side) for side in zip(*crops, strict=True)]


def test_batches_are_those_of_pictures_in_memory(manifest, corpus):
    crops = PairedCrops(corpus, 4, crop=32, batch=16, seed=3)
    for step in (1, 2, 99):
        for ours, theirs in zip(
            crops.batch_at(step), plainly(manifest, SuperResolution(4), 32, 16, 3, step), strict=True
        ):
            assert torch.equal(ours, theirs)


def test_crops_are_aligned(corpus):
    """Degrading a crop gives the degraded crop, but for its border, which saw more of the picture."""
    lr, hr = PairedCrops(corpus, 4, crop=48, batch=12, seed=0).batch_at(0)
    inner = (..., slice(2, -2), slice(2, -2))
    assert torch.allclose(SuperResolution(4).degrade(hr)[inner], lr[inner], atol=1.01 / 255)


def test_every_picture_position_and_turn_is_seen(corpus):
    _, hr = PairedCrops(corpus, 4, crop=48, batch=200, seed=0).batch_at(0)
    share = [(hr[:, 0, 0, 0] * 255).round().eq(80 * number).float().mean().item() for number in range(3)]
    assert min(share) > 0.2
    seen = hr[(hr[:, 0, 0, 0] * 255).round() == 80]
    corners = {tuple((picture[1, :2, :2] * 255).round().flatten().tolist()) for picture in seen}
    assert len(corners) > 35, "few of 11 positions x 8 turns"


def test_too_small_pictures_and_odd_crops(corpus):
    with pytest.raises(UserError, match="1: 88 x 48") as error:
        PairedCrops(corpus, 4, crop=64, batch=1, seed=0)
    assert "0: 48 x 68" in str(error.value)
    with pytest.raises(UserError, match="30 pixels cannot be divided"):
        PairedCrops(corpus, 4, crop=30, batch=1, seed=0)


class Steps:
    """Batches that hold their step, and remember by whom they were made."""

    def __init__(self):
        self.made = {}

    def batch_at(self, step):
        self.made[step] = threading.current_thread()
        if step == 13:
            raise UserError("no batch 13")
        return torch.tensor([step]), torch.tensor([-step])


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_batches_made_ahead_are_the_same_in_any_order(workers):
    steps = Steps()
    ahead = Ahead(steps, CPU, workers)
    for step in (1, 2, 3, 7, 8, 2, 9):
        assert [side.item() for side in ahead.batch_at(step)] == [step, -step]
    here = [step for step, thread in steps.made.items() if thread is threading.current_thread()]
    assert here == ([] if workers else [1, 2, 3, 7, 8, 9])


def test_so_many_batches_are_begun():
    steps = Steps()
    ahead = Ahead(steps, CPU, 2)
    ahead.batch_at(5)
    ahead.batch_at(6)
    ahead.batch_at(7)
    assert set(steps.made) >= {5, 6, 7}
    assert set(steps.made) <= {5, 6, 7, 8, 9}


def test_what_goes_wrong_in_a_thread_is_raised_where_it_is_wanted():
    ahead = Ahead(Steps(), CPU, 2)
    ahead.batch_at(11)
    ahead.batch_at(12)
    with pytest.raises(UserError, match="no batch 13"):
        ahead.batch_at(13)
