from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from asymmetry import distortions, images, tables
from asymmetry.data import procedural
from asymmetry.data.corpora import make_corpus
from asymmetry.data.rated import make_rated
from asymmetry.errors import UserError

LEVEL_MEANS = Path(__file__).parents[2] / "workflow_scripts" / "data" / "kadid10k_level_means.csv"
NAMES = ["gaussian-blur", "colour-saturation-1", "mean-shift"]


def corpus_of(folder, pictures):
    for name, array in pictures.items():
        images.write(array, folder / "pictures" / f"{name}.png")
    make_corpus(folder / "corpus" / "manifest.csv", "folder", seed=0, path=folder / "pictures")
    return folder / "corpus" / "manifest.csv"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    pictures = {name: procedural.draw(name, 48, 0) for name in ("tiles", "dead-leaves")}
    return corpus_of(tmp_path_factory.mktemp("colour"), pictures)


@pytest.fixture(scope="module")
def emulation(corpus, tmp_path_factory):
    manifest = tmp_path_factory.mktemp("emulation") / "manifest.csv"
    options = {"corpus": corpus, "level_means": LEVEL_MEANS, "size": 40, "distortions": NAMES}
    make_rated(manifest, "kadid-emulation", seed=4, **options)
    return manifest


def test_emulation_has_every_scene_distortion_and_level(emulation):
    frame = tables.read(emulation, "rated")
    found = list(zip(frame["scene"], frame["distortion"], frame["level"], strict=True))
    assert sorted(found) == sorted(product(["tiles", "dead-leaves"], NAMES, range(1, 6)))
    assert set(frame["family"]) == {"blur", "colour", "brightness"}
    assert len(list((emulation.parent / "images").iterdir())) == 32


def test_emulation_scores_are_the_means_of_type_and_level(emulation):
    frame = tables.read(emulation, "rated")
    means = pd.read_csv(LEVEL_MEANS).set_index(["type", "level"])["mean_score"]
    wanted = [
        means[distortions.TYPES[d].number, level] for d, level in zip(frame["distortion"], frame["level"], strict=True)
    ]
    assert frame["raw_score"].tolist() == pytest.approx(wanted)
    assert frame["score"].min() == 0
    assert frame["score"].max() == 1
    assert frame["score"].corr(frame["raw_score"]) == pytest.approx(1)


def test_emulation_images_can_be_made_again_alone(emulation):
    frame = tables.read(emulation, "rated").set_index(["scene", "distortion", "level"])
    line = frame.loc["tiles", "gaussian-blur", 4]
    reference = images.read(emulation.parent / line["reference"])
    assert reference.shape == (40, 40, 3)
    again = images.quantize(distortions.distort(reference / 255, "gaussian-blur", 4, 4, "tiles"))
    assert np.array_equal(images.read(emulation.parent / line["image"]), again)
    identity = frame.loc["tiles", "mean-shift", 3]
    assert np.array_equal(images.read(emulation.parent / identity["image"]), reference)


def test_emulation_of_some_scenes_and_levels(corpus, tmp_path):
    options = {"corpus": corpus, "level_means": LEVEL_MEANS, "scenes": ["tiles"], "levels": [1, 5]}
    make_rated(tmp_path / "manifest.csv", "kadid-emulation", seed=0, distortions=NAMES[:1], **options)
    frame = tables.read(tmp_path / "manifest.csv", "rated")
    assert frame[["scene", "level", "score"]].to_numpy().tolist() == [["tiles", 1, 1.0], ["tiles", 5, 0.0]]


def test_a_grey_reference_is_refused(tmp_path):
    grey = procedural.draw("tiles", 48, 0)[..., :1].repeat(3, axis=-1)
    corpus = corpus_of(tmp_path, {"grey": grey, "colour": procedural.draw("tiles", 48, 1)})
    with pytest.raises(UserError, match="changes nothing in 1 scene") as error:
        make_rated(
            tmp_path / "manifest.csv", "kadid-emulation", 0, corpus=corpus, level_means=LEVEL_MEANS, distortions=NAMES
        )
    assert "grey: colour-saturation-1" in str(error.value)
    assert not (tmp_path / "manifest.csv").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"distortions": ["gaussian-blurr"]}, "Did you mean 'gaussian-blur'"),
        ({"scenes": ["tile"]}, "Did you mean 'tiles'"),
        ({"levels": [0, 1]}, "unknown level 0"),
        ({"levels": []}, "no distortion or no level"),
        ({"size": 49}, "48 x 48 pixels, too few for 49"),
        ({"level_means": "absent.csv"}, "absent.csv is no table of mean scores"),
    ],
)
def test_emulation_refuses_wrong_options(corpus, tmp_path, options, message):
    with pytest.raises(UserError, match=message):
        make_rated(
            tmp_path / "manifest.csv", "kadid-emulation", 0, **{"corpus": corpus, "level_means": LEVEL_MEANS} | options
        )


def test_textures_rank_other_crops_above_everything_distorted(tmp_path):
    manifest = tmp_path / "manifest.csv"
    make_rated(manifest, "textures", seed=0, textures=5, size=40, level_means=LEVEL_MEANS)
    frame = tables.read(manifest, "rated")
    assert len(frame) == 5 * (4 + 7 * 3)
    assert {scene.rpartition("-")[0] for scene in frame["scene"]} == set(procedural.HELD_OUT)
    crops = frame[frame["distortion"] == ""]
    assert (crops["score"] == 1).all()
    assert frame.loc[frame["distortion"] != "", "score"].max() < 0.9
    for image, reference in zip(frame["image"], frame["reference"], strict=True):
        assert not np.array_equal(images.read(tmp_path / image), images.read(tmp_path / reference)), image


def test_an_empty_set_is_refused(tmp_path):
    with pytest.raises(UserError, match="holds no image"):
        make_rated(tmp_path / "manifest.csv", "textures", seed=0, textures=0, size=40, level_means=LEVEL_MEANS)


@pytest.fixture
def own(tmp_path):
    """A folder with two references and three images, and a function that writes its CSV."""
    rng = np.random.default_rng(0)
    names = {"ref/one.png": 20, "ref/two.png": 24, "a.png": 20, "b.png": 20, "c.png": 24}
    for name, size in names.items():
        images.write(rng.integers(0, 256, (size, size, 3), dtype=np.uint8), tmp_path / "own" / name)

    def write(text, encoding="utf-8"):
        path = tmp_path / "own" / "scores.csv"
        path.write_text(text, encoding=encoding)
        return path

    return write


GOOD = """image,reference,score,distortion,level
a.png,ref/one.png,1,noise,2
b.png,ref/one.png,3,,
c.png,ref/two.png,2,,
"""


def read_own(tmp_path, path, mode="fr", higher_is_better=True):
    make_rated(tmp_path / "out" / "manifest.csv", "csv", 0, path=path, mode=mode, higher_is_better=higher_is_better)
    return tables.read(tmp_path / "out" / "manifest.csv", "rated")


def test_own_csv(own, tmp_path):
    frame = read_own(tmp_path, own(GOOD))
    assert frame["score"].tolist() == [0, 1, 0.5]
    assert frame["raw_score"].tolist() == [1, 3, 2]
    assert frame["score_error"].isna().all()
    assert frame["scene"].tolist() == ["one", "one", "two"]
    assert frame["level"].tolist() == [2, 0, 0]
    assert frame["family"].tolist() == ["noise", "", ""]
    assert frame["reference"].nunique() == 2
    copied = images.read(tmp_path / "out" / frame["image"][2])
    assert np.array_equal(copied, images.read(tmp_path / "own" / "c.png"))
    assert images.read(tmp_path / "out" / frame["reference"][2]).shape == copied.shape


def test_own_csv_where_lower_is_better(own, tmp_path):
    assert read_own(tmp_path, own(GOOD), higher_is_better=False)["score"].tolist() == [1, 0, 0.5]


@pytest.mark.parametrize("higher_is_better", [True, False])
def test_own_csv_with_standard_errors(own, tmp_path, higher_is_better):
    rows = "a.png,ref/one.png,1,0.5\nb.png,ref/one.png,5,\nc.png,ref/two.png,2,0\n"
    path = own("image,reference,score,score_error\n" + rows)
    frame = read_own(tmp_path, path, higher_is_better=higher_is_better)
    assert frame["score_error"].tolist() == pytest.approx([0.125, np.nan, 0], nan_ok=True)


def test_own_csv_without_references(own, tmp_path):
    frame = read_own(tmp_path, own("image,score,scene\na.png,1,x\nb.png,3,\n"), mode="nr")
    assert frame["reference"].tolist() == ["", ""]
    assert frame["scene"].tolist() == ["x", "b"]


@pytest.mark.parametrize("separator", [";", "\t"])
def test_own_csv_of_a_spreadsheet(own, tmp_path, separator):
    text = GOOD.replace(",", separator).replace("image", "Distorted").replace("score", " Score ").replace("\n", "\r\n")
    frame = read_own(tmp_path, own(text + separator * 4 + "\r\n", encoding="utf-8-sig"))
    assert frame["score"].tolist() == [0, 1, 0.5]


def test_own_csv_lists_all_its_problems(own, tmp_path):
    (tmp_path / "own" / "broken.png").write_bytes(b"no image")
    path = own(
        "image,reference,score,level,score_error\n"
        "a.png,ref/one.png,1,,-1\n"
        "absent.png,ref/one.png,2,\n"
        "broken.png,ref/one.png,2,\n"
        "c.png,ref/one.png,2,,?\n"
        "b.png,ref/one.png,nan,high\n"
        "b.png,ref/one.png,good,\n"
        "\n"
        "c.png,,inf,\n"
    )
    with pytest.raises(UserError) as error:
        read_own(tmp_path, path)
    message = str(error.value)
    for part in (
        "12 problem(s)",
        "row 2: score_error '-1' is not a finite number from 0",
        "row 5: score_error '?'",
        "row 3: image: " + str(tmp_path / "own" / "absent.png") + " does not exist",
        "row 4: image: " + str(tmp_path / "own" / "broken.png") + " is not a readable image",
        "row 5: image and reference differ in size, 24 x 24 against 20 x 20",
        "row 6: score 'nan'",
        "row 6: level 'high'",
        "row 7: score 'good'",
        "row 7: the image of row 6 again",
        "row 9: reference: no path",
        "row 9: score 'inf'",
        "row 9: the image of row 5 again",
    ):
        assert part in message, part
    assert not (tmp_path / "out" / "manifest.csv").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image,mos\na.png,1\n", "column 'score' is missing"),
        ("image,score\na.png,1\n", "column 'reference' is missing"),
        ("image,reference,score\na.png,ref/one.png,2\nb.png,ref/one.png,2\n", "all are 2, so nothing"),
        ("image,reference,score\n", "holds no row"),
        ("image,distorted,reference,score\na.png,a.png,ref/one.png,2\n", "column 'image' stands twice"),
        ('image,reference,score\n"a.png,1,2\n', "cannot be read as a table"),
    ],
)
def test_own_csv_that_is_no_table_of_scores(own, tmp_path, text, message):
    with pytest.raises(UserError, match=message):
        read_own(tmp_path, own(text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image,reference,score\na.png,ref/one.png,1,,\n", None),
        ("image,reference,score,,\na.png,ref/one.png,1,,\n", None),
        ("image,reference,score\na.png,ref/one.png,1,2\n", r"has 3 columns, and\n  - row 2 has 4\nfields"),
        ("image,reference,score\na.png,ref/one.png,1\nb,c.png,ref/two.png,1\n", "row 3 has 4"),
        ("image,reference,score,score\na.png,ref/one.png,1,2\n", "column 'score' stands twice"),
        ("image,reference,score\na.png,ref/one.png,True\n", "score 'True' is not a finite number"),
        ("image,reference,score\na.png,ref/one.png,1e400\n", "score '1e400' is not a finite number"),
        ("image,reference,score\na.png,ref/one.png,1_0\n", "score '1_0' is not a finite number"),
        ("image,reference,score\na.png,ref/one.png,\u0663\n", "score '\u0663' is not a finite number"),
        ("image,reference,score\na.png,ref\\one.png,1\n", "one.png does not exist. Hint: write / between"),
        ("image,reference,score\na.png,ref/one.png,\n", "score '' is not a finite number"),
        ('image,reference,score\na.png,ref/one.png,"1,5"\n', "not a finite number. Hint: write decimals with a point"),
        ("image,reference,score,level\na.png,ref/one.png,1,2.0\n", None),
        ("image,reference,score,level\na.png,ref/one.png,1,2.5\n", "level '2.5' is not a whole number"),
        ("image,reference,score,level\na.png,ref/one.png,1,9999999999\n", "level '9999999999' is not a whole number"),
        ("image,reference,score\na.png,ref/one.png,1\n./a.png,ref/one.png,2\n", "row 3: the image of row 2 again"),
        (f"image,reference,score\n{'a' * 300},ref/one.png,1\n", "a does not exist"),
        ("image,reference,score\na.png\0,ref/one.png,1\n", "it holds NUL bytes"),
        ("image,reference,score\n\"a.png\"x,ref/one.png,1\n", "cannot be read as a table: ',' expected"),
        (",".join(map(str, range(100_000))) + "\n", "29 and 99970 more"),
        (f"image,reference,score\n{'a' * 200_000},,1\n", "field larger than field limit"),
        ("", "column 'image' is missing"),
    ],
)  # fmt: skip
def test_own_csv_that_is_odd(own, tmp_path, text, message):
    text += "b.png,ref/one.png,3\n" if message is None else ""
    if message is None:
        assert read_own(tmp_path, own(text))["raw_score"].tolist() == [1, 3]
        return
    with pytest.raises(UserError, match=message) as error:
        read_own(tmp_path, own(text))
    assert len(str(error.value)) < 4000


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_own_csv_in_another_encoding(own, tmp_path, encoding):
    with pytest.raises(UserError, match=r"cannot be read as a table: .* Hint: save it as CSV in UTF-8"):
        read_own(tmp_path, own(GOOD.replace("noise", "flou gaußsche"), encoding=encoding))


def test_own_csv_that_leads_out_of_its_folder(own, tmp_path, caplog):
    """It may: whoever names a file may read it. It is copied like the others, and the log says so."""
    (tmp_path / "own" / "b.png").rename(tmp_path / "b.png")
    frame = read_own(tmp_path, own(GOOD.replace("b.png", "../b.png")))
    assert "1 image(s) lie outside" in caplog.text
    assert [path.parts[0] for path in map(Path, frame["image"])] == ["images"] * 3
    copied = images.read(tmp_path / "out" / frame["image"][1])
    assert np.array_equal(copied, images.read(tmp_path / "b.png"))
    assert {path.name for path in tmp_path.iterdir()} == {"own", "out", "b.png"}


def test_own_csv_whose_references_lie_elsewhere(own, tmp_path, caplog):
    (tmp_path / "own" / "ref").rename(tmp_path / "ref")
    read_own(tmp_path, own(GOOD.replace("ref/", "../ref/")))
    assert "2 image(s) lie outside" in caplog.text


@pytest.mark.parametrize("mode", ["fr", "nr"])
def test_own_csv_whose_pictures_share_a_name(own, tmp_path, mode):
    """They would be one scene, and scenes are what splits and intervals are made of."""
    for name in ("one/ref.png", "two/ref.png"):
        images.write(np.full((20, 20, 3), len(name), np.uint8), tmp_path / "own" / name)
    rows = "a.png,one/ref.png,1\nb.png,two/ref.png,2\n" if mode == "fr" else "one/ref.png,,1\ntwo/ref.png,,2\n"
    with pytest.raises(
        UserError, match=r"row 3: its (reference|image) would be the scene 'ref', as another in row 2 is"
    ):
        read_own(tmp_path, own(f"image,reference,score\n{rows}"), mode=mode)
    named = rows.replace("1\n", "1,x\n").replace("2\n", "2,y\n")
    frame = read_own(tmp_path, own(f"image,reference,score,scene\n{named}"), mode=mode)
    assert frame["scene"].tolist() == ["x", "y"]


def test_own_csv_that_leads_to_what_is_no_picture(own, tmp_path):
    with pytest.raises(UserError, match="/etc/passwd is not a readable image") as error:
        read_own(tmp_path, own(GOOD.replace("b.png", "/etc/passwd")))
    assert "root:" not in str(error.value)


def test_own_csv_that_is_absent_or_of_unknown_mode(own, tmp_path):
    with pytest.raises(UserError, match="cannot be read"):
        read_own(tmp_path, tmp_path / "absent.csv")
    with pytest.raises(UserError, match="mode 'rr'"):
        read_own(tmp_path, own(GOOD), mode="rr")
