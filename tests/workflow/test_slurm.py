"""On a real Slurm of one node: what is asked of it, the smoke preset with a job cancelled, trainings that go on."""

import hashlib
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.slurm import one_node
from tests.workflow.conftest import PROJECT, SMOKE, SMOKE_TARGETS, run_snakemake

RULES = PROJECT / "rules"
LIMIT = 600  # seconds, of any wait
GENERATOR = "results/smoke/generators/sr-x4/swinir-small/pretrained.safetensors"
LOG = "results/smoke/logs/generators/sr-x4/swinir-small/pretrained.log"
QUEUE = """
rule all:
    input:
        expand("judged-{number}", number=range(4)),
        "trained",


rule judge:
    output:
        "judged-{number}",
    resources:
        mem_mb=100,
        runtime=10,
        gpu=0,
    shell:
        "touch {output}"


rule optimize:
    output:
        "trained",
    resources:
        mem_mb=lambda wildcards, attempt: 200 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
        gpu=1,
    shell:
        "if [ ! -e tried ]; then touch tried; exit 1; fi; touch {output}"
"""


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    if reason := one_node.obstacle():
        pytest.skip(f"no Slurm can be started here: {reason}")
    with one_node.running(tmp_path_factory.mktemp("slurm")) as environment:
        yield environment


def fill_in(folder: Path, **defaults: str) -> None:
    """Name the account in a project's profile, as a user does; the partitions' names are those it comes with."""
    path = folder / "profiles" / "slurm" / "config.yaml"
    text = path.read_text(encoding="utf-8")
    assert "slurm_account: my-account" in text
    lines = "".join(f"\n  {key}: {value}" for key, value in defaults.items())
    path.write_text(text.replace("slurm_account: my-account", f"slurm_account: research{lines}"), encoding="utf-8")


@contextmanager
def started(folder: Path, environment: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen]:
    """Snakemake with the profile, which waits less than for a real cluster, until it ends without an error."""
    options = ["--slurm-init-seconds-before-status-checks", "3", "--latency-wait", "10", "--nocolor"]
    command = [sys.executable, "-m", "snakemake", "--workflow-profile", "profiles/slurm", *options, *arguments]
    with (folder / "printed").open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield process
        assert process.wait(LIMIT) == 0, printed(folder)
    finally:
        process.kill()
        process.wait()


def printed(folder: Path) -> str:
    return (folder / "printed").read_text(encoding="utf-8")[-6000:]


def until(question: Callable[[], str | bool], process: subprocess.Popen, folder: Path) -> str:
    """The first answer that is not empty, while Snakemake runs."""
    end = time.monotonic() + LIMIT
    while not (answer := question()):
        assert process.poll() is None, printed(folder)
        assert time.monotonic() < end, printed(folder)
        time.sleep(0.2)
    return answer


def ask(environment: dict[str, str], *command: str) -> list[list[str]]:
    """The rows that a Slurm command prints, split at bars."""
    printed = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    return [line.split("|") for line in printed.splitlines()]


def queued(environment: dict[str, str], rule: str, state: str = "running") -> str:
    """The number of a job in that state of a rule whose name starts so, or nothing."""
    rows = ask(environment, "squeue", "--noheader", f"--states={state}", "--format=%i|%k")
    return next((number for number, comment in rows if comment.startswith(f"rule_{rule}")), "")


def accounts(environment: dict[str, str], rule: str, *columns: str) -> list[list[str]]:
    """What the accounting knows of all jobs of a rule, in the order of submission."""
    command = ["sacct", "--noheader", "--parsable2", "--allocations", f"--format=Comment,{','.join(columns)}"]
    return [row[1:] for row in ask(environment, *command) if row[0].startswith(rule)]


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file but logs and benchmarks, which hold times."""
    paths = {path.relative_to(folder): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {
        str(name): hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in paths.items()
        if name.parts[0] not in {"logs", "benchmarks"}
    }


def rules(*files: str) -> dict[str, str]:
    """The text of each rule of some files in rules/, by name."""
    parts = [re.split(r"^rule (\w+):$", (RULES / name).read_text(encoding="utf-8"), flags=re.M)[1:] for name in files]
    return {name: text for part in parts for name, text in zip(part[::2], part[1::2], strict=True)}


def test_memory_and_time_grow_with_the_attempt_but_for_trainings_that_go_on() -> None:
    every = rules(*(path.name for path in RULES.glob("*.smk")))
    assert [name for name, text in every.items() if "mem_mb=growing(" not in text and "input:" in text] == []
    fixed = {name for name, text in every.items() if re.search(r"runtime=\d", text)}
    assert fixed == {"pretrained_generator", "optimize", "optimize_adversarially"}


def test_groups_of_the_profile_are_rules_and_all_figures_are_in_one() -> None:
    profile = yaml.safe_load((RULES.parent / "profiles" / "slurm" / "config.yaml").read_text(encoding="utf-8"))
    assert set(profile["groups"]) <= set(rules(*(path.name for path in RULES.glob("*.smk"))))
    assert set(profile["groups"].values()) == set(profile["group-components"])
    figures = {name for name, group in profile["groups"].items() if group == "figures"}
    assert figures == set(rules(*(path.name for path in RULES.glob("figures*.smk"))))


@pytest.mark.slow
def test_the_queue_gets_groups_growing_demands_and_gpus(slurm, copy: Path, tmp_path: Path) -> None:
    shutil.copytree(copy / "profiles", tmp_path / "profiles")
    (tmp_path / "Snakefile").write_text(QUEUE, encoding="utf-8")
    fill_in(tmp_path, gpu_model="imagined")
    with started(tmp_path, slurm):
        pass

    columns = ("State", "Partition", "ReqMem", "TimelimitRaw", "ReqCPUS", "ReqTRES")
    first, second = accounts(slurm, "rule_optimize", *columns)
    assert first[:5] == ["FAILED", "gpu", "200M", "20", "1"]
    assert second[:5] == ["COMPLETED", "gpu", "400M", "40", "1"]
    assert "gres/gpu=1" in second[5]
    (group,) = accounts(slurm, "rule_judge", *columns)
    assert group[:5] == ["COMPLETED", "cpu", "100M", "40", "1"], "four jobs, one after the other"
    assert "gpu" not in group[5]


@pytest.mark.long
def test_the_smoke_preset_with_a_job_cancelled_is_that_of_a_local_run(slurm, smoke, copy: Path, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    shutil.copytree(copy, folder)
    fill_in(folder)
    with started(folder, slurm, *SMOKE_TARGETS, *SMOKE) as process:
        number = until(lambda: queued(slurm, "optimize"), process, folder)
        subprocess.run(["scancel", number], env=slurm, check=True)

    states = accounts(slurm, "rule_optimize", "JobIDRaw", "State")
    assert dict(states)[number].startswith("CANCELLED")
    local, remote = hashes(smoke[0] / "results" / "smoke"), hashes(folder / "results" / "smoke")
    assert len(local) > 100
    assert set(remote) == set(local)
    assert [name for name in local if remote[name] != local[name]] == []


@pytest.mark.long
def test_a_cancelled_and_a_requeued_training_go_on_from_the_checkpoint(slurm, smoke, tmp_path: Path) -> None:
    """Both in one training, whose weights are in the end those of a run that nobody stopped."""
    preset = yaml.safe_load((smoke[0] / "presets" / "smoke.yaml").read_text(encoding="utf-8"))
    preset["pretraining"] = {"steps": 400, "batch": 2, "checkpoint_every": 20}
    folders = [tmp_path / name for name in ("undisturbed", "cluster")]
    for folder in folders:
        shutil.copytree(smoke[0], folder)
        (folder / "long.yaml").write_text(yaml.safe_dump(preset), encoding="utf-8")
    undisturbed, folder = folders
    arguments = (GENERATOR, "--configfile", "long.yaml")
    assert run_snakemake(undisturbed, *arguments).returncode == 0

    def trained() -> bool:
        return next(folder.glob("results/smoke/**/state/checkpoint.pt"), None) is not None

    def resumed() -> bool:
        return (folder / LOG).exists() and "resumed after step" in (folder / LOG).read_text(encoding="utf-8")

    fill_in(folder)
    with started(folder, slurm, *arguments) as process:
        until(trained, process, folder)
        cancelled = queued(slurm, "pretrained_generator")
        subprocess.run(["scancel", cancelled], env=slurm, check=True)
        requeued = until(lambda: queued(slurm, "pretrained_generator").replace(cancelled, ""), process, folder)
        until(resumed, process, folder)
        subprocess.run(["scontrol", "requeue", requeued], env=slurm, check=True)
        until(lambda: queued(slurm, "pretrained_generator", "pending"), process, folder)
        at_once = ["scontrol", "update", f"JobId={requeued}", "StartTime=now"]  # not in two minutes
        subprocess.run(at_once, env=slurm, check=True)

    states = accounts(slurm, "rule_pretrained_generator", "JobIDRaw", "State")
    assert states == [[cancelled, "CANCELLED by 0"], [requeued, "COMPLETED"]]
    assert resumed()
    assert hashlib.sha256((folder / GENERATOR).read_bytes()).hexdigest() == (
        hashlib.sha256((undisturbed / GENERATOR).read_bytes()).hexdigest()
    )
