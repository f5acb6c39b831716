"""Artefacts of restored pictures against their references: excess local variance, and a grid at the scale's period."""

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import ndimage

from asymmetry import artifacts, compute, images, tables
from asymmetry.errors import UserError

WINDOW = 7
LOBE, GAP, FAR = 1, 3, 6  # bins: half the Hann window's main lobe; from where to where the surroundings of a peak reach


def excess_variance(output: np.ndarray, reference: np.ndarray) -> float:
    """Mean of max(0, σ(output) − σ(reference)), σ the standard deviation of the luma in 7×7 windows; 0 is best.

    Claim C9 calls this excess local variance; it is in units of the luma, not of its square. Texture or ringing where
    the reference has none counts; a loss of texture does not. Local variance tells artefacts from details in
    Liang, Zeng, Zhang, CVPR 2022 (arXiv 2203.09195), too, who take that of the residual.

    Args:
        output: luma (H, W) in [0, 1].
        reference: the same of the reference.
    """
    return float(np.maximum(_local_deviation(output) - _local_deviation(reference), 0).mean())


def _local_deviation(luma: np.ndarray) -> np.ndarray:
    mean, square = (ndimage.uniform_filter(values, WINDOW) for values in (luma, luma**2))
    inside = slice(WINDOW // 2, -(WINDOW // 2))
    return np.sqrt(np.maximum(square - mean**2, 0))[inside, inside]


def spectral_peak(luma: np.ndarray, scale: int) -> float:
    """How far the spectrum stands out at the frequencies (k / scale, l / scale), decades over what surrounds them.

    Up-sampling by `scale` leaves a grid of that period (a checkerboard at 2), whose energy lies at these frequencies
    alone (Odena, Dumoulin, Olah, Distill 2016). About 0 for a picture without such a grid; NaN for a picture of fewer
    than 16 · scale pixels a side, whose frequencies lie too close together.

    Args:
        luma: (H, W), in [0, 1].
        scale: the factor of super-resolution.
    """
    height, width = (side - side % scale for side in luma.shape)
    if min(height, width) < 16 * scale:
        return np.nan
    luma = luma[:height, :width]
    window = np.outer(np.hanning(height), np.hanning(width))
    power = np.abs(np.fft.fft2((luma - luma.mean()) * window)) ** 2
    ring = [
        shift
        for shift in product(range(-FAR, FAR + 1), repeat=2)
        if max(map(abs, shift)) >= GAP and min(map(abs, shift)) >= 1  # off the axes, where borders leave their energy
    ]
    peaks = []
    for row, column in product(range(scale), repeat=2):
        if row or column:
            top, left = row * height // scale, column * width // scale
            near = power[np.ix_(_around(top, height), _around(left, width))].max()
            surroundings = np.median([power[(top + i) % height, (left + j) % width] for i, j in ring])
            peaks.append(np.log10((near + 1e-12) / (surroundings + 1e-12)))
    return float(np.mean(peaks))


def _around(position: int, size: int) -> np.ndarray:
    return np.arange(position - LOBE, position + LOBE + 1) % size


def artefact_table(cells: Sequence[Mapping[str, Any]], references: Path, scale: int, output: Path) -> None:
    """Write shape `artefacts`: both measures of every output picture of every cell.

    Args:
        cells: dicts with `objective`, `discriminator`, `weight`, `seed`, `outputs` (folder of pictures named as their
            scenes) and `provenance` (path).
        references: folder of the references, named alike.
        scale: factor of super-resolution.
        output: path of the table.
    """
    lumas = {path.name: _luma(path) for path in sorted(references.glob("*.png"))}
    own = {name: spectral_peak(luma, scale) for name, luma in lumas.items()}
    rows = []
    for cell in compute.progress(cells, "artefacts", len(cells)):
        facts = {name: cell[name] for name in ("objective", "discriminator", "weight", "seed")}
        facts["status"] = artifacts.read_json(cell["provenance"])["status"]
        for name, reference in lumas.items():
            luma = _luma(Path(cell["outputs"]) / name)
            if luma.shape != reference.shape:
                raise UserError(f"{cell['outputs']}/{name} is not of the size of its reference.", "delete and rerun")
            peak = spectral_peak(luma, scale) - own[name]
            measures = {"excess_variance": excess_variance(luma, reference), "spectral_peak": peak}
            rows.append(facts | {"scene": Path(name).stem} | measures)
    tables.write(pd.DataFrame(rows, columns=list(tables.SHAPES["artefacts"])), output, "artefacts")


def _luma(path: Path) -> np.ndarray:
    return images.full_range_luma(images.read(path)) / 255
