import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from asymmetry import registry, tables
from asymmetry.analysis.reproduction import (
    MEASURES,
    agreements,
    compared,
    correlations,
    markdown,
    reproduction_table,
    restorations,
)

PROJECT = Path(__file__).parents[2]
PUBLISHED = PROJECT / "workflow_scripts" / "data" / "published_figures.csv"


SETS = {"tid": "tid2013", "kadid": "kadid-10k"}


def published(*rows: tuple) -> pd.DataFrame:
    columns = ["metric", "dataset", "measure", "value", "same_definition", "note", "protocol", "source"]
    return pd.DataFrame([(*row, "", "whole images", "a paper")[: len(columns)] for row in rows], columns=columns)


def measured(**values: object) -> pd.DataFrame:
    columns = tables.SHAPES["assessment-datasets"]
    row = {name: "" if column.type == "text" else 1 for name, column in columns.items()}
    row |= {"dataset": "tid", "metric": "mine", "srcc": 0.8, "krcc": 0.6, "plcc": 0.7, "plcc_logistic": 0.82}
    return pd.DataFrame([row | values])


def beside(rows: pd.DataFrame, own: pd.DataFrame, objects: dict[str, str], datasets: dict[str, str]) -> pd.DataFrame:
    return compared(rows, correlations(own, objects, datasets))


ROWS = published(
    ("gmsd", "tid2013", "srcc", 0.81, "yes"),
    ("gmsd", "tid2013", "krcc", 0.63, "yes"),
    ("gmsd", "tid2013", "plcc", 0.9, "no"),
    ("gmsd", "tid2013", "plcc-logistic", 0.82, "yes"),
    ("gmsd", "kadid-10k", "srcc", 0.85, "yes"),
    ("vsi", "tid2013", "srcc", 0.8, "yes"),
)


def test_each_figure_gets_its_verdict() -> None:
    frame = beside(ROWS, measured(), {"mine": "gmsd"}, SETS)
    found = frame.set_index(["metric", "dataset", "measure"])["verdict"].to_dict()
    assert found == {
        ("gmsd", "tid2013", "srcc"): "within",
        ("gmsd", "tid2013", "krcc"): "missed",
        ("gmsd", "tid2013", "plcc"): "other definition",
        ("gmsd", "tid2013", "plcc-logistic"): "within",
        ("gmsd", "kadid-10k", "srcc"): "not run here",
        ("vsi", "tid2013", "srcc"): "not run here",
    }
    here = frame.set_index(["dataset", "measure"])["difference"]
    assert here["tid2013", "krcc"] == pytest.approx(-0.03)
    assert list(frame["name"]) == ["mine"] * 4 + ["", ""]


def test_the_edge_of_the_tolerance_and_a_wrong_sign() -> None:
    rows = ROWS.iloc[:1]
    assert beside(rows, measured(srcc=0.8299), {"mine": "gmsd"}, SETS)["verdict"].item() == "within"
    assert beside(rows, measured(srcc=0.8301), {"mine": "gmsd"}, SETS)["verdict"].item() == "missed"
    assert beside(rows, measured(srcc=-0.81), {"mine": "gmsd"}, SETS)["verdict"].item() == "missed"
    assert beside(rows, measured(srcc=np.nan), {"mine": "gmsd"}, SETS)["verdict"].item() == "undefined here"


def test_metrics_that_are_not_run_as_published_are_left_out() -> None:
    for frame in (beside(ROWS, measured(), {}, SETS), beside(ROWS, measured(), {"mine": "gmsd"}, {})):
        assert set(frame["verdict"]) == {"not run here"}
        assert frame["here"].isna().all()
    own = measured(dataset="tid2013")
    assert set(beside(ROWS, own, {"mine": "gmsd"}, SETS)["verdict"]) == {"not run here"}, "a set of that name is none"


def test_two_variants_have_a_line_each() -> None:
    two = pd.concat([measured(), measured(metric="other", srcc=0.5)])
    frame = beside(ROWS.iloc[:1], two, {"mine": "gmsd", "other": "gmsd"}, SETS)
    assert dict(zip(frame["name"], frame["verdict"], strict=True)) == {"mine": "within", "other": "missed"}
    assert "gmsd (mine)" in markdown(frame)


def test_misses_are_shown_with_their_size(tmp_path: Path) -> None:
    tables.write(ROWS, tmp_path / "published.csv", "published-figures")
    output = tmp_path / "reproduction.csv"
    reproduction_table(tmp_path / "published.csv", correlations(measured(), {"mine": "gmsd"}, SETS), output)
    assert len(tables.read(output, "reproduction")) == len(ROWS)
    text = output.with_suffix(".md").read_text(encoding="utf-8")
    assert "missed: KRCC -0.030" in text
    assert "0.630 / 0.600" in text
    assert "Of 6 figures 2 were not run here, 2 agree within 0.02 (0.1 dB), 1 are missed" in text
    assert "1. whole images: a paper" in text


def test_agreement_with_preferences_is_joined_with_that_of_raters() -> None:
    columns = tables.SHAPES["preference-agreement"]
    row = dict.fromkeys(columns, 1) | {"dataset": "mine", "note": "", "agreement": 0.7, "human": 0.74}
    rows = [row | {"metric": metric, "family": family} for metric in ("lpips", "psnr") for family in ("all", "cnn")]
    here = agreements(pd.DataFrame(rows), {"lpips": "lpips"}, {"mine": "bapps"})
    assert here[["metric", "name", "here"]].values.tolist() == [["lpips", "lpips", 0.7], ["human", "human", 0.74]]
    text = [("lpips", "bapps", "2afc", 0.692, "yes"), ("human", "bapps", "2afc", 0.769, "yes")]
    assert list(compared(published(*text), here)["verdict"]) == ["within", "missed"]


def test_restored_pictures_are_compared_in_decibels() -> None:
    columns = ["output", "scene", "judge", "family", "value", "quality"]
    values = {"bicubic": (28.0, 29.0), "pretrained": (32.0, 33.0), "reference": (100.0, 100.0)}
    rows = [
        (output, str(scene), judge, "full-reference", value + (judge == "ssim"), 0)
        for output, two in values.items()
        for scene, value in enumerate(two)
        for judge in ("psnr", "ssim")
    ]
    frame = pd.DataFrame(rows, columns=columns)
    names = {"bicubic": "bicubic", "pretrained": "swinir-classical"}
    here = restorations(frame, names, ["psnr"], "set5")
    assert here.set_index("metric")["here"].to_dict() == {"bicubic": 28.5, "swinir-classical": 32.5}
    known = [("bicubic", "set5", "psnr-y", 28.42, "yes"), ("swinir-classical", "set5", "psnr-y", 32.72, "yes")]
    frame = compared(published(*known), here)
    assert list(frame["verdict"]) == ["within", "missed"]
    assert "28.42 / 28.50" in markdown(frame)
    assert "within 0.1 dB" in markdown(frame)


def test_the_published_figures_are_sound() -> None:
    frame = tables.read(PUBLISHED, "published-figures")
    assert not frame.duplicated(["metric", "dataset", "measure", "note", "protocol", "source"]).any()
    decibels = frame["measure"] == "psnr-y"
    assert frame["value"][~decibels].between(0.1, 1).all()
    assert frame["value"][decibels].between(20, 40).all()
    assert set(frame["metric"][decibels]) - {"bicubic"} <= set(registry.table()["generators"])
    assert set(frame["measure"]) == set(MEASURES)
    assert set(frame["same_definition"]) == {"yes", "no"}
    assert (frame[["protocol", "source"]] != "").all().all()
    metrics = {
        "psnr",
        "ssim",
        "ms-ssim",
        "vifp",
        "fsim",
        "gmsd",
        "mdsi",
        "vsi",
        "haarpsi",
        "dss",
        "lpips",
        "dists-official",
    }
    assert metrics <= set(frame["metric"])
    assert metrics <= set(registry.table()["metrics"])


def test_known_figures_are_there() -> None:
    frame = tables.read(PUBLISHED, "published-figures")
    found = set(frame[["metric", "dataset", "measure", "value"]].itertuples(index=False, name=None))
    assert ("haarpsi", "tid2013", "srcc", 0.8732) in found
    assert ("dists-official", "tid2013", "srcc", 0.83) in found
    assert ("lpips", "csiq", "krcc", 0.7499) in found
    assert ("fsim", "csiq", "plcc", 0.8207) in found


def test_the_page_on_reproduction_is_up_to_date() -> None:
    probe = "import generate_reproduction as g; print(g.document(g.PAGE.read_text(encoding='utf-8')), end='')"
    made = subprocess.run(
        [sys.executable, "-c", probe], cwd=PROJECT / "docs", capture_output=True, text=True, check=True
    ).stdout
    page = (PROJECT / "docs" / "reproduction.md").read_text(encoding="utf-8")
    assert page == made, "run docs/generate_reproduction.py"
    assert page.count("| not run here |") > 100
