import hashlib
import io
import json
import stat
import tarfile
import zipfile
from collections import namedtuple
from dataclasses import replace

import numpy as np
import pytest
from filelock import FileLock
from loopback import serve

from asymmetry.data import catalog, downloads, transfers, unpacking
from asymmetry.data.catalog import File, Source
from asymmetry.data.layouts.files import Tree
from asymmetry.errors import UserError

NOISE = np.random.default_rng(0).bytes(3_000_000)
CONTENT = {"set/a.png": NOISE, "set/sub/b.png": b"b", "labels.txt": b"a 1\nb 2\n"}


def tar(content, *more):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in content.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for info in more:
            archive.addfile(info)
    return buffer.getvalue()


def special(kind, name="set/x", target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def zipped(content, mode=0):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = mode << 16
            archive.writestr(info, data)
    return buffer.getvalue()


GOOD = tar(CONTENT)
KEPT = len(GOOD) // 2 // transfers.CHUNK * transfers.CHUNK  # of a transfer that ends half-way


def entry(*files, accept=False, **sources):
    terms = replace(catalog.dataset("kadid-10k").terms, accept=accept)
    sources = {"first": Source(name="first", files=files)} | sources
    return replace(catalog.dataset("kadid-10k"), name="toy", terms=terms, sources=sources)


def file(data, *urls, name="toy.tgz", unpack="tar", **facts):
    facts = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()} | facts
    return File(name=name, urls=urls, unpack=unpack, **facts)


def fetch(dataset, folder, source=None):
    downloads.fetch(dataset, folder, accepted=False, source=source)


def left(folder):
    """What lies around beside the dataset's folder."""
    return sorted(path.name for path in (folder.parent / ".partial").rglob("*") if path.suffix != ".lock")


def assert_whole(folder):
    assert not left(folder)
    there = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    receipt = json.loads(there.pop("receipt.json"))
    assert there == CONTENT
    return receipt


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(transfers, "WAIT", 0.0)
    monkeypatch.delenv("HF_ENDPOINT", raising=False)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "downloads" / "toy"


def test_whole(folder, capsys):
    with serve({"toy.tgz": GOOD}) as url:
        toy = entry(file(GOOD, f"{url}/toy.tgz"))
        fetch(toy, folder)
        assert url.requests == [("toy.tgz", "", 200)]
    facts = {"name": "toy.tgz", "url": f"{url}/toy.tgz", "bytes": len(GOOD), "sha256": toy.source().files[0].sha256}
    assert assert_whole(folder) == {"dataset": "toy", "source": "first", "files": [facts | {"verified": True}]}
    assert toy.terms.summary in capsys.readouterr().err


def test_several_files_zip_members_and_a_plain_file(folder):
    pack, labels = zipped({"set/a.png": NOISE, "set/sub/b.png": b"b", "unwanted.png": b""}), CONTENT["labels.txt"]
    with serve({"pack.zip": pack, "labels.txt": labels}) as url:
        md5 = {"sha256": "", "md5": hashlib.md5(labels).hexdigest()}
        files = [
            file(pack, f"{url}/pack.zip", name="pack.zip", unpack="zip", members="set/*"),
            file(labels, f"{url}/labels.txt", name="labels.txt", unpack="none", **md5),
        ]
        fetch(entry(file(b"", f"{url}/not-this"), second=Source(name="second", files=tuple(files))), folder, "second")
    receipt = assert_whole(folder)
    assert receipt["source"] == "second"
    assert receipt["files"][1]["md5"] == md5["md5"]


def test_connection_that_drops_is_continued_in_the_same_run(folder):
    with serve({"toy.tgz": GOOD}, "drops") as url:
        fetch(entry(file(GOOD, f"{url}/toy.tgz")), folder)
        assert url.requests == [("toy.tgz", "", 200), ("toy.tgz", f"bytes={KEPT}-", 206)]
    assert_whole(folder)


def test_connection_that_drops_is_continued_by_the_next_run(folder, monkeypatch):
    monkeypatch.setattr(transfers, "TRIES", 1)
    with serve({"toy.tgz": GOOD}, "drops") as url:
        toy = entry(file(GOOD, f"{url}/toy.tgz"), other=Source(name="other", files=()))
        with pytest.raises(UserError, match=r"(?s)toy.tgz could not be fetched.*continued.*another source: other\."):
            fetch(toy, folder)
        assert not folder.exists()
        assert left(folder) == ["toy", "toy.tgz.json", "toy.tgz.part"]
        fetch(toy, folder)
        assert url.requests[1:] == [("toy.tgz", f"bytes={KEPT}-", 206)]
    assert_whole(folder)


def test_connection_that_always_drops_ends_after_some_tries(folder):
    with serve({"toy.tgz": GOOD}, "always-drops") as url:
        with pytest.raises(UserError, match="tried 5 times"):
            fetch(entry(file(GOOD, f"{url}/toy.tgz")), folder)
        assert 5 <= len(url.requests) <= 10
    assert not folder.exists()


def test_server_that_ignores_ranges_is_begun_anew(folder, monkeypatch):
    monkeypatch.setattr(transfers, "TRIES", 1)
    files = {"toy.tgz": GOOD}
    with serve(files, "drops") as dropping, serve(files, "ignores-range") as ignoring:
        with pytest.raises(UserError):
            fetch(entry(file(GOOD, f"{dropping}/toy.tgz")), folder)
        fetch(entry(file(GOOD, f"{ignoring}/toy.tgz")), folder)
        assert ignoring.requests == [("toy.tgz", f"bytes={KEPT}-", 200)]
    assert_whole(folder)


def test_file_that_changed_on_the_server_is_begun_anew(folder, monkeypatch):
    monkeypatch.setattr(transfers, "TRIES", 1)
    files = {"toy.tgz": bytes(len(GOOD))}
    with serve(files, "drops") as url:
        toy = entry(file(GOOD, f"{url}/toy.tgz"))
        with pytest.raises(UserError, match=f"broke after {KEPT} bytes"):
            fetch(toy, folder)
        files["toy.tgz"] = GOOD
        fetch(toy, folder)
        assert url.requests[-1] == ("toy.tgz", f"bytes={KEPT}-", 200)
    assert_whole(folder)


@pytest.mark.parametrize("size", [len(GOOD), len(GOOD) + 1])
def test_part_that_is_already_long_enough(folder, size):
    part = folder.parent / ".partial" / "toy" / "toy.tgz.part"
    part.parent.mkdir(parents=True)
    part.write_bytes((GOOD + b"x")[:size])
    with serve({"toy.tgz": GOOD}) as url:
        fetch(entry(file(GOOD, f"{url}/toy.tgz")), folder)
        assert len(url.requests) == size - len(GOOD)
    assert_whole(folder)


def test_part_that_is_long_enough_by_the_server_where_the_size_is_not_known(folder):
    part = folder.parent / ".partial" / "toy" / "toy.tgz.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(GOOD)
    with serve({"toy.tgz": GOOD}) as url:
        fetch(entry(file(GOOD, f"{url}/toy.tgz", bytes=None)), folder)
        assert url.requests == [("toy.tgz", f"bytes={len(GOOD)}-", 416)]
    assert_whole(folder)


def test_truncated_file_is_refused_before_it_is_fetched_and_a_rerun_succeeds(folder):
    files = {"toy.tgz": GOOD[:-1000]}
    with serve(files) as url:
        toy = entry(file(GOOD, f"{url}/toy.tgz"))
        with pytest.raises(UserError, match=f"has {len(GOOD) - 1000} bytes, expected {len(GOOD)}"):
            fetch(toy, folder)
        assert left(folder) == ["toy"]
        files["toy.tgz"] = GOOD
        fetch(toy, folder)
    assert_whole(folder)


def test_wrong_hash_names_both_leaves_nothing_and_a_rerun_succeeds(folder):
    wrong = bytes(len(GOOD))
    files = {"toy.tgz": wrong}
    with serve(files) as url:
        toy = entry(file(GOOD, f"{url}/toy.tgz"))
        digests = [hashlib.sha256(data).hexdigest() for data in (wrong, GOOD)]
        with pytest.raises(UserError, match=f"its sha256 is {digests[0]}, expected {digests[1]}"):
            fetch(toy, folder)
        assert not folder.exists()
        assert left(folder) == ["toy", "toy.tgz.json"]
        files["toy.tgz"] = GOOD
        fetch(toy, folder)
    assert_whole(folder)


def test_mirrors_are_tried_in_turn(folder):
    with serve({"wrong.tgz": bytes(len(GOOD)), "toy.tgz": GOOD}) as url:
        mirrors = [f"{url}/missing.tgz", f"{url}/wrong.tgz", f"{url}/toy.tgz"]
        fetch(entry(file(GOOD, *mirrors)), folder)
        assert [path for path, _, _ in url.requests] == ["missing.tgz", "wrong.tgz", "toy.tgz"]
    assert assert_whole(folder)["files"][0]["url"] == mirrors[2]


def test_error_gives_the_reason_of_each_mirror(folder):
    with serve({"wrong.tgz": bytes(len(GOOD))}) as url:
        mirrors = [f"{url}/missing.tgz", f"{url}/wrong.tgz"]
        with pytest.raises(UserError, match=r"missing.tgz: HTTP 404(.|\n)*wrong.tgz: wrong content"):
            fetch(entry(file(GOOD, *mirrors)), folder)


def test_server_that_is_not_there(folder):
    with serve({}) as url:
        pass
    with pytest.raises(UserError, match=r"ConnectionError(.|\n)*tried 5 times"):
        fetch(entry(file(GOOD, f"{url}/toy.tgz")), folder)


def test_hub_by_way_of_a_mirror(folder, monkeypatch):
    with serve({"datasets/x/toy.tgz": GOOD}) as url:
        monkeypatch.setenv("HF_ENDPOINT", f"{url}/")
        fetch(entry(file(GOOD, "https://huggingface.co/datasets/x/toy.tgz")), folder)
    assert_whole(folder)


def test_file_without_a_hash_comes_over_https_only(folder):
    with serve({"toy.tgz": GOOD}) as url:
        toy = entry(file(GOOD, f"{url}/toy.tgz", sha256="", unverified=True))
        with pytest.raises(UserError, match="over https only"):
            fetch(toy, folder)
    assert not folder.exists()


HOSTILE = {
    "parent": (tar({"../out.txt": b"x"}), "tar", "outside its folder"),
    "deep parent": (tar({"a/../../out.txt": b"x"}), "tar", "outside its folder"),
    "absolute": (tar({"/tmp/out.txt": b"x"}), "tar", "outside its folder"),
    "drive": (tar({"C:\\out.txt": b"x"}), "tar", "outside its folder"),
    "symlink": (tar({}, special(tarfile.SYMTYPE, target="../../out.txt")), "tar", "link or device"),
    "hard link": (tar({}, special(tarfile.LNKTYPE, target="/etc/passwd")), "tar", "link or device"),
    "device": (tar({}, special(tarfile.CHRTYPE)), "tar", "link or device"),
    "pipe": (tar({}, special(tarfile.FIFOTYPE)), "tar", "link or device"),
    "bomb": (tar({"zeros": bytes(60_000_000)}), "tar", "unpacks to more than"),
    "zip parent": (zipped({"../out.txt": b"x"}), "zip", "outside its folder"),
    "zip absolute": (zipped({"/tmp/out.txt": b"x"}), "zip", "outside its folder"),
    "zip symlink": (zipped({"x": b"../out.txt"}, mode=stat.S_IFLNK | 0o777), "zip", "link or device"),
    "zip bomb": (zipped({"zeros": bytes(60_000_000)}), "zip", "unpacks to more than"),
    "broken tar": (GOOD[:-5000], "tar", "cannot be unpacked"),
    "broken zip": (zipped(CONTENT)[:-50], "zip", "cannot be unpacked"),
    "no archive": (b"hello", "tar", "cannot be unpacked"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_or_broken_archive_is_refused_and_leaves_nothing(folder, tmp_path, case):
    data, kind, message = HOSTILE[case]
    with serve({"toy": data}) as url:
        with pytest.raises(UserError, match=message):
            fetch(entry(file(data, f"{url}/toy", name="toy", unpack=kind)), folder)
        assert not folder.exists()
        assert {path.name for path in tmp_path.rglob("*")} <= {"downloads", ".partial", "toy", "toy.json", "toy.lock"}
    with serve({"toy": GOOD}) as url:
        fetch(entry(file(GOOD, f"{url}/toy", name="toy")), folder)
    assert_whole(folder)


def test_archive_that_no_hash_vouches_for_is_fetched_again_after_a_fault(folder, monkeypatch):
    data, unverified = HOSTILE["broken tar"][0], {"bytes": None, "sha256": "", "unverified": True}
    monkeypatch.setattr(transfers, "_agreed", lambda file, response, part, have: (0, len(files["toy.tgz"])))
    files = {"toy.tgz": data}
    with serve(files) as url:
        toy = entry(file(data, f"{url}/toy.tgz", **unverified))
        with pytest.raises(UserError, match="cannot be unpacked"):
            fetch(toy, folder)
        files["toy.tgz"] = GOOD
        fetch(toy, folder)
    assert not assert_whole(folder)["files"][0]["verified"]


def test_too_many_members(folder, monkeypatch):
    monkeypatch.setattr(unpacking, "MOST_MEMBERS", 2)
    with serve({"toy.tgz": GOOD}) as url, pytest.raises(UserError, match="more than 2 members"):
        fetch(entry(file(GOOD, f"{url}/toy.tgz")), folder)


def test_pattern_that_matches_nothing(folder):
    with serve({"toy.tgz": GOOD}) as url, pytest.raises(UserError, match="no file like 'other/"):
        fetch(entry(file(GOOD, f"{url}/toy.tgz", members="other/*")), folder)
    assert not folder.exists()


def test_archive_that_was_fetched_is_not_fetched_again_after_a_fault_of_unpacking(folder, monkeypatch):
    with serve({"toy.tgz": GOOD}) as url:
        toy = entry(file(GOOD, f"{url}/toy.tgz"))
        monkeypatch.setattr(unpacking, "MOST_MEMBERS", 2)
        with pytest.raises(UserError):
            fetch(toy, folder)
        monkeypatch.setattr(unpacking, "MOST_MEMBERS", 10)
        fetch(toy, folder)
        assert len(url.requests) == 1
    assert_whole(folder)


def test_archive_of_an_earlier_run_is_not_trusted(folder):
    whole = folder.parent / ".partial" / "toy" / "toy.tgz"
    whole.parent.mkdir(parents=True)
    whole.write_bytes(tar({"evil.png": b"x"}))
    with serve({"toy.tgz": GOOD}) as url:
        fetch(entry(file(GOOD, f"{url}/toy.tgz")), folder)
    assert_whole(folder)


def test_no_space(folder, monkeypatch):
    usage = namedtuple("usage", "total used free")
    free = 2 * len(GOOD)
    monkeypatch.setattr(transfers.shutil, "disk_usage", lambda place: usage(0, 0, free))
    with serve({"toy.tgz": GOOD}) as url:
        toy = entry(file(GOOD, f"{url}/toy.tgz"))
        with pytest.raises(UserError, match=r"no space: toy.*needs 0.01 GB.*0.01 GB are free.*downloads.folder"):
            fetch(toy, folder)
        assert url.requests == []
        free = 3 * len(GOOD)
        fetch(toy, folder)
    assert_whole(folder)


def test_no_space_where_only_the_server_knows_the_size(folder, monkeypatch):
    usage = namedtuple("usage", "total used free")
    free = 2 * len(GOOD)
    monkeypatch.setattr(transfers.shutil, "disk_usage", lambda place: usage(0, 0, free))
    with serve({"toy.tgz": GOOD, "plain": GOOD}) as url:
        toy = entry(file(GOOD, f"{url}/toy.tgz", bytes=None))
        with pytest.raises(UserError, match=r"no space: toy\.tgz, with what it holds"):
            fetch(toy, folder)
        assert left(folder) == ["toy", "toy.tgz.json"]
        plain = file(GOOD, f"{url}/plain", name="plain", bytes=None, unpack="none")
        fetch(entry(plain), folder.with_name("plain"))
        free = 3 * len(GOOD)
        fetch(toy, folder)
    assert_whole(folder)


def test_terms_must_be_accepted(folder, capsys):
    with serve({"toy.tgz": GOOD}) as url:
        toy = entry(file(GOOD, f"{url}/toy.tgz"), accept=True)
        with pytest.raises(UserError, match=r"add toy to the list downloads\.accept_terms"):
            fetch(toy, folder)
        assert url.requests == []
        assert toy.terms.url in capsys.readouterr().err
        downloads.fetch(toy, folder, accepted=True)
    assert_whole(folder)


def test_an_older_download_is_replaced_and_other_files_are_not(folder):
    with serve({"toy.tgz": GOOD}) as url:
        toy = entry(file(GOOD, f"{url}/toy.tgz"))
        fetch(toy, folder)
        (folder / "old.png").write_bytes(b"old")
        fetch(toy, folder)
        assert_whole(folder)
        (folder / "receipt.json").unlink()
        with pytest.raises(UserError, match="holds files that were not downloaded"):
            fetch(toy, folder)
    assert (folder / "labels.txt").exists()


def test_two_runs_do_not_share_a_download(folder):
    (folder.parent / ".partial").mkdir(parents=True)
    with FileLock(folder.parent / ".partial" / "toy.lock"), pytest.raises(UserError, match="another run"):
        fetch(entry(file(GOOD, "http://127.0.0.1:1/toy.tgz")), folder)


def test_same_input_gives_the_same_bytes(folder, tmp_path):
    with serve({"toy.tgz": GOOD}) as url:
        for place in (folder, tmp_path / "second" / "toy"):
            fetch(entry(file(GOOD, f"{url}/toy.tgz")), place)
    assert (folder / "receipt.json").read_bytes() == (tmp_path / "second" / "toy" / "receipt.json").read_bytes()


def test_files_are_found_where_the_folder_holds_links_to_a_cache(folder, tmp_path):
    with serve({"toy.tgz": GOOD}) as url:
        fetch(entry(file(GOOD, f"{url}/toy.tgz")), folder)
    linked = tmp_path / "linked"
    linked.mkdir()
    for path in folder.iterdir():
        (linked / path.name).symlink_to(path)
    assert not list(linked.rglob("b.png"))
    assert linked / "set" / "sub" / "b.png" in Tree(linked).pictures()
