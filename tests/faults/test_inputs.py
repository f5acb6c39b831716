"""Inputs that are broken, missing, changed while they are read, or dated in the future."""

import os
import time

import pytest

from asymmetry.artifacts import sha256
from tests.faults.conftest import GENERATOR, HELD, PACKED, PRETRAINED, paint

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("fault", ["truncated", "flipped", "missing"])
def test_a_picture_of_a_corpus(study, fault) -> None:
    """A corrupt PNG, and a manifest that points to a missing file."""
    packed, manifest = study.folder / PACKED, study.folder / "results/corpora/mine/manifest.csv"
    good = sha256(packed.with_suffix(".npy"))
    packed.unlink()
    picture = manifest.parent / "images" / "a.png"
    content = picture.read_bytes()
    middle = len(content) // 2
    if fault == "missing":
        picture.unlink()
    elif fault == "truncated":
        picture.write_bytes(content[:middle])
    else:
        picture.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    result = study.run(PACKED)
    assert result.returncode == 1
    assert "images/a.png is not a readable image" in result.stdout
    assert "Traceback" not in result.stdout
    assert not packed.exists()
    assert not packed.with_suffix(".npy").exists()

    manifest.unlink()  # what vouches for the pictures
    study.complete(PACKED)
    assert sha256(packed.with_suffix(".npy")) == good


def test_truncated_weights(study, whole) -> None:
    target = str(GENERATOR / "calibration" / "haarpsi.json")
    study.complete()
    weights = study.folder / PRETRAINED
    weights.write_bytes(weights.read_bytes()[:-1])
    result = study.run(target)
    assert result.returncode == 1
    assert f"{PRETRAINED} is not a readable safetensors file" in result.stdout
    assert "Hint: delete it and run again" in result.stdout
    assert not (study.folder / target).exists()
    weights.unlink()
    study.complete(target)
    assert sha256(weights) == whole


def test_an_input_changed_while_it_is_read(study, whole) -> None:
    """Its result would be newer than the change, and pass for up to date."""
    snakemake, _ = study.start_training()
    held = study.folder / HELD
    held.write_text(held.read_text(encoding="utf-8").replace("held", "held"), encoding="utf-8")
    assert snakemake.wait() == 1
    assert "changed while this step read them" in study.printed()
    assert HELD in study.printed().partition("changed while")[2]
    assert not (study.folder / PRETRAINED).exists()
    study.complete()
    assert sha256(study.folder / PRETRAINED) == whole


def test_a_clock_that_jumps(study) -> None:
    """A picture dated an hour ahead, as when the clock went back: every run would make its corpus anew."""
    picture = study.folder / "pictures" / "held" / "c.png"
    paint(picture, 9)
    ahead = time.time() + 3600
    os.utime(picture, (ahead, ahead))
    result = study.run(HELD)
    assert result.returncode == 1
    assert "This could indicate a clock skew problem" in result.stdout
    assert not (study.folder / HELD).exists()
    os.utime(picture)
    study.complete(HELD)
    assert "Nothing to be done" in study.complete(HELD)
