"""Names to things: what the config may name, where its factory lives, and the facts known about it.

The built-in entries stand in `registry.yaml`; their modules are imported only when something is created. A dotted path
(`package.module:attribute` or `package.module.attribute`) names the user's own code on `PYTHONPATH` instead.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from asymmetry.errors import UserError, unknown

TABLE = Path(__file__).with_name("registry.yaml")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One built-in or plugged-in thing.

    Attributes:
        factory: `package.module:attribute` of the callable that makes it.
        arguments: fixed arguments of that callable.
        summary, source, licence: what it is, the paper or code it follows, and under which terms its code comes.
        pretrained_on: what a backbone's public weights were trained on; empty without such weights.
        unit: of a judge's value; empty where it has none.
        higher_is_better: direction of a metric's or judge's value; None where that has no meaning or is not yet known.
        range: lowest and highest value of a metric, None where unbounded or unknown.
        differentiable: whether gradients are finite on ordinary, constant and identical images: fit to be a loss.
        minimum_size: smallest height and width that a metric or judge accepts, pixels.
        trained_on: datasets that its weights have seen, so that assessments there do not count; without ImageNet.
        backbones: networks that a metric or a judge is built on, by their names in `backbones` where they have one.
        external: whether a judge is asked by pyiqa in its own environment; its arguments and options go there.
        architecture: `convolution` or `attention`, for backbones.
        strides: input pixels per feature position of each stage, for backbones without options.
        l2_pooling: whether a backbone can pool as the paper's DISTS does.
        fitted_on: what a built-in judge must be fitted on: `corpus`, `rated`.
    """

    factory: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    summary: str = ""
    source: str = ""
    licence: str = ""
    pretrained_on: str = ""
    unit: str = ""
    higher_is_better: bool | None = None
    range: tuple[float | None, float | None] = (None, None)
    differentiable: bool = True
    minimum_size: int = 1
    trained_on: tuple[str, ...] = ()
    backbones: tuple[str, ...] = ()
    external: bool = False
    architecture: str = ""
    strides: tuple[int, ...] = ()
    l2_pooling: bool = False
    fitted_on: tuple[str, ...] = ()

    @property
    def module(self) -> str:
        """Dotted name of the module that holds the factory."""
        return self.factory.partition(":")[0]


@cache
def table() -> dict[str, dict[str, Entry]]:
    """The built-in entries by kind (`metrics`, `backbones`, `generators`, `judges`, ...) and name."""
    raw = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return {kind: {name: Entry(**facts) for name, facts in (entries or {}).items()} for kind, entries in raw.items()}


def entry(kind: str, name: str) -> Entry:
    """Look up a built-in name or a dotted path, importing nothing; an unknown name is a `UserError`."""
    known = table().get(kind, {})
    if name in known:
        return known[name]
    module, colon, attribute = name.partition(":")
    if not colon:
        module, _, attribute = name.rpartition(".")
    if not module or not attribute:
        raise UserError(unknown(f"object in {kind}", name, known), "your own code is named package.module:Class")
    return Entry(factory=f"{module}:{attribute}")


def create(kind: str, name: str, **options: Any) -> Any:
    """Import the factory and call it with the entry's fixed arguments and `options`."""
    found = entry(kind, name)
    attribute = found.factory.partition(":")[2]
    try:
        factory = getattr(import_module(found.module), attribute)
    except ImportError as error:
        raise UserError(f"{kind}: {name!r} cannot be imported ({error}).", "is its folder on PYTHONPATH?") from error
    except AttributeError as error:
        raise UserError(f"{kind}: {name!r} cannot be imported ({error}).", "is the name in it right?") from error
    try:
        return factory(**found.arguments, **options)
    except TypeError as error:
        raise UserError(f"{kind}: {name!r} cannot be made with options {sorted(options)} ({error}).") from error
