import numpy as np
import pandas as pd
import pytest

from asymmetry import images, tables
from asymmetry.data import embedded, photographs
from asymmetry.data.corpora import content, each_picture, load_corpus, load_scene, make_corpus
from asymmetry.data.pictures import Picture
from asymmetry.errors import UserError


def twice(seed):
    picture = Picture("same", "same", "", "", np.zeros((8, 8, 3), np.uint8))
    return [picture, picture]


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    manifest = tmp_path_factory.mktemp("scenes") / "manifest.csv"
    make_corpus(manifest, "scenes", seed=0, size=64)
    return manifest


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    manifest = tmp_path_factory.mktemp("pool") / "manifest.csv"
    make_corpus(manifest, "training-pool", seed=0, procedural_images=20, procedural_size=32, max_size=96)
    return manifest


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("a.png", "sub/b.png"):
        images.write(rng.integers(0, 256, (40, 50, 3), dtype=np.uint8), tmp_path / "mine" / name)
    return tmp_path / "mine"


def test_scenes_are_eight_colour_squares(scenes):
    frame = tables.read(scenes, "corpus")
    assert list(frame["scene"]) == sorted(photographs.SCENES)
    assert len(frame) == 8
    assert (frame["label"] == "").all()
    assert frame["credit"].str.len().min() > 20
    for scene, array in load_corpus(scenes):
        assert array.shape == (64, 64, 3), scene
        assert np.abs(array[..., 0].astype(int) - array[..., 2]).mean() > 3, f"{scene} is grey"


def test_native_scenes_are_larger_than_the_judged_size():
    assert all(min(picture.array.shape[:2]) >= 256 for picture in embedded.scenes(seed=0))


def test_training_pool_holds_photographs_and_generated_pictures(pool):
    frame = tables.read(pool, "corpus")
    assert (frame["label"] == "").sum() == len(photographs.TRAINING) == 12
    assert (frame["label"] != "").sum() == 20
    assert frame[["height", "width"]].to_numpy().max() == 96
    assert frame.loc[frame["scene"] == "page", ["height", "width"]].iloc[0].tolist() == [48, 96]


def test_pools_share_no_file():
    assert not set(photographs.SCENES) & set(photographs.TRAINING)
    files = {entry[:2] for entry in photographs.SCENES.values()} | {
        entry[:2] for entry in photographs.TRAINING.values()
    }
    assert len(files) == 20
    assert not any("right" in file for _, file in files), "the right view shows a scene of pool E"


def test_pictures_are_read_one_at_a_time(scenes, monkeypatch):
    read = []
    monkeypatch.setattr(images, "read", lambda path: read.append(path) or np.zeros((2, 2, 3), np.uint8))
    pictures = each_picture(scenes)
    assert not read
    next(pictures)
    assert len(read) == 1


def test_content_tells_pictures_apart():
    picture = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    others = [picture[::-1], picture.reshape(4, 2, 3), picture[:, ::-1], picture + 1]
    assert len({content(array) for array in (picture, *others)}) == 5
    assert content(picture.copy()) == content(np.asfortranarray(picture)) == content(picture)


def test_rerun_replaces_all_and_gives_the_same_bytes(tmp_path):
    manifest = tmp_path / "manifest.csv"
    make_corpus(manifest, "procedural", seed=3, images=4, size=16)
    first = {file.name: file.read_bytes() for file in (tmp_path / "images").iterdir()}
    make_corpus(manifest, "procedural", seed=3, images=2, size=16)
    second = {file.name: file.read_bytes() for file in (tmp_path / "images").iterdir()}
    assert len(second) == 2
    assert second.items() < first.items()


def test_a_failed_run_leaves_no_manifest(tmp_path):
    manifest = tmp_path / "manifest.csv"
    make_corpus(manifest, "procedural", seed=3, images=2, size=16)
    with pytest.raises(UserError, match="two pictures named 'same'"):
        make_corpus(manifest, f"{__name__}:twice", seed=0)
    assert not manifest.exists()


def test_too_large_a_size_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"chelsea has 451 x 300 pixels, too few for 301"):
        make_corpus(tmp_path / "manifest.csv", "scenes", seed=0, size=301)


def test_unknown_kind_and_empty_corpus(tmp_path):
    with pytest.raises(UserError, match="Did you mean 'scenes'"):
        make_corpus(tmp_path / "manifest.csv", "scense", seed=0)
    with pytest.raises(UserError, match="holds no picture"):
        make_corpus(tmp_path / "manifest.csv", "procedural", seed=0, images=0, size=16)


def test_missing_package_file_names_the_package(tmp_path, monkeypatch):
    monkeypatch.setitem(photographs.SCENES, "astronaut", ("skimage", "data/nobody.png", ""))
    with pytest.raises(UserError, match=r"scikit-image does not carry data/nobody\.png"):
        make_corpus(tmp_path / "manifest.csv", "scenes", seed=0)


def test_folder(folder, tmp_path):
    manifest = tmp_path / "out" / "manifest.csv"
    make_corpus(manifest, "folder", seed=0, path=folder)
    frame = pd.read_csv(manifest)
    assert list(frame["scene"]) == ["a", "sub-b"]
    assert frame[["height", "width"]].to_numpy().tolist() == [[40, 50]] * 2
    assert np.array_equal(load_corpus(manifest)[1][1], images.read(folder / "sub" / "b.png"))
    assert np.array_equal(load_scene(manifest, "sub-b"), images.read(folder / "sub" / "b.png"))
    with pytest.raises(UserError, match="Did you mean 'sub-b'"):
        load_scene(manifest, "sub-c")
    make_corpus(manifest, "folder", seed=0, path=folder, size=40)
    assert load_corpus(manifest)[0][1].shape == (40, 40, 3)


def test_hidden_files_are_no_pictures(folder, tmp_path):
    for name in ("._a.png", ".trash/c.png", "sub/._b.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"no image")
    hidden = folder.rename(tmp_path / ".mine")
    make_corpus(tmp_path / "manifest.csv", "folder", seed=0, path=hidden)
    assert list(pd.read_csv(tmp_path / "manifest.csv")["scene"]) == ["a", "sub-b"]


def test_what_is_left_out_of_a_folder_is_told(folder, tmp_path, caplog):
    for name in ("c.heic", "sub/d.HEIC", "notes", "._c.heic"):
        (folder / name).touch()
    make_corpus(tmp_path / "manifest.csv", "folder", seed=0, path=folder)
    assert "left out, as no pictures: 1 of no suffix, 2 of .heic" in caplog.text


def test_several_folders(folder, tmp_path):
    other = tmp_path / "other"
    images.write(np.full((50, 50, 3), 7, np.uint8), other / "a.png")
    manifest = tmp_path / "corpus" / "manifest.csv"
    make_corpus(manifest, "folder", seed=0, path=[folder, other])
    assert [scene for scene, _ in load_corpus(manifest)] == [f"{folder.name}-a", f"{folder.name}-sub-b", "other-a"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"no picture in .*empty"):
        make_corpus(manifest, "folder", seed=0, path=[folder, tmp_path / "empty"])


def test_folder_lists_all_its_problems(folder, tmp_path):
    (folder / "broken.png").write_bytes(b"no image")
    (folder / "copy.png").write_bytes((folder / "a.png").read_bytes())
    images.write(np.zeros((10, 60, 3), np.uint8), folder / "low.png")
    images.write(np.full((50, 50, 3), 9, np.uint8), folder / "sub-b.png")
    with pytest.raises(UserError) as error:
        make_corpus(tmp_path / "manifest.csv", "folder", seed=0, path=folder, size=32)
    message = str(error.value)
    assert "4 problem(s)" in message
    for part in ("broken.png is not a readable image", "copy.png: the same picture as", "60 x 10 pixels", "'sub-b'"):
        assert part in message


def test_folder_without_pictures(tmp_path):
    with pytest.raises(UserError, match="no picture in"):
        make_corpus(tmp_path / "manifest.csv", "folder", seed=0, path=tmp_path / "absent")
