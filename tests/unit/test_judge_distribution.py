import numpy as np
import pytest
import torch

from asymmetry.errors import UserError
from asymmetry.metrics.judges import distribution
from asymmetry.metrics.judges.distribution import Kid, SlicedWasserstein, laplacian_pyramid, squared_mmd


def texture(seed: int, size: int = 96) -> torch.Tensor:
    noise = torch.rand(1, 3, size + 2, size + 2, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.avg_pool2d(noise, 3, 1)


def blurred(image: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.avg_pool2d(image, 5, 1, 2, count_include_pad=False)


def test_mmd_is_unbiased() -> None:
    random = np.random.default_rng(0)
    values = [squared_mmd(random.normal(size=(40, 8)), random.normal(size=(60, 8))) for _ in range(600)]
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(len(values))
    assert min(values) < 0 < max(values)


def test_mmd_is_that_of_its_definition_and_tells_distributions_apart() -> None:
    random = np.random.default_rng(1)
    first, second = random.normal(size=(3, 2)), random.normal(size=(4, 2))

    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        return (a @ b / 2 + 1) ** 3

    expected = (
        sum(kernel(a, b) for i, a in enumerate(first) for j, b in enumerate(first) if i != j) / 6
        + sum(kernel(a, b) for i, a in enumerate(second) for j, b in enumerate(second) if i != j) / 12
        - 2 * sum(kernel(a, b) for a in first for b in second) / 12
    )
    assert squared_mmd(first, second) == pytest.approx(expected)
    assert squared_mmd(random.normal(size=(200, 8)), random.normal(0.5, 1, (200, 8))) > 0.1


@pytest.mark.parametrize("block", [1, 13, 120])
def test_mmd_is_the_same_in_blocks_of_any_size(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    random = np.random.default_rng(2)
    first, second = random.normal(size=(23, 5)), random.normal(size=(31, 5))
    expected = squared_mmd(first, second)
    monkeypatch.setattr(distribution, "BLOCK", block)
    assert squared_mmd(first, second) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("judge", [Kid(), SlicedWasserstein()], ids=["kid", "sliced-wasserstein"])
def test_order_of_same_texture_blur_and_noise(judge) -> None:
    reference = texture(0)
    noise = 0.1 * torch.randn(reference.shape, generator=torch.Generator().manual_seed(2))
    same, twin, blur, noisy = (
        judge.value("a", output, reference)
        for output in (reference, texture(1), blurred(reference), (reference + noise).clamp(0, 1))
    )
    assert same <= twin < min(blur, noisy) / 2


def test_kid_of_one_texture_is_near_zero() -> None:
    values = [Kid().value("a", texture(seed), texture(seed + 100)) for seed in range(8)]
    assert abs(np.mean(values)) < 0.1 * Kid().value("a", blurred(texture(0)), texture(100))


def test_sliced_wasserstein_is_zero_on_identical_and_the_same_every_time() -> None:
    image, other = texture(0), texture(1)
    assert SlicedWasserstein().value("a", image, image) == 0
    assert SlicedWasserstein().value("a", image, other) == SlicedWasserstein().value("a", image, other)
    assert SlicedWasserstein().value("a", image, other) != SlicedWasserstein(seed=1).value("a", image, other)


def test_a_pyramid_adds_up_to_its_picture() -> None:
    image = texture(0)
    bands = laplacian_pyramid(image, 3)
    assert [band.shape[-1] for band in bands] == [96, 48, 24]
    total = bands[2]
    for band in bands[1::-1]:
        total = band + torch.nn.functional.interpolate(total, size=band.shape[-2:], mode="bicubic")
    assert torch.allclose(total, image, atol=1e-6)


@pytest.mark.parametrize("judge", [Kid(), SlicedWasserstein()], ids=["kid", "sliced-wasserstein"])
def test_constant_and_small_pictures(judge) -> None:
    flat = torch.full((1, 3, 64, 64), 0.5)
    assert judge.value("a", flat, flat) == pytest.approx(0, abs=1e-6)
    assert np.isfinite(judge.value("a", flat, texture(0, 64)))
    assert judge.value("a", texture(0, 64), flat) > 0
    with pytest.raises(UserError, match="too few pixels"):
        judge.value("a", flat[..., :12, :12], flat[..., :12, :12])
