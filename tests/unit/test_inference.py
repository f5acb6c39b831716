import numpy as np
import pytest
from scipy import stats

from asymmetry.analysis import inference


def grid(generator: np.random.Generator, scenes: int, seeds: int, spreads=(1.0, 0.5, 1.0)) -> np.ndarray:
    """Scores (scenes, seeds) with mean 0: a part of each scene, a part of each seed, and the rest."""
    parts = (
        generator.normal(size=(scenes, 1)),
        generator.normal(size=(1, seeds)),
        generator.normal(size=(scenes, seeds)),
    )
    return sum(spread * part for spread, part in zip(spreads, parts, strict=True))


def mean_of(values: np.ndarray):
    return lambda scenes, seeds: values[np.ix_(scenes, seeds)].mean()


def of_mean(values: np.ndarray, resamples: int = 200) -> inference.Estimate:
    return inference.crossed(mean_of(values), [np.arange(len(values))], values.shape[1], resamples).contrast(1)


def test_cluster_means_are_the_t_interval():
    values = np.random.default_rng(0).normal(size=12)
    estimate = inference.cluster_means(values).contrast(1)
    assert estimate.interval() == pytest.approx(stats.t.interval(0.95, 11, values.mean(), stats.sem(values)))
    assert estimate.p_value(0.2) == pytest.approx(stats.ttest_1samp(values, 0.2).pvalue)
    for word in ("greater", "less"):
        assert estimate.p_value(alternative=word) == pytest.approx(
            stats.ttest_1samp(values, 0, alternative=word).pvalue
        )


def test_crossed_error_of_a_mean_is_the_two_way_random_effects_error():
    values = grid(np.random.default_rng(1), 40, 5)
    rows, columns = values.mean(axis=1), values.mean(axis=0)
    rest = values - rows[:, None] - columns + values.mean()
    residual = (rest**2).sum() / (39 * 4) / 200
    expected = rows.var(ddof=1) / 40 + columns.var(ddof=1) / 5 - residual
    assert of_mean(values, 4000).error == pytest.approx(np.sqrt(expected), rel=0.05)


@pytest.mark.parametrize(("scenes", "seeds"), [(8, 3), (30, 3), (30, 5)])
def test_intervals_of_a_mean_over_scenes_and_seeds_cover_and_those_over_scenes_alone_do_not(scenes, seeds):
    generator = np.random.default_rng(scenes + seeds)
    hits = np.zeros(2)
    for _ in range(1000):
        values = grid(generator, scenes, seeds)
        for k, estimate in enumerate((inference.mean(values), inference.mean(values.mean(axis=1, keepdims=True)))):
            low, high = estimate.interval()
            hits[k] += low <= 0 <= high
    assert 0.92 <= hits[0] / 1000 <= 0.98
    assert hits[1] < hits[0] - 30


def test_one_seed_counts_scenes_alone_and_one_scene_knows_nothing():
    values = np.random.default_rng(2).normal(size=(10, 1))
    estimate = of_mean(values, 4000)
    assert estimate.freedom == pytest.approx(9)
    assert estimate.error == pytest.approx(stats.sem(values[:, 0]), rel=0.05)
    lonely = of_mean(np.ones((1, 3)))
    assert lonely.value == 1
    assert np.isnan(lonely.interval()).all()
    assert np.isnan(lonely.p_value())


def test_constant_scores_have_no_error():
    estimate = of_mean(np.full((8, 3), 2.0))
    assert estimate.interval() == (2, 2)
    assert estimate.p_value(2) == 1
    assert estimate.p_value(1, "greater") == 0
    assert estimate.p_value(1, "less") == 1


def test_contrasts_know_what_two_numbers_share():
    generator = np.random.default_rng(3)
    shared = generator.normal(size=(20, 1)) * 5
    values = np.stack([shared + generator.normal(size=(20, 4)), shared + generator.normal(size=(20, 4)) - 1])
    joint = inference.crossed(
        lambda scenes, seeds: values[:, scenes][:, :, seeds].mean(axis=(1, 2)), [np.arange(20)], 4, 300
    )
    assert joint.contrast(1, -1).error < 0.3 * joint.contrast(1, 0).error
    assert joint.contrast(1, -1).value == pytest.approx((values[0] - values[1]).mean())


def test_strata_are_resampled_apart():
    values = np.concatenate([np.zeros(10), np.full(10, 100.0)])
    strata = [np.arange(10), np.arange(10, 20)]
    joint = inference.crossed(lambda scenes, seeds: values[scenes].mean(), strata, 1, 50)
    assert joint.contrast(1).error == 0
    assert joint.freedom == ((9, 9), 0)


def test_a_stratum_that_a_number_does_not_depend_on_lends_it_no_freedom():
    values = np.random.default_rng(5).normal(size=48)

    def statistic(scenes: np.ndarray, _) -> np.ndarray:
        first, second = scenes[scenes < 8], scenes[scenes >= 8]
        return np.array([values[first].mean(), values[second].mean()])

    joint = inference.crossed(statistic, [np.arange(8), np.arange(8, 48)], 1, 3000)
    assert joint.contrast(1, 0).freedom == pytest.approx(7)
    assert joint.contrast(0, 1).freedom == pytest.approx(39)
    welch = stats.ttest_ind(values[:8], values[8:], equal_var=False)
    assert joint.contrast(1, -1).freedom == pytest.approx(welch.df, rel=0.1)
    assert joint.contrast(1, -1).p_value() == pytest.approx(welch.pvalue, abs=0.03)


@pytest.mark.parametrize(("rare", "known"), [(0.02, True), (0.4, False)])
def test_a_number_that_many_draws_leave_undefined_has_no_error(rare, known):
    values = np.random.default_rng(4).normal(size=(12, 2))
    lost = np.random.default_rng(5)

    def statistic(scenes: np.ndarray, seeds: np.ndarray) -> np.ndarray:
        mean = values[np.ix_(scenes, seeds)].mean()
        return np.array([mean, mean if lost.random() > rare else np.nan])

    joint = inference.crossed(statistic, [np.arange(12)], 2, 400)
    assert joint.contrast(1, 0).error == pytest.approx(of_mean(values, 400).error)
    found = joint.contrast(0, 1).error
    assert found == pytest.approx(of_mean(values, 400).error, rel=0.1) if known else np.isnan(found)
    if known:
        assert np.linalg.eigvalsh(joint.both).min() > -1e-12


def test_the_mean_in_closed_form_is_the_resampled_one():
    values = grid(np.random.default_rng(1), 12, 4)
    closed, drawn = inference.mean(values), of_mean(values, 4000)
    assert closed.value == pytest.approx(drawn.value)
    assert closed.error == pytest.approx(drawn.error, rel=0.05)
    assert closed.freedom == pytest.approx(drawn.freedom, rel=0.15)
    alone = inference.mean(values[:, :1])
    assert alone.interval() == pytest.approx(stats.t.interval(0.95, 11, values[:, 0].mean(), stats.sem(values[:, 0])))
    assert inference.mean(values[:, :1], widening=4).error == pytest.approx(2 * alone.error)


def test_the_average_of_estimates_is_welchs():
    generator = np.random.default_rng(2)
    first, second = generator.normal(size=9), 3 * generator.normal(size=25)
    parts = [inference.cluster_means(values).contrast(1) for values in (first, -second)]
    expected = stats.ttest_ind(first, second, equal_var=False)
    assert inference.average(parts).p_value() == pytest.approx(expected.pvalue)
    assert inference.average(parts).freedom == pytest.approx(expected.df)


def test_fieller_bounds_are_where_the_contrast_is_just_significant():
    values = np.random.default_rng(6).normal([1.0, 3.0], 1.0, size=(25, 2))
    joint = inference.cluster_means(values)
    ratio, low, high = joint.ratio()
    assert low < ratio < high
    for bound in (low, high):
        assert joint.contrast(1, -bound).p_value() == pytest.approx(0.05, abs=1e-9)


def test_fieller_covers_and_says_when_the_denominator_may_be_zero():
    generator = np.random.default_rng(7)
    hits = 0
    for _ in range(400):
        _, low, high = inference.cluster_means(generator.normal([1.0, 2.0], 2.0, size=(30, 2))).ratio()
        hits += low <= 0.5 <= high
    assert 0.925 <= hits / 400 <= 0.975
    around_zero = np.column_stack([np.ones(10), np.tile([1.0, -1.1], 5)])
    assert inference.cluster_means(around_zero).ratio()[1:] == (-np.inf, np.inf)
    assert np.isnan(inference.cluster_means(np.zeros((5, 2))).ratio()[0])
    assert np.isnan(inference.cluster_means(np.ones((1, 2))).ratio()[1:]).all()


@pytest.mark.parametrize("ranks", [False, True])
def test_fisher_intervals_cover(ranks):
    generator = np.random.default_rng(8)
    truth = 6 / np.pi * np.arcsin(0.7 / 2) if ranks else 0.7
    measure = stats.spearmanr if ranks else stats.pearsonr
    hits = 0
    for _ in range(500):
        pair = generator.multivariate_normal([0, 0], [[1, 0.7], [0.7, 1]], size=40)
        low, high = inference.fisher_interval(measure(*pair.T).statistic, 40, ranks)
        hits += low <= truth <= high
    assert 0.925 <= hits / 500 <= 0.975
    assert np.isnan(inference.fisher_interval(0.5, 3)).all()


def test_fisher_interval_of_pearson_equals_scipy():
    x = np.random.default_rng(9).normal(size=(2, 25))
    found = stats.pearsonr(*x)
    expected = tuple(found.confidence_interval())
    assert inference.fisher_interval(found.statistic, 25, ranks=False) == pytest.approx(expected)


def test_holm_by_hand():
    """p .01, .04, .03, .005 of four: 4 · .005, 3 · .01, 2 · .03, and .04 no smaller than the one before."""
    np.testing.assert_allclose(inference.holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(inference.holm([0.9, np.nan, 0.6]), [1, np.nan, 1])
    assert inference.holm([]).size == 0


def test_holm_keeps_the_error_of_the_family():
    p = np.random.default_rng(10).uniform(size=(2000, 9))
    assert 0.035 <= np.mean([inference.holm(row).min() < 0.05 for row in p]) <= 0.065


def test_a_simultaneous_interval_off_its_margin_means_that_holm_rejects():
    assert inference.simultaneous_level(5) == pytest.approx(0.99)
    assert inference.simultaneous_level(0) == 0.95
    estimates = [inference.Estimate(value, 1.0, 20.0) for value in (3.2, 2.9, 1.0, 0.2, 0.1)]
    adjusted = inference.holm([e.p_value() for e in estimates])
    level = inference.simultaneous_level(5)
    clear = [e.interval(level)[0] > 0 for e in estimates]
    assert clear == [True, True, False, False, False]
    assert (adjusted[clear] < 0.05).all()
