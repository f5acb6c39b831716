"""Where and how a step computes: threads, seeds, device, log, and the one line a user sees when something is wrong."""

import errno
import hashlib
import logging
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, TypeVar

from asymmetry.artifacts import sha256
from asymmetry.errors import UserError, listing

if TYPE_CHECKING:
    import torch

Item = TypeVar("Item")
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
SMALL = 2**26  # bytes up to which an input is compared by its content
SLACK = 60.0  # seconds by which the clocks of two machines may differ while a step begins
ROOM = "make room there, or set `results` in the config to a folder on another disk"
ACCESS = "check the permissions there, or set `results` in the config to a folder that can be written"
REFUSALS = {  # what a disk refuses, and what to do about it
    errno.ENOSPC: ROOM,
    errno.EDQUOT: ROOM,
    errno.EFBIG: "raise the limit on the size of a file (ulimit -f)",
    errno.EROFS: ACCESS,
    errno.EACCES: ACCESS,
    errno.EPERM: ACCESS,
    errno.EIO: "the disk may be broken: see the system's log",
    errno.ESTALE: "the file server was away: run again",
}
logger = logging.getLogger("asymmetry")
_afterwards: list[Callable[[], object]] | None = None  # None outside of a step


@contextmanager
def step(log: str | Path, threads: int = 1, inputs: Iterable[str | Path] = ()) -> Iterator[None]:
    """Run one step of the workflow: import heavy modules inside it, so that they see the number of threads.

    What the library logs goes to the file `log`. A `UserError`, and what a disk refuses, ends the process with exit
    code 1 and one message on standard error and in the log; any other exception keeps its traceback, in both places.
    `stop_signals` end it with 128 + their number and a message too, temporary files removed. A file or folder of
    `inputs` whose content changes meanwhile fails the step: its result would be newer than the change and pass for up
    to date. So does one dated in the future, for Snakemake would delete a result that is older than what it rests on.
    """
    global _afterwards
    for variable in THREAD_VARIABLES:
        os.environ[variable] = str(threads)
    os.environ.setdefault("MPLBACKEND", "Agg")
    logging.raiseExceptions = False  # a full disk is told once, not for each line of the log
    for number in stop_signals():
        signal.signal(number, _stop)
    try:
        Path(log).parent.mkdir(parents=True, exist_ok=True)
        form = "%(asctime)s %(message)s"
        logging.basicConfig(filename=log, filemode="w", level=logging.INFO, format=form, force=True)
        inputs = [Path(path) for path in inputs]
        _check_dates(inputs, log, SLACK)
        before = [_mark(path) for path in inputs]
        _afterwards = []
        yield
        if changed := [path for path, mark in zip(inputs, before, strict=True) if _mark(path) != mark]:
            raise UserError(f"changed while this step read them:\n{listing(changed)}", "run again")
        _check_dates(inputs, log, 0)
        for action in _afterwards:
            action()
    except UserError as error:
        logger.error("error: %s", error, exc_info=error.__cause__)
        sys.exit(f"error: {error}")
    except Exception as error:
        logger.exception("the step failed")
        if hint := _refusal(error):
            sys.exit(f"error: {error} Hint: {hint}")
        raise


def afterwards(action: Callable[[], object]) -> None:
    """Do `action` once the step around has succeeded, its inputs unchanged; at once where there is no step."""
    if _afterwards is None:
        action()
    else:
        _afterwards.append(action)


def stop_signals() -> list[signal.Signals]:
    """The signals that ask a process to end; a terminal that closes (SIGHUP) does, unless that is ignored (`nohup`)."""
    asking = [signal.SIGTERM, signal.SIGINT]
    return asking if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else [*asking, signal.SIGHUP]


def _stop(number: int, frame: FrameType | None) -> None:
    with suppress(OSError):  # where the terminal is gone
        print(f"stopped by {signal.Signals(number).name}", file=sys.stderr, flush=True)
    sys.exit(128 + number)


def _mark(path: Path) -> object:
    """What tells a content from another: the digest of a small file, sizes and times of a large one or of a folder."""
    if path.is_dir():
        return sorted((str(file), _times(file)) for file in path.rglob("*") if file.is_file())
    if not path.is_file():
        return None
    return sha256(path) if path.stat().st_size <= SMALL else _times(path)


def _times(file: Path) -> tuple[int, ...]:
    status = file.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def _check_dates(inputs: Iterable[Path], log: str | Path, slack: float) -> None:
    """Refuse files dated later than now, as the clock of the disk tells that results are written to."""
    Path(log).touch()
    now = Path(log).stat().st_mtime + slack
    if ahead := [path for path in inputs if path.is_file() and path.stat().st_mtime > now]:
        raise UserError(
            f"dated in the future:\n{listing(ahead)}",
            "set the clock right, give them a date of today (touch), run again",
        )


def _refusal(error: BaseException | None) -> str | None:
    """What to do where an error comes from a disk that refuses; None for any other error."""
    while error is not None:
        for code, hint in REFUSALS.items():
            if getattr(error, "errno", None) == code or f"(os error {code})" in str(error):
                return hint
        error = error.__cause__ or error.__context__
    return None


def stable_seed(*parts: object) -> int:
    """A seed in [0, 2**63) that depends on the given parts alone: the same on every machine, in every process."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def seed_everything(seed: int) -> None:
    """Seed Python's, numpy's and torch's global random states."""
    import numpy as np
    import torch

    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def device(name: str) -> "torch.device":
    """The torch device of that name (`cpu`, `cuda`, `mps`); one that is not there is a `UserError`.

    On CUDA, convolutions then keep all bits of float32, as matrix products do: with TF32, torch's default, backbones of
    convolutions would see 10 bits of mantissa and those of attention 23.
    """
    import torch

    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not available.get(name, False):
        usable = ", ".join(key for key, there in available.items() if there)
        raise UserError(f"device {name!r} is not available here.", f"set `device` in the config to one of: {usable}")
    if name == "cuda":
        torch.backends.cudnn.allow_tf32 = False
    return torch.device(name)


def progress(items: Iterable[Item], label: str, total: int | None = None, every: float = 10.0) -> Iterator[Item]:
    """Iterate with a bar on a terminal and, at least `every` seconds apart, a line in the log."""
    from tqdm import tqdm

    spoken = start = time.monotonic()
    bar = tqdm(items, desc=label, total=total, disable=not sys.stderr.isatty(), leave=False)
    for count, item in enumerate(bar, start=1):
        yield item
        if (now := time.monotonic()) - spoken >= every:
            spoken = now
            of = f" of {bar.total}" if bar.total else ""
            logger.info("%s: %d%s after %.0f s", label, count, of, now - start)
