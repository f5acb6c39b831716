"""Running the workflow as a user does, in folders of the test's own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from asymmetry.artifacts import sha256

PROJECT = Path(__file__).parents[2]
KEPT = ("Snakefile", "config.yaml", "rules", "schemas", "profiles", "envs", "presets", "report", "workflow_scripts")
SMOKE = ("--configfile", "presets/smoke.yaml")
SMOKE_TARGETS = ("all", "in_domain", "reproduction")
TIMES = {"benchmarks", "logs", ".snakemake_timestamp"}  # the only files that hold any
Run = Callable[..., subprocess.CompletedProcess]


def run_snakemake(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """Run snakemake in a copy of the project; all that it prints is the result's `stdout`. No terminal, no colours."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--nocolor", *arguments]
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def planned(result: subprocess.CompletedProcess) -> dict[str, int]:
    """Jobs by rule of a dry run, empty where nothing is to be done."""
    lines = result.stdout.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("Job stats:")]
    jobs = {}
    for line in lines[starts[-1] + 3 :] if starts else []:
        if line.startswith("total"):
            break
        name, count = line.split()
        jobs[name] = int(count)
    return jobs


def copy_project(folder: Path) -> Path:
    """What a run needs of the project, copied to a folder; returns it."""
    for name in KEPT:
        source = PROJECT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    return folder


@pytest.fixture(scope="session")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project without results, shared by tests that do not change it."""
    return copy_project(tmp_path_factory.mktemp("copy"))


def fingerprints(folder: Path) -> dict[str, str]:
    """SHA-256 by path of every result of the smoke preset that must be the same in each run.

    The report's front page tells of `in_domain` if that was made before it, so it is made anew, as `make report` does.
    """
    again = run_snakemake(folder, *SMOKE, "--forcerun", "report_answers", "--", "report_answers")
    assert again.returncode == 0, again.stdout[-3000:]
    results = folder / "results" / "smoke"
    files = {path.relative_to(results): path for path in results.rglob("*") if path.is_file()}
    return {str(name): sha256(path) for name, path in files.items() if not TIMES & set(name.parts)}


@pytest.fixture(scope="session")
def smoke_run(
    tmp_path_factory: pytest.TempPathFactory, copy: Path
) -> tuple[Path, subprocess.CompletedProcess, dict[str, str]]:
    """The smoke preset, run once: its folder, what the run printed, the fingerprints of its results."""
    folder = tmp_path_factory.mktemp("smoke") / "project"
    shutil.copytree(copy, folder)
    result = run_snakemake(folder, *SMOKE_TARGETS, *SMOKE)
    assert result.returncode == 0, result.stdout[-3000:]
    return folder, result, fingerprints(folder)


@pytest.fixture(scope="session")
def smoke(smoke_run) -> tuple[Path, subprocess.CompletedProcess]:
    """The folder of the smoke run, to which tests may add, and what the run printed."""
    return smoke_run[:2]


@pytest.fixture(scope="session")
def smoke_results(smoke_run) -> dict[str, str]:
    """SHA-256 by path of what the smoke run made, taken before any test added to it."""
    return smoke_run[2]


@pytest.fixture
def config_file(tmp_path: Path) -> Callable[[dict], str]:
    """Write a config of the test's own, to be merged over config.yaml; gives its path."""

    def write(content: dict) -> str:
        path = tmp_path / "own.yaml"
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        return str(path)

    return write
