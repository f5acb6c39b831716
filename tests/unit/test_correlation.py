import numpy as np
import pytest
from scipy import special, stats

from asymmetry.analysis import correlation, mapping


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
    curve = mapping.logistic(x, y)
    assert curve.fitted
    np.testing.assert_allclose(curve.predicted, y, atol=1e-4)
    assert curve.plcc > 0.99999 > abs(stats.pearsonr(x, y).statistic)


def test_five_parameters_recover_a_known_curve():
    x = np.linspace(-4, 9, 150)
    y = 2.0 * (special.expit(1.5 * (x - 3)) - 0.5) + 0.2 * x + 0.5
    curve = mapping.logistic(x, y, 5)
    assert curve.fitted
    np.testing.assert_allclose(curve.predicted, y, atol=1e-4)


@pytest.mark.parametrize("parameters", [4, 5])
@pytest.mark.parametrize("shape", [np.exp, np.square, np.sin, lambda x: -x, lambda x: x**5, lambda x: (x > 0) * 1.0])
def test_logistic_fit_is_never_below_linear(shape, parameters):
    generator = np.random.default_rng(1)
    x = generator.normal(size=60)
    y = shape(x) + 0.1 * generator.normal(size=60)
    assert mapping.logistic(x, y, parameters).plcc >= abs(stats.pearsonr(x, y).statistic) - 1e-12


def test_a_failed_fit_is_told_and_the_line_stands_in(monkeypatch, pair):
    failure = type("Failure", (), {"success": False, "cost": 0.0, "x": np.array([0.0, 1.0])})
    monkeypatch.setattr(mapping.optimize, "least_squares", lambda *a, **k: failure)
    facts = correlation.summarise(*pair)
    assert facts["plcc_logistic"] == pytest.approx(abs(facts["plcc"]))
    assert facts["note"] == "no logistic fit of 4 and 5 parameters: the line"
    residual = pair[1] - np.polyval(np.polyfit(*pair, 1), pair[0])
    assert facts["rmse"] == pytest.approx(np.sqrt((residual**2).sum() / 198))


def test_error_after_the_fit_has_the_freedom_that_is_left(pair):
    facts = correlation.summarise(*pair)
    residual = mapping.logistic(*pair).predicted - pair[1]
    assert facts["rmse"] == pytest.approx(np.sqrt((residual**2).sum() / 196))
    assert facts["plcc_logistic5"] >= abs(facts["plcc"])
    assert np.isnan(mapping.rmse(np.ones(4), 4))


def test_outliers_are_beyond_twice_the_scores_error_where_that_is_known():
    error = np.array([0.1, -0.3, 0.3, 5.0])
    assert mapping.outlier_ratio(error, np.array([0.1, 0.1, 0.2, np.nan])) == pytest.approx(1 / 3)
    assert np.isnan(mapping.outlier_ratio(error, np.full(4, np.nan)))


def test_outlier_ratio_is_empty_without_the_raters_spread(pair):
    assert np.isnan(correlation.summarise(*pair)["outlier_ratio"])
    assert correlation.summarise(*pair, np.full(200, 1e-6))["outlier_ratio"] == 1
    assert correlation.summarise(*pair, np.full(200, 100.0))["outlier_ratio"] == 0


def test_a_metric_that_knows_nothing_scores_zero(pair):
    facts = correlation.summarise(np.full(200, 0.3), pair[1])
    assert [facts[k] for k in ("srcc", "krcc", "plcc", "plcc_logistic", "plcc_logistic5")] == [0] * 5
    assert facts["note"] == "constant"
    assert np.isnan(facts["rmse"])


def test_fewer_than_three_images_give_nan():
    facts = correlation.summarise(np.array([1.0, 2.0]), np.array([1.0, 2.0]))
    assert np.isnan(facts["srcc"])
    assert np.isnan(facts["plcc_logistic"])
    assert "fewer than 3" in facts["note"]


def test_an_unknown_value_is_no_correlation():
    assert np.isnan(correlation.srcc(np.array([1.0, 2, np.nan, 4]), np.arange(4.0)))


def test_infinite_values_of_identical_images_are_the_best_finite_ones():
    quality, score = np.array([20.0, 30, 40, np.inf]), np.array([0.1, 0.4, 0.8, 0.9])
    assert correlation.srcc(quality, score) == pytest.approx(1)
    assert correlation.plcc(quality, score) == pytest.approx(stats.pearsonr([20, 30, 40, 40], score).statistic)
