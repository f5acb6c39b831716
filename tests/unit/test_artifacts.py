import json

import pytest
import torch
from torch import nn

from asymmetry import artifacts
from asymmetry.errors import UserError, listing, unknown


def tensors():
    generator = torch.Generator().manual_seed(0)
    return {
        "b.weight": torch.randn(3, 4, generator=generator),
        "a.bias": torch.randn(5, generator=generator, dtype=torch.float64),
        "count": torch.tensor(7),
    }


def test_atomic_makes_folders_and_replaces(tmp_path):
    path = tmp_path / "new" / "folder" / "file.txt"
    for text in ("one", "two"):
        with artifacts.atomic(path) as temporary:
            assert temporary.suffix == ".txt"
            assert temporary.parent == path.parent
            temporary.write_text(text)
        assert path.read_text() == text
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "file.txt"
    path.write_text("old")

    def fail():
        with artifacts.atomic(path) as temporary:
            temporary.write_text("half of the n")
            raise error

    with pytest.raises(error):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_appears_before_the_end(tmp_path):
    path = tmp_path / "file.txt"
    with artifacts.atomic(path) as temporary:
        temporary.write_text("text")
        assert not path.exists()
    assert path.exists()


def test_a_failed_save_of_tensors_leaves_the_old_file(tmp_path):
    path = tmp_path / "weights.safetensors"
    artifacts.save_tensors(tensors(), path)
    before = path.read_bytes()
    with pytest.raises(TypeError):
        artifacts.save_tensors(tensors(), path, fact={1, 2})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_tensors_come_back_and_bytes_are_the_same(tmp_path):
    given = tensors() | {"view": torch.arange(12.0).view(3, 4).t()[1:]}
    shared = given | {"again": given["b.weight"]}
    artifacts.save_tensors(shared, tmp_path / "one.safetensors", seed=3, origin="random")
    loaded = artifacts.load_tensors(tmp_path / "one.safetensors")
    assert loaded.keys() == shared.keys()
    for name, tensor in shared.items():
        assert loaded[name].dtype == tensor.dtype
        assert torch.equal(loaded[name], tensor)
    other_order = dict(reversed(list(shared.items())))
    artifacts.save_tensors(other_order, tmp_path / "two.safetensors", origin="random", seed=3)
    assert (tmp_path / "one.safetensors").read_bytes() == (tmp_path / "two.safetensors").read_bytes()
    assert artifacts.read_facts(tmp_path / "one.safetensors") == {"seed": 3, "origin": "random"}


def test_facts_of_a_file_from_elsewhere_are_empty(tmp_path):
    from safetensors.torch import save_file

    save_file(tensors(), tmp_path / "theirs.safetensors", metadata={"format": "pt"})
    assert artifacts.read_facts(tmp_path / "theirs.safetensors") == {}


@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "text"])
@pytest.mark.parametrize("reader", [artifacts.load_tensors, artifacts.read_facts])
def test_broken_tensor_files(tmp_path, damage, reader):
    path = tmp_path / "weights.safetensors"
    artifacts.save_tensors(tensors(), path)
    whole = path.read_bytes()
    contents = {"empty": b"", "cut": whole[: len(whole) // 2], "text": b"<html>404 not found</html>"}
    path.unlink() if damage == "missing" else path.write_bytes(contents[damage])
    with pytest.raises(UserError, match=r"weights\.safetensors is not a readable safetensors file") as error:
        reader(path)
    assert ("delete it" in str(error.value)) == (damage != "missing")


@pytest.mark.parametrize("reader", [artifacts.load_tensors, artifacts.read_facts, artifacts.read_json])
def test_where_the_disk_fails_nobody_is_told_to_delete(tmp_path, reader):
    """The file may be good. A folder in its place fails as a disk does: with an error of the system."""
    with pytest.raises(UserError, match=r"No such device|Is a directory") as error:
        reader(tmp_path)
    assert "delete" not in str(error.value)


@pytest.mark.parametrize("content", [b"", b"{", b'{"a": 1', b"\xff\xfe\x00"])
def test_broken_json_names_the_file(tmp_path, content):
    path = tmp_path / "facts.json"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"facts\.json cannot be read"):
        artifacts.read_json(path)
    with pytest.raises(UserError, match=r"none\.json cannot be read"):
        artifacts.read_json(tmp_path / "none.json")


def test_json_comes_back_sorted(tmp_path):
    content = {"b": [1, 2.5, None], "a": {"z": "é", "y": 0.1}}
    artifacts.write_json(content, tmp_path / "one.json")
    artifacts.write_json(dict(reversed(content.items())), tmp_path / "two.json")
    assert artifacts.read_json(tmp_path / "one.json") == content
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


def test_loading_into_a_module_is_strict(tmp_path):
    module, path = nn.Linear(2, 3), tmp_path / "w.safetensors"
    artifacts.save_tensors(module.state_dict(), path)
    other = nn.Linear(2, 3)
    artifacts.load_into(other, path)
    assert torch.equal(other.weight, module.weight)
    for wrong, reason in [
        (nn.Linear(3, 3), "size mismatch"),
        (nn.Linear(2, 3, bias=False), "Unexpected key"),
        (nn.Sequential(nn.Linear(2, 3)), "Missing key"),
    ]:
        with pytest.raises(UserError, match=rf"w\.safetensors does not fit {type(wrong).__name__}.*{reason}") as error:
            artifacts.load_into(wrong, path)
        assert "\n" not in str(error.value)


def test_fingerprint_changes_with_settings_and_content(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("1")
    two.write_text("2")
    mark = artifacts.fingerprint({"a": 1, "b": [2, 3]}, [one, two])
    assert artifacts.fingerprint({"b": [2, 3], "a": 1}, [one, two]) == mark, "the order of settings is no meaning"
    moved = tmp_path / "moved"
    moved.write_text("1")
    assert artifacts.fingerprint({"a": 1, "b": [2, 3]}, [moved, two]) == mark, "neither is the place of a file"
    different = {
        artifacts.fingerprint({"a": 2, "b": [2, 3]}, [one, two]),
        artifacts.fingerprint({"a": 1, "b": [3, 2]}, [one, two]),
        artifacts.fingerprint({"a": 1, "b": [2, 3]}, [two, one]),
        artifacts.fingerprint({"a": 1, "b": [2, 3]}, [one]),
    }
    one.write_text("1 ")
    different.add(artifacts.fingerprint({"a": 1, "b": [2, 3]}, [one, two]))
    assert len(different - {mark}) == 5


def test_sha256_of_known_content(tmp_path):
    (tmp_path / "abc").write_text("abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert artifacts.sha256(tmp_path / "abc") == expected


def test_provenance_is_plain_and_repeatable():
    facts = artifacts.provenance()
    assert facts["packages"]["torch"] == torch.__version__.partition("+")[0] or torch.__version__.startswith(
        facts["packages"]["torch"]
    )
    assert json.dumps(facts) == json.dumps(artifacts.provenance())


def test_errors_tell_what_is_meant():
    assert str(UserError("wrong.", "do this")) == "wrong. Hint: do this"
    assert "Did you mean 'psnr'?" in unknown("metric", "pnsr", ["psnr", "ssim"])
    assert unknown("metric", "zzz", ["psnr", "ssim"]) == "unknown metric 'zzz'. Known: psnr, ssim."
    assert unknown("judge", "x", []).endswith("Known: none.")
    lines = listing(map(str, range(25)), limit=20).splitlines()
    assert len(lines) == 21
    assert lines[-1] == "  - ... and 5 more"
