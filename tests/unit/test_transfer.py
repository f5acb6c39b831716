"""Quality models on tiny images: what they learn, and what they must never see."""

import logging
import shutil
import tempfile

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.ndimage import gaussian_filter
from scipy.stats import spearmanr
from tiny_training import crash_in_step, stop_in_step

from asymmetry import images, tables
from asymmetry.errors import UserError
from asymmetry.metrics.opinion import quality_loss
from asymmetry.networks.backbones import create_backbone, initialise, save_backbone
from asymmetry.training import features
from asymmetry.training.features import five_crops
from asymmetry.training.finetuning import Finetuning, RatedCrops
from asymmetry.training.folds import Fold, by_family, by_scene
from asymmetry.training.regression import Head, batches, choose, fit_heads, statistics
from asymmetry.training.transfer import pairs_of, transfer

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
    "acceleration": {},
    "workers": 0,
    "device": "cpu",
    "code": "digest",
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
                    rows.append(facts | {"score": (3 - level) / 2, "score_error": np.nan, "raw_score": 0})
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
    trained = []
    original = Finetuning._predict

    def spy(self):
        pairs = zip(self.features.parameters(), self.model["features"].parameters(), strict=True)
        trained.append(all(not torch.equal(before, after) for before, after in pairs))
        original(self)

    monkeypatch.setattr(Finetuning, "_predict", spy)
    for mode in ("nr", "fr"):
        frame = predict(mode=mode, protocol="finetune", steps=20, learning_rates=[3e-3])
        assert within_scenes(frame) > 0.4
    assert len(trained) == 10
    assert all(trained)


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


SPLITS = {"kind": "random", "count": 2}
FINETUNE = {"protocol": "finetune", "splits": SPLITS, "steps": 3, "learning_rates": [3e-3, 1e-4]}  # 12 steps in all


@pytest.mark.parametrize(
    "changed", [{"mode": "nr", "workers": 2}, {"mode": "fr"}, {"learning_rates": [1e30, 3e-3]}], ids=str
)
def test_stopped_again_and_again_and_gone_on(predict, tmp_path, monkeypatch, caplog, changed):
    """In a training's first step, in its middle, in its last one, and after one that diverged."""
    settings = FINETUNE | changed
    whole = predict(**settings)
    (tmp_path / "predictions.csv").unlink()
    for number in (1, 2, 3, 8, 12):
        stop_in_step(monkeypatch, number, Finetuning)
        with pytest.raises(SystemExit, match="143"):
            predict(**settings)
        assert not (tmp_path / "predictions.csv").exists()
    caplog.clear()
    with caplog.at_level(logging.INFO, "asymmetry"):
        pd.testing.assert_frame_equal(predict(**settings), whole, check_exact=True)
    assert "resumed after step 12" in caplog.text
    assert [path.name for path in tmp_path.iterdir()] == ["predictions.csv"], "neither state nor pixels stay"


def test_killed_and_started_again(predict, tmp_path, monkeypatch, caplog):
    whole = predict(**FINETUNE)
    with monkeypatch.context() as patch:
        crash_in_step(patch, 9, Finetuning)
        with pytest.raises(MemoryError):
            predict(**FINETUNE)
    state = torch.load(tmp_path / "state" / "checkpoint.pt", weights_only=True)["trainer"]
    assert set(state) == {"predictions"}, "between two trainings there is no model to save"
    with caplog.at_level(logging.INFO, "asymmetry"):
        pd.testing.assert_frame_equal(predict(**FINETUNE), whole, check_exact=True)
    assert "resumed after step 6" in caplog.text


def test_other_pictures_start_anew(rated, predict, tmp_path, monkeypatch, caplog):
    """The manifest names pictures, it does not hold them."""
    copy = tmp_path / "rated"
    shutil.copytree(rated.parent, copy)
    with monkeypatch.context() as patch:
        stop_in_step(patch, 2, Finetuning)
        with pytest.raises(SystemExit):
            predict(copy / "manifest.csv", **FINETUNE)
    shutil.copy(copy / "scene-0.png", copy / "scene-0-blur-0-1.png")
    predict(copy / "manifest.csv", **FINETUNE)
    assert "belongs to another configuration" in caplog.text


def test_finetuning_decodes_each_picture_once(predict, monkeypatch):
    read, original = [], images.read
    monkeypatch.setattr(images, "read", lambda path: read.append(path.name) or original(path))
    predict(mode="fr", **FINETUNE)
    assert len(read) == len(set(read)) == 65


def test_kept_pictures_are_those_decoded(tmp_path):
    random = np.random.default_rng(0)
    written = {f"{n}.png": random.integers(0, 256, (4 + n, 9 - n, 3), np.uint8) for n in range(4)}
    for name, picture in written.items():
        images.write(picture, tmp_path / name)
    with tempfile.TemporaryFile() as pixels:
        pictures = features.PictureFiles(tmp_path, 4, pixels)
        for name in [*written, *reversed(written)]:
            assert np.array_equal(pictures[name], written[name])
    with pytest.raises(UserError, match=r"0\.png is smaller than the crop of 5"):
        features.PictureFiles(tmp_path, 5)["0.png"]


def test_pictures_are_decoded_in_order():
    class Upper(dict):
        def __missing__(self, path):
            return path.upper()

    assert list(features.decoded(Upper(), [["a", "b", "a"], ["c"]])) == [["A", "B", "A"], ["C"]]
    assert list(features.decoded(Upper(), [])) == []


def test_features_do_not_depend_on_what_is_computed_together(rated, monkeypatch):
    frame = tables.read(rated, "rated")
    network = features.Features(create_backbone("narrow-vgg", **BACKBONE)).eval()
    for mode in ("nr", "fr"):
        pairs = pairs_of(rated, frame, mode)[:21]
        found = []
        for chunk in (8, 1):
            monkeypatch.setattr(features, "CHUNK", chunk)
            pictures = features.PictureFiles(rated.parent, 24)
            found.append(features.extract(network, pairs, pictures, 24, torch.device("cpu")))
        assert found[0].shape == (21, 5, 28)
        torch.testing.assert_close(*found)


def test_crops_of_a_step_are_pure_and_pairs_stay_aligned(rated):
    frame = tables.read(rated, "rated")
    fold = by_scene(frame, {"kind": "leave-one-scene-out"})[0]
    pairs = [(image, image) for image in frame["image"]]
    scores = torch.arange(len(frame)).float()
    first, again = (
        RatedCrops(pairs, features.PictureFiles(rated.parent, 24), scores, fold, crop=24, batch=6, seed=0)
        for _ in range(2)
    )
    crops, rows = first.batch_at(7)
    assert crops.shape == (12, 3, 24, 24)
    assert torch.equal(crops[:6], crops[6:])
    assert set(rows.int().tolist()) <= set(fold.train)
    first.batch_at(8)
    assert torch.equal(crops, again.batch_at(7)[0])
    assert not torch.equal(crops, again.batch_at(8)[0])


def test_switches_change_how_it_is_computed_and_little_else(predict):
    settings = FINETUNE | {"mode": "fr", "steps": 10, "learning_rates": [3e-3]}
    plain = predict(**settings)["prediction"]
    for switch in ("channels_last", "fused", "autocast"):
        switched = predict(acceleration={switch: True}, **settings)["prediction"]
        assert np.corrcoef(plain, switched)[0, 1] > 0.98, switch
    assert not np.array_equal(plain, switched), "bfloat16 was used"


def test_statistics_of_bfloat16_are_float32():
    maps = torch.rand(2, 3, 16, 16).to(torch.bfloat16)
    found = statistics([maps])
    assert found.dtype == torch.float32
    torch.testing.assert_close(found[:, :3], maps.double().mean((2, 3)).float())


def test_five_crops_are_corners_and_centre():
    picture = np.arange(8 * 10 * 3, dtype=np.uint8).reshape(8, 10, 3)
    crops = five_crops(picture, 4)
    assert crops.shape == (5, 3, 4, 4)
    for crop, (top, left) in zip(crops, [(0, 0), (0, 6), (4, 0), (4, 6), (2, 3)], strict=True):
        assert np.array_equal(images.to_array(crop), picture[top : top + 4, left : left + 4])
    assert five_crops(picture[:, :8], 8).shape == (1, 3, 8, 8)
