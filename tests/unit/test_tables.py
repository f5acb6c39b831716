import math

import numpy as np
import pandas as pd
import pytest

from asymmetry import tables
from asymmetry.errors import UserError


def assessment(**columns):
    rows = {
        "image": ["a.png", "b, c.png"],
        "scene": ["007", 'the "sea"'],
        "distortion": ["", None],
        "family": ["NA", "null"],
        "level": [0, 5],
        "score": [0.1, 1],
        "score_error": [None, 0.5],
        "value": [1e-300, -math.pi * 1e20],
        "quality": [2, 3],
    }
    return pd.DataFrame(rows | columns)


def history(**columns):
    rows = {name: [1, 2] if name == "step" else [0.5, None] for name in tables.SHAPES["history"]}
    return pd.DataFrame(rows | columns)


def test_round_trip(tmp_path):
    path = tmp_path / "table.csv"
    tables.write(assessment(), path, "assessment")
    frame = tables.read(path, "assessment")
    assert list(frame["image"]) == ["a.png", "b, c.png"]
    assert list(frame["scene"]) == ["007", 'the "sea"'], "text that looks like a number stays text"
    assert list(frame["distortion"]) == ["", ""]
    assert list(frame["family"]) == ["NA", "null"], "text that pandas takes for missing stays text"
    assert all(isinstance(value, str) for value in frame["distortion"])
    assert list(frame["value"]) == [1e-300, -math.pi * 1e20]
    assert frame["level"].dtype == np.int64
    assert frame["quality"].dtype == np.float64, "whole numbers in a column of numbers are floats"
    first = path.read_bytes()
    tables.write(frame, path, "assessment")
    assert path.read_bytes() == first


def test_every_double_comes_back(tmp_path):
    values = np.exp(np.random.default_rng(0).normal(size=2000) * 50)
    frame = pd.concat([assessment()] * 1000, ignore_index=True).assign(value=values)
    tables.write(frame, tmp_path / "t.csv", "assessment")
    assert np.array_equal(tables.read(tmp_path / "t.csv", "assessment")["value"], values)


def test_columns_are_ordered_and_extra_ones_left_out(tmp_path):
    shuffled = assessment(extra=[1, 2])[["extra", *list(tables.SHAPES["assessment"])[::-1]]]
    tables.write(shuffled, tmp_path / "t.csv", "assessment")
    assert (tmp_path / "t.csv").read_text().splitlines()[0] == ",".join(tables.SHAPES["assessment"])


def test_missing_column_is_a_bug_of_the_program(tmp_path):
    with pytest.raises(ValueError, match=r"'level'.* of shape 'assessment' are missing"):
        tables.write(assessment().drop(columns="level"), tmp_path / "t.csv", "assessment")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("shape", ["corpus", "rated"])
def test_a_table_of_another_shape_is_refused(tmp_path, shape):
    tables.write(assessment(), tmp_path / "t.csv", "assessment")
    with pytest.raises(UserError, match=rf"t\.csv is not a valid '{shape}' table.*expected"):
        tables.read(tmp_path / "t.csv", shape)


@pytest.mark.parametrize("value", [None, math.nan, "", "many"])
def test_a_number_that_must_be_there(tmp_path, value):
    with pytest.raises(UserError, match=r"row 2, column 'score': expected a number .opinion score"):
        tables.write(assessment(score=pd.Series([1.0, value], dtype=object)), tmp_path / "t.csv", "assessment")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("value", [2.5, math.inf, "x", None])
def test_whole_numbers_are_whole(tmp_path, value):
    with pytest.raises(UserError, match="row 1, column 'level': expected an integer"):
        tables.write(assessment(level=pd.Series([value, 1], dtype=object)), tmp_path / "t.csv", "assessment")


def test_optional_numbers_may_miss_but_not_be_words(tmp_path):
    path = tmp_path / "t.csv"
    tables.write(history(accuracy=[None, None], perceptual=[math.nan, math.inf]), path, "history")
    frame = tables.read(path, "history")
    assert frame["accuracy"].isna().all()
    assert frame["accuracy"].dtype == np.float64
    assert math.isnan(frame["perceptual"][0])
    assert frame["perceptual"][1] == math.inf
    path.write_text(path.read_text().replace("1,0.5", "1,none"))
    with pytest.raises(UserError, match="row 1, column 'reconstruction': expected a number"):
        tables.read(path, "history")


def test_a_table_without_rows(tmp_path):
    tables.write(assessment().iloc[:0], tmp_path / "t.csv", "assessment")
    frame = tables.read(tmp_path / "t.csv", "assessment")
    assert frame.empty
    assert list(frame) == list(tables.SHAPES["assessment"])


@pytest.mark.parametrize("content", [None, b"", b"a,b\n1,2,3\n4,5,6,7\n", b'image,"scene\n', b"\xff\xfe\x00\x81"])
def test_what_is_no_table(tmp_path, content):
    path = tmp_path / "t.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"t\.csv"):
        tables.read(path, "assessment")


def test_shapes_are_documented():
    for shape, columns in tables.SHAPES.items():
        for name, column in columns.items():
            assert column.type in {"text", "integer", "number"}, (shape, name)
            assert len(column.meaning) > 3, (shape, name)
            assert not (column.optional and column.type != "number"), (shape, name)
