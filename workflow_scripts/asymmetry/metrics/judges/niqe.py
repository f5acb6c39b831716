"""NIQE (Mittal, Soundararajan & Bovik, IEEE SPL 20(3), 2013), fitted on pristine pictures of other scenes.

It differs from the original where 256 x 256 pictures and a few scenes ask for it:

* Patches have 64 pixels and overlap by three quarters (original: 96, disjoint), so that a picture has enough of them.
* Covariances are shrunk (Ledoit & Wolf 2004) on features standardised by the pristine deviations. The original's
  pseudo-inverse of the sample covariance, of about 200 dependent patches in 36 dimensions, put a noisy picture above
  its pristine self on one scene of eight; with shrinkage on none.
* Neighbours are those in the picture, where the original wraps each patch around.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image
from scipy.ndimage import gaussian_filter
from scipy.special import gamma
from sklearn.covariance import ledoit_wolf
from torch import Tensor

from asymmetry import images
from asymmetry.compute import progress
from asymmetry.errors import UserError
from asymmetry.metrics.judges.base import FittedJudge, check_fitted

SHARPNESS = 0.75
NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))
TINY = 1e-12
_SHAPES = np.arange(0.2, 10, 0.001)
_RATIOS = gamma(2 / _SHAPES) ** 2 / (gamma(1 / _SHAPES) * gamma(3 / _SHAPES))


def normalise(luma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean-subtracted, contrast-normalised luma and the local deviation, both of the shape of luma in [0, 255].

    Gaussian window of 7 x 7 and sigma 7/6; 1 is added to the deviation (equations 1 to 3).
    """
    smooth = {"sigma": 7 / 6, "radius": 3, "mode": "nearest"}
    mean = gaussian_filter(luma, **smooth)
    deviation = np.sqrt(np.abs(gaussian_filter(luma**2, **smooth) - mean**2))
    return (luma - mean) / (deviation + 1), deviation


def fit_aggd(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Asymmetric generalised Gaussians by moment matching (Lasmar et al. 2009), over the last axis of `values`.

    Returns:
        Shape (0.2 to 10), left scale, right scale and mean of each; finite also where all values are 0.
    """
    squares = values**2
    left, right = (
        np.sqrt((squares * side).sum(-1) / np.maximum(side.sum(-1), 1)) + TINY for side in (values < 0, values > 0)
    )
    skew = left / right
    ratio = np.abs(values).mean(-1) ** 2 / (squares.mean(-1) + TINY)
    shape = np.interp(ratio * (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2, _RATIOS, _SHAPES)
    unit = np.sqrt(gamma(1 / shape) / gamma(3 / shape))
    left, right = left * unit, right * unit
    return shape, left, right, (right - left) * gamma(2 / shape) / gamma(1 / shape)


def patch_features(luma: np.ndarray, block: int) -> tuple[np.ndarray, np.ndarray]:
    """The features of every patch and its sharpness.

    Args:
        luma: (H, W) in [0, 255].
        block: side of a patch, a multiple of 8; half of it at half the size, the second scale.

    Returns:
        Features (patches, 36): at each scale shape and scale of the normalised luma, then shape, mean, left and right
        scale of its products with four neighbours; sharpness (patches,): the mean local deviation at the first scale.
    """
    if min(luma.shape) < block:
        raise UserError(f"{luma.shape[1]} x {luma.shape[0]} pixels are too few for NIQE.", f"its patches have {block}")
    height, width = (length // 2 for length in luma.shape)
    half = Image.fromarray(luma.astype(np.float32)).resize((width, height), Image.Resampling.BICUBIC)
    features, sharpness = [], None
    for plane, side in ((luma, block), (np.asarray(half, dtype=np.float64), block // 2)):
        normal, deviation = normalise(plane)
        sharpness = _patches(deviation, side).mean(-1) if sharpness is None else sharpness
        shape, left, right, _ = fit_aggd(_patches(normal, side))
        features += [shape, (left + right) / 2]
        for shift in NEIGHBOURS:
            shape, left, right, mean = fit_aggd(_patches(normal * np.roll(normal, shift, (0, 1)), side))
            features += [shape, mean, left, right]
    return np.stack(features, 1), sharpness


def _patches(plane: np.ndarray, side: int) -> np.ndarray:
    step = side // 4
    return sliding_window_view(plane, (side, side))[::step, ::step].reshape(-1, side * side)


def _luma(image: Tensor) -> np.ndarray:
    return images.luma(image.double())[0, 0].numpy() * 255


class Niqe(FittedJudge):
    """Distance between the patches of a picture and those of pristine pictures of other scenes; lower is better.

    Args:
        block: side of a patch, pixels, a multiple of 8.
    """

    family = "statistics"
    higher_is_better = False

    def __init__(self, block: int = 64) -> None:
        if block < 16 or block % 8:
            raise UserError(f"NIQE with patches of {block!r} pixels.", "a multiple of 8, at least 16")
        self.block = block
        self.models: dict[str, dict[str, np.ndarray]] = {}

    def fit(self, pristine: Sequence[tuple[str, np.ndarray]], rated: Path | None, seed: int) -> dict[str, Tensor]:
        """See `base.FittedJudge`; the patches with at least 0.75 of their picture's greatest sharpness are taken."""
        sharp = []
        for scene, picture in progress(pristine, "niqe"):
            features, sharpness = patch_features(_luma(images.to_tensor(picture)), self.block)
            sharp.append((scene, features[sharpness >= SHARPNESS * sharpness.max()]))
        tensors = {"block": torch.tensor(self.block)}
        for left_out in sorted({scene for scene, _ in sharp}):
            features = np.concatenate([found for scene, found in sharp if scene != left_out])
            scale = features.std(0) + 1e-6
            parts = {"mean": features.mean(0), "scale": scale, "covariance": ledoit_wolf(features / scale)[0]}
            tensors |= {f"{left_out}/{name}": torch.from_numpy(part) for name, part in parts.items()}
        return tensors

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """See `base.FittedJudge`."""
        if (fitted := int(tensors["block"])) != self.block:
            raise UserError(f"NIQE was fitted with patches of {fitted} pixels, not {self.block}.", "fit it again")
        for name, tensor in tensors.items():
            scene, slash, part = name.rpartition("/")
            if slash:
                self.models.setdefault(scene, {})[part] = tensor.numpy()

    def value(self, scene: str, output: Tensor, reference: Tensor) -> float:
        """See `base.Judge` (equation 10)."""
        check_fitted(scene, self.models)
        model = self.models[scene]
        features = patch_features(_luma(output), self.block)[0] / model["scale"]
        difference = features.mean(0) - model["mean"] / model["scale"]
        covariance = (model["covariance"] + ledoit_wolf(features)[0]) / 2
        return np.sqrt(difference @ np.linalg.solve(covariance, difference))
