"""From plain settings and files to trained generators: L1 pretraining, calibration, the cells of the grid."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import nn

from asymmetry import registry, tables
from asymmetry.artifacts import fingerprint, load_into, provenance, read_json, save_tensors, write_json
from asymmetry.compute import device as find_device
from asymmetry.compute import seed_everything, stable_seed
from asymmetry.data.batches import Ahead, PairedCrops
from asymmetry.data.packing import check_disjoint
from asymmetry.metrics.create import load_metric
from asymmetry.networks.backbones import load_backbone
from asymmetry.networks.discriminators import create_discriminator
from asymmetry.networks.generators import create_generator
from asymmetry.training import checkpoint
from asymmetry.training.acceleration import Acceleration
from asymmetry.training.adversarial import LOSSES
from asymmetry.training.generator import Adversary, CellTraining, Pretraining
from asymmetry.training.objective import Objective, calibrate

logger = logging.getLogger(__name__)
Settings = Mapping[str, Any]


def make_task(settings: Settings) -> Any:
    """The task of a definition in the config's `tasks`."""
    return registry.create("tasks", settings["object"], scale=settings["scale"])


def make_generator(settings: Settings, task: Settings, weights: Path | None, device: torch.device) -> nn.Module:
    """The generator of a definition in the config's `generators`, with weights from a file if one is given."""
    generator = create_generator(settings["object"], task["scale"], **settings.get("options", {}))
    if weights is not None:
        load_into(generator, weights)
    return generator.to(device)


def pretrain(
    *, task: Settings, generator: Settings, training: Settings, acceleration: Settings, corpus: Path, held_out: Path,
    device: str, code: str, output: Path, checkpoint_every: int, workers: int,
) -> None:  # fmt: skip
    """L1 training from random weights (seed 0) on a packed corpus, which must share no picture with the held-out one.

    Args:
        task: definition in the config.
        generator: definition in the config.
        training: steps, batch, accumulate, crop, learning_rate.
        acceleration: the switches of `acceleration.Acceleration`, the parts of a batch apart.
        corpus: index of the packed corpus (`data.packing`).
        held_out: manifest of the corpus that is judged.
        device: cpu, cuda or mps.
        code: digest of the code, part of the checkpoint's fingerprint.
        output: the weights.
        checkpoint_every: steps between two checkpoints; changes no result, so it is no part of the fingerprint.
        workers: threads that make batches ahead; likewise.
    """
    check_disjoint(corpus, held_out)
    where = find_device(device)
    computing = Acceleration(accumulate=training["accumulate"], workers=workers, **acceleration)
    seed_everything(stable_seed("generator", 0))
    network = make_generator(generator, task, None, where)
    computing.prepare(network)
    crops = PairedCrops(corpus, task["scale"], training["crop"], training["batch"], stable_seed("pretraining", 0))
    batches = Ahead(crops, where, computing.workers)
    trainer = Pretraining(network, batches, training["steps"], training["learning_rate"], computing)
    state = output.parent / "state"
    settings = {"task": task, "generator": generator, "training": training, "acceleration": acceleration}
    mark = fingerprint({**settings, "device": device, "code": code}, [corpus])
    with computing.explained():
        checkpoint.run(trainer, training["steps"], state, mark, checkpoint_every, "pretraining")
    save_tensors(trainer.average.module.state_dict(), output, generator=generator["object"], steps=training["steps"])
    checkpoint.forget(state)


def calibrate_metric(
    *, task: Settings, generator: Settings, metric: Settings, metric_files: Mapping[str, Path], corpus: Path,
    weights: Path, crop: int, batch: int, batches: int, device: str, output: Path,
) -> None:  # fmt: skip
    """Write the scale of a metric as a loss (`objective.calibrate`), on batches that no training sees."""
    where = find_device(device)
    network = make_generator(generator, task, weights, where).eval()
    crops = Ahead(PairedCrops(corpus, task["scale"], crop, batch, stable_seed("calibration")), where)
    calibrate(network, load_metric(metric, metric_files).to(where), crops, output, batches)


def _objective(settings: Settings, files: Mapping[str, Path], device: torch.device) -> Objective:
    if settings["metric"] is None:
        return Objective(settings["reconstruction"], None, 0.0)
    kappa = settings["kappa"]
    scale = 1.0 if kappa == "raw" else kappa * read_json(files["calibration"])["scale"]
    prefix = "metric_"
    own = {name.removeprefix(prefix): file for name, file in files.items() if name.startswith(prefix)}
    return Objective(settings["reconstruction"], load_metric(settings["metric"], own).to(device), scale)


def _adversary(
    settings: Settings, weight: float, crop: int, backbone: Path | None, seed: int, device: torch.device,
    computing: Acceleration,
) -> Adversary:  # fmt: skip
    if "object" in settings:
        network = registry.create("discriminators", settings["object"], **settings.get("options", {}))
    else:
        body = load_backbone(path=backbone, **settings["backbone"])
        network = create_discriminator(body, settings["head"], crop, settings["spectral_norm"], seed)
    computing.prepare(network.to(device))
    return Adversary(network, LOSSES[settings["loss"]], weight, settings["r1"], settings["learning_rate"], computing)


def make_cell(
    *, task: Settings, generator: Settings, objective: Settings, discriminator: Settings | None, weight: float,
    training: Settings, acceleration: Settings, seed: int, files: Mapping[str, Path], device: str, workers: int,
) -> CellTraining:  # fmt: skip
    """One cell of the grid before its first step; for the arguments see `optimize`."""
    where = find_device(device)
    computing = Acceleration(accumulate=training["accumulate"], workers=workers, **acceleration)
    crop = training["crop"]
    seed_everything(stable_seed("cell", seed))
    network = make_generator(generator, task, files["generator"], where)
    computing.prepare(network)
    crops = PairedCrops(files["corpus"], task["scale"], crop, training["batch"], stable_seed("cell", seed))
    adversary = None
    if discriminator is not None:
        backbone = files.get("discriminator_backbone")
        adversary = _adversary(discriminator, weight, crop, backbone, stable_seed("head", seed), where, computing)
    minimised = _objective(objective, files, where)
    if minimised.metric is not None:
        computing.arrange(minimised.metric)
    return CellTraining(
        network,
        Ahead(crops, where, computing.workers),
        minimised,
        adversary,
        steps=training["steps"],
        learning_rate=training["learning_rate"],
        measure_every=training["measure_every"],
        acceleration=computing,
    )


def optimize(
    *, task: Settings, generator: Settings, objective: Settings, discriminator: Settings | None, weight: float,
    training: Settings, acceleration: Settings, seed: int, files: Mapping[str, Path], device: str, code: str,
    outputs: Mapping[str, Path], checkpoint_every: int, workers: int,
) -> None:  # fmt: skip
    """Train one cell of the grid and write its model, discriminator, history and provenance.

    Args:
        task: definition in the config.
        generator: definition in the config.
        objective: definition in the config, its metric resolved.
        discriminator: definition in the config, its backbone resolved; None for none.
        weight: factor of the adversarial term.
        training: steps, batch, accumulate, crop, learning_rate, measure_every.
        acceleration: the switches of `acceleration.Acceleration`, the parts of a batch apart.
        seed: of the batches and of the discriminator.
        files: `corpus` (index of the packed corpus) and `generator` (pretrained weights); if the objective has them
            `metric_backbone`, `metric_channel_weights` and `calibration`; `discriminator_backbone`.
        device: cpu, cuda or mps.
        code: digest of the code, part of the checkpoint's fingerprint.
        outputs: `model`, `history`, `provenance`, and `discriminator` if there is one.
        checkpoint_every: steps between two checkpoints; changes no result, so it is no part of the fingerprint.
        workers: threads that make batches ahead; likewise.
    """
    settings = {
        "task": task,
        "generator": generator,
        "objective": objective,
        "discriminator": discriminator,
        "weight": weight,
        "training": training,
        "acceleration": acceleration,
        "seed": seed,
        "device": device,
    }
    cell = make_cell(files=files, workers=workers, **settings)
    opponent = None if cell.adversary is None else cell.adversary.network
    described = getattr(opponent, "describe", dict)()  # here, so that what fails does not fail after days of training
    state = outputs["model"].parent / "state"
    mark = fingerprint({**settings, "code": code}, files.values())
    with cell.acceleration.explained():
        last = checkpoint.run(cell, training["steps"], state, mark, checkpoint_every, "training")

    save_tensors(cell.average.module.state_dict(), outputs["model"])
    tables.write(pd.DataFrame(cell.history, columns=list(tables.SHAPES["history"])), outputs["history"], "history")
    facts = {"status": "diverged" if cell.diverged_at else "completed", "steps": last, "diverged_at": cell.diverged_at}
    if opponent is not None:
        effective = getattr(opponent, "effective_state_dict", opponent.state_dict)()
        save_tensors(effective, outputs["discriminator"])
        facts["discriminator"] = described
    write_json({"settings": settings, **facts, **provenance()}, outputs["provenance"])
    checkpoint.forget(state)
