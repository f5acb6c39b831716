"""Making a fidelity metric from its name in the registry, or from the user's own code."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from asymmetry import registry
from asymmetry.errors import UserError, unknown
from asymmetry.metrics.base import FidelityMetric

RESIZES = ("none", "256")


class PluginMetric(FidelityMetric):
    """The user's own metric: any callable of the keywords `prediction` and `reference` that gives a value an image.

    Both are float32 (N, 3, H, W) in [0, 1], the result is (N,). A module is frozen. An attribute `optimum` of the
    callable tells the value of identical images.
    """

    def __init__(self, function: Callable[..., Tensor], name: str, higher_is_better: bool) -> None:
        super().__init__()
        self.function = function
        self.name = name
        self.higher_is_better = higher_is_better
        self.optimum = getattr(function, "optimum", None)
        self.minimum_size = getattr(function, "minimum_size", 1)
        if isinstance(function, nn.Module):
            self.requires_grad_(False).eval()

    def _compare(self, prediction: Tensor, content: Tensor) -> Tensor:
        try:
            value = self.function(prediction=prediction, reference=content.expand_as(prediction))
        except Exception as error:
            raise UserError(f"metric {self.name!r} raised {type(error).__name__}: {error}", "see the log") from error
        count = len(prediction)
        if not isinstance(value, Tensor) or value.shape != (count,):
            found = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
            raise UserError(
                f"metric {self.name!r} gives {found} for {count} images.", f"it must give a tensor of shape ({count},)"
            )
        if not value.isfinite().all() and prediction.isfinite().all():
            raise UserError(
                f"metric {self.name!r} gives {value.tolist()} for finite images.", "put an epsilon under roots and logs"
            )
        return value


def create_metric(
    object: str,
    *,
    backbone: nn.Module | None = None,
    channel_weights: Path | None = None,
    higher_is_better: bool | None = None,
    resize: str = "none",
    **options: Any,
) -> FidelityMetric:
    """Make a metric, frozen and in evaluation mode.

    Args:
        object: name in the registry, or `package.module:Class` (or a function that makes the metric) of the user's own.
        backbone: `networks.backbones.Backbone` of a DISTS-form metric; frozen in place.
        channel_weights: file of `fit_channel_weights`; None gives uniform weights.
        higher_is_better: direction of the user's own metric, unless it has an attribute of that name.
        resize: `none`, or `256`: in assessment, larger images are reduced to a shorter side of 256 pixels.
        options: for the metric's factory.
    """
    if resize not in RESIZES:
        raise UserError(unknown("resize rule", resize, RESIZES))
    given = {"backbone": backbone, "channel_weights": channel_weights}
    options |= {name: value for name, value in given.items() if value is not None}
    made = registry.create("metrics", object, **options)
    built_in = object in registry.table()["metrics"]
    metric = _with_facts(made, object) if built_in else _plugged_in(made, object, higher_is_better)
    if higher_is_better not in (None, metric.higher_is_better):
        raise UserError(f"metric {object!r} says higher_is_better: {metric.higher_is_better}, not {higher_is_better}.")
    metric.resize = resize
    return metric


def _with_facts(metric: FidelityMetric, name: str) -> FidelityMetric:
    facts = registry.entry("metrics", name)
    metric.higher_is_better = facts.higher_is_better
    metric.range = tuple(facts.range)
    metric.minimum_size = max(metric.minimum_size, facts.minimum_size)
    return metric


def _plugged_in(made: object, name: str, higher_is_better: bool | None) -> FidelityMetric:
    if isinstance(made, FidelityMetric):
        return made
    if not callable(made):
        raise UserError(f"metric {name!r} made a {type(made).__name__}, which cannot be called.")
    direction = getattr(made, "higher_is_better", higher_is_better)
    if direction is None:
        raise UserError(
            f"metric {name!r} does not tell its direction.",
            "give it an attribute higher_is_better (True or False), or set higher_is_better beside it in the config",
        )
    if not isinstance(direction, bool):
        raise UserError(f"metric {name!r}: higher_is_better is {direction!r}.", "it must be True or False")
    return PluginMetric(made, name, direction)


def load_metric(settings: Mapping[str, Any], files: Mapping[str, Path]) -> FidelityMetric:
    """A metric as the rules resolve its definition in the config.

    Args:
        settings: `object`, `options`, `resize`, `higher_is_better`, and for a deep metric `backbone` (what
            `networks.backbones.load_backbone` takes, the path apart).
        files: `backbone` and `channel_weights`, where the metric has them.
    """
    from asymmetry.networks.backbones import load_backbone

    given = dict(settings["options"])
    if "backbone" in settings:
        given["backbone"] = load_backbone(path=files["backbone"], **settings["backbone"])
    if "channel_weights" in files:
        given["channel_weights"] = files["channel_weights"]
    return create_metric(
        settings["object"], higher_is_better=settings["higher_is_better"], resize=settings["resize"], **given
    )
