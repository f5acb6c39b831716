import numpy as np
import pytest
from scipy import stats

from asymmetry.analysis import resampling
from asymmetry.analysis.correlation import fisher_z, srcc


def test_few_clusters_give_the_t_interval_on_their_means():
    means = np.random.default_rng(2).normal(size=8)
    expected = stats.t.interval(0.95, 7, means.mean(), stats.sem(means))
    assert resampling.mean_interval(means) == pytest.approx(expected)
    assert resampling.mean_interval(means, 0.99) == pytest.approx(
        stats.t.interval(0.99, 7, means.mean(), stats.sem(means))
    )


def test_many_clusters_give_a_bootstrap_that_is_wider_than_the_percentiles():
    means = np.random.default_rng(3).normal(size=60)
    expected = stats.t.interval(0.95, 59, means.mean(), stats.sem(means))
    found = resampling.mean_interval(means)
    assert found == pytest.approx(expected, abs=0.06)
    assert found != pytest.approx(expected, abs=1e-6)
    assert found == resampling.mean_interval(means)


def test_the_bootstrap_follows_a_skew_that_t_does_not():
    low, high = resampling.mean_interval(np.random.default_rng(3).lognormal(size=60))
    middle = np.random.default_rng(3).lognormal(size=60).mean()
    assert high - middle > 1.2 * (middle - low)


def test_degenerate_clusters_have_defined_intervals():
    assert np.isnan(resampling.mean_interval(np.ones(1))).all()
    assert resampling.mean_interval(np.ones(5)) == pytest.approx((1, 1))
    assert resampling.mean_interval(np.ones(40)) == pytest.approx((1, 1))


TRUTH = 0.721


def test_interval_of_a_pooled_correlation_covers_with_few_scenes():
    """The SRCC over all images of all scenes; TRUTH is its value over 100000 scenes."""
    generator = np.random.default_rng(8)
    rows = list(np.arange(80).reshape(8, 10))
    hits = 0
    for _ in range(400):
        x, y = pooled(generator, 8)
        low, high = resampling.interval(lambda r, x=x, y=y: fisher_z(srcc(x[r], y[r])), rows)
        hits += low <= fisher_z(TRUTH) <= high
    assert 0.92 <= hits / 400 <= 0.98


@pytest.mark.parametrize("clusters", [30, 50])
def test_interval_of_a_mean_covers_with_many_scenes(clusters):
    generator = np.random.default_rng(clusters)
    clusters_of_one = [np.array([k]) for k in range(clusters)]
    hits = 0
    for _ in range(300):
        values = generator.normal(size=clusters)
        low, high = resampling.interval(lambda r, values=values: values[r].mean(), clusters_of_one, resamples=300)
        hits += low <= 0 <= high
    assert 0.92 <= hits / 300 <= 0.98


def pooled(generator: np.random.Generator, clusters: int) -> tuple[np.ndarray, np.ndarray]:
    """Opinions and qualities (clusters · 10,): noise of each scene's own size, and an offset of each scene."""
    y = generator.normal(size=(clusters, 10))
    noise = generator.uniform(0.3, 1.2, size=(clusters, 1)) * generator.normal(size=(clusters, 10))
    return (y + noise + 0.5 * generator.normal(size=(clusters, 1))).ravel(), y.ravel()


def test_halves_share_neither_scene_nor_seed():
    for (scenes, seeds), (other_scenes, other_seeds) in resampling.halves(list("abcdefg"), [0, 1, 2], 20):
        assert not scenes & other_scenes
        assert scenes | other_scenes == set("abcdefg")
        assert not seeds & other_seeds
        assert seeds
        assert other_seeds


def test_spearman_brown():
    assert resampling.spearman_brown([0.5]) == pytest.approx(2 / 3)
    assert resampling.spearman_brown([1.0, np.nan]) == pytest.approx(1)
    assert np.isnan(resampling.spearman_brown([]))
