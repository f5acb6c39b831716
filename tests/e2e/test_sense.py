"""Whether the demo's results make sense. They are read, not made: run `make demo` first, else this is skipped."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from asymmetry import images, tables
from asymmetry.analysis.spectrum import energy_ratio

RESULTS = Path(__file__).parents[2] / "results"
# SRCC on KADID-10k as piq's README gives it.
PUBLISHED = {
    "psnr": 0.68, "ssim": 0.72, "ms-ssim": 0.80, "vifp": 0.65, "fsim": 0.85,
    "gmsd": 0.85, "vsi": 0.88, "dss": 0.86, "haarpsi": 0.89, "mdsi": 0.89,
}  # fmt: skip

pytestmark = pytest.mark.skipif(
    not (RESULTS / "figures" / "fig1.png").exists(), reason="the demo was not run here (make demo)"
)


@pytest.fixture(scope="module")
def baselines() -> pd.DataFrame:
    return tables.read(RESULTS / "generators" / "sr-x4" / "swinir-small" / "baselines.csv", "baselines")


@pytest.fixture(scope="module")
def assessed() -> pd.DataFrame:
    frame = tables.read(RESULTS / "analysis" / "assessment-datasets.csv", "assessment-datasets")
    return frame[frame["dataset"] == "embedded"].set_index("metric")


def test_the_pretrained_generator_beats_bicubic(baselines: pd.DataFrame) -> None:
    psnr = baselines[baselines["judge"] == "psnr-y"].groupby("output")["value"].mean()
    assert psnr["pretrained"] - psnr["bicubic"] >= 0.1


def test_the_embedded_set_orders_metrics_as_kadid_does(assessed: pd.DataFrame) -> None:
    ours = assessed.loc[list(PUBLISHED), "srcc"]
    assert stats.kendalltau(ours, list(PUBLISHED.values())).statistic >= 0.5


def test_a_metric_that_knows_nothing_scores_zero(assessed: pd.DataFrame) -> None:
    assert assessed.loc["constant", "srcc"] == 0


def test_an_adversarial_term_adds_high_frequencies() -> None:
    scenes = RESULTS / "generators" / "sr-x4" / "swinir-small" / "baselines" / "reference"
    cells = RESULTS / "optimization" / "sr-x4" / "swinir-small" / "rec-haarpsi"

    def energy(setting: str) -> float:
        pairs = [
            (images.read(path), images.read(scenes / path.name)) for path in cells.glob(f"{setting}/*/outputs/*.png")
        ]
        assert len(pairs) == 3 * 8
        return float(np.mean([energy_ratio(picture, reference, 4) for picture, reference in pairs]))

    assert energy("patch-vgg/weight-0.02") > 1.2 * energy("none/weight-0")


def test_the_procedural_nr_model_beats_chance_on_unseen_contents() -> None:
    frame = tables.read(RESULTS / "analysis" / "transfer.csv", "transfer")
    arms = frame[(frame["mode"] == "nr") & (frame["initialisation"] == "procedural") & (frame["protocol"] == "scene")]
    assert len(arms) == 2
    assert (arms["srcc_low"] > 0).all()
