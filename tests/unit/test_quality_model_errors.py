"""How often quality models of equal worth are told apart, when their scenes for training and test are a sample."""

import numpy as np
import pandas as pd
import pytest

from asymmetry.analysis.claims import models
from asymmetry.analysis.claims.models import Models
from asymmetry.analysis.transfer import shares

ARMS = ("random", "gan")


def predictions(generator, scenes: int, splits: int | None, seeds: int = 1, images: int = 8) -> pd.DataFrame:
    """Two arms of equal worth on average. A scene has an effect on each arm where it is tested and where it is trained.

    Args:
        generator: of random numbers.
        scenes: their number.
        splits: number of random splits, 60/20/20; None leaves one scene out.
        seeds: number of seeds.
        images: of each scene.
    """
    names = np.array([f"s{k:02d}" for k in range(scenes)])
    held = round(scenes / 5)
    orders = [generator.permutation(scenes) for _ in range(splits or 0)]
    folds = [(order[:held], order[2 * held :]) for order in orders]
    folds = folds or [([k], np.delete(np.arange(scenes), k)) for k in range(scenes)]
    tested, trained = generator.normal(size=(2, len(ARMS), scenes)) * 0.4
    parts = []
    for arm, name in enumerate(ARMS):
        for seed in range(seeds):
            for fold, (test, train) in enumerate(folds):
                rows = np.repeat(test, images)
                score = generator.uniform(size=len(rows))
                knows = 1.2 + tested[arm, rows] + trained[arm, train].mean()
                prediction = knows * score + 0.3 * generator.normal(size=len(rows))
                frame = pd.DataFrame({"scene": names[rows], "score": score, "prediction": prediction})
                parts.append(frame.assign(fold=str(fold), initialisation=name, seed=seed))
    return pd.concat(parts, ignore_index=True).assign(mode="fr", dataset="set", backbone="conv", protocol="scene")


@pytest.mark.parametrize(("scenes", "splits", "repeats"), [(8, None, 80), (20, 10, 40)])
def test_models_of_equal_worth_are_seldom_told_apart(monkeypatch, scenes, splits, repeats):
    """At 5 %, which is exceeded where only the scenes of the test count (14 % in theory, leaving one out)."""
    monkeypatch.setattr(models, "RESAMPLES", 40)
    generator = np.random.default_rng(scenes)
    rejected = np.zeros(2)
    for _ in range(repeats):
        frame = predictions(generator, scenes, splits)
        fitted = Models(frame)
        first, second = (("fr", "set", "conv", arm) for arm in ARMS)
        joint = fitted.combine({first: 1.0, second: -1.0})
        tested_alone = joint.widened([1 / (1 + 1 / shares(frame)[1])])
        rejected += [one.contrast(1).p_value() < 0.05 for one in (joint, tested_alone)]
    assert rejected[0] / repeats <= 0.1
    assert rejected[1] > rejected[0]


def test_scenes_of_another_dataset_lend_no_freedom():
    generator = np.random.default_rng(0)
    own = predictions(generator, 8, None)
    other = predictions(generator, 20, 10).assign(dataset="other")
    alone, both = Models(own), Models(pd.concat([own, other], ignore_index=True))
    weights = {("fr", "set", "conv", "gan"): 1.0, ("fr", "set", "conv", "random"): -1.0}
    expected, found = alone.combine(weights).contrast(1), both.combine(weights).contrast(1)
    assert found.value == pytest.approx(expected.value)
    assert found.freedom == pytest.approx(expected.freedom, rel=0.1)
    assert found.freedom < 10
