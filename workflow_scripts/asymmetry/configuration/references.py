"""Names that are used and must be defined: in the config itself, in the registry, or in the catalogue of datasets."""

import re
from collections.abc import Iterator
from typing import Any

from asymmetry import registry
from asymmetry.data import catalog
from asymmetry.errors import UserError, unknown
from asymmetry.plan import NONE, Config


def problems(config: Config) -> Iterator[str]:
    """Names that are used but not defined, and objects that do not exist."""

    def named(place: str, kind: str, names: Any, valid: Any) -> Iterator[str]:
        for name in [names] if isinstance(names, str) else names or []:
            if name not in valid:
                yield f"{place}: {unknown(kind, name, valid)}"

    for kind in ("corpora", "rated", "backbones", "metrics", "tasks", "generators", "discriminators", "judges"):
        for name, definition in config[kind].items():
            if "object" not in definition:
                continue
            try:
                entry = registry.entry(kind, definition["object"])
            except UserError as error:
                yield f"{kind}.{name}.object: {error}"
                continue
            if not all(part.isidentifier() for part in re.split("[.:]", entry.factory)):
                yield f"{kind}.{name}.object: {definition['object']!r} is no name of code, as package.module:Class is."
    for name, rated in config["rated"].items():
        yield from named(f"rated.{name}.corpus", "corpus", rated.get("corpus"), config["corpora"])
    for name, initialisation in config["initialisations"].items():
        place = f"initialisations.{name}"
        yield from named(f"{place}.corpus", "corpus", initialisation.get("corpus"), config["corpora"])
        yield from named(f"{place}.objective", "objective", initialisation.get("objective"), config["objectives"])
        discriminator = initialisation.get("discriminator")
        yield from named(f"{place}.discriminator", "discriminator", discriminator, config["discriminators"])
    for kind in ("metrics", "discriminators"):
        for name, definition in config[kind].items():
            yield from named(f"{kind}.{name}.backbone", "backbone", definition.get("backbone"), config["backbones"])
            initialisation = definition.get("initialisation")
            yield from named(
                f"{kind}.{name}.initialisation", "initialisation", initialisation, config["initialisations"]
            )
    for name, metric in config["metrics"].items():
        yield from named(
            f"metrics.{name}.channel_weights", "rated dataset", metric.get("channel_weights"), config["rated"]
        )
    for name, objective in config["objectives"].items():
        yield from named(f"objectives.{name}.metric", "metric", objective["metric"], config["metrics"])
    for name, judge in config["judges"].items():
        fitted_on = judge.get("fitted_on", {})
        yield from named(f"judges.{name}.fitted_on.corpus", "corpus", fitted_on.get("corpus"), config["corpora"])
        yield from named(f"judges.{name}.fitted_on.rated", "rated dataset", fitted_on.get("rated"), config["rated"])

    for section in ("corpora", "rated"):
        for name, definition in config[section].items():
            yield from named(f"{section}.{name}.dataset", "dataset", definition.get("dataset"), catalog.catalog())
    for key in ("accept_terms", "sources", "folders"):
        yield from named(f"downloads.{key}", "dataset", list(config["downloads"][key]), catalog.catalog())

    yield from named("assessment.datasets", "rated dataset", config["assessment"]["datasets"], config["rated"])
    yield from named("assessment.pairs", "rated dataset", config["assessment"]["pairs"], config["rated"])
    yield from named("assessment.metrics", "metric", config["assessment"]["metrics"], config["metrics"])
    optimization = config["optimization"]
    yield from named("optimization.task", "task", optimization["task"], config["tasks"])
    yield from named("optimization.generator", "generator", optimization["generator"], config["generators"])
    yield from named("optimization.corpus", "corpus", optimization["corpus"], config["corpora"])
    discriminators = [*config["discriminators"], NONE]
    for number, block in enumerate(optimization["cells"]):
        place = f"optimization.cells.{number}"
        yield from named(f"{place}.objectives", "objective", block["objectives"], config["objectives"])
        yield from named(f"{place}.discriminators", "discriminator", block["discriminators"], discriminators)
    yield from named("judgement.corpus", "corpus", config["judgement"]["corpus"], config["corpora"])
    yield from named("judgement.judges", "judge", config["judgement"]["judges"], config["judges"])
    yield from named("advice.fidelity", "judge", config["advice"]["fidelity"], config["judgement"]["judges"])
    transfer = config["transfer"]
    yield from named("transfer.datasets", "rated dataset", transfer["datasets"], config["rated"])
    for number, arm in enumerate(transfer["arms"]):
        place = f"transfer.arms.{number}"
        yield from named(f"{place}.backbone", "backbone", arm["backbone"], config["backbones"])
        initialisations = arm["initialisations"]
        yield from named(f"{place}.initialisations", "initialisation", initialisations, config["initialisations"])
    for name, figure in config["figures"].items():
        place = f"figures.{name}"
        objectives = figure.get("objectives", figure.get("objective"))
        yield from named(f"{place}.objective", "objective", objectives, config["objectives"])
        yield from named(f"{place}.discriminators", "discriminator", figure.get("discriminators"), discriminators)
