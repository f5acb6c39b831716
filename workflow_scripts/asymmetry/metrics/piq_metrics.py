"""Adapters onto the metrics of piq and lpips: RGB in [0, 1], a value an image, finite gradients.

Their gradients are NaN where a root is taken of exactly 0: at a flat patch of the output, which clamping makes often
enough, or where output and reference agree. Under `FiniteRoots` the values stay what the packages give, and the slope
at exactly 0 is 0, a subgradient wherever the root is a norm, as it is in FSIM, GMSD, MDSI, VSI, DSS and LPIPS.
"""

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import piq
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from asymmetry.errors import UserError
from asymmetry.metrics.base import FidelityMetric

ROOTS = {torch.sqrt, Tensor.sqrt}
POWERS = {torch.pow, Tensor.pow, Tensor.__pow__}


class FiniteRoots(TorchFunctionMode):
    """Within it, the slope of sqrt(x) and of x^p, 0 < p < 1, at exactly x = 0 is 0 instead of infinite."""

    def __torch_function__(
        self, func: Callable, types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Replace zeros under a root by ones on the way in and by zeros on the way out."""
        root = func in ROOTS or (func in POWERS and isinstance(args[1], float) and 0 < args[1] < 1)
        if not root:
            return func(*args, **kwargs or {})
        base, *exponent = args
        zero = base == 0
        return func(base.masked_fill(zero, 1), *exponent).masked_fill(zero, 0)


class PiqMetric(FidelityMetric):
    """A function of piq by its name; identical images get the optimum, whatever rounding makes of them.

    Args:
        function: its name in piq.
        optimum: the value of identical images.
        settings: its other arguments; a list becomes a tensor.
    """

    def __init__(self, function: str, optimum: float, **settings: Any) -> None:
        super().__init__()
        self.optimum = optimum
        self.function = getattr(piq, function)
        self.settings = {
            name: torch.tensor(value) if isinstance(value, list) else value for name, value in settings.items()
        }

    def _compare(self, prediction: Tensor, content: Tensor) -> Tensor:
        reference = content.expand_as(prediction)
        broken = prediction.isnan().flatten(1).any(1)
        same = (prediction == reference).flatten(1).all(1)
        skipped = (broken | same)[:, None, None, None]
        prediction, reference = (image.clamp(0, 1).masked_fill(skipped, 0.5) for image in (prediction, reference))
        with FiniteRoots():
            value = self.function(prediction, reference, data_range=1.0, reduction="none", **self.settings)
        return value.masked_fill(same, self.optimum).masked_fill(broken, torch.nan)


class Lpips(FidelityMetric):
    """LPIPS v0.1 of Zhang et al., CVPR 2018, on `alex` or `vgg`, whose ImageNet weights must be in torch's cache."""

    higher_is_better = False

    def __init__(self, net: str = "alex") -> None:
        super().__init__()
        import lpips
        from torchvision.models import AlexNet_Weights, VGG16_Weights

        weights = {"alex": AlexNet_Weights.IMAGENET1K_V1, "vgg": VGG16_Weights.IMAGENET1K_V1}
        if net not in weights:
            raise UserError(f"lpips has no net {net!r}.", "use one of: alex, vgg")
        require_cached("lpips", weights[net].url)
        self.network = made_quietly(lpips.LPIPS, net=net, verbose=False)
        self.requires_grad_(False).eval()

    def _compare(self, prediction: Tensor, content: Tensor) -> Tensor:
        with FiniteRoots():
            return self.network(prediction, content.expand_as(prediction), normalize=True).flatten()


class OfficialDists(FidelityMetric):
    """DISTS with its published weights, through piq, which reduces images to a shorter side of 256 by itself."""

    higher_is_better = False

    def __init__(self) -> None:
        super().__init__()
        from torchvision.models import VGG16_Weights

        require_cached("dists-official", VGG16_Weights.IMAGENET1K_V1.url, piq.DISTS._weights_url)
        self.network = made_quietly(piq.DISTS, reduction="none")
        self.network.model.requires_grad_(False).eval()

    def _compare(self, prediction: Tensor, content: Tensor) -> Tensor:
        return self.network(prediction, content.expand_as(prediction))


def require_cached(metric: str, *urls: str) -> None:
    """Refuse with a `UserError` unless the files of these addresses are in torch's cache; nothing is downloaded."""
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    for url in urls:
        file = folder / url.rpartition("/")[2]
        if not file.is_file():
            raise UserError(f"{metric} needs the weights {file}, which are not there.", f"put {url} in that folder")


def made_quietly(network: Callable[..., nn.Module], **settings: Any) -> nn.Module:
    """Make a network of a package without the warnings about torchvision's old arguments that it uses."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return network(**settings)
