"""The step that asks pyiqa, with a module of that name which is not it."""

import csv
import logging
import runpy
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from tests.workflow.conftest import PROJECT, run_snakemake

from asymmetry import images, tables

SCRIPT = PROJECT / "workflow_scripts" / "external_judgement.py"
PYIQA = """
import random

import numpy
import torch

MODES = {"niqe": "NR", "musiq": "NR", "lpips": "FR", "cropped": "NR", "undefined": "NR"}


class Metric:
    def __init__(self, name, factor):
        self.name, self.factor, self.metric_mode = name, factor, MODES[name]
        self.lower_better = name in ("niqe", "lpips")

    def __call__(self, target, ref=None):
        assert target.shape == (1, 3, 24, 32) and target.dtype == torch.float32
        assert 0 <= target.min() <= target.max() <= 1
        assert (ref is None) == (self.metric_mode == "NR")
        if self.name == "cropped":
            return torch.tensor(random.random() + numpy.random.rand()) + torch.rand(())
        if self.name == "undefined":
            return torch.tensor([[torch.nan]])
        return self.factor * (target if ref is None else target - ref).mean().reshape(1, 1)


def create_metric(metric_name, as_loss=False, device=None, factor=1.0):
    assert metric_name in MODES, f"Metric {metric_name} not implemented yet."
    assert device == "cpu"
    return Metric(metric_name, factor)
"""
SNAKEFILE = """
rule external_judgement:
    input: pictures="outputs", references=ancient("baselines")
    output: "judgement.csv"
    log: "judgement.log"
    params: judges={judges}, device="cpu", code="0"
    script: "{script}"
"""
JUDGES = {
    "niqe": {"family": "statistics"},
    "brightness": {"metric": "musiq", "factor": 2},
    "lpips": {"metric": "lpips"},
}


def flat(level: int) -> np.ndarray:
    return np.full((24, 32, 3), level, np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pictures of two scenes: outputs, references and bicubic ones; and the module."""
    for scene, level in {"b": 102, "a": 51}.items():
        images.write(flat(level), tmp_path / "outputs" / f"{scene}.png")
        images.write(flat(0), tmp_path / "baselines" / "reference" / f"{scene}.png")
        images.write(flat(255), tmp_path / "baselines" / "bicubic" / f"{scene}.png")
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "pyiqa.py").write_text(PYIQA, encoding="utf-8")
    return tmp_path


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Run the script in this process, with the object that Snakemake's preamble makes."""
    fake = ModuleType("pyiqa")
    exec(PYIQA, fake.__dict__)
    monkeypatch.setitem(sys.modules, "pyiqa", fake)
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(variable, "1")
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    class Named(SimpleNamespace):
        def get(self, name: str, default: object = None) -> object:
            return getattr(self, name, default)

    def script(judges: dict, pictures: str = "outputs", **params: object) -> Path:
        made = {
            "input": Named(pictures=str(folder / pictures), references=str(folder / "baselines")),
            "output": [str(folder / "judgement.csv")],
            "params": Named(judges=judges, device="cpu", **params),
            "log": [str(folder / "log.txt")],
            "threads": 1,
        }
        runpy.run_path(str(SCRIPT), {"snakemake": SimpleNamespace(**made)})
        return folder / "judgement.csv"

    yield script
    for handler in set(root.handlers) - set(handlers):
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_snakemake_runs_it_with_nothing_but_its_preamble(folder: Path) -> None:
    (folder / "Snakefile").write_text(SNAKEFILE.format(judges=JUDGES, script=SCRIPT), encoding="utf-8")
    result = run_snakemake(folder, PYTHONPATH=str(folder / "modules"))
    assert result.returncode == 0, result.stdout[-3000:]
    frame = tables.read(folder / "judgement.csv", "judgement")
    assert list(frame["scene"]) == ["a", "b"] * 3
    assert list(frame["judge"]) == ["niqe"] * 2 + ["brightness"] * 2 + ["lpips"] * 2
    assert list(frame["family"]) == ["statistics"] * 2 + ["learned"] * 2 + ["full-reference"] * 2
    assert frame["value"].to_numpy() == pytest.approx([0.2, 0.4, 0.4, 0.8, 0.2, 0.4])
    assert frame["quality"].to_numpy() == pytest.approx([-0.2, -0.4, 0.4, 0.8, -0.2, -0.4])


def test_baselines_are_judged_apart(run: Callable[..., Path]) -> None:
    table = run(JUDGES, "baselines", outputs=["reference", "bicubic"])
    base = tables.read(table, "baselines").set_index(["output", "judge", "scene"])["value"]
    assert base["reference", "lpips", "a"] == 0
    assert base["bicubic", "lpips", "a"] == base["bicubic", "niqe", "b"] == pytest.approx(1)
    assert base["bicubic", "brightness", "a"] == pytest.approx(2)
    assert len(base) == 12


def test_the_same_pictures_give_the_same_bytes(run: Callable[..., Path]) -> None:
    first = run({"cropped": {}}).read_bytes()
    assert run({"cropped": {}}).read_bytes() == first
    values = [row["value"] for row in csv.DictReader(first.decode().splitlines())]
    assert values[0] == values[1], "each picture is judged from the same seed, whatever came before it"


def test_it_imports_nothing_of_the_library() -> None:
    text = SCRIPT.read_text(encoding="utf-8")
    assert "asymmetry" not in text
    assert "pandas" not in text


@pytest.mark.parametrize(
    ("judges", "reason"),
    [
        ({"best": {"metric": "musik"}}, "judge best: pyiqa cannot make 'musik'.*not implemented.*list_models"),
        ({"niqe": {"familly": "statistics"}}, "judge niqe: pyiqa cannot make 'niqe'.*familly"),
        ({"niqe": {"family": "taste"}}, "judge niqe: no family 'taste'.*statistics, learned, distribution"),
        ({"undefined": {}}, "judge undefined: the value of .*a.png is nan"),
    ],
)
def test_judges_that_cannot_be_asked(run: Callable[..., Path], folder: Path, judges: dict, reason: str) -> None:
    with pytest.raises(SystemExit, match=f"^error: {reason}"):
        run(judges)
    assert not (folder / "judgement.csv").exists()
    assert "error: " in (folder / "log.txt").read_text(encoding="utf-8")


def test_without_pyiqa_one_line_says_what_to_do(
    run: Callable[..., Path], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyiqa", None)
    hint = "--software-deployment-method conda, or leave out of judgement.judges in the config: niqe, musiq"
    with pytest.raises(SystemExit, match=f"^error: pyiqa cannot be imported .*{hint}") as caught:
        run({"niqe": {}, "musiq": {}})
    assert "\n" not in str(caught.value)
    (folder / "modules" / "pyiqa.py").write_text("raise ImportError('numpy cannot be\\nimported')", encoding="utf-8")
    monkeypatch.delitem(sys.modules, "pyiqa")
    monkeypatch.syspath_prepend(folder / "modules")
    with pytest.raises(SystemExit, match="numpy cannot be imported"):
        run({"niqe": {}})


def test_pictures_that_cannot_be_judged_are_named(run: Callable[..., Path], folder: Path) -> None:
    picture = folder / "outputs" / "b.png"
    whole = picture.read_bytes()
    picture.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SystemExit, match=f"judge niqe: {picture} is not a readable image"):
        run({"niqe": {}})
    images.write(flat(9)[:20], picture)
    with pytest.raises(SystemExit, match=f"judge lpips: {picture} and its reference .*reference/b.png differ in size"):
        run({"lpips": {}})
    images.write(flat(9), folder / "outputs" / "c.png")
    picture.unlink()
    with pytest.raises(SystemExit, match=r"outputs/c.png has no reference .*reference/c.png"):
        run({"lpips": {}})
    with pytest.raises(SystemExit, match=r"no PNG in .*modules"):
        run({"niqe": {}}, pictures="modules")
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]
