from itertools import product

import numpy as np
import pandas as pd
import pytest

from asymmetry import tables
from asymmetry.analysis import advice
from asymmetry.errors import UserError

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


PREFERENCES = (0.0, 0.25, 0.5, 0.75, 1.0)


def advised(*args, spread=1.0, **given):
    trained = advice.Trained.of(gains(*args, **given), "psnr-y", spread)
    return advice.advise(trained, PREFERENCES, resamples=200).assign(judge="psnr-y", unit="dB")


def at(frame, preference):
    return frame[frame["preference"] == preference].set_index("objective")


POINTS = {"faithful": (3.0, 0.0), "between": (2.5, 2.5), "real": (0.0, 3.0), "beaten": (1.5, 1.5), "poor": (-1.0, -1.0)}


def test_picks_follow_the_preference():
    frame = advised(POINTS)
    picks = frame[frame["picked"] == "yes"].set_index("preference")["objective"]
    assert picks.to_dict() == {0: "faithful", 0.25: "between", 0.5: "between", 0.75: "between", 1: "real"}
    assert at(frame, 0.5).loc["between", "picked_share"] > 0.95
    assert (at(frame, 0.0).drop("faithful")["distinct"] == "yes").all()
    assert at(frame, 0.0).loc["faithful", "distinct"] == "no"
    assert frame.groupby("preference")["picked_share"].sum().to_numpy() == pytest.approx(1)


def test_front():
    frame = at(advised(POINTS), 0.0)
    assert set(frame.index[frame["front"] == "yes"]) == {"faithful", "between", "real"}
    assert (frame.loc[["beaten", "poor"], "front_share"] < 0.05).all()
    assert list(advice.front(np.array([[1.0, 1, 0, 2], [1, 1, 2, 0]]))) == [True, True, True, True]  # ties stay
    assert list(advice.front(np.array([[1.0, 1.0], [1, 2]]))) == [False, True]


def test_front_is_that_of_all_pairs():
    points = np.random.default_rng(0).integers(0, 12, (2, 200)).astype(float)  # with many ties
    no_worse = (points[:, :, None] <= points[:, None, :]).all(axis=0)
    worse = (points[:, :, None] < points[:, None, :]).any(axis=0)
    assert list(advice.front(points)) == list(~(no_worse & worse).any(axis=1))


@pytest.mark.parametrize(("judge", "spread", "unit"), [("psnr-y", 4.0, "dB"), ("lpips", 0.02, "")])
def test_fidelity_is_that_of_one_judge_in_its_own_unit(tmp_path, judge, spread, unit):
    """Two judges that disagree: who is faithful, and by how much, is the named judge's word."""
    places = {
        "psnr-y": {"sharp": 1.0, "smooth": 2.0, "plain": 0.0},
        "lpips": {"sharp": 4.0, "smooth": 1.0, "plain": 0.0},
    }
    frame = gains(dict.fromkeys(("sharp", "smooth", "plain"), (0.0, 0.0)), noise=0.001)
    both = [frame[frame["judge"] != "psnr-y"]]
    for name, values in places.items():
        own = frame[frame["judge"] == "psnr-y"].assign(judge=name)
        both.append(own.assign(gain=own["gain"] + own["objective"].map(values)))
    table = written(tmp_path, pd.concat(both), judge, spread, unit)
    first = table[table["preference"] == 0].set_index("objective")
    assert first["fidelity"].to_dict() == pytest.approx({k: v * spread for k, v in places[judge].items()}, abs=0.01)
    assert first.index[first["picked"] == "yes"].to_list() == [{"psnr-y": "smooth", "lpips": "sharp"}[judge]]
    assert (first["fidelity_low"] <= first["fidelity"]).all()
    assert (first["fidelity_high"] - first["fidelity_low"]).max() < 0.1 * spread
    assert set(first["judge"]) == {judge}
    text = (tmp_path / "advice.md").read_text()
    assert {"psnr-y": "| gain in psnr-y, dB ", "lpips": "| gain in lpips "}[judge] in text
    digits = {"psnr-y": 2, "lpips": 4}[judge]
    assert f"| {first['fidelity'].max():.{digits}f} [" in text


def test_fidelity_needs_a_full_reference_judge_that_counts(tmp_path):
    with pytest.raises(UserError, match=r"niqe is a judge of realism.*full-reference judges: psnr-y"):
        written(tmp_path, gains(POINTS), "niqe")
    frame = gains(POINTS)
    assert not len(written(tmp_path, frame[frame["judge"] != "psnr-y"], "psnr-y", verdict="secondary"))
    assert "No advice: psnr-y does not count here (secondary)." in (tmp_path / "advice.md").read_text()


def test_resamples_are_those_that_are_asked_for(monkeypatch):
    asked = []
    genuine = advice.inference.crossed
    monkeypatch.setattr(advice.inference, "crossed", lambda *args: asked.append(args[-1]) or genuine(*args))
    trained = advice.Trained.of(gains(POINTS), "psnr-y", 1.0)
    advice.advise(trained, [0.5], resamples=37)
    assert asked == [37]


def test_noise_tells_nothing_apart():
    frame = advised(dict.fromkeys("abcdef", (0.0, 0.0)), noise=1.0)
    rest = frame[frame["picked"] == "no"]
    assert (rest["distinct"] == "yes").mean() < 0.1
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
    assert "1 of the cells have fewer than 3 seeds" in text
    assert "not a recommendation" not in text


def test_diverged_cells_are_worst():
    frame = advised(POINTS | {"gone": (9.0, 9.0)}, diverged=[("gone", seed) for seed in range(3)])
    gone = at(frame, 0.5)
    assert gone.loc["gone", "utility"] < gone.drop("gone")["utility"].min()
    assert gone.loc["gone", "diverged"] == 3
    assert "among those of: gone" in advice.markdown(frame, "tiny")


def test_small_runs_say_so():
    frame = advised(POINTS, seeds=1)
    text = advice.markdown(frame, "tiny")
    assert "8 scenes and at most 1 seed(s) this is a list of candidates to train again, not a recommendation" in text
    assert np.isfinite(frame["low"]).all()
    lonely = advised(POINTS, scenes=SCENES[:1])
    assert lonely["low"].isna().all()
    assert (lonely["picked"] == "yes").sum() == 5
    assert "unknown" in advice.markdown(lonely, "tiny")


def test_a_single_cell():
    frame = advised({"only": (1.0, 1.0)})
    assert (frame["picked"] == "yes").all()
    assert (frame["front_share"] == 1).all()


def written(folder, gained, judge="psnr-y", spread=1.0, unit="", verdict="valid"):
    """Shape `advice` as the rule writes it."""
    known = gains(POINTS)[["judge", "family"]].drop_duplicates()
    known = pd.concat([known, pd.DataFrame({"judge": ["lpips"], "family": ["full-reference"]})])
    known = known.assign(scenes=8, over_pretrained=1.0, over_bicubic=1.0, over_noise=1.0, share=1.0, spread=spread)
    tables.write(known.assign(verdict=verdict), folder / "judges.csv", "judges")
    tables.write(gained, folder / "gains.csv", "gains")
    output = folder / "advice.csv"
    advice.advice_table(folder / "gains.csv", folder / "judges.csv", judge, unit, PREFERENCES, output, "tiny")
    return tables.read(output, "advice")


def test_without_a_judge_there_is_no_advice(tmp_path):
    frame = gains(POINTS)
    for part in (frame[frame["judge"] == "psnr-y"], frame.iloc[:0]):
        assert not len(written(tmp_path, part))
        assert "No advice: no judge of realism counts here." in (tmp_path / "advice.md").read_text()


def test_table(tmp_path):
    assert len(written(tmp_path, gains(POINTS))) == len(PREFERENCES) * len(POINTS)
    assert "Scale of the run: tiny." in (tmp_path / "advice.md").read_text()
