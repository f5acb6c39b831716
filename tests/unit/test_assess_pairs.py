import numpy as np
import pandas as pd
import pytest
from rated_set import picture

from asymmetry import images, tables
from asymmetry.analysis.preferences import agreement
from asymmetry.errors import UserError
from asymmetry.metrics.create import create_metric
from asymmetry.metrics.preferences import assess_pairs


def noisy(image, level, seed):
    return np.clip(image + np.random.default_rng(seed).normal(0, level, image.shape), 0, 255).round().astype(np.uint8)


@pytest.fixture
def manifest(tmp_path):
    """Five pairs: the second is the better one of the even rows; row 3 has another size, as reference too."""
    folder, rows = tmp_path / "set", []
    for row in range(5):
        clean = picture(48 if row == 3 else 64, seed=row)
        levels = (30, 10) if row % 2 == 0 else (10, 30)
        for name, image in {"ref": clean, "p0": noisy(clean, levels[0], row), "p1": noisy(clean, levels[1], 9)}.items():
            images.write(image, folder / name / f"{row}.png")
        paths = [f"{name}/{row}.png" for name in ("ref", "p0", "p1")]
        rows.append((*paths, 1.0 if row % 2 == 0 else 0.2, "noise", f"s{row}"))
    table = pd.DataFrame(rows, columns=["reference", "first", "second", "preference", "family", "scene"])
    tables.write(table, folder / "manifest.csv", "pairs")
    return folder / "manifest.csv"


def change(manifest, column, row, value):
    frame = tables.read(manifest, "pairs")
    frame.loc[row, column] = value
    tables.write(frame, manifest, "pairs")


@pytest.mark.parametrize(("name", "sign"), [("psnr", 1), ("gmsd", -1)])
def test_both_qualities_of_every_pair_higher_is_better(manifest, tmp_path, name, sign):
    output = tmp_path / "results" / "deep" / f"{name}.csv"
    metric = create_metric(name)
    assess_pairs(metric, manifest, output, "cpu", batch=2)
    table, pairs = tables.read(output, "preferences"), tables.read(manifest, "pairs")
    same = ["scene", "family", "preference"]
    pd.testing.assert_frame_equal(table[same], pairs[same])
    for row in range(5):
        reference = images.to_tensor(images.read(manifest.parent / pairs["reference"][row]))
        for column in ("first", "second"):
            path = output.parent / table[column][row]
            assert path.resolve() == (manifest.parent / pairs[column][row]).resolve()
            value = metric(prediction=images.to_tensor(images.read(path)), reference=reference).item()
            assert table[f"{column}_quality"][row] == pytest.approx(sign * value, rel=1e-5)
    agreed = agreement(table["first_quality"], table["second_quality"], table["preference"])
    assert agreed.mean() == pytest.approx(0.92)


def test_the_size_of_a_batch_does_not_matter(manifest, tmp_path):
    qualities = []
    for batch in (1, 3, 64):
        assess_pairs(create_metric("ssim"), manifest, tmp_path / f"{batch}.csv", "cpu", batch)
        table = tables.read(tmp_path / f"{batch}.csv", "preferences")
        qualities.append(table[["first_quality", "second_quality"]].to_numpy())
    np.testing.assert_allclose(qualities[1:], [qualities[0]] * 2, rtol=1e-5)


def test_references_are_described_once_for_both_candidates_and_in_batches(manifest, tmp_path, monkeypatch):
    metric, described = create_metric("mae"), []
    describe = metric.describe
    monkeypatch.setattr(metric, "describe", lambda reference: described.append(len(reference)) or describe(reference))
    assess_pairs(metric, manifest, tmp_path / "out.csv", "cpu", batch=3)
    assert sorted(described) == [1, 1, 3]


def test_what_cannot_be_assessed_is_said(manifest, tmp_path, monkeypatch):
    output = tmp_path / "out.csv"
    with pytest.raises(UserError, match="at least 161"):
        assess_pairs(create_metric("ms-ssim"), manifest, output, "cpu")
    metric = create_metric("mae")
    metric.fitted_scenes = frozenset({"s1", "elsewhere"})
    with pytest.raises(UserError, match=r"fitted on: s1\."):
        assess_pairs(metric, manifest, output, "cpu")
    metric = create_metric("mae")
    compare = metric.compare
    monkeypatch.setattr(metric, "compare", lambda image, description: compare(image, description) * np.nan)
    with pytest.raises(UserError, match=r"no finite value for(.|\n)*ref/0\.png"):
        assess_pairs(metric, manifest, output, "cpu")
    change(manifest, "second", 2, "p1/3.png")
    with pytest.raises(UserError, match="differ in size: 64x64, 64x64, 48x48"):
        assess_pairs(create_metric("mae"), manifest, output, "cpu")
    change(manifest, "second", 2, "p1/none.png")
    with pytest.raises(UserError, match=r"none\.png is not a readable image"):
        assess_pairs(create_metric("mae"), manifest, output, "cpu")
    assert not output.exists()
