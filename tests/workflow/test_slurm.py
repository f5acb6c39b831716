"""On a real Slurm of one node: what is asked of it, the smoke preset with a job cancelled, trainings that go on."""

import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from asymmetry.artifacts import sha256
from tests.faults.conftest import HELD, OWN, PRETRAINED, STATE, paint
from tests.slurm import impatient, one_node
from tests.workflow.conftest import PROJECT, SMOKE, SMOKE_TARGETS, copy_project, fingerprints, run_snakemake

RULES = PROJECT / "rules"
PROFILE = PROJECT / "profiles" / "slurm" / "config.yaml"
LIMIT = 1200  # seconds, of any wait: a busy machine takes its time
LONGEST = 2880  # minutes: docs/cluster.md promises that no job asks for more
OF_STUDY = ("--configfile", "own.yaml")
TRAINING = "pretrained_generator"
LOG = "results/logs/generators/sr-x4/tiny/pretrained.log"
TRAININGS = {TRAINING, "optimize", "optimize_adversarially"}  # they go on in the next attempt
# A submission each: long, few, or what much else waits for.
ALONE = {
    "channel_weights",
    "corpus",
    "estimate_figures",
    "external_baselines",
    "file_backbone",
    "fit_judge",
    "judge_baselines",
    "packed_corpus",
    "pretrained_backbone",
    "published_corpus",
    "published_generator",
    "quality_model",
    "rated_dataset",
}
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
def started(folder: Path, environment: dict[str, str], *arguments: str, code: int = 0) -> Iterator[subprocess.Popen]:
    """Snakemake with the profile, which waits less than for a real cluster, until it ends with that exit code."""
    options = ["--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "10", "--nocolor"]
    command = [sys.executable, impatient.__file__, "--workflow-profile", "profiles/slurm", *options, *arguments]
    with (folder / "printed").open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield process
        assert process.wait(LIMIT) == code, printed(folder)
    finally:
        process.kill()
        process.wait()
        one_node.cancel_all(environment)


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
    rows = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    return [line.split("|") for line in rows.splitlines()]


def queued(environment: dict[str, str], rule: str, state: str = "running") -> str:
    """The number of a job in that state of a rule whose name starts so, or nothing."""
    rows = ask(environment, "squeue", "--noheader", f"--states={state}", "--format=%i|%k")
    return next((number for number, comment in rows if comment.startswith(f"rule_{rule}")), "")


def run_of(folder: Path) -> str:
    """The name that all jobs have of the last Snakemake that was started there."""
    return re.search(r"SLURM run ID: (\S+)", (folder / "printed").read_text(encoding="utf-8"))[1]


def accounts(environment: dict[str, str], folder: Path, rule: str, *columns: str) -> list[list[str]]:
    """What the accounting knows of a run's jobs of a rule, in the order of submission."""
    command = ["sacct", "--noheader", "--parsable2", "--allocations", "--starttime=now-1days"]
    rows = ask(environment, *command, f"--name={run_of(folder)}", f"--format=Comment,{','.join(columns)}")
    return [row[1:] for row in rows if row[0].startswith(f"rule_{rule}")]


def rules(*files: str) -> dict[str, str]:
    """The text of each rule of some files in rules/, by the name under which Snakemake lists it."""
    parts = [re.split(r"^rule (\w+):$", (RULES / name).read_text(encoding="utf-8"), flags=re.M)[1:] for name in files]
    found = {name: text for part in parts for name, text in zip(part[::2], part[1::2], strict=True)}
    own = {name: re.match(r'\s+name:\s+"(.+)"', text) for name, text in found.items()}
    return {own[name][1] if own[name] else name: text for name, text in found.items()}


def all_rules() -> dict[str, str]:
    return rules(*(path.name for path in RULES.glob("*.smk")))


def profile() -> dict:
    return yaml.safe_load(PROFILE.read_text(encoding="utf-8"))


def test_memory_and_time_grow_with_the_attempt_but_for_trainings_that_go_on() -> None:
    every = all_rules()
    assert [name for name, text in every.items() if "mem_mb=growing(" not in text] == []
    assert {name for name, text in every.items() if re.search(r"runtime=\d", text)} == TRAININGS
    assert [name for name, text in every.items() if "retries:" in text] == [], (
        "the Snakemake inside a job heeds them too"
    )


def test_every_rule_is_in_a_group_or_alone_on_purpose() -> None:
    every, groups = all_rules(), profile()["groups"]
    local = {name for name, text in every.items() if "localrule: True" in text}
    assert {"download_dataset", "published_backbone"} <= local, "nodes may have no internet"
    parts = [set(groups), local, TRAININGS, ALONE]
    assert set.union(*parts) == set(every)
    assert sum(map(len, parts)) == len(every), "one place each"
    assert set(groups.values()) == set(profile()["group-components"])
    figures = rules(*(path.name for path in RULES.glob("figures*.smk")), "explorer.smk")
    assert {name for name, group in groups.items() if group == "figures"} == set(figures)


def test_no_job_asks_for_more_time_than_the_longest_training() -> None:
    """In a third attempt, in which it asks for most. A group's jobs run one after the other."""
    every, groups, components = all_rules(), profile()["groups"], profile()["group-components"]
    first = {
        name: int(found[1]) for name, text in every.items() if (found := re.search(r"growing\((\d+)\),\n +gpu", text))
    }
    grid = {name for name in first if "{{" in every[name].partition("log:")[0]}
    minutes = {name: first[name] for name in first.keys() - groups}
    for group, limit in components.items():
        names = {name for name, own in groups.items() if own == group}
        minutes[group] = sum(first[name] for name in names - grid)
        minutes[group] += limit * max((first[name] for name in names & grid), default=0)
    assert set(every) - set(first) == TRAININGS | {"download_dataset"}
    assert {name: most for name in minutes if (most := 3 * minutes[name]) > LONGEST} == {}
    assert re.findall(r"runtime=(\d+)", "".join(every.values())) == [str(LONGEST)] * len(TRAININGS)


@pytest.mark.slow
def test_the_queue_gets_groups_growing_demands_and_gpus(slurm, copy: Path, tmp_path: Path) -> None:
    shutil.copytree(copy / "profiles", tmp_path / "profiles")
    (tmp_path / "Snakefile").write_text(QUEUE, encoding="utf-8")
    fill_in(tmp_path, gpu_model="imagined")
    with started(tmp_path, slurm):
        pass

    columns = ("State", "Partition", "ReqMem", "TimelimitRaw", "ReqCPUS", "ReqTRES", "SubmitLine")
    first, second = accounts(slurm, tmp_path, "optimize", *columns)
    assert first[:5] == ["FAILED", "gpu", "200M", "20", "1"]
    assert second[:5] == ["COMPLETED", "gpu", "400M", "40", "1"]
    assert "gres/gpu=1" in second[5]
    assert {"--requeue", "--signal=TERM@120", "--open-mode=append"} <= set(second[6].split())
    (group,) = accounts(slurm, tmp_path, "judge", *columns)
    assert group[:5] == ["COMPLETED", "cpu", "100M", "40", "1"], "four jobs, one after the other"
    assert "gpu" not in group[5]


@pytest.mark.slow
def test_the_smoke_preset_with_a_job_cancelled_is_that_of_a_local_run(
    slurm, smoke_results: dict[str, str], copy: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    shutil.copytree(copy, folder)
    fill_in(folder)

    def at_work() -> str:
        """The number of a training whose own Snakemake has started its step."""
        number = queued(slurm, "optimize")
        logs = folder.glob(f"logs/slurm/rule_optimize*/**/{number}.log") if number else ()
        return number if any("Execute 1 jobs" in path.read_text(encoding="utf-8") for path in logs) else ""

    with started(folder, slurm, *SMOKE_TARGETS, *SMOKE) as process:
        number = until(at_work, process, folder)
        subprocess.run(["scancel", number], env=slurm, check=True)

    assert dict(accounts(slurm, folder, "optimize", "JobIDRaw", "State"))[number].startswith("CANCELLED")
    remote = fingerprints(folder)
    assert len(remote) > 100
    assert set(remote) == set(smoke_results)
    assert [name for name in remote if remote[name] != smoke_results[name]] == []


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A tiny study up to its generator's training, and the SHA-256 of what a training gives that nobody stops."""
    folder = copy_project(tmp_path_factory.mktemp("study"))
    for seed, name in enumerate(("mine/a", "mine/b", "held/c", "held/$(touch run)", "held/`touch run`")):
        paint(folder / "pictures" / f"{name}.png", seed)
    own = {**OWN, "pretraining": {**OWN["pretraining"], "steps": 3000, "checkpoint_every": 1000}}
    (folder / "own.yaml").write_text(yaml.safe_dump(own), encoding="utf-8")
    fill_in(folder)
    result = run_snakemake(folder, PRETRAINED, *OF_STUDY, OMP_NUM_THREADS="1")
    assert result.returncode == 0, result.stdout[-3000:]
    whole = sha256(folder / PRETRAINED)
    shutil.rmtree((folder / PRETRAINED).parent)
    return folder, whole


def log(folder: Path) -> str:
    return (folder / LOG).read_text(encoding="utf-8") if (folder / LOG).exists() else ""


def stopped(folder: Path) -> str:
    """The step after which the training saved its state and stopped, or nothing."""
    found = re.search(r"stopped by SIGTERM after step (\d+)", log(folder))
    return found[1] if found else ""


def resumed(folder: Path) -> str:
    """The step after which the training went on, or nothing."""
    found = re.search(r"resumed after step (\d+)", log(folder))
    return found[1] if found else ""


@pytest.mark.slow
def test_no_shell_runs_the_name_of_a_picture(slurm, study: tuple[Path, str], tmp_path: Path) -> None:
    folder = tmp_path / "project"
    shutil.copytree(study[0], folder)
    shutil.rmtree(folder / "results" / "corpora" / "held")
    with started(folder, slurm, HELD, *OF_STUDY):
        pass
    assert accounts(slurm, folder, "corpus", "State") == [["COMPLETED"]]
    assert "touch run" in (folder / HELD).read_text(encoding="utf-8")
    assert list(folder.rglob("run")) == []


@pytest.mark.slow
def test_a_cancelled_and_a_requeued_training_go_on_where_they_stopped(slurm, study, tmp_path: Path) -> None:
    """Both in one training, told by SIGTERM: no step is lost, and the weights are those of one that nobody stopped."""
    folder = tmp_path / "project"
    shutil.copytree(study[0], folder)
    with started(folder, slurm, PRETRAINED, *OF_STUDY) as process:
        until((folder / STATE / "holder").exists, process, folder)
        time.sleep(2)
        cancelled = queued(slurm, TRAINING)
        subprocess.run(["scancel", cancelled], env=slurm, check=True)
        first = until(lambda: stopped(folder), process, folder)
        assert until(lambda: resumed(folder), process, folder) == first
        requeued = queued(slurm, TRAINING)
        subprocess.run(["scontrol", "requeue", requeued], env=slurm, check=True)
        second = until(lambda: stopped(folder), process, folder)
        until(lambda: queued(slurm, TRAINING, "pending"), process, folder)
        at_once = ["scontrol", "update", f"JobId={requeued}", "StartTime=now"]  # not in two minutes
        subprocess.run(at_once, env=slurm, check=True)
        until(lambda: resumed(folder) == second, process, folder)
        (kept,) = folder.glob(f"logs/slurm/**/{requeued}.log")
        assert "DUE TO JOB REQUEUE" in kept.read_text(encoding="utf-8"), (
            "the second start goes on in the log of the first"
        )

    assert 0 < int(first) < int(second) < 3000
    states = accounts(slurm, folder, TRAINING, "JobIDRaw", "State")
    assert states == [[cancelled, "CANCELLED by 0"], [requeued, "COMPLETED"]]
    assert sha256(folder / PRETRAINED) == study[1]


@pytest.mark.slow
def test_after_the_death_of_snakemake_its_jobs_are_cancelled_and_a_rerun_goes_on(slurm, study, tmp_path: Path) -> None:
    """As docs/cluster.md says it, for a login node that restarts: what is in the queue knows nothing of it."""
    folder = tmp_path / "project"
    shutil.copytree(study[0], folder)
    with started(folder, slurm, PRETRAINED, *OF_STUDY, code=-signal.SIGKILL) as process:
        until((folder / STATE / "holder").exists, process, folder)
        time.sleep(2)
        process.kill()
        process.wait()
        assert queued(slurm, TRAINING), "it lives on"
        subprocess.run(["scancel", f"--name={run_of(folder)}"], env=slurm, check=True)
        one_node.wait_until_idle(slurm)
        first = stopped(folder)
    assert run_snakemake(folder, "--unlock", *OF_STUDY).returncode == 0
    with started(folder, slurm, PRETRAINED, *OF_STUDY):
        pass
    assert 0 < int(first) == int(resumed(folder)) < 3000
    assert sha256(folder / PRETRAINED) == study[1]
