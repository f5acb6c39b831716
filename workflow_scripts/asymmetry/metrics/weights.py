"""Channel weights of a DISTS-form metric, learned on a rated dataset."""

import logging
from pathlib import Path

import numpy as np
import torch

from asymmetry import artifacts, compute, tables
from asymmetry.errors import UserError
from asymmetry.metrics.assessment import over_pairs
from asymmetry.metrics.dists import Dists

PENALTIES = (1e-3, 1e-2, 1e-1, 1.0, 10.0)
FOLDS = 5
logger = logging.getLogger(__name__)


def fit_channel_weights(rated_manifest: Path, dists: Dists, output: Path, seed: int, device: str) -> None:
    """Fit non-negative channel weights to opinion scores and write them as safetensors, with the scenes used.

    Ridge regression with non-negative coefficients of (highest score - score) on the 1 - S1 and 1 - S2 of every
    channel; its penalty has the smallest error in a cross-validation grouped by scene, whose folds come from `seed`.
    The coefficients are divided by their sum. Nothing may be assessed or judged with them on a scene used here.

    Args:
        rated_manifest: table of shape rated, with references.
        dists: the metric whose backbone and resize rule count; its own weights do not.
        output: the file to write.
        seed: of the folds.
        device: where the features are computed.
    """
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import GridSearchCV, GroupKFold

    frame = tables.read(rated_manifest, "rated")
    used = sorted(set(frame["scene"]))
    if len(used) < 2:
        raise UserError(f"{rated_manifest}: channel weights need at least 2 scenes to be fitted, not {len(used)}.")

    distances = np.empty((len(frame), 2 * sum(dists.channels)))
    dists.to(compute.device(device))
    for rows, similarities in over_pairs(frame, rated_manifest.parent, dists.describe, dists.similarities, device):
        distances[rows] = 1 - similarities.cpu().double().numpy()
    folds = GroupKFold(min(FOLDS, len(used)), shuffle=True, random_state=compute.stable_seed("folds", seed) % 2**32)
    search = GridSearchCV(Ridge(positive=True), {"alpha": PENALTIES}, scoring="neg_mean_squared_error", cv=folds)
    search.fit(distances, frame["score"].max() - frame["score"], groups=frame["scene"])
    weights = search.best_estimator_.coef_
    if not weights.sum() > 0:
        raise UserError(f"{rated_manifest}: the scores do not fall with any distance of the features.")

    logger.info("channel weights: %s, error %.4f on unseen scenes", search.best_params_, -search.best_score_)
    alpha, beta = torch.from_numpy(weights / weights.sum()).float().chunk(2)
    artifacts.save_tensors({"alpha": alpha, "beta": beta}, output, scenes=used)
