"""A tiny corpus, generator and cell of the grid, for the tests of the training."""

import os
import signal
from collections.abc import Iterable
from pathlib import Path

import pytest
import torch
from rated_set import picture

from asymmetry import artifacts, images
from asymmetry.data.corpora import make_corpus
from asymmetry.data.packing import pack
from asymmetry.networks.backbones import create_backbone, initialise, save_backbone
from asymmetry.networks.generators import create_generator
from asymmetry.training import checkpoint
from asymmetry.training.generator import CellTraining
from asymmetry.training.optimization import optimize

TASK = {"object": "super-resolution", "scale": 4}
GENERATOR = {
    "object": "swinir",
    "options": {"embed_dim": 8, "depths": [1], "num_heads": [2], "window_size": 4, "mlp_ratio": 2},
}
BACKBONE = {"object": "narrow-vgg", "widths": [4, 8, 8], "convolutions": [1, 1, 1]}
DISCRIMINATOR = {
    "backbone": BACKBONE,
    "head": "patch",
    "loss": "bce",
    "spectral_norm": False,
    "r1": 0,
    "learning_rate": 1e-3,
}
HAARPSI = {"object": "haarpsi", "options": {}, "resize": "none", "higher_is_better": None}
REC = {"reconstruction": 1, "metric": None, "kappa": 1}
REC_HAARPSI = {"reconstruction": 1, "metric": HAARPSI, "kappa": 1}
TRAINING = {
    "steps": 3,
    "batch": 2,
    "accumulate": 1,
    "crop": 32,
    "learning_rate": 1e-3,
    "measure_every": 2,
}
PLAIN = {"autocast": False, "channels_last": False, "compile": False, "fused": False}


def make_pictures(folder: Path, seeds: Iterable[int], size: int = 48) -> Path:
    """A corpus of generated pictures; the seed is in the scene's name. Returns the manifest."""
    for seed in seeds:
        images.write(picture(size, seed), folder / "pictures" / f"scene-{seed}.png")
    make_corpus(folder / "manifest.csv", "folder", seed=0, path=folder / "pictures")
    return folder / "manifest.csv"


def make_packed(folder: Path, seeds: Iterable[int], size: int = 48) -> Path:
    """The same, packed for the task. Returns the index."""
    pack(make_pictures(folder, seeds, size), folder / "packed.csv", **TASK)
    return folder / "packed.csv"


def make_files(folder: Path) -> dict[str, Path]:
    """What a cell starts from: corpus, weights of the generator and of the discriminator's backbone, a calibration."""
    files = {
        "corpus": make_packed(folder / "corpus", range(2)),
        "generator": folder / "generator.safetensors",
        "discriminator_backbone": folder / "backbone.safetensors",
        "calibration": folder / "calibration.json",
    }
    torch.manual_seed(0)
    generator = create_generator(GENERATOR["object"], 4, **GENERATOR["options"])
    artifacts.save_tensors(generator.state_dict(), files["generator"])
    backbone = create_backbone(**BACKBONE)
    initialise(backbone, 0)
    save_backbone(backbone, files["discriminator_backbone"])
    artifacts.write_json({"scale": 0.5}, files["calibration"])
    return files


def train(files: dict[str, Path], folder: Path, **changed: object) -> dict[str, Path]:
    """Train a cell (by default L1, HaarPSI and a patch discriminator) into a folder; the paths of what it wrote."""
    names = ("model.safetensors", "discriminator.safetensors", "history.csv", "provenance.json")
    outputs = {name.partition(".")[0]: folder / name for name in names}
    settings = {
        "task": TASK,
        "generator": GENERATOR,
        "objective": REC_HAARPSI,
        "discriminator": DISCRIMINATOR,
        "weight": 0.01,
        "training": TRAINING,
        "acceleration": PLAIN,
        "seed": 0,
        "device": "cpu",
        "code": "digest",
        "checkpoint_every": 2,
        "workers": 0,
    } | changed
    if settings["discriminator"] is None:
        del outputs["discriminator"]
    optimize(files=files, outputs=outputs, **settings)
    return outputs


def stop_in_step(
    monkeypatch: pytest.MonkeyPatch, number: int, trainer: type[checkpoint.Trainer] = CellTraining
) -> None:
    """Let the training be told to stop (SIGTERM) while it is in that step."""
    step = trainer.step

    def stopping(self: checkpoint.Trainer, current: int) -> bool:
        if current == number:
            os.kill(os.getpid(), signal.SIGTERM)
        return step(self, current)

    monkeypatch.setattr(trainer, "step", stopping)


def crash_in_step(monkeypatch: pytest.MonkeyPatch, number: int, trainer: type[checkpoint.Trainer]) -> None:
    """Let the training end there without a word, as by SIGKILL: no state is saved."""
    step = trainer.step

    def crashing(self: checkpoint.Trainer, current: int) -> bool:
        if current == number:
            raise MemoryError
        return step(self, current)

    monkeypatch.setattr(trainer, "step", crashing)
