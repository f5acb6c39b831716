"""A training that can be stopped at any moment and goes on to the same result, bit for bit.

The state lives in a folder of its own beside the result, so that Snakemake, which deletes the outputs of a failed job,
leaves it alone. One process at a time holds its lock. The folder goes when the training is done, save what was set
aside; but where Snakemake was killed meanwhile it stays, for its next run takes the job for unfinished and deletes the
results.
"""

import errno
import io
import itertools
import logging
import os
import pickle
import platform
import random
import re
import signal
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

import numpy as np
import psutil
import torch
from filelock import AcquireReturnProxy, FileLock, Timeout

from asymmetry import artifacts
from asymmetry.artifacts import atomic
from asymmetry.compute import afterwards, progress, stop_signals
from asymmetry.errors import UserError

logger = logging.getLogger(__name__)
STARTED_BY = psutil.Process().parents()  # Snakemake among them
ASIDE = "checkpoint.set-aside-"
NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP}  # what a file system says that has none


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
    """One atomic file in `folder` that holds a trainer's state for the computation named by `fingerprint`.

    The versions of Python and the packages are part of the name: after an upgrade nothing goes on half old, half new.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self.folder = folder
        self.file = folder / "checkpoint.pt"
        self.fingerprint = artifacts.fingerprint({"computation": fingerprint, **artifacts.provenance()})

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

        A file that is damaged or belongs to another configuration, code or version is set aside, never loaded. One that
        cannot be read for want of a disk or of memory is a `UserError` and stays.
        """
        if not self.file.exists():
            return 0
        try:
            content, reason = self._read()
        except (OSError, MemoryError, RuntimeError) as error:  # RuntimeError: torch's word for no memory
            raise UserError(
                f"the checkpoint {self.file} cannot be read now ({str(error) or type(error).__name__}).",
                "run again once the disk and the memory allow it; should it be lost, delete it to start anew",
            ) from error
        if reason:
            aside = self._set_aside()
            message = f"checkpoint not used, {reason}; kept as {aside}"
            logger.warning(message)
            _say(message)
            return 0
        trainer.load_state_dict(content["trainer"])
        restore_random_states(content["random"])
        logger.info("resumed after step %d", content["step"])
        return content["step"]

    def _read(self) -> tuple[Any, str]:
        """What the file holds, and why it may not be used, if so."""
        data = io.BytesIO(self.file.read_bytes())
        try:
            if _damaged(data):
                return None, "it is damaged"
            content = torch.load(data, map_location="cpu", weights_only=True)
        except (pickle.UnpicklingError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and "PytorchStreamReader" not in str(error):
                raise
            return None, "it is damaged"
        if not isinstance(content, dict) or content.get("fingerprint") != self.fingerprint:
            return None, "it belongs to another configuration, code or version of a package"
        return content, ""

    def _set_aside(self) -> Path:
        """Rename the file to the first free name."""
        names = (self.folder / f"{ASIDE}{number}" for number in itertools.count(1))
        aside = next(name for name in names if not name.exists())
        os.replace(self.file, aside)
        return aside


def _damaged(data: io.BytesIO) -> bool:
    """Whether a checkpoint in memory is not as it was written, by the check sums in it: torch does not look at them."""
    try:
        return zipfile.ZipFile(data).testzip() is not None
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  # broken bytes raise whatever they happen to mean
        return True
    finally:
        data.seek(0)


def _say(message: str) -> None:
    with suppress(OSError):  # where the terminal is gone
        print(message, file=sys.stderr, flush=True)


@contextmanager
def _signals() -> Iterator[Callable[[], int]]:
    """Catch `stop_signals`; the yielded function gives the number of the one that came, or 0."""
    received = 0

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal received
        received = number

    before = {number: signal.signal(number, note) for number in stop_signals()}
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
        UserError: another process trains in this folder, or its file system has no locks.
        SystemExit: code 128 + n after signal n (SIGTERM, SIGINT, SIGHUP), the state saved at the step's boundary.
    """
    folder.mkdir(parents=True, exist_ok=True)
    holder = folder / "holder"
    try:
        lock = _lock(folder)
    except Timeout:
        who = holder.read_text(encoding="utf-8") if holder.exists() else "of unknown number"
        job = re.search(r"Slurm job (\d+)", who)
        end = f"scancel {job.group(1)}" if job else "kill, without -9"
        raise UserError(
            f"another process ({who}) is training in {folder}.",
            f"let it finish, or end it ({end}), which saves its state; then run again",
        ) from None
    with lock, _signals() as received:
        job = os.environ.get("SLURM_JOB_ID")
        who = f"{os.getpid()} on {platform.node()}" + (f", Slurm job {job}" if job else "")
        holder.write_text(who, encoding="utf-8")
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
                _say(message)
                sys.exit(128 + received())
            if number % every == 0 and number < steps:
                checkpoint.save(number, trainer)
        return last


def forget(folder: Path) -> None:
    """Remove the state of a training whose results are written, once the step around has succeeded.

    It stays where whoever started this process is gone, or where another process trains in it by now.
    """
    afterwards(lambda: _remove(folder))


def _remove(folder: Path) -> None:
    if psutil.Process().parents() != STARTED_BY:
        logger.warning("whoever started this training is gone: its last checkpoint stays in %s", folder)
        return
    if not folder.exists():
        return
    try:
        with _lock(folder):
            for path in folder.iterdir():
                if not path.name.startswith(ASIDE):
                    path.unlink(missing_ok=True)
            with suppress(OSError):  # where a checkpoint that was set aside stays
                folder.rmdir()
    except Timeout:
        logger.warning("another process trains in %s by now", folder)


def _lock(folder: Path) -> AcquireReturnProxy:
    """The folder's lock, taken at once or not at all; a kill releases it, on whatever node."""
    try:
        return FileLock(folder / "lock", fallback_to_soft=False).acquire(timeout=0)
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
        raise UserError(
            f"the file system of {folder} has no locks ({error.strerror}): two trainings could spoil each other.",
            "mount it with locks (Lustre: -o flock; NFS: without nolock), or set `results` to a folder on another disk",
        ) from None
