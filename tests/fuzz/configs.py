"""Broken and nearly broken configurations: mutations of the shipped one, by the schema and by YAML's oddities.

`mutated()` is the strategy; `survives(config)` is what must hold of each.
"""

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

from asymmetry import configuration, digest, registry
from asymmetry.data import catalog
from asymmetry.plan import NONE, Plan, in_order
from tests.fuzz.settings import refusal

PROJECT = Path(__file__).parents[2]
SCHEMA_FILE = PROJECT / "schemas" / "config.schema.yaml"
SCHEMA = yaml.safe_load(SCHEMA_FILE.read_text(encoding="utf-8"))
SHIPPED = yaml.safe_load((PROJECT / "config.yaml").read_text(encoding="utf-8"))
SMOKE = yaml.safe_load((PROJECT / "presets" / "smoke.yaml").read_text(encoding="utf-8"))
ODDITIES = Path(__file__).with_name("oddities.txt").read_text(encoding="utf-8").splitlines()
Path_ = tuple[Any, ...]


def parsed(text: str) -> Any:
    """A value as a YAML file would have it."""
    return yaml.safe_load(f"value: {text}")["value"]


def resolved(schema: dict) -> dict:
    """A schema, with the definition that it refers to."""
    if "$ref" in schema:
        return SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    return schema


def sites(value: Any, schema: dict, path: Path_ = ()) -> Iterator[tuple[Path_, dict]]:
    """Every place of a config, with the schema that stands there."""
    schema = resolved(schema)
    if path:
        yield path, schema
    if isinstance(value, dict):
        for key, item in value.items():
            inner = schema.get("properties", {}).get(key, schema.get("additionalProperties", {}))
            yield from sites(item, inner if isinstance(inner, dict) else {}, (*path, key))
    elif isinstance(value, list):
        options = [schema, *schema.get("anyOf", [])]
        inner = next((option["items"] for option in options if "items" in option), {})
        for number, item in enumerate(value):
            yield from sites(item, inner, (*path, number))


SITES = list(sites(SHIPPED, SCHEMA))
NAMES = sorted({key for path, _ in SITES for key in path if isinstance(key, str)} | {NONE})
SECTIONS = {
    "corpus": "corpora",
    "datasets": "rated",
    "pairs": "rated",
    "rated": "rated",
    "channel_weights": "rated",
    "initialisation": "initialisations",
    **{name: name for name in SHIPPED},
    **{name.removesuffix("s"): name for name in SHIPPED},
}


def known(path: Path_) -> list[str]:
    """Names that mean something at a place: objects of the registry, datasets, definitions of the section."""
    keys = [key for key in path if isinstance(key, str)]
    if keys[-1] == "object":
        return [*registry.table().get(keys[0], {}), "my.code:Thing"]
    if keys[-1] == "dataset":
        return [*catalog.catalog()]
    return [*SHIPPED.get(SECTIONS.get(keys[-1], ""), []), *([NONE] if keys[-1] == "discriminators" else [])] or NAMES


def near(schema: dict, path: Path_) -> st.SearchStrategy:
    """Values on both sides of what a schema allows at a place."""
    schema = resolved(schema)
    if "anyOf" in schema:
        return st.one_of([near(option, path) for option in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "const" in schema:
        return st.just(schema["const"])
    low, high = schema.get("minimum", schema.get("exclusiveMinimum", -1)), schema.get("maximum", 1000)
    match schema.get("type"):
        case "integer":
            return st.sampled_from([low, low + 1, high, low - 1, high + 1]) | st.integers(low, high)
        case "number":
            return st.floats(low, high) | st.sampled_from([low, high, 5e-324, 1e-12, 0.1, 1])
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case "array":
            return st.lists(near(schema.get("items", {}), path), max_size=3)
        case "string":
            return st.sampled_from(known(path)) | st.text(max_size=8)
        case "object" if "properties" in schema:
            wanted = {key: near(inner, (*path, key)) for key, inner in schema["properties"].items()}
            needed = {key: wanted.pop(key) for key in schema.get("required", [])}
            return st.fixed_dictionaries(needed, optional=wanted)
    return st.sampled_from(ODDITIES).map(parsed)


def edit(site: tuple[Path_, dict]) -> st.SearchStrategy:
    """One edit at a place: (path, what is done, with what)."""
    path, schema = site
    others = st.sampled_from(SITES).map(lambda other: at(SHIPPED, other[0]))
    odd = st.sampled_from(ODDITIES).map(parsed)
    keys = st.sampled_from(NAMES) | st.text(max_size=5) | odd.filter(lambda value: value.__hash__ is not None)
    optional = schema.get("properties", {}) | {"object": {"type": "string"}}
    added = st.sampled_from(sorted(optional)).flatmap(
        lambda key: st.tuples(st.just((*path, key)), st.just("put"), near(optional[key], (*path, key)))
    )
    return st.one_of(
        st.tuples(st.just(path), st.just("set"), near(schema, path)),
        added if isinstance(at(SHIPPED, path), dict) else st.nothing(),
        st.tuples(st.just(path), st.just("set"), odd | others),
        st.tuples(st.just(path), st.just("remove"), st.none()),
        st.tuples(st.just(path), st.just("rename"), keys),
        st.tuples(st.just(path), st.just("add"), st.tuples(keys, odd | others)),
    )


def at(config: Any, path: Path_) -> Any:
    """The value at a place."""
    for key in path:
        config = config[key]
    return config


def apply(config: dict, path: Path_, action: str, value: Any) -> None:
    """Do an edit in place; one whose place an earlier edit took away does nothing."""
    try:
        inner = at(config, path[:-1])
        _ = inner[path[-1]] if action != "put" else None
    except (KeyError, IndexError, TypeError):
        return
    if not isinstance(inner, dict | list):
        return
    value = copy.deepcopy(value)
    if action in {"set", "put"} and (action == "set" or isinstance(inner, dict)):
        inner[path[-1]] = value
    elif action == "remove":
        del inner[path[-1]]
    elif action == "rename" and isinstance(inner, dict):
        inner[value] = inner.pop(path[-1])
    elif action == "rename":
        inner.append(value)
    elif isinstance(inner, dict):
        inner[value[0]] = value[1]
    else:
        inner.append(value[1])


def mutated(most: int = 3) -> st.SearchStrategy[dict]:
    """The shipped config after one edit or several."""
    edits = st.lists(st.sampled_from(SITES).flatmap(edit), min_size=1, max_size=most)

    def build(steps: list) -> dict:
        config = copy.deepcopy(SHIPPED)
        for step in steps:
            apply(config, *step)
        return config

    return edits.map(build)


def slight() -> st.SearchStrategy[dict]:
    """The shipped config with one value that means something: many of them can be planned."""

    def meant(site: tuple[Path_, dict]) -> st.SearchStrategy:
        path, schema = site
        options = schema.get("properties", {})
        if not options:
            return st.tuples(st.just(path), st.just("set"), near(schema, path))
        return st.sampled_from(sorted(options)).flatmap(
            lambda key: st.tuples(st.just((*path, key)), st.just("put"), near(options[key], (*path, key)))
        )

    edits = st.sampled_from([site for site in SITES if len(site[0]) > 1]).flatmap(meant)

    def build(step: tuple) -> dict:
        config = copy.deepcopy(SHIPPED)
        apply(config, *step)
        return config

    return edits.map(build)


def survives(config: dict) -> bool:
    """Whether a config passes; if it does it can be planned, if not the message names each key in a line of its own."""
    if message := refusal(configuration.check, config, SCHEMA_FILE):
        first, *lines = message.splitlines()
        assert first == "the configuration is not valid:"
        assert lines
        keys = tuple(f"  - {key}" for key in ("the top level", "... and ", *SCHEMA["properties"], *config))
        for line in lines:
            assert line.startswith(keys), line
            assert len(line) < 2000, line
        return False
    plan_all(config)
    return True


def plan_all(config: dict) -> None:
    """Ask a plan all that the rules ask; nothing but a `UserError` may come of it."""
    refusal(_plan_all, in_order(config))


def _plan_all(config: dict) -> None:
    plan = Plan(config)
    plan.claims.facts(), plan.claims.provenance(), plan.claims.weights(), plan.claims.swept()
    analysis, figures, judgement, transfer = plan.analysis, plan.figures, plan.judgement, plan.transfer
    analysis.assessments(), analysis.preferences(), analysis.trained_on(), analysis.trained_with()
    analysis.losses(), analysis.settings(), analysis.published_metrics(), analysis.published_restorations()
    figures.scale(), figures.pictured(), figures.panels(), figures.panel_files()
    judgement.files(), judgement.entries(), judgement.tables(), judgement.standing(), judgement.external
    judgement.baselines(plan.grid.generator_folder), judgement.unit(config["advice"]["fidelity"])
    transfer.scale(), [transfer.settings(model["mode"], model["dataset"]) for model in transfer.models()]
    optimization = config["optimization"]
    for cell in plan.grid.cells:
        names = {"objective": cell.objective, "discriminator": cell.discriminator}
        entries = plan.grid.cell_entries(optimization["task"], optimization["generator"], **names)
        plan.grid.objective(cell.objective), plan.grid.objective_files(cell.objective)
        if cell.discriminator != NONE:
            plan.grid.discriminator(cell.discriminator)
            plan.grid.discriminator_files(cell.discriminator, str(cell.seed))
        assert len(plan.grid.folder(cell)) < 3000
    digest.of("optimize.py", entries)
    for name, own in config["initialisations"].items():
        if own["kind"] == "pretraining":
            plan.networks.pretraining(name)
        if own["kind"] == "discriminator":
            plan.grid.source(name, "0")
    for name, own in config["metrics"].items():
        plan.metrics.settings(name), plan.metrics.files(name), plan.metrics.entries(name)
        if own.get("channel_weights"):
            plan.metrics.fitting_files(name)
    for name in judgement.judges:
        if "fitted_on" in config["judges"][name]:
            judgement.fitted_on(name)
    pictures = plan.pictures
    plan.used.datasets, pictures.catalogued()
    for section in ("corpora", "rated"):
        re.compile(pictures.published_pattern(section))
        for name, own in config[section].items():
            if own["object"] == "published":
                pictures.dataset(section, name), pictures.layout(section, name)
    for name in config["corpora"]:
        pictures.corpus_files(name), pictures.corpus_settings(name)
    for name in config["rated"]:
        pictures.rated_files(name), pictures.rated_settings(name)
