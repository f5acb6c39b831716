import numpy as np
import pytest
from scipy import special, stats

from asymmetry.analysis import correlation, resampling


@pytest.fixture
def pair() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    x = generator.normal(size=200).round(1)  # rounded, so that there are ties
    return x, x + generator.normal(size=200)


def test_correlations_equal_scipy(pair):
    facts = correlation.summarise(*pair)
    assert facts["srcc"] == pytest.approx(stats.spearmanr(*pair).statistic, abs=1e-12)
    assert facts["krcc"] == pytest.approx(stats.kendalltau(*pair, variant="b").statistic, abs=1e-12)
    assert facts["plcc"] == pytest.approx(stats.pearsonr(*pair).statistic, abs=1e-12)


@pytest.mark.parametrize("sign", [1, -1])
def test_logistic_fit_recovers_a_known_curve(sign):
    x = np.linspace(20, 50, 120)
    truth = (0.9, 0.1, 34.0, 3.0) if sign > 0 else (0.1, 0.9, 34.0, 3.0)
    y = (truth[0] - truth[1]) * special.expit((x - truth[2]) / truth[3]) + truth[1]
    fit = correlation.logistic4(x, y)
    assert fit.fitted
    np.testing.assert_allclose(fit.parameters, truth, rtol=1e-3)
    np.testing.assert_allclose(fit(x), y, atol=1e-4)
    assert fit.plcc > 0.99999 > abs(stats.pearsonr(x, y).statistic)


@pytest.mark.parametrize("shape", [np.exp, np.square, np.sin, lambda x: -x, lambda x: x**5, lambda x: (x > 0) * 1.0])
def test_logistic_fit_is_never_below_linear(shape):
    generator = np.random.default_rng(1)
    x = generator.normal(size=60)
    y = shape(x) + 0.1 * generator.normal(size=60)
    assert correlation.logistic4(x, y).plcc >= abs(stats.pearsonr(x, y).statistic) - 1e-12


def test_a_metric_that_knows_nothing_scores_zero(pair):
    facts = correlation.summarise(np.full(200, 0.3), pair[1])
    assert (facts["srcc"], facts["krcc"], facts["plcc"], facts["plcc_logistic"]) == (0, 0, 0, 0)
    assert facts["note"] == "constant"


def test_fewer_than_three_images_give_nan():
    facts = correlation.summarise(np.array([1.0, 2.0]), np.array([1.0, 2.0]))
    assert np.isnan(facts["srcc"])
    assert np.isnan(facts["plcc_logistic"])
    assert "fewer than 3" in facts["note"]


def test_infinite_values_of_identical_images_are_the_best_finite_ones():
    quality, score = np.array([20.0, 30, 40, np.inf]), np.array([0.1, 0.4, 0.8, 0.9])
    assert correlation.srcc(quality, score) == pytest.approx(1)
    assert correlation.plcc(quality, score) == pytest.approx(stats.pearsonr([20, 30, 40, 40], score).statistic)


def test_few_clusters_give_the_t_interval_on_their_means():
    means = np.random.default_rng(2).normal(size=8)
    expected = stats.t.interval(0.95, 7, means.mean(), stats.sem(means))
    assert resampling.mean_interval(means) == pytest.approx(expected)


def test_thirty_clusters_give_the_bootstrap_and_one_gives_nothing():
    means = np.random.default_rng(3).normal(size=60)
    expected = stats.bootstrap((means,), np.mean, method="percentile", rng=0).confidence_interval
    assert resampling.mean_interval(means) == pytest.approx(tuple(expected), abs=0.05)
    assert resampling.mean_interval(means) == resampling.mean_interval(means)
    assert np.isnan(resampling.mean_interval(means[:1])).all()


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
