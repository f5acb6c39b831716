from pathlib import Path

import pytest
import yaml

from asymmetry import plan
from asymmetry.errors import UserError
from asymmetry.plan import Cell, Plan, canonical, cells

BASE = Path(plan.__file__).parents[3]


@pytest.fixture
def config():
    """The shipped one with a small grid."""
    config = yaml.safe_load((BASE / "config.yaml").read_text(encoding="utf-8"))
    config["results"] = "out"
    config["optimization"]["cells"] = [
        {
            "objectives": ["rec", "rec-haarpsi"],
            "discriminators": ["none", "patch-vgg"],
            "weights": [0.01, 0.1],
            "seeds": [3, 1],
        },
        {"objectives": ["rec-haarpsi"], "discriminators": ["patch-vit"], "weights": [0.01], "seeds": [1]},
    ]
    return config


@pytest.mark.parametrize(
    ("weight", "text"),
    [
        ("1e-3", "0.001"),
        (1e-3, "0.001"),
        (5e-05, "0.00005"),
        ("0.10", "0.1"),
        (0.10, "0.1"),
        (1, "1"),
        (1.0, "1"),
        ("01.50", "1.5"),
        (100, "100"),
        (100.0, "100"),
        (1e3, "1000"),
        ("1E+3", "1000"),
        (0, "0"),
        (0.0, "0"),
        ("0.000", "0"),
        (0.1 + 0.2, "0.30000000000000004"),
    ],
)
def test_weights_in_paths(weight, text):
    assert canonical(weight) == text
    assert canonical(text) == text
    assert float(text) == float(weight)


def test_cells_are_a_sorted_union():
    blocks = [
        {"objectives": ["b"], "discriminators": ["none", "d"], "weights": [0.1, 0.01], "seeds": [10, 2]},
        {"objectives": ["a", "b"], "discriminators": ["d"], "weights": [0.10], "seeds": [2]},
    ]
    assert cells({"optimization": {"cells": blocks}}) == [
        Cell("a", "d", "0.1", 2),
        *(Cell("b", "d", weight, seed) for weight in ("0.01", "0.1") for seed in (2, 10)),
        *(Cell("b", "none", "0", seed) for seed in (2, 10)),
    ]


def test_no_weights_leave_only_none():
    block = {"objectives": ["a"], "discriminators": ["none", "d"], "weights": [], "seeds": [0]}
    assert cells({"optimization": {"cells": [block]}}) == [Cell("a", "none", "0", 0)]


def test_what_metrics_were_trained_on(config):
    assert Plan(config).analysis.trained_on() == {name: [] for name in config["assessment"]["metrics"]}
    config["metrics"]["psnr"] |= {"object": "dists-official", "trained_on": ["textures", "embedded"]}
    assert Plan(config).analysis.trained_on()["psnr"] == ["embedded", "kadid-10k", "textures"]


def test_losses_and_settings(config):
    three = ["rec", "rec-haarpsi", "rec-mdsi"]
    blocks = [
        {"objectives": [*three, "perc-haarpsi"], "discriminators": ["none", "patch-vgg"], "weights": [0.02]},
        {"objectives": three[:2], "discriminators": ["vanilla-vgg"], "weights": [0.02]},
    ]
    config["optimization"]["cells"] = [block | {"seeds": [0]} for block in blocks]
    config["assessment"]["metrics"] = ["psnr", "mae", "haarpsi", "mdsi"]
    losses = {"mae": "rec", "haarpsi": "rec-haarpsi", "mdsi": "rec-mdsi"}
    assert Plan(config).analysis.losses() == losses, "perc-haarpsi has no L1 term"
    wide = [{"discriminator": "none", "weight": 0.0}, {"discriminator": "patch-vgg", "weight": 0.02}]
    assert Plan(config).analysis.settings() == wide, "beside vanilla-vgg only two losses were trained"
    config["objectives"]["rec-mdsi"]["kappa"] = "raw"
    config["assessment"]["metrics"].remove("mae")
    assert Plan(config).analysis.losses() == {"haarpsi": "rec-haarpsi"}


def test_scale(config):
    config["optimization"] |= {"steps": 150, "batch": 4, "crop": 64}
    config["pretraining"]["steps"] = 1500
    assert "150 steps of 4 crops of 64 pixels after 1500 L1 steps" in Plan(config).figures.scale()
    config["generators"]["swinir-small"]["weights"] = "swinir.pth"
    assert Plan(config).figures.scale().endswith("64 pixels from published weights")


def test_folders_and_files_of_a_cell(config):
    own = Plan(config)
    folder = own.grid.folder(Cell("rec-haarpsi", "patch-vgg", "0.01", 3))
    assert folder == "out/optimization/sr-x4/swinir-small/rec-haarpsi/patch-vgg/weight-0.01/seed-3"
    assert own.grid.objective_files("rec") == {}
    calibration = "out/generators/sr-x4/swinir-small/calibration/haarpsi.json"
    assert own.grid.objective_files("rec-haarpsi") == {"calibration": calibration}
    config["objectives"]["rec-haarpsi"]["kappa"] = "raw"
    assert own.grid.objective_files("rec-haarpsi") == {}
    files = own.grid.objective_files("rec-dists-vgg-random")
    assert files["metric_backbone"] == "out/backbones/vgg/random/seed-100.safetensors"
    assert own.grid.discriminator_files("patch-vgg", "3") == {
        "discriminator_backbone": "out/backbones/vgg/random/seed-3.safetensors"
    }


def test_weights_of_a_backbone_differ_by_seed_only_where_they_are_random(config):
    own = Plan(config)
    assert own.networks.weights("vgg", "random", 4).endswith("vgg/random/seed-4.safetensors")
    assert own.networks.weights("vgg", "gan-patch-vgg", 4).endswith("vgg/gan-patch-vgg/seed-4.safetensors")
    assert own.networks.weights("vgg", "procedural", 4).endswith("vgg/procedural/seed-0.safetensors")
    assert own.networks.weights("vgg", "imagenet", 4).endswith("vgg/imagenet/seed-0.safetensors")


def test_the_discriminator_of_an_initialisation(config):
    config["initialisations"]["gan-patch-vgg"] = {
        "kind": "discriminator",
        "objective": "rec-haarpsi",
        "discriminator": "patch-vgg",
        "weight": 1e-2,
    }
    own = Plan(config)
    cell = Cell("rec-haarpsi", "patch-vgg", "0.01", 3)
    assert own.grid.source("gan-patch-vgg", "3") == f"{own.grid.folder(cell)}/discriminator.safetensors"
    assert cell in own.grid.cells


def test_registry_entries_of_a_cell(config):
    own = Plan(config)
    base = [("tasks", "super-resolution"), ("generators", "swinir")]
    assert own.grid.cell_entries("sr-x4", "swinir-small", "rec") == base
    entries = own.grid.cell_entries("sr-x4", "swinir-small", "rec-dists-vgg-random", "patch-vit")
    assert entries == [*base, ("metrics", "dists"), ("backbones", "narrow-vgg"), ("backbones", "narrow-vit")]
    config["discriminators"]["own"] = {"object": "mine.critic:Critic"}
    assert own.grid.cell_entries("sr-x4", "swinir-small", "rec", "own")[-1] == ("discriminators", "mine.critic:Critic")


def test_unknown_names_are_told(config):
    with pytest.raises(UserError, match=r"unknown name in metrics 'pnsr'. Did you mean 'psnr'"):
        Plan(config).metrics.settings("pnsr")


def test_the_sweep_has_discriminators_with_several_weights(config):
    config["figures"]["fig7"]["objective"] = "rec-haarpsi"
    swept = Plan(config).grid.scopes["fig7"]
    assert {cell.objective for cell in swept} == {"rec-haarpsi"}
    assert {(cell.discriminator, cell.weight) for cell in swept} == {
        ("none", "0"),
        ("patch-vgg", "0.01"),
        ("patch-vgg", "0.1"),
    }


def test_pictured_cells_have_the_first_seed(config):
    config["figures"]["qualitative"] |= {
        "objectives": ["rec-haarpsi", "rec"],
        "discriminators": ["none", "patch-vgg"],
        "weight": 0.10,
    }
    assert Plan(config).figures.pictured() == [
        Cell(objective, discriminator, weight, 1)
        for objective in ("rec-haarpsi", "rec")
        for discriminator, weight in (("none", "0"), ("patch-vgg", "0.1"))
    ]
    labels = [panel["label"] for panel in Plan(config).figures.panels()]
    assert labels == ["bicubic", "pretrained", "rec-haarpsi", "rec-haarpsi patch-vgg", "rec", "rec patch-vgg"]


def test_pictures_come_with_the_scores_of_pyiqas_judges(config):
    assert "external" not in str(Plan(config).figures.panels())
    config["judges"]["musiq"] = {"object": "musiq"}
    config["judgement"]["judges"] = [*config["judgement"]["judges"], "musiq"]
    figures = Plan(config).figures
    for panel in figures.panels():
        own, external = panel["scores"]
        assert own.replace("judgement.csv", "external-judgement.csv").replace("/base", "/external-base") == external
        assert {own, external} <= set(figures.panel_files())


def test_datasets_without_references_have_no_full_reference_models(config):
    config["rated"]["textures"]["mode"] = "nr"
    config["transfer"] |= {
        "datasets": ["embedded", "textures"],
        "modes": ["fr", "nr"],
        "arms": [{"backbone": "vgg", "initialisations": ["random"]}],
        "seeds": [0],
    }
    found = {(one["mode"], one["dataset"]) for one in Plan(config).transfer.models()}
    assert found == {("fr", "embedded"), ("nr", "embedded"), ("nr", "textures")}


def test_no_two_results_have_the_same_place(config):
    own = Plan(config)
    rows = [
        *own.grid.listed(own.grid.cells, "judgement", "provenance"),
        *own.analysis.assessments(),
        *own.transfer.models(),
    ]
    keys = {"judgement", "provenance", "assessment", "predictions"}
    paths = [row[key] for row in rows for key in keys & row.keys()]
    assert len(set(paths)) == len(paths) > 20
    assert all(path.startswith("out/") for path in paths)


def test_images_of_ones_own_are_inputs(config, tmp_path):
    """A changed picture reruns what is made from it; a missing one is told when the table is read."""
    for name in ("a.png", "b.png", "$(c).png", "`d`.png", 'e".png', "f{g}.png", ".h.png"):  # watched: the first two
        (tmp_path / name).touch()
    (tmp_path / "own.csv").write_text(
        "image;reference;score\na.png;b.png;1\nmissing.png;b.png;2\n", encoding="utf-8-sig"
    )
    config["rated"]["mine"] = {
        "object": "csv",
        "mode": "fr",
        "path": str(tmp_path / "own.csv"),
        "higher_is_better": True,
    }
    config["corpora"]["mine"] = {"object": "folder", "path": str(tmp_path)}
    found = Plan(config).pictures.rated_files("mine")
    assert found == {"path": str(tmp_path / "own.csv"), "images": [str(tmp_path / name) for name in ("a.png", "b.png")]}
    assert Plan(config).pictures.corpus_files("mine") == found["images"]
    assert Plan(config).pictures.corpus_files("scenes") == []


def test_a_line_of_figure_7_keeps_its_seeds(config):
    blocks = [
        {"objectives": ["rec-haarpsi"], "discriminators": ["none", "patch-vgg"], "weights": [0.1], "seeds": [0, 1]},
        {"objectives": ["rec-haarpsi"], "discriminators": ["patch-vgg"], "weights": [0.2], "seeds": [0]},
    ]
    config["optimization"]["cells"] = blocks
    config["figures"]["fig7"]["objective"] = "rec-haarpsi"
    swept = Plan(config).grid.scopes["fig7"]
    assert {(cell.discriminator, cell.weight) for cell in swept} == {
        ("none", "0"),
        ("patch-vgg", "0.1"),
        ("patch-vgg", "0.2"),
    }
    assert {cell.seed for cell in swept} == {0}


def test_a_metric_is_not_assessed_where_it_was_fitted(config):
    config["metrics"]["learned"] = {"object": "dists", "channel_weights": "fitting"}
    config["assessment"] = {"datasets": ["embedded", "fitting"], "metrics": ["psnr", "learned"]}
    own = Plan(config)
    pairs = {(row["dataset"], row["metric"]) for row in own.analysis.assessments()}
    assert pairs == {("embedded", "psnr"), ("fitting", "psnr"), ("embedded", "learned")}
    assert own.analysis.trained_on() == {"psnr": [], "learned": ["fitting"]}


def test_only_what_the_grids_name_is_used(config):
    used = Plan(config).used
    assert used.corpora == {"scenes", "training", "procedural"}
    assert used.rated == {"embedded"}
    assert used.datasets == []
    assert ("vgg", "imagenet") not in used.initialised
    config["corpora"]["far"] = {"object": "published", "dataset": "flickr2k"}
    config["initialisations"]["far"] = config["initialisations"]["procedural"] | {"corpus": "far"}
    config["metrics"]["fitted"] = config["metrics"]["dists-vgg-random"] | {"channel_weights": "fitting"}
    config["objectives"]["rec-fitted"] = {"reconstruction": 1, "metric": "fitted", "kappa": 1}
    assert Plan(config).used.corpora == used.corpora, "defined, but named by nothing"
    config["initialisations"]["gan-far"] = {
        "kind": "discriminator", "objective": "rec-fitted", "discriminator": "far-vgg", "weight": 0.1
    }  # fmt: skip
    config["discriminators"]["far-vgg"] = config["discriminators"]["patch-vgg"] | {"initialisation": "far"}
    config["transfer"]["arms"].append({"backbone": "vgg", "initialisations": ["gan-far"]})
    used = Plan(config).used
    assert used.datasets == ["flickr2k"], "the weights of a discriminator that an arm starts from"
    assert ("rec-fitted", "far-vgg") in used.trainings
    assert used.rated == {"embedded", "fitting"}


def test_a_dataset_may_have_splits_of_its_own(config):
    config["transfer"] |= {"splits": {"kind": "random", "count": 3}, "families": True}
    config["transfer"]["dataset_splits"] = {"textures": {"kind": "leave-one-scene-out"}}
    own = Plan(config).transfer
    assert own.settings("nr", "embedded")["splits"] == {"kind": "random", "count": 3}
    assert own.settings("nr", "textures")["splits"] == {"kind": "leave-one-scene-out"}
    assert [own.settings(mode, "embedded")["families"] for mode in ("nr", "fr")] == [True, False]


def test_published_restorations_are_those_of_public_pictures_at_x4(config):
    assert Plan(config).analysis.published_restorations() == {}, "the embedded scenes are no dataset of the catalogue"
    config["corpora"]["bsd"] = {"object": "published", "dataset": "bsd100"}
    config["judgement"]["corpus"] = "bsd"
    found = Plan(config).analysis.published_restorations()
    assert found == {"generators": {"bicubic": "bicubic"}, "judges": ["psnr-y"], "dataset": "bsd100"}
    options = {"embed_dim": 180, "depths": [6] * 6, "num_heads": [6] * 6, "upsampler": "pixelshuffle", "window_size": 8}
    config["generators"]["swinir-small"] = {"object": "swinir", "options": options}
    found = Plan(config).analysis.published_restorations()
    assert found["generators"] == {"bicubic": "bicubic", "pretrained": "swinir-classical"}
    config["tasks"]["sr-x4"]["scale"] = 2
    assert Plan(config).analysis.published_restorations() == {}
