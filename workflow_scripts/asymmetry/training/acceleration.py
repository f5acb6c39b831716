"""Switches that change the speed and memory of a training, not its objective."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.utils import parametrize

from asymmetry.errors import UserError

BETAS = (0.9, 0.99)


@dataclass(frozen=True)
class Acceleration:
    """With everything off, a step is plain float32 on whole batches.

    Attributes:
        accumulate: parts that a batch is computed in, one after the other, for one update. Same gradients, less memory,
            except where a batch is more than its pictures: batch norm, the power iterations of spectral norm, and the
            means over a batch in a relativistic game then see the parts.
        autocast: generator and discriminator in bfloat16. Their outputs, all losses, fidelity metrics with their
            backbones (global statistics with constants of 1e-6 do not survive 8 bits) and the gradient penalty stay
            in float32. So do the statistics, heads and losses of finetuned quality models, whose backbones follow it.
        channels_last: images and convolutions in the layout (N, H, W, C).
        compile: `torch.compile` of generator and discriminator.
        fused: Adam in one kernel.
        workers: threads that make batches ahead (`data.batches.Ahead`).
    """

    accumulate: int = 1
    autocast: bool = False
    channels_last: bool = False
    compile: bool = False
    fused: bool = False
    workers: int = 0

    def arrange(self, network: nn.Module) -> None:
        """Lay out a network's weights as the switches say, in place."""
        if self.channels_last:
            network.to(memory_format=torch.channels_last)

    def prepare(self, network: nn.Module) -> None:
        """The same for a network that is trained, which is compiled too; the names in its state dict stay."""
        self.arrange(network)
        if self.compile:
            import torch._functorch.config as functorch

            functorch.donated_buffer = False  # the gradient ratio goes through a graph that is used again
            network.compile()

    def adam(self, weights: Iterable[nn.Parameter], learning_rate: float) -> torch.optim.Adam:
        """The optimizer of all trainings of generators and discriminators."""
        return torch.optim.Adam(weights, lr=learning_rate, betas=BETAS, fused=self.fused or None)

    def forward(self, network: nn.Module, images: Tensor) -> Tensor:
        """The output of a network, float32."""
        if self.channels_last:
            images = images.contiguous(memory_format=torch.channels_last)
        if not self.autocast:
            return network(images)
        with parametrize.cached():
            for part in network.modules():
                if parametrize.is_parametrized(part):
                    part.weight  # noqa: B018  # spectral norm, computed and kept outside of bfloat16
            with torch.autocast(images.device.type, torch.bfloat16):
                return network(images).float()

    def parts(self, *batches: Tensor) -> list[tuple[Tensor, ...]]:
        """Batches cut into as many equal parts as are computed one after the other."""
        if len(batches[0]) % self.accumulate:
            raise UserError(f"a batch of {len(batches[0])} cannot be computed in {self.accumulate} equal parts.")
        return list(zip(*(batch.chunk(self.accumulate) for batch in batches), strict=True))

    @contextmanager
    def twice_differentiable(self) -> Iterator[None]:
        """Inside, networks run uncompiled and attention unfused: else their gradient has no gradient."""
        uncompiled = torch.compiler.set_stance("force_eager") if self.compile else nullcontext()
        with uncompiled, sdpa_kernel(SDPBackend.MATH):
            yield

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Inside, a failure of the compiler is a `UserError`."""
        if not self.compile:
            yield
            return
        from torch._dynamo.exc import TorchDynamoException

        try:
            yield
        except TorchDynamoException as error:
            reason = " ".join(str(error).strip().partition("\n\n")[0].split())
            raise UserError(f"torch.compile failed: {reason}", "set acceleration.compile to false") from error
