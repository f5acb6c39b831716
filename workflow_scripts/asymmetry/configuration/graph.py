"""What is made from what: backbones from trained discriminators, which are made from backbones and metrics."""

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from asymmetry import registry
from asymmetry.networks import published
from asymmetry.plan import Config


def problems(config: Config) -> Iterator[str]:
    """Weights that do not belong to their backbone, and things that are made from themselves."""
    yield from _backbones(config)
    yield from _circles(config)


def _backbones(config: Config) -> Iterator[str]:
    pairs = [
        (f"{section}.{name}", own["backbone"], own["initialisation"])
        for section in ("metrics", "discriminators")
        for name, own in config[section].items()
        if "backbone" in own
    ]
    for number, arm in enumerate(config["transfer"]["arms"]):
        pairs += [(f"transfer.arms.{number}", arm["backbone"], name) for name in arm["initialisations"]]
    for place, backbone, name in pairs:
        initialisation, network = config["initialisations"][name], config["backbones"][backbone]["object"]
        source = initialisation.get("discriminator")
        if source and (own := config["discriminators"][source].get("backbone")) != backbone:
            yield f"{place}: {name} comes from a discriminator with backbone {own}."
        built_in = network in registry.table()["backbones"]
        if initialisation["kind"] == "published" and built_in and network not in published.table():
            yield f"{place}: there are no published weights of {network}."


def _circles(config: Config) -> Iterator[str]:
    made_from = {
        f"{section}.{name}": [f"{target}.{own[key]}" for key, target in keys.items() if own.get(key)]
        for section, keys in {
            "initialisations": {"discriminator": "discriminators", "objective": "objectives"},
            "discriminators": {"initialisation": "initialisations"},
            "objectives": {"metric": "metrics"},
            "metrics": {"initialisation": "initialisations"},
        }.items()
        for name, own in config[section].items()
    }
    try:
        TopologicalSorter(made_from).prepare()
    except CycleError as error:
        circle = error.args[1]
        yield f"{circle[0]}: is made from itself, by way of {', '.join(circle[1:-1])}."
