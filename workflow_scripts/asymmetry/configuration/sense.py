"""Semantic checks: configurations that satisfy the schema but make no sense."""

from collections.abc import Iterator
from itertools import chain

from asymmetry import registry
from asymmetry.configuration import graph, places, sizes
from asymmetry.data import catalog
from asymmetry.errors import unknown
from asymmetry.plan import NONE, Config, Plan, canonical
from asymmetry.plan.networks import PRETRAINING
from asymmetry.plan.pictures import EMULATIONS

# What a definition of each kind needs, and what else it may have.
NEEDS = {
    "corpora": {
        "scenes": {"size"},
        "training-pool": {"max_size", "procedural_images", "procedural_size"},
        "procedural": {"images", "size"},
        "folder": {"path"},
        "published": {"dataset"},
    },
    "rated": {
        "kadid-emulation": {"corpus", "size", "levels"},
        "textures": {"textures", "size"},
        "csv": {"path", "higher_is_better"},
        "published": {"dataset"},
    },
    "initialisations": {
        "random": set(),
        "pretraining": {"corpus", *PRETRAINING},
        "published": set(),
        "discriminator": {"objective", "discriminator", "weight"},
        "file": {"path", "preprocessing", "pretrained_on"},
    },
}
MAY = {"corpora": {"folder": {"size"}}, "rated": {"kadid-emulation": {"scenes", "distortions"}, "textures": {"levels"}}}
LONGEST_WEIGHT = 24
HEAD = {"backbone", "initialisation", "head", "spectral_norm"}


def problems(config: Config) -> Iterator[str]:
    """Everything that the schema cannot say, of a configuration whose names all resolve."""
    for first in ((_kinds, _metrics, _discriminators), (graph.problems,)):  # each relies on those before
        if found := [*chain(*(part(config) for part in first))]:
            return iter(found)
    parts = (
        *(places.problems, _published, _objectives, _datasets, _scenes, _judges, _parts),
        *(sizes.problems, _weights, _transfer, _leaks, _grid),
    )
    return chain(*(part(config) for part in parts))


def _kinds(config: Config) -> Iterator[str]:
    for section, kinds in NEEDS.items():
        for name, definition in config[section].items():
            kind = definition.get("object", definition.get("kind"))
            keys = set(definition) - {"object", "kind", "mode"}
            needed = kinds.get(kind, set())
            allowed = needed | MAY.get(section, {}).get(kind, set()) if kind in kinds else {"options"}
            if missing := needed - keys:
                yield f"{section}.{name}: {kind} needs {', '.join(sorted(missing))}."
            for key in sorted(keys - allowed):
                yield f"{section}.{name}: {unknown(f'key of {kind}', key, allowed)}"


def _published(config: Config) -> Iterator[str]:
    for section in ("corpora", "rated"):
        for name, definition in config[section].items():
            wanted = definition.get("mode", "pictures")
            if definition["object"] == "published" and (kind := catalog.dataset(definition["dataset"]).kind) != wanted:
                yield f"{section}.{name}: {definition['dataset']} is of kind {kind}, not {wanted}."
            elif wanted == "pairs" and definition["object"] in registry.table()["rated"].keys() - {"published"}:
                yield f"{section}.{name}: {definition['object']} holds no pairs."


def _metrics(config: Config) -> Iterator[str]:
    for name, metric in config["metrics"].items():
        together = ["backbone", "initialisation"]
        if any(key in metric for key in together) and not all(key in metric for key in together):
            yield f"metrics.{name}: backbone and initialisation come together."
        if (metric["object"] == "dists") != ("backbone" in metric) and metric["object"] in registry.table()["metrics"]:
            yield f"metrics.{name}: dists needs a backbone, and no other built-in metric takes one."
        for key in ("pooling", "seed", "channel_weights"):
            if metric.get(key) is not None and "backbone" not in metric:
                yield f"metrics.{name}.{key}: belongs to a metric with a backbone; leave it out."
        yield from _pooling(config, name, metric)


def _pooling(config: Config, name: str, metric: Config) -> Iterator[str]:
    built_in = registry.table()["backbones"]
    network = config["backbones"][metric["backbone"]]["object"] if "backbone" in metric else ""
    if metric.get("pooling") == "l2" and network in built_in and not built_in[network].l2_pooling:
        valid = [key for key, facts in built_in.items() if facts.l2_pooling]
        yield f"metrics.{name}.pooling: {network} has no l2 pooling, only {', '.join(valid)}; set it to max."


def _discriminators(config: Config) -> Iterator[str]:
    for name, discriminator in config["discriminators"].items():
        if "object" not in discriminator and (missing := HEAD - set(discriminator)):
            yield f"discriminators.{name}: needs {', '.join(sorted(missing))}, or your own `object`."
        if "object" in discriminator and (extra := HEAD & set(discriminator)):
            yield f"discriminators.{name}: your own `object` stands in the place of {', '.join(sorted(extra))}."


def _used(config: Config) -> list[str]:
    """The objectives of all trainings."""
    return sorted({objective for objective, _ in Plan(config).used.trainings})


def _objectives(config: Config) -> Iterator[str]:
    for name in _used(config):
        objective = config["objectives"][name]
        if objective["metric"] is None:
            if not objective["reconstruction"]:
                yield f"objectives.{name}: nothing to minimise; give reconstruction a weight, or a metric."
            continue
        metric = config["metrics"][objective["metric"]]
        entry = registry.entry("metrics", metric["object"])
        if not entry.differentiable:
            valid = [key for key, facts in registry.table()["metrics"].items() if facts.differentiable]
            yield f"objectives.{name}: {metric['object']} is for assessment only; losses: {', '.join(valid)}."


def _datasets(config: Config) -> Iterator[str]:
    modes = {name: definition["mode"] for name, definition in config["rated"].items()}
    for name in config["assessment"]["datasets"]:
        if modes[name] != "fr":
            yield f"assessment.datasets: {name} has no references, and the metrics need them."
    for name in config["assessment"]["pairs"]:
        if modes[name] != "pairs":
            yield f"assessment.pairs: {name} is of mode {modes[name]}; only preferences (mode pairs) belong here."
    for name in config["transfer"]["datasets"]:
        if modes[name] == "pairs":
            yield f"transfer.datasets: {name} holds preferences, and quality models learn from scores."


def _scenes(config: Config) -> Iterator[str]:
    judged = config["judgement"]["corpus"]
    places = [("figures.qualitative.scenes", judged, config["figures"]["qualitative"]["scenes"])]
    places += [
        (f"rated.{k}.scenes", own["corpus"], own["scenes"]) for k, own in config["rated"].items() if "scenes" in own
    ]
    for place, corpus, names in places:
        known = Plan(config).pictures.scenes(corpus)
        for name in names:
            if known and name not in known:
                yield f"{place}: {unknown(f'scene of {corpus}', name, known)}"


def _parts(config: Config) -> Iterator[str]:
    scale = config["tasks"][config["optimization"]["task"]]["scale"]
    for section in ("pretraining", "optimization"):
        own = config[section]
        if own["crop"] % scale:
            yield f"{section}.crop: {own['crop']} is no multiple of the scale {scale}."
        if own["batch"] % own["accumulate"]:
            yield f"{section}.accumulate: a batch of {own['batch']} cannot be computed in {own['accumulate']} parts."


def _judges(config: Config) -> Iterator[str]:
    asked = config["judgement"]["judges"]
    if (fidelity := config["advice"]["fidelity"]) not in asked:
        yield f"advice.fidelity: {fidelity} is not in judgement.judges ({', '.join(asked)})."
    for name in config["judgement"]["judges"]:
        judge = config["judges"][name]
        needed, given = registry.entry("judges", judge["object"]).fitted_on, set(judge.get("fitted_on", {}))
        if judge["object"] in registry.table()["judges"] and set(needed) != given:
            wanted = f"needs fitted_on: {', '.join(needed)}" if needed else "is not fitted; leave fitted_on out"
            yield f"judges.{name}.fitted_on: {judge['object']} {wanted}."


def _weights(config: Config) -> Iterator[str]:
    """Adversarial weights stand in paths, as plain decimals."""
    places = [("figures.qualitative.weight", config["figures"]["qualitative"]["weight"])]
    places += [
        (f"initialisations.{k}.weight", own["weight"])
        for k, own in config["initialisations"].items()
        if "weight" in own
    ]
    for number, block in enumerate(config["optimization"]["cells"]):
        places += [(f"optimization.cells.{number}.weights", weight) for weight in block["weights"]]
    for place, weight in places:
        if len(canonical(weight)) > LONGEST_WEIGHT:
            yield f"{place}: {weight} has more than {LONGEST_WEIGHT - 1} digits as a plain decimal."


def _transfer(config: Config) -> Iterator[str]:
    if not Plan(config).transfer.models():
        yield "transfer.modes: fr alone, and none of transfer.datasets has references, so there is no quality model."
    own = {name: Plan(config).transfer.splits(name) for name in config["transfer"]["datasets"]}
    places = {"splits": config["transfer"]["splits"]}
    places |= {
        f"dataset_splits.{name}": splits for name, splits in config["transfer"].get("dataset_splits", {}).items()
    }
    for place, splits in places.items():
        if (splits["kind"] == "random") != ("count" in splits):
            yield f"transfer.{place}: kind random needs a count, and no other kind has one."
    for name, splits in own.items():
        definition = config["rated"][name]
        published = catalog.dataset(definition["dataset"]) if definition["object"] == "published" else None
        official = published.official_split if published else definition["object"] not in EMULATIONS
        if splits["kind"] == "official" and not official:
            known = [key for key, dataset in catalog.catalog().items() if dataset.official_split]
            yield f"transfer.splits: {name} has no official split, only {', '.join(known)}; set dataset_splits.{name}."
        levels, there = config["transfer"]["levels"], definition.get("levels")
        if levels and there and not {0, *there} & set(levels):
            yield (
                f"transfer.levels: {', '.join(map(str, levels))} leaves nothing of {name}, which has the levels"
                f" {', '.join(map(str, there))} (rated.{name}.levels)."
            )
        if splits["kind"] == "leave-one-scene-out" and published and published.kind == "nr":
            yield f"transfer.splits: each picture of {name} is a scene of its own; set dataset_splits.{name} to random."


def _leaks(config: Config) -> Iterator[str]:
    judged = config["judgement"]["corpus"]
    for name in _used(config):
        metric = config["metrics"].get(config["objectives"][name]["metric"] or "", {})
        fitted = config["rated"].get(metric.get("channel_weights") or "", {})
        if fitted.get("corpus") == judged:
            yield f"objectives.{name}: its metric is fitted on pictures of {judged}, which are judged."
    trained = {config["optimization"]["corpus"]}
    initialisations = [config["initialisations"][name] for _, name in Plan(config).used.initialised]
    trained |= {own["corpus"] for own in initialisations if "corpus" in own}
    if judged in trained:
        yield f"judgement.corpus: {judged} is trained on; judge pictures that nothing has seen."
    for name in config["transfer"]["datasets"]:
        if (source := config["rated"][name].get("corpus")) in trained - {judged}:
            yield f"transfer.datasets: {name} shows pictures of {source}, which are trained on."


def _grid(config: Config) -> Iterator[str]:
    plan = Plan(config)
    for number, block in enumerate(config["optimization"]["cells"]):
        if not block["weights"] and set(block["discriminators"]) != {NONE}:
            yield f"optimization.cells.{number}.weights: none given, and there are discriminators."
    if not plan.analysis.losses():
        yield (
            "assessment.metrics: none of them is a loss in optimization.cells (beside L1 of weight 1, kappa 1; L1"
            " itself is mae), so nothing could be compared."
        )
    objectives, discriminators, weights = (
        sorted({getattr(cell, key) for cell in plan.grid.cells}) for key in ("objective", "discriminator", "weight")
    )
    if (swept := config["figures"]["fig7"]["objective"]) not in objectives:
        yield f"figures.fig7.objective: {swept} is not in optimization.cells ({', '.join(objectives)})."
    if not plan.figures.pictured():
        own = config["figures"]["qualitative"]
        yield (
            f"figures.qualitative: optimization.cells has none of its objectives ({', '.join(own['objectives'])}) with"
            f" any of its discriminators ({', '.join(own['discriminators'])}) at weight {canonical(own['weight'])},"
            f" only objectives {', '.join(objectives)}; discriminators {', '.join(discriminators)}; weights"
            f" {', '.join(weights)}."
        )
