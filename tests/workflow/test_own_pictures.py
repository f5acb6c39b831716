"""Photographs and weights of the user's own, named in a config outside the project, run without a change of code."""

import os
from pathlib import Path

import pytest

from asymmetry import tables
from tests.workflow.conftest import PROJECT, run_snakemake

DATA = Path(os.environ.get("ASYMMETRY_SHARED", PROJECT.parent / "shared")) / "data"
NEEDED = ("bsds500-train", "set5", "set14", "weights/squeezenet1_1_features.npz")
DISTORTIONS = ["gaussian-blur", "jpeg", "white-noise"]
PUBLISHED = {"set5": 28.42, "set14": 26.00}  # Y-PSNR of bicubic x4, dB, as papers on super-resolution give it


def test_own_folders_and_weights(copy: Path, config_file, tmp_path: Path) -> None:
    missing = [name for name in NEEDED if not (DATA / name).exists()]
    if missing:
        pytest.skip(f"not on this machine: {', '.join(missing)}; name their folder's parent in ASYMMETRY_SHARED")
    keras = {"channels": "bgr", "range": 255, "mean": [103.939, 116.779, 123.68], "std": [1, 1, 1]}
    results = tmp_path / "results"
    config = {
        "results": str(results),
        "corpora": {
            "own": {"object": "folder", "path": str(DATA / "bsds500-train")},
            "benchmarks": {"object": "folder", "path": [str(DATA / "set5"), str(DATA / "set14")]},
        },
        "rated": {"embedded": {"size": 96, "levels": [1, 3, 5], "distortions": DISTORTIONS}},
        "backbones": {"squeezenet": {"object": "squeezenet-1-1"}},
        "initialisations": {
            "keras": {
                "kind": "file",
                "path": str(DATA / NEEDED[-1]),
                "preprocessing": keras,
                "pretrained_on": "imagenet",
            }
        },
        "metrics": {"dists-keras": {"object": "dists", "backbone": "squeezenet", "initialisation": "keras"}},
        "objectives": {"rec-dists-keras": {"reconstruction": 1, "metric": "dists-keras", "kappa": 1}},
        "assessment": {"metrics": ["mae", "dists-keras"]},
        "pretraining": {"steps": 5, "batch": 2},
        "optimization": {
            "corpus": "own",
            "steps": 3,
            "batch": 2,
            "calibration_batches": 2,
            "cells": [{"objectives": ["rec-dists-keras"], "discriminators": ["none"], "weights": [], "seeds": [0]}],
        },
        "judgement": {"corpus": "benchmarks", "judges": ["psnr-y"]},
        "figures": {
            "fig7": {"objective": "rec-dists-keras"},
            "qualitative": {"scenes": ["set5-img_001"], "objectives": ["rec-dists-keras"], "discriminators": ["none"]},
        },
    }
    cell = results / "optimization/sr-x4/swinir-small/rec-dists-keras/none/weight-0/seed-0/judgement.csv"
    baselines = results / "generators/sr-x4/swinir-small/baselines.csv"
    scores = results / "analysis/assessment-scores.csv"
    result = run_snakemake(copy, str(cell), str(baselines), str(scores), "--configfile", config_file(config))
    assert result.returncode == 0, result.stdout[-3000:]

    bicubic = tables.read(baselines, "baselines").query("output == 'bicubic' and judge == 'psnr-y'")
    for name, published in PUBLISHED.items():
        own = bicubic[bicubic["scene"].str.startswith(f"{name}-")]["value"]
        assert len(own) == int(name.removeprefix("set"))
        assert own.mean() == pytest.approx(published, abs=0.3)
    assert len(tables.read(cell, "judgement")) == 19
    assert tables.read(scores, "assessment-scores").set_index("metric").loc["dists-keras", "score"] > 0
