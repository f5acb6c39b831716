import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from snakemake.utils import update_config
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from asymmetry.data import catalog
from asymmetry.errors import UserError
from asymmetry.estimation import estimate, figures, jobs, report, volume, work
from asymmetry.estimation.probe import UNKNOWN, Cost, Made, Probes, TooLargeError, Work, bounded
from asymmetry.networks.generators import create_generator

PROJECT = Path(__file__).parents[2]
CPU = torch.device("cpu")


def merged(*presets: str) -> dict:
    config = yaml.safe_load((PROJECT / "config.yaml").read_text(encoding="utf-8"))
    for preset in presets:
        update_config(config, yaml.safe_load((PROJECT / "presets" / preset).read_text(encoding="utf-8")))
    return config


JOBS = {"optimize": 6, "optimize_adversarially": 8, "judge": 14, "judge_baselines": 1, "pretrained_generator": 1}
JOBS |= {"calibrate": 2, "random_backbone": 3, "pretrained_backbone": 1, "assess": 8, "quality_model": 6}


@pytest.fixture(scope="module")
def smoke() -> tuple[dict, work.Costs]:
    config = merged("smoke.yaml")
    return config, work.Costs(config, Probes(CPU))


# --- jobs

TABLE = """Building DAG of jobs...
Job stats:
job          count
---------  -------
all              1
corpus           3
optimize        12
total           16

[date]
"""


def test_the_table_of_a_dry_run_is_read() -> None:
    assert jobs.counted(TABLE) == {"corpus": 3, "optimize": 12}


def test_a_table_that_is_not_there_or_does_not_add_up_is_said() -> None:
    with pytest.raises(UserError, match="no table"):
        jobs.counted("Nothing to be done")
    with pytest.raises(UserError, match="adds up to 16, it says 17"):
        jobs.counted(TABLE.replace("total           16", "total           17"))


def test_jobs_are_those_that_snakemake_plans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = jobs.planned_jobs(merged("smoke.yaml"), PROJECT / "Snakefile")
    command = [sys.executable, "-m", "snakemake", "-n", "--cores", "1", "--nocolor", "-s", str(PROJECT / "Snakefile")]
    command += ["--configfile", str(PROJECT / "presets" / "smoke.yaml")]
    output = subprocess.run(command, capture_output=True, text=True, check=True)
    assert found == jobs.counted(output.stdout + output.stderr)
    assert found["optimize_adversarially"] > 3
    assert not (tmp_path / "results").exists()
    stages = jobs.stages(PROJECT / "Snakefile")
    assert set(found) <= set(stages)
    by_stage = jobs.by_stage(found, stages)
    assert sum(by_stage.values()) == sum(found.values())
    assert [stage for stage in by_stage if stage in work.STAGES] == list(work.STAGES), "in the order of the workflow"
    assert next(iter(by_stage)) == "data"


def test_a_config_that_cannot_be_planned_is_an_error_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = merged()
    config["optimization"]["steps"] = 0
    with pytest.raises(UserError, match=r"(?s)cannot be planned.*optimization\.steps"):
        jobs.planned_jobs(config, PROJECT / "Snakefile")


# --- probes


def convolution() -> Made:
    network = nn.Conv2d(3, 8, 3, padding=1)
    return Made(lambda picture: network(picture).sum().backward(), 224)


def test_operations_of_a_convolution_are_counted() -> None:
    cost = Probes(CPU).measure("convolution", convolution, 32)
    forward = 2 * 3 * 8 * 9  # a pixel
    assert cost.pixel.flops == 2 * forward, "forward, and the gradient of the weights; the picture has none"
    assert cost.pixel.seconds > 0
    assert cost.parameters == 224


def test_a_network_that_needs_too_much_memory_is_measured_on_a_smaller_crop() -> None:
    seen = []

    def step(picture: torch.Tensor) -> None:
        seen.append(picture.shape[-1])
        if picture.shape[-1] > 32:
            raise TooLargeError

    probes = Probes(CPU)
    assert probes.measure("large", lambda: Made(step, 1), 128, smallest=16).pixel is not UNKNOWN
    assert seen[:3] == [128, 64, 32]
    assert probes.measure("rigid", lambda: Made(step, 1), 128).pixel is UNKNOWN
    larger = probes.measure("larger", lambda: Made(step, 1, smallest=64), 16)
    assert larger.pixel is UNKNOWN, "it does not run below 64 pixels"
    assert probes.skipped == ["rigid", "larger"]


def test_activations_are_bounded() -> None:
    picture = torch.rand(1, 3, 64, 64, requires_grad=True)
    with pytest.raises(TooLargeError), bounded(1e-5):
        (picture.sin() * picture.cos()).sum().backward()
    with bounded(1e-3):
        (picture.sin() * picture.cos()).sum().backward()
    assert picture.grad is not None


def test_when_the_time_is_over_only_parameters_are_counted() -> None:
    probes = Probes(CPU, seconds=-1)
    assert probes.measure("convolution", convolution, 32) == Cost(UNKNOWN, 224)
    assert probes.skipped == ["convolution"]


def test_operations_of_swinir_are_those_that_its_authors_publish() -> None:
    """788.6 G multiply-adds for an output of 1280 x 720; the count here is of operations, two each."""
    sizes = {"embed_dim": 180, "depths": [6] * 6, "num_heads": [6] * 6, "upsampler": "pixelshuffle"}
    network = create_generator("swinir", 4, **sizes).to("meta").eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(torch.empty(1, 3, 180, 320, device="meta"))
    assert counter.get_total_flops() / 2 == pytest.approx(788.6e9, rel=0.2)


# --- work


def test_hours_are_linear_in_steps_batch_and_jobs(smoke) -> None:
    config, costs = smoke
    once = work.optimization(config, JOBS, costs)
    assert once.flops > 0
    assert once.seconds > 0
    longer = {**config, "optimization": {**config["optimization"], "steps": 3 * config["optimization"]["steps"]}}
    calibration = 3 * once.flops - work.optimization(longer, JOBS, costs).flops
    alone = {**JOBS, "calibrate": 0}
    assert 0 < calibration < once.flops
    assert work.optimization(longer, alone, costs).flops == pytest.approx(
        3 * work.optimization(config, alone, costs).flops
    )
    wider = {**config, "optimization": {**config["optimization"], "batch": 4 * config["optimization"]["batch"]}}
    assert work.optimization(wider, JOBS, costs).seconds == pytest.approx(4 * once.seconds)
    assert work.networks(config, {"pretrained_generator": 2}, costs).flops == pytest.approx(
        2 * work.networks(config, {"pretrained_generator": 1}, costs).flops
    )


def test_a_discriminator_and_a_deep_metric_cost_something(smoke) -> None:
    config, costs = smoke
    blocks = [{"objectives": ["rec"], "discriminators": ["none"], "weights": [0.1], "seeds": [0]}]
    transfer = {**config["transfer"], "arms": [{"backbone": "vgg", "initialisations": ["random"]}]}

    def flops(objective: str, discriminator: str) -> float:
        block = {**blocks[0], "objectives": [objective], "discriminators": [discriminator]}
        own = {**config, "transfer": transfer, "optimization": {**config["optimization"], "cells": [block]}}
        own_costs = work.Costs(own, costs.probes)
        own_costs._known = costs._known
        return work.optimization(own, {"optimize": 1}, own_costs).flops

    plain = flops("rec", "none")
    assert flops("rec", "patch-vgg") > plain
    assert flops("rec-dists-vgg-random", "none") > plain


def test_trainings_for_quality_models_alone_are_costed() -> None:
    config = merged("smoke.yaml")
    costs = work.Costs(config, Probes(CPU))
    cells = work.trainings(config, costs.plan)
    config["transfer"]["seeds"] = [0, 7]
    assert len(work.trainings(config, costs.plan)) == len(cells) + 1


def test_an_estimate_has_every_stage_and_every_assumption() -> None:
    config = merged("smoke.yaml")
    content = figures(config, JOBS, jobs.stages(PROJECT / "Snakefile"))
    assert list(content["stages"]) == list(work.STAGES)
    for stage in work.STAGES:
        assert content["stages"][stage]["jobs"] > 0, stage
        assert all(hours > 0 for hours in content["stages"][stage]["hours"].values()), stage
        assert content["stages"][stage]["seconds"] > 0, stage
    assert content["downloads"] == {}
    text = report.markdown(content)
    assert all(f"* {note}" in text for note in content["notes"])
    assert "Nothing is downloaded." in text
    assert (
        f"| all          | {sum(JOBS.values())} " in text.replace("  ", " ").replace("| all ", "| all          ")
        or "| all" in text
    )


def test_without_time_the_disk_is_the_same_and_hours_are_unknown(
    smoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, costs = smoke
    for compute in work.STAGES.values():
        compute(config, JOBS, costs)
    stages = jobs.stages(PROJECT / "Snakefile")
    monkeypatch.setattr("asymmetry.estimation.Probes", lambda device: Probes(device, seconds=-1))
    content = figures(config, JOBS, stages)
    assert content["results"] == volume.results(config, JOBS, costs.parameters)
    text = report.markdown(content)
    for stage in [*work.STAGES, "all "]:
        row = next(line for line in text.splitlines() if line.startswith(f"| {stage}"))
        assert [cell.strip() for cell in row.split("|")[3:-1]] == ["?"] * 4, stage
    assert "where none was, hours are `?`: generator" in text
    monkeypatch.setattr(jobs, "planned_jobs", lambda config, snakefile: JOBS)
    estimate(config, PROJECT / "Snakefile", tmp_path / "estimate.json")
    written = json.loads((tmp_path / "estimate.json").read_text(encoding="utf-8"), parse_constant=pytest.fail)
    assert written["stages"]["transfer"]["hours"] == dict.fromkeys(report.GPUS)


def test_the_order_of_measuring_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first metric and the first discriminator cannot be measured; those after them tell what they count as."""
    works = {"metric haarpsi": UNKNOWN, "discriminator patch-vgg": UNKNOWN, "discriminator patch-vit": Work(2.0, 2.0)}
    works["metric dists-vgg-random"] = Work(3.0, 3.0)
    measure = lambda self, name, *_, **__: Cost(works.get(name, Work(1.0, 1.0)), 1)  # noqa: E731
    monkeypatch.setattr(Probes, "measure", measure)
    found = figures(merged("smoke.yaml"), JOBS, {})["stages"]
    works |= {"metric haarpsi": Work(3.0, 3.0), "discriminator patch-vgg": Work(2.0, 2.0)}
    assert found == figures(merged("smoke.yaml"), JOBS, {})["stages"]


def test_a_metric_without_a_network_says_nothing_of_one_with_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    costs = {"metric haarpsi": Cost(Work(1.0, 1.0), 0), "metric dists-vgg-random": Cost(UNKNOWN, 1)}
    monkeypatch.setattr(Probes, "measure", lambda self, name, *_, **__: costs.get(name, Cost(Work(1.0, 1.0), 0)))
    found = work.Costs(merged("smoke.yaml"), Probes(CPU))
    assert found.metric("haarpsi").pixel == Work(1.0, 1.0)
    assert found.metric("dists-vgg-random").pixel is UNKNOWN
    costs["metric constant"] = Cost(Work(2.0, 2.0), 1)
    found.metric("constant")
    assert found.metric("dists-vgg-random") == Cost(Work(2.0, 2.0), 1)


def test_hours_of_a_gpu() -> None:
    assert report.hours(Work(flops=3.6e15), 1.0) == pytest.approx(1)
    assert report.hours(Work(overhead=7200), 1.0) == pytest.approx(2)
    mixed = Work(flops=1.8e15) + Work(flops=1.8e15).autocast()
    assert report.hours(mixed, 1.0, 4.0) == pytest.approx(0.5 + 0.125)


def test_only_what_autocast_computes_is_faster_at_best(smoke) -> None:
    config, costs = smoke
    assert work.assessment(config, JOBS, costs).bfloat16 == 0
    optimization = work.optimization(config, JOBS, costs)
    assert 0 < optimization.bfloat16 < optimization.flops


@pytest.mark.parametrize(
    ("hours", "text"), [(math.nan, "?"), (0, "-"), (0.001, "4 s"), (0.5, "30.0 min"), (5, "5.0 h"), (240, "10.0 days")]
)
def test_times_have_units(hours: float, text: str) -> None:
    assert report._time(hours) == text


# --- volume


def test_bytes_come_from_the_catalogue() -> None:
    config = merged("paper.yaml")
    found = volume.datasets(config)
    assert found["kadid-10k"].download == catalog.download_bytes("kadid-10k")
    assert {"div2k-train", "bsd100", "tid2013", "koniq-10k"} <= set(found)
    assert "flickr2k" not in found
    config["downloads"]["folders"] = {"kadid-10k": "/data/kadid"}
    assert volume.datasets(config)["kadid-10k"] == (0, 0)
    weights = volume.public_weights(config)
    assert any(name.startswith("vgg16") for name in weights)
    assert sum(weights.values()) > 5e8
    assert any(name.startswith("alexnet") for name in weights), "of LPIPS, a metric and a judge"
    assert not volume.public_weights(merged())


def test_published_pictures_are_not_copied_and_training_pictures_are_packed() -> None:
    made = volume.results(merged("paper.yaml"), JOBS, {})
    assert made["pictures as PNG"] == 0
    pixels = 3530603713 / volume.BYTES_PER_PIXEL
    assert made["training pictures as raw pixels"] == pytest.approx(3 * (1 + 1 / 16) * pixels)
    assert volume.results(merged("smoke.yaml"), JOBS, {})["pictures as PNG"] > 0


def test_archives_are_no_part_of_the_disk_but_need_room_once() -> None:
    downloads = {name: {"download": size, "unpacked": 2 * size} for name, size in [("a", 1e9), ("b", 3e9), ("c", 2e9)]}
    text = report._volume({"downloads": downloads, "weights": {"w": 5e8}, "results": {"x": 1e9}})
    assert "Disk altogether: 13.50 GB, and while datasets are unpacked up to 5.00 GB more." in text


def test_pictures_of_a_config_are_counted() -> None:
    config = merged("smoke.yaml")
    assert volume.rated(config, "embedded") == (4 * 3 * 3, 36 * 96**2, 4)
    assert volume.corpus(config, "scenes").count == 8
    assert volume.rated(config, "textures").count == 2 * (4 + 7 * 3), "other crops, and seven distortions at 3 levels"
    assert volume.rated(merged("paper.yaml"), "kadid-10k")[::2] == (10125, 81)


def test_pictures_in_folders_of_folders_are_counted(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    for name in ("a.png", "deep/er/b.jpg", "notes.txt"):
        (tmp_path / name).touch()
    config = merged()
    config["corpora"]["mine"] = {"object": "folder", "path": str(tmp_path), "size": 10}
    assert volume.corpus(config, "mine") == (2, 200, 2)
