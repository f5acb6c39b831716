import numpy as np
import pytest
from scipy import fft

from asymmetry.data import fields, painted, procedural
from asymmetry.errors import UserError

ALL = sorted(procedural.CLASSES | procedural.HELD_OUT)


@pytest.mark.parametrize("label", ALL)
def test_each_class_is_seeded_coloured_and_has_structure(label):
    pictures = [procedural.draw(label, 48, 0, index) for index in range(4)]
    assert all(picture.shape == (48, 48, 3) and picture.dtype == np.uint8 for picture in pictures)
    assert np.array_equal(pictures[1], procedural.draw(label, 48, 0, 1))
    assert not np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[0], procedural.draw(label, 48, 1, 0))
    assert np.mean([picture.mean(axis=-1).std() for picture in pictures]) > 8, "flat"
    assert np.mean([np.ptp(picture.astype(int), axis=-1).mean() for picture in pictures]) > 5, "grey"


def test_enough_classes_and_none_both_trained_on_and_held_out():
    assert len(procedural.CLASSES) >= 12
    assert len(procedural.HELD_OUT) >= 5
    assert not procedural.CLASSES.keys() & procedural.HELD_OUT.keys()


def test_pictures_take_the_classes_in_turn():
    found = list(procedural.pictures(seed=5, images=7, size=16, classes=["wood", "grating", "tiles"]))
    assert [picture.label for picture in found] == ["wood", "grating", "tiles"] * 2 + ["wood"]
    assert len({picture.scene for picture in found}) == 7
    more = list(procedural.pictures(seed=5, images=9, size=16, classes=["wood", "grating", "tiles"]))
    assert all(np.array_equal(a.array, b.array) for a, b in zip(found, more, strict=False))


@pytest.mark.parametrize("name", ["wod", "weave"])
def test_unknown_and_held_out_classes_are_refused(name):
    with pytest.raises(UserError, match="unknown class of generated pictures"):
        list(procedural.pictures(seed=0, images=1, size=16, classes=[name]))


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.0])
def test_noise_has_its_power_spectrum(exponent):
    n = 256
    power = np.abs(fft.rfft2(fields.noise(np.random.default_rng(0), n, exponent))) ** 2
    frequency = np.hypot(fft.fftfreq(n)[:, None], fft.rfftfreq(n)[None])
    rings = [(frequency >= low) & (frequency < 2 * low) for low in (0.02, 0.04, 0.08, 0.16)]
    slope = np.polyfit(
        [np.log(frequency[ring]).mean() for ring in rings], [np.log(power[ring].mean()) for ring in rings], 1
    )[0]
    assert slope == pytest.approx(-exponent, abs=0.1)


def test_dead_leaves_have_radii_of_density_r_cubed():
    rng = np.random.default_rng(0)
    _, radius = painted.scatter(rng, n=4000, smallest=4, largest=64, layers=2)
    assert radius.min() >= 4
    assert radius.max() <= 64
    for r in (8, 16, 32):
        expected = (r**-2 - 64**-2) / (4**-2 - 64**-2)
        assert (radius > r).mean() == pytest.approx(expected, rel=0.1)


def test_cells_are_those_of_the_nearest_point():
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:60, :60].astype(np.float32) + np.float32(0.5)
    nearest, second, number = fields.cells(rng, x, y, period=12, jitter=0)
    assert nearest.min() == pytest.approx(np.sqrt(0.5) / 12, rel=1e-3)
    assert nearest.max() <= np.sqrt(0.5) + 1e-6
    assert (second >= nearest).all()
    assert len(np.unique(number)) == 25
