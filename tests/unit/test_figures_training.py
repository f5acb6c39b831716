"""Figures of trainings and what they led to: shapes, selection, ties, outliers, and files with reproducible bytes."""

from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from asymmetry import artifacts, tables
from asymmetry.analysis.names import counted, span
from asymmetry.figures import (
    discriminators,
    discriminators_data,
    fig1,
    loss_composition,
    loss_composition_data,
    theme,
    training_curves,
    training_curves_data,
    transfer,
    transfer_data,
)

COMPOSITIONS = {
    "rec": {"kind": "rec", "metric": ""},
    "perc-haarpsi": {"kind": "perc", "metric": "haarpsi"},
    "rec-haarpsi": {"kind": "rec+perc", "metric": "haarpsi"},
    "rec-mdsi": {"kind": "rec+perc", "metric": "mdsi"},
}
SETTINGS = (("none", 0.0), ("patch-vgg", 0.1))
FACTS = {
    "patch-vgg": {"head": "patch", "backbone": "vgg", "initialisation": "random", "architecture": "convolution"},
    "patch-vit": {"head": "patch", "backbone": "vit", "initialisation": "random", "architecture": "attention"},
}


def check(draw: Callable[[Path], None], folder: Path) -> None:
    """Drawn twice, the files have the same bytes and hold something."""
    for name in ("a", "b"):
        draw(folder / name)
    for suffix in (".png", ".pdf"):
        assert artifacts.sha256(folder / f"a{suffix}") == artifacts.sha256(folder / f"b{suffix}")
        assert (folder / f"a{suffix}").stat().st_size > 5000


def gains(path: Path, cells: Sequence[tuple], families=("full-reference", "statistics"), seeds=(0, 1)) -> Path:
    """Shape gains; a cell's gain is its place in the list, fidelity its negative."""
    rows = [
        {"objective": objective, "discriminator": name, "weight": weight, "seed": seed, "scene": f"s{scene}"}
        | {"status": "completed", "judge": family, "family": family}
        | {"gain": place * (-1 if family == "full-reference" else 1) + scene / 10}
        for place, (objective, name, weight) in enumerate(cells)
        for seed in (seeds if objective != "perc-haarpsi" else seeds[:1])
        for scene in range(4)
        for family in families
    ]  # fmt: skip
    tables.write(pd.DataFrame(rows, columns=list(tables.SHAPES["gains"])), path, "gains")
    return path


def cells(folder: Path, names=("none", "patch-vgg"), steps: int = 90, diverged_at: int = 0) -> list[dict]:
    found = []
    for name in names:
        for seed in (0, 1):
            place = folder / f"{name}-{seed}"
            known = np.nan if name == "none" else 1.0
            frame = pd.DataFrame({"step": np.arange(1, (diverged_at or steps) + 1), "reconstruction": 0.1})
            frame = frame.assign(perceptual=np.nan, adversarial=known, discriminator=known, accuracy=known)
            frame["gradient_ratio"] = np.where(frame["step"] % 25 == 1, frame["step"] * known, np.nan)
            tables.write(frame, place / "history.csv", "history")
            artifacts.write_json({"diverged_at": diverged_at}, place / "provenance.json")
            files = {key: place / file for key, file in (("history", "history.csv"), ("provenance", "provenance.json"))}
            cell = {"objective": "rec", "discriminator": name, "weight": 0.0 if name == "none" else 0.1, "seed": seed}
            found.append(cell | files)
    return found


ALL = [(objective, name, weight) for name, weight in SETTINGS for objective in COMPOSITIONS]


def test_the_compositions_of_one_metric_with_the_seeds_that_all_have(tmp_path):
    loss_composition_data.loss_composition_data(gains(tmp_path / "g.csv", ALL), COMPOSITIONS, tmp_path / "t.csv")
    frame = tables.read(tmp_path / "t.csv", "loss-composition")
    assert set(frame["metric"]) == {"haarpsi"}
    assert len(frame) == 3 * 6
    assert set(frame["seeds"]) == {1}
    scores = frame.pivot(index=["objective", "discriminator"], columns="measure", values="score")
    assert np.ptp(scores["realism"]) == pytest.approx(6)
    assert np.ptp(scores["balance"]) == pytest.approx(0, abs=1e-9)  # what is gained in one is lost in the other
    check(lambda stem: loss_composition.draw_loss_composition(tmp_path / "t.csv", stem, "a test"), tmp_path)


@pytest.mark.parametrize("families", [(), ("full-reference",)])
def test_compositions_without_a_valid_judge(tmp_path, families):
    path = gains(tmp_path / "g.csv", ALL, families=families)
    loss_composition_data.loss_composition_data(path, COMPOSITIONS, tmp_path / "t.csv")
    frame = tables.read(tmp_path / "t.csv", "loss-composition")
    assert set(frame["measure"]) == ({"fidelity"} if families else set())
    check(lambda stem: loss_composition.draw_loss_composition(tmp_path / "t.csv", stem), tmp_path)


def test_discriminators_at_one_weight_by_seed(tmp_path):
    shown = [("rec", name, weight) for name, weight in (("none", 0.0), ("patch-vgg", 0.1), ("patch-vit", 0.1))]
    path = gains(tmp_path / "g.csv", [*shown, ("rec", "patch-vgg", 0.4), ("rec-mdsi", "patch-vgg", 0.1)])
    trained = cells(tmp_path, ("none", "patch-vgg", "patch-vit"))
    outputs = {"scores_output": tmp_path / "s.csv", "curves_output": tmp_path / "c.csv"}
    discriminators_data.discriminators_data(path, trained, FACTS, "rec", 0.1, **outputs)
    frame = tables.read(tmp_path / "s.csv", "discriminators")
    assert len(frame) == 2 * 3 * 2
    assert set(frame["weight"]) == {0, 0.1}
    assert frame.set_index("discriminator").loc["patch-vit", "architecture"].unique() == ["attention"]
    realism = frame[(frame["measure"] == "realism") & (frame["discriminator"] == "patch-vit")]
    assert realism["seed_score"].tolist() == pytest.approx([2.15, 2.15])
    assert set(tables.read(tmp_path / "c.csv", "training-curves")["discriminator"]) == {"patch-vgg", "patch-vit"}
    check(lambda stem: discriminators.draw_discriminators(*outputs.values(), stem, "a test"), tmp_path)


def test_curves_are_means_over_stretches(tmp_path):
    training_curves_data.training_curves_data(cells(tmp_path), tmp_path / "t.csv")
    frame = tables.read(tmp_path / "t.csv", "training-curves")
    one = frame[(frame["discriminator"] == "patch-vgg") & (frame["seed"] == 0)]
    assert one["step"].tolist() == [*range(3, 91, 3)]
    assert one["gradient_ratio"].dropna().tolist() == [1, 26, 51, 76]
    assert frame.loc[frame["discriminator"] == "none", "accuracy"].isna().all()
    check(lambda stem: training_curves.draw_training_curves(tmp_path / "t.csv", stem, "a test"), tmp_path)


def test_curves_that_diverged_and_no_curves(tmp_path):
    training_curves_data.training_curves_data(cells(tmp_path, diverged_at=20), tmp_path / "t.csv")
    assert tables.read(tmp_path / "t.csv", "training-curves")["diverged_at"].unique() == [20]
    training_curves_data.training_curves_data([], tmp_path / "none.csv")
    for name in ("t", "none"):
        training_curves.draw_training_curves(tmp_path / f"{name}.csv", tmp_path / name)
        assert (tmp_path / f"{name}.png").stat().st_size > 1000


def test_transfer_knows_where_weights_come_from(tmp_path):
    arms = [("vit", "random"), ("vgg", "gan-a"), ("vgg", "random"), ("vgg", "procedural")]
    rows = [{"mode": "nr", "dataset": "set", "backbone": b, "initialisation": i, "protocol": "family"} for b, i in arms]
    frame = pd.DataFrame(rows).assign(images=9, scenes=8, seeds=1, srcc=0.5, srcc_low=np.nan, srcc_high=np.nan)
    tables.write(frame.reindex(columns=list(tables.SHAPES["transfer"])), tmp_path / "t.csv", "transfer")
    kinds = {"random": {"kind": "random"}, "gan-a": {"kind": "discriminator", "head": "patch"}}
    kinds["procedural"] = {"kind": "pretraining", "head": ""}
    architectures = {"vgg": "convolution", "vit": "attention"}
    transfer_data.transfer_data(tmp_path / "t.csv", kinds, architectures, tmp_path / "f.csv")
    assert tables.read(tmp_path / "f.csv", "transfer-figure")["source"].tolist() == [
        "random", "patch", "random", "pretraining",
    ]  # fmt: skip
    check(lambda stem: transfer.draw_transfer(tmp_path / "f.csv", stem, "a test"), tmp_path)


def test_an_exploded_value_does_not_set_the_axis():
    values = pd.Series([0.0, 0.2, 0.3, 0.5, 1.0, -121.0])
    low, high = theme.limits(values, values - 0.1, values + 0.1)
    assert -2 < low < -0.1
    assert 1.1 < high < 2
    assert theme.limits(values[:2], values[:2] - 5, values[:2] + 5)[0] < -5
    axes = Figure().subplots()
    axes.set(xlim=(0, 1), ylim=(-1, 1))
    theme.point(axes, 0.5, -121, np.zeros(2), np.zeros(2), ("black", "o"))
    assert "\N{MINUS SIGN}121" in [text.get_text() for text in axes.texts]


@pytest.mark.parametrize("values", [[(1, -5), (1.01, -60), (2, -7)], [(-5, 1), (-60, 1.01), (-7, 2)]])
def test_numbers_beyond_an_edge_are_not_written_over_each_other(values):
    figure = Figure(figsize=(3, 3))
    axes = figure.subplots()
    axes.set(xlim=(0, 3), ylim=(0, 3))
    for x, y in values:
        theme.point(axes, x, y, np.full(2, np.nan), np.full(2, np.nan), ("black", "o"))
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in axes.texts if text.get_text()]
    assert len(boxes) == 3
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


def test_tied_ranks_are_drawn_on_one_place():
    place = fig1._side_by_side(pd.Series([2.0, 2.0, 1.0, np.nan], index=list("abcd")), unit=1.0)
    assert place["rank"].tolist()[:3] == [2, 2, 1]
    assert place.loc["a", "shift"] == -place.loc["b", "shift"] < 0
    assert place.loc["c", "shift"] == 0


def test_names_keep_their_colours_in_the_order_that_is_given():
    among = ["a", "b", "c"]
    assert theme.marks(["none", "c"], among)["c"] == theme.marks(["a", "b", "c"], among)["c"]
    assert theme.marks(["none", "c"], among)["none"] == (theme.GREY, "o")
    assert span(pd.Series([3, 1])) == "1 to 3"
    assert [counted(pd.Series([n]), "seed") for n in (1, 2)] == ["1 seed", "2 seeds"]
    assert theme.short("dists-a-very-long-name-1", 12) == "dists-a…me-1"
