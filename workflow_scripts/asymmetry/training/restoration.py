"""Running a trained generator on held-out pictures and asking the judges what it is worth."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor

from asymmetry import images, tables
from asymmetry.compute import device as find_device
from asymmetry.compute import progress, stable_seed
from asymmetry.data.corpora import each_picture
from asymmetry.errors import UserError
from asymmetry.metrics.judges.base import Judge
from asymmetry.metrics.judges.create import create_judge
from asymmetry.metrics.judges.judgement import judge
from asymmetry.training.optimization import Settings, make_generator, make_task

Make = Callable[[str, Tensor], Tensor]


def references(corpus: Path, scale: int) -> Iterator[tuple[str, Tensor]]:
    """Scene and picture (1, 3, H, W) of a corpus one by one, cropped at the lower right to multiples of the scale."""
    seen: set[str] = set()
    for scene, picture in each_picture(corpus):
        if scene in seen:
            raise UserError(f"{corpus} has two pictures of the scene {scene!r}; judged scenes have one each.")
        seen.add(scene)
        height, width = (length - length % scale for length in picture.shape[:2])
        yield scene, images.to_tensor(picture[:height, :width])


def restorer(generator: Settings, task: Settings, weights: Path, device: torch.device) -> Make:
    """What degrades a scene's picture and restores it: clamped to [0, 1] (NaN to 0) and rounded to 8 bits."""
    network = make_generator(generator, task, weights, device).eval()
    degradation = make_task(task)

    @torch.no_grad()
    def restore(scene: str, picture: Tensor) -> Tensor:
        output = network(degradation.degrade(picture).to(device)).nan_to_num()
        return images.to_tensor(images.to_array(output))

    return restore


def make_judges(
    definitions: Mapping[str, Settings], files: Mapping[str, Path], device: torch.device
) -> dict[str, Judge]:
    """The judges of the config by name; `files` holds `judge_<name>` for those that were fitted."""
    return {
        name: create_judge(definition["object"], files.get(f"judge_{name}"), device, **definition.get("options", {}))
        for name, definition in definitions.items()
    }


def judge_made(make: Make, corpus: Path, scale: int, judges: Mapping[str, Judge], folder: Path) -> pd.DataFrame:
    """What judges say of the picture made of each scene of a corpus, which is written as `<folder>/<scene>.png`.

    Scene by scene: neither the corpus nor what is made of it is in memory as a whole.
    """

    def made() -> Iterator[tuple[str, Tensor, Tensor]]:
        for scene, reference in progress(references(corpus, scale), f"judging {folder.name}"):
            output = make(scene, reference)
            images.write(images.to_array(output), folder / f"{scene}.png")
            yield scene, output, reference

    return judge(made(), judges)


def judge_model(
    *, task: Settings, generator: Settings, judges: Mapping[str, Settings], device: str, files: Mapping[str, Path],
    table: Path, outputs: Path,
) -> None:  # fmt: skip
    """Write the outputs of a generator (`files["model"]`) as PNG, and what the judges say (shape `judgement`)."""
    where = find_device(device)
    restore = restorer(generator, task, files["model"], where)
    asked = make_judges(judges, files, where)
    tables.write(judge_made(restore, files["corpus"], task["scale"], asked, outputs), table, "judgement")


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
    where = find_device(device)
    degradation = make_task(task)
    made: dict[str, Make] = {
        "reference": lambda scene, picture: picture,
        "noisy-reference": lambda scene, picture: _noisy(picture, noise, seed, scene),
        "pretrained": restorer(generator, task, files["generator"], where),
        "bicubic": lambda scene, picture: degradation.upsample(degradation.degrade(picture)),
    }
    asked = make_judges(judges, files, where)
    frames = [
        judge_made(make, files["corpus"], task["scale"], asked, outputs / name).assign(output=name)
        for name, make in made.items()
    ]
    tables.write(pd.concat(frames, ignore_index=True), table, "baselines")


def _noisy(picture: Tensor, deviation: float, seed: int, scene: str) -> Tensor:
    random = torch.Generator().manual_seed(stable_seed("noise", seed, scene))
    noise = deviation * torch.randn(picture.shape, generator=random)
    return images.to_tensor(images.to_array(picture + noise))
