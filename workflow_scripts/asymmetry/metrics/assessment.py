"""Running a metric over a rated dataset."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from asymmetry import compute, images, tables
from asymmetry.errors import UserError, listing
from asymmetry.metrics.base import Description, FidelityMetric

BATCH_PIXELS = 192 * 192
BATCH = {"cpu": 10, "cuda": 25, "mps": 25}  # more take memory on a CPU, and no less time


def assess(metric: FidelityMetric, manifest: Path, output: Path, device: str, batch: int | None = None) -> None:
    """Score every image of a rated dataset (shape rated) against its reference; writes a table of shape assessment.

    Each reference is described once. A metric fitted on a scene of the dataset, an image without reference or of
    another size, and a value that is not finite are each a `UserError`.
    """
    frame = tables.read(manifest, "rated")
    if seen := sorted(metric.fitted_scenes & set(frame["scene"])):
        raise UserError(f"{manifest} has scenes that the metric's weights were fitted on: {', '.join(seen)}.")
    metric.to(compute.device(device))
    values = np.empty(len(frame))
    for rows, value in over_pairs(frame, manifest.parent, metric.describe, metric.compare, device, batch):
        values[rows] = value.cpu().double().numpy()
    broken = frame["image"][~np.isfinite(values)]
    if len(broken):
        raise UserError(f"the metric gives no finite value for:\n{listing(broken)}")
    base = output.parent.resolve()  # published pictures lie outside of results/, which may be a link
    frame["image"] = [os.path.relpath((manifest.parent / image).resolve(), base) for image in frame["image"]]
    frame["value"] = values
    frame["quality"] = values if metric.higher_is_better else -values
    tables.write(frame, output, "assessment")


def over_pairs(
    frame: pd.DataFrame,
    folder: Path,
    describe: Callable[[Tensor], Description],
    compare: Callable[[Tensor, Description], Tensor],
    device: str,
    batch: int | None = None,
) -> Iterator[tuple[np.ndarray, Tensor]]:
    """Row numbers of a rated table and what `compare` gives for these images, reference by reference, in batches.

    Args:
        frame: rows of shape rated, numbered from 0.
        folder: what its paths are relative to.
        describe: applied once to each reference, (1, 3, H, W).
        compare: applied to images of that reference, (N, 3, H, W), and its description.
        device: where to compute.
        batch: the largest N, fewer where pictures are larger than 192 x 192; None for one that suits the device.
    """
    without = frame["image"][frame["reference"] == ""]
    if len(without):
        raise UserError(f"a full-reference metric needs a reference for:\n{listing(without)}")
    batch = batch or BATCH[device]
    groups = frame.groupby("reference", sort=False).indices
    for reference, rows in compute.progress(groups.items(), "metric", total=len(groups)):
        picture = images.read(folder / reference)
        with torch.inference_mode():
            description = describe(images.to_tensor(picture).to(device))
        size = max(1, min(batch, batch * BATCH_PIXELS // (picture.shape[0] * picture.shape[1])))
        for start in range(0, len(rows), size):
            some = rows[start : start + size]
            with torch.inference_mode():
                found = compare(_read(frame["image"].iloc[some], folder, picture.shape).to(device), description)
            yield some, found


def _read(names: pd.Series, folder: Path, shape: tuple[int, ...]) -> Tensor:
    pictures = [images.read(folder / name) for name in names]
    wrong = [f"{name}: {p.shape[0]}x{p.shape[1]}" for name, p in zip(names, pictures, strict=True) if p.shape != shape]
    if wrong:
        raise UserError(f"images of another size than their reference ({shape[0]}x{shape[1]}):\n{listing(wrong)}")
    return torch.cat([images.to_tensor(picture) for picture in pictures])
