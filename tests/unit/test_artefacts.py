import numpy as np
import pytest

from asymmetry import artifacts, images, tables
from asymmetry.analysis import artefacts
from asymmetry.errors import UserError

SIZE = 96


@pytest.fixture
def smooth():
    rows, columns = np.mgrid[:SIZE, :SIZE] / SIZE
    return 0.5 + 0.2 * np.sin(5 * rows) * np.cos(4 * columns)


@pytest.fixture
def noise():
    return np.random.default_rng(0).normal(size=(SIZE, SIZE))


def grid(period):
    rows, columns = np.mgrid[:SIZE, :SIZE]
    return 1.0 * (rows % period == 0) * (columns % period == 0)


def test_excess_variance_sees_what_is_added_and_not_what_is_lost(smooth, noise):
    flat, textured = np.full_like(smooth, 0.5), 0.5 + 0.05 * noise
    assert artefacts.excess_variance(smooth, smooth) == 0
    assert artefacts.excess_variance(textured, flat) == pytest.approx(0.05, rel=0.05)
    assert artefacts.excess_variance(flat, textured) == pytest.approx(0, abs=1e-3)
    assert artefacts.excess_variance(smooth + 0.1, smooth) == pytest.approx(0, abs=1e-6)


def test_excess_variance_is_local(noise):
    """Texture that moves elsewhere is an artefact there, though the whole holds as much of it as before."""
    left, right = np.full((2, SIZE, SIZE), 0.5)
    left[:, : SIZE // 2] += 0.05 * noise[:, : SIZE // 2]
    right[:, SIZE // 2 :] += 0.05 * noise[:, SIZE // 2 :]
    assert artefacts.excess_variance(right, left) == pytest.approx(0.025, rel=0.1)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_spectral_peak_sees_a_grid_of_its_period(smooth, noise, scale):
    picture = smooth + 0.02 * noise
    plain, gridded = (artefacts.spectral_peak(p, scale) for p in (picture, picture + 0.1 * grid(scale)))
    assert gridded > plain + 1
    other = artefacts.spectral_peak(picture + 0.1 * grid(7), scale)
    assert abs(other - plain) < 0.4


def test_spectral_peak_is_none_of_noise_blur_or_brightness(smooth, noise):
    values = [artefacts.spectral_peak(noise * level + shift, 4) for level, shift in ((0.01, 0), (0.1, 0.5))]
    assert values[0] == pytest.approx(values[1], abs=1e-6)
    own = [artefacts.spectral_peak(np.random.default_rng(k).normal(size=(SIZE, SIZE)), 4) for k in range(20)]
    assert np.std(own) < 0.2
    assert np.mean(own) < 0.8  # the largest of nine bins over the median


def test_spectral_peak_of_other_sizes(noise):
    assert np.isfinite(artefacts.spectral_peak(noise[:93, :90], 4))
    assert np.isnan(artefacts.spectral_peak(noise[:60], 4))


def cell(folder, name, pictures, status="completed"):
    for scene, picture in pictures.items():
        images.write(np.repeat(np.clip(picture, 0, 1)[..., None], 3, axis=2), folder / name / f"{scene}.png")
    artifacts.write_json({"status": status}, folder / name / "provenance.json")
    facts = {"objective": name, "discriminator": "none", "weight": 0.0, "seed": 0}
    return facts | {"outputs": str(folder / name), "provenance": str(folder / name / "provenance.json")}


def test_table(tmp_path, smooth, noise):
    references = {"b": smooth, "a": smooth.T}
    cell(tmp_path, "reference", references)
    noisy = {scene: picture + 0.05 * noise for scene, picture in references.items()}
    cells = [cell(tmp_path, "same", references), cell(tmp_path, "noisy", noisy, "diverged")]
    artefacts.artefact_table(cells, tmp_path / "reference", 4, tmp_path / "t.csv")
    table = tables.read(tmp_path / "t.csv", "artefacts").set_index(["objective", "scene"])
    assert list(table.index) == [("same", "a"), ("same", "b"), ("noisy", "a"), ("noisy", "b")]
    assert (table.loc["same", ["excess_variance", "spectral_peak"]].to_numpy() == 0).all()
    assert (table.loc["noisy", "excess_variance"] > 0.03).all()
    assert table["status"].to_list() == ["completed"] * 2 + ["diverged"] * 2


def test_output_of_another_size(tmp_path, smooth):
    cell(tmp_path, "reference", {"a": smooth})
    with pytest.raises(UserError, match="size of its reference"):
        artefacts.artefact_table([cell(tmp_path, "cut", {"a": smooth[:-4]})], tmp_path / "reference", 4, tmp_path / "t")
