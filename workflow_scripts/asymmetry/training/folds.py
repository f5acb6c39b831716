"""What a quality model learns from, what its settings are chosen on, and what it is tested on.

The unit of every split is the scene: no picture of a test scene, distorted or not, is seen in training or validation.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from asymmetry.compute import stable_seed
from asymmetry.errors import UserError, unknown

FAMILY_GROUPS = 4
KINDS = ("leave-one-scene-out", "random", "official")
PURPOSES = ("training", "validation", "test")


@dataclass(frozen=True)
class Fold:
    """One split: its name, its protocol (`scene` or `family`), and row numbers of the table for each purpose."""

    name: str
    protocol: str
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def _rows(frame: pd.DataFrame, scenes: Collection[str], keep: np.ndarray) -> np.ndarray:
    return np.flatnonzero(frame["scene"].isin(scenes).to_numpy() & keep)


def _scenes(frame: pd.DataFrame) -> list[str]:
    scenes = sorted(set(frame["scene"]))
    if len(scenes) < 3:
        raise UserError(
            f"{len(scenes)} scenes cannot be split: one each is needed for training, validation and test.",
            "rate more scenes, or check the column `scene`",
        )
    return scenes


def by_scene(frame: pd.DataFrame, splits: Mapping[str, object]) -> list[Fold]:
    """Folds that leave scenes out; they depend on the names of the scenes alone.

    Args:
        frame: a rated table.
        splits: `kind: leave-one-scene-out` (a fold a scene; a fifth of the others, at least one, for validation), or
            `kind: random` with `count` splits, 60/20/20 by scene, or `kind: official`, the dataset's own (column
            `split`), as one fold.
    """
    kind = splits.get("kind")
    if kind not in KINDS:
        raise UserError(unknown("kind of splits", kind, KINDS))
    if kind == "official":
        return [_official(frame)]
    scenes = _scenes(frame)
    plans = []
    if kind == "random":
        held = max(1, round(len(scenes) / 5))
        for number in range(1, int(splits["count"]) + 1):
            order = np.random.default_rng(stable_seed("split", number, *scenes)).permutation(scenes)
            plans.append((f"split-{number}", order[:held], order[held : 2 * held], order[2 * held :]))
    else:
        held = max(1, (len(scenes) - 1) // 5)
        for number, scene in enumerate(scenes):
            others = scenes[number + 1 :] + scenes[:number]
            plans.append((scene, [scene], others[:held], others[held:]))
    everything = np.ones(len(frame), bool)
    return [
        Fold(name, "scene", *(_rows(frame, part, everything) for part in (train, validation, test)))
        for name, test, validation, train in plans
    ]


def _official(frame: pd.DataFrame) -> Fold:
    parts = [np.flatnonzero((frame["split"] == purpose).to_numpy()) for purpose in PURPOSES]
    if missing := [purpose for purpose, rows in zip(PURPOSES, parts, strict=True) if not len(rows)]:
        raise UserError(
            f"this dataset has no official split: no image for {', '.join(missing)} in the column `split`.",
            "set transfer.splits to random or leave-one-scene-out",
        )
    shared = set(frame["scene"].iloc[parts[2]]) & set(frame["scene"].iloc[np.concatenate(parts[:2])])
    if shared:
        raise UserError(f"the official split tests scenes that it trains on: {', '.join(sorted(shared)[:5])}.")
    return Fold("official", "scene", *parts)


def by_family(frame: pd.DataFrame) -> list[Fold]:
    """Folds that leave out a family of distortions and a group of scenes, both at once.

    On a dataset whose scores are functions of type and level, a model that knows the types passes any split by scene.
    Here it is tested on a family that it never saw, on scenes that it never saw: up to four groups of scenes for each
    family, so that each distorted image is tested once.
    """
    scenes = _scenes(frame)
    families = frame["family"].to_numpy()
    names = sorted(set(families) - {""})
    if len(names) < 2:
        raise UserError("leaving out one distortion family needs at least two.", "check the column `family`")
    groups = min(FAMILY_GROUPS, len(scenes))
    folds = []
    for family in names:
        for number in range(groups):
            tested = scenes[number::groups]
            others = [scene for scene in scenes if scene not in tested]
            validation = others[number % len(others)]
            fold = Fold(
                f"{family}-{number + 1}",
                "family",
                _rows(frame, set(others) - {validation}, families != family),
                _rows(frame, {validation}, families != family),
                _rows(frame, tested, families == family),
            )
            if not len(fold.train) or not len(fold.validation):
                raise UserError(f"without the family {family!r}, too few images are left to learn from.")
            if len(fold.test):
                folds.append(fold)
    return folds
