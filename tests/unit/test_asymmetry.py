from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from asymmetry import tables
from asymmetry.analysis import assessment, asymmetry, correlation, optimization, rankings, transfer

SCENES = [f"scene-{k}" for k in range(8)]
METRICS = [f"m{k}" for k in range(6)]
SETTING = {"discriminator": "none", "weight": 0}


def assessed(folder: Path, knows: list[float], seed: int = 0, scenes=SCENES, noise: float = 0.1) -> list[dict]:
    """One table a metric, whose quality follows the score as far as it knows it."""
    generator = np.random.default_rng(seed)
    cells = []
    for metric, weight in zip(METRICS, knows, strict=False):
        frame = pd.DataFrame({"scene": np.repeat(scenes, 20), "score": generator.uniform(size=20 * len(scenes))})
        quality = weight * frame["score"] + noise * generator.normal(size=len(frame))
        frame = frame.assign(image="i.png", distortion="blur", family="blurs", level=1, value=-quality, quality=quality)
        frame["score_error"] = np.nan
        path = folder / f"assessment-{metric}.csv"
        tables.write(frame, path, "assessment")
        cells.append({"dataset": "set", "metric": metric, "assessment": path})
    return cells


def trained(folder: Path, scores: list[float], seeds: int = 3, seed: int = 0, noise: float = 0.05) -> dict[str, Path]:
    generator = np.random.default_rng(seed)
    rows = [
        {"objective": f"rec-{metric}", **SETTING, "seed": k, "status": "completed", "scene": scene, "judge": "niqe"}
        | {"family": "statistics", "gain": value + noise * generator.normal()}
        for metric, value in zip(METRICS, scores, strict=False) for k in range(seeds) for scene in SCENES
    ]  # fmt: skip
    gained = pd.DataFrame(rows)
    tables.write(gained, folder / "gains.csv", "gains")
    scored = optimization.score_table(optimization.scene_scores(gained))
    tables.write(scored, folder / "optimization.csv", "optimization-scores")
    return {"gains": folder / "gains.csv", "optimization_scores": folder / "optimization.csv"}


def measured(folder: Path, cells: list[dict], paths: dict[str, Path], settings=(SETTING,)):
    assessment.score_table(assessment.read(cells), ["set"], {}, folder / "a.csv")
    asymmetry.asymmetry_tables(
        cells, ["set"], {}, folder / "a.csv", **paths, objectives={m: f"rec-{m}" for m in METRICS}, settings=settings,
        metrics_output=folder / "ranks.csv", summary_output=folder / "summary.csv", resamples=30,
    )  # fmt: skip
    return tables.read(folder / "ranks.csv", "asymmetry-metrics"), tables.read(folder / "summary.csv", "asymmetry")


KNOWS = [0.05, 0.15, 0.3, 0.5, 0.8, 1.5]


def test_perfect_agreement(tmp_path):
    ranks, summary = measured(tmp_path, assessed(tmp_path, KNOWS), trained(tmp_path, [0, 1, 2, 3, 4, 5]))
    row = summary.iloc[0]
    assert row["rho"] == pytest.approx(1)
    assert row["index"] == pytest.approx(0, abs=0.05)
    assert (row["verdict"], row["reason"]) == ("estimate", "")
    assert row["index_low"] - 1e-9 <= row["index"] <= row["index_high"] + 1e-9
    assert row["index_low"] <= 0.05
    assert row["rho_corrected"] == pytest.approx(1 - row["index"])
    assert row["p_value"] > 0.05
    assert ranks["shift"].tolist() == [0] * 6
    assert ranks.set_index("metric").loc["m5", "assessment_rank"] == 1


def test_perfect_disagreement(tmp_path):
    ranks, summary = measured(tmp_path, assessed(tmp_path, KNOWS), trained(tmp_path, [5, 4, 3, 2, 1, 0]))
    assert summary["rho"][0] == pytest.approx(-1)
    assert (summary["rho_low"][0], summary["rho_high"][0]) == pytest.approx((-1, -1))
    assert summary["index"][0] == pytest.approx(2, abs=0.05)
    assert summary["index_low"][0] > 1
    assert summary["corrected_high"][0] < 0
    assert summary["p_value"][0] < 0.01
    assert ranks.set_index("metric")["shift"].to_dict() == {"m0": -5, "m1": -3, "m2": -1, "m3": 1, "m4": 3, "m5": 5}


def test_noise_is_inconclusive_and_the_correction_undoes_attenuation(tmp_path):
    noise = trained(tmp_path, [0] * 6, noise=1.0)
    row = measured(tmp_path, assessed(tmp_path, KNOWS), noise)[1].iloc[0]
    assert row["reliability_optimization"] < 0.5
    assert row["verdict"] == "inconclusive"
    assert "reliability of optimization" in row["reason"]
    assert asymmetry.index(0.6, 0.6, 0.6) == pytest.approx(0)
    assert np.isnan(asymmetry.index(0.6, -0.1, 0.6))


@pytest.mark.parametrize(
    ("scenes", "seeds", "word"), [(8, 3, "estimate"), (7, 3, "inconclusive"), (8, 2, "inconclusive")]
)
def test_verdict_by_size(scenes, seeds, word):
    assert asymmetry.verdict(6, scenes, seeds, 0.9, 0.9)[0] == word
    assert asymmetry.verdict(6, 8, 3, 0.9, np.nan)[0] == "inconclusive"


def test_one_seed_two_metrics_and_a_missing_discriminator_are_defined(tmp_path):
    missing = {"discriminator": "patch", "weight": 0.1}
    paths = trained(tmp_path, [0, 1], seeds=1)
    ranks, summary = measured(tmp_path, assessed(tmp_path, KNOWS[:2]), paths, (SETTING, missing))
    assert summary["verdict"].tolist() == ["undefined", "undefined"]
    assert summary["metrics"].tolist() == [2, 0]
    assert summary["rho"].isna().all()
    assert summary["index_low"].isna().all()
    assert len(ranks) == 2


def settings_of(cells: list[dict], paths: dict[str, Path]) -> tuple[rankings.Assessed, asymmetry.Setting]:
    seen = rankings.Assessed.of(assessment.load(cells, ["set"], {}))
    rows = optimization.scene_scores(tables.read(paths["gains"], "gains")).query("measure == 'realism'")
    return seen, asymmetry.Setting.of(rows, seen, {m: f"rec-{m}" for m in METRICS})


def test_rankings_equal_the_tables_of_scores(tmp_path):
    paths, cells = trained(tmp_path, [3, 1, 2, 5, 4, 0]), assessed(tmp_path, KNOWS)
    seen, setting = settings_of(cells, paths)
    loaded = assessment.load(cells, ["set"], {})
    assert seen.scores().to_dict() == pytest.approx({m: assessment.score(f) for m, f in loaded.items()})
    half = seen.scores(np.array([1, 0] * 4))["m2"]
    frame = loaded["m2"]["set"]
    assert half == pytest.approx(assessment.fisher_srcc(frame[frame["scene"].isin(SCENES[::2])]))
    expected = tables.read(paths["optimization_scores"], "optimization-scores").query("measure == 'realism'")
    assert setting.trained.ranked().to_dict() == pytest.approx(expected.set_index("objective")["ranked"].to_dict())


def test_diverged_seeds_rank_below_all_and_missing_seeds_do_not_count(tmp_path):
    paths = trained(tmp_path, [3, 1, 2, 5, 4, 0])
    gained = tables.read(paths["gains"], "gains")
    gained.loc[(gained["objective"] == "rec-m3") & (gained["seed"] == 1), "status"] = "diverged"
    gained = gained[~((gained["objective"] == "rec-m1") & (gained["seed"] == 2))]
    rows = optimization.scene_scores(gained).query("measure == 'realism'")
    expected = optimization.cell_scores(rows).set_index("objective")["ranked"]
    found = rankings.Trained.of(rows)
    assert found.ranked().to_dict() == pytest.approx(expected.to_dict())
    assert found.ranked()["rec-m3"] < found.ranked().drop("rec-m3").min()
    assert found.fewest() == (8, 2)
    assert np.isnan(found.ranked(seeds=np.array([0, 0, 1]))["rec-m1"])
    assert found.ranked(seeds=np.array([1, 0, 1]))["rec-m3"] == pytest.approx(5, abs=0.1)


def repeated(generator, true, noise, scenes=8, seeds=3):
    """O of one repetition: scenes that are alike for all, and a part of each scene, seed and both of their own."""
    shape = (len(true), scenes, seeds)
    own = [generator.normal(size=size) for size in ((len(true), scenes, 1), (len(true), 1, seeds), shape)]
    values = true[:, None, None] + sum(n * part for n, part in zip(noise, own, strict=True))
    values = values + 3 * generator.normal(size=(1, scenes, 1))
    names = tuple(f"o{k}" for k in range(len(true)))
    return rankings.Trained(
        names, tuple(map(str, range(scenes))), tuple(range(seeds)), values, np.zeros((len(true), seeds))
    )


@pytest.mark.parametrize(
    ("count", "seeds", "noise", "exploded"),
    [(8, 3, (0, 0, 6), False), (8, 2, (2, 1, 2), False), (5, 3, (4, 2, 4), False), (8, 3, (2, 1, 2), True)],
)
def test_reliability_is_the_correlation_of_two_repetitions(count, seeds, noise, exploded):
    """Halves of scenes and seeds are .1 to .2 too low; 1 − variances is near 1 where one training exploded."""
    true = np.linspace(0, 7, count)
    true[0] -= 100 * exploded
    generator, found, actual = np.random.default_rng(count + seeds), [], []
    for _ in range(150):
        first, second = (repeated(generator, true, noise, seeds=seeds) for _ in range(2))
        both = first.ranked().to_numpy(), second.ranked().to_numpy()
        found += [rankings.reliability(s, t.variances()) for s, t in zip(both, (first, second), strict=True)]
        actual.append(correlation.srcc(*both))
    assert 0.4 < np.mean(actual) < 0.9
    assert np.mean(found) == pytest.approx(np.mean(actual), abs=0.07)
    assert 0 <= min(found) <= max(found) <= 1


def test_reliability_of_assessment_is_the_correlation_of_two_repetitions():
    generator, found, actual = np.random.default_rng(3), [], []
    for _ in range(60):
        pair = [benchmark(generator) for _ in range(2)]
        scores = [seen.scores().to_numpy() for seen in pair]
        found += [rankings.reliability(s, seen.variances(METRICS)) for s, seen in zip(scores, pair, strict=True)]
        actual.append(correlation.srcc(*scores))
    assert 0.4 < np.mean(actual) < 0.9
    assert np.mean(found) == pytest.approx(np.mean(actual), abs=0.07)


def benchmark(generator, knows=(0.4, 0.5, 0.6, 0.7, 0.8, 0.9), scenes=8):
    score = generator.uniform(size=(scenes, 10))
    quality = np.array(knows)[:, None, None] * score + 0.2 * generator.normal(size=(len(knows), scenes, 10))
    quality = quality + 0.1 * generator.normal(size=(len(knows), scenes, 1))
    codes = np.repeat(np.arange(scenes), 10)
    frames = {m: {"set": (q.ravel(), score.ravel(), codes)} for m, q in zip(METRICS, quality, strict=True)}
    return rankings.Assessed(tuple(f"{k}" for k in range(scenes)), frames)


def test_reliability_of_noise_is_no_more_than_0_and_of_certain_ranks_1():
    scores, certain = np.arange(5.0), np.zeros((5, 5))
    assert rankings.reliability(scores, certain) == 1
    assert rankings.reliability(scores, certain + 1000) == 0
    assert np.isnan(rankings.reliability(scores, certain * np.nan))
    assert rankings.reliability(scores, certain + 0.5) > rankings.reliability(scores, certain + 2) > 0


def test_a_training_that_sometimes_diverges_makes_ranks_less_reliable():
    stable = repeated(np.random.default_rng(0), np.arange(6.0), (0.5, 0.2, 0.5))
    diverged = np.zeros((6, 3))
    diverged[5, 0] = 1
    chance = replace(stable, diverged=diverged)
    known = [rankings.reliability(s.ranked().to_numpy(), s.variances()) for s in (stable, chance)]
    assert known[1] < known[0] - 0.05


def test_corrected_rho_is_unbiased_and_covered():
    """True rho 1, in runs that reach an estimate; raw rho is lower."""
    generator, raw, found = np.random.default_rng(6), [], []
    for _ in range(50):
        seen, trained = benchmark(generator), repeated(generator, np.arange(6.0), (2, 1, 2))
        row = asymmetry.summary(seen, asymmetry.Setting(trained, tuple(METRICS)), 30)
        raw.append(row["rho"])
        if row["verdict"] == "estimate":
            found.append((row["rho_corrected"], row["corrected_low"] <= 1 <= row["corrected_high"]))
    assert len(found) > 30
    assert np.mean(raw) < 0.85
    value, covered = np.mean(found, axis=0)
    assert value == pytest.approx(1, abs=0.08)
    assert covered >= 0.9


def test_scenes_of_other_datasets_are_strata_of_their_own(tmp_path):
    cells = assessed(tmp_path, KNOWS, scenes=[*SCENES[:6], "other-0", "other-1"])
    seen, setting = settings_of(cells, trained(tmp_path, [0, 1, 2, 3, 4, 5]))
    universe = sorted({*seen.scenes, *SCENES})
    strata = asymmetry._strata(seen, universe, SCENES)
    assert sorted(sorted(universe[k] for k in part) for part in strata) == [
        ["other-0", "other-1"], SCENES[:6], SCENES[6:]
    ]  # fmt: skip
    assert asymmetry.resampled(seen, [setting], 20).freedom == ((1, 5, 1), 2)


def test_datasets_that_a_metric_has_seen_do_not_count(tmp_path):
    cells = assessed(tmp_path, KNOWS)
    assessment.score_table(assessment.read(cells), ["set"], {"m5": ["set"]}, tmp_path / "a.csv")
    table = tables.read(tmp_path / "a.csv", "assessment-scores").set_index("metric")
    assert np.isnan(table.loc["m5", "score"])
    assert table.loc["m5", "left_out"] == "set"
    assert table.loc["m4", "score"] > 1
    assert table.loc["m4", "low"] < table.loc["m4", "score"] < table.loc["m4", "high"]


def test_dataset_table_knows_the_error_after_the_fit(tmp_path):
    assessment.dataset_table(assessment.read(assessed(tmp_path, [1.0], noise=0.1)), tmp_path / "d.csv")
    row = tables.read(tmp_path / "d.csv", "assessment-datasets").iloc[0]
    assert row["rmse"] == pytest.approx(0.1, abs=0.02)
    assert row["plcc_logistic5"] >= row["plcc"]
    assert np.isnan(row["outlier_ratio"])


def test_outlier_ratio_is_of_the_images_whose_standard_error_is_known(tmp_path):
    cells = assessed(tmp_path, [1.0], noise=0.0)
    frame = tables.read(cells[0]["assessment"], "assessment").assign(score_error=0.05)
    frame.loc[:39, "score_error"] = np.nan
    frame.loc[[0, 50, 60, 70], "quality"] += 0.5
    tables.write(frame, cells[0]["assessment"], "assessment")
    assessment.dataset_table(assessment.read(cells), tmp_path / "d.csv")
    assert tables.read(tmp_path / "d.csv", "assessment-datasets")["outlier_ratio"][0] == pytest.approx(3 / 120)


def test_dataset_table_holds_a_constant_metric_and_intervals(tmp_path):
    cells = assessed(tmp_path, [1.0, 0.0], noise=0.0)
    assessment.dataset_table(assessment.read(cells), tmp_path / "d.csv")
    table = tables.read(tmp_path / "d.csv", "assessment-datasets").set_index("metric")
    assert table.loc["m0", "srcc"] == pytest.approx(1)
    assert (table.loc["m1", "srcc"], table.loc["m1", "note"]) == (0, "constant")
    assert np.isnan(table.loc["m1", "srcc_low"])
    assert (table["scenes"] == 8).all()


def test_two_datasets_are_averaged(tmp_path):
    (tmp_path / "other").mkdir()
    cells = assessed(tmp_path, KNOWS) + [c | {"dataset": "other"} for c in assessed(tmp_path / "other", KNOWS, 1)]
    single = assessment.load(cells, ["set"], {})["m3"], assessment.load(cells, ["other"], {})["m3"]
    assessment.score_table(assessment.read(cells), ["set", "other"], {}, tmp_path / "a.csv")
    row = tables.read(tmp_path / "a.csv", "assessment-scores").set_index("metric").loc["m3"]
    assert row["score"] == pytest.approx(np.mean([assessment.score(frames) for frames in single]))
    assert row["low"] < row["score"] < row["high"]
    assert (row["datasets"], row["scenes"]) == (2, 8)


def test_transfer_compares_within_a_fold_and_keeps_the_seeds_spread(tmp_path):
    generator = np.random.default_rng(0)
    cells = []
    for seed in (0, 1):
        score = generator.uniform(size=160)
        scene = np.repeat(SCENES, 20)
        # each fold's model has an offset of its own, which must not count; seed 1 is worse
        prediction = score + 10 * np.repeat(range(8), 20) + 0.1 * (1 + 3 * seed) * generator.normal(size=160)
        frame = pd.DataFrame({"scene": scene, "fold": scene, "score": score, "prediction": prediction})
        frame = frame.assign(image=np.arange(160).astype(str), distortion="", family="", level=0, protocol="scene")
        path = tmp_path / f"{seed}.csv"
        tables.write(frame, path, "predictions")
        arm = {"mode": "fr", "dataset": "set", "backbone": "vgg", "initialisation": "random"}
        cells.append(arm | {"seed": seed, "predictions": path})
    transfer.transfer_table(cells, tmp_path / "t.csv")
    row = tables.read(tmp_path / "t.csv", "transfer").iloc[0]
    assert row["srcc"] > 0.7
    assert row["srcc_low"] < row["srcc"] < row["srcc_high"]
    assert row["srcc_spread"] > 0.1
    assert (row["images"], row["scenes"], row["seeds"]) == (160, 8, 2)
