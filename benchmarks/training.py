"""Images a second of one cell of the grid with each switch of `acceleration` (`python benchmarks/training.py --help`).

Networks and metric are named as in the config, with random weights; the pictures are noise. Each row of the table is
one switch beside the first row, which has none; the last has all of them.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow_scripts"))

import numpy as np
import pandas as pd
import torch
import yaml
from snakemake.utils import update_config

from asymmetry import artifacts, images
from asymmetry.data.corpora import make_corpus
from asymmetry.data.packing import pack
from asymmetry.errors import UserError
from asymmetry.networks.backbones import create_backbone, initialise, save_backbone
from asymmetry.networks.generators import create_generator
from asymmetry.plan import NONE, Plan, in_order
from asymmetry.training.generator import CellTraining
from asymmetry.training.optimization import make_cell

ROOT = Path(__file__).parents[1]
SWITCHES = ("autocast", "channels_last", "compile", "fused")
PICTURES = 8


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--configfile", type=Path, action="append", default=[], help="merged over config.yaml")
    parser.add_argument("--generator", required=True, help="name in the config")
    for name in ("metric", "discriminator"):
        parser.add_argument(f"--{name}", default=NONE, help="name in the config; none by default")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--accumulate", type=int, default=1)
    parser.add_argument("--crop", type=int, default=64, help="high-resolution pixels")
    parser.add_argument("--steps", type=int, default=10, help="timed steps, after two that are not")
    parser.add_argument("--workers", type=int, default=2, help="threads in the rows that have them")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path, help="Markdown file")
    return parser.parse_args()


def settings_of(given: argparse.Namespace) -> dict[str, Any]:
    """What `make_cell` needs to know of the named parts."""
    config: dict[str, Any] = {}
    for file in (ROOT / "config.yaml", *given.configfile):
        update_config(config, yaml.safe_load(file.read_text(encoding="utf-8")))
    config = in_order(config)
    grid = Plan(config).grid
    metric = None if given.metric == NONE else grid.metrics.settings(given.metric)
    training = {"steps": 1000, "learning_rate": 1e-4, "measure_every": 1000}
    return {
        "task": grid.defined("tasks", config["optimization"]["task"]),
        "generator": grid.defined("generators", given.generator),
        "objective": {"reconstruction": 1, "metric": metric, "kappa": "raw"},
        "discriminator": None if given.discriminator == NONE else grid.discriminator(given.discriminator),
        "training": training | {key: getattr(given, key) for key in ("batch", "accumulate", "crop")},
        "weight": 0.01,
        "seed": 0,
        "device": given.device,
    }


def make_files(folder: Path, settings: dict[str, Any]) -> dict[str, Path]:
    """Noise to train on, and random weights."""
    side = 4 * settings["training"]["crop"]
    random = np.random.default_rng(0)
    for number in range(PICTURES):
        picture = random.integers(0, 256, (side, side, 3), dtype=np.uint8)
        images.write(picture, folder / "pictures" / f"{number}.png")
    make_corpus(folder / "manifest.csv", "folder", seed=0, path=folder / "pictures")
    files = {"corpus": folder / "packed.csv", "generator": folder / "generator.safetensors"}
    pack(folder / "manifest.csv", files["corpus"], **settings["task"])
    torch.manual_seed(0)
    own = settings["generator"]
    generator = create_generator(own["object"], settings["task"]["scale"], **own.get("options", {}))
    artifacts.save_tensors(generator.state_dict(), files["generator"])
    for name, part in (("metric", settings["objective"]["metric"]), ("discriminator", settings["discriminator"])):
        if part and "backbone" in part:
            backbone = create_backbone(**part["backbone"])
            initialise(backbone, 0)
            files[f"{name}_backbone"] = folder / f"{name}.safetensors"
            save_backbone(backbone, files[f"{name}_backbone"])
    return files


def rate(cell: CellTraining, steps: int, batch: int, device: str) -> tuple[float, float | None]:
    """Images a second, and on a GPU the most memory it took, GB."""
    cuda = device == "cuda"
    if cuda:
        torch.cuda.reset_peak_memory_stats()
    for number in (1, 2):
        cell.step(number)
    if cuda:
        torch.cuda.synchronize()
    start = time.perf_counter()
    for number in range(3, steps + 3):
        cell.step(number)
    if cuda:
        torch.cuda.synchronize()
    seconds = time.perf_counter() - start
    return steps * batch / seconds, torch.cuda.max_memory_allocated() / 1e9 if cuda else None


def main() -> None:
    given = arguments()
    torch.set_num_threads(given.threads)
    settings = settings_of(given)
    off, on = dict.fromkeys(SWITCHES, False), dict.fromkeys(SWITCHES, True)
    variants = [(NONE, off, 0), *((name, off | {name: True}, 0) for name in SWITCHES)]
    variants += [("workers", off, given.workers), ("all", on, given.workers)]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        files = make_files(Path(folder), settings)
        for name, switches, workers in variants:
            torch.compiler.reset()
            try:
                cell = make_cell(files=files, acceleration=switches, workers=workers, **settings)
                with cell.acceleration.explained():
                    images_per_second, memory = rate(cell, given.steps, given.batch, given.device)
            except UserError as error:
                print(f"{name}: {error}", file=sys.stderr)
                images_per_second, memory = float("nan"), None
            rows.append({"switch": name, "images/s": images_per_second, "GB": memory})
            print(rows[-1], file=sys.stderr)
    frame = pd.DataFrame(rows)
    frame.insert(2, "times", frame["images/s"] / frame["images/s"][0])
    machine = torch.cuda.get_device_name() if given.device == "cuda" else f"{given.device}, {given.threads} thread(s)"
    size = f"batch {given.batch} in {given.accumulate} part(s), crop {given.crop}"
    names = ", ".join((given.generator, given.metric, given.discriminator))
    table = frame.dropna(axis=1, how="all").to_markdown(index=False, floatfmt=".2f")
    text = f"{names}; {size}; {machine}; torch {torch.__version__}\n\n{table}\n"
    print(text)
    if given.output:
        given.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
