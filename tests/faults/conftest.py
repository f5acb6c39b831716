"""A study so small that it is done in seconds: two pictures to train on, two to judge, one tiny generator."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from asymmetry.artifacts import sha256
from tests.workflow.conftest import KEPT, PROJECT

GENERATOR = Path("results/generators/sr-x4/tiny")
PRETRAINED = str(GENERATOR / "pretrained.safetensors")
STATE = GENERATOR / "state"
PACKED = "results/corpora/mine/packed/sr-x4.csv"
HELD = "results/corpora/held/manifest.csv"
STEPS = 250
OWN = {
    "corpora": {name: {"object": "folder", "path": f"pictures/{name}"} for name in ("mine", "held")},
    "generators": {
        "tiny": {
            "object": "swinir",
            "options": {"embed_dim": 8, "depths": [1], "num_heads": [2], "window_size": 4, "mlp_ratio": 2},
        }
    },
    "pretraining": {"steps": STEPS, "batch": 2, "crop": 32, "checkpoint_every": 5},
    "optimization": {
        "generator": "tiny",
        "corpus": "mine",
        "batch": 2,
        "crop": 32,
        "calibration_batches": 2,
        "cells": [{"objectives": ["rec", "rec-haarpsi"], "discriminators": ["none"], "weights": [], "seeds": [0]}],
    },
    "judgement": {"corpus": "held"},
    "transfer": {"arms": [{"backbone": "vgg", "initialisations": ["random"]}]},
    "figures": {"qualitative": {"scenes": ["c"], "objectives": ["rec"], "discriminators": ["none"], "crop": 32}},
}


LIMIT = 300  # seconds, of any wait


def command(*arguments: str) -> list[str]:
    """Snakemake's command line for the small study."""
    fixed = ("--cores", "1", "--nocolor", "--configfile", "own.yaml")
    return [sys.executable, "-m", "snakemake", *arguments, *fixed]


@dataclass
class Study:
    """The small study in a folder of its own, and every process that was started there, leader of a group."""

    folder: Path
    started: list[subprocess.Popen] = field(default_factory=list)

    def execute(self, line: Sequence[str], **options: object) -> subprocess.Popen:
        """Start a command as the leader of a group of processes."""
        process = subprocess.Popen(
            line,
            cwd=self.folder,
            stdin=options.pop("stdin", subprocess.DEVNULL),
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            **options,
        )
        self.started.append(process)
        return process

    def finish(self, line: Sequence[str]) -> subprocess.CompletedProcess:
        """Run a command to its end; `stdout` is all that it prints."""
        process = self.execute(line, stdout=subprocess.PIPE, text=True)
        stdout, _ = process.communicate(timeout=LIMIT)
        return subprocess.CompletedProcess(line, process.returncode, stdout)

    def end(self) -> None:
        """Kill whatever still runs, a trainer without its Snakemake too."""
        for process in self.started:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def run(self, *arguments: str, prefix: tuple[str, ...] = ()) -> subprocess.CompletedProcess:
        """Run Snakemake to its end; `stdout` is all that it prints."""
        return self.finish([*prefix, *command(*arguments)])

    def start_training(self, **options: object) -> tuple[subprocess.Popen, int]:
        """Start the pretraining and wait for its first checkpoint: Snakemake and the trainer's process id."""
        with open(self.folder / "printed", "w", encoding="utf-8") as file:
            snakemake = self.execute(command(PRETRAINED), **{"stdout": file} | options)
        self.wait(lambda: (self.folder / STATE / "checkpoint.pt").exists() or snakemake.poll() is not None)
        assert snakemake.poll() is None, self.printed()
        return snakemake, int((self.folder / STATE / "holder").read_text(encoding="utf-8").split()[0])

    def wait(self, condition: Callable[[], bool]) -> None:
        """Wait for something to become true."""
        deadline = time.monotonic() + LIMIT
        while not condition():
            assert time.monotonic() < deadline, self.printed()
            time.sleep(0.01)

    def printed(self) -> str:
        """What a started Snakemake printed so far."""
        return (self.folder / "printed").read_text(encoding="utf-8")

    def complete(self, target: str = PRETRAINED) -> str:
        """Run to success, after `--unlock` where Snakemake's lock was left behind; what it printed."""
        result = self.run(target)
        if "--unlock" in result.stdout:
            assert self.run(target, "--unlock").returncode == 0
            result = self.run(target)
        assert result.returncode == 0, result.stdout
        return result.stdout

    def log(self) -> str:
        """The log of the last pretraining."""
        return (self.folder / "results/logs/generators/sr-x4/tiny/pretrained.log").read_text(encoding="utf-8")

    def resumed_after(self) -> int:
        """The step after which the last pretraining went on; 0 where it began anew."""
        said = re.search(r"resumed after step (\d+)", self.log())
        return int(said.group(1)) if said else 0


def paint(path: Path, seed: int) -> None:
    """A picture of noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (48, 64, 3), dtype=np.uint8)).save(path)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, str]:
    """The study up to its pretraining, and the SHA-256 of the weights that an undisturbed pretraining gives."""
    folder = tmp_path_factory.mktemp("faults") / "project"
    folder.mkdir()
    for name in KEPT:
        if (PROJECT / name).is_dir():
            shutil.copytree(PROJECT / name, folder / name)
        else:
            shutil.copy2(PROJECT / name, folder / name)
    for seed, name in enumerate(("mine/a", "mine/b", "held/c", "held/d")):
        paint(folder / "pictures" / f"{name}.png", seed)
    (folder / "own.yaml").write_text(yaml.safe_dump(OWN), encoding="utf-8")
    study = Study(folder)
    try:
        study.complete()
    finally:
        study.end()
    whole = sha256(folder / PRETRAINED)
    assert not (folder / STATE).exists()
    shutil.rmtree(folder / GENERATOR)
    return study, whole


@pytest.fixture
def study(prepared: tuple[Study, str], tmp_path: Path):
    """A copy of the prepared study; processes that it left behind are ended."""
    copy = Study(tmp_path / "project")
    shutil.copytree(prepared[0].folder, copy.folder)
    yield copy
    copy.end()


@pytest.fixture
def whole(prepared: tuple[Study, str]) -> str:
    """SHA-256 of the weights of an undisturbed pretraining."""
    return prepared[1]
