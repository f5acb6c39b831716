"""An emulation of KADID-10k: scenes of a corpus under its distortions, scored by its mean of distortion and level.

It stands in for the real dataset in the demonstration. The scores are human, but blind to content: of a distortion
and level, all scenes share one score. Findings are to be drawn from real datasets.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from asymmetry import images
from asymmetry.data.corpora import load_corpus
from asymmetry.data.pictures import crop
from asymmetry.data.rated import RatedImage, RatedSet
from asymmetry.distortions import LEVELS, TYPES, distort
from asymmetry.errors import UserError, listing, unknown


def read_level_means(path: Path, names: Sequence[str], levels: Sequence[int]) -> dict[tuple[str, int], float]:
    """Mean human score, 1 to 5, higher is better, by name of distortion and level."""
    problems = [unknown("distortion", name, TYPES) for name in names if name not in TYPES]
    problems += [f"unknown level {level!r}, known: 1 to 5" for level in levels if level not in LEVELS]
    if problems or not names or not levels:
        raise UserError(f"rated set: {listing(problems) or 'no distortion or no level'}")
    try:
        frame = pd.read_csv(path).set_index(["type", "level"])["mean_score"]
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{path} is no table of mean scores by type and level ({error}).") from None
    wanted = {(name, level): (TYPES[name].number, level) for name in names for level in levels}
    missing = [f"{name}, level {level}" for (name, level), key in wanted.items() if key not in frame.index]
    if missing:
        raise UserError(f"{path} holds no score of:\n{listing(missing)}")
    return {pair: float(frame[key]) for pair, key in wanted.items()}


def distorted(array: np.ndarray, name: str, level: int, seed: int, scene: str) -> np.ndarray:
    """A uint8 picture distorted, as uint8."""
    return images.quantize(distort(array / 255, name, level, seed, scene))


def kadid_emulation(
    seed: int,
    corpus: Path,
    level_means: Path,
    size: int | None = None,
    scenes: Sequence[str] | None = None,
    distortions: Sequence[str] | None = None,
    levels: Sequence[int] = LEVELS,
) -> RatedSet:
    """The scenes of a corpus under KADID-10k's distortions, scored by its mean score of that type and level.

    A scene that a type's level 5 leaves unchanged (a grey picture under a colour distortion) is refused: it would
    carry a low score for nothing.

    Args:
        seed: of the distortions.
        corpus: manifest of the corpus.
        level_means: CSV with columns type (1 to 25), level, mean_score.
        size: references are cropped to squares of so many pixels, if given.
        scenes: those of the corpus that are used; all by default.
        distortions: names of types; all 25 by default.
        levels: of each type.
    """
    names = list(TYPES) if distortions is None else list(distortions)
    means = read_level_means(level_means, names, levels)
    pictures = dict(load_corpus(corpus))
    wanted = list(pictures) if scenes is None else list(scenes)
    if problems := [unknown("scene", scene, pictures) for scene in wanted if scene not in pictures]:
        raise UserError(f"{corpus}:\n{listing(problems)}")
    references = {scene: crop(pictures[scene], size, scene) for scene in wanted}
    return RatedSet(references.items(), _emulated(references, means, names, levels, seed), higher_is_better=True)


def _emulated(
    references: dict[str, np.ndarray],
    means: dict[tuple[str, int], float],
    names: Sequence[str],
    levels: Sequence[int],
    seed: int,
) -> Iterator[RatedImage]:
    unchanged = []
    for scene, reference in references.items():
        for name in names:
            worst = distorted(reference, name, 5, seed, scene)
            if np.array_equal(worst, reference):
                unchanged.append(f"{scene}: {name}")
                continue
            for level in levels:
                array = worst if level == 5 else distorted(reference, name, level, seed, scene)
                kind = TYPES[name]
                file = f"{scene}_{kind.number:02d}_{level:02d}"
                yield RatedImage(file, scene, scene, name, kind.family, level, means[name, level], array)
    if unchanged:
        raise UserError(
            f"level 5 changes nothing in {len(unchanged)} scene(s) and distortion(s):\n{listing(unchanged)}",
            "leave out grey pictures, or these distortions",
        )
