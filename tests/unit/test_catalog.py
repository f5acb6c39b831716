import copy
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from asymmetry.data import catalog
from asymmetry.errors import UserError

PROJECT = Path(__file__).parents[2]
NAMES = {
    *("kadid-10k", "tid2013", "live", "csiq", "pipal"),
    *("koniq-10k", "live-challenge", "spaq", "flive", "agiqa-3k"),
    *("div2k-train", "div2k-validation", "flickr2k", "set5", "set14", "bsd100", "urban100", "realsr", "bapps"),
}
RAW = yaml.safe_load(catalog.TABLE.read_text(encoding="utf-8"))


def table(tmp_path, change):
    raw = copy.deepcopy(RAW)
    change(raw)
    path = tmp_path / "catalog.yaml"
    path.write_text(yaml.safe_dump(raw, sort_keys=False), encoding="utf-8")
    return path


def run(code, folder):
    return subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True).stdout


def test_the_studys_datasets_are_there():
    assert set(catalog.catalog()) == NAMES


def test_every_file_has_a_hash_or_comes_over_https():
    for entry in catalog.catalog().values():
        for source in entry.sources.values():
            for file in source.files:
                assert file.hash or all(url.startswith("https://") for url in file.urls), file.name
                assert bool(file.hash) != file.unverified, file.name


def test_scores_have_a_direction_and_a_range():
    for name, entry in catalog.catalog().items():
        if entry.kind in {"fr", "nr"}:
            assert entry.expected.rows, name
            assert entry.expected.score_low < entry.expected.score_high, name
            assert entry.expected.higher_is_better is not None, name
        assert (entry.kind == "fr") == (entry.expected.references is not None), name
    lower = {name for name, entry in catalog.catalog().items() if entry.expected.higher_is_better is False}
    assert lower == {"live", "csiq"}


def test_parts_of_one_archive_unpack_different_folders():
    files = [catalog.dataset(name).source().files[0] for name in ("set5", "set14", "bsd100", "urban100")]
    assert len({file.md5 for file in files}) == 1
    assert len({file.members for file in files}) == 4


def test_sizes():
    assert catalog.download_bytes("kadid-10k") == 3069431805
    assert catalog.download_bytes("spaq") == 2614126313 + 17058316
    assert catalog.download_bytes("spaq", "original") == 34841101349
    assert catalog.download_bytes("csiq") == 379000000
    assert catalog.unpacked_bytes("tid2013") == 1785000000
    assert catalog.unpacked_bytes("kadid-10k") == pytest.approx(1.05 * 3069431805, abs=1)
    assert catalog.download_bytes("set5") is None
    assert catalog.unpacked_bytes("set5") is None


def test_unknown_dataset_and_source():
    with pytest.raises(UserError, match=r"unknown dataset 'kadid10k'. Did you mean 'kadid-10k'"):
        catalog.dataset("kadid10k")
    with pytest.raises(UserError, match=r"downloads.sources.spaq: unknown source 'orginal'. Did you mean 'original'"):
        catalog.download_bytes("spaq", "orginal")


def test_a_dataset_that_cannot_be_downloaded_says_how_to_get_it():
    assert "realsr" not in catalog.downloadable()
    assert set(catalog.downloadable()) == NAMES - {"realsr"}
    with pytest.raises(UserError, match=r"realsr cannot be downloaded.*csjcai/RealSR.*folders: \{realsr:"):
        catalog.dataset("realsr").source()


def test_terms():
    assert catalog.unaccepted(["live", "kadid-10k", "csiq"], ["csiq"]) == ["live"]
    catalog.require_accepted(["live", "kadid-10k"], ["live"])
    with pytest.raises(UserError, match=r"(?s)of 2 dataset.*- csiq: .*- live: .*accept_terms: \[csiq, live\]"):
        catalog.require_accepted({"live", "kadid-10k", "csiq"}, ["tid2013"])


def test_digest_follows_the_content_and_not_the_addresses(tmp_path, monkeypatch):
    def digest(change):
        changed = catalog.catalog(table(tmp_path, change))
        monkeypatch.setattr(catalog, "catalog", lambda: changed)
        try:
            return catalog.digest("kadid-10k")
        finally:
            monkeypatch.undo()
            catalog.catalog.cache_clear()

    def file(raw):
        return raw["kadid-10k"]["sources"]["mirror"]["files"][0]

    same = catalog.digest("kadid-10k")
    assert digest(lambda raw: file(raw).update(urls=["https://example.org/kadid10k.tgz"])) == same
    assert digest(lambda raw: raw["kadid-10k"]["terms"].update(summary="Other words.")) == same
    assert digest(lambda raw: file(raw).update(sha256="0" * 64)) != same
    assert digest(lambda raw: file(raw).update(members="*.png")) != same
    assert catalog.digest("kadid-10k", "konstanz") != same


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda file: file.pop("sha256"), "kadid-10k.sources.mirror.files.0"),
        (lambda file: file.update(sha256="abc"), "kadid-10k.sources.mirror.files.0"),
        (lambda file: (file.pop("sha256"), file.update(unverified=True, urls=["http://example.org/x"])), "files.0"),
        (lambda file: file.update(unverified=True), "files.0"),
        (lambda file: file.update(unpack="rar"), "files.0.unpack"),
        (lambda file: file.update(name="../x"), "files.0.name"),
        (lambda file: file.update(hash="x"), "files.0"),
    ],
)
def test_a_wrong_table_is_refused(tmp_path, change, place):
    path = table(tmp_path, lambda raw: change(raw["kadid-10k"]["sources"]["mirror"]["files"][0]))
    with pytest.raises(UserError, match=place):
        catalog.catalog(path)


def test_a_dataset_without_sources_and_instructions_is_refused(tmp_path):
    with pytest.raises(UserError, match="realsr"):
        catalog.catalog(table(tmp_path, lambda raw: raw["realsr"].pop("manual")))


def test_the_module_is_light():
    heavy = "{'torch', 'numpy', 'pandas', 'requests', 'pooch'} & set(sys.modules)"
    code = f"import sys; from asymmetry.data import catalog; catalog.catalog(); print({heavy})"
    assert run(code, PROJECT / "workflow_scripts").strip() == "set()"


def test_the_page_is_up_to_date():
    code = "import generate_datasets; print(generate_datasets.document(), end='')"
    page = (PROJECT / "docs" / "datasets.md").read_text(encoding="utf-8")
    assert page == run(code, PROJECT / "docs"), "run docs/generate_datasets.py"
