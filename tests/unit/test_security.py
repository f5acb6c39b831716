"""What the project's own code never does: unpickle, evaluate text, pass a config's values to a shell."""

import ast
import re
from pathlib import Path

import pytest
import yaml

from asymmetry.networks import published

PROJECT = Path(__file__).parents[2]
SOURCES = sorted(
    path for folder in ("workflow_scripts", "docs", "benchmarks") for path in (PROJECT / folder).rglob("*.py")
)
RULES = [PROJECT / "Snakefile", *sorted((PROJECT / "rules").glob("*.smk"))]
UNPICKLERS = {"cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve"}
EVALUATORS = {"eval", "exec", "compile", "__import__"}
SHELLS = {"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput", "snakemake.shell.shell"}
LOADERS = {"yaml.load", "yaml.full_load", "yaml.unsafe_load", "pandas.read_pickle", "pd.read_pickle", "torch.jit.load"}


def name(node: ast.AST) -> str:
    """Dotted name of what is called, as it is written."""
    if isinstance(node, ast.Attribute):
        return f"{name(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def faults(text: str) -> list[str]:
    """Calls and imports of that sort, by line."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import) and UNPICKLERS & {alias.name.partition(".")[0] for alias in node.names}:
            used = {name(inner) for inner in ast.walk(ast.parse(text)) if isinstance(inner, ast.Attribute)}
            if {item for item in used if item.partition(".")[0] in UNPICKLERS} - {"pickle.UnpicklingError"}:
                found.append(f"{node.lineno}: pickle")
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in UNPICKLERS:
            found.append(f"{node.lineno}: pickle")
        if not isinstance(node, ast.Call):
            continue
        called = name(node.func)
        options = {word.arg: getattr(word.value, "value", word.value) for word in node.keywords}
        if called in EVALUATORS | SHELLS | LOADERS or called.endswith(".extractall"):
            found.append(f"{node.lineno}: {called}")
        if called == "torch.load" and options.get("weights_only") is not True:
            found.append(f"{node.lineno}: torch.load without weights_only=True")
        if options.get("shell", False) is not False or options.get("allow_pickle", False) is not False:
            found.append(f"{node.lineno}: {called} with a shell or pickle")
        if options.get("verify", True) is False:
            found.append(f"{node.lineno}: {called} without a check of the certificate")
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_source_does_it(path):
    assert not faults(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "text",
    [
        "import torch\ntorch.load(path)",
        "torch.load(path, weights_only=False)",
        "torch.load(path, weights_only=safe)",
        "import pickle\npickle.loads(data)",
        "from pickle import loads",
        "import joblib\njoblib.load(path)",
        "eval(text)",
        "os.system(command)",
        "subprocess.run(command, shell=True)",
        "subprocess.run(command, shell=wanted)",
        "yaml.load(text, Loader)",
        "np.load(path, allow_pickle=True)",
        "archive.extractall(folder)",
        "requests.get(url, verify=False)",
    ],
)
def test_the_search_finds_it(text):
    assert faults(text)


def test_harmless_code_is_not_found():
    assert not faults("import pickle\ntry:\n    network.eval()\nexcept pickle.UnpicklingError:\n    pass")
    assert not faults("torch.load(path, weights_only=True)\nyaml.safe_load(text)\nsubprocess.run(command, check=True)")


def shell_commands(text: str) -> list[str]:
    """The commands under `shell:` in a file of rules, and calls of Snakemake's shell()."""
    under = re.findall(r"^\s*shell:\s*\n?((?:\s*[frb]*(?:\"\"\".*?\"\"\"|\"[^\n]*\"|'[^\n]*')\n?)+)", text, re.M | re.S)
    return under + re.findall(r"\bshell\([^)]*\)", text)


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.name)
def test_no_rule_hands_a_value_to_a_shell(path):
    """A command may name the rule's files, quoted, and nothing of the config, the params or the wildcards."""
    text = path.read_text(encoding="utf-8")
    commands = shell_commands(text)
    assert len(commands) == len(re.findall(r"^\s*shell:", text, re.M))
    for command in commands:
        assert not re.search(r"^\s*[frb]*f[frb]*[\"']", command), f"an f-string puts the config into {command}"
        for placeholder in re.findall(r"{(.*?)}", command):
            assert re.fullmatch(r"(input|output|log)[\w.\[\]]*:q|threads", placeholder), placeholder


def test_public_weights_have_a_hash_and_come_over_https():
    for key, weights in published.table().items():
        without = key in {"brisque", "clip-iqa-tokens"}  # docs/security.md
        assert without or re.fullmatch("[0-9a-f]{64}", weights.sha256), key
        assert all(url.startswith("https://") for url in weights.urls), key


def test_public_datasets_have_a_hash_or_come_over_https():
    catalog = yaml.safe_load((PROJECT / "workflow_scripts/asymmetry/data/catalog.yaml").read_text(encoding="utf-8"))
    files = [
        file for entry in catalog.values() for source in entry.get("sources", {}).values() for file in source["files"]
    ]
    assert len(files) > 10
    for file in files:
        assert {"sha256", "md5"} & set(file) or all(url.startswith("https://") for url in file["urls"]), file["name"]
