import numpy as np
import pandas as pd
import pytest

from asymmetry import tables
from asymmetry.analysis import preferences


def test_agreement_by_hand():
    """Prefers the second (p .8), the first (1 − .3), none (½)."""
    assert preferences.agreement([0, 2, 1], [1, 1, 1], [0.8, 0.3, 0.9]) == pytest.approx([0.8, 0.7, 0.5])


def test_swapping_the_patches_changes_nothing():
    generator = np.random.default_rng(0)
    first, second, p = generator.normal(size=(3, 50))
    p = 1 / (1 + np.exp(p))
    assert preferences.agreement(first, second, p) == pytest.approx(preferences.agreement(second, first, 1 - p))


def test_table_by_family_with_intervals_and_the_human_agreement(tmp_path):
    generator = np.random.default_rng(1)
    frame = pd.DataFrame({"scene": np.repeat([f"s{k}" for k in range(12)], 10), "family": ["cnn", "blur"] * 60})
    frame["preference"] = generator.uniform(size=120).round(1)
    frame["first_quality"] = 0.0
    frame["second_quality"] = np.where(frame["family"] == "cnn", frame["preference"] - 0.5, 0)
    frame = frame.assign(**{name: "a.png" for name in tables.SHAPES["preferences"] if name not in frame})
    tables.write(frame, tmp_path / "p.csv", "preferences")
    cell = {"dataset": "bapps", "metric": "lpips", "preferences": tmp_path / "p.csv"}
    preferences.agreement_table([cell], tmp_path / "out.csv")
    table = tables.read(tmp_path / "out.csv", "preference-agreement").set_index("family")
    assert list(table.index) == ["all", "cnn", "blur"]
    p = frame["preference"]
    assert table.loc["cnn", "agreement"] == pytest.approx(np.maximum(p, 1 - p)[frame["family"] == "cnn"].mean())
    assert table.loc["cnn", "low"] < table.loc["cnn", "agreement"] < table.loc["cnn", "high"]
    assert (table.loc["blur", "agreement"], table.loc["blur", "note"]) == (0.5, "constant")
    assert table.loc["all", "human"] == pytest.approx((p**2 + (1 - p) ** 2).mean())
    assert (table.loc["all", "pairs"], table.loc["all", "scenes"]) == (120, 12)
