"""Quality models on a given backbone: how much of quality its features know (methods, section 5)."""

import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from asymmetry import tables
from asymmetry.artifacts import fingerprint
from asymmetry.compute import device as find_device
from asymmetry.compute import seed_everything, stable_seed
from asymmetry.errors import UserError, unknown
from asymmetry.networks.backbones import load_backbone
from asymmetry.training import checkpoint
from asymmetry.training.acceleration import Acceleration
from asymmetry.training.features import Features, Pair, PictureFiles, extract
from asymmetry.training.finetuning import finetune
from asymmetry.training.folds import by_family, by_scene
from asymmetry.training.regression import choose, fit_heads

logger = logging.getLogger(__name__)
UNKNOWN = 0  # level of an undistorted image, or of one whose level is not known: always used
FEWEST_TESTED = 3  # images that a correlation needs


def pairs_of(manifest: Path, frame: pd.DataFrame, mode: str) -> list[Pair]:
    """What each row shows: (image,) for NR or (image, reference) for FR."""
    if mode == "fr" and (missing := frame.loc[frame["reference"] == "", "image"].tolist()):
        raise UserError(f"{manifest}: {len(missing)} images have no reference, such as {missing[0]}.", "use mode nr")
    columns = ["image", "reference"] if mode == "fr" else ["image"]
    return list(frame[columns].itertuples(index=False, name=None))


def transfer(
    manifest: Path,
    backbone_object: str,
    weights: Path,
    output: Path,
    *,
    mode: str,
    protocol: str,
    seed: int,
    levels: list[int] | None,
    families: bool,
    splits: Mapping[str, Any],
    steps: int,
    batch: int,
    learning_rates: list[float],
    crop: int,
    acceleration: Mapping[str, bool],
    workers: int,
    device: str,
    code: str,
    **backbone_options: Any,
) -> None:
    """Train quality models on a backbone and write their predictions of unseen images (shape `predictions`).

    Features are the mean and standard deviation of each stage, for FR the absolute difference of the two images'; a
    head (an MLP with LayerNorm) maps them to the score under 1 - PLCC + MSE. The learning rate is chosen in each fold
    on its validation scenes. Splits, batches and the head's initial weights do not depend on `weights`. A model that
    diverges at every rate predicts the mean score of its training images.

    Args:
        manifest: a rated table with its images.
        backbone_object: name or dotted path of the backbone.
        weights: its initial weights, safetensors.
        output: the table of predictions; a test image is predicted as the mean over its five crops.
        mode: `fr` (full-reference) or `nr` (no-reference).
        protocol: `frozen` (features computed once, only heads are trained) or `finetune` (end to end).
        seed: of heads and batches.
        levels: the levels of distortion that count, beside unknown ones; None for all.
        families: also leave out one family of distortions at a time (`folds.by_family`), if there are two.
        splits: how scenes are left out (`folds.by_scene`).
        steps: of each training.
        batch: images in a step.
        learning_rates: of Adam, to choose from.
        crop: side of the square that a model sees, at most the smallest image's.
        acceleration: how finetuned backbones compute: `autocast`, `channels_last`, `fused` of `Acceleration`.
        workers: threads that make their batches ahead.
        device: `cpu`, `cuda` or `mps`.
        code: digest of the code, part of the checkpoint's fingerprint.
        backbone_options: of the backbone.

    Raises:
        UserError: an unknown mode, protocol or kind of splits; too few scenes; missing references; a crop too large.
    """
    for what, name, known in (("mode", mode, ("fr", "nr")), ("protocol", protocol, ("frozen", "finetune"))):
        if name not in known:
            raise UserError(unknown(f"transfer {what}", name, known))
    frame = tables.read(manifest, "rated")
    if levels is not None:
        frame = frame[frame["level"].isin([UNKNOWN, *levels])].reset_index(drop=True)
    folds = by_scene(frame, splits)
    if small := [fold.name for fold in folds if len(fold.test) < FEWEST_TESTED]:
        raise UserError(
            f"{manifest}: {len(small)} splits test fewer than {FEWEST_TESTED} images ({small[0]}, ...).",
            "name the scenes in the column `scene`, or set transfer.splits to random",
        )
    if families and frame["family"].nunique() > 1:
        folds += by_family(frame)
    pairs = pairs_of(manifest, frame, mode)
    where = find_device(device)
    seed_everything(stable_seed("transfer", seed))
    features = Features(load_backbone(backbone_object, weights, **backbone_options)).to(where)
    scores = torch.tensor(frame["score"].to_numpy(), dtype=torch.float32)
    state = output.parent / "state"
    settings = {"steps": steps, "batch": batch, "seed": seed}
    if protocol == "frozen":
        found = extract(features, pairs, PictureFiles(manifest.parent, crop), crop, where)
        fit = partial(fit_heads, found, scores.to(where), folds, **settings)
        candidates = {rate: fit(learning_rate=rate).cpu() for rate in learning_rates}
    else:
        settings |= {"learning_rates": learning_rates, "crop": crop}
        data = {"mode": mode, "levels": levels, "families": families, "splits": splits}
        computing = {"acceleration": acceleration, "device": device, "code": code}
        shown = [manifest.parent / path for path in {path: None for pair in pairs for path in pair}]
        mark = fingerprint(
            {"backbone": backbone_object, "options": backbone_options, **settings, **data, **computing},
            [manifest, weights, *shown],
        )
        made = finetune(
            features,
            pairs,
            manifest.parent,
            scores,
            folds,
            acceleration=Acceleration(workers=workers, **acceleration),
            device=where,
            state=state,
            mark=mark,
            **settings,
        )
        candidates = dict(zip(learning_rates, made, strict=True))

    rows = []
    for number, fold in enumerate(folds):
        predictions, chosen = choose(candidates, scores, fold, number)
        logger.info("%s %s: %s", fold.protocol, fold.name, chosen)
        part = frame.loc[fold.test, ["image", "scene", "distortion", "family", "level", "score"]]
        rows.append(part.assign(fold=fold.name, protocol=fold.protocol, prediction=predictions.cpu().numpy()))
    tables.write(pd.concat(rows), output, "predictions")
    if protocol == "finetune":
        checkpoint.forget(state)
