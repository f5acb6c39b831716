from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from tiny_training import GENERATOR, TASK, make_pictures

from asymmetry import artifacts, images, tables
from asymmetry.errors import UserError
from asymmetry.metrics.judges.base import Judge
from asymmetry.networks.generators import create_generator
from asymmetry.training import restoration
from asymmetry.training.restoration import judge_baselines, judge_model, references

JUDGES = {"psnr-y": {"object": "psnr-y"}, "own": {"object": f"{__name__}:Mean"}}
SCENES = ["scene-0", "scene-1"]


class Mean(Judge):
    family = "statistics"
    higher_is_better = False

    def value(self, scene, output, reference):
        return output.mean().item()


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    torch.manual_seed(0)
    generator = create_generator(GENERATOR["object"], 4, **GENERATOR["options"])
    path = tmp_path / "generator.safetensors"
    artifacts.save_tensors(generator.state_dict(), path)
    return {"corpus": make_pictures(tmp_path / "corpus", range(2), size=50), "generator": path, "model": path}


def settings(files: dict[str, Path], folder: Path) -> dict[str, object]:
    made = {"table": folder / "table.csv", "outputs": folder / "outputs"}
    return {"task": TASK, "generator": GENERATOR, "judges": JUDGES, "device": "cpu", "files": files} | made


def test_what_is_written_is_what_is_judged(files: dict[str, Path], tmp_path: Path) -> None:
    judge_model(**settings(files, tmp_path))
    table = tables.read(tmp_path / "table.csv", "judgement").set_index(["judge", "scene"])["value"]
    assert list(table.index) == [(judge, scene) for judge in JUDGES for scene in SCENES]
    for scene in SCENES:
        written = images.read(tmp_path / "outputs" / f"{scene}.png")
        assert written.shape == (48, 48, 3), "cropped to a multiple of the scale"
        assert table["own", scene] == pytest.approx(written.mean() / 255)


def test_baselines_and_the_outputs_of_the_same_weights_agree(files: dict[str, Path], tmp_path: Path) -> None:
    judge_baselines(**settings(files, tmp_path / "baselines"), noise=0.1, seed=0)
    judge_model(**settings(files, tmp_path / "model"))
    table = tables.read(tmp_path / "baselines" / "table.csv", "baselines").set_index(["output", "judge", "scene"])
    outputs = ["reference", "noisy-reference", "pretrained", "bicubic"]
    assert list(dict.fromkeys(table.index.get_level_values("output"))) == outputs
    judged = tables.read(tmp_path / "model" / "table.csv", "judgement").set_index(["judge", "scene"])
    pd.testing.assert_series_equal(table.xs("pretrained")["value"], judged["value"])
    psnr = table.xs("psnr-y", level="judge")["value"].groupby(level="output").mean()
    assert psnr["reference"] == pytest.approx(100)
    assert 15 < psnr["noisy-reference"] < 25


def test_one_scene_is_in_memory_at_a_time(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = []
    read, write = images.read, images.write
    monkeypatch.setattr(images, "read", lambda path: order.append(f"read {path.stem}") or read(path))
    monkeypatch.setattr(
        images, "write", lambda picture, path: order.append(f"write {path.stem}") or write(picture, path)
    )
    judge_model(**settings(files, tmp_path))
    assert [step for step in order if step.startswith("write")] == [f"write {scene}" for scene in SCENES]
    assert order[1] == "write scene-0", order


def test_what_a_diverged_generator_makes_is_judged(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(torch.nn.Module):
        def forward(self, x):
            return torch.full((1, 3, 4 * x.shape[2], 4 * x.shape[3]), np.nan)

    monkeypatch.setattr(restoration, "make_generator", lambda *_: Broken())
    judge_model(**settings(files, tmp_path))
    assert (tables.read(tmp_path / "table.csv", "judgement").set_index("judge")["value"]["own"] == 0).all()


def test_two_pictures_of_one_scene_are_refused(files: dict[str, Path]) -> None:
    frame = tables.read(files["corpus"], "corpus").assign(scene="same")
    tables.write(frame, files["corpus"], "corpus")
    with pytest.raises(UserError, match="two pictures of the scene 'same'"):
        list(references(files["corpus"], 4))
