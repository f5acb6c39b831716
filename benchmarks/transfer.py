"""What decoding each picture once saves a finetuned quality model (`python benchmarks/transfer.py [PICTURES]`).

A rated set of PNGs of 512 x 384 is made of noise. The network is tiny, so that the share of the pictures shows, as
beside a fast GPU. Both ways are measured in one process, in seconds of CPU time, since other work on the machine
changes that less: without the file of decoded pictures (before there was one, what did not fit into 1 GiB was decoded
again for each batch), and with it. The ratio is what counts.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow_scripts"))

import numpy as np
import pandas as pd
import torch
from scipy.ndimage import gaussian_filter

from asymmetry import images, tables
from asymmetry.networks.backbones import create_backbone, initialise, save_backbone
from asymmetry.training import finetuning, transfer
from asymmetry.training.features import PictureFiles
from asymmetry.training.finetuning import RatedCrops

SCENES, WIDTH, HEIGHT, CROP, BATCH = 10, 512, 384, 224, 16
BACKBONE = {"widths": [4, 8], "convolutions": [1, 1]}
SETTINGS = {
    "mode": "nr", "protocol": "finetune", "splits": {"kind": "random", "count": 2}, "learning_rates": [1e-3, 1e-4],
    "steps": 20, "batch": BATCH, "crop": 64, "levels": None, "families": False, "seed": 0, "acceleration": {},
    "workers": 0, "device": "cpu", "code": "",
}  # fmt: skip


def make_set(folder: Path, count: int) -> pd.DataFrame:
    """Noise on smoothed noise: PNGs that are as hard to decode as photographs."""
    random = np.random.default_rng(0)
    scenes = [gaussian_filter(random.normal(0.5, 2, (HEIGHT, WIDTH, 3)), (5, 5, 0)) for _ in range(SCENES)]
    rows = []
    for number in range(count):
        scene, score = number % SCENES, random.random()
        name = f"{number}.png"
        images.write(scenes[scene] + random.normal(0, 0.03 * (1 - score), (HEIGHT, WIDTH, 3)), folder / name)
        rows.append({"image": name, "scene": f"scene-{scene}", "score": score, "raw_score": score, "level": 0})
    frame = pd.DataFrame(rows).assign(reference="", distortion="", family="", score_error=np.nan, split="")
    tables.write(frame, folder / "manifest.csv", "rated")
    return frame


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


class Decoding(PictureFiles):
    """Pictures that are decoded whenever they are wanted."""

    def __init__(self, folder: Path, crop: int, pixels: object = None) -> None:
        super().__init__(folder, crop)


def show(what: str, before: float, after: float) -> None:
    ratio = f"ratio {before / after:.1f}"
    print(f"{what}: decoded each time {before:.3f} s, decoded once {after:.3f} s, {ratio}", flush=True)


def main() -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        frame = make_set(folder, int(sys.argv[1]) if len(sys.argv) > 1 else 200)
        backbone = create_backbone("narrow-vgg", **BACKBONE)
        initialise(backbone, 0)
        save_backbone(backbone, folder / "weights.safetensors")

        def job() -> None:
            output = folder / "predictions.csv"
            transfer.transfer(
                folder / "manifest.csv", "narrow-vgg", folder / "weights.safetensors", output, **SETTINGS, **BACKBONE
            )

        pairs, scores = [(image,) for image in frame["image"]], torch.tensor(frame["score"])
        fold = transfer.by_scene(frame, SETTINGS["splits"])[0]
        with tempfile.TemporaryFile(dir=folder) as pixels:
            ways = [Decoding(folder, CROP), PictureFiles(folder, CROP, pixels)]
            for path in frame["image"]:
                ways[1][path]
            crops = [RatedCrops(pairs, way, scores, fold, crop=CROP, batch=BATCH, seed=0) for way in ways]
            show(f"a batch of {BATCH} crops of {CROP}", *(seconds(lambda own=own: own.batch_at(1)) for own in crops))
        after = seconds(job)
        with mock.patch.object(finetuning, "PictureFiles", Decoding):
            show("a job", seconds(job), after)


if __name__ == "__main__":
    main()
