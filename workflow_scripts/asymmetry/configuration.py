"""The check of a configuration as a whole, before anything runs.

Light on purpose: the Snakefile imports this module, so it must not import torch, pandas or numpy.
"""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, ValidationError

from asymmetry import registry
from asymmetry.errors import UserError, listing, unknown
from asymmetry.plan import NONE, Config, Plan


def check(config: Config, schema: Path) -> None:
    """Refuse a configuration that cannot be run: every problem in one `UserError`, with its key and what is allowed."""
    validator = Draft202012Validator(yaml.safe_load(schema.read_text(encoding="utf-8")))
    problems = [_explain(error) for error in sorted(validator.iter_errors(config), key=lambda error: list(error.path))]
    problems = problems or [*_not_finite(config)] or [*_references(config)] or [*_sense(config)]
    if problems:
        raise UserError(f"the configuration is not valid:\n{listing(problems)}")


def _key(path: Any) -> str:
    return ".".join(map(str, path)) or "the top level"


def _explain(error: ValidationError) -> str:
    """One line: where, what is wrong, what is allowed."""
    place = _key(error.absolute_path)
    match error.validator:
        case "additionalProperties" if isinstance(error.instance, Mapping):
            valid = error.schema["properties"]
            extra = [key for key in error.instance if key not in valid]
            return f"{place}: " + " ".join(unknown("key", key, valid) for key in extra)
        case "enum":
            return f"{place}: {unknown('value', error.instance, map(str, error.validator_value))}"
        case "required":
            return f"{place}: {error.message}."
        case "pattern":
            return f"{place}: {error.instance!r} is no name ({error.schema.get('description', '')})."
    meaning = error.schema.get("description") if isinstance(error.schema, Mapping) else None
    return f"{place}: {error.message}" + (f" ({meaning})." if meaning else ".")


def _not_finite(value: Any, place: str = "") -> Iterator[str]:
    """Numbers that YAML can say and no key may be: nan and infinity, wherever they stand."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _not_finite(item, f"{place}.{key}" if place else str(key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _not_finite(item, f"{place}.{number}")
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"{place}: {value} is no finite number."


def _references(config: Config) -> Iterator[str]:
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
                registry.entry(kind, definition["object"])
            except UserError as error:
                yield f"{kind}.{name}.object: {error}"
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

    yield from named("assessment.datasets", "rated dataset", config["assessment"]["datasets"], config["rated"])
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
    transfer = config["transfer"]
    yield from named("transfer.datasets", "rated dataset", transfer["datasets"], config["rated"])
    yield from named("transfer.arms", "backbone", list(transfer["arms"]), config["backbones"])
    for backbone, initialisations in transfer["arms"].items():
        yield from named(f"transfer.arms.{backbone}", "initialisation", initialisations, config["initialisations"])
    for name, figure in config["figures"].items():
        place = f"figures.{name}"
        objectives = figure.get("objectives", figure.get("objective"))
        yield from named(f"{place}.objective", "objective", objectives, config["objectives"])
        yield from named(f"{place}.discriminators", "discriminator", figure.get("discriminators"), discriminators)


PRETRAINING = ("steps", "batch", "crop", "learning_rate", "degradations", "quality_weight")
NEEDS = {
    "corpora": {
        "scenes": {"size"},
        "training-pool": {"max_size", "procedural_images", "procedural_size"},
        "procedural": {"images", "size"},
        "folder": {"path"},
    },
    "rated": {
        "kadid-emulation": {"corpus", "size", "levels"},
        "textures": {"textures", "size"},
        "csv": {"path", "higher_is_better"},
    },
    "initialisations": {
        "random": set(),
        "pretraining": {"corpus", *PRETRAINING},
        "published": set(),
        "discriminator": {"objective", "discriminator", "weight"},
    },
}
MAY = {"corpora": {"folder": {"size"}}, "rated": {"kadid-emulation": {"scenes", "distortions"}, "textures": {"levels"}}}


def _sense(config: Config) -> Iterator[str]:
    """What is well-formed and still cannot be meant."""
    for section, kinds in NEEDS.items():
        for name, definition in config[section].items():
            kind = definition.get("object", definition.get("kind"))
            keys = set(definition) - {"object", "kind", "mode"}
            allowed = kinds[kind] | MAY.get(section, {}).get(kind, set())
            if missing := kinds[kind] - keys:
                yield f"{section}.{name}: {kind} needs {', '.join(sorted(missing))}."
            for key in sorted(keys - allowed):
                yield f"{section}.{name}: {unknown(f'key of {kind}', key, allowed)}"
    for name, metric in config["metrics"].items():
        together = ["backbone", "initialisation"]
        if any(key in metric for key in together) and not all(key in metric for key in together):
            yield f"metrics.{name}: backbone and initialisation come together."
        if (metric["object"] == "dists") != ("backbone" in metric) and metric["object"] in registry.table()["metrics"]:
            yield f"metrics.{name}: dists needs a backbone, and no other built-in metric takes one."
    for name, discriminator in config["discriminators"].items():
        whole = {"backbone", "initialisation", "head", "spectral_norm"}
        if "object" not in discriminator and (missing := whole - set(discriminator)):
            yield f"discriminators.{name}: needs {', '.join(sorted(missing))}, or your own `object`."
        if "object" in discriminator and (extra := whole & set(discriminator)):
            yield f"discriminators.{name}: your own `object` stands in the place of {', '.join(sorted(extra))}."
    used = {name for block in config["optimization"]["cells"] for name in block["objectives"]}
    for name in sorted(used):
        objective = config["objectives"][name]
        if not objective["reconstruction"] and objective["metric"] is None:
            yield f"objectives.{name}: nothing to minimise; give reconstruction a weight, or a metric."
        if objective["metric"] is not None:
            metric = config["metrics"][objective["metric"]]
            entry = registry.entry("metrics", metric["object"])
            if not entry.differentiable:
                valid = [key for key, facts in registry.table()["metrics"].items() if facts.differentiable]
                yield f"objectives.{name}: {metric['object']} is for assessment only; losses: {', '.join(valid)}."
            if entry.minimum_size > config["optimization"]["crop"]:
                yield (
                    f"objectives.{name}: {metric['object']} needs crops of {entry.minimum_size} pixels,"
                    f" optimization.crop is {config['optimization']['crop']}."
                )
    for name in config["assessment"]["datasets"]:
        if config["rated"][name]["mode"] != "fr":
            yield f"assessment.datasets: {name} has no references, and the metrics need them."
    scale = config["tasks"][config["optimization"]["task"]]["scale"]
    for section in ("pretraining", "optimization"):
        if config[section]["crop"] % scale:
            yield f"{section}.crop: {config[section]['crop']} is no multiple of the scale {scale}."
    for backbone, initialisations in config["transfer"]["arms"].items():
        for name in initialisations:
            source = config["initialisations"][name].get("discriminator")
            if source and (own := config["discriminators"][source].get("backbone")) != backbone:
                yield f"transfer.arms.{backbone}: {name} comes from a discriminator with backbone {own}."
    splits = config["transfer"]["splits"]
    if (splits["kind"] == "random") != ("count" in splits):
        yield "transfer.splits: kind random needs a count, and leave-one-scene-out has none."
    for number, block in enumerate(config["optimization"]["cells"]):
        if not block["weights"] and set(block["discriminators"]) != {NONE}:
            yield f"optimization.cells.{number}.weights: none given, and there are discriminators."
    plan = Plan(config)
    if not plan.analysis.losses():
        yield (
            "assessment.metrics: none of them is a loss in optimization.cells (beside L1 of weight 1, kappa 1; L1"
            " itself is mae), so nothing could be compared."
        )
    judged = config["judgement"]["corpus"]
    trained = {config["optimization"]["corpus"]}
    for name in sorted(used):
        metric = config["metrics"].get(config["objectives"][name]["metric"] or "", {})
        fitted = config["rated"].get(metric.get("channel_weights") or "", {})
        if fitted.get("corpus") == judged:
            yield f"objectives.{name}: its metric is fitted on pictures of {judged}, which are judged."
    trained |= {arm["corpus"] for arm in config["initialisations"].values() if "corpus" in arm}
    if judged in trained:
        yield f"judgement.corpus: {judged} is trained on; judge pictures that nothing has seen."
    for name in config["transfer"]["datasets"]:
        if (source := config["rated"][name].get("corpus")) in trained - {judged}:
            yield f"transfer.datasets: {name} shows pictures of {source}, which are trained on."
    if config["figures"]["fig7"]["objective"] not in used:
        yield "figures.fig7.objective: not in optimization.cells."
    if not plan.figures.pictured():
        yield "figures.qualitative: none of its objectives, discriminators and weight is in optimization.cells."
