"""How far one training ends from itself on another number of threads, or with other kernels.

A small cell of the grid (generator, average, discriminator with spectral norm and gradient penalty) is trained twice in
the same way, then in ways that change the order in which numbers are added, each time in a new process on one thread.
Prints the table of docs/reliability.md. `--device cuda` (or mps) does so on that device, and compares it with the CPU.
"""

import argparse
import multiprocessing
import os
import sys
import tempfile
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow_scripts"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "unit"))

import torch
from tiny_training import DISCRIMINATOR, GENERATOR, PLAIN, TASK, TRAINING, make_files, train
from torch import Tensor

from asymmetry.artifacts import load_tensors, save_tensors
from asymmetry.networks.generators import create_generator

WIDER = GENERATOR | {"options": {**GENERATOR["options"], "embed_dim": 24, "depths": [2]}}
OUTPUTS = ("model.safetensors", "discriminator.safetensors")
Way = tuple[str, dict[str, str], dict[str, bool]]  # its name, environment, and switches of acceleration
CPU: Way = ("the CPU", {}, {})
AGAIN: Way = ("the same again", {}, {})
SWITCHES: list[Way] = [(f"`{name}`", {}, {name: True}) for name in ("channels_last", "fused", "compile")]
ON_CPU: list[Way] = [
    ("2 threads", {"OMP_NUM_THREADS": "2"}, {}),
    ("torch's kernels of a CPU without AVX (`ATEN_CPU_CAPABILITY=default`)", {"ATEN_CPU_CAPABILITY": "default"}, {}),
    ("oneDNN's kernels of such a CPU (`ONEDNN_MAX_CPU_ISA=SSE41`)", {"ONEDNN_MAX_CPU_ISA": "SSE41"}, {}),
    ("MKL's (`MKL_ENABLE_INSTRUCTIONS=SSE4_2`)", {"MKL_ENABLE_INSTRUCTIONS": "SSE4_2"}, {}),
]


def work(files: dict[str, Path], folder: Path, device: str, steps: int, switches: dict[str, bool]) -> None:
    """Train the cell into a folder."""
    train(
        files,
        folder,
        generator=WIDER,
        discriminator=DISCRIMINATOR | {"spectral_norm": True, "r1": 0.1, "loss": "ragan"},
        training=TRAINING | {"steps": steps, "checkpoint_every": steps, "batch": 4, "crop": 48},
        acceleration=PLAIN | switches,
        device=device,
    )


def trained(files: dict[str, Path], folder: Path, device: str, steps: int, way: Way) -> list[dict[str, Tensor]]:
    """The weights at the end of a training in a process of its own; none where it failed."""
    _, environment, switches = way
    with mock.patch.dict(os.environ, {"OMP_NUM_THREADS": "1", **environment}):
        process = multiprocessing.get_context("spawn").Process(
            target=work, args=(files, folder, device, steps, switches)
        )
        process.start()
    process.join()
    if process.exitcode:
        return []
    return [load_tensors(folder / name) for name in OUTPUTS]


def largest(first: dict[str, Tensor], second: dict[str, Tensor]) -> float:
    """The largest difference of a weight."""
    return max((first[name].double() - second[name].double()).abs().max().item() for name in first)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--steps", type=int, default=100)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        files = make_files(base / "files")
        torch.manual_seed(0)
        generator = create_generator(WIDER["object"], TASK["scale"], **WIDER["options"])
        save_tensors(generator.state_dict(), files["generator"])
        first = trained(files, base / "first", given.device, given.steps, AGAIN)
        change = largest(load_tensors(files["generator"]), first[0])
        print(f"{given.steps} steps on {given.device}, one thread, torch {torch.__version__}; the largest change of a")
        print(f"generator's weight by the training: {change:.1e}\n")
        print("| compared with the first run | generator | discriminator |\n|---|---|---|")
        for number, way in enumerate([AGAIN, *(ON_CPU if given.device == "cpu" else [CPU]), *SWITCHES]):
            device = "cpu" if way is CPU else given.device
            again = trained(files, base / str(number), device, given.steps, way)
            differences = [f"{largest(*pair):.1e}" for pair in zip(first, again, strict=False)] or ["failed", "failed"]
            print(f"| {way[0]} | {' | '.join(differences)} |", flush=True)


if __name__ == "__main__":
    main()
