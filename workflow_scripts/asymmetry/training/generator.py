"""Training a restoration network: first on L1 alone, then per (objective, discriminator, weight, seed)."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from asymmetry.data.batches import Batches
from asymmetry.errors import UserError
from asymmetry.networks.discriminators import Discriminator
from asymmetry.training.acceleration import Acceleration
from asymmetry.training.adversarial import AdversarialLoss, gradient_penalty
from asymmetry.training.objective import Objective

logger = logging.getLogger(__name__)
PLAIN = Acceleration()


def _descend(optimizer: torch.optim.Optimizer, losses: Iterable[Tensor], parts: int) -> Tensor:
    """One step of an optimizer on the mean of the losses of a batch's parts, which is returned.

    The losses are taken one at a time, so that the graph of one part is in memory.

    Raises:
        FloatingPointError: a loss or the gradient is not finite; the weights are as before.
    """
    optimizer.zero_grad(set_to_none=True)
    shares = []
    for loss in losses:
        share = loss / parts
        share.backward()
        shares.append(share.detach())
    mean = torch.stack(shares).sum()
    gradients = [w.grad for group in optimizer.param_groups for w in group["params"] if w.grad is not None]
    if not (torch.isfinite(mean) and torch.isfinite(nn.utils.get_total_norm(gradients))):
        raise FloatingPointError("the loss or its gradient is not finite")
    optimizer.step()
    return mean


def averaged(model: nn.Module, steps: int) -> AveragedModel:
    """An exponential moving average, decay min(.999, 1 - 10/steps): a short training must not stay at its start."""
    decay = min(0.999, max(0.0, 1 - 10 / steps))
    return AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(decay))


class Pretraining:
    """L1 training of a generator with Adam and a cosine schedule; `average.module` is the result."""

    def __init__(
        self,
        generator: nn.Module,
        batches: Batches,
        steps: int,
        learning_rate: float,
        acceleration: Acceleration = PLAIN,
    ) -> None:
        self.generator = generator
        self.batches = batches
        self.acceleration = acceleration
        self.average = averaged(generator, steps)
        self.optimizer = acceleration.adam(generator.parameters(), learning_rate)
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, steps)

    def step(self, number: int) -> bool:
        """One step on batch `number`; a non-finite loss is an error, for nothing can be built on this network."""
        parts = self.acceleration.parts(*self.batches.batch_at(number))
        losses = (l1_loss(self.acceleration.forward(self.generator, low), high) for low, high in parts)
        try:
            loss = _descend(self.optimizer, losses, len(parts))
        except FloatingPointError:
            raise UserError(
                f"the L1 pretraining diverged at step {number}.", "lower pretraining.learning_rate"
            ) from None
        self.schedule.step()
        self.average.update_parameters(self.generator)
        if number % 100 == 0:
            logger.info("step %d: L1 %.5f", number, loss.item())
        return True

    def state_dict(self) -> dict[str, Any]:
        """Networks, their average, optimizer and schedule."""
        return {name: getattr(self, name).state_dict() for name in ("generator", "average", "optimizer", "schedule")}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Put back what `state_dict` gave."""
        for name, part in state.items():
            getattr(self, name).load_state_dict(part)


class Adversary:
    """A discriminator with its optimizer and its adversarial loss.

    Args:
        network: the discriminator; its backbone is trained with it.
        loss: the adversarial loss.
        weight: factor of the generator's adversarial term.
        r1: factor of the gradient penalty at real images.
        learning_rate: of Adam.
        acceleration: how it computes.
    """

    def __init__(
        self,
        network: Discriminator,
        loss: AdversarialLoss,
        weight: float,
        r1: float,
        learning_rate: float,
        acceleration: Acceleration = PLAIN,
    ) -> None:
        self.network = network.train()
        self.weights = [weight for weight in network.parameters() if weight.requires_grad]
        self.loss = loss
        self.weight = weight
        self.r1 = r1
        self.acceleration = acceleration
        self.optimizer = acceleration.adam(self.weights, learning_rate)

    def _train(self, on: bool) -> None:
        for weight in self.weights:
            weight.requires_grad_(on)

    def _logits(self, images: Tensor) -> Tensor:
        return self.acceleration.forward(self.network, images)

    def generator_loss(self, output: Tensor, reference: Tensor) -> Tensor:
        """The unweighted adversarial term of the generator; no gradient reaches the discriminator's weights."""
        self._train(False)
        real = None
        if self.loss.relative:
            with torch.no_grad():
                real = self._logits(reference)
        return self.loss.generator(real, self._logits(output.clamp(0, 1)))

    def step(self, output: Tensor, reference: Tensor) -> dict[str, float]:
        """Train the discriminator on one batch; its loss and the share of logits on the right side of 0.

        Raises:
            FloatingPointError: the loss or its gradient is not finite; the weights are as before.
        """
        self._train(True)
        parts = self.acceleration.parts(output.detach(), reference)
        shares: list[float] = []
        loss = _descend(self.optimizer, self._losses(parts, shares), len(parts))
        return {"discriminator": loss.item(), "accuracy": sum(shares) / len(shares)}

    def _losses(self, parts: Sequence[tuple[Tensor, ...]], shares: list[float]) -> Iterator[Tensor]:
        for output, reference in parts:
            real, fake = self._logits(reference), self._logits(output.clamp(0, 1))
            loss = self.loss.discriminator(real, fake)
            if self.r1:
                with self.acceleration.twice_differentiable():
                    loss = loss + self.r1 * gradient_penalty(self.network, reference)
            shares.append((((real > 0).float().mean() + (fake < 0).float().mean()) / 2).item())
            yield loss


class CellTraining:
    """One cell of the grid: fine-tuning of the pretrained generator; `average.module` is the result.

    A non-finite loss or gradient, of either side, ends the training before it touches the weights: `diverged_at` is
    then that step, and the average is the last finite one (methods, section 3).

    Args:
        generator: the pretrained network.
        batches: the same for every cell of a seed.
        objective: reconstruction and perceptual terms.
        adversary: the discriminator's side, or None.
        steps: planned steps, which set the decay of the average.
        learning_rate: of Adam, for the generator.
        measure_every: steps between two measurements of the gradient ratio.
        acceleration: how the generator computes.
    """

    def __init__(
        self,
        generator: nn.Module,
        batches: Batches,
        objective: Objective,
        adversary: Adversary | None,
        *,
        steps: int,
        learning_rate: float,
        measure_every: int,
        acceleration: Acceleration = PLAIN,
    ) -> None:
        self.generator = generator
        self.batches = batches
        self.acceleration = acceleration
        self.objective = objective
        self.adversary = adversary
        self.measure_every = measure_every
        self.average = averaged(generator, steps)
        self.optimizer = acceleration.adam(generator.parameters(), learning_rate)
        self.history: list[dict[str, float]] = []
        self.diverged_at = 0

    def step(self, number: int) -> bool:
        """One step of the generator, then one of the discriminator, on batch `number`."""
        low, high = self.batches.batch_at(number)
        parts = self.acceleration.parts(low, high)
        measured = number % self.measure_every == 1 % self.measure_every
        outputs: list[Tensor] = []
        rows: list[dict[str, float]] = []
        norms: list[Tensor] = []

        def losses() -> Iterator[Tensor]:
            for low_part, high_part in parts:
                output = self.acceleration.forward(self.generator, low_part)
                outputs.append(output.detach())
                terms = self.objective.terms(output, high_part)
                total = self.objective.total(terms)
                if self.adversary is not None:
                    terms["adversarial"] = self.adversary.generator_loss(output, high_part)
                    adversarial = self.adversary.weight * terms["adversarial"]
                    if measured:
                        norms.append(torch.stack([_gradient_norm(term, output) for term in (adversarial, total)]))
                    total = total + adversarial
                rows.append({name: value.item() for name, value in terms.items()})
                yield total

        discriminated = {}
        try:
            _descend(self.optimizer, losses(), len(parts))
            self.average.update_parameters(self.generator)
            if self.adversary is not None:
                discriminated = self.adversary.step(torch.cat(outputs), high)
        except FloatingPointError:
            self.diverged_at = number
            logger.warning("diverged at step %d: %s", number, rows)
        row = {"step": number, **{name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}}
        if norms:
            adversarial_norm, supervised_norm = torch.stack(norms).norm(dim=0)
            row["gradient_ratio"] = (adversarial_norm / supervised_norm).item()
        self.history.append(row | discriminated)
        return not self.diverged_at

    def state_dict(self) -> dict[str, Any]:
        """Networks, average, optimizers, and the history so far."""
        state = {name: getattr(self, name).state_dict() for name in ("generator", "average", "optimizer")}
        if self.adversary is not None:
            state["discriminator"] = self.adversary.network.state_dict()
            state["discriminator_optimizer"] = self.adversary.optimizer.state_dict()
        return state | {"history": list(self.history)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Put back what `state_dict` gave."""
        for name in ("generator", "average", "optimizer"):
            getattr(self, name).load_state_dict(state[name])
        if self.adversary is not None:
            self.adversary.network.load_state_dict(state["discriminator"])
            self.adversary.optimizer.load_state_dict(state["discriminator_optimizer"])
        self.history = state["history"]


def _gradient_norm(loss: Tensor, at: Tensor) -> Tensor:
    return torch.autograd.grad(loss, at, retain_graph=True)[0].norm()
