import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from asymmetry import registry, tables
from asymmetry.analysis.reproduction import MEASURES, compared, markdown, reproduction_table

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


ROWS = published(
    ("gmsd", "tid2013", "srcc", 0.81, "yes"),
    ("gmsd", "tid2013", "krcc", 0.63, "yes"),
    ("gmsd", "tid2013", "plcc", 0.9, "no"),
    ("gmsd", "tid2013", "plcc-logistic", 0.82, "yes"),
    ("gmsd", "kadid-10k", "srcc", 0.85, "yes"),
    ("vsi", "tid2013", "srcc", 0.8, "yes"),
)


def test_each_figure_gets_its_verdict() -> None:
    frame = compared(ROWS, measured(), {"mine": "gmsd"}, SETS)
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
    assert compared(rows, measured(srcc=0.8299), {"mine": "gmsd"}, SETS)["verdict"].item() == "within"
    assert compared(rows, measured(srcc=0.8301), {"mine": "gmsd"}, SETS)["verdict"].item() == "missed"
    assert compared(rows, measured(srcc=-0.81), {"mine": "gmsd"}, SETS)["verdict"].item() == "missed"
    assert compared(rows, measured(srcc=np.nan), {"mine": "gmsd"}, SETS)["verdict"].item() == "undefined here"


def test_metrics_that_are_not_run_as_published_are_left_out() -> None:
    for frame in (compared(ROWS, measured(), {}, SETS), compared(ROWS, measured(), {"mine": "gmsd"}, {})):
        assert set(frame["verdict"]) == {"not run here"}
        assert frame["here"].isna().all()
    own = measured(dataset="tid2013")
    assert set(compared(ROWS, own, {"mine": "gmsd"}, SETS)["verdict"]) == {"not run here"}, "a set of that name is none"


def test_two_variants_have_a_line_each() -> None:
    two = pd.concat([measured(), measured(metric="other", srcc=0.5)])
    frame = compared(ROWS.iloc[:1], two, {"mine": "gmsd", "other": "gmsd"}, SETS)
    assert dict(zip(frame["name"], frame["verdict"], strict=True)) == {"mine": "within", "other": "missed"}
    assert "gmsd (mine)" in markdown(frame)


def test_misses_are_shown_with_their_size(tmp_path: Path) -> None:
    tables.write(ROWS, tmp_path / "published.csv", "published-figures")
    tables.write(measured(), tmp_path / "measured.csv", "assessment-datasets")
    output = tmp_path / "reproduction.csv"
    reproduction_table(tmp_path / "published.csv", tmp_path / "measured.csv", {"mine": "gmsd"}, SETS, output)
    assert len(tables.read(output, "reproduction")) == len(ROWS)
    text = output.with_suffix(".md").read_text(encoding="utf-8")
    assert "missed: KRCC -0.030" in text
    assert "0.630 / 0.600" in text
    assert "Of 6 figures 2 were not run here, 2 agree within 0.02, 1 are missed" in text
    assert "1. whole images: a paper" in text


def test_the_published_figures_are_sound() -> None:
    frame = tables.read(PUBLISHED, "published-figures")
    assert not frame.duplicated(["metric", "dataset", "measure", "note", "protocol", "source"]).any()
    assert frame["value"].between(0.1, 1).all()
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
