import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pandas as pd
import pytest
from explorer_results import CELLS, SCENES, make_results

from asymmetry import artifacts, images
from asymmetry.errors import UserError
from asymmetry.figures import explorer

VICIOUS = '</script><script>alert("x")</script>'


class Elements(HTMLParser):
    """The elements of a page, as a browser finds them, and the text of its data."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.data = ""
        self.inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attributes)))
        self.inside = dict(attributes).get("id") == "data"

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        self.data += data * self.inside


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_results(tmp_path_factory.mktemp("results"), size=96)


@pytest.fixture(scope="module")
def content(page: Path) -> dict:
    return json.loads(Elements(page.read_text(encoding="utf-8")).data)


def test_every_picture_is_where_the_page_looks_for_it(page: Path, content: dict) -> None:
    for model in content["models"]:
        for scene in content["scenes"]:
            address = f"{model['folder']}/{scene['file']}"
            assert not re.search(r"[#?'\s]", address)
            assert images.read(page.parent / unquote(address)).shape[1] == (24 if model["id"] == "input" else 96)


def test_models_and_their_scores(content: dict) -> None:
    models = {model["id"]: model for model in content["models"]}
    assert len(models) == 5 + len(CELLS)
    assert list(models)[:5] == ["input", "reference", "noisy-reference", "bicubic", "pretrained"]
    diverged = models["rec-haarpsi_patch-vgg_0.4_0"]
    assert (diverged["weight"], diverged["seed"], diverged["diverged"]) == ("0.4", "0", 7)
    assert models["rec_none_0_1"]["diverged"] == 0
    assert content["start"] == ["rec_none_0_0", "rec_patch-vgg_0.1_0"]
    assert models["input"]["scores"] == [[None] * 3] * 2
    assert models["reference"]["scores"] == [[24, 6.5, 0.01], [24.125, 7.5, 0.01]]
    assert models["rec_none_0_0"]["scores"][0] == [27, 5.5, 0.002]


def test_judges_have_a_direction_digits_and_a_reason(content: dict) -> None:
    judges = {judge["name"]: judge for judge in content["judges"]}
    assert [judge["higher"] for judge in judges.values()] == [True, False, False]
    assert [judge["digits"] for judge in judges.values()] == [2, 2, 5]
    assert judges["psnr-y"]["reason"] == judges["kid"]["reason"] == ""
    assert "80%" in judges["niqe"]["reason"]
    assert "1 of 2" in judges["niqe"]["reason"]


def test_the_crop_is_within_the_picture(content: dict) -> None:
    assert [scene["name"] for scene in content["scenes"]] == list(SCENES)
    assert [(scene["width"], scene["height"]) for scene in content["scenes"]] == [(96, 96), (96, 72)]
    for scene in content["scenes"]:
        assert 0 < scene["x"] < scene["width"]
        assert 0 < scene["y"] < scene["height"]


def test_the_page_loads_nothing(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for tag, attributes in Elements(text).found:
        assert "src" not in attributes, tag
        assert attributes.get("href", "data:,") == "data:,"
    assert not re.search(r"https?://|@import|url\(|fetch\(|XMLHttpRequest|innerHTML", text)
    assert "$" + "scale" not in text


def test_no_text_breaks_out_of_its_place() -> None:
    text = explorer.page({"scenes": [VICIOUS, "<!-- <script>"], "money": "$scale"}, VICIOUS, VICIOUS, VICIOUS)
    elements = Elements(text)
    assert json.loads(elements.data)["scenes"] == [VICIOUS, "<!-- <script>"]
    assert json.loads(elements.data)["money"] == "$scale"
    assert [tag for tag, _ in elements.found].count("script") == 2
    assert "$" + "note" not in text


def test_the_same_results_give_the_same_bytes(page: Path, tmp_path: Path) -> None:
    again = make_results(tmp_path / "elsewhere", size=96)
    assert artifacts.sha256(again) == artifacts.sha256(page)


def test_a_missing_reference_is_told(page: Path, tmp_path: Path) -> None:
    other = make_results(tmp_path, size=96)
    folder = tmp_path / "generators" / "sr-x4" / "small"
    (folder / "baselines" / "reference" / "astronaut.png").unlink()
    with pytest.raises(UserError, match=r"reference/astronaut\.png"):
        explorer.write_explorer(
            [],
            [],
            baselines=[folder / "baselines.csv"],
            pictures=folder / "baselines",
            judges=tmp_path / "analysis" / "grid" / "judges.csv",
            task={"object": "super-resolution", "scale": 4},
            scale="",
            inputs=tmp_path / "inputs",
            output=other,
        )


@pytest.mark.parametrize(
    ("scenes", "seeds", "expected"),
    [
        (7, 3, "this small (7 scenes"),
        (30, 2, "2 seeds a setting) cannot"),
        (8, 3, "8 scenes, 3 seeds a setting. Single"),
    ],
)
def test_a_small_run_is_called_small(scenes: int, seeds: int, expected: str) -> None:
    cells = pd.DataFrame({"objective": "rec", "discriminator": "none", "weight": 0.0, "seed": range(seeds)})
    assert expected in explorer.caution(scenes, cells)


def test_a_run_without_cells_is_small() -> None:
    cells = pd.DataFrame(columns=["objective", "discriminator", "weight", "seed"])
    assert "0 seeds" in explorer.caution(8, cells)
