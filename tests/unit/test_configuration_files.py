"""Folders and files that a configuration names, and those that it stands in."""

import pytest
from configured import BASE, SCHEMA, changed, load, message
from snakemake.utils import update_config

from asymmetry import configuration
from asymmetry.errors import UserError


@pytest.fixture
def config():
    return load(BASE / "config.yaml")


RESULTS = {
    "README.md": "results: README.md needs a folder where there is the file",
    "README.md/mine": "results: README.md/mine needs a folder where there is the file",
    ".": "results: . holds files of the project",
    "..": "results: .. holds files of the project",
    "rules": "results: rules holds files of the project",
    "docs/mine": "results: docs/mine holds files of the project",
    "a" * 201: "results: aaaa",
}


@pytest.mark.parametrize("folder", RESULTS)
def test_results_have_a_folder_of_their_own(config, monkeypatch, folder):
    monkeypatch.chdir(BASE)
    config["results"] = folder
    assert f"  - {RESULTS[folder]}" in message(config)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a: 1\nb: {c: 1}\n", []),
        ("a: &x {b: 1}\nc: {<<: *x, b: 2}\nd: [*x, *x]\n", []),
        ("", []),
        ("a: 1\nb: 2\na: 3\n", ["line 3: the key 'a' stands in line 1, too"]),
        ("a:\n  b: 1\n  b: 2\nc: {d: 1, d: 2}\n", ["line 3: the key 'b' stands in", "line 4: the key 'd' stands in"]),
        ("a:\n- b: 1\n  b: 2\n", ["line 3: the key 'b'"]),
        ('{"a": 1, "a": 2}', ["line 1: the key 'a'"]),
    ],
)
def test_a_key_that_stands_twice(config, tmp_path, text, lines):
    """YAML's reader keeps the last one and says nothing."""
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    if not lines:
        configuration.check(config, SCHEMA, [path])
        return
    with pytest.raises(UserError) as error:
        configuration.check(config, SCHEMA, [path])
    told = str(error.value).splitlines()[1:]
    assert len(told) == len(lines)
    assert all(f"{path}, {part}" in line for part, line in zip(lines, told, strict=True))


def test_what_nothing_uses_needs_no_dataset(config):
    config["corpora"]["real"] = {"object": "published", "dataset": "realsr"}
    config["initialisations"]["real"] = config["initialisations"]["procedural"] | {"corpus": "real"}
    configuration.check(config, SCHEMA)
    config["transfer"]["arms"][0]["initialisations"].append("real")
    assert "downloads.folders: lacks realsr, which cannot be downloaded" in message(config)


def test_a_corpus_in_use_needs_its_folders(config, tmp_path):
    absent = str(tmp_path / ("x" * 300))  # no disk takes so long a name
    config["corpora"]["mine"] = {"object": "folder", "path": [str(tmp_path), absent]}
    configuration.check(config, SCHEMA)
    config["initialisations"]["procedural"]["corpus"] = "mine"
    assert message(config).splitlines()[1:] == [f"  - corpora.mine.path: {absent} is no folder."]


def test_the_example_with_photographs_is_valid(config, tmp_path, monkeypatch):
    update_config(config, load(BASE / "docs" / "photographs.yaml"))
    monkeypatch.chdir(tmp_path)
    assert "corpora.photographs.path: photographs/train is no folder" in message(config)
    for name in ("train/any.png", "test/first.png", "test/second.png", "test/third.png"):
        path = tmp_path / "photographs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    configuration.check(config, SCHEMA)


def test_scenes_of_a_folder_are_known(config, tmp_path):
    changed(config, corpora__mine={"object": "folder", "path": str(tmp_path)}, judgement__corpus="mine")
    config["judges"]["niqe"]["fitted_on"]["corpus"] = config["judges"]["learned"]["fitted_on"]["corpus"] = "mine"
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "dog.png").touch()
    assert "figures.qualitative.scenes: unknown scene of mine 'chelsea'. Known: deeper-dog." in message(config)
    config["figures"]["qualitative"]["scenes"] = ["deeper-dog"]
    configuration.check(config, SCHEMA)
