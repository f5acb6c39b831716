"""Sources of the catalogue in miniature: downloaded, verified, unpacked and indexed."""

from dataclasses import replace
from pathlib import Path

import miniatures_authentic as miniatures
import numpy as np
import pytest
from sources import downloaded, laid_out

from asymmetry import tables
from asymmetry.data import catalog, downloads, published, transfers
from asymmetry.errors import UserError

VOTES = [np.average([1, 2, 3, 4, 5], weights=votes) for votes, _ in miniatures.KONIQ_VOTES.values()]
VOTE_ERRORS = [
    np.std(np.repeat([1, 2, 3, 4, 5], votes), ddof=1) / np.sqrt(sum(votes))
    for votes, _ in miniatures.KONIQ_VOTES.values()
]
RATED = {  # dataset, source -> what its archives hold, scores as published, splits
    ("koniq-10k", "mirror"): (miniatures.koniq10k, VOTES, [split for _, split in miniatures.KONIQ_VOTES.values()]),
    ("live-challenge", "mirror"): (miniatures.live_challenge, miniatures.CLIVE_MOS[7:], None),
    ("spaq", "resized"): (miniatures.spaq, list(miniatures.SPAQ_MOS.values()), None),
    ("spaq", "original"): (miniatures.spaq_of_the_authors, list(miniatures.SPAQ_MOS.values()), None),
    ("flive", "mirror"): (miniatures.flive, *map(list, zip(*miniatures.FLIVE_MOS.values(), strict=True))),
    ("agiqa-3k", "mirror"): (miniatures.agiqa3k, list(miniatures.AGIQA_MOS.values()), None),
}
PICTURES = {
    ("div2k-train", "zurich"): (miniatures.div2k_train, ["0001", "0002", "0003"]),
    ("div2k-validation", "zurich"): (miniatures.div2k_validation, ["0801", "0802"]),
    ("flickr2k", "edsr"): (miniatures.flickr2k, ["000001", "000002"]),
    ("set5", "edsr"): (miniatures.benchmark, ["baby"]),
    ("set14", "edsr"): (miniatures.benchmark, ["baboon"]),
    ("bsd100", "edsr"): (miniatures.benchmark, ["101085"]),
    ("urban100", "edsr"): (miniatures.benchmark, ["img001"]),
}


def expecting(name, rows, scores=()):
    """The catalogue's entry with a miniature's number of rows, and the range of its scores."""
    expected = replace(catalog.dataset(name).expected, rows=(rows,))
    if scores:
        expected = replace(expected, score_low=min(scores), score_high=max(scores))
    return replace(catalog.dataset(name), expected=expected)


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(transfers, "WAIT", 0.0)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "downloads" / "set"


@pytest.fixture
def output(tmp_path):
    return tmp_path / "results" / "rated" / "set" / "manifest.csv"


@pytest.mark.parametrize(("name", "source"), RATED)
def test_rated_source_from_download_to_manifest(name, source, folder, output):
    make, scores, splits = RATED[name, source]
    dataset = downloaded(expecting(name, len(scores), scores), source, make(), folder)
    published.index_rated(dataset, folder, output)
    frame = tables.read(output, "rated")
    assert frame["raw_score"].tolist() == pytest.approx(scores)
    assert frame["split"].tolist() == (splits or [""] * len(scores))
    assert frame["score"].tolist() == pytest.approx(
        [(score - min(scores)) / (max(scores) - min(scores)) for score in scores], abs=1e-6
    )
    errors = VOTE_ERRORS if name == "koniq-10k" else np.full(len(scores), np.nan)
    wanted = np.divide(errors, max(scores) - min(scores)).tolist()
    assert frame["score_error"].tolist() == pytest.approx(wanted, nan_ok=True)
    assert all((output.parent / image).is_file() for image in frame["image"])
    assert frame["scene"].is_unique
    assert (frame["reference"] == "").all()


@pytest.mark.parametrize(("name", "source"), PICTURES)
def test_picture_source_from_download_to_manifest(name, source, folder, output):
    make, scenes = PICTURES[name, source]
    published.index_corpus(downloaded(expecting(name, len(scenes)), source, make(), folder), folder, output)
    frame = tables.read(output, "corpus")
    assert frame["scene"].tolist() == scenes
    assert set(zip(frame["width"], frame["height"], strict=True)) == {(12, 9)}
    assert all((output.parent / image).is_file() for image in frame["image"])


def test_forced_choices_from_download_to_manifest(folder, output):
    shares = [(family, share) for family, all_ in sorted(miniatures.BAPPS_SHARES.items()) for share in all_]
    dataset = downloaded(expecting("bapps", len(shares)), "validation", miniatures.bapps(), folder)
    published.index_pairs(dataset, folder, output)
    frame = tables.read(output, "pairs")
    assert list(zip(frame["family"], frame["preference"], strict=True)) == shares
    for column, kind in {"reference": "ref", "first": "p0", "second": "p1"}.items():
        assert {Path(path).parent.name for path in frame[column]} == {kind}
        assert all((output.parent / path).is_file() for path in frame[column])
    assert frame["scene"].is_unique


def test_training_part_and_noticeable_differences_of_bapps_are_left_out(folder, output):
    for part in ("2afc", "2afc/train", "jnd"):
        laid_out(miniatures.bapps(), folder / part)
    for judge in list((folder / "jnd").rglob("judge")):
        judge.rename(judge.with_name("same"))
    (folder / "2afc/train/val").rename(folder / "2afc/train/mix")
    rows = sum(map(len, miniatures.BAPPS_SHARES.values()))
    published.index_pairs(expecting("bapps", rows), folder, output)
    assert all("2afc/val" in path for path in tables.read(output, "pairs")["first"])


@pytest.mark.parametrize("share", [1.2, -0.1])
def test_share_of_raters_beyond_0_and_1(share, folder, output):
    laid_out(miniatures.bapps(), folder)
    np.save(folder / "val/cnn/judge/000000.npy", np.array([share]))
    with pytest.raises(UserError, match="scores from 0 to 1 were expected"):
        published.index_pairs(catalog.dataset("bapps"), folder, output)


def test_smaller_pictures_of_koniq_are_preferred(folder, output):
    laid_out(miniatures.koniq10k(), folder)
    published.index_rated(expecting("koniq-10k", 4, VOTES), folder, output)
    assert {Path(image).parent.name for image in tables.read(output, "rated")["image"]} == {"512x384"}


def test_larger_pictures_of_koniq_where_the_smaller_are_not_there(folder, output):
    laid_out(miniatures.koniq10k_of_the_authors(), folder)
    published.index_rated(expecting("koniq-10k", 4, VOTES), folder, output)
    frame = tables.read(output, "rated")
    assert frame["raw_score"].tolist() == pytest.approx(VOTES)
    assert {Path(image).parent.name for image in frame["image"]} == {"1024x768"}
    assert set(frame["split"]) == {""}
    assert frame["score_error"].tolist() == pytest.approx(np.divide(VOTE_ERRORS, max(VOTES) - min(VOTES)).tolist())


def test_padded_copies_and_patches_of_flive_are_not_taken(folder, output):
    laid_out(miniatures.flive(), folder)
    published.index_rated(expecting("flive", 4, [31.9, 75.5]), folder, output)
    frame = tables.read(output, "rated")
    assert not any("padded" in image or "patch" in image for image in frame["image"])
    assert frame["scene"][0] == "flive-voc_emotic_ava-AVA__129332"


def test_sharp_pictures_of_realsr(folder, output):
    laid_out(miniatures.realsr(), folder)
    published.index_corpus(expecting("realsr", 4), folder, output)
    frame = tables.read(output, "corpus")
    assert set(frame["scene"]) == {f"{part}-{c}_001" for part in ("train", "test") for c in ("Canon", "Nikon")}
    assert all(image.endswith("_HR.png") and "/4/" in image for image in frame["image"])


def test_out_of_a_cache_the_folders_are_links(folder, output):
    """As Snakemake gives back what it has cached: each entry of the folder a link."""
    cache = laid_out(miniatures.koniq10k(), folder.with_name("cache"))
    (cache / downloads.RECEIPT).write_text("{}")
    folder.mkdir(parents=True)
    for entry in cache.iterdir():
        (folder / entry.name).symlink_to(entry)
    published.index_rated(expecting("koniq-10k", 4, VOTES), folder, output)
    assert all((output.parent / image).is_file() for image in tables.read(output, "rated")["image"])


def test_wrong_number_and_range_are_told_together(folder, output):
    content = miniatures.agiqa3k()
    content["data.csv"] = {"data.csv": content["data.csv"]["data.csv"].replace(b"4.2", b"7.5")}
    laid_out(content, folder)
    with pytest.raises(
        UserError, match=r"2982 rows were expected, 3 were found(.|\n)*from 0 to 5, .* were expected.*7\.5"
    ):
        published.index_rated(catalog.dataset("agiqa-3k"), folder, output)
    assert not output.exists()
