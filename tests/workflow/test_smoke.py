"""The smoke preset, run once: everything is made, a second run does nothing, edits rerun what they must."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from PIL import Image

from asymmetry import tables
from tests.workflow.conftest import SMOKE, SMOKE_TARGETS, planned, run_snakemake

FIGURES = (
    "fig1", "fig7", "qualitative", "distortions", "loss-composition", "discriminators", "transfer", "training-curves",
    "distortion-types", "judges", "pareto", "sensitivity", "claims",
)  # fmt: skip


def results(smoke) -> Path:
    return smoke[0] / "results" / "smoke"


def test_figures_and_tables_are_there_and_hold_something(smoke) -> None:
    for name in FIGURES:
        picture = np.asarray(Image.open(results(smoke) / "figures" / f"{name}.png").convert("L"))
        assert picture.std() > 5, name
        assert (results(smoke) / "figures" / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    for name in ("table1", "table2", "correlations", "correlations-by-family"):
        assert len(pd.read_csv(results(smoke) / "tables" / f"{name}.csv")) > 1
        assert (results(smoke) / "tables" / f"{name}.md").read_text(encoding="utf-8").count("|") > 10
        assert "toprule" in (results(smoke) / "tables" / f"{name}.tex").read_text(encoding="utf-8")


def test_every_claim_has_a_verdict_and_none_is_decided_by_five_steps(smoke) -> None:
    claims = pd.read_csv(results(smoke) / "claims.csv")
    assert claims.columns[0] == "claim"
    assert claims["claim"].tolist() == [f"C{number}" for number in range(1, 10)]
    assert set(claims["verdict"]) <= {"inconclusive", "not tested"}, "one seed decides nothing"
    assert claims["sentence"].str.len().min() > 40


def test_published_figures_stand_beside_ours(smoke) -> None:
    table = (results(smoke) / "tables" / "reproduction.md").read_text(encoding="utf-8")
    assert "not run here" in table
    assert "kadid-10k" in table


def test_metrics_are_assessed_on_the_outputs_too(smoke) -> None:
    """Five steps make no picture that a judge of realism could rank, and the table says so."""
    metrics = {"haarpsi", "constant", "dists-vgg-random", "dists-vgg-learned"}
    frame = tables.read(results(smoke) / "analysis" / "assessment-in-domain.csv", "assessment-in-domain")
    assert set(frame["metric"]) == metrics
    assert (frame["note"].str.startswith("no valid judge") == (frame["outputs"] == 0)).all()
    for metric in metrics:
        values = tables.read(results(smoke) / "assessment-of-outputs" / f"{metric}.csv", "output-qualities")
        assert values.groupby("scene").size().tolist() == [8] * 8, "eight cells on eight scenes"


def test_the_report_is_one_file_that_names_the_claims(smoke) -> None:
    arguments = ("--report", "results/smoke/report.html", "--report-stylesheet", "report/report.css")
    result = run_snakemake(smoke[0], *arguments, *SMOKE)
    assert result.returncode == 0, result.stdout[-2000:]
    page = (results(smoke) / "report.html").read_text(encoding="utf-8")
    assert all(f"C{number}" in page for number in range(1, 10))
    assert "loss-composition" in page


def test_a_metric_that_knows_nothing_scores_zero(smoke) -> None:
    frame = tables.read(results(smoke) / "analysis" / "assessment-datasets.csv", "assessment-datasets")
    constant = frame[frame["metric"] == "constant"]
    assert len(constant) == 2
    assert (constant["srcc"] == 0).all()
    known = frame[(frame["metric"] == "haarpsi") & (frame["dataset"] == "embedded")]
    assert known["srcc"].item() > 0.3


def test_cells_of_a_seed_saw_the_same_start(smoke) -> None:
    """Fairness: at step 1 nothing but the objective has been at work, so L1 is the same in every cell of a seed."""
    histories = list((results(smoke) / "optimization").rglob("seed-0/history.csv"))
    first = {round(float(tables.read(path, "history")["reconstruction"].iloc[0]), 10) for path in histories}
    assert len(histories) > 4
    assert len(first) == 1


def test_provenance_says_what_was_run(smoke) -> None:
    path = next((results(smoke) / "optimization").rglob("patch-vgg/weight-0.02/seed-0/provenance.json"))
    facts = json.loads(path.read_text(encoding="utf-8"))
    assert facts["status"] == "completed"
    assert facts["settings"]["weight"] == 0.02
    assert facts["discriminator"]["map"] == [8, 8]
    assert facts["packages"]["torch"]
    assert not list(results(smoke).rglob("state")), "the state of a finished training is removed"


def test_no_scene_is_trained_on_and_judged(smoke) -> None:
    trained, judged = (
        set(tables.read(results(smoke) / "corpora" / name / "manifest.csv", "corpus")["scene"])
        for name in ("training", "scenes")
    )
    assert len(judged) == 8
    assert not trained & judged


def test_a_second_run_has_nothing_to_do(smoke) -> None:
    result = run_snakemake(smoke[0], *SMOKE_TARGETS, *SMOKE)
    assert result.returncode == 0
    assert "Nothing to be done" in result.stdout


def edited(folder: Path, module: str, old: str, new: str) -> dict[str, int]:
    """Jobs that would run after an edit, which is taken back."""
    path = folder / "workflow_scripts" / "asymmetry" / module
    text = path.read_text(encoding="utf-8")
    assert old in text
    try:
        path.write_text(text.replace(old, new), encoding="utf-8")
        return planned(run_snakemake(folder, "-n", *SMOKE))
    finally:
        path.write_text(text, encoding="utf-8")


def test_an_edit_of_a_comment_reruns_nothing(smoke) -> None:
    module = "training/adversarial.py"
    assert not edited(smoke[0], module, "# Hinge (Lim and Ye 2017).", "# Hinge (Lim & Ye).")
    assert not edited(smoke[0], module, '"""Adversarial losses on logits', '"""The losses on logits')


def test_an_edit_of_meaning_reruns_what_imports_it_and_what_follows(smoke) -> None:
    jobs = edited(smoke[0], "training/adversarial.py", "(fake - 1).square()", "(fake - 2).square()")
    assert {"optimize", "optimize_adversarially", "judge", "fig7"} <= set(jobs)
    assert not {"corpus", "rated_dataset", "assess", "pretrained_backbone", "fit_judge", "distortions"} & set(jobs)
    drawing = edited(smoke[0], "figures/fig7.py", "draw_fig7(data: Path, stem: Path", "draw_fig7(data: Path, stem: str")
    assert set(drawing) == {"fig7", "all"}


def test_restyling_a_figure_computes_nothing(smoke) -> None:
    jobs = edited(smoke[0], "figures/theme.py", '"grid.linewidth": 0.4', '"grid.linewidth": 0.5')
    assert set(jobs) == {*FIGURES} - {"sensitivity", "claims"} | {"sensitivity-figure", "claims-figure", "all"}


def test_a_changed_setting_reruns_what_uses_it(smoke, config_file) -> None:
    preset = yaml.safe_load((smoke[0] / "presets" / "smoke.yaml").read_text(encoding="utf-8"))
    preset["transfer"]["steps"] += 1
    jobs = planned(run_snakemake(smoke[0], "-n", "--configfile", config_file(preset)))
    expected = {
        "quality_model",
        "transfer_scores",
        "table2",
        "record",
        "transfer_figure_data",
        "transfer",
        "claims",
        "claims-figure",
    }
    assert set(jobs) == expected | {"report_answers", "all"}


def test_how_often_a_state_is_saved_reruns_nothing(smoke, config_file) -> None:
    """Nor do threads that make batches ahead; only the record of the configuration and the front page are remade."""
    preset = yaml.safe_load((smoke[0] / "presets" / "smoke.yaml").read_text(encoding="utf-8"))
    preset["acceleration"] = {"workers": 3}
    for section in ("pretraining", "optimization"):
        preset[section]["checkpoint_every"] = 7
    jobs = planned(run_snakemake(smoke[0], "-n", "--configfile", config_file(preset)))
    assert jobs == {"record": 1, "report_answers": 1, "all": 1}


def test_a_failing_step_says_why_and_leaves_nothing(smoke, config_file, tmp_path: Path) -> None:
    """A user's ratings with three mistakes: one error that lists them, an exit code, no manifest."""
    table = tmp_path / "ratings.csv"
    table.write_text("image,reference,score\nmissing.png,also-missing.png,1\nmissing.png,also-missing.png,nan\n")
    mine = {"object": "csv", "mode": "fr", "path": str(table), "higher_is_better": True}
    preset = yaml.safe_load((smoke[0] / "presets" / "smoke.yaml").read_text(encoding="utf-8"))
    preset["rated"]["mine"] = mine
    target = "results/smoke/rated/mine/manifest.csv"
    result = run_snakemake(smoke[0], target, "--configfile", config_file(preset))
    assert result.returncode != 0
    assert "missing.png" in result.stdout
    assert "nan" in result.stdout
    assert not (smoke[0] / target).exists()
