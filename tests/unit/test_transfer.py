"""Quality models on tiny images: what they learn, and what they must never see."""

import logging

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.ndimage import gaussian_filter
from scipy.stats import spearmanr

from asymmetry import images, tables
from asymmetry.errors import UserError
from asymmetry.metrics.opinion import quality_loss
from asymmetry.networks.backbones import create_backbone, initialise, save_backbone
from asymmetry.training import transfer as module
from asymmetry.training.folds import Fold, by_family, by_scene
from asymmetry.training.regression import Head, batches, choose, fit_heads
from asymmetry.training.transfer import five_crops, transfer

BACKBONE = {"widths": [6, 8], "convolutions": [1, 1]}
SETTINGS = {
    "mode": "nr",
    "protocol": "frozen",
    "seed": 0,
    "levels": None,
    "families": False,
    "splits": {"kind": "leave-one-scene-out"},
    "steps": 60,
    "batch": 24,
    "learning_rates": [3e-3, 1e-4],
    "crop": 24,
    "device": "cpu",
} | BACKBONE
SCENES = [f"scene-{number}" for number in range(5)]


def distorted(reference, family, level, rng):
    if family == "blur":
        return gaussian_filter(reference, (level * 0.5, level * 0.5, 0))
    return reference + rng.normal(0, 0.04 * level, reference.shape)


@pytest.fixture(scope="module")
def rated(tmp_path_factory):
    """Five scenes of coloured noise, blurred and made noisy at three levels: the score is the level."""
    folder = tmp_path_factory.mktemp("rated")
    rng = np.random.default_rng(0)
    rows = []
    for scene in SCENES:
        reference = gaussian_filter(rng.random((36, 36, 3)), (0.6, 0.6, 0))
        images.write(reference, folder / f"{scene}.png")
        for family in ("blur", "noise"):
            for copy in range(2):
                for level in (1, 2, 3):
                    name = f"{scene}-{family}-{copy}-{level}.png"
                    images.write(distorted(reference, family, level, rng), folder / name)
                    facts = {"image": name, "reference": f"{scene}.png", "scene": scene, "distortion": family}
                    facts |= {"family": family, "level": level, "split": ""}
                    rows.append(facts | {"score": (3 - level) / 2, "raw_score": 0})
    tables.write(pd.DataFrame(rows), folder / "manifest.csv", "rated")
    return folder / "manifest.csv"


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "random.safetensors"
    backbone = create_backbone("narrow-vgg", **BACKBONE)
    initialise(backbone, 0)
    save_backbone(backbone, path)
    return path


@pytest.fixture
def predict(rated, weights, tmp_path):
    def run(manifest=rated, **changed):
        transfer(manifest, "narrow-vgg", weights, tmp_path / "predictions.csv", **(SETTINGS | changed))
        return tables.read(tmp_path / "predictions.csv", "predictions")

    return run


def within_scenes(frame):
    return np.mean([spearmanr(part["score"], part["prediction"])[0] for _, part in frame.groupby("scene")])


@pytest.mark.parametrize("splits", [{"kind": "leave-one-scene-out"}, {"kind": "random", "count": 4}])
def test_folds_by_scene_are_disjoint_and_whole(rated, splits):
    frame = tables.read(rated, "rated")
    folds = by_scene(frame, splits)
    assert len(folds) == len({fold.name for fold in folds}) == (5 if splits["kind"] != "random" else 4)
    for fold in folds:
        parts = [set(frame["scene"].iloc[rows]) for rows in (fold.train, fold.validation, fold.test)]
        assert all(parts)
        assert sum(map(len, parts)) == len(set.union(*parts)) == 5
        assert len(fold.train) + len(fold.validation) + len(fold.test) == len(frame)


def test_random_splits_are_60_20_20_and_differ():
    frame = pd.DataFrame({"scene": [f"s{number}" for number in range(20)], "family": ""})
    folds = by_scene(frame, {"kind": "random", "count": 3})
    assert [(len(fold.train), len(fold.validation), len(fold.test)) for fold in folds] == [(12, 4, 4)] * 3
    assert len({tuple(fold.test) for fold in folds}) == 3


def test_official_split():
    frame = pd.DataFrame({"scene": list("abcdef"), "split": ["training"] * 3 + ["validation"] + ["test"] * 2})
    (fold,) = by_scene(frame, {"kind": "official"})
    assert [part.tolist() for part in (fold.train, fold.validation, fold.test)] == [[0, 1, 2], [3], [4, 5]]
    with pytest.raises(UserError, match="no image for validation, test"):
        by_scene(frame.assign(split="training"), {"kind": "official"})
    with pytest.raises(UserError, match="tests scenes that it trains on: a"):
        by_scene(frame.assign(scene=list("abcdae")), {"kind": "official"})


def test_folds_by_family_leave_out_family_and_scene(rated):
    frame = tables.read(rated, "rated")
    folds = by_family(frame)
    assert sorted(row for fold in folds for row in fold.test) == list(range(len(frame)))
    assert len({fold.name for fold in folds}) == len(folds), "each is a model of its own"
    for fold in folds:
        seen, tested = frame.iloc[[*fold.train, *fold.validation]], frame.iloc[fold.test]
        (family,) = set(tested["family"])
        assert fold.name.startswith(f"{family}-")
        assert family not in set(seen["family"])
        assert not set(seen["scene"]) & set(tested["scene"])


def test_user_errors(rated, predict, tmp_path):
    frame = tables.read(rated, "rated")
    with pytest.raises(UserError, match="2 scenes"):
        by_scene(frame[frame["scene"].isin(SCENES[:2])], {"kind": "leave-one-scene-out"})
    with pytest.raises(UserError, match="leave-one-scene-out"):
        by_scene(frame, {"kind": "leave-one-out"})
    with pytest.raises(UserError, match="at least two"):
        by_family(frame[frame["family"] == "blur"])
    with pytest.raises(UserError, match="transfer mode 'rr'"):
        predict(mode="rr")
    with pytest.raises(UserError, match="finetune"):
        predict(protocol="fine-tune")
    with pytest.raises(UserError, match="crop of 40"):
        predict(crop=40)
    with pytest.raises(UserError, match="0 scenes"):
        predict(levels=[7])


def test_full_reference_needs_references(rated, weights, tmp_path):
    frame = tables.read(rated, "rated").assign(reference="")
    tables.write(frame, rated.parent / "without.csv", "rated")
    with pytest.raises(UserError, match="60 images have no reference"):
        transfer(rated.parent / "without.csv", "narrow-vgg", weights, tmp_path / "p.csv", **(SETTINGS | {"mode": "fr"}))


@pytest.mark.parametrize("mode", ["nr", "fr"])
def test_learns_a_simple_relation_on_unseen_scenes(predict, mode):
    frame = predict(mode=mode)
    assert within_scenes(frame) > 0.4
    assert list(frame["protocol"].unique()) == ["scene"]
    assert (frame["fold"] == frame["scene"]).all()
    assert frame["image"].is_unique
    assert len(frame) == 60


def test_every_image_is_predicted_once_per_protocol(predict):
    frame = predict(families=True, steps=5)
    assert frame.groupby("protocol").size().to_dict() == {"family": 60, "scene": 60}
    assert not frame.duplicated(["image", "protocol"]).any()
    family = frame[frame["protocol"] == "family"]
    assert (family["fold"].str.rpartition("-")[0] == family["family"]).all()


def test_levels_select_images(predict):
    assert set(predict(levels=[1, 3], steps=2)["level"]) == {1, 3}


def test_finetuning_learns_and_trains_the_backbone(predict, monkeypatch):
    frozen = []
    original = module.finetune

    def spy(backbone, *args, **kwargs):
        before = [weight.clone() for weight in backbone.parameters()]
        result = original(backbone, *args, **kwargs)
        changed = [not torch.equal(a, b) for a, b in zip(before, backbone.parameters(), strict=True)]
        frozen.append(not all(changed))
        return result

    monkeypatch.setattr(module, "finetune", spy)
    for mode in ("nr", "fr"):
        frame = predict(mode=mode, protocol="finetune", steps=20, learning_rates=[3e-3])
        assert within_scenes(frame) > 0.4
    assert len(frozen) == 10
    assert not any(frozen)


@pytest.mark.parametrize("protocol", ["frozen", "finetune"])
def test_same_bytes_again_and_other_bytes_with_another_seed(predict, tmp_path, protocol):
    contents = []
    for seed in (0, 0, 1):
        predict(protocol=protocol, steps=3, seed=seed, learning_rates=[1e-3])
        contents.append((tmp_path / "predictions.csv").read_bytes())
    assert contents[0] == contents[1] != contents[2]


def test_a_poisoned_test_scene_changes_nothing_that_was_learned():
    random = torch.Generator().manual_seed(0)
    features, scores = torch.rand(30, 5, 7, generator=random), torch.rand(30, generator=random)
    fold = Fold("one", "scene", np.arange(0, 20), np.arange(20, 25), np.arange(25, 30))
    settings = {"steps": 10, "batch": 8, "learning_rate": 1e-2, "seed": 0}
    clean = fit_heads(features, scores, [fold], **settings)
    features[25:], scores[20:] = 1e6, -1e6
    poisoned = fit_heads(features, scores, [fold], **settings)
    assert torch.equal(clean[:, :25], poisoned[:, :25])
    assert not torch.equal(clean[:, 25:], poisoned[:, 25:])


def test_heads_fitted_together_equal_heads_fitted_alone():
    random = torch.Generator().manual_seed(0)
    features, scores = torch.rand(30, 5, 7, generator=random), torch.rand(30, generator=random)
    rows = np.arange(30)
    folds = [Fold(str(k), "scene", rows[rows % 3 != k], rows[rows % 3 == k], rows[rows % 3 == k]) for k in range(3)]
    settings = {"steps": 10, "batch": 8, "learning_rate": 1e-3, "seed": 0}
    together = fit_heads(features, scores, folds, **settings)
    alone = torch.cat([fit_heads(features, scores, [fold], **settings) for fold in folds])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)


def test_batches_hold_training_rows_only_and_do_not_depend_on_the_arm():
    fold = Fold("a", "scene", np.array([3, 5, 8]), np.array([1]), np.array([2]))
    rows, crops = batches(fold, 20, 4, 0, crops=5)
    assert set(rows.flatten().tolist()) == {3, 5, 8}
    assert set(crops.flatten().tolist()) == set(range(5))
    assert torch.equal(rows, batches(fold, 20, 4, 0, crops=5)[0])


def test_learning_rate_is_chosen_on_validation_alone():
    scores = torch.linspace(0, 1, 12)
    fold = Fold("a", "scene", np.arange(4), np.arange(4, 8), np.arange(8, 12))
    good, bad = scores[None].clone(), 1 - scores[None]
    good[0, 8:], bad[0, 8:] = 0.0, scores[8:]  # the better one on test is the worse one on validation
    predictions, chosen = choose({1e-3: bad, 1e-4: good}, scores, fold, 0)
    assert chosen["learning_rate"] == 1e-4
    assert torch.equal(predictions, good[0, 8:])


def test_divergence_is_a_result(predict, caplog):
    with caplog.at_level(logging.WARNING, "asymmetry"):
        frame = predict(learning_rates=[1e30], steps=5)
    assert len(caplog.records) == 5
    assert np.allclose(frame["prediction"], 0.5)
    assert predict(learning_rates=[1e30, 1e-3], steps=5)["prediction"].nunique() > 40
    frame = predict(protocol="finetune", learning_rates=[1e30], steps=3)
    assert np.allclose(frame["prediction"], 0.5)


def test_loss_is_zero_at_best_and_its_gradient_finite_for_constant_predictions():
    scores = torch.linspace(0, 1, 6)
    for constant in (False, True):
        prediction = (torch.full((6,), 0.25) if constant else scores.clone()).requires_grad_()
        loss = quality_loss(prediction, scores)
        loss.backward()
        assert torch.isfinite(prediction.grad).all()
        expected = 1 + (0.25 - scores).square().mean().item() if constant else 0
        assert loss.item() == pytest.approx(expected, abs=1e-4)


def test_head_standardises_with_its_training_features():
    features = torch.randn(50, 4, generator=torch.Generator().manual_seed(0)) * 7 + 3
    head = Head(features, seed=0)
    torch.testing.assert_close(head.centre, features.mean(0))
    torch.testing.assert_close(head.spread, features.std(0, correction=0))
    assert head(features.view(10, 5, 4)).shape == (10, 5)
    assert torch.equal(head.hidden.weight, Head(features * 2, seed=0).hidden.weight)
    assert not torch.equal(head.hidden.weight, Head(features, seed=1).hidden.weight)


def test_pictures_stay_decoded_only_while_there_is_room(tmp_path, monkeypatch):
    for number in range(3):
        images.write(np.full((4, 5, 3), number, np.uint8), tmp_path / f"{number}.png")
    read, original = [], images.read
    monkeypatch.setattr(images, "read", lambda path: read.append(path.name) or original(path))
    monkeypatch.setattr(module, "KEPT", 2 * 60)
    pictures = module.Pictures(tmp_path, 4)
    for _ in range(2):
        assert [pictures[f"{number}.png"][0, 0, 0] for number in range(3)] == [0, 1, 2]
    assert read == ["0.png", "1.png", "2.png", "2.png"]
    with pytest.raises(UserError, match=r"0\.png is smaller than the crop of 5"):
        module.Pictures(tmp_path, 5)["0.png"]


def test_pictures_of_each_step_are_decoded_once_and_in_order():
    class Counted(dict):
        def __missing__(self, path):
            return path.upper()

    steps = [["a", "b", "a"], ["c"], ["a", "c"]]
    assert list(module.decoded(Counted(), steps)) == [{"a": "A", "b": "B"}, {"c": "C"}, {"a": "A", "c": "C"}]


def test_what_does_not_fit_in_memory_changes_nothing(predict, tmp_path, monkeypatch):
    for settings in ({"mode": "fr"}, {"protocol": "finetune", "steps": 3, "learning_rates": [1e-3]}):
        contents = []
        for room in (2**30, 0):
            monkeypatch.setattr(module, "KEPT", room)
            predict(**settings)
            contents.append((tmp_path / "predictions.csv").read_bytes())
        assert contents[0] == contents[1]


def test_five_crops_are_corners_and_centre():
    picture = np.arange(8 * 10 * 3, dtype=np.uint8).reshape(8, 10, 3)
    crops = five_crops(picture, 4)
    assert crops.shape == (5, 3, 4, 4)
    for crop, (top, left) in zip(crops, [(0, 0), (0, 6), (4, 0), (4, 6), (2, 3)], strict=True):
        assert np.array_equal(images.to_array(crop), picture[top : top + 4, left : left + 4])
    assert five_crops(picture[:, :8], 8).shape == (1, 3, 8, 8)
