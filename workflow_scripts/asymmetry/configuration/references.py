"""Names that are used and must be defined: in the config itself, in the registry, or in the catalogue of datasets."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from asymmetry import digest, registry
from asymmetry.data import catalog
from asymmetry.errors import UserError, unknown
from asymmetry.plan import NONE, Config

# Where names stand (* is every key or item), and the section that must define them.
USES = {
    "rated.*.corpus": "corpora",
    "initialisations.*.corpus": "corpora",
    "initialisations.*.objective": "objectives",
    "initialisations.*.discriminator": "discriminators",
    "metrics.*.backbone": "backbones",
    "metrics.*.initialisation": "initialisations",
    "metrics.*.channel_weights": "rated",
    "discriminators.*.backbone": "backbones",
    "discriminators.*.initialisation": "initialisations",
    "objectives.*.metric": "metrics",
    "judges.*.fitted_on.corpus": "corpora",
    "judges.*.fitted_on.rated": "rated",
    "corpora.*.dataset": "catalogue",
    "rated.*.dataset": "catalogue",
    "downloads.accept_terms": "catalogue",
    "downloads.sources": "catalogue",
    "downloads.folders": "catalogue",
    "assessment.datasets": "rated",
    "assessment.pairs": "rated",
    "assessment.metrics": "metrics",
    "optimization.task": "tasks",
    "optimization.generator": "generators",
    "optimization.corpus": "corpora",
    "optimization.cells.*.objectives": "objectives",
    "optimization.cells.*.discriminators": "opponents",
    "judgement.corpus": "corpora",
    "judgement.judges": "judges",
    "advice.fidelity": "judges",
    "transfer.datasets": "rated",
    "transfer.dataset_splits": "rated",
    "transfer.arms.*.backbone": "backbones",
    "transfer.arms.*.initialisations": "initialisations",
    "figures.*.objective": "objectives",
    "figures.*.objectives": "objectives",
    "figures.*.discriminators": "opponents",
}
KINDS = {
    "corpora": "corpus",
    "rated": "rated dataset",
    "catalogue": "dataset",
    "opponents": "discriminator",
}


def problems(config: Config) -> Iterator[str]:
    """Names that are used but not defined, and objects that do not exist."""
    yield from _objects(config)
    sections = {**config, "catalogue": catalog.catalog(), "opponents": [*config["discriminators"], NONE]}
    for path, section in USES.items():
        kind = KINDS.get(section, section.removesuffix("s"))
        for place, names in _at(config, path.split(".")):
            for name in [names] if isinstance(names, str) else names or []:
                if name not in sections[section]:
                    yield f"{place}: {unknown(kind, name, sections[section])}"


def _at(value: Any, path: list[str], place: str = "") -> Iterator[tuple[str, Any]]:
    """Every place that a path leads to, and what stands there."""
    if not path:
        yield place.removeprefix("."), value
        return
    key, *rest = path
    items = dict(value) if isinstance(value, Mapping) else dict(enumerate(value))
    for name in items if key == "*" else items.keys() & {key}:
        yield from _at(items[name], rest, f"{place}.{name}")


def _objects(config: Config) -> Iterator[str]:
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
            elif not entry.external and not digest.exists(entry.module):
                yield (
                    f"{kind}.{name}.object: there is no module {entry.module!r} to import. "
                    "Hint: is its folder on PYTHONPATH?"
                )
