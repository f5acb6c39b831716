import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import ndimage
from skimage import color, data

from asymmetry.distortions import LEVELS, TYPES, brightness, colour, compression, contrast, distort, noise, spatial
from asymmetry.errors import UserError
from asymmetry.figures import distortions as figures
from asymmetry.images import crop_to, quantize

SCORES = Path(__file__).parents[2] / "workflow_scripts" / "data" / "kadid10k_level_means.csv"
EVERY = [(name, level) for name in TYPES for level in LEVELS]
FLAT = ("mean-shift", "contrast-change", "colour-shift")  # human scores do not fall with the level
PLACED = ("non-eccentricity-patch", "colour-block")  # random places: more of them is not always more error


@pytest.fixture(scope="module")
def photograph():
    return crop_to(data.astronaut(), 96) / 255


@pytest.fixture(scope="module")
def sheet(photograph):
    return {(name, level): distort(photograph, name, level, 0, "astronaut") for name, level in EVERY}


@pytest.fixture
def generator():
    return np.random.default_rng(0)


def grey(value=0.5, side=256):
    return np.full((side, side, 3), value)


def impulse_response(name, level, side=41):
    image = np.zeros((side, side, 3))
    image[side // 2, side // 2] = 1
    return distort(image, name, level, 0, "impulse")[..., 0]


def radius(kernel):
    """Root mean square distance from the middle, pixels."""
    y, x = np.indices(kernel.shape) - kernel.shape[0] // 2
    return np.sqrt((kernel * (x**2 + y**2)).sum() / kernel.sum())


def colours(image):
    return len(np.unique(quantize(image).reshape(-1, 3), axis=0))


def test_the_types_are_kadids():
    assert [kind.number for kind in TYPES.values()] == list(range(1, 26))
    assert [name for name, kind in TYPES.items() if kind.name != name] == []
    families = [kind.family for kind in TYPES.values()]
    sizes = {"blur": 3, "colour": 5, "compression": 2, "noise": 5, "brightness": 3, "spatial": 5, "contrast": 2}
    assert {family: families.count(family) for family in families} == sizes
    assert TYPES["mean-shift"].levels == (0.15, 0.08, 0, -0.08, -0.15)
    assert TYPES["jpeg"].levels == (43, 36, 24, 7, 4)


@pytest.mark.parametrize("name", TYPES)
def test_range_shape_and_input_untouched(photograph, sheet, name):
    before = photograph.copy()
    for level in LEVELS:
        result = sheet[name, level]
        assert result.shape == photograph.shape
        assert result.dtype == np.float64
        assert result.min() >= 0
        assert result.max() <= 1
        assert not np.shares_memory(result, photograph)
    distort(photograph, name, 5, 0, "astronaut")
    np.testing.assert_array_equal(photograph, before)
    assert np.mean((sheet[name, 5] - photograph) ** 2) > 1e-4


@pytest.mark.parametrize("name", TYPES)
def test_small_and_odd_sizes(generator, name):
    for height, width in ((33, 47), (48, 21), (9, 6)):
        image = generator.random((height, width, 3))
        for level in LEVELS:
            assert distort(image, name, level, 0, "tiny").shape == image.shape


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_constant_pictures(name, value):
    for level in (1, 3, 5):
        assert np.isfinite(distort(grey(value, 40), name, level, 0, "constant")).all()


@pytest.mark.parametrize("name", TYPES)
def test_any_one_can_be_made_again_alone(photograph, sheet, name):
    np.testing.assert_array_equal(distort(photograph, name, 4, 0, "astronaut"), sheet[name, 4])
    for others in (
        [distort(photograph, name, 4, seed, "astronaut") for seed in (1, 2, 3)],
        [distort(photograph, name, 4, 0, scene) for scene in "abc"],
    ):
        same = all(np.array_equal(other, sheet[name, 4]) for other in others)
        assert same != TYPES[name].random


def test_global_random_state_has_no_part(photograph):
    np.random.seed(1)
    first = distort(photograph, "white-noise", 3, 0, "a")
    state = np.random.get_state()[1].copy()
    np.random.seed(2)
    np.testing.assert_array_equal(distort(photograph, "white-noise", 3, 0, "a"), first)
    np.random.seed(1)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


def test_levels_of_no_change(photograph, sheet):
    for name, level in (("mean-shift", 3), ("contrast-change", 3), ("motion-blur", 1)):
        np.testing.assert_array_equal(sheet[name, level], photograph)
    for name in ("gaussian-blur", "colour-saturation-2"):
        np.testing.assert_allclose(sheet[name, 1], photograph, atol=1e-6)


@pytest.mark.parametrize("name", [name for name in TYPES if name not in FLAT + PLACED])
def test_error_grows_with_the_level(photograph, sheet, name):
    errors = [np.mean((sheet[name, level] - photograph) ** 2) for level in LEVELS]
    assert errors == sorted(errors)
    assert errors[0] < 0.7 * errors[-1]


def test_what_leaves_grey_as_it_is(photograph):
    image = np.repeat(color.rgb2gray(photograph)[..., None], 3, axis=2)
    changed = {name for name in TYPES if not np.allclose(distort(image, name, 5, 0, "grey"), image, atol=1 / 255)}
    assert set(TYPES) - changed == {"colour-diffusion", "colour-saturation-1", "colour-saturation-2"}


@pytest.mark.parametrize(("level", "sigma"), [(3, 1), (4, 2), (5, 5)])
def test_gaussian_blur(level, sigma):
    kernel = impulse_response("gaussian-blur", level)
    middle = kernel[20, 20:]
    assert kernel.sum() == pytest.approx(1)
    np.testing.assert_allclose(middle[1] / middle[0], np.exp(-0.5 / sigma**2))
    assert (middle > 0).sum() == 2 * sigma + 1


@pytest.mark.parametrize("level", LEVELS)
def test_lens_blur(level):
    kernel = impulse_response("lens-blur", level)
    extent = TYPES["lens-blur"].levels[level - 1]
    assert kernel.sum() == pytest.approx(1)
    assert kernel.max() == pytest.approx(1 / (np.pi * extent**2), rel=0.02)
    assert radius(kernel) == pytest.approx(np.sqrt(extent**2 / 2 + 1 / 6), rel=0.1 / extent)
    np.testing.assert_allclose(kernel, kernel.T)


@pytest.mark.parametrize("level", [2, 3, 4, 5])
def test_motion_blur(level):
    kernel = impulse_response("motion-blur", level)
    length = TYPES["motion-blur"].levels[level - 1]
    y, x = np.indices(kernel.shape) - 20
    covariance = np.cov(np.stack([y.ravel(), x.ravel()]), aweights=kernel.ravel(), ddof=0)
    across, along = np.sqrt(np.linalg.eigvalsh(covariance))
    assert kernel.sum() == pytest.approx(1)
    assert along * np.sqrt(12) == pytest.approx(length, rel=0.25)
    assert across < 0.6


def test_motion_blur_turns_with_the_scene(photograph):
    assert len({distort(photograph, "motion-blur", 5, 0, str(scene)).tobytes() for scene in range(8)}) >= 6


def test_colour_diffusion_keeps_lightness_and_blurs_colour():
    image = grey(0.5, 64)
    image[:, 32:] = (0.54, 0.49, 0.46)
    before, after = color.rgb2lab(image), color.rgb2lab(distort(image, "colour-diffusion", 2, 0, "edge"))
    np.testing.assert_allclose(after[..., 0], before[..., 0], atol=0.1)
    blurred = 3 * ndimage.gaussian_filter(before[..., 1:], 6.5, mode="nearest", axes=(0, 1))
    np.testing.assert_allclose(after[..., 1:], blurred, atol=0.7)


def test_colour_shift_moves_green_alone(photograph, sheet):
    changed = np.abs(sheet["colour-shift", 5] - photograph).max((0, 1))
    assert changed[1] > 0.1
    assert changed[0] == changed[2] == 0


@pytest.mark.parametrize("level", LEVELS)
def test_numbers_of_colours_and_of_values(photograph, sheet, level):
    palette = TYPES["colour-quantisation"].levels[level - 1]
    assert palette * 0.75 <= colours(sheet["colour-quantisation", level]) <= palette
    thresholds = TYPES["quantisation"].levels[level - 1]
    assert len(np.unique(sheet["quantisation", level])) == thresholds + 1


def test_quantisation_finds_the_clusters(generator):
    levels = np.array([10, 11, 12, 100, 101, 102, 200, 201, 202])
    image = generator.choice(levels, (64, 64, 3)) / 255
    result = np.round(spatial.quantisation(image, 2) * 255)
    np.testing.assert_array_equal(result, np.select([image * 255 < 50, image * 255 < 150], [12, 102], 202))


def test_saturation(photograph, sheet):
    none = sheet["colour-saturation-1", 4]
    np.testing.assert_allclose(none, np.repeat(photograph.max(2, keepdims=True), 3, axis=2), atol=1e-9)
    saturation = color.rgb2hsv(sheet["colour-saturation-1", 1])[..., 1]
    np.testing.assert_allclose(saturation, 0.4 * color.rgb2hsv(photograph)[..., 1], atol=1e-9)
    tinted = np.full((4, 4, 3), (0.52, 0.5, 0.48))
    lab = color.rgb2lab(colour.saturation_lab(tinted, 3))
    np.testing.assert_allclose(lab, color.rgb2lab(tinted) * (1, 3, 3), atol=0.01)


@pytest.mark.parametrize("level", LEVELS)
def test_jpeg_quality(photograph, sheet, level):
    quality = TYPES["jpeg"].levels[level - 1]
    file = io.BytesIO()
    Image.fromarray(quantize(photograph)).save(file, format="JPEG", quality=quality)
    decoded = Image.open(file)
    scale = 5000 / quality if quality < 50 else 200 - 2 * quality
    assert decoded.quantization[0][0] == min(int((16 * scale + 50) / 100), 255)  # the standard table starts with 16
    np.testing.assert_array_equal(quantize(sheet["jpeg", level]), np.asarray(decoded.convert("RGB")))


@pytest.mark.parametrize("level", LEVELS)
def test_jpeg2000_ratio(level):
    image = crop_to(data.coffee(), 256) / 255
    ratio = TYPES["jpeg2000"].levels[level - 1]
    options = {"no_jp2": True, "irreversible": True, "quality_mode": "rates", "num_resolutions": 6}
    file = compression.encode(image, "JPEG2000", quality_layers=[ratio], **options)
    assert image.size / len(file) == pytest.approx(ratio, rel=0.1)
    np.testing.assert_array_equal(compression.decode(file), distort(image, "jpeg2000", level, 0, "coffee"))


@pytest.mark.parametrize("level", LEVELS)
def test_noise_variances(level):
    white = distort(grey(), "white-noise", level, 0, "grey") - 0.5
    assert white.var() == pytest.approx(TYPES["white-noise"].levels[level - 1], rel=0.02)
    assert np.abs(np.corrcoef(white.reshape(-1, 3).T) - np.eye(3)).max() < 0.02
    speckle = distort(grey(0.25), "multiplicative-noise", level, 0, "grey") / 0.25 - 1
    assert speckle.var() == pytest.approx(TYPES["multiplicative-noise"].levels[level - 1], rel=0.02)
    ycbcr = color.rgb2ycbcr(distort(grey(), "white-noise-ycbcr", level, 0, "grey")) / 255
    np.testing.assert_allclose(ycbcr.var((0, 1)), TYPES["white-noise-ycbcr"].levels[level - 1], rtol=0.03)


@pytest.mark.parametrize("level", LEVELS)
def test_impulse_density(level):
    result = distort(grey(), "impulse-noise", level, 0, "grey")
    density = TYPES["impulse-noise"].levels[level - 1]
    assert set(np.unique(result)) == {0, 0.5, 1}
    assert (result != 0.5).mean() == pytest.approx(density, rel=0.15)
    assert (result == 1).mean() == pytest.approx(density / 2, rel=0.25)


def test_denoise_takes_noise_away_and_detail_with_it(photograph):
    variance = 0.1
    result = noise.denoise(photograph, variance, np.random.default_rng(0))
    noisy = np.clip(noise.white_noise(photograph, variance, np.random.default_rng(0)), 0, 1)
    assert np.mean((result - photograph) ** 2) < 0.5 * np.mean((noisy - photograph) ** 2)
    fine = [(image - ndimage.gaussian_filter(image, 1, axes=(0, 1))).std() for image in (result, photograph)]
    assert fine[0] < 0.7 * fine[1]


def test_tone_curves():
    middle = grey(0.5, 2)
    assert distort(middle, "darken", 5, 0, "") == pytest.approx(0.1)
    assert brightness.tone_curve(middle, [0.5], [0.7]) == pytest.approx(0.7)
    assert distort(middle, "brighten", 1, 0, "").mean() == pytest.approx(0.55, abs=0.02)
    np.testing.assert_allclose(distort(middle, "mean-shift", 1, 0, ""), 0.65)
    np.testing.assert_allclose(distort(middle, "mean-shift", 5, 0, ""), 0.35)
    assert contrast.contrast_change(grey(0.25, 2), 0.3) == pytest.approx(0.175)
    assert contrast.contrast_change(grey(0.75, 2), -0.6) == pytest.approx(0.6)
    ramp = np.linspace(0, 1, 101)
    for amount in TYPES["contrast-change"].levels:
        assert (np.diff(contrast.contrast_change(ramp, amount)) >= 0).all()


def test_jitter_moves_by_its_amount(generator):
    ramp = np.repeat(np.repeat(np.arange(256.0)[:, None, None], 256, axis=1), 3, axis=2)
    moved = spatial.jitter(ramp, 1.0, generator) - ramp
    # Bilinear sampling averages some of the jitter away, so that five rounds move by less than the root of five.
    assert 1 < moved[20:-20, 20:-20].std() < np.sqrt(5)
    assert abs(moved[20:-20].mean()) < 0.05


def test_patches_come_from_near(generator):
    places = np.indices((80, 80)).transpose(1, 2, 0) / 80
    image = np.concatenate([places, np.zeros((80, 80, 1))], axis=2)
    moved = np.round((spatial.non_eccentricity_patch(image, 1, generator) - image)[..., :2] * 80)
    rows, columns = np.nonzero(moved.any(2))
    assert len(rows) == 16 * 16
    assert (np.ptp(rows), np.ptp(columns)) == (15, 15)
    assert len(np.unique(moved[rows, columns], axis=0)) == 1
    assert np.abs(moved).max() <= 8


def test_numbers_of_patches_and_blocks_grow():
    image = np.random.default_rng(0).random((384, 512, 3))
    for name, area in (("non-eccentricity-patch", 16 * 16), ("colour-block", 32 * 32)):
        for level in LEVELS:
            share = (distort(image, name, level, 0, "noise") != image).any(2).mean()
            most = TYPES[name].levels[level - 1] * area / (384 * 512)
            assert 0.6 * most < share <= most


def test_colour_blocks_have_one_colour_each(generator):
    result = spatial.colour_block(grey(0.5, 100), 1, generator)
    covered = (result != 0.5).any(2)
    assert covered.sum() == 32 * 32
    assert colours(result) == 2


def test_pixelate_repeats_pixels():
    image = np.random.default_rng(0).random((100, 100, 3))
    for level, strength in zip(LEVELS, TYPES["pixelate"].levels, strict=True):
        result = distort(image, "pixelate", level, 0, "noise")
        steps = (np.diff(result, axis=0) != 0).any((1, 2)).sum()
        assert steps + 1 == int(np.ceil(100 * (0.95 - strength**0.6)))
        assert set(np.unique(result)) <= set(np.unique(image))


def test_sharpening_adds_what_a_blur_takes_away():
    edge = grey(0.45, 64)
    edge[:, 32:] = 0.55
    before, after = (color.rgb2lab(image)[32, :, 0] for image in (edge, contrast.high_sharpen(edge, 1)))
    detail = before - ndimage.gaussian_filter1d(before, 3, mode="nearest", truncate=2)
    np.testing.assert_allclose(after, before + detail, atol=0.05)


def test_unknown_names_and_levels():
    with pytest.raises(UserError, match="Did you mean 'gaussian-blur'"):
        distort(grey(side=8), "gausian-blur", 1, 0, "")
    for level in (0, 6, 2.5, "3"):
        with pytest.raises(UserError, match="from 1"):
            distort(grey(side=8), "jpeg", level, 0, "")


@pytest.mark.parametrize(
    "image", [np.zeros((8, 8)), np.zeros((8, 8, 4)), np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), 2.0)]
)
def test_arrays_of_another_kind(image):
    with pytest.raises(ValueError, match="expected"):
        distort(image, "jpeg", 1, 0, "")


def test_level_means_are_complete_and_known():
    table = pd.read_csv(SCORES).set_index(["type", "level"])
    assert list(table.index) == [(number, level) for number in range(1, 26) for level in LEVELS]
    assert table["mean_score"].between(1, 5).all()
    for name, kind in TYPES.items():
        scores = table.loc[kind.number, "mean_score"]
        assert (scores.is_monotonic_decreasing) == (name not in FLAT)


def test_contact_sheet(tmp_path, photograph):
    figures.draw_contact_sheet(quantize(photograph), SCORES, 0, "astronaut", tmp_path / "sheet")
    with Image.open(tmp_path / "sheet.png") as sheet:
        pixels = np.asarray(sheet.convert("RGB"))
    assert pixels.shape[0] > pixels.shape[1] > 1200
    # The picture stands on the sheet pixel by pixel: its level of no change and as the reference.
    found = [
        (y, x)
        for y, x in np.argwhere((pixels == quantize(photograph)[0, 0]).all(2))
        if np.array_equal(pixels[y : y + 96, x : x + 96], quantize(photograph))
    ]
    assert len(found) >= 3
    assert (tmp_path / "sheet.pdf").stat().st_size < 5e6
