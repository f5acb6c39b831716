"""What all layouts share: how files are found and read, and how the manifest is written."""

import shutil
from dataclasses import replace

import miniatures_synthetic as miniatures
import pandas as pd
import pytest

from asymmetry import registry, tables
from asymmetry.data import catalog, published
from asymmetry.data.layouts import files
from asymmetry.data.layouts.files import Tree
from asymmetry.errors import UserError

KADID = catalog.dataset("kadid-10k")
KADID = replace(KADID, expected=replace(KADID.expected, rows=(30,), references=2, score_low=1.4, score_high=4.3))


def lay_out(content, folder):
    for path, data in content.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


@pytest.fixture
def folder(tmp_path):
    """KADID-10k in miniature."""
    lay_out(miniatures.kadid10k("mirror")["kadid10k.tgz"], tmp_path / "downloads" / "set")
    return tmp_path / "downloads" / "set"


@pytest.fixture
def output(tmp_path):
    return tmp_path / "results" / "rated" / "set" / "manifest.csv"


def index(folder, output, dataset=KADID):
    published.index_rated(dataset, folder, output)
    return tables.read(output, "rated")


def test_there_is_a_layout_for_every_dataset_and_none_besides():
    assert {dataset.layout for dataset in catalog.catalog().values()} == registry.table()["layouts"].keys()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"dist_img,ref_img,mos,var\na,b,1,0\n", "has no column dmos; its columns are dist_img, ref_img, mos, var"),
        (b"dist_img,ref_img,dmos,var\nI01_99_01.png,I01.png,1,0\n", "unknown distortion 99"),
        (b"dist_img,ref_img,dmos,var\nI01.png,I01.png,1,0\n", r"in an unknown way(.|\n)*I01\.png"),
        (b"dist_img,ref_img,dmos,var\nI01_01_01.png,I01.png,x,0\n", "row 1 is 'x', no finite number"),
        (b"dist_img,ref_img,dmos,var\nI01_01_01.png,I01.png,,0\n", "row 1 is 'nan', no finite number"),
        (b"", r"dmos\.csv cannot be read"),
        (b"\xff\xfe\x00", r"dmos\.csv cannot be read"),
    ],
)
def test_score_file_of_another_form(content, message, folder, output):
    (folder / "kadid10k" / "dmos.csv").write_bytes(content)
    with pytest.raises(UserError, match=message):
        index(folder, output)
    assert not output.exists()


@pytest.mark.parametrize("reader", [lambda path: files.sheet(path, "a"), lambda path: files.matlab(path, "a")])
@pytest.mark.parametrize("content", [b"", b"no such file", b"PK\x03\x04 cut off"])
def test_broken_workbooks_and_matrices(reader, content, tmp_path):
    (tmp_path / "scores").write_bytes(content)
    with pytest.raises(UserError, match="scores cannot be read"):
        reader(tmp_path / "scores")


def test_workbook_and_matrix_without_what_is_looked_for(tmp_path):
    (tmp_path / "scores.mat").write_bytes(miniatures.matlab(mos=[1.0]))
    with pytest.raises(UserError, match="holds no variable dmos, orgs"):
        files.matlab(tmp_path / "scores.mat", "dmos", "mos", "orgs")
    (tmp_path / "scores.xlsx").write_bytes(miniatures.workbook(one=[["title"], ["a", "b"], [1, 2]]))
    assert files.sheet(tmp_path / "scores.xlsx", "b", "a").to_dict("list") == {"b": [2], "a": [1]}
    with pytest.raises(UserError, match="no row with the columns a, c"):
        files.sheet(tmp_path / "scores.xlsx", "a", "c")
    with pytest.raises(UserError, match="cannot be read"):
        files.sheet(tmp_path / "scores.xlsx", "a", name="two")


def test_lines_of_another_length(tmp_path):
    (tmp_path / "scores.txt").write_text("5.5 a.bmp\n\n5.6\n")
    with pytest.raises(UserError, match="line 2 should hold 2 words: score, name"):
        files.words(tmp_path / "scores.txt", "score", "name")


def test_folder_without_files_or_without_the_score_file(folder, tmp_path, output):
    with pytest.raises(UserError, match=r"holds no file.*KADID-10k"):
        index(tmp_path / "absent", output)
    (folder / "kadid10k" / "dmos.csv").unlink()
    with pytest.raises(UserError, match=r"holds no dmos\.csv"):
        index(folder, output)


def test_score_file_that_is_there_twice(folder, output):
    shutil.copy(folder / "kadid10k" / "dmos.csv", folder / "DMOS.csv")
    assert len(index(folder, output)) == 30, "equal copies do no harm"
    (folder / "DMOS.csv").write_text("dist_img,ref_img,dmos,var\n")
    with pytest.raises(UserError, match=r"holds several dmos\.csv"):
        index(folder, output)


def test_picture_that_is_there_twice_is_ambiguous(folder, output):
    shutil.copytree(folder / "kadid10k" / "images", folder / "again")
    with pytest.raises(UserError, match="30 pictures are more than once"):
        index(folder, output)


def test_many_missing_pictures_are_listed_in_part(folder, output):
    for path in (folder / "kadid10k" / "images").glob("I*_*.png"):
        path.unlink()
    with pytest.raises(UserError, match=r"30 pictures are missing(.|\n)*and 10 more") as error:
        index(folder, output)
    assert str(error.value).count("\n") == 21


def test_image_that_is_named_twice(folder, output):
    with open(folder / "kadid10k" / "dmos.csv", "a") as file:
        file.write("I01_01_01.png,I01.png,2.0,0.5\n")
    with pytest.raises(UserError, match=r"1 images are named twice, such as .*I01_01_01\.png"):
        index(folder, output)


def test_scores_that_are_all_equal(folder, output):
    path = folder / "kadid10k" / "dmos.csv"
    pd.read_csv(path).assign(dmos=2.0).to_csv(path, index=False)
    with pytest.raises(UserError, match=r"scores from 1\.4 to 4\.3 were expected, they are from 2 to 2"):
        index(folder, output)


def test_hidden_files_and_folders_of_other_systems_are_not_seen(folder, output):
    for place in ("__MACOSX/kadid10k", ".cache"):
        (folder / place).mkdir(parents=True)
        (folder / place / "dmos.csv").write_text("not this one")
    (folder / "kadid10k" / "._dmos.csv").write_text("nor this")
    assert len(index(folder, output)) == 30


def test_links_in_a_circle_end(folder, output):
    (folder / "kadid10k" / "loop").symlink_to(folder, target_is_directory=True)
    with pytest.raises(UserError, match="more than once"):
        index(folder, output)


def test_paths_lead_through_links(folder, tmp_path):
    (tmp_path / "own").symlink_to(folder, target_is_directory=True)
    (tmp_path / "scratch" / "deep" / "results").mkdir(parents=True)
    (tmp_path / "results").symlink_to(tmp_path / "scratch" / "deep" / "results", target_is_directory=True)
    output = tmp_path / "results" / "rated" / "set" / "manifest.csv"
    frame = index(tmp_path / "own", output)
    assert all((output.parent / path).is_file() for path in [*frame["image"], *frame["reference"]])


def test_same_dataset_gives_the_same_bytes(folder, output, tmp_path):
    index(folder, output)
    index(folder, tmp_path / "other" / "rated" / "set" / "manifest.csv")
    assert output.read_bytes() == (tmp_path / "other" / "rated" / "set" / "manifest.csv").read_bytes()


def test_names_of_folders_narrow_a_search(tmp_path):
    for name in ("HR/a.png", "sub/X_HR/b.PNG", "LR/a.png", "HRx/c.png", "HR/notes.txt"):
        lay_out({name: b""}, tmp_path)
    assert [path.name for path in Tree(tmp_path).below(r"(?:.*_)?hr").pictures()] == ["a.png", "b.PNG"]
    assert [path.parent.name for path in Tree(tmp_path).paths(["lr/A.png", "c.png"])] == ["LR", "HRx"]
