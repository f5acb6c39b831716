from pathlib import Path

import numpy as np
import pytest

from asymmetry import images, tables
from asymmetry.errors import UserError
from asymmetry.metrics.create import create_metric
from asymmetry.metrics.outputs import assess_outputs

SCENES = ("boat", "cat")


@pytest.fixture
def run(tmp_path: Path) -> list[dict]:
    """References, and two cells: one that restores perfectly, one that is grey."""
    random = np.random.default_rng(0)
    cells = [
        {"objective": "rec", "discriminator": "none", "weight": 0.0, "seed": seed, "outputs": str(tmp_path / name)}
        for seed, name in enumerate(("perfect", "grey"))
    ]
    for scene in SCENES:
        picture = random.integers(0, 256, (24, 32, 3), dtype=np.uint8)
        images.write(picture, tmp_path / "reference" / f"{scene}.png")
        images.write(picture, tmp_path / "perfect" / f"{scene}.png")
        images.write(np.full_like(picture, 128), tmp_path / "grey" / f"{scene}.png")
    return cells


def assessed(cells: list[dict], folder: Path, metric: str = "mae"):
    assess_outputs(create_metric(metric), metric, cells, folder / "reference", folder / "out.csv", "cpu")
    return tables.read(folder / "out.csv", "output-qualities").set_index(["seed", "scene"])


def test_outputs_are_scored_by_cell_and_scene(run, tmp_path):
    table = assessed(run, tmp_path)
    assert set(table.index) == {(seed, scene) for seed in (0, 1) for scene in SCENES}
    assert (table.loc[0, "quality"] == 0).all(), "identical pictures"
    assert (table.loc[1, "quality"] < -0.1).all(), "higher is better"
    assert set(table["metric"]) == {"mae"}


def test_a_missing_output_is_told(run, tmp_path):
    Path(run[1]["outputs"], "cat.png").unlink()
    with pytest.raises(UserError, match=r"grey/cat\.png"):
        assessed(run, tmp_path)


def test_no_references_are_told(run, tmp_path):
    with pytest.raises(UserError, match="holds no picture"):
        assess_outputs(create_metric("mae"), "mae", run, tmp_path / "nothing", tmp_path / "out.csv", "cpu")
