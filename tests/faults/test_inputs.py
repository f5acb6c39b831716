"""Inputs that are broken, missing, changed while they are read, or dated in the future."""

import os
import time
from pathlib import Path

import pandas as pd
import pytest

from asymmetry.artifacts import sha256
from tests.faults.conftest import GENERATOR, HELD, LIMIT, PACKED, PRETRAINED, STATE, STEPS, paint

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
    """Its result would be newer than the change, and pass for up to date; the training behind it is not lost."""
    snakemake, _ = study.start_training()
    held = study.folder / HELD
    table = pd.read_csv(held, keep_default_na=False)
    table.assign(credit="another").to_csv(held, index=False)
    assert snakemake.wait(LIMIT) == 1
    assert "changed while this step read them" in study.printed()
    assert HELD in study.printed().partition("changed while")[2]
    assert not (study.folder / PRETRAINED).exists()
    study.complete()
    assert study.resumed_after() == STEPS - 5, "the last checkpoint, an interval before the end"
    assert sha256(study.folder / PRETRAINED) == whole
    assert not (study.folder / STATE).exists()


def test_an_input_that_only_gets_another_date(study, whole) -> None:
    snakemake, _ = study.start_training()
    (study.folder / HELD).touch()
    assert snakemake.wait(LIMIT) == 0, study.printed()
    assert sha256(study.folder / PRETRAINED) == whole


def test_a_clock_that_was_set_back(study) -> None:
    """A picture dated an hour ahead: a result would be older than it, and every run would make its corpus anew."""
    picture = study.folder / "pictures" / "held" / "c.png"
    paint(picture, 9)
    ahead(picture)
    result = study.run(HELD)
    assert result.returncode == 1
    assert f"dated in the future:\n  - {picture.relative_to(study.folder)} Hint: " in result.stdout
    assert not (study.folder / HELD).exists()
    os.utime(picture)
    study.complete(HELD)
    assert "Nothing to be done" in study.complete(HELD)


def test_a_clock_that_is_set_back_during_a_training(study, whole) -> None:
    """Its input is dated ahead by then; Snakemake would delete a result that is older, and no state would be left."""
    snakemake, _ = study.start_training()
    ahead(study.folder / HELD)
    assert snakemake.wait(LIMIT) == 1
    assert f"dated in the future:\n  - {HELD} Hint: " in study.printed()
    assert not (study.folder / PRETRAINED).exists()
    assert "dated in the future" in study.run(PRETRAINED).stdout, "before it trains for nothing"
    os.utime(study.folder / HELD)
    study.complete()
    assert study.resumed_after() == STEPS - 5
    assert sha256(study.folder / PRETRAINED) == whole


def ahead(path: Path) -> None:
    """Date a file an hour ahead."""
    then = time.time() + 3600
    os.utime(path, (then, then))
