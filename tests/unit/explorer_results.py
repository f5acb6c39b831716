"""A results folder in miniature for tests of the explorer: stand-in models that blur or sharpen two photographs."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import ndimage
from skimage import data, transform

from asymmetry import artifacts, images, tables
from asymmetry.figures.explorer import write_explorer

SCENES = ("astronaut", "tom's cat #1 100%")
CELLS = (
    ("rec", "none", 0.0, 0),
    ("rec", "none", 0.0, 1),
    ("rec", "patch-vgg", 0.1, 0),
    ("rec-haarpsi", "none", 0.0, 0),
    ("rec-haarpsi", "patch-vgg", 0.1, 0),
    ("rec-haarpsi", "patch-vgg", 0.4, 0),
)
DIVERGED = CELLS[-1]
AMOUNTS = {"reference": 0.01, "noisy-reference": -0.7, "bicubic": 2.5, "pretrained": 1.8}
TASK = {"object": "super-resolution", "scale": 4}


def _judged(number: int) -> pd.DataFrame:
    rows = []
    for place, scene in enumerate(SCENES):
        psnr, niqe = 24 + (number * 7 % 5) + 0.125 * place, 6.5 - number / 4 + place
        rows += [
            {"scene": scene, "judge": "psnr-y", "family": "full-reference", "value": psnr, "quality": psnr},
            {"scene": scene, "judge": "niqe", "family": "statistics", "value": niqe, "quality": -niqe},
            {"scene": scene, "judge": "kid", "family": "distribution", "value": 0.01 / (number + 1), "quality": -0.01},
        ]
    return pd.DataFrame(rows)


def _write(frame: pd.DataFrame, folder: Path, own: str, external: str, shape: str) -> dict[str, Path]:
    """As a run does that asks pyiqa for a judge (here kid): its rows are in a table of their own."""
    files = {own: folder / f"{own}.csv", "external": folder / f"{external}.csv"}
    kid = frame["judge"] == "kid"
    tables.write(frame[~kid], files[own], shape)
    tables.write(frame[kid], files["external"], shape)
    return files


def _blurred(picture: np.ndarray, amount: float) -> np.ndarray:
    """Blurred by a positive, sharpened by a negative amount."""
    smooth = ndimage.gaussian_filter(picture.astype(float), (abs(amount), abs(amount), 0))
    return images.quantize((smooth if amount > 0 else picture + 1.5 * (picture - smooth)) / 255)


def make_results(root: Path, size: int = 256) -> Path:
    """Write a results folder under `root` and the explorer into it; gives the path of the page.

    The first scene has `size` x `size` pixels, the second three quarters of that height.
    """
    photographs = [data.astronaut(), data.chelsea()]
    pristine = {
        scene: images.quantize(
            transform.resize(photo[: 300 * height // size, :300], (height, size), anti_aliasing=True)
        )
        for scene, photo, height in zip(SCENES, photographs, (size, size * 3 // 4), strict=True)
    }
    base = root / "generators" / "sr-x4" / "small"
    parts = []
    for number, (name, amount) in enumerate(AMOUNTS.items()):
        parts.append(_judged(number).assign(output=name))
        for scene, picture in pristine.items():
            images.write(_blurred(picture, amount), base / "baselines" / name / f"{scene}.png")
    baselines = _write(pd.concat(parts), base, "baselines", "external-baselines", "baselines")
    shares = {"over_pretrained": 1, "over_bicubic": 1, "over_noise": 0.5, "spread": 1, "scenes": len(SCENES)}
    verdicts = pd.DataFrame({
        "judge": ["psnr-y", "niqe", "kid"], "family": ["full-reference", "statistics", "distribution"],
        "share": [1, 0.5, 1], "verdict": ["valid", "not valid here", "valid"],
    })  # fmt: skip
    tables.write(verdicts.assign(**shares), root / "analysis" / "grid" / "judges.csv", "judges")
    cells = []
    for number, (objective, discriminator, weight, seed) in enumerate(CELLS):
        folder = root / "optimization" / objective / discriminator / f"weight-{weight:g}" / f"seed-{seed}"
        for scene, picture in pristine.items():
            images.write(_blurred(picture, 1.5 - number * 0.45), folder / "outputs" / f"{scene}.png")
        files = _write(_judged(number + 4), folder, "judgement", "external-judgement", "judgement")
        diverged = (objective, discriminator, weight, seed) == DIVERGED
        facts = {"status": "diverged" if diverged else "completed", "diverged_at": 7 if diverged else 0}
        artifacts.write_json(facts, folder / "provenance.json")
        cell: dict[str, Any] = {"objective": objective, "discriminator": discriminator, "weight": weight, "seed": seed}
        cells.append(cell | files | {"outputs": folder / "outputs", "provenance": folder / "provenance.json"})
    page = root / "explorer" / "index.html"
    write_explorer(
        cells,
        [cells[0], cells[2]],
        baselines=list(baselines.values()),
        pictures=base / "baselines",
        judges=root / "analysis" / "grid" / "judges.csv",
        task=TASK,
        scale="a test of 10 steps",
        inputs=page.parent / "inputs",
        output=page,
    )
    return page
