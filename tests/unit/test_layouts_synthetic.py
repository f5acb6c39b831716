"""Datasets of distorted pictures in miniature: downloaded, verified, unpacked and indexed."""

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import miniatures_synthetic as miniatures
import numpy as np
import pandas as pd
import pytest
from loopback import serve
from scipy.io import loadmat
from sources import laid_out, packed

from asymmetry import tables
from asymmetry.data import catalog, downloads, published, transfers
from asymmetry.data.catalog import Dataset
from asymmetry.errors import UserError

MAKERS = {  # maker, rows and references of the miniature
    "kadid-10k": (miniatures.kadid10k, 30, 2),
    "tid2013": (miniatures.tid2013, 45, 3),
    "live": (miniatures.live, 779, 29),
    "csiq": (miniatures.csiq, 57, 2),
    "pipal": (miniatures.pipal, 14, 2),
}
RANGES = {"kadid-10k": (1.4, 4.3), "tid2013": (0.7, 5.9), "live": (20, 80), "csiq": (0.19, 0.95), "pipal": (1400, 1531)}
RAW_ERRORS = {"kadid-10k": np.std([5] * 17 + [4] * 13, ddof=1) / np.sqrt(30), "tid2013": 0.1}
SOURCES = [(name, source) for name in MAKERS for source in catalog.dataset(name).sources]
BY_HAND = [(name, "manual") for name in ("live", "csiq", "pipal")]


def small(name: str) -> Dataset:
    """The catalogue's entry with the miniature's numbers; those of LIVE are the genuine ones."""
    entry = catalog.dataset(name)
    _, rows, references = MAKERS[name]
    low, high = RANGES[name]
    expected = replace(entry.expected, rows=(rows,), references=references, score_low=low, score_high=high)
    return replace(entry, expected=expected)


def served(name, source, url, archives):
    """The dataset with its source's files on the loopback server."""
    entry = small(name)
    files = [
        replace(
            file,
            urls=(f"{url}/{file.name}",),
            bytes=len(archives[file.name]),
            sha256=hashlib.sha256(archives[file.name]).hexdigest(),
            unverified=False,
        )
        for file in entry.source(source).files
    ]
    return replace(entry, sources={source: replace(entry.source(source), files=tuple(files))})


def index(name, folder, output):
    published.index_rated(small(name), folder, output)
    return tables.read(output, "rated")


def file_of(folder, name):
    (found,) = [path for path in folder.rglob("*") if path.name.casefold() == name.casefold()]
    return found


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "downloads" / "set"


@pytest.fixture
def output(tmp_path):
    return tmp_path / "results" / "rated" / "set" / "manifest.csv"


@pytest.mark.parametrize(("name", "source"), SOURCES)
def test_download_verify_unpack_and_index(name, source, folder, output, monkeypatch):
    monkeypatch.setattr(transfers, "WAIT", 0.0)
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    content = MAKERS[name][0](source)
    entry = catalog.dataset(name).source(source)
    assert {file.name for file in entry.files} == set(content)
    archives = {file.name: packed(content[file.name], file.unpack) for file in entry.files}
    wrong = {path: bytes(len(data)) for path, data in archives.items()}
    with serve(files := dict(wrong)) as url:
        dataset = served(name, source, url, archives)
        with pytest.raises(UserError, match="its sha256 is"):
            downloads.fetch(dataset, folder, accepted=True)
        assert not folder.exists()
        files.update(archives)
        downloads.fetch(dataset, folder, accepted=True)
    receipt = json.loads((folder / "receipt.json").read_text())
    assert all(file["verified"] for file in receipt["files"])
    published.index_rated(dataset, folder, output)
    frame = tables.read(output, "rated")
    _, rows, references = MAKERS[name]
    assert (len(frame), frame["reference"].nunique(), frame["scene"].nunique()) == (rows, references, references)
    for column in ("image", "reference"):
        assert frame[column].str.startswith("../../../downloads/set/").all()
        assert all((output.parent / path).is_file() for path in frame[column])
    assert frame["image"].is_unique
    assert (frame["score"].min(), frame["score"].max()) == (0, 1)
    direction = 1 if dataset.expected.higher_is_better else -1
    assert frame["score"].corr(frame["raw_score"]) == pytest.approx(direction)
    assert (frame["split"] == "").all()
    error = RAW_ERRORS.get(name, np.nan) / np.ptp(frame["raw_score"])
    assert frame["score_error"].tolist() == pytest.approx([error] * rows, rel=1e-3, nan_ok=True)


@pytest.mark.parametrize(("name", "source"), [*SOURCES, *BY_HAND])
def test_every_layout_of_a_dataset_says_the_same(name, source, folder, tmp_path, output):
    make, default = MAKERS[name][0], next(iter(catalog.dataset(name).sources))
    first = index(name, laid_out(make(default), tmp_path / "first"), output)
    here = index(name, laid_out(make(source), folder), output)
    same = ["scene", "distortion", "family", "level", "split"]

    def keyed(frame):
        return frame.assign(image=[path.rpartition("/")[2].lower() for path in frame["image"]])

    if name == "live":  # numbered alike in every folder
        assert here[same].equals(first[same])
        return
    both = keyed(first).merge(keyed(here), on="image", suffixes=("", "_here"))
    assert len(both) == len(first) == len(here)
    for column in same:
        assert (both[column] == both[f"{column}_here"]).all(), column
    assert np.allclose(both["raw_score"], both["raw_score_here"], atol=6e-4)


def test_kadid_higher_is_better_whatever_the_column_is_called(folder, output):
    frame = index("kadid-10k", laid_out(MAKERS["kadid-10k"][0]("mirror"), folder), output)
    row = frame.set_index(frame["image"].str.rpartition("/")[2]).loc["I81_10_01.png"]
    assert row["reference"].endswith("/images/I81.png")
    assert row[["scene", "distortion", "family", "level"]].tolist() == ["kadid-10k-I81", "jpeg", "compression", 1]
    assert (row["raw_score"], row["score"]) == (4.23, 1)


def test_tid_files_are_found_in_any_case(folder, output):
    frame = index("tid2013", laid_out(MAKERS["tid2013"][0]("mirror"), folder), output)
    assert set(frame["reference"].str.rpartition("/")[2]) == {"I01.BMP", "I02.BMP", "i25.bmp"}
    assert sorted(set(frame["image"].str.rpartition("/")[2].str[0])) == ["I", "i"]
    row = frame[frame["image"].str.endswith("/i25_24_4.bmp")].iloc[0]
    assert row[["scene", "distortion", "level", "raw_score"]].tolist() == ["tid2013-I25", "sparse-sampling", 4, 2.0]


def test_tid_errors_may_be_absent_but_not_of_another_number(folder, output):
    laid_out(MAKERS["tid2013"][0]("mirror"), folder)
    errors = file_of(folder, "mos_std.txt")
    errors.write_text("0.1\n0.2\n")
    with pytest.raises(UserError, match=r"mos_std\.txt holds 2 numbers for the 45 scores of mos_with_names\.txt"):
        index("tid2013", folder, output)
    errors.unlink()
    assert index("tid2013", folder, output)["score_error"].isna().all()


@pytest.mark.parametrize(("source", "raw"), [("mirror", 0), ("manual", 10)])
def test_live_without_its_originals_and_realigned_where_it_is(source, raw, folder, output):
    frame = index("live", laid_out(MAKERS["live"][0](source), folder), output)
    counts = {"jpeg2000": 169, "jpeg": 175, "white-noise": 145, "gaussian-blur": 145, "fast-fading": 145}
    assert frame["distortion"].value_counts().to_dict() == counts
    row = frame[frame["image"].str.endswith("/gblur/img30.bmp")].iloc[0]
    assert row["raw_score"] == pytest.approx(20 + (227 + 233 + 174 + 29) / 20 + raw)
    assert row["reference"].endswith("/refimgs/bikes.bmp"), "the 30th of 29 in turn"
    assert row["scene"] == "live-bikes"


def test_csiq_kinds_of_the_workbook(folder, output):
    frame = index("csiq", laid_out(MAKERS["csiq"][0]("manual"), folder), output)
    image = frame.set_index(frame["image"].str.rpartition("/")[2])
    assert image.loc["1600.fnoise.3.png", "distortion"] == "pink-noise"
    assert image.loc["aerial_city.jpeg2000.5.png", "raw_score"] == pytest.approx(0.95)
    assert image.loc["1600.contrast.4.png", "reference"].endswith("/src_imgs/1600.png")
    assert image.loc["1600.AWGN.1.png", "score"] == 1


def test_pipal_elo_of_the_training_part_only(folder, output):
    frame = index("pipal", laid_out(MAKERS["pipal"][0]("mirror"), folder), output)
    assert sorted(set(frame["distortion"])) == [f"group-{group:02}" for group in range(7)]
    assert frame["raw_score"].tolist() == pytest.approx([1400.1234 + 10 * k for k in range(14)])
    assert not frame["image"].str.contains("Val_").any()
    assert frame["reference"].str.contains("/Train_Ref/").all()


def test_no_picture_is_opened(folder, output):
    laid_out(MAKERS["pipal"][0]("manual"), folder)
    for path in folder.rglob("*.bmp"):
        path.write_bytes(b"")
    assert len(index("pipal", folder, output)) == 14


@pytest.mark.parametrize(
    ("name", "lost"),
    [
        ("kadid-10k", "I81_25_05.png"),
        ("kadid-10k", "I81.png"),
        ("tid2013", "i25.bmp"),
        ("live", "womanhat.bmp"),
        ("csiq", "1600.BLUR.2.png"),
        ("csiq", "aerial_city.png"),
        ("pipal", "A0200_06_00.bmp"),
    ],
)
def test_missing_picture_is_named(name, lost, folder, output):
    laid_out(MAKERS[name][0]("mirror"), folder)
    file_of(folder, lost).unlink()
    with pytest.raises(UserError, match=rf"(?i)pictures are missing(.|\n)*{lost}"):
        index(name, folder, output)
    assert not output.exists()


@pytest.mark.parametrize("name", MAKERS)
def test_what_the_catalogue_does_not_expect_is_one_error(name, folder, output):
    laid_out(MAKERS[name][0]("mirror"), folder)
    entry = small(name)
    _, rows, references = MAKERS[name]
    other = replace(entry.expected, rows=(rows + 1,), references=references + 1, score_low=1e4, score_high=2e4)
    with pytest.raises(UserError, match="as published") as error:
        published.index_rated(replace(entry, expected=other), folder, output)
    for part in (
        f"{rows + 1} rows were expected, {rows} were found",
        f"{references + 1} references were expected, {references} were found",
        "scores from 10000 to 20000",
    ):
        assert part in str(error.value)
    assert not output.exists()


@pytest.mark.parametrize("name", ["kadid-10k", "tid2013", "csiq"])
def test_scores_that_run_the_other_way(name, folder, output):
    laid_out(MAKERS[name][0]("mirror"), folder)
    entry = small(name)
    turned = replace(entry.expected, higher_is_better=not entry.expected.higher_is_better)
    with pytest.raises(UserError, match="with the level of distortion"):
        published.index_rated(replace(entry, expected=turned), folder, output)


def test_live_scores_that_run_the_other_way(folder, output):
    laid_out(MAKERS["live"][0]("manual"), folder)
    path = file_of(folder, "dmos_realigned.mat")
    content = loadmat(path)
    path.write_bytes(miniatures.matlab(dmos_new=100 - content["dmos_new"], orgs=content["orgs"]))
    with pytest.raises(UserError, match="originals do not score below distorted pictures"):
        index("live", folder, output)


RATED = [name for name, entry in catalog.catalog().items() if entry.kind in {"fr", "nr"}]
OTHER_SCALES = {
    "of 0 to 1": lambda share, low, high: share,
    "of 0 to 100": lambda share, low, high: 100 * share,
    "turned": lambda share, low, high: -low - share * (high - low),
    "a thousandth of the range": lambda share, low, high: low + share * (high - low) / 1000,
    "beyond the end": lambda share, low, high: low + 1.2 * share * (high - low),
}
SAME_SCALE = {"of 0 to 1": {"csiq"}, "of 0 to 100": {"live", "live-challenge", "spaq", "flive"}}


@pytest.mark.parametrize("name", RATED)
def test_scores_on_another_scale(name):
    """Of every dataset: its own scale passes, any other is told."""
    dataset = catalog.dataset(name)
    low, high = dataset.expected.score_low, dataset.expected.score_high
    shares = pd.Series(np.linspace(0.03, 0.97, 50))

    def wrong(raw):
        return [*published._wrong_scores(pd.DataFrame({"raw_score": raw}), dataset)]

    assert not wrong(low + shares * (high - low))
    for scale, made in OTHER_SCALES.items():
        if name not in SAME_SCALE.get(scale, ()):
            assert wrong(made(shares, low, high)), scale


def test_live_lists_of_other_lengths(folder, output):
    laid_out(MAKERS["live"][0]("mirror"), folder)
    short = miniatures.matlab(dmos=np.zeros((1, 10)), orgs=np.zeros((1, 10)))
    file_of(folder, "dmos.mat").write_bytes(short)
    with pytest.raises(UserError, match="hold 10 scores, 10 flags and 982 references; 982 of each"):
        index("live", folder, output)


def test_folder_that_is_made_of_links_to_a_cache(folder, tmp_path, output):
    real = laid_out(MAKERS["kadid-10k"][0]("mirror"), tmp_path / "cache" / "block")
    (real / downloads.RECEIPT).write_text("{}")
    folder.mkdir(parents=True)
    for path in real.iterdir():
        (folder / path.name).symlink_to(os.path.relpath(path, folder))
    frame = index("kadid-10k", folder, output)
    assert frame["image"].str.startswith("../../../downloads/set/").all(), "the cache may be elsewhere tomorrow"
    assert all((output.parent / path).is_file() for path in frame["image"])


def test_a_dataset_of_another_kind(folder, output):
    with pytest.raises(UserError, match="kadid-10k is of kind fr, not pictures"):
        published.index_corpus(catalog.dataset("kadid-10k"), Path(folder), output)
