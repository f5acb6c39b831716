import pytest
import torch
from rated_set import make_rated_set

from asymmetry import artifacts, tables
from asymmetry.errors import UserError
from asymmetry.metrics.assessment import assess
from asymmetry.metrics.create import create_metric
from asymmetry.metrics.dists import Dists, fitted_scenes
from asymmetry.metrics.weights import fit_channel_weights
from asymmetry.networks.backbones import create_backbone, initialise

FITTED = ["scene0", "scene1", "scene2"]


def backbone(widths=(8, 8)):
    network = create_backbone("narrow-vgg", pooling="l2", widths=widths, convolutions=(1,) * len(widths))
    initialise(network, 0)
    return network


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    manifest = make_rated_set(tmp_path_factory.mktemp("rated"), scenes=5, size=48)
    frame = tables.read(manifest, "rated")
    frame.loc[frame["distortion"] == "blur", "score"] = 1 - frame["level"] / 20  # hardly minded
    tables.write(frame, manifest, "rated")
    return manifest


def part(manifest, scenes):
    """The rows of some scenes, beside the manifest."""
    frame = tables.read(manifest, "rated")
    path = manifest.with_name("part.csv")
    tables.write(frame[frame["scene"].isin(scenes)], path, "rated")
    return path


@pytest.fixture(scope="module")
def weights(manifest, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "weights.safetensors"
    fit_channel_weights(part(manifest, FITTED), Dists(backbone()), path, 0, "cpu")
    return path


def test_they_are_a_weighting_and_know_their_scenes(weights):
    tensors = artifacts.load_tensors(weights)
    alpha, beta = tensors["alpha"], tensors["beta"]
    assert alpha.shape == beta.shape == (3 + 8 + 8,)
    assert min(alpha.min(), beta.min()) >= 0
    assert (alpha.sum() + beta.sum()).item() == pytest.approx(1)
    assert fitted_scenes(weights) == set(FITTED)


def test_the_metric_uses_them_and_is_not_assessed_where_they_were_fitted(weights, manifest, tmp_path):
    metric = create_metric("dists", backbone=backbone(), channel_weights=weights)
    tensors = artifacts.load_tensors(weights)
    torch.testing.assert_close(metric.weights, torch.cat([tensors["alpha"], tensors["beta"]]))
    with pytest.raises(UserError, match="fitted on: scene0, scene1, scene2"):
        assess(metric, manifest, tmp_path / "out.csv", "cpu")
    others = part(manifest, ["scene3", "scene4"])

    def agreement(metric):
        assess(metric, others, tmp_path / "out.csv", "cpu")
        table = tables.read(tmp_path / "out.csv", "assessment")
        return table["quality"].corr(table["score"], method="spearman")

    assert agreement(metric) > max(0.7, agreement(Dists(backbone())))


def test_they_are_the_same_every_time(weights, manifest, tmp_path):
    fit_channel_weights(part(manifest, FITTED), Dists(backbone()), tmp_path / "again.safetensors", 0, "cpu")
    assert (tmp_path / "again.safetensors").read_bytes() == weights.read_bytes()


def test_what_does_not_fit_is_refused(weights, manifest, tmp_path):
    with pytest.raises(UserError, match="another backbone"):
        create_metric("dists", backbone=backbone((4, 8)), channel_weights=weights)
    with pytest.raises(UserError, match="at least 2 scenes"):
        fit_channel_weights(part(manifest, ["scene0"]), Dists(backbone()), tmp_path / "w", 0, "cpu")
    artifacts.save_tensors({"alpha": torch.ones(19), "beta": torch.ones(19)}, tmp_path / "mute.safetensors")
    with pytest.raises(UserError, match="does not say on which scenes"):
        create_metric("dists", backbone=backbone(), channel_weights=tmp_path / "mute.safetensors")
