"""Sizes that do not fit: crops and pictures smaller than a metric, a head, a backbone, a judge or a crop takes.

What the user's own code and the options of a network need is known only when they are made, so it is not checked here.
Nor are pictures whose size nobody knows before they are read.
"""

from collections.abc import Iterator
from itertools import chain, product
from typing import NamedTuple

from asymmetry import registry
from asymmetry.networks.sizes import smallest_for_dists, smallest_for_head
from asymmetry.plan import NONE, Config, Plan


class _Need(NamedTuple):
    """At the key `place`, `what` takes squares of `pixels` or more; `given` says in words that they have `side`."""

    place: str
    what: str
    pixels: int
    given: str
    side: int | None
    instead: str


def problems(config: Config) -> Iterator[str]:
    """Every need that is not met: key, pixels wanted and given, and what to do."""
    needs = chain(*(part(config) for part in (_optimization, _assessment, _judgement, _quality_models, _pretraining)))
    for need in needs:
        if need.side is not None and need.side < need.pixels:
            wanted = f"{need.what} needs {need.pixels} pixels a side, {need.given} {need.side}"
            yield f"{need.place}: {wanted}; enlarge that, or take {need.instead}."


def _optimization(config: Config) -> Iterator[_Need]:
    crop = config["optimization"]["crop"]
    given = "optimization.crop is"
    trainings = Plan(config).used.trainings
    for name in sorted({objective for objective, _ in trainings}):
        if metric := config["objectives"][name]["metric"]:
            what = f"the metric {metric}"
            yield _Need(f"objectives.{name}", what, _of_metric(config, metric), given, crop, "another metric")
    for name in sorted({discriminator for _, discriminator in trainings} - {NONE}):
        own = config["discriminators"][name]
        if "backbone" in own and (strides := _strides(config, own["backbone"])):
            what, pixels = f"a {own['head']} head on {own['backbone']}", smallest_for_head(strides, own["head"])
            yield _Need(f"discriminators.{name}", what, pixels, given, crop, "another head or backbone")
    for section in ("optimization", "pretraining"):
        pictures = _of_corpus(config, config["optimization"]["corpus"])
        yield _Need(f"{section}.crop", "the crop", config[section]["crop"], *pictures, "a smaller crop")


def _assessment(config: Config) -> Iterator[_Need]:
    own = config["assessment"]
    for dataset, metric in product(own["datasets"], own["metrics"]):
        pixels, side = _of_metric(config, metric), config["rated"][dataset].get("size")
        place = "assessment.metrics"
        yield _Need(place, f"the metric {metric}", pixels, f"rated.{dataset}.size is", side, "another metric")


def _judgement(config: Config) -> Iterator[_Need]:
    own = config["judgement"]
    scale = config["tasks"][config["optimization"]["task"]]["scale"]
    given, side = _of_corpus(config, own["corpus"])
    judged = side and side - side % scale
    for name in own["judges"]:
        pixels = registry.entry("judges", config["judges"][name]["object"]).minimum_size
        yield _Need("judgement.judges", f"the judge {name}", pixels, given, judged, "another judge")
    crop = config["figures"]["qualitative"]["crop"]
    yield _Need("figures.qualitative.crop", "the crop", crop, given, judged, "a smaller crop")


def _quality_models(config: Config) -> Iterator[_Need]:
    own = config["transfer"]
    for number, arm in enumerate(own["arms"]):
        pixels = max(_strides(config, arm["backbone"]), default=1)
        what = f"the backbone {arm['backbone']}"
        yield _Need(f"transfer.arms.{number}", what, pixels, "transfer.crop is", own["crop"], "another backbone")
    for dataset in own["datasets"]:
        side = config["rated"][dataset].get("size")
        yield _Need("transfer.crop", "the crop", own["crop"], f"rated.{dataset}.size is", side, "a smaller crop")


def _pretraining(config: Config) -> Iterator[_Need]:
    for name, own in config["initialisations"].items():
        if own["kind"] == "pretraining":
            pictures = _of_corpus(config, own["corpus"])
            yield _Need(f"initialisations.{name}.crop", "the crop", own["crop"], *pictures, "a smaller crop")


def _strides(config: Config, backbone: str) -> tuple[int, ...]:
    own = config["backbones"][backbone]
    return () if own.get("options") else registry.entry("backbones", own["object"]).strides


def _of_metric(config: Config, metric: str) -> int:
    own = config["metrics"][metric]
    strides = _strides(config, own["backbone"]) if own["object"] == "dists" else ()
    return smallest_for_dists(strides) if strides else registry.entry("metrics", own["object"]).minimum_size


def _of_corpus(config: Config, name: str) -> tuple[str, int | None]:
    """What is said of the size of a corpus, and a bound of its smallest picture's shorter side, if there is one."""
    own = config["corpora"][name]
    sides = [own[key] for key in ("size", "max_size") if key in own]
    sides += [own["procedural_size"]] if own.get("procedural_images") else []
    return f"pictures of corpora.{name} have", min(sides, default=None)
