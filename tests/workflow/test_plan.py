"""What would be run, for each preset and target, without running it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.workflow.conftest import PROJECT, SMOKE, SMOKE_TARGETS, copy_project, planned, run_snakemake

PRESETS = sorted(path.name for path in (PROJECT / "presets").glob("*.yaml"))
TARGETS = ["fig1", "fig7", "table1", "table2", "correlations", "qualitative", "distortions", "loss-composition",
           "discriminators", "transfer", "training-curves", "distortion-types", "judges", "pareto", "claims",
           "sensitivity-figure", "claims-figure", "advice", "explorer", "reproduction", "in_domain"]  # fmt: skip
ELSEWHERE = {
    "needs the network": {"download_dataset", "published_backbone", "published_corpus", "published_rated_dataset"},
    "needs a file of the user's own": {"file_backbone", "published_generator"},
    "needs pairs": {"assess_pairs", "preference_agreement"},
    "needs an environment of its own": {"external_baselines", "external_judgement"},
    "runs Snakemake itself": {"estimate", "estimate_figures"},
}


@pytest.mark.parametrize("preset", [None, *PRESETS])
def test_every_preset_can_be_planned(copy: Path, preset: str | None) -> None:
    arguments = ["--configfile", f"presets/{preset}"] if preset else []
    result = run_snakemake(copy, "-n", *arguments)
    assert result.returncode == 0, result.stdout
    jobs = planned(result)
    assert {"optimize", "optimize_adversarially", "judge", "quality_model", "assess", "fig1", "table2"} <= set(jobs)
    head = (copy / "presets" / preset).read_text(encoding="utf-8").partition("\nresults:")[0] if preset else ""
    if stated := re.search(r"([\d,]+) jobs", head):
        assert int(stated[1].replace(",", "")) == sum(jobs.values())


def test_the_smoke_preset_plans_every_rule(copy: Path) -> None:
    listed = [line for line in run_snakemake(copy, "--list-rules").stdout.splitlines() if " " not in line]
    jobs = planned(run_snakemake(copy, "-n", *SMOKE_TARGETS, *SMOKE))
    assert set(listed) - {"all"} - set(jobs) == set().union(*ELSEWHERE.values())


@pytest.mark.parametrize("target", TARGETS)
def test_each_target_can_be_asked_for_by_name(copy: Path, target: str) -> None:
    result = run_snakemake(copy, "-n", target)
    assert result.returncode == 0, result.stdout
    assert target in planned(result)


def test_a_figure_plans_only_what_it_needs(copy: Path) -> None:
    config = yaml.safe_load((copy / "config.yaml").read_text(encoding="utf-8"))
    sweep = planned(run_snakemake(copy, "-n", "fig7"))
    assert not {"assess", "quality_model", "table1", "fig1"} & set(sweep)
    everything = planned(run_snakemake(copy, "-n"))
    assert sweep["optimize_adversarially"] < everything["optimize_adversarially"]
    assert planned(run_snakemake(copy, "-n", "distortions")) == {"corpus": 1, "distortions": 1}
    quality = planned(run_snakemake(copy, "-n", "table2"))
    assert "assess" not in quality
    arms = sum(len(arm["initialisations"]) for arm in config["transfer"]["arms"])
    wanted = arms * len(config["transfer"]["modes"]) * len(config["transfer"]["seeds"])
    assert quality["quality_model"] == wanted * len(config["transfer"]["datasets"])


@pytest.mark.parametrize("target", ["explorer", "qualitative"])
def test_pictures_come_with_the_scores_of_pyiqas_judges(copy: Path, config_file, target: str) -> None:
    judges = yaml.safe_load((copy / "config.yaml").read_text(encoding="utf-8"))["judgement"]["judges"]
    own = config_file({"judges": {"musiq": {"object": "musiq"}}, "judgement": {"judges": [*judges, "musiq"]}})
    jobs = planned(run_snakemake(copy, "-n", target, "--configfile", own))
    assert jobs["external_baselines"] == 1
    assert jobs["external_judgement"] == jobs["judge"]


def test_a_file_is_a_target(copy: Path) -> None:
    jobs = planned(run_snakemake(copy, "-n", "results/assessment/embedded/psnr.csv"))
    assert jobs == {"assess": 1, "corpus": 1, "rated_dataset": 1}


def test_planning_imports_no_torch(copy: Path) -> None:
    probe = (
        "import sys; from snakemake.cli import main\n"
        "try: main(['-n', '-q', '--cores', '1'])\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "print('heavy:', sorted({'torch', 'torchvision', 'scipy', 'matplotlib'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", probe], cwd=copy, capture_output=True, text=True)
    assert "heavy: []" in result.stdout, result.stdout


def test_the_config_is_found_from_another_folder(copy: Path, tmp_path: Path) -> None:
    result = run_snakemake(tmp_path, "-n", "-s", str(copy / "Snakefile"), "distortions")
    assert result.returncode == 0, result.stdout
    assert "distortions" in planned(result)


def test_the_estimate_needs_no_number_of_cores(tmp_path: Path) -> None:
    """The command as the README has it; the estimate itself is made already, so that it is only printed."""
    project = copy_project(tmp_path)
    made = project / "results" / "paper"
    made.mkdir(parents=True)
    (made / "estimate.json").write_text("{}", encoding="utf-8")
    (made / "estimate.md").write_text("a month on a GPU\n", encoding="utf-8")
    command = "estimate --configfile presets/paper.yaml"
    assert f"\nsnakemake {command} " in (PROJECT / "docs" / "estimate.md").read_text(encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", *command.split()]
    result = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout == "a month on a GPU\n"


def test_terms_that_are_not_accepted_come_all_at_once_before_anything_runs(tmp_path: Path, config_file) -> None:
    project = copy_project(tmp_path)
    sets = {name: {"object": "published", "mode": "fr", "dataset": name} for name in ("csiq", "live", "kadid-10k")}
    sources = {"rated": sets, "assessment": {"datasets": list(sets)}, "downloads": {"accept_terms": ["pipal"]}}
    own = ("--configfile", config_file(sources))
    assert run_snakemake(project, "-n", "results/analysis/assessment-scores.csv", *own).returncode == 0
    result = run_snakemake(project, "results/analysis/assessment-scores.csv", *own)
    assert result.returncode != 0
    assert "accept_terms: [csiq, live]" in result.stdout
    assert "Traceback" not in result.stdout
    assert not (project / "results").exists(), "nothing was begun"
    assert run_snakemake(project, "results/corpora/scenes/manifest.csv", *own).returncode == 0, "no dataset is needed"


BROKEN = {
    "misspelt key": ({"optimization": {"stepz": 5}}, ["optimization", "'stepz'", "Did you mean 'steps'"]),
    "unknown backbone": (
        {"backbones": {"vgg": {"object": "narow-vgg"}}},
        ["backbones.vgg.object", "Did you mean 'narrow-vgg'"],
    ),
    "unknown metric in the grid": (
        {"assessment": {"metrics": ["psnr", "haarpsy"]}},
        ["assessment.metrics", "Did you mean 'haarpsi'"],
    ),
    "weight out of range": (
        {
            "optimization": {
                "cells": [{"objectives": ["rec"], "discriminators": ["patch-vgg"], "weights": [-1], "seeds": [0]}]
            }
        },
        ["optimization.cells.0.weights.0", "-1"],
    ),
    "a metric that is no loss": (
        {"objectives": {"rec-haarpsi": {"metric": "constant"}}},
        ["objectives.rec-haarpsi", "assessment only", "haarpsi"],
    ),
    "test pictures in training": ({"judgement": {"corpus": "training"}}, ["judgement.corpus", "trained on"]),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_config_is_one_message_with_the_place(copy: Path, config_file, case: str) -> None:
    content, words = BROKEN[case]
    result = run_snakemake(copy, "-n", "--configfile", config_file(content))
    assert result.returncode != 0
    assert all(word in result.stdout for word in words), result.stdout
    assert "Traceback" not in result.stdout
    assert not (copy / "results").exists()


def test_an_unknown_name_in_a_path_says_which_there_are(copy: Path) -> None:
    result = run_snakemake(copy, "-n", "results/assessment/embedded/haarpsy.csv")
    assert result.returncode != 0
    assert "Did you mean 'haarpsi'" in result.stdout


def test_the_page_on_the_config_is_up_to_date() -> None:
    made = subprocess.run(
        [sys.executable, "-c", "import generate_config; print(generate_config.document(), end='')"],
        cwd=PROJECT / "docs",
        capture_output=True,
        text=True,
        check=True,
    )
    assert (PROJECT / "docs" / "config.md").read_text(encoding="utf-8") == made.stdout, "run docs/generate_config.py"
