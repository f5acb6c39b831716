"""A training that can be stopped at any moment and goes on to the same result, bit for bit.

The state lives in a folder of its own beside the result, so that Snakemake, which deletes the outputs of a failed job,
leaves it alone. One process at a time holds its lock. The folder goes when the training is done; but where Snakemake
was killed meanwhile it stays, for its next run takes the job for unfinished and deletes the results.
"""

import logging
import os
import platform
import random
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

import numpy as np
import psutil
import torch
from filelock import FileLock, Timeout

from asymmetry.artifacts import atomic
from asymmetry.compute import progress
from asymmetry.errors import UserError

logger = logging.getLogger(__name__)
STARTED_BY = psutil.Process().parents()  # Snakemake among them


class Trainer(Protocol):
    """What `run` drives: one optimization step at a time, its whole state as tensors and plain values."""

    def step(self, number: int) -> bool:
        """Do step `number` (from 1); False ends the training early."""

    def state_dict(self) -> dict[str, Any]:
        """Everything that the next step depends on, random states of torch, numpy and Python left out."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Put back what `state_dict` gave."""


def random_states() -> dict[str, Any]:
    """The global random states of Python, numpy and torch, of the device in use too, as plain values and tensors."""
    name, keys, position, has_gauss, gauss = np.random.get_state()
    states = {
        "python": random.getstate(),
        "numpy": (name, torch.from_numpy(keys.astype(np.int64)), position, has_gauss, gauss),
        "torch": torch.get_rng_state(),
    }
    if torch.cuda.is_initialized():
        states["cuda"] = torch.cuda.get_rng_state()
    if torch.backends.mps.is_available():
        states["mps"] = torch.mps.get_rng_state()
    return states


def restore_random_states(states: dict[str, Any]) -> None:
    """Put back what `random_states` gave."""
    random.setstate(states["python"])
    name, keys, *rest = states["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))
    torch.set_rng_state(states["torch"])
    if "cuda" in states and torch.cuda.is_initialized():
        torch.cuda.set_rng_state(states["cuda"])
    if "mps" in states and torch.backends.mps.is_available():
        torch.mps.set_rng_state(states["mps"])


class Checkpoint:
    """One atomic file in `folder` that holds a trainer's state for the computation named by `fingerprint`."""

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self.folder = folder
        self.file = folder / "checkpoint.pt"
        self.fingerprint = fingerprint

    def save(self, step: int, trainer: Trainer) -> None:
        """Write the state after `step`; a kill at any moment leaves this file or the one before."""
        content = {
            "fingerprint": self.fingerprint,
            "step": step,
            "random": random_states(),
            "trainer": trainer.state_dict(),
        }
        with atomic(self.file) as temporary, open(temporary, "wb") as file:  # of a path, torch hides why it failed
            torch.save(content, file)

    def load(self, trainer: Trainer) -> int:
        """Restore the last state and give its step; 0 where there is none that fits.

        A file that is damaged or belongs to another configuration or code is set aside, never loaded.
        """
        if not self.file.exists():
            return 0
        try:
            content = torch.load(self.file, map_location="cpu", weights_only=True)
            reason = "" if content["fingerprint"] == self.fingerprint else "it belongs to another configuration or code"
        except Exception as error:  # noqa: BLE001  # a broken pickle raises whatever its bytes happen to mean
            reason = f"it is damaged ({type(error).__name__})"
        if reason:
            aside = self.file.with_suffix(".set-aside")
            os.replace(self.file, aside)
            message = f"checkpoint not used, {reason}; kept as {aside}"
            logger.warning(message)
            print(message, file=sys.stderr)
            return 0
        trainer.load_state_dict(content["trainer"])
        restore_random_states(content["random"])
        logger.info("resumed after step %d", content["step"])
        return content["step"]


@contextmanager
def _signals() -> Iterator[Callable[[], int]]:
    """Catch SIGTERM and SIGINT; the yielded function gives the number of the one that came, or 0."""
    received = 0

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal received
        received = number

    before = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield lambda: received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run(trainer: Trainer, steps: int, folder: Path, fingerprint: str, every: int, label: str) -> int:
    """Train for `steps` steps, or until the trainer ends it, from the last checkpoint if there is one.

    Args:
        trainer: what is trained; it must be in its initial state.
        steps: number of the last step.
        folder: where the state lives meanwhile; the caller removes it (`forget`) when the results are written.
        fingerprint: names the computation (`artifacts.fingerprint`): settings, code and inputs.
        every: steps between two checkpoints.
        label: shown with the progress.

    Returns:
        The number of the last step done.

    Raises:
        UserError: another process trains in this folder.
        SystemExit: code 128 + n after signal n (SIGTERM, SIGINT), the state saved at the step's boundary.
    """
    folder.mkdir(parents=True, exist_ok=True)
    holder = folder / "holder"
    try:
        lock = FileLock(folder / "lock").acquire(timeout=0)
    except Timeout:
        who = holder.read_text(encoding="utf-8") if holder.exists() else "of unknown number"
        raise UserError(
            f"another process ({who}) is training in {folder}.",
            "let it finish, or end it (kill, without -9), which saves its state; then run again",
        ) from None
    with lock, _signals() as received:
        holder.write_text(f"{os.getpid()} on {platform.node()}", encoding="utf-8")
        for half in folder.glob(".checkpoint.*"):
            half.unlink()
        checkpoint = Checkpoint(folder, fingerprint)
        last = checkpoint.load(trainer)
        for number in progress(range(last + 1, steps + 1), label):
            go_on = trainer.step(number)
            last = number
            if not go_on:
                break
            if received():
                checkpoint.save(number, trainer)
                message = f"stopped by {signal.Signals(received()).name} after step {number} of {steps}; state saved"
                logger.info(message)
                print(message, file=sys.stderr)
                sys.exit(128 + received())
            if number % every == 0 and number < steps:
                checkpoint.save(number, trainer)
        return last


def forget(folder: Path) -> None:
    """Remove the state of a training whose results are written.

    It stays where whoever started this process is gone, or where another process trains in it by now.
    """
    if psutil.Process().parents() != STARTED_BY:
        logger.warning("whoever started this training is gone: its last checkpoint stays in %s", folder)
        return
    if not folder.exists():
        return
    try:
        with FileLock(folder / "lock").acquire(timeout=0):
            shutil.rmtree(folder, ignore_errors=True)
    except Timeout:
        logger.warning("another process trains in %s by now", folder)
