import numpy as np
import pandas as pd
import pytest
from scipy import stats

from asymmetry import tables
from asymmetry.analysis import breakdown, inference


@pytest.fixture
def table(tmp_path) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    rows = pd.MultiIndex.from_product(
        [[f"s{k}" for k in range(8)], ["blur", "noise", "shift", "step"], range(1, 6)],
        names=["scene", "distortion", "level"],
    ).to_frame(index=False)
    rows["family"] = rows["distortion"].map({"blur": "blurs", "noise": "noises", "shift": "colours", "step": "colours"})
    rows["score"] = 1 - rows["level"] / 5 + 0.05 * generator.normal(size=len(rows))
    rows["quality"] = rows["score"] + 0.3 * generator.normal(size=len(rows))
    rows.loc[rows["distortion"] == "noise", "quality"] *= -1
    rows.loc[rows["distortion"] == "shift", "quality"] = 2.0
    rows.loc[rows["distortion"] == "step", "score"] = 0.5
    rows.loc[len(rows)] = {"scene": "s0", "distortion": "", "level": 0, "family": "", "score": 1, "quality": 3}
    rows = rows.assign(image="i.png", value=rows["quality"], score_error=np.nan)
    tables.write(rows, tmp_path / "in.csv", "assessment")
    cell = {"dataset": "set", "metric": "m", "assessment": tmp_path / "in.csv"}
    breakdown.breakdown_table([cell], tmp_path / "out.csv")
    return tables.read(tmp_path / "out.csv", "assessment-breakdown").set_index(["kind", "group"])


def test_groups(table):
    assert table.groupby(level="kind").size().to_dict() == {"distortion": 4, "family": 3, "scene": 8}
    assert table.loc[("distortion", "blur"), "images"] == 40
    assert table.loc[("scene", "s0"), ["images", "scenes"]].tolist() == [21, 1]


def test_correlations_and_intervals(table, tmp_path):
    frame = tables.read(tmp_path / "in.csv", "assessment")
    part = frame[frame["distortion"] == "blur"]
    row = table.loc[("distortion", "blur")]
    assert row["srcc"] == pytest.approx(stats.spearmanr(part["quality"], part["score"]).statistic)
    assert row["low"] < row["srcc"] < row["high"]
    assert table.loc[("distortion", "noise"), "high"] < 0
    scene = table.loc[("scene", "s3")]
    assert (scene["low"], scene["high"]) == pytest.approx(inference.fisher_interval(scene["srcc"], 20), abs=1e-9)


def test_constants_are_told(table):
    shift, step = table.loc[("distortion", "shift")], table.loc[("distortion", "step")]
    assert (shift["srcc"], shift["note"], step["srcc"], step["note"]) == (0, "constant", 0, "one opinion score")
    assert np.isnan([shift["low"], step["low"]]).all()
