import numpy as np
import pandas as pd
import pytest

from asymmetry import tables
from asymmetry.analysis import in_domain

CELLS = [("rec", "none", 0.0), ("rec-m", "none", 0.0), ("rec", "patch-vgg", 0.1), ("rec-m", "patch-vgg", 0.1)]


def measured(folder, family="statistics", scenes=9, cells=CELLS) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    rows = [
        {"objective": o, "discriminator": d, "weight": w, "seed": seed, "scene": f"s{k}", "realism": generator.normal()}
        for o, d, w in cells for seed in (0, 1) for k in range(scenes)
    ]  # fmt: skip
    frame = pd.DataFrame(rows)
    gains = frame.rename(columns={"realism": "gain"}).assign(status="completed", judge="j", family=family)
    tables.write(gains, folder / "gains.csv", "gains")
    offset = frame["scene"].str[1:].astype(int) * 10
    kinds = {
        "knows": frame["realism"] + offset,
        "half": frame["realism"] + generator.normal(size=len(frame)),
        "nothing": 0.5,
    }
    qualities = pd.concat([frame.assign(metric=name, quality=q) for name, q in kinds.items()])
    tables.write(qualities, folder / "qualities.csv", "output-qualities")
    in_domain.in_domain_table([folder / "qualities.csv"], folder / "gains.csv", folder / "out.csv")
    return tables.read(folder / "out.csv", "assessment-in-domain").set_index("metric")


def test_correlation_is_within_scenes(tmp_path):
    table = measured(tmp_path)
    assert table.loc["knows", "srcc"] == pytest.approx(1, abs=1e-3)
    assert table.loc["knows", ["outputs", "scenes"]].tolist() == [72, 9]
    assert 0.3 < table.loc["half", "srcc"] < 0.95
    assert table.loc["half", "low"] < table.loc["half", "srcc"] < table.loc["half", "high"]
    assert (table.loc["nothing", "srcc"], table.loc["nothing", "note"]) == (0, "constant")


def test_no_judge_of_realism_and_too_few_outputs_are_told(tmp_path):
    assert (measured(tmp_path, family="full-reference")["note"].str.startswith("no valid judge")).all()
    table = measured(tmp_path, cells=CELLS[:1])
    assert table["srcc"].isna().all()
    assert (table["note"] == "fewer than 3 outputs of every scene").all()
