from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from asymmetry import artifacts, images, tables
from asymmetry.analysis.spectrum import energy_ratio
from asymmetry.figures import fig1, fig1_data, fig7, fig7_data, qualitative, qualitative_data, theme

METRICS = ("dists-vgg-random", "dists-vgg-procedural", "haarpsi", "mdsi")

UNKNOWN = ("rho_corrected", "corrected_low", "corrected_high", "index_low", "index_high", "p_value")


def check(draw: Callable[..., None], data: Path, stem: Path) -> None:
    """The pictures are there, hold more than one colour, and have the same bytes the second time."""
    digests = []
    for _ in range(2):
        draw(data, stem, scale="a test")
        digests.append([artifacts.sha256(stem.with_suffix(suffix)) for suffix in (".png", ".pdf")])
    assert digests[0] == digests[1]
    with Image.open(stem.with_suffix(".png")) as picture:
        assert len(picture.convert("RGB").getcolors(2**24)) > 10
        assert picture.width > 1000
    assert stem.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
    assert b"CreationDate" not in stem.with_suffix(".pdf").read_bytes()


def asymmetry_tables(
    folder: Path, metrics=METRICS, settings=(("none", 0.0), ("patch-vgg", 0.01)), seeds: int = 2
) -> Path:
    rows, summary = [], []
    for discriminator, weight in settings:
        place = {"discriminator": discriminator, "weight": weight}
        for k, metric in enumerate(metrics):
            rows.append(
                place | {"metric": metric, "objective": f"rec-{metric}", "shift": 0, "scenes": 8, "seeds": seeds}
                | {"assessment": k, "assessment_low": k - 0.3, "assessment_high": k + 0.3, "assessment_rank": k + 1}
                | {"optimization": -k, "optimization_low": np.nan, "optimization_high": np.nan}
                | {"optimization_rank": len(metrics) - k, "diverged": int(k == 1)}
            )  # fmt: skip
        summary.append(
            place | {"metrics": len(metrics), "scenes": 8, "seeds": seeds, "rho": -1, "rho_low": -1, "rho_high": -1}
            | {"reliability_assessment": 0.9, "reliability_optimization": np.nan, "index": np.nan}
            | dict.fromkeys(UNKNOWN, np.nan)
            | {"verdict": "inconclusive", "reason": "2 seeds"}
        )  # fmt: skip
    tables.write(pd.DataFrame(rows), folder / "metrics.csv", "asymmetry-metrics")
    tables.write(pd.DataFrame(summary), folder / "summary.csv", "asymmetry")
    fig1_data.fig1_data(folder / "metrics.csv", folder / "summary.csv", folder / "fig1.csv")
    return folder / "fig1.csv"


def test_fig1(tmp_path):
    check(fig1.draw_fig1, asymmetry_tables(tmp_path), tmp_path / "fig1")


@pytest.mark.parametrize("settings", [[("none", 0.0)], [("none", 0.0), ("patch-vgg", 0.01), ("patch-vit", 0.01)]])
def test_fig1_with_one_or_three_settings_and_two_metrics(tmp_path, settings):
    fig1.draw_fig1(asymmetry_tables(tmp_path, METRICS[:2], settings, seeds=1), tmp_path / "fig1")
    assert (tmp_path / "fig1.pdf").stat().st_size > 1000


def scores(discriminators=("patch-vgg", "patch-vit"), weights=(0.001, 0.01, 0.1)) -> pd.DataFrame:
    cells = [("none", 0.0), *((name, weight) for name in discriminators for weight in weights)]
    return pd.DataFrame(
        {"measure": measure, "objective": "rec-dists", "discriminator": name, "weight": weight, "score": value}
        | {"low": value - 0.1, "high": value + 0.1, "ranked": value, "seed_spread": np.nan, "seeds": 1, "scenes": 8}
        | {"diverged": int(weight == 0.1 and name == "patch-vit"), "note": ""}
        for measure in ("realism", "fidelity", "learned")
        for value, (name, weight) in enumerate(cells)
    )  # fmt: skip


def fig7_table(folder: Path, **options) -> Path:
    frame = scores(**options)
    cells = []
    for k, row in enumerate(frame[frame["weight"] > 0].drop_duplicates(["discriminator", "weight"]).itertuples()):
        history = pd.DataFrame({"step": [1, 2, 3, 4], "gradient_ratio": row.weight * np.array([np.nan, 8.5, 10, 11.5])})
        tables.write(history.reindex(columns=list(tables.SHAPES["history"])), folder / f"h{k}.csv", "history")
        cells.append({"objective": "rec-dists", "discriminator": row.discriminator, "weight": row.weight})
        cells[-1]["history"] = folder / f"h{k}.csv"
    tables.write(frame, folder / "scores.csv", "optimization-scores")
    fig7_data.fig7_data(folder / "scores.csv", cells, "rec-dists", ["patch-vgg", "patch-vit"], folder / "fig7.csv")
    return folder / "fig7.csv"


def test_fig7(tmp_path):
    data = fig7_table(tmp_path)
    frame = tables.read(data, "fig7")
    swept = frame[frame["weight"] > 0]
    np.testing.assert_allclose(swept["gradient_ratio"], 10 * swept["weight"])
    np.testing.assert_allclose(swept["gradient_ratio_low"], 8.8 * swept["weight"])
    np.testing.assert_allclose(swept["gradient_ratio_high"], 11.2 * swept["weight"])
    assert set(frame["measure"]) == {"realism", "fidelity"}
    check(fig7.draw_fig7, data, tmp_path / "fig7")


def test_fig7_without_discriminators(tmp_path):
    fig7.draw_fig7(fig7_table(tmp_path, discriminators=()), tmp_path / "fig7")
    assert (tmp_path / "fig7.png").stat().st_size > 1000


def test_qualitative(tmp_path):
    generator = np.random.default_rng(0)
    reference = np.full((96, 96, 3), 128, np.uint8)
    reference[40:72, 50:82] = generator.integers(0, 256, (32, 32, 3))
    images.write(reference, tmp_path / "in" / "a.png")
    images.write(np.full_like(reference, 128), tmp_path / "in" / "flat.png")
    judged = pd.DataFrame([{"scene": "a", "judge": "niqe", "family": "statistics", "value": 5.0, "quality": -5.0}])
    tables.write(judged, tmp_path / "judgement.csv", "judgement")
    tables.write(judged.assign(judge="musiq", value=40.0, quality=40.0), tmp_path / "external.csv", "judgement")
    tables.write(judged.assign(output="bicubic", value=7.0), tmp_path / "baselines.csv", "baselines")
    flat = {"a": tmp_path / "in" / "flat.png"}
    panels = [
        {"label": "bicubic", "images": flat, "scores": [tmp_path / "baselines.csv"], "output": "bicubic"},
        {"label": "rec none", "images": {"a": tmp_path / "in" / "a.png"}},
    ]
    panels[1]["scores"] = [tmp_path / "judgement.csv", tmp_path / "external.csv"]
    data = tmp_path / "out" / "qualitative.csv"
    qualitative_data.qualitative_data({"a": tmp_path / "in" / "a.png"}, panels, ["niqe", "musiq"], data, size=32)
    frame = tables.read(data, "qualitative")
    assert frame["label"].tolist() == ["reference", "bicubic", "rec none"]
    assert frame["energy"].tolist() == pytest.approx([1, 0, 1])
    assert frame["scores"].tolist() == ["", "niqe 7.00", "niqe 5.00; musiq 40.00"]
    assert abs(frame["top"][0] - 40) <= 3
    assert abs(frame["left"][0] - 50) <= 3
    check(qualitative.draw_qualitative, data, tmp_path / "out" / "qualitative")


def test_energy_counts_only_what_the_input_cannot_hold():
    rows = np.arange(128)[:, None, None]
    low, high = (np.broadcast_to(128 + 50 * np.sin(2 * np.pi * f * rows), (128, 128, 3)) for f in (0.05, 0.25))
    assert energy_ratio(low, high, 4) < 1e-4
    assert energy_ratio(128 + (high - 128) / 2, high, 4) == pytest.approx(0.25, abs=0.01)


def test_a_name_keeps_its_colour_whatever_is_drawn_with_it():
    run = ["patch-vgg", "patch-vit", "vanilla-vgg", "vanilla-vit"]
    assert theme.marks(["none", "patch-vit"], run)["patch-vit"] == theme.marks(run, run)["patch-vit"]
    assert len(set(theme.marks([f"m{k}" for k in range(12)] + run, run).values())) == 16
