"""Running a metric over forced choices between two candidates."""

import os
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from asymmetry import compute, images, tables
from asymmetry.errors import UserError, listing
from asymmetry.metrics.base import FidelityMetric

CANDIDATES = ("first", "second")


def assess_pairs(metric: FidelityMetric, manifest: Path, output: Path, device: str, batch: int = 64) -> None:
    """Score both candidates of every row of a manifest of shape pairs; writes a table of shape preferences.

    A metric fitted on a scene of the dataset, pictures of unlike sizes in a row, and a value that is not finite are
    each a `UserError`.

    Args:
        metric: any full-reference metric.
        manifest: its paths are relative to its folder.
        output: path of the table.
        device: where to compute.
        batch: rows at a time.
    """
    frame = tables.read(manifest, "pairs")
    if seen := sorted(metric.fitted_scenes & set(frame["scene"])):
        raise UserError(f"{manifest} has scenes that the metric's weights were fitted on: {', '.join(seen)}.")
    metric.to(compute.device(device))
    quality = np.empty((len(frame), 2))
    sign = 1 if metric.higher_is_better else -1
    starts = range(0, len(frame), batch)
    for start in compute.progress(starts, "metric", total=len(starts)):
        some = frame[start : start + batch]
        read = [[images.read(manifest.parent / path) for path in some[column]] for column in ("reference", *CANDIDATES)]
        for rows in _alike(*read):
            reference, *candidates = (_stack([part[row] for row in rows]).to(device) for part in read)
            with torch.inference_mode():
                description = metric.describe(reference)
                values = [metric.compare(candidate, description) for candidate in candidates]
            quality[start + np.array(rows)] = sign * torch.stack(values, 1).cpu().double().numpy()
    broken = frame["reference"][~np.isfinite(quality).all(axis=1)]
    if len(broken):
        raise UserError(f"the metric gives no finite value for candidates of:\n{listing(broken)}")
    for column in ("reference", *CANDIDATES):
        paths = [(manifest.parent / path).resolve() for path in frame[column]]
        frame[column] = [os.path.relpath(path, output.parent.resolve()) for path in paths]
    frame["first_quality"], frame["second_quality"] = quality.T
    tables.write(frame, output, "preferences")


def _alike(references: list[np.ndarray], first: list[np.ndarray], second: list[np.ndarray]) -> list[list[int]]:
    """Row numbers by size of their pictures; a row of unlike sizes is a `UserError`."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for row, shapes in enumerate(zip(*([p.shape for p in part] for part in (references, first, second)), strict=True)):
        if len(set(shapes)) > 1:
            raise UserError(f"a pair and its reference differ in size: {', '.join(f'{h}x{w}' for h, w, _ in shapes)}.")
        groups.setdefault(shapes[0], []).append(row)
    return list(groups.values())


def _stack(pictures: list[np.ndarray]) -> Tensor:
    return torch.cat([images.to_tensor(picture) for picture in pictures])
