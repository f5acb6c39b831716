import pandas as pd
import pytest
from rated_set import make_rated_set, picture

from asymmetry import images, tables
from asymmetry.errors import UserError
from asymmetry.metrics.assessment import assess
from asymmetry.metrics.create import create_metric


@pytest.fixture
def manifest(tmp_path):
    (tmp_path / "rated").mkdir()
    return make_rated_set(tmp_path / "rated")


def change(manifest, column, row, value):
    frame = tables.read(manifest, "rated")
    frame.loc[row, column] = value
    tables.write(frame, manifest, "rated")


def test_the_table_holds_every_image_in_order(manifest, tmp_path):
    output = tmp_path / "results" / "deep" / "psnr.csv"
    metric = create_metric("psnr")
    assess(metric, manifest, output, "cpu", batch=4)
    rated, table = tables.read(manifest, "rated"), tables.read(output, "assessment")
    same = ["scene", "distortion", "family", "level", "score", "score_error"]
    pd.testing.assert_frame_equal(table[same], rated[same])
    for row, image in enumerate(table["image"]):
        path = output.parent / image
        assert path.resolve() == (manifest.parent / rated["image"][row]).resolve()
        pair = [images.to_tensor(images.read(p)) for p in (path, manifest.parent / rated["reference"][row])]
        value = metric(prediction=pair[0], reference=pair[1]).item()
        assert table["value"][row] == pytest.approx(value, rel=1e-6)
    assert table["quality"].equals(table["value"])
    assert table["quality"].corr(table["score"], method="spearman") > 0.5


def test_quality_turns_a_distance_around(manifest, tmp_path):
    assess(create_metric("gmsd"), manifest, tmp_path / "gmsd.csv", "cpu")
    table = tables.read(tmp_path / "gmsd.csv", "assessment")
    assert table["quality"].equals(-table["value"])
    assert table["quality"].corr(table["score"], method="spearman") > 0.5


def test_a_metric_that_knows_nothing_has_one_quality(manifest, tmp_path):
    assess(create_metric("constant"), manifest, tmp_path / "constant.csv", "cpu")
    assert tables.read(tmp_path / "constant.csv", "assessment")["quality"].nunique() == 1


def test_each_reference_is_described_once_and_batches_are_bounded(manifest, tmp_path, monkeypatch):
    metric = create_metric("mae")
    described, compared = [], []
    describe, compare = metric.describe, metric.compare
    monkeypatch.setattr(metric, "describe", lambda reference: described.append(1) or describe(reference))
    monkeypatch.setattr(metric, "compare", lambda x, description: compared.append(len(x)) or compare(x, description))
    assess(metric, manifest, tmp_path / "mae.csv", "cpu", batch=4)
    assert len(described) == 2
    assert compared == [4, 2, 4, 2]


def test_what_cannot_be_assessed_is_said(manifest, tmp_path):
    output = tmp_path / "out.csv"
    with pytest.raises(UserError, match="at least 161"):
        assess(create_metric("ms-ssim"), manifest, output, "cpu")
    metric = create_metric("mae")
    metric.fitted_scenes = frozenset({"scene1", "elsewhere"})
    with pytest.raises(UserError, match=r"fitted on: scene1\."):
        assess(metric, manifest, output, "cpu")
    images.write(picture(size=32), manifest.parent / "scene0-blur-1.png")
    with pytest.raises(UserError, match=r"reference \(64x64\):\n  - scene0-blur-1.png: 32x32"):
        assess(create_metric("mae"), manifest, output, "cpu")
    change(manifest, "reference", 3, "")
    with pytest.raises(UserError, match=r"needs a reference for:\n  - scene0-noise-2\.png"):
        assess(create_metric("mae"), manifest, output, "cpu")
    assert not output.exists()
