"""SIGKILL at random moments of one training, each followed by a restart (`python benchmarks/kills.py --help`).

A tiny cell of the grid: generator, average, discriminator with spectral norm and gradient penalty, both optimizers. The
weights, the history and the provenance at its end must be those, byte for byte, of a run that nothing disturbs. Each
process is forked from one that has imported torch: the imports take longer than all else, and write nothing.
"""

import argparse
import logging
import multiprocessing
import os
import random
import re
import sys
import tempfile
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow_scripts"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "unit"))

import psutil
import torch
from tiny_training import DISCRIMINATOR, TRAINING, make_files, train

from asymmetry.training import checkpoint
from asymmetry.training.generator import CellTraining

EVERY = 5
ALIVE = 12  # steps within which a kill comes
EARLY, STEP = 0.2, 0.05  # seconds within which it comes, after the start, or after one of these steps
NAMES = ("model.safetensors", "discriminator.safetensors", "history.csv", "provenance.json")


def work(files: dict[str, Path], folder: Path, steps: int) -> None:
    """Train the cell in `folder`; the file `reached` there holds the number of the last step done."""
    logging.basicConfig(filename=folder / "log", filemode="w", level=logging.INFO, format="%(message)s", force=True)
    checkpoint.STARTED_BY = psutil.Process().parents()
    step = CellTraining.step
    with open(folder / "reached", "wb") as reached:

        def counted(self: CellTraining, number: int) -> bool:
            go_on = step(self, number)
            os.pwrite(reached.fileno(), f"{number:9d}".encode(), 0)
            return go_on

        CellTraining.step = counted
        discriminator = DISCRIMINATOR | {"spectral_norm": True, "r1": 0.1, "loss": "ragan"}
        training = TRAINING | {"steps": steps}
        train(files, folder / "cell", discriminator=discriminator, training=training, checkpoint_every=EVERY)


def start(files: dict[str, Path], folder: Path, steps: int) -> BaseProcess:
    folder.mkdir(exist_ok=True)
    process = multiprocessing.get_context("fork").Process(target=work, args=(files, folder, steps))
    process.start()
    return process


def resumed_after(folder: Path) -> int | None:
    log = folder / "log"
    said = re.search(r"resumed after step (\d+)", log.read_text(encoding="utf-8")) if log.exists() else None
    return int(said.group(1)) if said else None


def number_in(file: Path) -> int:
    return int(file.read_bytes() or 0) if file.exists() else 0


def kill_later(process: BaseProcess, folder: Path, moments: random.Random) -> None:
    """Kill a training: one time in five within `EARLY` of its start, else in one of its first `ALIVE` steps."""
    early = moments.random() < 0.2
    alive, pause = moments.randrange(ALIVE), moments.uniform(0, EARLY if early else STEP)
    first = 0
    while not early and process.is_alive() and not (first and number_in(folder / "reached") >= first + alive):
        first = first or number_in(folder / "reached")
        time.sleep(0.002)
    time.sleep(pause)
    if not process.is_alive():
        sys.exit(f"it ended by itself, with code {process.exitcode}; are more --steps needed?")
    process.kill()
    process.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--steps", type=int, help="length of the training (default: 12 a kill, that it survives them)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    given = parser.parse_args()
    steps = given.steps or ALIVE * given.kills
    torch.set_num_threads(1)
    moments = random.Random(given.seed)
    lost, halves, reached, resumptions = [0], 0, 0, 0
    with tempfile.TemporaryDirectory() as base:
        files = make_files(Path(base) / "files")
        train(files, Path(base) / "first", training=TRAINING | {"steps": 1})  # imports what torch puts off
        killed, whole = Path(base) / "killed", Path(base) / "whole"
        for number in range(1, given.kills + 1):
            for name in ("log", "reached"):
                (killed / name).unlink(missing_ok=True)
            kill_later(start(files, killed, steps), killed, moments)
            halves += len(list((killed / "cell").glob("state/.checkpoint.*")))
            resumed, done = resumed_after(killed), number_in(killed / "reached")
            resumptions += resumed is not None
            if resumed is not None or done:  # else it was killed before it looked for a checkpoint
                lost.append(reached - (resumed or 0))
                reached = done or resumed or 0
            print(f"kill {number}: at step {reached}", file=sys.stderr)
        for folder in (killed, whole):
            process = start(files, folder, steps)
            process.join()
            if process.exitcode:
                sys.exit(f"{folder.name} failed")
        equal = [(killed / "cell" / name).read_bytes() == (whole / "cell" / name).read_bytes() for name in NAMES]
    print(f"{given.kills} kills in {steps} steps, a checkpoint every {EVERY}; {halves} while one was written;")
    print(f"went on from a checkpoint {resumptions} times; steps done again: {max(lost)} at most, {sum(lost)} in all;")
    print(f"files equal to those of the undisturbed run: {sum(equal)} of {len(equal)}")
    sys.exit(not all(equal) or max(lost) > EVERY)


if __name__ == "__main__":
    main()
