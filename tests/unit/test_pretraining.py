"""Pretraining on tiny generated pictures."""

import logging
import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from tiny_training import crash_in_step, stop_in_step

from asymmetry import images, tables
from asymmetry.artifacts import load_tensors, read_facts
from asymmetry.compute import stable_seed
from asymmetry.errors import UserError
from asymmetry.networks.backbones import create_backbone, initialise, load_backbone
from asymmetry.training import pretraining
from asymmetry.training.pretraining import Pretraining, Views, pretrain_backbone

BACKBONE = {"widths": [6, 8], "convolutions": [1, 1]}
SETTINGS = {
    "steps": 60,
    "batch": 16,
    "learning_rate": 1e-2,
    "crop": 16,
    "degradations": ["gaussian-blur", "white-noise"],
    "quality_weight": 1.0,
    "seed": 0,
    "device": "cpu",
    "code": "digest",
} | BACKBONE


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Ten pictures of each of two classes, stripes and noise, and a photograph without a label."""
    folder = tmp_path_factory.mktemp("corpus")
    rng = np.random.default_rng(0)
    rows = []
    for label in ("noise", "stripes", ""):
        for number in range(10 if label else 1):
            picture = rng.random((24, 24, 3))
            if label == "stripes":
                picture = np.broadcast_to(
                    np.sin(np.arange(24) * rng.uniform(0.3, 0.6))[:, None, None] / 2 + 0.5, (24, 24, 3)
                )
            name = f"{label or 'photograph'}-{number}.png"
            images.write(picture, folder / name)
            facts = {"image": name, "scene": name, "label": label, "credit": "generated"}
            rows.append(facts | {"height": 24, "width": 24})
    tables.write(pd.DataFrame(rows), folder / "manifest.csv", "corpus")
    return folder / "manifest.csv"


@pytest.fixture
def pretrain(corpus, tmp_path):
    def run(manifest=corpus, name="weights", **changed):
        path = tmp_path / f"{name}.safetensors"
        pretrain_backbone("narrow-vgg", manifest, path, **(SETTINGS | changed))
        return path

    return run


def test_loss_falls_and_held_out_pictures_are_recognised(pretrain, caplog):
    with caplog.at_level(logging.INFO, "asymmetry"):
        path = pretrain(steps=150)
    losses = [sum(record.args[1:]) for record in caplog.records if record.msg.startswith("step")]
    assert len(losses) == 3
    assert losses[-1] < losses[0]
    facts = read_facts(path)
    assert facts["class_accuracy"] > 0.9 > facts["class_chance"] == 0.5
    assert facts["degradation_chance"] == 0.5
    assert facts["steps"] == 150
    assert facts["degradations"] == ["gaussian-blur", "white-noise"]


def test_weights_fit_the_backbone_and_have_changed(pretrain):
    path = pretrain(steps=2)
    untrained = create_backbone("narrow-vgg", **BACKBONE)
    initialise(untrained, stable_seed("pretraining", 0))
    trained = load_backbone("narrow-vgg", path, **BACKBONE)
    assert set(load_tensors(path)) == set(untrained.state_dict())
    assert not torch.equal(trained.features[0].weight, untrained.features[0].weight)


def test_same_bytes_again_and_other_bytes_with_another_seed(pretrain):
    first, second, other = pretrain(steps=3), pretrain(steps=3, name="second"), pretrain(steps=3, name="o", seed=1)
    assert first.read_bytes() == second.read_bytes() != other.read_bytes()


def test_held_out_pictures_are_never_trained_on(pretrain, monkeypatch):
    seen = {"train": set(), "held out": set()}
    original = Views.batch

    def spy(self, rows, *key):
        seen["held out" if key[0] == "held out" else "train"].update(rows // 2)
        return original(self, rows, *key)

    monkeypatch.setattr(pretraining.Views, "batch", spy)
    pretrain(steps=20)
    assert seen["held out"] == {4, 9, 14, 19}
    assert seen["train"] == set(range(20)) - seen["held out"]


def test_views_are_what_their_labels_say():
    pictures = [np.random.default_rng(k).integers(0, 256, (20, 20, 3), np.uint8) for k in range(4)]
    views = Views(pictures, [0, 1, 0, 1], ["gaussian-blur"], 20, seed=0)
    batch, label, degradation, strength = views.batch(np.arange(8), "key")
    assert batch.shape == (8, 3, 20, 20)
    assert label.tolist() == [0, 0, 1, 1, 0, 0, 1, 1]
    assert degradation.tolist() == [0, 1] * 4
    assert (strength[::2] == 0).all()
    assert (strength[1::2] > 0).all()
    assert strength.max() <= 1
    for number, picture in enumerate(pictures):
        shown = images.to_array(batch[2 * number])
        assert np.array_equal(shown, picture) or np.array_equal(shown[:, ::-1], picture)
    again = Views(pictures, [0, 1, 0, 1], ["gaussian-blur"], 20, seed=0).batch(np.arange(8), "key")
    assert torch.equal(batch, again[0])


def test_user_errors(pretrain, corpus):
    with pytest.raises(UserError, match="gaussian-blur"):
        pretrain(degradations=["gaussian-blurr"])
    with pytest.raises(UserError, match="crop of 32"):
        pretrain(crop=32)
    frame = tables.read(corpus, "corpus")
    tables.write(frame[frame["label"] != "noise"], corpus.parent / "one.csv", "corpus")
    with pytest.raises(UserError, match="10 pictures of 1 classes"):
        pretrain(corpus.parent / "one.csv")


def test_divergence_is_an_error(pretrain):
    with pytest.raises(UserError, match=r"pretraining diverged at step .*lower its learning_rate"):
        pretrain(learning_rate=1e30, steps=10)


def test_stopped_again_and_again_and_gone_on(pretrain, tmp_path, monkeypatch, caplog):
    whole = pretrain(steps=60)
    for number in (1, 23, 50, 60):
        stop_in_step(monkeypatch, number, Pretraining)
        with pytest.raises(SystemExit, match="143"):
            pretrain(steps=60, name="stopped")
        assert not (tmp_path / "stopped.safetensors").exists()
    caplog.clear()
    with caplog.at_level(logging.INFO, "asymmetry"):
        assert pretrain(steps=60, name="stopped").read_bytes() == whole.read_bytes()
    assert "resumed after step 60" in caplog.text
    assert {path.name for path in tmp_path.iterdir()} == {"weights.safetensors", "stopped.safetensors"}


def test_killed_and_started_again(pretrain, monkeypatch, caplog):
    whole = pretrain(steps=9)
    monkeypatch.setattr(pretraining, "EVERY", 3)
    with monkeypatch.context() as patch:
        crash_in_step(patch, 8, Pretraining)
        with pytest.raises(MemoryError):
            pretrain(steps=9, name="killed")
    with caplog.at_level(logging.INFO, "asymmetry"):
        assert pretrain(steps=9, name="killed").read_bytes() == whole.read_bytes()
    assert "resumed after step 6" in caplog.text


def test_other_pictures_start_anew(pretrain, corpus, tmp_path, monkeypatch, caplog):
    """The manifest names pictures, it does not hold them."""
    copy = tmp_path / "corpus"
    shutil.copytree(corpus.parent, copy)
    with monkeypatch.context() as patch:
        stop_in_step(patch, 2, Pretraining)
        with pytest.raises(SystemExit):
            pretrain(copy / "manifest.csv", steps=3)
    shutil.copy(copy / "noise-1.png", copy / "noise-0.png")
    pretrain(copy / "manifest.csv", steps=3)
    assert "belongs to another configuration" in caplog.text
