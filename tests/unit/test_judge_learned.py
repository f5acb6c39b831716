from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.ndimage import gaussian_filter

from asymmetry import images, tables
from asymmetry.artifacts import load_tensors, save_tensors
from asymmetry.errors import UserError
from asymmetry.metrics.judges.create import create_judge
from asymmetry.metrics.judges.fitting import fit_judge
from asymmetry.metrics.judges.learned import Learned, QualityNetwork

SCENES = ("a", "b", "c")
QUICK = {"steps": 60, "batch": 16, "crop": 32}


def photograph(seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return images.quantize(0.5 + gaussian_filter(random.normal(size=(48, 48, 3)), (0.7, 0.7, 0)) / 3)


def make_sets(folder: Path, poison: str = "") -> tuple[Path, Path]:
    """Three scenes at four levels of blur; the scene `poison` has other pictures and other scores."""
    pristine, rated = [], []
    for seed, scene in enumerate(SCENES):
        clean = photograph(seed + 10 * (scene == poison))
        images.write(clean, folder / f"{scene}.png")
        pristine.append({"image": f"{scene}.png", "scene": scene, "label": "", "credit": "", "height": 48, "width": 48})
        for level in range(1, 5):
            name = f"{scene}-{level}.png"
            images.write(images.quantize(gaussian_filter(clean / 255, (level / 2, level / 2, 0))), folder / name)
            score = level / 4 if scene == poison else 1 - level / 4
            rated.append(
                {"image": name, "reference": "", "scene": scene, "distortion": "blur", "family": "blur",
                 "level": level, "score": score, "score_error": np.nan, "raw_score": score, "split": ""}
            )  # fmt: skip
    tables.write(pd.DataFrame(pristine), folder / "corpus.csv", "corpus")
    tables.write(pd.DataFrame(rated), folder / "rated.csv", "rated")
    return folder / "corpus.csv", folder / "rated.csv"


@pytest.fixture(scope="module")
def fitted(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("learned")
    fit_judge("learned", *make_sets(folder), folder / "judge.safetensors", 0, **QUICK)
    return folder


def test_it_learns_the_order_of_a_left_out_scene(fitted: Path) -> None:
    judge = create_judge("learned", fitted / "judge.safetensors", **QUICK)
    for scene in SCENES:
        names = [f"{scene}.png", *(f"{scene}-{level}.png" for level in range(1, 5))]
        values = [judge.value(scene, images.to_tensor(images.read(fitted / name)), None) for name in names]
        assert values[0] > values[2] > values[4]


def test_it_is_reproducible_bit_for_bit_and_depends_on_the_seed(fitted: Path) -> None:
    options = QUICK | {"steps": 5}
    for file, seed in (("one", 0), ("two", 0), ("three", 1)):
        torch.rand(3)
        fit_judge("learned", fitted / "corpus.csv", fitted / "rated.csv", fitted / file, seed, **options)
    assert (fitted / "one").read_bytes() == (fitted / "two").read_bytes()
    assert (fitted / "one").read_bytes() != (fitted / "three").read_bytes()


def test_the_judged_scene_is_left_out(fitted: Path, tmp_path: Path) -> None:
    """A poisoned scene changes the models of all other scenes and not its own."""
    options = QUICK | {"steps": 5}
    fit_judge("learned", fitted / "corpus.csv", fitted / "rated.csv", tmp_path / "clean", 0, **options)
    fit_judge("learned", *make_sets(tmp_path, poison="b"), tmp_path / "poisoned", 0, **options)
    clean, poisoned = load_tensors(tmp_path / "clean"), load_tensors(tmp_path / "poisoned")
    for scene in SCENES:
        names = [name for name in clean if name.startswith(f"{scene}/") and name.endswith("weight")]
        assert names
        assert all(torch.equal(clean[name], poisoned[name]) for name in names) == (scene == "b")


def test_scenes_without_a_rating_share_five_models_that_never_saw_them(fitted: Path, monkeypatch) -> None:
    pristine = [(f"scene-{seed}", photograph(seed)) for seed in range(11)] + [("a", photograph(99))]
    trained = []

    def train(self, crops, scores, clean, kept, clean_kept, seed):
        trained.append((set(kept.tolist()), {pristine[row][0] for row in clean_kept.tolist()}))
        network = QualityNetwork()
        network.head[-1].bias.data.fill_(len(trained))
        return network

    monkeypatch.setattr(Learned, "_train", train)
    tensors = Learned(**QUICK).fit(pristine, fitted / "rated.csv", 0)
    assert len(trained) == 1 + 5
    assert trained[0] == (set(range(4, 12)), {scene for scene, _ in pristine} - {"a"}), "four rated pictures of it"
    for scene, _ in pristine[:-1]:
        rated, clean = trained[int(tensors[f"{scene}/head.2.bias"].item()) - 1]
        assert rated == set(range(12))
        assert scene not in clean
        assert len(clean) >= 12 - 3
    save_tensors(tensors, fitted / "shared.safetensors")


def test_gradients_and_values_are_finite_on_constant_pictures() -> None:
    model = QualityNetwork()
    x = torch.zeros(4, 3, 32, 32, requires_grad=True)
    model(x).sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())
    assert model.eval()(torch.ones(1, 3, 50, 37)).isfinite().all()


def test_what_cannot_be_fitted_or_loaded(fitted: Path) -> None:
    pristine = [(scene, photograph(seed)) for seed, scene in enumerate(SCENES)]
    with pytest.raises(UserError, match="no rated dataset"):
        Learned(**QUICK).fit(pristine, None, 0)
    with pytest.raises(UserError, match="smaller than"):
        Learned(steps=1, crop=64).fit(pristine, fitted / "rated.csv", 0)
    with pytest.raises(UserError, match="batch 8"):
        Learned(batch=8)
    with pytest.raises(UserError, match="not a fitted learned judge"):
        Learned().load({"a/mean": torch.zeros(3)})
    with pytest.raises(UserError, match="unknown scene"):
        create_judge("learned", fitted / "judge.safetensors", **QUICK).value("z", torch.zeros(1, 3, 64, 64), None)
