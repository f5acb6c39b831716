"""A small rated dataset on disk, and pictures, for the tests of the metrics."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from scipy.ndimage import gaussian_filter
from torch import Tensor

from asymmetry import images, tables


def picture(size: int = 64, seed: int = 0) -> np.ndarray:
    """Colour noise of two coarsenesses with sharp edges: uint8 (size, size, 3)."""
    generator = np.random.default_rng(seed)
    coarse = gaussian_filter(generator.normal(size=(size, size, 3)), (size / 16, size / 16, 0))
    fine = gaussian_filter(generator.normal(size=(size, size, 3)), (1, 1, 0))
    edges = np.sign(gaussian_filter(generator.normal(size=(size, size, 1)), (size / 10, size / 10, 0)))
    image = coarse / coarse.std() + 0.5 * fine / fine.std() + edges
    return images.quantize(0.5 + 0.15 * image)


def tensor(size: int = 64, seed: int = 0) -> Tensor:
    return images.to_tensor(picture(size, seed))


def blurred(image: Tensor, width: int) -> Tensor:
    """Mean over width x width pixels."""
    half = width // 2
    return F.avg_pool2d(F.pad(image, (half,) * 4, mode="reflect"), width, 1)


def make_rated_set(folder: Path, scenes: int = 2, size: int = 64, levels: int = 3) -> Path:
    """Each scene with `levels` degrees of blur and of noise; the score falls with the level. Returns the manifest."""
    rows = []
    for scene in range(scenes):
        clean = tensor(size, scene)
        images.write(images.to_array(clean), folder / f"scene{scene}.png")
        for level in range(1, levels + 1):
            noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(level))
            versions = {"blur": blurred(clean, 2 * level + 1), "noise": clean + 0.04 * level * noise}
            for name, version in versions.items():
                image = f"scene{scene}-{name}-{level}.png"
                images.write(images.to_array(version), folder / image)
                score = 1 - level / levels
                rows.append((image, f"scene{scene}.png", f"scene{scene}", name, name, level, score, 0.05, score, ""))
    manifest = folder / "manifest.csv"
    tables.write(pd.DataFrame(rows, columns=list(tables.SHAPES["rated"])), manifest, "rated")
    return manifest
