"""Write docs/config.md from the schema and the default config: `python docs/generate_config.py`."""

from pathlib import Path

import yaml

PROJECT = Path(__file__).parents[1]
HEAD = """# The configuration

Made from `schemas/config.schema.yaml` by `python docs/generate_config.py`; do not edit. A preset (`--configfile`) is
merged over `config.yaml`: mappings key by key, lists replaced. Only what a list of names asks for is run.
"""


def load(path: str) -> dict:
    return yaml.safe_load((PROJECT / path).read_text(encoding="utf-8"))


def resolved(schema: dict, definitions: dict) -> dict:
    """A schema with its reference followed; what stands beside the reference wins."""
    if "$ref" not in schema:
        return schema
    target = definitions[schema["$ref"].rpartition("/")[2]]
    return target | {key: value for key, value in schema.items() if key != "$ref"}


def allowed(schema: dict, definitions: dict) -> str:
    """What a value may be, in a few words."""
    schema = resolved(schema, definitions)
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if "anyOf" in schema:
        return " or ".join(allowed(part, definitions) for part in schema["anyOf"])
    words = {"null": "`null`", "object": "mapping", "string": "text", "array": "list"}
    kind = words.get(schema["type"], schema["type"])
    if kind == "list":
        return f"list of {allowed(schema['items'], definitions)}"
    limits = [("minimum", ">= {}"), ("exclusiveMinimum", "> {}"), ("maximum", "<= {}")]
    return ", ".join([kind, *(text.format(schema[key]) for key, text in limits if key in schema)])


def rows(path: str, schema: dict, definitions: dict) -> list[str]:
    """A line for each key at and below `path`."""
    schema = resolved(schema, definitions)
    lines = [f"| `{path}` | {allowed(schema, definitions)} | {schema.get('description', '')} |"]
    children = {f"{path}.{name}": child for name, child in schema.get("properties", {}).items()}
    if isinstance(schema.get("additionalProperties"), dict):
        children[f"{path}.<name>"] = schema["additionalProperties"]
    if resolved(schema.get("items", {}), definitions).get("type") == "object":
        children[f"{path}[]"] = schema["items"]
    for name, child in children.items():
        lines += rows(name, child, definitions)
    return lines


def document() -> str:
    """The whole page."""
    schema = load("schemas/config.schema.yaml")
    parts = [HEAD]
    for name, section in schema["properties"].items():
        parts.append(f"\n## {name}\n\n| key | value | meaning |\n|---|---|---|")
        parts += rows(name, section, schema["$defs"])
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    (PROJECT / "docs" / "config.md").write_text(document(), encoding="utf-8")
