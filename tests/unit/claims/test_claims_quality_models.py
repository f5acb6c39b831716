"""C7 and C8: what discriminators know of quality."""

import math

import numpy as np
import pandas as pd
import pytest
from tests.unit.claims.conftest import predictions, study, verdict

from asymmetry.analysis import correlation
from asymmetry.analysis.claims import models, quality_models


@pytest.mark.parametrize(
    ("random", "gan", "imagenet", "expected"),
    [(0.3, 0.35, 1.5, "supported"), (0.3, 1.4, 1.5, "contradicted"), (0.3, 1.5, 0.6, "contradicted"),
     (1.5, 0.3, 0.6, "contradicted"), (1.5, 0.9, 0.4, "contradicted"), (1.5, 1.45, 0.4, "contradicted"),
     (1, 1, 1, "inconclusive")],
)  # fmt: skip
def test_c7_features(random, gan, imagenet, expected):
    knows = {("conv", "random"): random, ("conv", "gan"): gan, ("conv", "imagenet"): imagenet}
    found = quality_models.features(study(), models.Models(predictions(knows)))
    assert verdict(found)["verdict"] == expected


def test_c7_with_imagenet_worse_than_random():
    """Then a share of the difference says nothing: it must neither support the claim nor decide against it."""
    knows = {("conv", "random"): 1.5, ("conv", "gan"): 0.3, ("conv", "imagenet"): 0.6}
    found = quality_models.features(study(), models.Models(predictions(knows)))
    gan, worse, share = found.parts
    assert (gan.value > 0, worse.value < 0, share.value > 1) == (True, True, True)
    assert (share.side(0.95), share.p_values(), worse.side(0.95)) == (0, (1.0, 1.0), -1)
    assert found.deciding() is worse
    assert "that share says nothing" in verdict(found)["sentence"]


@pytest.mark.parametrize(("mine", "expected"), [(1.5, "supported"), (0.3, "inconclusive"), (0.1, "contradicted")])
def test_c7_tests_each_pretrained_arm(mine, expected):
    """Published weights and a file, both of ImageNet, are parts of their own: one cannot make up for the other."""
    knows = {("conv", "random"): 0.3, ("conv", "gan"): 0.35, ("conv", "imagenet"): 1.5, ("conv", "mine"): mine}
    found = quality_models.features(study(), models.Models(predictions(knows)))
    assert verdict(found)["verdict"] == expected
    assert [part.name for part in found.parts[::3]] == ["imagenet − gan, imagenet", "imagenet − gan, mine"]
    alone = {arm: value for arm, value in knows.items() if arm[1] != "mine"}
    same = quality_models.features(study(), models.Models(predictions(alone)))
    assert verdict(same)["verdict"] == "supported"
    assert len(same.parts) == 3


def test_c7_counts_weights_trained_on_imagenet_only():
    knows = {(b, i): v for b in ("conv", "vit") for i, v in (("random", 0.3), ("gan", 0.35), ("imagenet", 1.5))}
    knows["vit", "imagenet"] = 0.1  # trained on other data: shown, and no evidence on ImageNet
    found = quality_models.features(study(), models.Models(predictions(knows)))
    row = verdict(found)
    assert row["verdict"] == "supported"
    assert "vit" not in row["settings"]
    assert "not trained on ImageNet: vit imagenet (lvd-142m)" in row["sentence"]
    assert "trained from these weights: random" in row["sentence"]
    assert {d["pooled"] for d in found.details if d["note"] == "imagenet weights, trained on lvd-142m"} == {"no"}
    other = {arm: value for arm, value in knows.items() if arm[0] == "vit"}
    row = verdict(quality_models.features(study(), models.Models(predictions(other))))
    assert (row["verdict"], "lvd-142m" in row["sentence"]) == ("not tested", True)


def test_c7_needs_imagenet_for_which_nothing_stands_in():
    knows = {("conv", "random"): 0.3, ("conv", "gan"): 0.4, ("conv", "procedural"): 2.0}
    row = verdict(quality_models.features(study(), models.Models(predictions(knows))))
    assert row["verdict"] == "not tested"
    assert "ImageNet" in row["reason"]
    assert "gan − random" in row["sentence"]
    assert math.isnan(row["p_corrected"])


@pytest.mark.parametrize(
    ("conv", "vit", "expected"), [(1.2, 0.5, "supported"), (0.5, 1.2, "contradicted"), (1, 1, "inconclusive")]
)
def test_c8_architectures(conv, vit, expected):
    knows = {("conv", "random"): conv, ("vit", "random"): vit}
    assert verdict(quality_models.architectures(study(), models.Models(predictions(knows))))["verdict"] == expected


def test_c8_compares_equal_sizes_on_synthetic_distortions_only():
    knows = {("conv", "random"): 1.2, ("vit", "random"): 0.5}
    fitted = models.Models(predictions(knows, datasets=("set", "authentic")))
    row = verdict(quality_models.architectures(study(), fitted))
    assert "authentic" not in row["settings"]
    row = verdict(quality_models.architectures(study(backbones={"conv": 100, "vit": 200}), fitted))
    assert (row["verdict"], row["reason"]) == (
        "not tested",
        "sizes differ by more than 20 % or are not known: conv and vit",
    )
    other = {("conv", "random"): 1.2, ("vit", "procedural"): 0.5}
    assert verdict(quality_models.architectures(study(), models.Models(predictions(other))))["verdict"] == "not tested"


def test_weighted_srcc_is_that_of_repeated_points():
    generator = np.random.default_rng(5)
    first, second = generator.integers(0, 6, 40), generator.normal(size=40).round(1)
    times = generator.integers(0, 4, 40)
    ranks = [np.unique(values, return_inverse=True)[1] for values in (first, second)]
    rows = np.repeat(np.arange(40), times)
    assert models.weighted_srcc(*ranks, times) == pytest.approx(correlation.srcc(first[rows], second[rows]))
    assert models.weighted_srcc(ranks[0], np.zeros(40, dtype=int), times) == 0
    assert math.isnan(models.weighted_srcc(*ranks, np.zeros(40, dtype=int)))


def test_models_agree_with_folds():
    own = predictions({("conv", "random"): 0.5, ("vit", "random"): 0.5})
    fitted = models.Models(pd.concat([own, own.assign(protocol="family", fold="other", prediction=0)]))
    part = own[own["backbone"] == "conv"]
    expected = [
        correlation.fisher_z(correlation.srcc(fold["prediction"].to_numpy(), fold["score"].to_numpy()))
        for _, fold in part.groupby(["seed", "fold"])
    ]
    arm = ("nr", "set", "conv", "random")
    assert fitted.combine({arm: 1.0}).values[0] == pytest.approx(np.mean(expected))
    assert fitted.scenes([arm]) == 8
