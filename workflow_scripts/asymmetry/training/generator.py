"""Training a restoration network: first on L1 alone, then per (objective, discriminator, weight, seed)."""

import logging
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from asymmetry.data.batches import PairedCrops
from asymmetry.networks.discriminators import Discriminator
from asymmetry.training.adversarial import AdversarialLoss, gradient_penalty
from asymmetry.training.objective import Objective

logger = logging.getLogger(__name__)
BETAS = (0.9, 0.99)


def _descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """One step of an optimizer; if loss or gradient is not finite, a `FloatingPointError` and the weights as before."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    gradients = [w.grad for group in optimizer.param_groups for w in group["params"] if w.grad is not None]
    if not (torch.isfinite(loss) and torch.isfinite(nn.utils.get_total_norm(gradients))):
        raise FloatingPointError("the loss or its gradient is not finite")
    optimizer.step()


def averaged(model: nn.Module, steps: int) -> AveragedModel:
    """An exponential moving average, decay min(.999, 1 - 10/steps): a short training must not stay at its start."""
    decay = min(0.999, max(0.0, 1 - 10 / steps))
    return AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(decay))


class Pretraining:
    """L1 training of a generator with Adam and a cosine schedule; `average.module` is the result."""

    def __init__(self, generator: nn.Module, crops: PairedCrops, steps: int, learning_rate: float) -> None:
        self.generator = generator
        self.crops = crops
        self.average = averaged(generator, steps)
        self.optimizer = torch.optim.Adam(generator.parameters(), lr=learning_rate, betas=BETAS)
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, steps)

    def step(self, number: int) -> bool:
        """One step on batch `number`; a non-finite loss is an error, for nothing can be built on this network."""
        low, high = self.crops.batch_at(number)
        loss = l1_loss(self.generator(low), high)
        if not torch.isfinite(loss):
            raise FloatingPointError(f"the L1 pretraining diverged at step {number}; lower its learning rate")
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
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
    """A discriminator with its optimizer and its game.

    Args:
        network: the discriminator; its backbone is trained with it.
        loss: the game.
        weight: factor of the generator's adversarial term.
        r1: factor of the gradient penalty at real images.
        learning_rate: of Adam.
    """

    def __init__(
        self, network: Discriminator, loss: AdversarialLoss, weight: float, r1: float, learning_rate: float
    ) -> None:
        self.network = network.train()
        self.weights = [weight for weight in network.parameters() if weight.requires_grad]
        self.loss = loss
        self.weight = weight
        self.r1 = r1
        self.optimizer = torch.optim.Adam(self.weights, lr=learning_rate, betas=BETAS)

    def _train(self, on: bool) -> None:
        for weight in self.weights:
            weight.requires_grad_(on)

    def generator_loss(self, output: Tensor, reference: Tensor) -> Tensor:
        """The unweighted adversarial term of the generator; no gradient reaches the discriminator's weights."""
        self._train(False)
        real = None
        if self.loss.relative:
            with torch.no_grad():
                real = self.network(reference)
        return self.loss.generator(real, self.network(output.clamp(0, 1)))

    def step(self, output: Tensor, reference: Tensor) -> dict[str, float]:
        """Train the discriminator on one batch; its loss and the share of logits on the right side of 0.

        Raises:
            FloatingPointError: the loss or its gradient is not finite; the weights are as before.
        """
        self._train(True)
        real, fake = self.network(reference), self.network(output.detach().clamp(0, 1))
        loss = self.loss.discriminator(real, fake)
        if self.r1:
            loss = loss + self.r1 * gradient_penalty(self.network, reference)
        _descend(self.optimizer, loss)
        accuracy = ((real > 0).float().mean() + (fake < 0).float().mean()) / 2
        return {"discriminator": loss.item(), "accuracy": accuracy.item()}


class Cell:
    """One cell of the grid: fine-tuning of the pretrained generator; `average.module` is the result.

    A non-finite loss or gradient, of either side, ends the training before it touches the weights: `diverged_at` is
    then that step, and the average is the last finite one (methods, section 3).

    Args:
        generator: the pretrained network.
        crops: batches, the same for every cell of a seed.
        objective: reconstruction and perceptual terms.
        adversary: the discriminator's side, or None.
        steps: planned steps, which set the decay of the average.
        learning_rate: of Adam, for the generator.
        measure_every: steps between two measurements of the gradient ratio.
    """

    def __init__(
        self,
        generator: nn.Module,
        crops: PairedCrops,
        objective: Objective,
        adversary: Adversary | None,
        *,
        steps: int,
        learning_rate: float,
        measure_every: int,
    ) -> None:
        self.generator = generator
        self.crops = crops
        self.objective = objective
        self.adversary = adversary
        self.measure_every = measure_every
        self.average = averaged(generator, steps)
        self.optimizer = torch.optim.Adam(generator.parameters(), lr=learning_rate, betas=BETAS)
        self.history: list[dict[str, float]] = []
        self.diverged_at = 0

    def step(self, number: int) -> bool:
        """One step of the generator, then one of the discriminator, on batch `number`."""
        low, high = self.crops.batch_at(number)
        output = self.generator(low)
        terms = self.objective.terms(output, high)
        supervised = self.objective.total(terms)
        row = {"step": number}
        if self.adversary is None:
            total = supervised
        else:
            terms["adversarial"] = self.adversary.generator_loss(output, high)
            adversarial = self.adversary.weight * terms["adversarial"]
            if number % self.measure_every == 1 % self.measure_every:
                ratio = _gradient_norm(adversarial, output) / _gradient_norm(supervised, output)
                row["gradient_ratio"] = ratio.item()
            total = supervised + adversarial
        row |= {name: value.item() for name, value in terms.items()}

        try:
            _descend(self.optimizer, total)
            self.average.update_parameters(self.generator)
            if self.adversary is not None:
                row |= self.adversary.step(output, high)
        except FloatingPointError:
            self.diverged_at = number
            logger.warning("diverged at step %d: %s", number, row)
        self.history.append(row)
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
