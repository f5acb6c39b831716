"""The metrics of piq and lpips, and DISTS as published: RGB in [0, 1], a value an image, finite gradients.

Their gradients are NaN where a root is taken of exactly 0: at a flat patch of the output, which clamping makes often
enough, or where output and reference agree. Under `FiniteRoots` the values stay what the packages give, and the slope
at exactly 0 is 0: a subgradient wherever the root is a norm, as it is in FSIM, GMSD, VSI, DSS and LPIPS. For MDSI's
outer root it is a convention.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import piq
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from asymmetry.errors import UserError
from asymmetry.metrics.base import FidelityMetric
from asymmetry.metrics.dists import Dists
from asymmetry.networks import published
from asymmetry.networks.backbones import check_fit, set_weights
from asymmetry.networks.convolution import Vgg

TRUNKS = {"alex": "alexnet", "vgg": "vgg-16"}
ROOTS = {torch.sqrt, Tensor.sqrt}
POWERS = {torch.pow, Tensor.pow, Tensor.__pow__}


class FiniteRoots(TorchFunctionMode):
    """Within it, the slope of sqrt(x) and of x^p, 0 < p < 1, at exactly x = 0 is 0 instead of infinite."""

    def __torch_function__(
        self, func: Callable, types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Replace zeros under a root by ones on the way in and by zeros on the way out."""
        kwargs = kwargs or {}
        exponent = kwargs.get("exponent", args[1] if len(args) > 1 else None)
        root = func in ROOTS or (func in POWERS and isinstance(exponent, float) and 0 < exponent < 1)
        if not root:
            return func(*args, **kwargs)
        base, *rest = args
        zero = base == 0
        return func(base.masked_fill(zero, 1), *rest, **kwargs).masked_fill(zero, 0)


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
        settings = {
            name: value.to(prediction) if isinstance(value, Tensor) else value for name, value in self.settings.items()
        }
        try:
            with FiniteRoots():
                value = self.function(prediction, reference, data_range=1.0, reduction="none", **settings)
        except (TypeError, ValueError, AssertionError) as error:
            raise UserError(
                f"piq's {self.function.__name__} does not take the options {self.settings} ({error})."
            ) from error
        return value.masked_fill(same, self.optimum).masked_fill(broken, torch.nan)


class Lpips(FidelityMetric):
    """LPIPS v0.1 of Zhang et al., CVPR 2018, on `alex` or `vgg` with their public ImageNet weights.

    The linear weights come with the package lpips.
    """

    higher_is_better = False

    def __init__(self, net: str = "alex") -> None:
        super().__init__()
        import lpips

        if net not in TRUNKS:
            raise UserError(f"lpips has no net {net!r}.", "use one of: alex, vgg")
        weights = published.read(TRUNKS[net])
        self.network = made_quietly(lpips.LPIPS, net=net, pnet_rand=True, verbose=False)
        trunk = self.network.net
        names = {name: f"features.{name.partition('.')[2]}" for name in trunk.state_dict()}  # slice1.0.weight, ...
        own = {names[name]: tensor for name, tensor in trunk.state_dict().items()}
        check_fit(weights, own, f"the public weights of {TRUNKS[net]} do not fit lpips")
        trunk.load_state_dict({name: weights[source] for name, source in names.items()})
        self.requires_grad_(False).eval()

    def _compare(self, prediction: Tensor, content: Tensor) -> Tensor:
        with FiniteRoots():
            return self.network(prediction, content.expand_as(prediction), normalize=True).flatten()


class OfficialDists(Dists):
    """DISTS as published: VGG-16 with L2 pooling, alpha and beta as released. It resizes nothing by itself."""

    def __init__(self) -> None:
        backbone = Vgg((64, 128, 256, 512, 512), (2, 2, 3, 3, 3), pooling="l2")
        set_weights(backbone, published.read("vgg-16"), published.entry("vgg-16").file)
        weights = published.read("dists")
        super().__init__(backbone, weights["alpha"].flatten(), weights["beta"].flatten())


def made_quietly(network: Callable[..., nn.Module], **settings: Any) -> nn.Module:
    """Make a network of a package without the warnings about torchvision's old arguments that it uses."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return network(**settings)
