from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from asymmetry import artifacts, tables
from asymmetry.analysis import judges, optimization
from asymmetry.errors import UserError

FAMILIES = {
    "psnr": "full-reference",
    "niqe": "statistics",
    "learned": "learned",
    "kid": "distribution",
    "sw": "distribution",
}
SCENES = ("a", "b")


DEVIATION = 0.5 / 1.3489795  # robust deviation of two cells that differ by 1


def rows(qualities: dict[str, float], scenes=SCENES) -> pd.DataFrame:
    """Judgements whose value is minus the quality; scenes differ by a constant that a gain must not see."""
    return pd.DataFrame(
        {"scene": scene, "judge": name, "family": FAMILIES[name], "value": -quality - place, "quality": quality + place}
        for place, scene in enumerate(scenes)
        for name, quality in qualities.items()
    )


def baselines(scenes=SCENES, **worse: float) -> pd.DataFrame:
    levels = {"reference": 2.0, "noisy-reference": -3.0, "pretrained": 0.0, "bicubic": -1.0}
    parts = []
    for output, level in levels.items():
        qualities = {name: level - worse.get(name, 0) * (output == "reference") for name in FAMILIES}
        parts.append(rows(qualities, scenes).assign(output=output))
    return pd.concat(parts, ignore_index=True)


def cells(folder: Path, spec: dict[tuple, tuple[dict[str, float], str]]) -> list[dict]:
    made = []
    for place, ((objective, discriminator, weight, seed), (qualities, status)) in enumerate(spec.items()):
        judgement, provenance = folder / f"{place}.csv", folder / f"{place}.json"
        tables.write(rows(qualities), judgement, "judgement")
        artifacts.write_json({"status": status, "step": 5}, provenance)
        made.append({"objective": objective, "discriminator": discriminator, "weight": weight, "seed": seed})
        made[-1] |= {"judgement": judgement, "provenance": provenance}
    return made


def scored(made: list[dict], base: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    gained, table = optimization.gains(optimization.collect_judgements(made), base, judges.validity(base))
    return optimization.score_table(optimization.scene_scores(gained)), table


def test_one_exploded_cell_does_not_set_the_scale():
    sound = pd.Series(np.random.default_rng(0).normal(size=500))
    exploded = pd.concat([sound, pd.Series([1e6])])
    assert optimization.robust_deviation(sound) == pytest.approx(1, abs=0.1)
    assert optimization.robust_deviation(exploded) == pytest.approx(1, abs=0.1)
    assert optimization.robust_deviation(pd.Series([0.0, 0, 0, 0, 0, 3])) == pytest.approx(1.2247, abs=1e-4)


def test_score_by_hand(tmp_path):
    first = {"psnr": -1.0, "niqe": 2.0, "learned": 4.0, "kid": 1.0, "sw": 5.0}
    second = {"psnr": 1.0, "niqe": 0.0, "learned": 0.0, "kid": 0.0, "sw": 1.0}
    made = cells(tmp_path, {("p", "none", 0, 0): (first, "completed"), ("q", "none", 0, 0): (second, "completed")})
    scores, _ = scored(made, baselines())
    spread = {name: abs(first[name] - second[name]) * DEVIATION for name in FAMILIES}
    gain = {name: first[name] / spread[name] for name in FAMILIES}
    expected = (gain["niqe"] + gain["learned"] + (gain["kid"] + gain["sw"]) / 2) / 3
    found = scores.set_index(["measure", "objective"])["score"]
    assert found["realism", "p"] == pytest.approx(expected)
    assert found["fidelity", "p"] == pytest.approx(gain["psnr"])
    assert found["distribution", "p"] == pytest.approx((gain["kid"] + gain["sw"]) / 2)


def test_seeds_and_scenes_are_averaged_and_their_spread_is_kept(tmp_path):
    spec = {("p", "none", 0, seed): (dict.fromkeys(FAMILIES, seed + 1.0), "completed") for seed in (0, 1)}
    spec[("q", "none", 0, 0)] = (dict.fromkeys(FAMILIES, 0.5), "completed")
    scores, table = scored(cells(tmp_path, spec), baselines())
    assert table["spread"].tolist() == pytest.approx([DEVIATION] * 5)
    row = scores.query("measure == 'realism' and objective == 'p'").iloc[0]
    assert row["score"] == pytest.approx(1.5 / DEVIATION)
    assert row["seed_spread"] == pytest.approx(1 / np.sqrt(2) / DEVIATION)
    assert (row["seeds"], row["scenes"]) == (2, 2)
    half = stats.t.ppf(0.975, 1) / 2 / DEVIATION  # both scenes gain the same: what is uncertain is the seed
    assert (row["low"], row["high"]) == pytest.approx((row["score"] - half, row["score"] + half))
    alone = scores.query("measure == 'realism' and objective == 'q'").iloc[0]
    assert alone["low"] == pytest.approx(alone["high"])


def test_a_judge_counts_from_four_fifths_of_the_scenes_on():
    base = baselines(scenes=tuple("abcde"))
    wrong = (base["judge"] == "niqe") & (base["output"] == "bicubic")
    one = base.assign(quality=base["quality"].mask(wrong & (base["scene"] == "a"), 99))
    two = base.assign(quality=base["quality"].mask(wrong & base["scene"].isin(["a", "b"]), 99))
    verdict = [judges.validity(frame).set_index("judge").loc["niqe"] for frame in (base, one, two)]
    assert [row["share"] for row in verdict] == [1, 0.8, 0.6]
    assert [row["verdict"] for row in verdict] == ["valid", "valid", "not valid here"]
    assert judges.validity(base[base["output"] != "bicubic"])["share"].tolist() == [0] * 5


def test_invalid_judges_and_families_are_left_out_and_named(tmp_path):
    spec = {("p", "none", 0, 0): (dict(zip(FAMILIES, (1, 2, 3, 4, 5), strict=True)), "completed"),
            ("q", "none", 0, 0): (dict.fromkeys(FAMILIES, 0.0), "completed")}  # fmt: skip
    base = baselines(niqe=5, sw=5)
    scores, table = scored(cells(tmp_path, spec), base)
    assert table.set_index("judge")["verdict"]["niqe"] == "not valid here"
    assert "statistics" not in set(scores["measure"])
    assert scores.set_index(["measure", "objective"])["score"]["realism", "p"] == pytest.approx(1 / DEVIATION)


def test_diverged_cells_rank_below_all_others_and_stay(tmp_path):
    spec = {
        ("good", "patch", 0.1, 0): (dict.fromkeys(FAMILIES, 9.0), "diverged"),
        ("good", "patch", 0.1, 1): (dict.fromkeys(FAMILIES, 9.0), "completed"),
        ("fine", "patch", 0.1, 0): (dict.fromkeys(FAMILIES, 1.0), "completed"),
        ("poor", "patch", 0.1, 0): (dict.fromkeys(FAMILIES, -5.0), "completed"),
        ("gone", "patch", 0.1, 0): (dict.fromkeys(FAMILIES, 8.0), "diverged"),
    }
    scores, _ = scored(cells(tmp_path, spec), baselines())
    realism = scores[scores["measure"] == "realism"].set_index("objective")
    assert realism["score"].idxmax() == "good"
    assert realism["ranked"].sort_values(ascending=False).index.tolist() == ["fine", "poor", "good", "gone"]
    assert realism.loc["good", "diverged"] == 1


def test_tables_are_defined_without_a_valid_judge_and_with_a_single_cell(tmp_path):
    base = tmp_path / "baselines.csv"
    made = cells(tmp_path, {("p", "none", 0, 0): (dict.fromkeys(FAMILIES, 1.0), "completed")})
    names = ("judges", "means", "gains", "scores")
    outputs = {f"{name}_output": tmp_path / f"out-{name}.csv" for name in names}
    for worse in ({}, dict.fromkeys(FAMILIES, 9.0)):
        tables.write(baselines(**worse), base, "baselines")
        optimization.optimization_tables(made, [base], standing={}, trained={}, **outputs)
        scores = tables.read(outputs["scores_output"], "optimization-scores")
        assert set(scores["measure"]) == set(optimization.MEASURES)
        assert scores["score"].isna().all()
        assert (scores["note"] == "no valid judge").all()
        assert len(tables.read(outputs["means_output"], "judge-means")) == len(FAMILIES)


def test_judges_of_another_environment_and_secondary_ones(tmp_path):
    spec = {("p", "none", 0, 0): (dict.fromkeys(FAMILIES, 1.0), "completed")}
    spec |= {("q", "none", 0, 0): (dict.fromkeys(FAMILIES, 2.0), "completed")}
    made = cells(tmp_path, spec)
    for cell in made:
        frame = tables.read(cell["judgement"], "judgement")
        cell["external"] = tmp_path / f"external-{cell['objective']}.csv"
        tables.write(
            frame[frame["judge"] == "psnr"].assign(judge="musiq", family="learned"), cell["external"], "judgement"
        )
    whole = baselines()
    more = whole[whole["judge"] == "psnr"].assign(judge="musiq", family="learned")
    for name, frame in (("baselines", whole), ("external", more)):
        tables.write(frame, tmp_path / f"{name}.csv", "baselines")
    base = [tmp_path / "baselines.csv", tmp_path / "external.csv"]
    outputs = {f"{name}_output": tmp_path / f"out-{name}.csv" for name in ("judges", "means", "gains", "scores")}
    found = []
    for trained in ({}, {"discriminator d": {"backbones": ["vgg-16"]}}):
        optimization.optimization_tables(
            made, base, standing={"musiq": {"backbones": ["vgg-16"]}}, trained=trained, **outputs
        )
        verdict = tables.read(outputs["judges_output"], "judges").set_index("judge")["verdict"]["musiq"]
        found.append((verdict, "musiq" in set(tables.read(outputs["gains_output"], "gains")["judge"])))
        assert "musiq" in set(tables.read(outputs["means_output"], "judge-means")["judge"])
    assert found == [("valid", True), ("secondary", False)]


def test_uneven_judgements_and_missing_baselines_are_refused(tmp_path):
    whole, part = dict.fromkeys(FAMILIES, 1.0), {"psnr": 1.0}
    made = cells(tmp_path, {("p", "none", 0, 0): (whole, "completed"), ("q", "none", 0, 0): (part, "completed")})
    with pytest.raises(UserError, match="other scenes or by other judges"):
        optimization.collect_judgements(made)
    judged = optimization.collect_judgements(made[:1])
    base = baselines()
    with pytest.raises(UserError, match="niqe on a"):
        optimization.gains(judged, base[base["judge"] != "niqe"], judges.validity(base))
