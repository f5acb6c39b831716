"""Where and how a step computes: threads, seeds, device, log, and the one line a user sees when something is wrong."""

import hashlib
import logging
import os
import random
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from asymmetry.errors import UserError

if TYPE_CHECKING:
    import torch

Item = TypeVar("Item")
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
logger = logging.getLogger("asymmetry")


@contextmanager
def step(log: str | Path, threads: int = 1) -> Iterator[None]:
    """Run one step of the workflow: import heavy modules inside it, so that they see the number of threads.

    What the library logs goes to the file `log`. A `UserError` ends the process with exit code 1 and one message on
    standard error and in the log; any other exception keeps its traceback, in both places.
    """
    for variable in THREAD_VARIABLES:
        os.environ[variable] = str(threads)
    os.environ.setdefault("MPLBACKEND", "Agg")
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(filename=log, filemode="w", level=logging.INFO, format="%(asctime)s %(message)s", force=True)
    try:
        yield
    except UserError as error:
        logger.error("error: %s", error, exc_info=error.__cause__)
        sys.exit(f"error: {error}")
    except Exception:
        logger.exception("the step failed")
        raise


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
    """The torch device of that name (`cpu`, `cuda`, `mps`); one that is not there is a `UserError`."""
    import torch

    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not available.get(name, False):
        usable = ", ".join(key for key, there in available.items() if there)
        raise UserError(f"device {name!r} is not available here.", f"set `device` in the config to one of: {usable}")
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
            logger.info("%s: %d of %s after %.0f s", label, count, bar.total, now - start)
