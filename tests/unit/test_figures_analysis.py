from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from PIL import Image

from asymmetry import artifacts, tables
from asymmetry.distortions import TYPES
from asymmetry.figures import (
    claims,
    distortion_types,
    distortion_types_data,
    judges,
    judges_data,
    pareto,
    report,
    sensitivity,
    theme,
)

LONG = "dists-vgg-16-of-a-rather-long-name"


def check(draw: Callable[..., None], data: Path, stem: Path, *arguments: object) -> None:
    """The pictures are there, hold more than one colour, and have the same bytes the second time."""
    digests = []
    for _ in range(2):
        draw(data, stem, *arguments)
        digests.append([artifacts.sha256(stem.with_suffix(suffix)) for suffix in (".png", ".pdf")])
    assert digests[0] == digests[1]
    with Image.open(stem.with_suffix(".png")) as picture:
        assert len(picture.convert("RGB").getcolors(2**24)) > 10


def readable(monkeypatch: pytest.MonkeyPatch, draw: Callable[..., None], data: Path, *arguments: object) -> None:
    """Nothing lies beyond the page, and no letter is smaller than 5.5 points."""
    drawn = []
    monkeypatch.setattr(theme, "save", lambda figure, stem: drawn.append(figure))
    draw(data, data.with_suffix(""), *arguments)
    (figure,) = drawn
    figure.draw_without_rendering()
    page, ink = figure.bbox_inches, figure.get_tightbbox()
    assert min(ink.x0, ink.y0) > -0.02
    assert max(ink.x1 - page.x1, ink.y1 - page.y1) < 0.02
    assert min(text.get_fontsize() for text in figure.findobj(Text) if text.get_text()) >= 5.5


def breakdown(metrics=("ssim", "dists-random", "psnr"), types=("jpeg", "gaussian-blur", "own")) -> pd.DataFrame:
    rows = [
        {"dataset": "set", "metric": metric, "kind": kind, "group": name, "images": 40, "scenes": 8, "note": ""}
        | {"srcc": number % 97 / 100, "low": -0.2, "high": 1, "krcc": 0.1, "plcc": 0.1}
        for kind in ("distortion", "scene")
        for number, (metric, name) in enumerate(product(metrics, types))
    ]
    return pd.DataFrame(rows).reindex(columns=list(tables.SHAPES["assessment-breakdown"]))


def test_distortion_types_are_in_order_and_grouped(tmp_path):
    tables.write(breakdown(), tmp_path / "in.csv", "assessment-breakdown")
    initialisations = {"dists-random": "random", "ssim": "", "psnr": ""}
    distortion_types_data.distortion_types_data(tmp_path / "in.csv", initialisations, tmp_path / "out.csv")
    frame = tables.read(tmp_path / "out.csv", "distortion-types")
    assert list(frame["metric"].unique()) == ["psnr", "ssim", "dists-random"]
    assert list(frame["distortion"][:3]) == ["gaussian-blur", "jpeg", "own"]
    assert list(frame["family"][:3]) == ["blur", "compression", "other"]
    assert len(frame) == 9
    check(distortion_types.draw_distortion_types, tmp_path / "out.csv", tmp_path / "figure", "a test")


def test_distortion_types_of_twenty_long_metrics_without_intervals_and_of_none(tmp_path, monkeypatch):
    many = breakdown([f"{LONG}-{k}" for k in range(20)], list(TYPES)).assign(low=np.nan, high=np.nan)
    many["srcc"] -= 0.5
    tables.write(pd.concat([many, many.assign(dataset="other")]), tmp_path / "in.csv", "assessment-breakdown")
    facts = {f"{LONG}-{k}": ("random", "procedural")[k % 2] for k in range(20)}
    for name, part in (("many", many), ("none", many[:0])):
        tables.write(part, tmp_path / "in.csv", "assessment-breakdown")
        distortion_types_data.distortion_types_data(tmp_path / "in.csv", facts, tmp_path / f"{name}.csv")
        readable(monkeypatch, distortion_types.draw_distortion_types, tmp_path / f"{name}.csv")


def judged(folder: Path, qualities: dict[str, list[float]], scenes: int = 8) -> tuple[list[dict], Path]:
    """Cells in which every judge's quality is the same on all scenes but for a small offset."""
    cells = []
    for number in range(len(next(iter(qualities.values())))):
        rows = [
            {
                "scene": f"s{scene}",
                "judge": name,
                "family": "learned",
                "value": v,
                "quality": values[number] + 0.01 * scene,
            }
            for scene in range(scenes)
            for (name, values), v in zip(qualities.items(), range(99), strict=False)
        ]
        tables.write(pd.DataFrame(rows), folder / f"{number}.csv", "judgement")
        artifacts.write_json({"status": "completed"}, folder / f"{number}.json")
        cells.append({"objective": f"o{number}", "discriminator": "none", "weight": 0.0, "seed": 0})
        cells[-1] |= {"judgement": folder / f"{number}.csv", "provenance": folder / f"{number}.json"}
    shares = dict.fromkeys(("over_pretrained", "over_bicubic", "over_noise", "share", "spread"), 1.0)
    verdicts = pd.DataFrame({"judge": list(qualities), "family": "learned", "scenes": scenes, **shares})
    verdicts["verdict"] = ["not valid here", *["valid"] * (len(qualities) - 1)]
    tables.write(verdicts, folder / "judges.csv", "judges")
    return cells, folder / "judges.csv"


def test_judges_agree_as_their_ranks_do(tmp_path):
    qualities = {"a": [1, 2, 3, 4], "b": [1, 4, 9, 16], "c": [4, 3, 2, 1], "flat": [0, 0, 0, 0]}
    judges_data.judge_agreement(*judged(tmp_path, qualities), tmp_path / "out.csv")
    rho = tables.read(tmp_path / "out.csv", "judge-agreement").set_index(["judge", "other"])["rho"]
    assert rho["a", "b"] == pytest.approx(1, abs=1e-3)
    assert rho["a", "c"] == rho["c", "a"] == pytest.approx(-1, abs=1e-3)
    assert np.isnan(rho["a", "flat"])
    check(judges.draw_judges, tmp_path / "out.csv", tmp_path / "figure", "a test")


def test_the_interval_of_an_agreement_holds_it(tmp_path):
    generator = np.random.default_rng(0)
    truth = generator.normal(size=(20, 1))
    qualities = np.array([truth + generator.normal(size=(20, 12)) for _ in range(2)])
    rho, (low, high) = judges_data._over_cells(qualities), judges_data._intervals(qualities)
    assert low[0, 1] < rho[0, 1] < high[0, 1]
    assert high[0, 1] - low[0, 1] < 0.8


@pytest.mark.parametrize("names", [["a"], ["a", "b"], list("abcdefgh"), [f"{LONG}-{k}" for k in range(20)]])
def test_judges_few_and_many(tmp_path, monkeypatch, names):
    generator = np.random.default_rng(0)
    judges_data.judge_agreement(*judged(tmp_path, {n: generator.normal(size=6) for n in names}), tmp_path / "out.csv")
    readable(monkeypatch, judges.draw_judges, tmp_path / "out.csv")


def advice(cells: int, preferences=(0.0, 0.5, 1.0)) -> pd.DataFrame:
    rows = [
        {"preference": p, "objective": f"rec-{LONG}-{k // 3}", "discriminator": ("none", "patch-vgg", "own")[k % 3]}
        | {"weight": 0.1 * (k % 3 > 0), "utility": 1.0, "picked": "yes" if k == round(p * 2) else "no"}
        | {
            "picked_share": 0.5,
            "distinct": "no",
            "judge": "psnr-y",
            "unit": "dB",
            "front": "yes" if k < 3 else "no",
            "front_share": 1 / (k + 1),
        }
        | {"fidelity": -0.3 * k - 50 * (k == 5), "realism": 0.2 * k, "seeds": 2, "scenes": 8, "diverged": int(k == 4)}
        for p in preferences
        for k in range(cells)
    ]
    return pd.DataFrame(rows).reindex(columns=list(tables.SHAPES["advice"]))


@pytest.mark.parametrize("cells", [0, 3, 30])
def test_pareto(tmp_path, cells):
    tables.write(advice(cells), tmp_path / "advice.csv", "advice")
    check(pareto.draw_pareto, tmp_path / "advice.csv", tmp_path / "figure", "a test")


def test_every_pick_has_a_number():
    frame = advice(40, (0.0,)).assign(name=lambda f: f.index.map(str))
    picks = frame.iloc[[39]].assign(picked="yes")
    listed = pareto._listed(frame, picks)
    assert "39" in set(listed["name"])
    assert len(listed) == pareto.LISTED


def claim_table(**columns) -> pd.DataFrame:
    rows = [
        {"claim": f"C{k}", "statement": "a rather long statement " * 4, "sentence": "what was asked & came out_ " * 12}
        | {"estimate": value, "low": low, "high": high, "margin": 0.5, "verdict": verdict, "reason": "why", "p": p}
        | {"p_corrected": p, "test": "t", "settings": "", "scenes": 8, "seeds": 2, "scale": "a test"}
        | {"measure": f"ρ; unit; claimed {'below' if k % 2 else 'above'} 0.5"}
        for k, (value, low, high, verdict, p) in enumerate(
            [
                (1.0, 0.7, 1.3, "supported", 0.0001), (0.2, 0.1, 0.3, "contradicted", 0.02),
                (0.4, -np.inf, np.inf, "inconclusive", 0.9), (np.nan, np.nan, np.nan, "not tested", np.nan),
                (0.4, np.nan, np.nan, "inconclusive", np.nan), (0.5, 0.5, 0.5, "inconclusive", 1.0),
            ], start=1,
        )
    ]  # fmt: skip
    return pd.DataFrame(rows).assign(**columns).reindex(columns=list(tables.SHAPES["claims"]))


@pytest.mark.parametrize("count", [6, 1, 0])
def test_claims(tmp_path, count):
    tables.write(claim_table()[:count], tmp_path / "claims.csv", "claims")
    check(claims.draw_claims, tmp_path / "claims.csv", tmp_path / "figure", 0.95)


def sensitivity_tables(folder: Path, settings=(("none", 0.0), ("patch-vgg", 0.1))) -> Path:
    kinds = [("nothing", ""), ("judge", "niqe"), ("dataset", "only"), ("seed", "0"), ("metric", LONG)]
    facts = {"metrics": 6, "scenes": 8, "seeds": 2, "reliability_assessment": 0.9, "reliability_optimization": np.nan}
    rows = [
        {"discriminator": name, "weight": weight, "kind": kind, "left_out": left_out, **facts, "rank_agreement": 0.9}
        | {"rho": np.nan if kind == "dataset" else 0.5, "rho_interval_low": 0.1, "rho_interval_high": 0.8}
        | {"index": 0.4 if name == "none" else np.nan, "index_interval_low": -1.0, "index_interval_high": 2.0}
        | {"verdict": "inconclusive", "reason": "nothing is left" if kind == "dataset" else "2 seeds"}
        for name, weight in settings
        for kind, left_out in kinds
    ]
    frame = pd.DataFrame(rows, columns=list(tables.SHAPES["sensitivity"]))
    tables.write(frame, folder / "sensitivity.csv", "sensitivity")
    whole = frame.query("kind == 'nothing'").assign(index_low=-1.0, index_high=2.0)
    whole = whole.reindex(columns=list(tables.SHAPES["asymmetry"])).astype({"discriminator": object})
    tables.write(whole, folder / "asymmetry.csv", "asymmetry")
    return folder / "sensitivity.csv"


def test_sensitivity(tmp_path):
    check(sensitivity.draw_sensitivity, sensitivity_tables(tmp_path), tmp_path / "figure", "a test")


BACKBONES = ("vgg-16", "resnet-50", "dinov2")
PAPER = [("none", 0.0), *((f"{head}-{name}", 0.005) for head in ("patch", "vanilla") for name in BACKBONES)]


@pytest.mark.parametrize("settings", [[], PAPER[:1], PAPER, [("patch-vgg-16", 0.005), ("patch-vgg-16", 0.01)]])
def test_sensitivity_of_no_setting_to_seven_is_readable(tmp_path, monkeypatch, settings):
    readable(monkeypatch, sensitivity.draw_sensitivity, sensitivity_tables(tmp_path, settings), "a test")


CONFIG = {
    "assessment": {"datasets": ["embedded"], "metrics": ["dists"]},
    "metrics": {"dists": {"object": "dists", "backbone": "vgg", "initialisation": "procedural"}},
    "backbones": {"vgg": {"object": "narrow-vgg"}, "unused": {"object": "narrow-vit"}},
    "initialisations": {"procedural": {"kind": "pretraining"}},
    "rated": {"embedded": {"object": "kadid-emulation"}},
    "optimization": {
        "generator": "swinir",
        "steps": 5,
        "batch": 4,
        "crop": 64,
        "cells": [{"discriminators": ["none"]}],
    },
    "pretraining": {"steps": 9},
    "discriminators": {},
    "transfer": {"arms": []},
    "device": "cpu",
}


def answers(folder: Path, in_domain: Path | None = None, accuracy: Sequence[float] = (), **claims_columns) -> str:
    sensitivity_tables(folder)
    judged(folder, {"a*b": [1.0, 2.0], "fine": [1.0, 2.0]})
    tables.write(claim_table(**claims_columns), folder / "claims.csv", "claims")
    scores = pd.DataFrame({"measure": "realism", "objective": ["rec"], "discriminator": "none", "weight": 0.0})
    scores = scores.assign(seeds=2, scenes=8, diverged=0).reindex(columns=list(tables.SHAPES["optimization-scores"]))
    tables.write(scores, folder / "scores.csv", "optimization-scores")
    curves = pd.DataFrame({"step": np.arange(1, len(accuracy) + 1), "accuracy": accuracy})
    curves = curves.assign(objective="rec", discriminator="patch", weight=0.1, seed=0, diverged_at=0)
    curves = curves.reindex(columns=list(tables.SHAPES["training-curves"]))
    tables.write(curves, folder / "curves.csv", "training-curves")
    record = {"config": CONFIG, "python": "3.11", "machine": "x", "packages": {"torch": "2", "lpips": None}}
    artifacts.write_json(record, folder / "run.json")
    files = [folder / f"{name}.csv" for name in ("claims", "asymmetry", "sensitivity", "judges", "scores", "curves")]
    report.write_answers(*files, folder / "run.json", folder / "answers.rst", in_domain)
    return (folder / "answers.rst").read_text(encoding="utf-8")


def test_the_front_page_says_what_came_out_how_sure_and_what_not(tmp_path):
    text = answers(tmp_path)
    assert "**1 supported**, **1 contradicted**, **3 inconclusive**, **1 not tested**" in text
    assert "2 seeds, 3 are needed" in text.replace("\n", " ")
    assert "never stands in for ImageNet" in text
    assert "narrow-vgg" in text.partition("How it was run")[0]
    assert "narrow-vit" not in text.partition("How it was run")[0]
    assert "Judges that count: fine." in text
    assert "C4 was not tested: why." in text
    assert "decides none" not in text
    assert "decides none" in answers(tmp_path, verdict="inconclusive")
    assert "rival explanation of an asymmetry was not looked at" in text


@pytest.mark.parametrize(
    ("srcc", "told"), [(0.42, "psnr 0.42 (0.10 to 0.60)"), (np.nan, "No metric could be compared")]
)
def test_the_front_page_tells_of_the_rival_explanation(tmp_path, srcc, told):
    row = {"metric": "psnr", "outputs": 99, "scenes": 8, "srcc": srcc, "low": 0.1, "high": 0.6, "note": ""}
    tables.write(pd.DataFrame([row]), tmp_path / "in-domain.csv", "assessment-in-domain")
    text = answers(tmp_path, tmp_path / "in-domain.csv")
    assert told in text
    assert "not looked at" not in text
    assert "torch 2" in text
    assert "lpips" not in text


def test_the_front_page_tells_how_good_the_discriminators_were(tmp_path):
    assert "patch 0.70 (share of logits" in answers(tmp_path, accuracy=[0.1, 0.1, 0.6, 0.8])
    assert "opponents" not in answers(tmp_path)


def test_the_front_page_is_sound_whatever_the_words_are(tmp_path):
    core = pytest.importorskip("docutils.core")
    text = answers(tmp_path, sentence="*half | `open_ [1] <b>", statement="a_ *b", reason="**")
    page = core.publish_parts(text, writer="html", settings_overrides={"report_level": 1, "halt_level": 2})
    assert "system-message" not in page["html_body"]
    assert "*half | `open_ [1] &lt;b&gt;" in page["html_body"]
