"""A study so small that it is done in seconds: two pictures to train on, two to judge, one tiny generator."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
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


def command(*arguments: str) -> list[str]:
    """Snakemake's command line for the small study."""
    fixed = ("--cores", "1", "--nocolor", "--configfile", "own.yaml")
    return [sys.executable, "-m", "snakemake", *arguments, *fixed]


@dataclass
class Study:
    """The small study in a folder of its own."""

    folder: Path

    def run(self, *arguments: str, prefix: tuple[str, ...] = ()) -> subprocess.CompletedProcess:
        """Run Snakemake to its end; `stdout` is all that it prints."""
        return subprocess.run(
            [*prefix, *command(*arguments)],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )

    def start(self, target: str) -> subprocess.Popen:
        """Start Snakemake as the leader of a group of processes; it prints into the file `printed`."""
        with open(self.folder / "printed", "w", encoding="utf-8") as file:
            return subprocess.Popen(
                command(target),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def start_training(self) -> tuple[subprocess.Popen, int]:
        """Start the pretraining and wait for its first checkpoint: Snakemake and the trainer's process id."""
        snakemake = self.start(PRETRAINED)
        self.wait(lambda: (self.folder / STATE / "checkpoint.pt").exists() or snakemake.poll() is not None)
        assert snakemake.poll() is None, self.printed()
        return snakemake, int((self.folder / STATE / "holder").read_text(encoding="utf-8").split()[0])

    def wait(self, condition) -> None:
        """Wait up to two minutes for something to become true."""
        deadline = time.monotonic() + 120
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
        """The log of the pretraining."""
        return (self.folder / "results/logs/generators/sr-x4/tiny/pretrained.log").read_text(encoding="utf-8")


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
    study.complete()
    whole = sha256(folder / PRETRAINED)
    assert not (folder / STATE).exists()
    shutil.rmtree(folder / GENERATOR)
    return study, whole


@pytest.fixture
def study(prepared: tuple[Study, str], tmp_path: Path):
    """A copy of the prepared study; processes that it left behind are ended."""
    folder = tmp_path / "project"
    shutil.copytree(prepared[0].folder, folder)
    yield Study(folder)
    holder = folder / STATE / "holder"
    if holder.exists():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(holder.read_text(encoding="utf-8").split()[0]), signal.SIGKILL)


@pytest.fixture
def whole(prepared: tuple[Study, str]) -> str:
    """SHA-256 of the weights of an undisturbed pretraining."""
    return prepared[1]
