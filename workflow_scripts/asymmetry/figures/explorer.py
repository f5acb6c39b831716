"""The explorer: a page to look at pictures, opened from disk, in which any two models lie over each other.

The page is one file with its data in it; it loads nothing but the pictures of the run, by paths relative to itself.
Its text, look and behaviour are `explorer/page.html`, `explorer.css` and `explorer.js`.
"""

import json
import os
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd

from asymmetry import artifacts, images, registry, tables
from asymmetry.analysis.asymmetry import FEWEST_SCENES, FEWEST_SEEDS
from asymmetry.analysis.judges import SHARE, read_baselines, read_judgement
from asymmetry.analysis.names import counted, decimals, standing_in
from asymmetry.figures.qualitative_data import liveliest

SOURCES = Path(__file__).parents[1] / "explorer"
BASELINES = ("reference", "noisy-reference", "bicubic", "pretrained")
CROP = 128  # pixels; the page opens at the liveliest crop of this size


def write_explorer(
    cells: Sequence[Mapping[str, Any]],
    start: Sequence[Mapping[str, Any]],
    *,
    baselines: Sequence[Path],
    pictures: Path,
    judges: Path,
    task: Mapping[str, Any],
    scale: str,
    inputs: Path,
    output: Path,
) -> None:
    """Write the page, and beside it what the generators were given.

    Args:
        cells: dicts with `objective`, `discriminator`, `weight`, `seed`, and the paths `outputs` (folder of
            `{scene}.png`), `judgement`, `external` where pyiqa judged too (shape judgement), and `provenance`.
        start: the two of them that are shown at first, by the same four names; with fewer, baselines.
        baselines: tables of shape baselines.
        pictures: folder of their pictures, `{output}/{scene}.png`.
        judges: table of shape judges: which of them count.
        task: definition in the config; its degradation is shown as the input.
        scale: the scale of the run in a few words.
        inputs: folder for the degraded pictures, `{scene}.png`.
        output: path of the page.

    Raises:
        UserError: a table is broken, or the picture of a reference cannot be read.
    """
    judged = read_baselines(baselines)
    scenes = list(dict.fromkeys(judged["scene"]))
    references = {scene: images.read(pictures / "reference" / f"{scene}.png") for scene in scenes}
    _write_inputs(references, task, inputs)
    models = [{"id": "input", "frame": judged.iloc[:0], "folder": inputs}]
    models += [{"id": name, "frame": judged[judged["output"] == name], "folder": pictures / name} for name in BASELINES]
    models += map(_cell, cells)
    names = list(dict.fromkeys(judged["judge"]))
    restored = pd.concat([model["frame"] for model in models if model["id"] not in ("reference", "input")])
    seeds = pd.DataFrame(cells, columns=["objective", "discriminator", "weight", "seed"])
    content = {
        "start": [*("_".join(_names(cell).values()) for cell in start), "pretrained", "bicubic"][:2],
        "scenes": [_scene(scene, picture) for scene, picture in references.items()],
        "judges": _judges(restored, tables.read(judges, "judges"), names),
        "models": [
            {name: value for name, value in model.items() if name != "frame"}
            | {"folder": _relative(model["folder"], output), "scores": _scores(model["frame"], scenes, names)}
            for model in models
        ],
    }
    text = page(content, scale, caution(len(scenes), seeds), standing_in(seeds["objective"]))
    with artifacts.atomic(output) as temporary:
        temporary.write_text(text, encoding="utf-8")


def page(content: Mapping[str, Any], scale: str, caution: str, note: str) -> str:
    """The page around its data; no text of the data can end the element that it stands in."""
    safe = json.dumps(content, separators=(",", ":"), allow_nan=False).replace("<", r"\u003c")
    template, style, script = (
        (SOURCES / name).read_text(encoding="utf-8") for name in ("page.html", "explorer.css", "explorer.js")
    )
    words = {"scale": scale, "caution": caution, "note": note}
    words = {name: escape(text) for name, text in words.items()}
    return Template(template).substitute(words, style=style, script=script, data=safe)


def caution(scenes: int, cells: pd.DataFrame) -> str:
    """What pictures cannot do, and whether the run is too small for a verdict on any claim.

    Args:
        scenes: number of scenes.
        cells: columns objective, discriminator, weight, seed; a row a cell.
    """
    counts = cells.groupby(["objective", "discriminator", "weight"])["seed"].nunique()
    size = f"{counted(scenes, 'scene')}, {counted(counts, 'seed')} a setting"
    if scenes < FEWEST_SCENES or not len(counts) or counts.min() < FEWEST_SEEDS:
        return f"A run this small ({size}) cannot decide which objective or discriminator is better."
    return f"{size}. Single pictures do not decide which objective or discriminator is better: the intervals do."


def _write_inputs(references: Mapping[str, np.ndarray], task: Mapping[str, Any], folder: Path) -> None:
    degradation = registry.create("tasks", task["object"], scale=task["scale"])
    for scene, reference in references.items():
        degraded = degradation.degrade(images.to_tensor(reference))
        images.write(images.to_array(degraded), folder / f"{scene}.png")


def _cell(cell: Mapping[str, Any]) -> dict[str, Any]:
    facts = artifacts.read_json(cell["provenance"])
    return {
        "id": "_".join(_names(cell).values()),
        **_names(cell),
        "diverged": int(facts["diverged_at"]) if facts["status"] == "diverged" else 0,
        "frame": read_judgement(cell),
        "folder": Path(cell["outputs"]),
    }


def _names(cell: Mapping[str, Any]) -> dict[str, str]:
    """What names a cell, as text."""
    words = {name: cell[name] for name in ("objective", "discriminator")}
    return words | {"weight": f"{cell['weight']:g}", "seed": str(cell["seed"])}


def _scene(name: str, picture: np.ndarray) -> dict[str, Any]:
    height, width, _ = picture.shape
    size = min(CROP, height, width)
    top, left = liveliest(picture, size)
    place = {"x": left + size // 2, "y": top + size // 2}
    return {"name": name, "file": quote(f"{name}.png"), "width": width, "height": height, **place}


def _judges(judged: pd.DataFrame, verdicts: pd.DataFrame, names: Sequence[str]) -> list[dict[str, Any]]:
    """Name, family, direction, number of decimals, and why a judge does not count (empty where it does)."""
    downwards = judged["value"].ne(judged["quality"]).groupby(judged["judge"]).any()
    usual = judged["value"].abs().groupby(judged["judge"]).median()
    reasons = {row.judge: _reason(row) for row in verdicts.itertuples()}
    families = dict(zip(judged["judge"], judged["family"], strict=True))
    return [
        {
            "name": name,
            "family": families[name],
            "higher": not downwards[name],
            "digits": decimals(usual[name]),
            "reason": reasons.get(name, "it was not checked"),
        }
        for name in names
    ]


def _reason(row: Any) -> str:
    if row.verdict == "valid":
        return ""
    if row.verdict == "not valid here":
        return (
            "it must rank the reference above the pretrained generator and above noise, and that generator above"
            f" bicubic, on {SHARE:.0%} of the scenes; it does on {round(row.share * row.scenes)} of {row.scenes}"
        )
    if row.verdict == "secondary":
        return "it uses a network or data of something that it judges"
    return "it cannot tell the models apart"


def _scores(frame: pd.DataFrame, scenes: Sequence[str], judges: Sequence[str]) -> list[list[float | None]]:
    """Values by scene and judge, with six figures; None where there is none."""
    values = frame.pivot(index="scene", columns="judge", values="value").reindex(index=scenes, columns=judges)
    return [[float(f"{v:.6g}") if np.isfinite(v) else None for v in row] for row in values.to_numpy(float)]


def _relative(folder: Path, output: Path) -> str:
    """The path from a page to a folder as it stands in an address."""
    return quote(Path(os.path.relpath(folder, output.parent)).as_posix())
