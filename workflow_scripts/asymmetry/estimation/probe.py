"""What one training step of a network costs: counted operations, and the time on the present machine."""

import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, replace
from operator import add

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

logger = logging.getLogger(__name__)
SECONDS = 60.0  # for all probes together
GIGABYTES = 3.0  # of saved activations, so that a probe stays below 4 GB with its weights and buffers
SHORT = 1.0  # a probe of fewer seconds is run a second time, without the counter, to be timed
Step = Callable[[Tensor], object]


class TooLargeError(Exception):
    """The activations of a probe need more memory than it may take."""


@dataclass(frozen=True)
class Made:
    """One training step of a picture (1, 3, h, w) in [0, 1], parameters of the network, shortest side it takes."""

    step: Step
    parameters: int
    smallest: int = 1


@dataclass(frozen=True)
class Work:
    """An amount of computing.

    Attributes:
        flops: floating-point operations of matrix products and convolutions, a multiply-add counted as two.
        seconds: on the present machine.
        overhead: seconds on a GPU of which operations say nothing, such as reading pictures.
        bfloat16: those of the flops that autocast computes in bfloat16.
    """

    flops: float = 0.0
    seconds: float = 0.0
    overhead: float = 0.0
    bfloat16: float = 0.0

    def __add__(self, other: "Work") -> "Work":
        return Work(*map(add, astuple(self), astuple(other)))

    def __mul__(self, factor: float) -> "Work":
        return Work(*(value * factor for value in astuple(self)))

    __rmul__ = __mul__

    def autocast(self) -> "Work":
        """The same, all of it in bfloat16 where autocast is on."""
        return replace(self, bfloat16=self.flops)


UNKNOWN = Work(flops=math.nan, seconds=math.nan, bfloat16=math.nan)  # so that no sum with it passes for a number


@dataclass(frozen=True)
class Cost:
    """What a network costs.

    Attributes:
        pixel: the work of one training step for a pixel of the picture, `UNKNOWN` where it was not measured.
        parameters: of the network.
    """

    pixel: Work
    parameters: int


class Probes:
    """Measures networks one after the other, within 60 s and 4 GB altogether.

    Args:
        device: where the steps run.
        seconds: time after which no further network is measured.
    """

    def __init__(self, device: torch.device, seconds: float = SECONDS) -> None:
        self.device = device
        self.end = time.monotonic() + seconds
        self.skipped: list[str] = []

    def measure(self, name: str, make: Callable[[], Made], crop: int, smallest: int | None = None) -> Cost:
        """The cost of the network `name`; its work is `UNKNOWN` where the time is over or the memory does not suffice.

        Args:
            name: for the log and the notes.
            make: makes the network.
            crop: side of the picture, pixels; the network's smallest one where that is more.
            smallest: the side may be halved down to this where the memory does not suffice; by default it may not.
        """
        made = make()
        if time.monotonic() > self.end:
            self.skipped.append(name)
            return Cost(UNKNOWN, made.parameters)
        crop = max(crop, made.smallest)
        while True:
            picture = torch.rand(1, 3, crop, crop, generator=torch.Generator().manual_seed(0)).to(self.device)
            try:
                work = self._run(made.step, picture)
            except TooLargeError:
                if crop // 2 < (smallest or crop):
                    self.skipped.append(name)
                    return Cost(UNKNOWN, made.parameters)
                crop //= 2
                continue
            logger.info("%s: %.3g GFLOP, %.2f s at %d pixels", name, work.flops / 1e9, work.seconds, crop)
            return Cost(work * (1 / crop**2), made.parameters)

    def _run(self, step: Step, picture: Tensor) -> Work:
        counter = FlopCounterMode(display=False)
        with sdpa_kernel(SDPBackend.MATH), bounded(), counter:  # other kernels of attention are not all counted
            seconds = self._timed(step, picture)
        if seconds < SHORT or self.device.type == "cuda":
            with bounded():
                seconds = self._timed(step, picture)
        return Work(counter.get_total_flops(), seconds)

    def _timed(self, step: Step, picture: Tensor) -> float:
        start = time.perf_counter()
        step(picture)
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - start


@contextmanager
def bounded(gigabytes: float = GIGABYTES) -> Iterator[None]:
    """Inside, keeping more than that many 10^9 bytes for a backward pass is a `TooLargeError`."""
    seen: set[int] = set()
    kept = 0

    def pack(tensor: Tensor) -> Tensor:
        nonlocal kept
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in seen:
            seen.add(storage.data_ptr())
            kept += storage.nbytes()
        if kept > gigabytes * 1e9:
            raise TooLargeError
        return tensor

    with saved_tensors_hooks(pack, lambda tensor: tensor):
        yield
