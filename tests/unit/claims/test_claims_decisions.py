"""From parts to verdicts: corrections, runs too small, words, tables."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy import stats
from tests.unit.claims.conftest import (
    FACTS,
    FAMILIES,
    HEADS,
    MARGINS,
    SCENES,
    SWEPT,
    decided,
    everything,
    gains,
    study,
    verdict,
)

from asymmetry import plan, tables
from asymmetry.analysis import claims, inference
from asymmetry.analysis.claims import architecture, claim, contrasts, training, words
from asymmetry.plan.claims import Claims


def test_all_claims_have_a_row_and_a_sentence():
    table = decided(everything())
    assert list(table.index) == [f"C{k}" for k in range(1, 10)]
    assert (table["verdict"] != "not tested").all()
    assert table["p_corrected"].ge(table["p"]).all()
    for row in table.itertuples():
        assert row.sentence.startswith(words.WORDS[row.Index].asked)
        assert row.sentence.endswith(words.WORDS[row.Index].cannot)
        assert claims.number(row.estimate) in row.sentence
        assert row.low <= row.estimate <= row.high


@pytest.mark.parametrize(
    ("seeds", "scenes", "why"), [(2, SCENES, "2 seeds"), (1, SCENES, "1 seed,"), (3, SCENES[:7], "7 scenes")]
)
def test_small_runs_are_at_most_inconclusive(seeds, scenes, why):
    table = decided(everything(seeds, scenes))
    assert set(table["verdict"]) == {"inconclusive"}
    numbered = table[table["estimate"].notna()]
    assert len(numbered) >= 6
    assert numbered["reason"].str.contains(why).all()


def test_one_scene_has_no_interval():
    row = verdict(training.heads(study(gains(HEADS, lambda _, d, __: float(d == "patch-conv"), scenes=SCENES[:1]))))
    assert row["verdict"] == "inconclusive"
    assert "1 scene, at least 8 are needed" in row["reason"]
    assert math.isnan(row["low"])
    assert math.isnan(row["p_corrected"])


def test_nothing_was_run():
    table = decided(study())
    assert set(table["verdict"]) == {"not tested"}
    assert (table["reason"] != "").all()
    assert table["p"].isna().all()


def test_everything_diverged():
    gone = [(*cell, k) for cell in SWEPT + HEADS for k in range(3)]
    gained = gains(SWEPT + HEADS, lambda *c: float(c[1] == "patch-conv"), diverged=gone)
    world = study(gained, sweep=gained)
    for found in (training.heads(world), architecture.architectures(world)):
        row = verdict(found)
        assert row["verdict"] == "inconclusive"
        assert row["estimate"] == 0
        assert row["p_corrected"] == 1


def test_diverged_cells_are_worst():
    rows = gains(HEADS, lambda _, d, __: 9.0 * (d == "patch-conv"), diverged=[("rec-m5", "patch-conv", 0.1, 0)])
    table = contrasts.matrices(study(rows).measure("realism"), set(HEADS))
    assert (table[HEADS[0]][0] < table[HEADS[1]].min(axis=1)).all()
    assert (table[HEADS[0]][1] > 8).all()


def test_parts_decide_together():
    """All parts must hold without a correction; one part that fails contradicts, corrected for their number."""
    good, bad, vague = (
        claim.Part(name, inference.Estimate(value, 1, 50), 0.0, True, "", 8, 3)
        for name, value in (("good", 9), ("bad", -9), ("vague", 0.5))
    )
    assert claim.Claim("C3", [good, vague]).deciding() is vague
    assert claim.Claim("C3", [good, bad, vague]).deciding() is bad
    assert claim.Claim("C4", [good, bad, vague], somewhere=True).deciding() is good
    one = 2 * min(bad.p_values())
    assert claim.Claim("C3", [good, bad, vague]).p_values()[1] == pytest.approx(3 * one)
    assert claim.Claim("C3", [good, good]).p_values()[0] == pytest.approx(2 * min(good.p_values()))
    assert verdict(claim.Claim("C3", [good, good]))["verdict"] == "supported"
    assert verdict(claim.Claim("C3", [good, good], missing=["x was not run"]))["reason"] == (
        "the corrected p is not below 0.05; x was not run"
    )
    assert verdict(claim.Claim("C4", [bad, vague], somewhere=True))["verdict"] == "inconclusive"
    assert verdict(claim.Claim("C4", [bad, bad], somewhere=True))["verdict"] == "contradicted"


@pytest.mark.parametrize(("value", "somewhere", "parts"), [(9, False, 1), (-9, False, 3), (9, True, 3), (-9, True, 1)])
def test_intervals_are_corrected_as_p_is(value, somewhere, parts):
    """For the number of parts where any one of them decides, and not where all must hold."""
    part = claim.Part("", inference.Estimate(value, 1, 50), 0.0, True, "", 8, 3)
    row = verdict(claim.Claim("C3", [part] * 3, somewhere=somewhere))
    assert row["high"] - row["low"] == pytest.approx(2 * stats.t.ppf(1 - 0.05 / 2 / parts, 50))
    assert row["p"] == pytest.approx(parts * 2 * stats.t.sf(9, 50))


def test_more_claims_widen_the_intervals():
    found = claim.Claim("C5", [claim.Part("", inference.Estimate(2.3, 1, 50), 0.0, True, "", 8, 3)])
    assert verdict(found)["verdict"] == "supported"
    assert verdict(found, tested=9)["verdict"] == "inconclusive"


def test_no_effect_is_seldom_a_verdict():
    """Error of the first kind: about 5 % of runs without any effect end in a verdict (12 of 120 is p = .01)."""
    wrong = {"C5": 0, "C9": 0, "C8": 0}
    for k in range(120):
        generator = np.random.default_rng(100 + k)
        values = generator.normal(size=(2, 8, 3)) + generator.normal(size=(2, 1, 3)) + generator.normal(size=(2, 8, 1))
        parts = [
            claim.Part(str(n), contrasts.mean(v), 0.0, True, "", 8, 3) for n, v in enumerate(values)
        ]  # fmt: skip
        wrong["C5"] += verdict(claim.Claim("C5", parts))["verdict"] != "inconclusive"
        wrong["C9"] += verdict(claim.Claim("C9", parts, somewhere=True))["verdict"] != "inconclusive"
        wrong["C8"] += verdict(claim.Claim("C8", parts[:1]))["verdict"] != "inconclusive"
    assert max(wrong.values()) <= 12
    assert sum(wrong.values()) > 0  # the test can fail


@pytest.fixture(scope="module")
def planned():
    base = Path(plan.__file__).parents[3]
    config = yaml.safe_load((base / "config.yaml").read_text(encoding="utf-8")) | {"results": "out"}
    whole = plan.Plan(config)
    return Claims(config, whole.grid, whole.analysis, whole.transfer)


def test_facts_are_derived_from_the_config(planned):
    facts = planned.facts()
    assert set(facts) == set(FACTS)
    assert facts["weight"] == 0.02
    assert {"group": "vgg", "first": "patch-vgg", "second": "vanilla-vgg"} in facts["heads"]
    pair = {"group": "learning rate 0.001", "first": "patch-vgg", "second": "patch-vit"}
    assert pair in facts["architectures"]
    assert facts["compositions"]["perc-haarpsi"] == {"kind": "perc", "metric": "haarpsi"}
    assert facts["random_metrics"] == ["dists-vgg-random"]
    assert facts["backbones"] == {"vgg": "convolution", "vit": "attention"}
    assert facts["shared_opinions"] == {"learned": ["embedded"]}
    assert facts["starts"] == {"gan-patch-vgg": "random", "gan-patch-vit": "random"}
    assert planned.swept()
    assert set(planned.provenance()) == {"patch-vgg", "vanilla-vgg", "patch-vit", "vanilla-vit"}
    assert planned.weights()["vgg"] == "out/backbones/vgg/random/seed-0.safetensors"


def test_table_and_words(tmp_path, monkeypatch):
    world = everything()
    for name, frame in (("gains", world.gains), ("artefacts", world.artefacts)):
        tables.write(frame, tmp_path / f"{name}.csv", name)
    judges = pd.DataFrame({"judge": list(FAMILIES), "family": FAMILIES.values(), "verdict": "valid"})
    judges = judges.assign(scenes=8, over_pretrained=1.0, over_bicubic=1.0, over_noise=1.0, share=1.0, spread=1.0)
    tables.write(judges, tmp_path / "judges.csv", "judges")
    cells = []
    for metric, own in world.assessed.frames.items():
        quality, score, scene = own["set"]
        frame = pd.DataFrame({"quality": quality, "value": quality, "score": score, "scene": np.array(SCENES)[scene]})
        path = tmp_path / f"{metric}.csv"
        tables.write(
            frame.assign(image="i", distortion="d", family="f", level=1, score_error=np.nan), path, "assessment"
        )
        cells.append({"dataset": "set", "metric": metric, "assessment": path})
    output = tmp_path / "claims.csv"
    for _ in range(2):
        claims.claims_table(
            FACTS, MARGINS, cells, ["set"], {}, [], {}, {}, gains=tmp_path / "gains.csv",
            judges=tmp_path / "judges.csv", sweep=None, artefact_table=tmp_path / "artefacts.csv", scale="tiny",
            transfer_scale="none", output=output, details=tmp_path / "details.csv",
        )  # fmt: skip
        written = output.read_bytes(), output.with_suffix(".md").read_bytes()
    table = tables.read(output, "claims")
    details = tables.read(tmp_path / "details.csv", "claims-details")
    assert written == (output.read_bytes(), output.with_suffix(".md").read_bytes())
    assert table.columns[0] == "claim"
    assert table.set_index("claim")["verdict"][["C7", "C8"]].eq("not tested").all()
    assert set(details["claim"]) == {"C1", "C2", "C3", "C4", "C5", "C6", "C9"}
    text = output.with_suffix(".md").read_text()
    assert "tiny" in text
    assert text.count("\n## C") == 9
