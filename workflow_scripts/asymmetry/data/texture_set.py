"""The texture set: a metric of texture should rank other crops of a texture above distorted copies of one crop."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from asymmetry.data import procedural
from asymmetry.data.emulation import distorted, read_level_means
from asymmetry.data.rated import RatedImage, RatedSet
from asymmetry.distortions import TYPES

# The seven traditional distortions of the texture quality dataset (Ding et al., TPAMI 2020) as the nearest KADID types:
# white noise, Gaussian blur, JPEG, JPEG2000, pink noise, chromatic aberration, colour quantisation.
DISTORTIONS = (
    "white-noise",
    "gaussian-blur",
    "jpeg",
    "jpeg2000",
    "white-noise-ycbcr",
    "colour-shift",
    "colour-quantisation",
)
LEVELS = (3, 4, 5)  # of each, in the original three; high ones, so that each is seen
CROPS = ((0, 0), (0, 2), (2, 0), (2, 2))  # row and column of the parts of a sheet beside the reference in its middle
BEST = 5.0  # top of KADID-10k's scale, "imperceptible"


def textures(seed: int, textures: int, size: int, level_means: Path, levels: Sequence[int] = LEVELS) -> RatedSet:
    """Generated textures: other crops of a texture rank above distorted copies of the reference crop.

    After the texture quality dataset (Ding et al., TPAMI 2020), which has no public download; here without texture
    synthesis. Per texture: one reference, four other crops of it, and seven distortions at each level. The classes are
    those that no corpus contains. What is true is the order: crops above everything distorted. Crops score 5, the top
    of KADID-10k's scale, and distorted images KADID-10k's mean of that type and level, which is below 5.

    Args:
        seed: of textures and distortions.
        textures: how many.
        size: height and width of the images, pixels.
        level_means: CSV with columns type (1 to 25), level, mean_score.
        levels: of each distortion.
    """
    means = read_level_means(level_means, DISTORTIONS, levels)
    labels = sorted(procedural.HELD_OUT)
    scenes = {f"{labels[k % len(labels)]}-{k:02d}": labels[k % len(labels)] for k in range(textures)}
    sheets = {scene: procedural.draw(label, 3 * size, "rated", seed, scene) for scene, label in scenes.items()}
    references = {scene: sheet[size : 2 * size, size : 2 * size] for scene, sheet in sheets.items()}
    return RatedSet(references.items(), _rated_textures(sheets, references, means, size, seed), higher_is_better=True)


def _rated_textures(
    sheets: dict[str, np.ndarray],
    references: dict[str, np.ndarray],
    means: dict[tuple[str, int], float],
    size: int,
    seed: int,
) -> Iterator[RatedImage]:
    for scene, sheet in sheets.items():
        for number, (row, column) in enumerate(CROPS, start=1):
            part = sheet[row * size : (row + 1) * size, column * size : (column + 1) * size]
            yield RatedImage(f"{scene}_crop_{number}", scene, scene, "", "", 0, BEST, part)
        for (name, level), mean in means.items():
            kind, array = TYPES[name], distorted(references[scene], name, level, seed, scene)
            file = f"{scene}_{kind.number:02d}_{level:02d}"
            yield RatedImage(file, scene, scene, name, kind.family, level, mean, array)
