from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from asymmetry import tables
from asymmetry.analysis import assessment, asymmetry, optimization, sensitivity

SCENES = [f"scene-{k}" for k in range(8)]
METRICS = [f"m{k}" for k in range(5)]
KNOWS = [0.1, 0.2, 0.4, 0.8, 1.6]
SETTING = {"discriminator": "patch-vgg", "weight": 0.1}
OBJECTIVES = {m: f"rec-{m}" for m in METRICS}


def rated(folder: Path, datasets=("set", "other")) -> list[dict]:
    generator = np.random.default_rng(0)
    cells = []
    for dataset in datasets:
        for metric, knows in zip(METRICS, KNOWS, strict=True):
            score = generator.uniform(size=160)
            quality = knows * (score if dataset == "set" else -score) + 0.1 * generator.normal(size=160)
            frame = pd.DataFrame({"scene": np.repeat(SCENES, 20), "score": score, "quality": quality, "value": quality})
            frame = frame.assign(image="i.png", distortion="blur", family="blurs", level=1, score_error=np.nan)
            tables.write(frame, folder / f"{dataset}-{metric}.csv", "assessment")
            cells.append({"dataset": dataset, "metric": metric, "assessment": folder / f"{dataset}-{metric}.csv"})
    return cells


def judged(folder: Path, judges: dict[str, tuple[str, list[float]]], seeds=(0, 1, 2)) -> Path:
    """Gains of each judge (family, score by metric)."""
    generator = np.random.default_rng(1)
    rows = [
        {"objective": f"rec-{metric}", **SETTING, "seed": seed, "status": "completed", "scene": scene, "judge": judge}
        | {"family": family, "gain": value + 0.05 * generator.normal()}
        for judge, (family, values) in judges.items()
        for metric, value in zip(METRICS, values, strict=True) for seed in seeds for scene in SCENES
    ]  # fmt: skip
    tables.write(pd.DataFrame(rows), folder / "gains.csv", "gains")
    return folder / "gains.csv"


def measured(folder: Path, datasets, judges, **more) -> pd.DataFrame:
    gains = judged(folder, judges, **more)
    arguments = rated(folder, datasets), datasets, {}, gains, OBJECTIVES, [SETTING]
    sensitivity.sensitivity_table(*arguments, folder / "s.csv", resamples=20)
    return tables.read(folder / "s.csv", "sensitivity").set_index(["kind", "left_out"])


UP, DOWN = [0, 1, 2, 3, 4], [8, 6, 4, 2, 0]
JUDGES = {"niqe": ("statistics", UP), "learned": ("learned", DOWN), "psnr": ("full-reference", UP)}


def test_a_ranking_that_hangs_on_one_judge_is_seen(tmp_path):
    table = measured(tmp_path, ["set"], JUDGES)
    assert table.loc[("nothing", ""), "rho"] == pytest.approx(-1)
    assert table.loc[("judge", "niqe"), "rho"] == pytest.approx(-1)
    assert table.loc[("judge", "learned"), "rho"] == pytest.approx(1)
    assert table.loc[("judge", "learned"), "rank_agreement"] == pytest.approx(-1)
    assert table.loc[("family", "learned"), "index"] == pytest.approx(0, abs=0.1)
    assert ("judge", "psnr") not in table.index, "fidelity is no part of O"


def test_every_dataset_seed_and_metric_is_left_out_once(tmp_path):
    table = measured(tmp_path, ["set", "other"], {"niqe": JUDGES["niqe"], "kid": ("distribution", UP)})
    counts = table.groupby(level="kind").size().to_dict()
    assert counts == {"nothing": 1, "judge": 2, "family": 2, "seed": 3, "dataset": 2, "metric": 5}
    assert table.loc[("dataset", "other"), "rho"] == pytest.approx(1)
    assert table.loc[("dataset", "set"), "rho"] == pytest.approx(-1)
    assert table.loc[("seed", "1"), "seeds"] == 2
    assert table.loc[("seed", "1"), "verdict"] == "inconclusive"
    assert (table.loc["metric", "metrics"] == 4).all()
    assert (table["rho_interval_low"] <= table["rho"]).all()
    assert (table["rho"] <= table["rho_interval_high"]).all()
    assert table.loc["metric", "rank_agreement"].isna().all()


def test_leaving_out_the_only_one_leaves_nothing(tmp_path):
    table = measured(tmp_path, ["set"], {"niqe": JUDGES["niqe"]}, seeds=(0,))
    for key in (("judge", "niqe"), ("family", "statistics"), ("seed", "0"), ("dataset", "set")):
        assert table.loc[key, "verdict"] == "undefined"
        assert table.loc[key, "reason"] == "nothing is left"
        assert np.isnan(table.loc[key, "rho"])
    assert table.loc[("nothing", ""), "verdict"] == "inconclusive"


def test_a_missing_judge_of_realism_gives_one_undefined_row(tmp_path):
    table = measured(tmp_path, ["set"], {"psnr": JUDGES["psnr"]})
    assert table.loc[("nothing", ""), "reason"] == "nothing is left"
    assert set(table["verdict"]) == {"undefined"}


def test_the_row_with_everything_equals_the_asymmetry_table(tmp_path):
    table = measured(tmp_path, ["set"], JUDGES)
    cells = rated(tmp_path, ["set"])
    assessment.score_table(assessment.read(cells), ["set"], {}, tmp_path / "a.csv")
    scores = optimization.score_table(optimization.scene_scores(tables.read(tmp_path / "gains.csv", "gains")))
    tables.write(scores, tmp_path / "o.csv", "optimization-scores")
    asymmetry.asymmetry_tables(
        cells, ["set"], {}, tmp_path / "a.csv", tmp_path / "o.csv", tmp_path / "gains.csv", OBJECTIVES, [SETTING],
        metrics_output=tmp_path / "m.csv", summary_output=tmp_path / "summary.csv", resamples=20,
    )  # fmt: skip
    row = tables.read(tmp_path / "summary.csv", "asymmetry").iloc[0]
    for name in ("metrics", "scenes", "seeds", "rho", "index", "verdict", "reliability_optimization"):
        assert table.loc[("nothing", ""), name] == row[name]
    for end in ("low", "high"):
        assert table.loc[("nothing", ""), f"index_interval_{end}"] == row[f"index_{end}"]
