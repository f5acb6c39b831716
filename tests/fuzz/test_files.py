"""Broken tables of ratings and broken pictures: each is read, or refused in words. Never a traceback."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from PIL import Image

from asymmetry import images, tables
from asymmetry.data.corpora import make_corpus
from asymmetry.data.rated import make_rated
from asymmetry.errors import UserError
from tests.fuzz import manifests
from tests.fuzz.settings import QUICK, refusal


def read_picture(content: bytes, folder: Path) -> bool:
    """Whether a picture can be read; else the message names it in one line."""
    path = folder / "picture.png"
    path.write_bytes(content)
    if message := refusal(images.read, path):
        assert str(path) in message
        assert len(message) < 500
        return False
    array = images.read(path)
    assert array.dtype == np.uint8
    assert array.ndim == 3
    assert array.shape[2] == 3
    return True


def own_folder(folder: Path) -> Path:
    """Pictures that the tables of `manifests.tables` name, in `folder/own`."""
    own = folder / "own"
    for number, name in enumerate(("a", "b", "c", "ref", "small", "../out")):
        noise = np.random.default_rng(number).integers(0, 256, (6, 6 + (name == "small"), 3), dtype=np.uint8)
        images.write(noise, own / f"{name}.png")
    (own / "broken.png").write_bytes(b"broken")
    return own


def read_table(content: bytes, own: Path, mode: str) -> bool:
    """Whether a table can be made a rated dataset; else the message names the table, and no manifest is left."""
    path, manifest = own / "scores.csv", own.parent / "rated" / "manifest.csv"
    path.write_bytes(content)
    manifest.unlink(missing_ok=True)
    message = refusal(make_rated, manifest, "csv", 0, path=path, mode=mode, higher_is_better=True)
    assert {child.name for child in own.parent.iterdir()} <= {"own", "rated", "out.png"}
    if message:
        assert str(path) in message
        assert len(message) < 40_000
        assert not manifest.exists()
        return False
    frame = tables.read(manifest, "rated")
    assert frame["score"].between(0, 1).all()
    assert set(frame["image"]) <= {f"images/{n:05d}.png" for n in range(1, 20)}
    return True


@pytest.mark.filterwarnings("ignore")
@QUICK
@given(content=manifests.pictures())
def test_broken_pictures(tmp_path_factory, content):
    read_picture(content, tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def own(tmp_path_factory) -> Path:
    return own_folder(tmp_path_factory.mktemp("ratings"))


@pytest.mark.parametrize("mode", ["fr", "nr"])
def test_broken_tables(own, mode):
    @QUICK
    @given(manifests.tables())
    def check(content):
        read_table(content, own, mode)

    check()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a\nb.png", r"its name cannot be a scene's"),
        (os.fsdecode(b"\xff.png"), r"\\udcff.png': its name cannot be a scene's"),
        ("é" * 101 + ".png", r"at most 200 printable bytes"),
        ("a.jpg", r"would be the scene 'a', as .*a.jpg is|would be the scene 'a'"),
        ("copy.png", r"copy.png: the same picture as .*a.png"),
        ("broken.png", r"broken\.png is not a readable image"),
    ],
)
def test_folders_with_a_file_that_cannot_be_a_scene(tmp_path, name, message):
    noise = np.random.default_rng(0).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    images.write(noise, tmp_path / "own" / "a.png")
    path = tmp_path / "own" / name
    if name == "broken.png":
        path.write_bytes(b"no image")
    else:
        Image.fromarray(255 - noise).save(path)
        if name == "copy.png":
            shutil.copy(tmp_path / "own" / "a.png", path)
    with pytest.raises(UserError, match=message) as error:
        make_corpus(tmp_path / "out" / "manifest.csv", "folder", seed=0, path=tmp_path / "own")
    assert str(error.value).encode(), "it can be printed"
    assert not (tmp_path / "out" / "manifest.csv").exists()


def test_a_folder_with_links_and_pipes(tmp_path):
    """What is no regular file is no picture, and a circle of links has an end."""
    noise = np.random.default_rng(0).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    images.write(noise, tmp_path / "own" / "a.png")
    (tmp_path / "own" / "self").symlink_to(tmp_path / "own")
    (tmp_path / "own" / "dangling.png").symlink_to(tmp_path / "absent.png")
    os.mkfifo(tmp_path / "own" / "pipe.png")
    make_corpus(tmp_path / "out" / "manifest.csv", "folder", seed=0, path=tmp_path / "own")
    assert tables.read(tmp_path / "out" / "manifest.csv", "corpus")["scene"].tolist() == ["a"]
