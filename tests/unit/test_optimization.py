import copy

import numpy as np
import pandas as pd
import pytest
import torch
from rated_set import picture
from tiny_training import (
    DISCRIMINATOR,
    GENERATOR,
    HAARPSI,
    PLAIN,
    REC,
    REC_HAARPSI,
    TASK,
    TRAINING,
    make_files,
    make_packed,
    make_pictures,
    stop_in_step,
    train,
)

from asymmetry import images, tables
from asymmetry.artifacts import load_tensors, read_facts, read_json
from asymmetry.data.packing import pack
from asymmetry.errors import UserError
from asymmetry.networks.backbones import load_backbone
from asymmetry.training import optimization
from asymmetry.training.initialisation import discriminator_backbone

PRETRAINING = {key: value for key, value in TRAINING.items() if key != "measure_every"}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return tmp_path_factory.mktemp("base")


@pytest.fixture(scope="module")
def files(base):
    return make_files(base)


@pytest.fixture(scope="module")
def trained(files, base):
    return train(files, base / "trained")


@pytest.fixture(scope="module")
def held_out(base):
    return make_pictures(base / "held-out", [7, 8])


def pretrain(folder, corpus, held_out, **changed):
    settings = {
        "task": TASK,
        "generator": GENERATOR,
        "training": PRETRAINING,
        "acceleration": PLAIN,
        "device": "cpu",
        "code": "digest",
        "output": folder / "pretrained.safetensors",
        "checkpoint_every": 2,
        "workers": 0,
    } | changed
    optimization.pretrain(corpus=corpus, held_out=held_out, **settings)
    return settings["output"]


def test_pretraining_writes_a_generator(files, held_out, tmp_path):
    torch.rand(1)
    first = pretrain(tmp_path / "one", files["corpus"], held_out)
    second = pretrain(tmp_path / "two", files["corpus"], held_out)
    assert first.read_bytes() == second.read_bytes()
    assert [path.name for path in first.parent.iterdir()] == [first.name], "the state is gone"
    assert read_facts(first) == {"generator": "swinir", "steps": 3}
    generator = optimization.make_generator(GENERATOR, TASK, first, torch.device("cpu"))
    assert generator(torch.rand(1, 3, 8, 8)).shape == (1, 3, 32, 32)


def test_a_scene_on_both_sides_is_refused(files, tmp_path):
    leak = make_pictures(tmp_path / "leak", [1, 9])
    with pytest.raises(UserError, match="scene 'scene-1' is in both"):
        pretrain(tmp_path, files["corpus"], leak)
    assert not (tmp_path / "pretrained.safetensors").exists()


def test_a_picture_on_both_sides_is_refused(files, tmp_path):
    images.write(picture(48, 0), tmp_path / "leak" / "pictures" / "renamed.png")
    leak = make_pictures(tmp_path / "leak", [9])
    with pytest.raises(UserError, match="scene 'renamed' is the same picture as 'scene-0'"):
        pretrain(tmp_path, files["corpus"], leak)


def test_calibration_is_a_factor(files, tmp_path):
    optimization.calibrate_metric(
        task=TASK, generator=GENERATOR, metric=HAARPSI, metric_files={}, corpus=files["corpus"],
        weights=files["generator"], crop=32, batch=2, batches=2, device="cpu", output=tmp_path / "scale.json",
    )  # fmt: skip
    facts = read_json(tmp_path / "scale.json")
    norms = facts["median_gradient_norm"]
    assert facts["scale"] == norms["reconstruction"] / norms["perceptual"] > 0


def test_a_cell_writes_all_its_outputs(trained, files):
    folder = trained["model"].parent
    assert {path.name for path in folder.iterdir()} == {path.name for path in trained.values()}, "the state is gone"
    start, model = load_tensors(files["generator"]), load_tensors(trained["model"])
    assert start.keys() == model.keys()
    assert any(not torch.equal(start[name], model[name]) for name in start)
    optimization.make_generator(GENERATOR, TASK, trained["model"], torch.device("cpu"))

    history = tables.read(trained["history"], "history")
    assert list(history["step"]) == [1, 2, 3]
    assert list(history["gradient_ratio"].notna()) == [True, False, True]
    assert history.drop(columns="gradient_ratio").notna().all(axis=None)

    facts = read_json(trained["provenance"])
    assert (facts["status"], facts["steps"], facts["diverged_at"]) == ("completed", 3, 0)
    assert facts["settings"]["weight"] == 0.01
    assert facts["settings"]["training"] == TRAINING
    assert facts["discriminator"]["map"] == [8, 8]
    assert facts["packages"]["torch"]


def test_the_discriminator_can_start_a_quality_model(trained, files, tmp_path):
    output, options = tmp_path / "b.safetensors", DISCRIMINATOR["backbone"]
    discriminator_backbone(**options, discriminator=trained["discriminator"], output=output)
    backbone, start = (load_backbone(**options, path=path) for path in (output, files["discriminator_backbone"]))
    assert not torch.equal(backbone.features[0].weight, start.features[0].weight), "it was trained"


def test_the_same_cell_has_the_same_bytes(trained, files, tmp_path):
    torch.manual_seed(9)
    again = train(files, tmp_path)
    for name in trained:
        assert again[name].read_bytes() == trained[name].read_bytes(), name
    other = train(files, tmp_path / "other", seed=1)
    assert other["history"].read_bytes() != trained["history"].read_bytes()


def test_cells_of_a_seed_see_the_same_batches(trained, files, tmp_path):
    """Before the first update, L1 is the same whatever the objective."""
    plain = train(files, tmp_path, objective=REC, discriminator=None, weight=0.0)
    ours, theirs = (tables.read(outputs["history"], "history") for outputs in (trained, plain))
    assert ours["reconstruction"][0] == theirs["reconstruction"][0]
    assert ours["reconstruction"][2] != theirs["reconstruction"][2]
    assert theirs[["perceptual", "adversarial", "discriminator", "gradient_ratio"]].isna().all(axis=None)
    assert "discriminator" not in plain
    assert not (tmp_path / "discriminator.safetensors").exists()


def test_the_scale_of_the_metric(trained, files, tmp_path):
    """kappa times the calibration's factor; `raw` is 1 and needs no calibration."""
    raw = {name: file for name, file in files.items() if name != "calibration"}
    one = train(raw, tmp_path / "raw", objective=REC_HAARPSI | {"kappa": "raw"})
    two = train(files, tmp_path / "two", objective=REC_HAARPSI | {"kappa": 2})
    assert one["model"].read_bytes() == two["model"].read_bytes(), "2 x 0.5 = 1"
    assert one["model"].read_bytes() != trained["model"].read_bytes()


def test_divergence_is_a_result(files, tmp_path):
    outputs = train(files, tmp_path, training=TRAINING | {"steps": 9, "learning_rate": 1e37})
    facts = read_json(outputs["provenance"])
    assert facts["status"] == "diverged"
    assert facts["diverged_at"] == facts["steps"] == len(tables.read(outputs["history"], "history")) < 9
    for name in ("model", "discriminator"):
        assert all(tensor.isfinite().all() for tensor in load_tensors(outputs[name]).values())
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("change", [None, "schedule", "picture", "code", "weight"])
def test_a_stopped_cell_goes_on_if_nothing_has_changed(trained, files, tmp_path, monkeypatch, caplog, change):
    files = copy.copy(files)
    files["corpus"] = make_packed(tmp_path / "corpus", range(2))
    with monkeypatch.context() as patch:
        stop_in_step(patch, 2)
        with pytest.raises(SystemExit):
            train(files, tmp_path / "cell")
    assert {path.name for path in (tmp_path / "cell").iterdir()} == {"state"}
    if change == "picture":  # the manifest does not tell
        images.write(np.flipud(picture(48, 0)), files["corpus"].parent / "images" / "scene-0.png")
        pack(files["corpus"].parent / "manifest.csv", files["corpus"], **TASK)
    changes = {"schedule": {"checkpoint_every": 1, "workers": 2}, "code": {"code": "other"}, "weight": {"weight": 0.02}}
    changed = changes.get(change, {})
    same = change in {None, "schedule"}
    with caplog.at_level("INFO", "asymmetry"):
        outputs = train(files, tmp_path / "cell", **changed)
    assert ("resumed after step 2" in caplog.text) == same
    assert ("another configuration" in caplog.text) == (not same)
    unchanged = outputs["model"].read_bytes() == trained["model"].read_bytes()
    assert unchanged == (same or change == "code")


def test_own_discriminator(files, tmp_path, monkeypatch):
    (tmp_path / "own_critic.py").write_text(
        "from torch import nn\n\n"
        "def critic(channels):\n"
        "    return nn.Sequential(nn.Conv2d(3, channels, 4, 4), nn.ReLU(), nn.Conv2d(channels, 1, 1))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    shared = {name: DISCRIMINATOR[name] for name in ("loss", "r1", "learning_rate")}
    own = shared | {"object": "own_critic:critic", "options": {"channels": 5}}
    outputs = train(files, tmp_path / "cell", discriminator=own)
    assert load_tensors(outputs["discriminator"])["0.weight"].shape == (5, 3, 4, 4)
    assert read_json(outputs["provenance"])["discriminator"] == {}
    assert tables.read(outputs["history"], "history")["adversarial"].notna().all()


def test_a_batch_in_parts_gives_the_same_training(files, held_out, tmp_path):
    """L1, HaarPSI and a discriminator; two pictures at once, or one after the other."""
    training = TRAINING | {"measure_every": 1}
    whole, parts = (train(files, tmp_path / str(count), training=training | {"accumulate": count}) for count in (1, 2))
    one, two = (
        pretrain(tmp_path / f"l1-{count}", files["corpus"], held_out, training=PRETRAINING | {"accumulate": count})
        for count in (1, 2)
    )
    for ours, theirs in [
        (whole["model"], parts["model"]),
        (whole["discriminator"], parts["discriminator"]),
        (one, two),
    ]:
        ours, theirs = load_tensors(ours), load_tensors(theirs)
        for key, tensor in ours.items():
            torch.testing.assert_close(theirs[key], tensor, atol=1e-4, rtol=1e-3)
    ours, theirs = (tables.read(outputs["history"], "history") for outputs in (whole, parts))
    pd.testing.assert_frame_equal(ours, theirs, rtol=1e-3)


def test_batches_made_ahead_change_nothing(trained, files, tmp_path):
    outputs = train(files, tmp_path, workers=2)
    for name in trained:
        assert outputs[name].read_bytes() == trained[name].read_bytes()


def test_a_batch_that_cannot_be_divided(files, tmp_path):
    with pytest.raises(UserError, match="a batch of 2 cannot be computed in 3 equal parts"):
        train(files, tmp_path, training=TRAINING | {"accumulate": 3})


def test_wrong_weights_are_refused(files, tmp_path):
    with pytest.raises(UserError, match=r"backbone\.safetensors does not fit SwinIR"):
        train(files | {"generator": files["discriminator_backbone"]}, tmp_path)
