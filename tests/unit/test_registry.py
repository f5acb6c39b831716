from importlib import import_module
from pathlib import Path

import pytest

from asymmetry import digest, registry
from asymmetry.errors import UserError
from asymmetry.networks.backbones import create_backbone

ENTRIES = [(kind, name) for kind, entries in registry.table().items() for name in entries]


@pytest.mark.parametrize(("kind", "name"), ENTRIES)
def test_every_entry_can_be_imported(kind, name):
    entry = registry.entry(kind, name)
    assert len(entry.summary) > 10
    assert "\n" not in entry.summary
    if entry.external:
        assert (kind, entry.module) == ("judges", "pyiqa"), "it is imported in another environment"
        return
    source = digest.locate(entry.module)
    assert source is not None, "its module is found without an import"
    assert Path(source).is_file()
    assert callable(getattr(import_module(entry.module), entry.factory.partition(":")[2]))


def test_every_kind_has_entries():
    expected = {"corpora", "rated", "tasks", "backbones", "generators", "metrics", "judges"}
    assert expected <= registry.table().keys()
    assert [kind for kind, entries in registry.table().items() if not entries] == []


def test_what_the_other_parts_rely_on():
    for name, entry in registry.table()["metrics"].items():
        assert entry.higher_is_better is not None, name
        low, high = entry.range
        assert low is None or high is None or low <= high, name
    for name, entry in registry.table()["backbones"].items():
        backbone = create_backbone(name)
        assert (entry.architecture, entry.strides) == (backbone.architecture, list(backbone.strides)), name
        if entry.l2_pooling:
            create_backbone(name, pooling="l2")
        else:
            with pytest.raises(UserError, match="pooling"):
                create_backbone(name, pooling="l2")
    assert not registry.entry("metrics", "constant").differentiable


@pytest.mark.parametrize(
    ("kind", "name", "guess"),
    [("metrics", "haarpsy", "haarpsi"), ("backbones", "vgg16", "vgg-16"), ("generators", "swin-ir", "swinir")],
)
def test_unknown_names_get_a_suggestion(kind, name, guess):
    with pytest.raises(UserError, match=f"unknown object in {kind} {name!r}. Did you mean {guess!r}.") as error:
        registry.entry(kind, name)
    for known in registry.table()[kind]:
        assert known in str(error.value)
    assert "package.module:Class" in str(error.value)


@pytest.mark.parametrize("name", ["", ":", "mine:", ":Mine", "Mine", ".Mine"])
def test_what_is_neither_a_name_nor_a_path(name):
    with pytest.raises(UserError, match="unknown object in metrics"):
        registry.entry("metrics", name)


@pytest.mark.parametrize("name", ["package.module:Mine", "package.module.Mine"])
def test_dotted_paths_import_nothing(name):
    entry = registry.entry("metrics", name)
    assert entry.module == "package.module"
    assert entry.factory == "package.module:Mine"
    assert entry.higher_is_better is None
    assert entry.differentiable


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """A module of the user's, made anew for each test."""
    module = f"plugin_{abs(hash(tmp_path))}"
    (tmp_path / f"{module}.py").write_text(
        "def make(size, colour='red'):\n    return size, colour\n\n"
        "class Box:\n    def __init__(self):\n        raise TypeError('inner mistake')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    return module


def test_own_code_is_called_with_options(plugin):
    assert registry.create("metrics", f"{plugin}:make", size=3) == (3, "red")
    assert registry.create("metrics", f"{plugin}.make", size=3, colour="blue") == (3, "blue")


def test_fixed_arguments_are_given(monkeypatch, plugin):
    entry = registry.Entry(factory=f"{plugin}:make", arguments={"size": 9})
    monkeypatch.setattr(registry, "table", lambda: {"things": {"nine": entry}})
    assert registry.create("things", "nine") == (9, "red")
    assert registry.create("things", "nine", colour="blue") == (9, "blue")


def test_import_errors_say_where_to_look(plugin):
    for name, hint in (("no_such_package.module:Mine", "PYTHONPATH"), (f"{plugin}:nothing", "name in it")):
        with pytest.raises(UserError, match=f"metrics: {name!r} cannot be imported.*{hint}"):
            registry.create("metrics", name)


def test_wrong_options_are_named(plugin):
    with pytest.raises(UserError, match=r"cannot be made with options \['colour', 'sise'\].*sise"):
        registry.create("metrics", f"{plugin}:make", colour="red", sise=3)
    with pytest.raises(UserError, match="inner mistake") as error:
        registry.create("metrics", f"{plugin}:Box")
    assert isinstance(error.value.__cause__, TypeError)
