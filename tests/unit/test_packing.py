import numpy as np
import pandas as pd
import pytest

from asymmetry import images, tables
from asymmetry.data import packing
from asymmetry.data.corpora import content, each_picture, make_corpus
from asymmetry.data.degradations import SuperResolution
from asymmetry.data.packing import Packed, check_disjoint, pack
from asymmetry.errors import UserError

TASK = {"object": "super-resolution", "scale": 4}
SIZES = {"a": (21, 30), "b": (16, 16), "c": (19, 8)}


def write_pictures(folder, seeds):
    for name, seed in seeds.items():
        pixels = np.random.default_rng(seed).integers(0, 256, (*SIZES[name], 3), dtype=np.uint8)
        images.write(pixels, folder / f"{name}.png")
    return folder


@pytest.fixture
def corpus(tmp_path):
    path = write_pictures(tmp_path / "pictures", {"a": 0, "b": 1, "c": 2})
    make_corpus(tmp_path / "corpus" / "manifest.csv", "folder", seed=0, path=path)
    return tmp_path / "corpus" / "manifest.csv"


@pytest.fixture
def index(corpus):
    pack(corpus, corpus.parent / "packed" / "sr-x4.csv", **TASK)
    return corpus.parent / "packed" / "sr-x4.csv"


def test_pairs_are_the_pictures_and_their_degraded_versions(corpus, index):
    packed, task = Packed(index, 4), SuperResolution(4)
    assert packed.scenes == ["a", "b", "c"]
    assert len(packed) == 3
    assert packed.sizes.tolist() == [[20, 28], [16, 16], [16, 8]]
    for number, (_, array) in enumerate(each_picture(corpus)):
        degraded, whole = packed.pair(number)
        height, width = packed.sizes[number]
        assert np.array_equal(whole, array[:height, :width])
        assert np.array_equal(degraded, images.to_array(task.degrade(images.to_tensor(whole.copy()))))
        assert degraded.shape == (height // 4, width // 4, 3)


def test_pixels_are_mapped_and_not_writable(index):
    packed = Packed(index, 4)
    for array in packed.pair(1):
        assert np.shares_memory(array, packed._pixels)
        assert isinstance(packed._pixels, np.memmap)
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0, 0] = 1


def test_the_index_knows_the_whole_pictures(corpus, index):
    frame = tables.read(index, "packed")
    assert list(frame["sha256"]) == [content(array) for _, array in each_picture(corpus)]


def test_the_same_bytes_again(corpus, index):
    files = [index, index.with_suffix(".npy")]
    before = [file.read_bytes() for file in files]
    pack(corpus, index, **TASK)
    assert [file.read_bytes() for file in files] == before
    assert sorted(path.name for path in index.parent.iterdir()) == ["sr-x4.csv", "sr-x4.npy"]


def test_pixels_without_their_index_are_refused(index):
    file = index.with_suffix(".npy")
    with pytest.raises(UserError, match=r"3009 bytes, not the 3540 of its index"):
        Packed(index, 2)
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(UserError, match=r"sr-x4\.npy cannot be read"):
        Packed(index, 4)
    file.unlink()
    with pytest.raises(UserError, match=r"delete .*sr-x4\.csv and run again"):
        Packed(index, 4)


def test_a_failed_run_leaves_no_index(corpus, index):
    (corpus.parent / "images" / "c.png").write_bytes(b"no image")
    with pytest.raises(UserError, match="not a readable image"):
        pack(corpus, index, **TASK)
    assert [path.name for path in index.parent.iterdir()] == ["sr-x4.npy"], "the old pixels, for which nothing vouches"


def test_a_picture_of_another_size_than_its_manifest_says(corpus, index):
    images.write(np.zeros((16, 20, 3), np.uint8), corpus.parent / "images" / "b.png")
    with pytest.raises(UserError, match="b has 20 x 16 pixels, not 16 x 16"):
        pack(corpus, index, **TASK)


def test_pictures_smaller_than_the_scale(corpus, tmp_path):
    with pytest.raises(UserError, match="less than 10 pixels a side:\n  - c"):
        pack(corpus, tmp_path / "packed.csv", object="super-resolution", scale=10)


def test_too_little_room_is_seen_before_anything_is_written(corpus, index, monkeypatch):
    monkeypatch.setattr(packing.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 3008}))
    with pytest.raises(UserError, match=r"take 0\.0 GB"):
        pack(corpus, index, **TASK)
    assert len(Packed(index, 4)) == 3, "what was there is untouched"
    monkeypatch.setattr(packing.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 3009}))
    pack(corpus, index, **TASK)


def test_disjoint(index, tmp_path):
    def check(seeds):
        path = write_pictures(tmp_path / "other", seeds)
        make_corpus(tmp_path / "held" / "manifest.csv", "folder", seed=0, path=path)
        frame = pd.read_csv(tmp_path / "held" / "manifest.csv")
        frame["image"] = "../other/" + frame["scene"] + ".png"  # as published corpora have it
        frame["scene"] = "held-" + frame["scene"]
        tables.write(frame, tmp_path / "held" / "manifest.csv", "corpus")
        check_disjoint(index, tmp_path / "held" / "manifest.csv")

    check({"a": 7, "b": 8})
    with pytest.raises(UserError, match="scene 'held-b' is the same picture as 'b'"):
        check({"a": 7, "b": 1})


def test_disjoint_refuses_a_shared_name(corpus, index):
    with pytest.raises(UserError, match="scene 'a' is in both"):
        check_disjoint(index, corpus)


def test_embedded_pools_are_disjoint(tmp_path):
    make_corpus(tmp_path / "scenes" / "manifest.csv", "scenes", seed=0, size=64)
    make_corpus(tmp_path / "pool" / "manifest.csv", "training-pool", seed=0, procedural_images=2, max_size=96)
    pack(tmp_path / "pool" / "manifest.csv", tmp_path / "packed.csv", **TASK)
    check_disjoint(tmp_path / "packed.csv", tmp_path / "scenes" / "manifest.csv")
