"""The explorer in a headless browser, opened from disk as a reader does. Needs Chromium, else this is skipped."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.unit.explorer_results import CELLS, SCENES, make_results

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium on this machine (Debian: chromium)")

BASELINES = 5
SHOWN = ("a", "b", "reference", "input")
Open = Callable[..., "sync_api.Page"]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_results(tmp_path_factory.mktemp("results"))


@pytest.fixture(scope="module")
def browser() -> Iterator["sync_api.Browser"]:
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM)
        yield started
        started.close()


@pytest.fixture
def open_page(browser: "sync_api.Browser", results: Path) -> Iterator[Open]:
    """Open the page; whatever it says to the console as an error, or asks for that is not a file, fails the test."""
    said: list[str] = []
    contexts = []

    def opened(path: Path = results, address: str = "", tolerated: str = "", **options: object) -> "sync_api.Page":
        contexts.append(browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options}))
        page = contexts[-1].new_page()

        def hear(text: str) -> None:
            if not (tolerated and tolerated in text):
                said.append(text)

        page.on("console", lambda message: message.type in ("error", "warning") and hear(message.text))
        page.on("pageerror", lambda error: hear(str(error)))
        page.on("request", lambda request: urlsplit(request.url).scheme in ("file", "data") or hear(request.url))
        page.goto(path.as_uri() + address)
        settle(page)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert said == []


def settle(page: "sync_api.Page") -> None:
    """Wait until every picture has come or was given up."""
    page.wait_for_function("[...document.querySelectorAll('.layer img')].every((one) => one.complete)")


def state(page: "sync_api.Page") -> dict[str, str]:
    """What the address says, once it has been written."""
    page.wait_for_timeout(300)
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).fragment).items()}


def line(page: "sync_api.Page") -> tuple[float, float, float]:
    """Where A ends, B begins and the handle is, as shares of the stage."""
    return tuple(
        page.evaluate("""() => {
        const width = document.getElementById("stage").clientWidth;
        const layer = (view) => document.querySelector(`[data-view="${view}"]`);
        const cut = (view) => layer(view).style.clipPath.match(/[\\d.]+/g).map(Number);
        return [1 - (cut("a")[1] ?? 0) / width, cut("b").at(-1) / width, parseFloat(byId("handle").style.left) / width];
    }""")
    )


def crops(page: "sync_api.Page") -> dict[str, list[float]]:
    """The left, top, right and bottom edge of what each stage shows, as shares of its picture."""
    return page.evaluate("""() => Object.fromEntries([...document.querySelectorAll(".layer")].map((layer) => {
        const [outer, inner] = [layer, layer.querySelector("img")].map((one) => one.getBoundingClientRect());
        return [layer.dataset.view, [(outer.left - inner.left) / inner.width, (outer.top - inner.top) / inner.height,
            (outer.right - inner.left) / inner.width, (outer.bottom - inner.top) / inner.height]];
    }))""")


def column(page: "sync_api.Page", name: str) -> list[str]:
    number = page.locator("#models thead th").all_inner_texts().index(name)
    return page.locator(f"#models tbody tr > :nth-child({number + 1})").all_inner_texts()


def drag(page: "sync_api.Page", selector: str, across: float, down: float = 0) -> None:
    page.locator(selector).scroll_into_view_if_needed()
    box = page.locator(selector).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 4
    page.mouse.move(x, y)
    page.mouse.down()
    for part in range(1, 6):
        page.mouse.move(x + across * part / 5, y + down * part / 5)
    page.mouse.up()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_loads_and_fits(open_page: Open, width: int, scheme: str) -> None:
    page = open_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
    for view in SHOWN:
        image = page.locator(f'[data-view="{view}"] img')
        assert image.evaluate("one => one.naturalWidth") == (64 if view == "input" else 256)
        assert SCENES[0] in image.get_attribute("alt")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".broken:visible").count() == 0
    assert "a test of 10 steps" in page.title()
    assert "cannot decide" in page.locator("header").inner_text()
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert (max(ground) < 60) == (scheme == "dark")


def test_a_mouse_moves_the_wipe(open_page: Open) -> None:
    page = open_page(address="#zoom=4")
    assert line(page) == pytest.approx((0.5, 0.5, 0.5), abs=0.01)
    before = page.locator("#stage").screenshot()
    drag(page, "#handle", page.evaluate("stage.clientWidth") / 4)
    assert line(page) == pytest.approx((0.75, 0.75, 0.75), abs=0.01)
    assert page.locator("#stage").screenshot() != before
    assert page.locator("#wipe").input_value() == "75"
    assert state(page)["wipe"] == "75"


def test_the_ends_of_the_wipe_show_one_model_alone(open_page: Open) -> None:
    page = open_page(address="#a=reference&b=bicubic&zoom=2&wipe=100")
    only_a = line(page)[0]
    page.locator("#wipe").press("Home")
    assert (only_a, line(page)[0]) == (1, 0)


def test_keys_move_the_wipe_the_scene_the_crop_and_the_zoom(open_page: Open) -> None:
    page = open_page(address=f"#zoom=4&x=128&y=128&a=bicubic&b=pretrained&scene={SCENES[0]}")
    page.keyboard.press("ArrowLeft")  # nothing is in focus
    stage = page.locator("#stage")
    for key in ("ArrowLeft", "ArrowLeft", "Shift+ArrowRight", "Shift+ArrowUp", "x", "2"):
        stage.press(key)
    assert page.locator("#wipe").input_value() == "35"
    expected = {"wipe": "35", "x": "133", "y": "123", "a": "pretrained", "b": "bicubic", "zoom": "2"}
    assert expected.items() <= state(page).items()
    stage.press("ArrowDown")
    assert state(page)["scene"] == page.locator("#scene").input_value() == SCENES[1]
    stage.press("ArrowDown")
    assert state(page)["scene"] == SCENES[0]
    page.locator("#wipe").press("ArrowRight")
    assert page.locator("#wipe").input_value() == "36"
    page.locator("#scene").press("ArrowDown")  # the browser's own: the next scene, once
    assert page.locator("#scene").input_value() == SCENES[1]


def test_everything_is_reached_by_tab_and_the_focus_is_seen(open_page: Open) -> None:
    page = open_page()
    reached = []
    for _ in range(18):
        page.keyboard.press("Tab")
        now = page.evaluate("""() => {
            const one = document.activeElement;
            const mark = one.name === "zoom" ? one.nextSibling : one;
            return [one.id || one.name || one.tagName, getComputedStyle(mark).outlineStyle];
        }""")
        reached.append(now[0])
        assert now[1] != "none", now[0]
    order = ["previous", "scene", "next", "a", "swap", "b", "zoom", "SUMMARY", "objective", "discriminator", "weight",
             "seed", "reset", "stage", "wipe"]  # fmt: skip
    assert reached[: len(order)] == order


def test_the_crop_is_the_same_everywhere(open_page: Open) -> None:
    for width in (1280, 390):
        page = open_page(address="#zoom=4", viewport={"width": width, "height": 844})
        drag(page, "figure:nth-of-type(2) .stage", -500, -500)  # from the reference, to the lower right corner
        drag(page, "figure:nth-of-type(2) .stage", 40, 20)
        found = crops(page)
        for view in SHOWN:
            assert found[view] == pytest.approx(found["a"], abs=0.01)
        assert 0.8 < found["a"][2] < 1
        assert 0.8 < found["a"][3] < 1
        page.locator("#zoom label", has_text="whole").click()
        assert crops(page)["input"] == pytest.approx([0, 0, 1, 1], abs=0.01)
        page.locator("#next").click()  # a picture wider than high
        for crop in crops(page).values():
            assert crop == pytest.approx([0, -1 / 6, 1, 7 / 6], abs=0.01)


def test_filters_filter(open_page: Open) -> None:
    page = open_page()
    assert len(column(page, "Model")) == BASELINES + len(CELLS)
    page.locator("#objective").select_option("rec-haarpsi")
    page.locator("#discriminator").select_option("patch-vgg")
    assert column(page, "Weight")[BASELINES:] == ["0.1", "0.4"]
    assert "2 of 6" in page.locator("#count").inner_text()
    assert page.locator('#b optgroup[label="trained"] option').count() == 2
    page.locator("#seed").select_option("1")
    assert page.locator("#none").is_visible()
    assert len(column(page, "Model")) == BASELINES
    page.wait_for_function("location.hash.includes('seed=1')")  # the address follows a little later
    assert {"objective": "rec-haarpsi", "seed": "1"}.items() <= state(page).items()
    page.locator("#reset").click()
    assert not page.locator("#none").is_visible()
    page.locator("#weight").select_option("0")
    assert column(page, "Seed")[BASELINES:] == ["0", "1", "0"]


def test_what_is_shown_stays_when_it_is_filtered_out(open_page: Open) -> None:
    page = open_page(address="#b=rec_none_0_0")
    page.locator("#objective").select_option("rec-haarpsi")
    assert page.locator("#b").input_value() == "rec_none_0_0"
    assert page.locator("#name-b").inner_text() == "rec, seed 0"


def test_the_table_sorts_and_picks(open_page: Open) -> None:
    page = open_page()
    heading = page.locator("#models thead button", has_text="psnr-y")
    heading.click()
    values = column(page, "psnr-y ↑")
    assert values[-1] == "\N{EN DASH}"
    assert values[:-1] == sorted(values[:-1], reverse=True)
    assert page.locator('th[aria-sort="descending"]').inner_text() == "psnr-y ↑"
    heading.click()
    assert column(page, "psnr-y ↑") == [*reversed(values[:-1]), "\N{EN DASH}"]
    page.get_by_role("radio", name="B: rec, seed 1", exact=True).check()
    assert page.locator("#name-b").inner_text() == "rec, seed 1"
    assert page.locator("#b").input_value() == "rec_none_0_1"
    settle(page)
    assert "rec/none/weight-0/seed-1" in page.locator('[data-view="b"] img').get_attribute("src")


def test_scores_say_which_is_better_and_which_judge_does_not_count(open_page: Open) -> None:
    page = open_page(address="#a=bicubic&b=pretrained")
    rows = page.locator("#scores-both tbody tr")
    assert rows.nth(0).locator("td").all_text_contents() == ["28.00 better", "25.00"]
    assert rows.nth(0).locator("b").inner_text() == "28.00"
    invalid = page.locator("#scores-both tr.invalid")
    assert invalid.inner_text().split()[0] == "niqe"
    assert invalid.locator("b").count() == 0
    assert "niqe does not count: it must rank" in page.locator("#judges").inner_text()
    assert page.locator("#models th.invalid").get_attribute("title").startswith("does not count")


def test_a_diverged_model_is_marked(open_page: Open) -> None:
    page = open_page(address="#b=rec-haarpsi_patch-vgg_0.4_0")
    assert page.locator("#name-b").inner_text() == "rec-haarpsi + patch-vgg at 0.4, seed 0, diverged"
    assert page.locator("#models .diverged").all_inner_texts() == [" diverged at step 7"]


def test_an_address_brings_the_view_back(open_page: Open) -> None:
    first = open_page()
    first.locator("#next").click()
    first.locator("#zoom label", has_text="4").click()
    first.locator("#weight").select_option("0.1")
    first.locator("#models thead button", has_text="kid").click()
    drag(first, "#handle", 60)
    asked = state(first)
    second = open_page(address="#" + urlsplit(first.url).fragment)
    assert state(second) == asked
    assert column(second, "Model") == column(first, "Model")
    assert crops(second)["a"] == pytest.approx(crops(first)["a"], abs=0.01)
    second.evaluate("location.hash = 'a=reference'")
    assert second.locator("#name-a").inner_text() == "reference"


def test_an_address_with_unknown_names_is_told(open_page: Open) -> None:
    page = open_page(address="#a=nonsense&scene=nowhere&wipe=900&zoom=4")
    assert "a, scene, wipe" in page.locator("#notice").inner_text()
    assert page.locator("#name-a").inner_text() == "rec, seed 0"
    assert state(page)["zoom"] == "4"


def test_a_broken_picture_is_told_in_its_place(open_page: Open, tmp_path: Path) -> None:
    index = make_results(tmp_path)
    baselines = tmp_path / "generators" / "sr-x4" / "small" / "baselines"
    (baselines / "pretrained" / f"{SCENES[1]}.png").unlink()
    (baselines / "reference" / f"{SCENES[1]}.png").write_bytes(b"no picture")
    page = open_page(index, "#a=pretrained&b=bicubic", tolerated="ERR_FILE_NOT_FOUND")
    assert page.locator(".broken:visible").count() == 0
    page.locator("#next").click()
    page.wait_for_selector('[data-view="a"] .broken', state="visible")
    assert f"baselines/pretrained/{SCENES[1]}.png" in page.locator('[data-view="a"] .broken').inner_text()
    assert f"baselines/reference/{SCENES[1]}.png" in page.locator('[data-view="reference"] .broken').inner_text()
    assert page.locator(".broken:visible").count() == 2
    page.locator("#previous").click()
    settle(page)
    assert page.locator(".broken:visible").count() == 0


def test_results_can_be_moved(open_page: Open, tmp_path: Path) -> None:
    make_results(tmp_path / "here")
    shutil.move(tmp_path / "here", tmp_path / "there #2")
    page = open_page(tmp_path / "there #2" / "explorer" / "index.html")
    assert page.locator('[data-view="a"] img').evaluate("one => one.naturalWidth") == 256
