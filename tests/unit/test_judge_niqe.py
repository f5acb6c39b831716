import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from scipy.stats import gennorm

from asymmetry import images
from asymmetry.errors import UserError
from asymmetry.metrics.judges.niqe import Niqe, fit_aggd, patch_features


def scene(seed: int, size: int = 160) -> np.ndarray:
    """Dead leaves: opaque squares of many sizes, as crisp as a photograph."""
    random = np.random.default_rng(seed)
    canvas = np.zeros((size, size, 3))
    for _ in range(600):
        y, x = random.integers(0, size, 2)
        side = int(3 / random.uniform(0.05, 1))
        canvas[y : y + side, x : x + side] = random.uniform(0, 255, 3)
    return np.clip(canvas + random.normal(0, 2, canvas.shape), 0, 255).astype(np.uint8)


PRISTINE = [(f"scene-{seed}", scene(seed)) for seed in range(4)]


@pytest.fixture(scope="module")
def fitted() -> Niqe:
    judge = Niqe()
    judge.load(judge.fit(PRISTINE, None, 0))
    return judge


@pytest.mark.parametrize("shape", [0.6, 1.0, 2.0, 4.0])
def test_shape_of_a_symmetric_generalised_gaussian_is_recovered(shape: float) -> None:
    values = gennorm.rvs(shape, scale=1.5, size=200_000, random_state=0)
    found, left, right, mean = fit_aggd(values)
    assert found == pytest.approx(shape, rel=0.05)
    assert left == pytest.approx(1.5, rel=0.05)
    assert right == pytest.approx(1.5, rel=0.05)
    assert abs(mean) < 0.03 * values.std()


def test_the_two_sides_of_an_asymmetric_gaussian_are_told_apart() -> None:
    random = np.random.default_rng(0)
    size = np.abs(random.normal(size=200_000))
    values = np.where(random.random(200_000) < 1 / 4, -size, 3 * size)
    shape, left, right, mean = fit_aggd(values)
    assert shape == pytest.approx(2, rel=0.05)
    assert left == pytest.approx(np.sqrt(2), rel=0.05)
    assert right == pytest.approx(3 * np.sqrt(2), rel=0.05)
    assert mean == pytest.approx(values.mean(), rel=0.1)


def test_features_have_both_scales_and_do_not_depend_on_the_patch_grid_of_odd_sizes() -> None:
    features, sharpness = patch_features(np.random.default_rng(0).uniform(0, 255, (111, 96)), 64)
    assert features.shape == (3 * 3, 36)
    assert sharpness.shape == (9,)
    assert np.isfinite(patch_features(np.full((64, 64), 7.0), 64)[0]).all()


def test_pristine_is_better_than_blurred_and_noisy(fitted: Niqe) -> None:
    random = np.random.default_rng(0)
    for name, picture in PRISTINE:
        blurred = images.quantize(gaussian_filter(picture / 255, (2, 2, 0)))
        noisy = images.quantize(picture / 255 + random.normal(0, 0.1, picture.shape))
        best, *worse = (fitted.value(name, images.to_tensor(p), None) for p in (picture, blurred, noisy))
        assert best < min(worse)


def test_values_are_finite_on_a_constant_picture(fitted: Niqe) -> None:
    value = fitted.value("scene-0", torch.full((1, 3, 128, 128), 0.5), None)
    assert np.isfinite(value)
    assert value > fitted.value("scene-0", images.to_tensor(PRISTINE[0][1]), None)


def test_the_judged_scene_is_left_out() -> None:
    """A poisoned scene changes the models of all other scenes and not its own."""
    poison = [(name, np.flip(picture) // 3 if name == "scene-1" else picture) for name, picture in PRISTINE]
    clean, poisoned = Niqe().fit(PRISTINE, None, 0), Niqe().fit(poison, None, 0)
    for name, _ in PRISTINE:
        for part in ("mean", "scale", "covariance"):
            same = torch.equal(clean[f"{name}/{part}"], poisoned[f"{name}/{part}"])
            assert same == (name == "scene-1")


def test_a_scene_or_block_that_was_not_fitted(fitted: Niqe) -> None:
    with pytest.raises(UserError, match="Did you mean 'scene-1'"):
        fitted.value("scene-11", torch.zeros(1, 3, 64, 64), None)
    with pytest.raises(UserError, match="fitted with patches of 64"):
        Niqe(block=48).load(Niqe().fit(PRISTINE[:2], None, 0))
    with pytest.raises(UserError, match="multiple of 8"):
        Niqe(block=50)
    with pytest.raises(UserError, match="too few"):
        fitted.value("scene-1", torch.zeros(1, 3, 48, 64), None)
