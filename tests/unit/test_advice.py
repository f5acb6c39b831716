from itertools import product

import numpy as np
import pandas as pd
import pytest

from asymmetry import tables
from asymmetry.analysis import advice

SCENES = [f"scene-{k}" for k in range(8)]
FAMILIES = {"psnr-y": "full-reference", "niqe": "statistics", "kid": "distribution"}


def gains(points, seeds=3, noise=0.02, scenes=SCENES, diverged=()):
    """Shape gains of objectives with the given (fidelity, realism), trained without a discriminator."""
    generator = np.random.default_rng(0)
    rows = [
        {"objective": name, "discriminator": "none", "weight": 0.0, "seed": seed, "scene": scene, "judge": judge}
        | {"status": "diverged" if (name, seed) in diverged else "completed", "family": family}
        | {"gain": points[name][family != "full-reference"] + noise * generator.normal()}
        for name in points
        for seed, scene, (judge, family) in product(
            range(seeds[name] if isinstance(seeds, dict) else seeds), scenes, FAMILIES.items()
        )
    ]
    return pd.DataFrame(rows)[list(tables.SHAPES["gains"])]


def advised(*args, **given):
    return advice.advise(advice.Trained.of(gains(*args, **given)), resamples=200)


def at(frame, preference):
    return frame[frame["preference"] == preference].set_index("objective")


POINTS = {"faithful": (3.0, 0.0), "between": (2.5, 2.5), "real": (0.0, 3.0), "beaten": (1.5, 1.5), "poor": (-1.0, -1.0)}


def test_picks_follow_the_preference():
    frame = advised(POINTS)
    picks = frame[frame["picked"] == "yes"].set_index("preference")["objective"]
    assert picks.to_dict() == {0: "faithful", 0.25: "between", 0.5: "between", 0.75: "between", 1: "real"}
    assert at(frame, 0.5).loc["between", "picked_share"] > 0.95
    assert (at(frame, 0.0).drop("faithful")["told_apart"] == "yes").all()
    assert at(frame, 0.0).loc["faithful", "told_apart"] == "no"
    assert frame.groupby("preference")["picked_share"].sum().to_numpy() == pytest.approx(1)


def test_front():
    frame = at(advised(POINTS), 0.0)
    assert set(frame.index[frame["front"] == "yes"]) == {"faithful", "between", "real"}
    assert (frame.loc[["beaten", "poor"], "front_share"] < 0.05).all()
    assert list(advice.front(np.array([[1.0, 1, 0, 2], [1, 1, 2, 0]]))) == [True, True, True, True]  # ties stay
    assert list(advice.front(np.array([[1.0, 1.0], [1, 2]]))) == [False, True]


def test_noise_tells_nothing_apart():
    frame = advised(dict.fromkeys("abcdef", (0.0, 0.0)), noise=1.0)
    rest = frame[frame["picked"] == "no"]
    assert (rest["told_apart"] == "yes").mean() < 0.1
    assert frame["picked_share"].max() < 0.95
    assert (frame["low"] <= frame["utility"]).all()
    assert (frame["utility"] <= frame["high"]).all()


def test_cells_with_fewer_seeds_are_not_picked():
    frame = advised(
        POINTS | {"lucky": (9.0, 9.0)}, seeds={name: 1 if name == "lucky" else 3 for name in [*POINTS, "lucky"]}
    )
    lucky = frame[frame["objective"] == "lucky"]
    assert (lucky["picked"] == "no").all()
    assert (lucky["picked_share"] == 0).all()
    assert (lucky["front"] == "yes").all()
    text = advice.markdown(frame, "tiny")
    assert "| lucky " in text
    assert "1 cells have fewer than 3 seeds" in text
    assert "sketch" not in text


def test_diverged_cells_are_worst():
    frame = advised(POINTS | {"gone": (9.0, 9.0)}, diverged=[("gone", seed) for seed in range(3)])
    gone = at(frame, 0.5)
    assert gone.loc["gone", "utility"] < gone.drop("gone")["utility"].min()
    assert gone.loc["gone", "diverged"] == 3
    assert "Diverged in some seed" in advice.markdown(frame, "tiny")


def test_small_runs_say_so():
    frame = advised(POINTS, seeds=1)
    assert "8 scenes and at most 1 seed(s) this is a sketch" in advice.markdown(frame, "tiny")
    assert np.isfinite(frame["low"]).all()
    lonely = advised(POINTS, scenes=SCENES[:1])
    assert lonely["low"].isna().all()
    assert (lonely["picked"] == "yes").sum() == 5
    assert "unknown" in advice.markdown(lonely, "tiny")


def test_a_single_cell():
    frame = advised({"only": (1.0, 1.0)})
    assert (frame["picked"] == "yes").all()
    assert (frame["front_share"] == 1).all()


def test_without_a_judge_there_is_no_advice(tmp_path):
    frame = gains(POINTS)
    for part in (frame[frame["judge"] == "psnr-y"], frame[frame["judge"] != "psnr-y"], frame.iloc[:0]):
        tables.write(part, tmp_path / "gains.csv", "gains")
        advice.advice_table(tmp_path / "gains.csv", tmp_path / "advice.csv", "tiny")
        assert not len(tables.read(tmp_path / "advice.csv", "advice"))
        assert "No advice" in (tmp_path / "advice.md").read_text()


def test_table(tmp_path):
    tables.write(gains(POINTS), tmp_path / "gains.csv", "gains")
    advice.advice_table(tmp_path / "gains.csv", tmp_path / "advice.csv", "tiny")
    assert len(tables.read(tmp_path / "advice.csv", "advice")) == 5 * len(POINTS)
    assert "Scale of the run: tiny." in (tmp_path / "advice.md").read_text()
