import numpy as np
import pandas as pd
import pytest

from asymmetry import tables
from asymmetry.analysis import comparison
from asymmetry.analysis.correlation import srcc


def test_williams_equals_the_published_program():
    """Silver, Hittner and May (2006), DEPCOR."""
    t, p = comparison.williams(0.3, 0.4, 0.5, 100)
    assert (round(t, 4), round(p, 4)) == (-1.0767, 0.2843)


def test_meng_equals_the_papers_example_and_the_published_program():
    """Meng, Rosenthal and Rubin (1992): Z = 1.68, one-sided p = .047. Silver, Hittner and May (2006)."""
    z, p = comparison.meng(0.63, -0.03, -0.19, 15)
    assert (round(z, 2), round(p / 2, 3)) == (1.68, 0.047)
    z, p = comparison.meng(0.3, 0.4, 0.5, 100)
    assert (round(z, 4), round(p, 4)) == (-1.0707, 0.2843)


@pytest.mark.parametrize(
    ("between", "z"), [(0, 1.62), (0.1, 1.70), (0.2, 1.80), (0.3, 1.91), (0.4, 2.06), (0.6, 2.50), (0.8, 3.50)]
)
def test_meng_equals_the_table_of_may_and_hittner(between, z):
    assert round(comparison.meng(0.5, 0.2, between, 50)[0], 2) == z


@pytest.mark.parametrize("test", [comparison.williams, comparison.meng])
def test_dependent_correlations_reject_at_their_level(test):
    generator = np.random.default_rng(0)
    covariance = [[1, 0.6, 0.6], [0.6, 1, 0.7], [0.6, 0.7, 1]]
    rejected = 0
    for _ in range(1000):
        r = np.corrcoef(generator.multivariate_normal(np.zeros(3), covariance, size=50), rowvar=False)
        rejected += test(r[0, 1], r[0, 2], r[1, 2], 50)[1] < 0.05
    assert 0.035 <= rejected / 1000 <= 0.065


def test_dependent_correlations_without_an_answer():
    for test in (comparison.williams, comparison.meng):
        assert test(0.4, 0.4, 1.0, 20) == (0, 1)
        assert np.isnan(test(0.4, 0.3, 0.5, 3)).all()
        assert test(0.9, 0.3, 0.2, 40)[1] < 0.001


def models(generator: np.random.Generator, better: float, scenes: int = 12) -> tuple[np.ndarray, ...]:
    """Opinions, two models that share the scenes' offsets, scenes; `better` is how much less noise the first has."""
    score = generator.normal(size=(scenes, 15))
    offset = 0.7 * generator.normal(size=(scenes, 1))
    noise = generator.normal(size=(2, scenes, 15)) + 0.5 * generator.normal(size=(2, scenes, 1))
    first, second = score + offset + (1 - better) * noise[0], score + offset + noise[1]
    return score.ravel(), first.ravel(), second.ravel(), np.repeat(np.arange(scenes), 15)


def test_swapping_scenes_rejects_at_its_level_and_finds_a_better_model():
    generator = np.random.default_rng(2)
    p = []
    for _ in range(120):
        score, first, second, scenes = models(generator, 0)
        p.append(comparison.swap_test(lambda x, y=score: srcc(x, y), first, second, scenes, 59)[1])
    assert 0.01 <= np.mean(np.array(p) <= 0.05) <= 0.1
    score, first, second, scenes = models(generator, 0.6)
    difference, small = comparison.swap_test(lambda x: srcc(x, score), first, second, scenes)
    assert difference > 0.1
    assert small < 0.01


def test_swaps_of_few_scenes_are_all_tried():
    score, first, second, scenes = models(np.random.default_rng(3), 0.9, scenes=4)
    assert comparison.swap_test(lambda x: srcc(x, score), first, second, scenes)[1] == pytest.approx(2 / 16)
    assert comparison.swap_test(lambda x: srcc(x, score), first, first, scenes) == (0, 1)


def test_table_compares_every_two_metrics_and_corrects_within_a_dataset(tmp_path):
    generator = np.random.default_rng(4)
    frames = {}
    for dataset in ("set", "other"):
        score = generator.uniform(size=200)
        facts = {"scene": np.repeat([f"s{k}" for k in range(20)], 10), "image": [f"{k}.png" for k in range(200)]}
        for metric, noise in (("good", 0.1), ("same", 0.1), ("poor", 1.0)):
            frames[dataset, metric] = pd.DataFrame(facts | {"score": score, "quality": score}).assign(
                quality=lambda f, noise=noise: f["quality"] + noise * generator.normal(size=200)
            )
    comparison.comparison_table(frames, tmp_path / "c.csv")
    table = tables.read(tmp_path / "c.csv", "metric-comparisons").set_index(["dataset", "first", "second"])
    assert len(table) == 6
    row = table.loc[("set", "good", "poor")]
    good = srcc(*(frames["set", "good"][name].to_numpy() for name in ("quality", "score")))
    assert row["first_srcc"] == pytest.approx(good)
    assert row["difference"] == pytest.approx(row["first_srcc"] - row["second_srcc"])
    assert row["p"] == pytest.approx(0.001)
    assert row["p_corrected"] == pytest.approx(0.003)
    assert max(row["p_williams"], row["p_meng"]) < 1e-6
    assert table.loc[("set", "good", "same"), "p_corrected"] > 0.05
