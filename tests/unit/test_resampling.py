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


@pytest.mark.parametrize(("scenes", "repeats"), [(8, 400), (30, 100)])
def test_interval_of_a_pooled_correlation_covers(scenes, repeats):
    """The SRCC over all images of all scenes; TRUTH is its value over 100000 scenes."""
    generator = np.random.default_rng(8)
    rows = list(np.arange(10 * scenes).reshape(scenes, 10))
    hits = 0
    for _ in range(repeats):
        x, y = pooled(generator, scenes)
        low, high = resampling.interval(lambda r, x=x, y=y: fisher_z(srcc(x[r], y[r])), rows, resamples=150)
        hits += low <= fisher_z(TRUTH) <= high
    assert 0.91 <= hits / repeats <= 0.99


def test_the_bootstrap_of_a_mean_covers():
    generator = np.random.default_rng(30)
    rows = [np.array([k]) for k in range(30)]
    hits = 0
    for _ in range(100):
        values = generator.normal(size=30)
        low, high = resampling.interval(lambda r, values=values: values[r].mean(), rows, resamples=200)
        hits += low <= 0 <= high
    assert 0.9 <= hits / 100 <= 0.99


def test_where_the_bootstrap_is_undefined_the_jackknife_takes_its_place(caplog):
    values = np.random.default_rng(1).normal(size=40)
    rows = [np.array([k]) for k in range(40)]

    def seldom_undefined(drawn: np.ndarray) -> float:
        return values[drawn].mean() if len(np.unique(drawn)) > 20 else np.nan

    with caplog.at_level("INFO"):
        found = resampling.interval(seldom_undefined, rows)
    assert found == pytest.approx(stats.t.interval(0.95, 39, values.mean(), stats.sem(values)))
    assert "bootstrap of 40 clusters is undefined" in caplog.text


def pooled(generator: np.random.Generator, clusters: int) -> tuple[np.ndarray, np.ndarray]:
    """Opinions and qualities (clusters · 10,): noise of each scene's own size, and an offset of each scene."""
    y = generator.normal(size=(clusters, 10))
    noise = generator.uniform(0.3, 1.2, size=(clusters, 1)) * generator.normal(size=(clusters, 10))
    return (y + noise + 0.5 * generator.normal(size=(clusters, 1))).ravel(), y.ravel()
