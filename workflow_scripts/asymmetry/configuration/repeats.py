"""Keys that stand twice in a config file: YAML's readers keep the last and say nothing."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def problems(paths: Iterable[str | Path]) -> Iterator[str]:
    """Every such key of some YAML or JSON files, one line each, with both its lines."""
    for path in map(Path, paths):
        with path.open(encoding="utf-8") as file:
            found = sorted(_within(yaml.compose(file, Loader)))
        for line, first, key in found:
            yield f"{path}, line {line}: the key {key!r} stands in line {first}, too, where nobody would read it."


def _within(root: yaml.Node | None) -> Iterator[tuple[int, int, str]]:
    """Second line, first line and name of each."""
    waiting, seen = [root], set()
    while waiting:
        node = waiting.pop()
        if not isinstance(node, yaml.CollectionNode) or id(node) in seen:  # an anchor's node stands in several places
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
            continue
        lines: dict[str, int] = {}
        for key, value in node.value:
            waiting.append(value)
            line = key.start_mark.line + 1
            if isinstance(key, yaml.ScalarNode) and key.value in lines:
                yield line, lines[key.value], key.value
            elif isinstance(key, yaml.ScalarNode):
                lines[key.value] = line
