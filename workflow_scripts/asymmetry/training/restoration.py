"""Running a trained generator on held-out pictures and asking the judges what it is worth."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from asymmetry import images, tables
from asymmetry.compute import device as find_device
from asymmetry.compute import progress, stable_seed
from asymmetry.data.corpora import load_corpus
from asymmetry.errors import UserError
from asymmetry.metrics.judges.create import create_judge
from asymmetry.metrics.judges.judgement import judge
from asymmetry.training.optimization import Settings, make_generator, make_task

Pictures = dict[str, Tensor]


def references(corpus: Path, scale: int) -> Pictures:
    """The pictures of a corpus by scene, (1, 3, H, W), cropped at the lower right to multiples of the scale."""
    found: Pictures = {}
    for scene, picture in load_corpus(corpus):
        if scene in found:
            raise UserError(f"{corpus} has two pictures of the scene {scene!r}; judged scenes have one each.")
        height, width = (length - length % scale for length in picture.shape[:2])
        found[scene] = images.to_tensor(picture[:height, :width])
    return found


@torch.no_grad()
def restore(generator: Settings, task: Settings, weights: Path, pictures: Pictures, device: str) -> Pictures:
    """Degrade every picture and restore it; outputs are clamped to [0, 1] (NaN to 0) and rounded to 8 bits."""
    where = find_device(device)
    network = make_generator(generator, task, weights, where).eval()
    degradation = make_task(task)
    restored = {}
    for scene, picture in progress(pictures.items(), "restoring", total=len(pictures)):
        output = network(degradation.degrade(picture).to(where)).nan_to_num()
        restored[scene] = images.to_tensor(images.to_array(output))
    return restored


def write_pictures(pictures: Mapping[str, Tensor], folder: Path) -> None:
    """Write pictures as `<folder>/<scene>.png`."""
    for scene, picture in pictures.items():
        images.write(images.to_array(picture), folder / f"{scene}.png")


def make_judges(definitions: Mapping[str, Settings], files: Mapping[str, Path]) -> dict[str, Any]:
    """The judges of the config by name; `files` holds `judge_<name>` for those that were fitted."""
    return {
        name: create_judge(definition["object"], files.get(f"judge_{name}"), **definition.get("options", {}))
        for name, definition in definitions.items()
    }


def judge_model(
    *, task: Settings, generator: Settings, judges: Mapping[str, Settings], device: str, files: Mapping[str, Path],
    table: Path, outputs: Path,
) -> None:  # fmt: skip
    """Write the outputs of a generator (`files["model"]`) as PNG, and what the judges say (shape `judgement`)."""
    pristine = references(files["corpus"], task["scale"])
    restored = restore(generator, task, files["model"], pristine, device)
    write_pictures(restored, outputs)
    tables.write(judge(restored, pristine, make_judges(judges, files)), table, "judgement")


def judge_baselines(
    *, task: Settings, generator: Settings, judges: Mapping[str, Settings], noise: float, seed: int, device: str,
    files: Mapping[str, Path], table: Path, outputs: Path,
) -> None:  # fmt: skip
    """The same for what a valid judge must rank: reference, noisy reference, pretrained generator and bicubic.

    Args:
        task: definition in the config.
        generator: definition in the config.
        judges: definitions in the config by name.
        noise: standard deviation of the Gaussian noise on the noisy reference, pixels being in [0, 1].
        seed: of that noise.
        device: cpu, cuda or mps.
        files: `corpus`, `generator` (pretrained weights) and `judge_<name>` of fitted judges.
        table: of shape baselines.
        outputs: folder for `<output>/<scene>.png`.
    """
    pristine = references(files["corpus"], task["scale"])
    degradation = make_task(task)
    made = {
        "reference": pristine,
        "noisy-reference": {scene: _noisy(picture, noise, seed, scene) for scene, picture in pristine.items()},
        "pretrained": restore(generator, task, files["generator"], pristine, device),
        "bicubic": {scene: degradation.upsample(degradation.degrade(picture)) for scene, picture in pristine.items()},
    }
    asked = make_judges(judges, files)
    frames = []
    for name, pictures in made.items():
        write_pictures(pictures, outputs / name)
        frames.append(judge(pictures, pristine, asked).assign(output=name))
    tables.write(pd.concat(frames, ignore_index=True), table, "baselines")


def _noisy(picture: Tensor, deviation: float, seed: int, scene: str) -> Tensor:
    random = torch.Generator().manual_seed(stable_seed("noise", seed, scene))
    noise = deviation * torch.randn(picture.shape, generator=random)
    return images.to_tensor(images.to_array(picture + noise))
