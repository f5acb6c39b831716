"""Synthetic results with a known answer: each claim true, false, without effect, and where nothing can be said."""

import math
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy import stats

from asymmetry import plan, tables
from asymmetry.analysis import claims, correlation, inference
from asymmetry.analysis.claims import (
    architecture,
    claim,
    contrasts,
    models,
    quality_models,
    random_metric,
    ranking,
    training,
    words,
)
from asymmetry.analysis.rankings import Assessed
from asymmetry.plan.claims import Claims

SCENES = [f"scene-{k}" for k in range(8)]
METRICS = [f"m{k}" for k in range(6)]
KNOWS = [0.1, 0.2, 0.35, 0.6, 1.0, 2.0]
MARGINS = {"level": 0.95, "agreement": 0.5, "difference": 0.0, "share": 0.5}
FAMILIES = {"psnr-y": "full-reference", "niqe": "statistics", "learned": "learned", "kid": "distribution"}
FACTS = {
    "losses": {metric: f"rec-{metric}" for metric in METRICS},
    "settings": [{"discriminator": "none", "weight": 0.0}, {"discriminator": "patch-conv", "weight": 0.1}],
    "weight": 0.1,
    "compositions": {"rec": {"kind": "rec", "metric": ""}, "perc-m5": {"kind": "perc", "metric": "m5"}}
    | {f"rec-{metric}": {"kind": "rec+perc", "metric": metric} for metric in METRICS},
    "heads": [{"group": "conv", "first": "patch-conv", "second": "vanilla-conv"}],
    "architectures": [
        {"group": "learning rate 0.0001", "first": "patch-conv", "second": "patch-vit"},
        {"group": "learning rate 1e-05", "first": "patch-conv-slow", "second": "patch-vit-slow"},
    ],
    "sweep": "rec-m5",
    "random_metrics": ["m0"],
    "lpips": [],
    "shared_opinions": {"learned": ["set"]},
    "initialisations": {
        "random": "random",
        "imagenet": "published",
        "mine": "file",
        "gan": "discriminator",
        "procedural": "pretraining",
    },
    "pretrained_on": {"conv": {"imagenet": "imagenet", "mine": "imagenet"}, "vit": {"imagenet": "lvd-142m"}},
    "starts": {"gan": "random"},
    "backbones": {"conv": "convolution", "vit": "attention"},
    "synthetic": ["set"],
}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(ranking, "RESAMPLES", 30)
    monkeypatch.setattr(models, "RESAMPLES", 60)
    monkeypatch.setattr(architecture, "RESAMPLES", 30)


def gains(cells, realism, fidelity=lambda *_: 0.0, seeds=3, scenes=SCENES, noise=0.05, diverged=(), seed=0):
    """Shape gains: what the functions of (objective, discriminator, weight) say, with noise by seed and by scene."""
    generator = np.random.default_rng(seed)
    rows = []
    for cell in cells:
        for k in range(seeds):
            shift = noise * generator.normal()
            for scene, (judge, family) in product(scenes, FAMILIES.items()):
                value = fidelity(*cell) if family == "full-reference" else realism(*cell)
                rows.append({
                    **dict(zip(("objective", "discriminator", "weight"), cell, strict=True)), "seed": k,
                    "status": "diverged" if (*cell, k) in diverged else "completed", "scene": scene, "judge": judge,
                    "family": family, "gain": value + shift + noise * generator.normal(),
                })  # fmt: skip
    return pd.DataFrame(rows, columns=list(tables.SHAPES["gains"]))


def assessed(knows=KNOWS, scenes=SCENES, seed=1):
    generator = np.random.default_rng(seed)
    loaded = {}
    for metric, weight in zip(METRICS, knows, strict=True):
        frame = pd.DataFrame({"scene": np.repeat(scenes, 20), "score": generator.uniform(size=20 * len(scenes))})
        loaded[metric] = {
            "set": frame.assign(quality=weight * frame["score"] + 0.2 * generator.normal(size=len(frame)))
        }
    return Assessed.of(loaded)


def study(gained=None, **given):
    empty = {name: pd.DataFrame(columns=list(tables.SHAPES[name])) for name in ("gains", "artefacts", "predictions")}
    parts = empty | {"facts": FACTS, "margins": MARGINS, "assessed": assessed(), "sweep": empty["gains"]}
    parts["discriminators"] = {"patch-conv": 100, "vanilla-conv": 120, "patch-vit": 110}
    parts["discriminators"] |= {"patch-conv-slow": 100, "patch-vit-slow": 110}
    parts["backbones"] = {"conv": 100, "vit": 110}
    parts |= {} if gained is None else {"gains": gained}
    return claims.Study(**parts | given)


def verdict(found, tested=1):
    """The row of one claim as if `tested` claims had been tested."""
    others = [claim.Claim("C1", [claim.Part("", inference.Estimate(9, 1, 20), 0, True, "", 8, 3)])] * (tested - 1)
    return claim.decide([found, *others], 0.95, dict.fromkeys(words.WORDS, "small")).iloc[0]


def ranked_cells(*settings):
    return [(f"rec-{metric}", *setting) for metric in METRICS for setting in settings]


ALONE, ADVERSARIAL = ("none", 0.0), ("patch-conv", 0.1)
UP = {f"rec-{metric}": float(k) for k, metric in enumerate(METRICS)}


@pytest.mark.parametrize(("sign", "expected"), [(1, "contradicted"), (-1, "supported")])
def test_c1_agreement(sign, expected):
    gained = gains(ranked_cells(ALONE, ADVERSARIAL), lambda objective, *_: sign * UP[objective])
    row = verdict(ranking.agreement(study(gained)))
    assert row["verdict"] == expected
    assert row["estimate"] == pytest.approx(sign, abs=0.1)
    assert "no discriminator (6 metrics); patch-conv at 0.1 (6 metrics)" in row["settings"]


def test_c1_noise_is_no_mismatch():
    row = verdict(ranking.agreement(study(gains(ranked_cells(ALONE), lambda *_: 0.0, noise=1))))
    assert row["verdict"] == "inconclusive"
    assert "no setting has reliabilities of at least 0.5" in row["reason"]
    assert math.isnan(row["estimate"])


@pytest.mark.parametrize(
    ("alone", "adversarial", "expected"), [(1, -1, "supported"), (-1, 1, "contradicted"), (1, 1, "inconclusive")]
)
def test_c2_increase(alone, adversarial, expected):
    signs = {"none": alone, "patch-conv": adversarial}
    gained = gains(
        ranked_cells(ALONE, ADVERSARIAL), lambda objective, discriminator, _: signs[discriminator] * UP[objective]
    )
    row = verdict(ranking.increase(study(gained)))
    assert row["verdict"] == expected
    assert row["estimate"] == pytest.approx(alone - adversarial, abs=0.15)


def test_c2_uses_shared_metrics_and_seeds():
    """Trainings that only one side has must not count: here the extra seed and metric would turn the ranks over."""
    both = gains(ranked_cells(ALONE, ADVERSARIAL), lambda objective, *_: UP[objective])
    extra = gains(ranked_cells(ALONE), lambda objective, *_: -50 * UP[objective], seeds=1).assign(seed=7)
    row = verdict(ranking.increase(study(pd.concat([both, extra]))))
    assert row["estimate"] == pytest.approx(0, abs=0.15)
    assert row["seeds"] == 3


COMPOSED = [("rec", *ALONE), ("perc-m5", *ALONE), ("rec-m5", *ALONE), ("rec", *ADVERSARIAL), ("perc-m5", *ADVERSARIAL),
            ("rec-m5", *ADVERSARIAL)]  # fmt: skip


@pytest.mark.parametrize(("best", "expected"), [(1, "supported"), (-1, "contradicted"), (0, "inconclusive")])
def test_c3_composition(best, expected):
    level = {cell: 0.3 * k for k, cell in enumerate(COMPOSED[:5])} | {COMPOSED[5]: 1.2 + 2 * best}
    row = verdict(training.composition(study(gains(COMPOSED, lambda *c: level[c], lambda *c: level[c]))))
    assert row["verdict"] == expected
    assert best == -1 or "another composition: perc+adv" in row["measure"]


def test_c3_balance_counts_both():
    """Better realism alone is no better balance if fidelity falls as much."""
    place = {cell: float(k) for k, cell in enumerate(COMPOSED)}
    found = training.composition(study(gains(COMPOSED, lambda *c: place[c], lambda *c: -place[c])))
    assert max(abs(part.value) for part in found.parts) < 0.2


def test_c3_says_what_is_missing():
    cells = [cell for cell in COMPOSED if cell[0] != "perc-m5"]
    found = training.composition(
        study(gains(cells, lambda *c: float(c == COMPOSED[5]), lambda *c: float(c == COMPOSED[5])))
    )
    row = verdict(found)
    assert row["verdict"] == "inconclusive"
    assert "perc was not trained beside rec+perc+adv; perc+adv was not trained" in row["reason"]
    worse = training.composition(
        study(gains(cells, lambda *c: -float(c == COMPOSED[5]), lambda *c: -float(c == COMPOSED[5])))
    )
    assert verdict(worse)["verdict"] == "contradicted"  # one better composition is enough


@pytest.mark.parametrize(("lead", "expected"), [(5.0, "supported"), (-5.0, "contradicted")])
def test_c4_random_weights(lead, expected):
    gained = gains(ranked_cells(ALONE, ADVERSARIAL), lambda objective, *_: lead * (objective == "rec-m0"), noise=0.1)
    row = verdict(random_metric.random_weights(study(gained)))
    assert row["verdict"] == expected
    assert row["estimate"] == pytest.approx(lead, abs=0.3)


def test_c4_the_best_of_ten_pairs_is_corrected_for():
    runs = [gains(ranked_cells(ALONE, ADVERSARIAL), lambda *_: 0.0, noise=0.1, seed=k) for k in range(6)]
    found = [verdict(random_metric.random_weights(study(gained)))["verdict"] for gained in runs]
    assert found.count("inconclusive") >= 5  # uncorrected, the best of ten pairs would win in every second run


def test_c4_one_setting_is_enough_and_a_must_be_lower():
    here = lambda objective, discriminator, _: 5.0 * (objective == "rec-m0" and discriminator == "none")  # noqa: E731
    gained = gains(ranked_cells(ALONE, ADVERSARIAL), here)
    assert verdict(random_metric.random_weights(study(gained)))["verdict"] == "supported"
    alike = assessed([1.0] * 6)  # nobody is stronger than by chance
    row = verdict(random_metric.random_weights(study(gained, assessed=alike)))
    assert row["verdict"] in ("inconclusive", "not tested")
    assert (
        verdict(random_metric.random_weights(study(gained, assessed=assessed(KNOWS[::-1]))))["verdict"] == "not tested"
    )


HEADS = [("rec-m5", "patch-conv", 0.1), ("rec-m5", "vanilla-conv", 0.1), ("rec", *ALONE)]


@pytest.mark.parametrize(
    ("realism", "fidelity", "expected"),
    [(1, 1, "supported"), (1, -1, "contradicted"), (-1, -1, "contradicted"), (1, 0, "inconclusive")],
)
def test_c5_heads(realism, fidelity, expected):
    def patch(value):
        return lambda _, discriminator, __: value * (discriminator == "patch-conv")

    row = verdict(training.heads(study(gains(HEADS, patch(realism), patch(fidelity)))))
    assert row["verdict"] == expected
    assert (row["scenes"], row["seeds"]) == (8, 3)


def test_c5_takes_lpips_where_it_counts_and_needs_a_fidelity_judge():
    gained = gains(HEADS, lambda _, d, __: float(d == "patch-conv"), lambda _, d, __: -float(d == "patch-conv"))
    lpips = gained[gained["judge"] == "psnr-y"].assign(judge="lpips")
    lpips["gain"] = -lpips["gain"]
    asked = study(pd.concat([gained, lpips]), facts=FACTS | {"lpips": ["lpips"]})
    assert verdict(training.heads(asked))["verdict"] == "supported"
    row = verdict(training.heads(study(gained[gained["judge"] != "psnr-y"])))
    assert row["verdict"] == "inconclusive"
    assert "no valid judge of fidelity" in row["reason"]


def test_c5_pools_backbones_with_the_most_seeds_only():
    facts = FACTS | {"heads": [*FACTS["heads"], {"group": "vit", "first": "patch-vit", "second": "vanilla-vit"}]}
    vit = [("rec-m5", "patch-vit", 0.1), ("rec-m5", "vanilla-vit", 0.1)]
    full = gains(HEADS, lambda _, d, __: float(d == "patch-conv"), lambda _, d, __: float(d == "patch-conv"))
    once = gains(vit, lambda _, d, __: -9.0 * (d == "patch-vit"), seeds=1)
    found = training.heads(study(pd.concat([full, once]), facts=facts))
    row = verdict(found)
    assert row["verdict"] == "supported"
    assert "fewer seeds: rec-m5: patch-vit − vanilla-vit at 0.1" in row["sentence"]
    assert [part.name for part in found.parts] == ["realism (O)", "fidelity"]
    assert [detail["pooled"] for detail in found.details if "vit" in detail["setting"]] == ["no", "no"]


@pytest.mark.parametrize(("lead", "expected"), [(1, "supported"), (-1, "contradicted"), (0, "inconclusive")], ids=str)
def test_c5_must_hold_on_each_backbone(lead, expected):
    """A patch head that is far better on one backbone does not make up for a worse one on another."""
    facts = FACTS | {"heads": [*FACTS["heads"], {"group": "vit", "first": "patch-vit", "second": "vanilla-vit"}]}
    cells = [*HEADS, ("rec-m5", "patch-vit", 0.1), ("rec-m5", "vanilla-vit", 0.1)]
    better = lambda _, d, __: {"patch-conv": 3.0, "patch-vit": lead}.get(d, 0.0)  # noqa: E731
    found = training.heads(study(gains(cells, better, better), facts=facts))
    row = verdict(found)
    assert row["verdict"] == expected
    assert {part.name for part in found.parts} == {
        f"{measure}, {backbone}" for measure in ("realism (O)", "fidelity") for backbone in ("conv", "vit")
    }
    assert lead == 1 or ", vit;" in row["measure"]  # the part that decides


SWEPT = [("rec-m5", name, weight) for name in ("patch-conv", "patch-vit") for weight in (0.01, 0.03, 0.1, 0.3)]
SLOW = [("rec-m5", name, 0.1) for name in ("patch-conv-slow", "patch-vit-slow")]


def swept(level, slope, seeds=3, diverged=(), slow=None):
    """Convolution leads by `level` at weight 0.1, by `slow` at the low learning rate; the Transformer loses `slope`."""

    def realism(_, discriminator, weight):
        if "slow" in discriminator:
            return (level if slow is None else slow) * (discriminator == "patch-conv-slow")
        return level if discriminator == "patch-conv" else -slope * math.log10(weight / 0.1)

    gained = gains([*SWEPT, *SLOW], realism, seeds=seeds, noise=0.02, diverged=diverged)
    return study(gained, sweep=gained[~gained["discriminator"].str.contains("slow")])


@pytest.mark.parametrize(
    ("level", "slope", "expected"),
    [(1, 1, "supported"), (-1, 1, "contradicted"), (1, -1, "contradicted"), (1, 0, "inconclusive")],
)
def test_c6_architectures(level, slope, expected):
    found = architecture.architectures(swept(level, slope))
    assert verdict(found)["verdict"] == expected
    assert [part.value for part in found.parts] == pytest.approx([level, level, slope], abs=0.1)
    assert "0.91 times the parameters; the slope was measured at learning rate 0.0001 alone" in " ".join(found.facts)


def test_c6_must_hold_at_each_learning_rate():
    row = verdict(architecture.architectures(swept(1, 1, slow=-1)))
    assert row["verdict"] == "contradicted"
    assert "O at the shared weight, learning rate 1e-05" in row["measure"]


def test_c6_at_one_learning_rate_is_inconclusive():
    world = swept(1, 1)
    row = verdict(
        architecture.architectures(replace(world, facts=FACTS | {"architectures": FACTS["architectures"][:1]}))
    )
    assert row["verdict"] == "inconclusive"
    assert row["reason"] == (
        "all were trained at learning rate 0.0001 alone, and another might reverse the order; the interval alone would"
        " say supported"
    )


def test_c6_compares_equal_sizes_only():
    world = swept(1, 1)
    sizes = world.discriminators | {"patch-vit": 200}
    found = architecture.architectures(replace(world, discriminators=sizes))
    assert [part.name for part in found.parts] == ["O at the shared weight"]  # of the pair at the low learning rate
    assert {row["pooled"] for row in found.details if "patch-conv − patch-vit" in row["setting"]} == {"no"}
    row = verdict(architecture.architectures(replace(world, discriminators=sizes | {"patch-vit-slow": 50})))
    assert (row["verdict"], row["p"]) == ("not tested", pytest.approx(math.nan, nan_ok=True))
    assert "patch-conv and patch-vit (0.50 times); patch-conv-slow and patch-vit-slow (2.00 times)" in row["reason"]


def test_c6_without_a_sweep_is_inconclusive_and_divergence_counts_against():
    alone = architecture.architectures(replace(swept(1, 1), sweep=swept(1, 1).sweep.iloc[:0]))
    assert verdict(alone)["verdict"] == "inconclusive"
    assert "at 3 weights or more" in verdict(alone)["reason"]
    gone = [("rec-m5", "patch-vit", 0.1, k) for k in range(3)]
    found = architecture.architectures(swept(-5, 0, diverged=gone))  # judged better, but they diverged
    assert found.parts[0].value > 0
    assert "3 of 15 Transformer trainings diverged" in found.facts[0]


def predictions(knows, seeds=3, scenes=SCENES, datasets=("set",), seed=2):
    """Shape predictions of quality models that follow the score as far as `knows[backbone, initialisation]` says."""
    generator = np.random.default_rng(seed)
    parts = []
    for (backbone, init), k, dataset in product(knows, range(seeds), datasets):
        frame = pd.DataFrame({"scene": np.repeat(scenes, 40), "score": generator.uniform(size=40 * len(scenes))})
        noise = generator.normal(size=len(frame)) * 0.3
        frame = frame.assign(prediction=knows[backbone, init] * frame["score"] + noise, fold=frame["scene"])
        parts.append(
            frame.assign(mode="nr", dataset=dataset, backbone=backbone, initialisation=init, seed=k, protocol="scene")
        )
    return pd.concat(parts, ignore_index=True)


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


def artefacts(excess, peak, seeds=3, noise=0.02):
    generator = np.random.default_rng(3)
    cells = [("rec", *ALONE), ("rec", *ADVERSARIAL), ("rec-m5", *ALONE), ("rec-m5", *ADVERSARIAL)]
    rows = [
        {"objective": o, "discriminator": d, "weight": w, "seed": k, "status": "completed", "scene": scene}
        | {"excess_variance": 1 + excess * (d != "none") + noise * generator.normal()}
        | {"spectral_peak": 1 + peak * (d != "none") + noise * generator.normal()}
        for (o, d, w), k, scene in product(cells, range(seeds), SCENES)
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("excess", "peak", "expected"),
    [(-0.5, -0.5, "supported"), (0.5, -0.5, "contradicted"), (0.5, 0.5, "contradicted"), (-0.5, 0, "inconclusive")],
)
def test_c9_artefacts(excess, peak, expected):
    assert verdict(training.artefacts(study(artefacts=artefacts(excess, peak))))["verdict"] == expected


def test_c9_without_a_spectral_peak_is_inconclusive():
    row = verdict(training.artefacts(study(artefacts=artefacts(-0.5, -0.5).assign(spectral_peak=np.nan))))
    assert row["verdict"] == "inconclusive"
    assert "no spectral peak was measured" in row["reason"]


@pytest.mark.parametrize(("sign", "expected"), [(1, "contradicted"), (-1, "supported")])
def test_a_family_without_a_judge_is_left_out_and_named(sign, expected):
    """O averages the families that count; which one does not is said, for O knows nothing of what it would see."""
    gained = gains(ranked_cells(ALONE), lambda objective, *_: sign * UP[objective])
    gained.loc[gained["judge"] == "learned", "gain"] *= -9  # counted, it would turn the ranks over
    assert verdict(ranking.agreement(study(gained)))["verdict"] != expected
    kept = study(gained[gained["judge"] != "learned"])
    row = verdict(ranking.agreement(kept))
    assert row["verdict"] == expected
    assert "trained on opinions" not in row["sentence"]
    judges = pd.DataFrame({"judge": list(FAMILIES), "family": FAMILIES.values()}).assign(verdict="valid")
    judges.loc[judges["judge"] == "learned", "verdict"] = "secondary"
    table = decided(kept).reset_index()
    text = claims.markdown(table, 0.95, {}, judges)
    assert "O is the mean of these families of judges: statistics (niqe), distribution (kid)." in text
    assert "No judge of the family learned counts** (learned: secondary)" in text
    assert "none was asked" in claims.markdown(table, 0.95, {}, judges[judges["judge"] != "kid"])


def test_c1_says_which_judges_share_opinions_with_the_assessment():
    row = verdict(ranking.agreement(study(gains(ranked_cells(ALONE), lambda objective, *_: UP[objective]))))
    assert "trained on opinions that A rests on, which favours agreement: learned (set)." in row["sentence"]


def everything(seeds=3, scenes=SCENES):
    cells = sorted({*ranked_cells(ALONE, ADVERSARIAL), *COMPOSED, *HEADS, *SWEPT, *SLOW})
    gained = gains(cells, lambda *c: UP.get(c[0], 0.0) + c[2], lambda *c: -c[2], seeds=seeds, scenes=scenes)
    swept = gained[
        [c in SWEPT for c in gained[["objective", "discriminator", "weight"]].itertuples(index=False, name=None)]
    ]
    knows = {(b, i): 0.5 for b in ("conv", "vit") for i in ("random", "imagenet", "gan")}
    own = artefacts(-1, -1, seeds)
    own = own[own["scene"].isin(scenes)]
    models = predictions(knows, seeds, scenes)
    return study(gained, sweep=swept, predictions=models, artefacts=own, assessed=assessed(scenes=scenes))


def decided(world):
    return claim.decide(claims.all_claims(world), 0.95, dict.fromkeys(words.WORDS, "small")).set_index("claim")


def test_all_claims_have_a_row_and_a_sentence():
    table = decided(everything())
    assert list(table.index) == [f"C{k}" for k in range(1, 10)]
    assert (table["verdict"] != "not tested").all()
    assert table["p_corrected"].ge(table["p"]).all()
    for row in table.itertuples():
        assert row.sentence.startswith(words.WORDS[row.Index].asked)
        assert row.sentence.endswith(words.WORDS[row.Index].cannot)
        assert claims.number(row.estimate) in row.sentence
        assert row.low <= row.estimate <= row.high


@pytest.mark.parametrize(
    ("seeds", "scenes", "why"), [(2, SCENES, "2 seeds"), (1, SCENES, "1 seed,"), (3, SCENES[:7], "7 scenes")]
)
def test_small_runs_are_at_most_inconclusive(seeds, scenes, why):
    table = decided(everything(seeds, scenes))
    assert set(table["verdict"]) == {"inconclusive"}
    numbered = table[table["estimate"].notna()]
    assert len(numbered) >= 6
    assert numbered["reason"].str.contains(why).all()


def test_one_scene_has_no_interval():
    row = verdict(training.heads(study(gains(HEADS, lambda _, d, __: float(d == "patch-conv"), scenes=SCENES[:1]))))
    assert row["verdict"] == "inconclusive"
    assert "1 scene, at least 8 are needed" in row["reason"]
    assert math.isnan(row["low"])
    assert math.isnan(row["p_corrected"])


def test_nothing_was_run():
    table = decided(study())
    assert set(table["verdict"]) == {"not tested"}
    assert (table["reason"] != "").all()
    assert table["p"].isna().all()


def test_everything_diverged():
    gone = [(*cell, k) for cell in SWEPT + HEADS for k in range(3)]
    gained = gains(SWEPT + HEADS, lambda *c: float(c[1] == "patch-conv"), diverged=gone)
    world = study(gained, sweep=gained)
    for found in (training.heads(world), architecture.architectures(world)):
        row = verdict(found)
        assert row["verdict"] == "inconclusive"
        assert row["estimate"] == 0
        assert row["p_corrected"] == 1


def test_diverged_cells_are_worst():
    rows = gains(HEADS, lambda _, d, __: 9.0 * (d == "patch-conv"), diverged=[("rec-m5", "patch-conv", 0.1, 0)])
    table = contrasts.matrices(study(rows).measure("realism"), set(HEADS))
    assert (table[HEADS[0]][0] < table[HEADS[1]].min(axis=1)).all()
    assert (table[HEADS[0]][1] > 8).all()


def test_parts_decide_together():
    """All parts must hold without a correction; one part that fails contradicts, corrected for their number."""
    good, bad, vague = (
        claim.Part(name, inference.Estimate(value, 1, 50), 0.0, True, "", 8, 3)
        for name, value in (("good", 9), ("bad", -9), ("vague", 0.5))
    )
    assert claim.Claim("C3", [good, vague]).deciding() is vague
    assert claim.Claim("C3", [good, bad, vague]).deciding() is bad
    assert claim.Claim("C4", [good, bad, vague], somewhere=True).deciding() is good
    one = 2 * min(bad.p_values())
    assert claim.Claim("C3", [good, bad, vague]).p_values()[1] == pytest.approx(3 * one)
    assert claim.Claim("C3", [good, good]).p_values()[0] == pytest.approx(2 * min(good.p_values()))
    assert verdict(claim.Claim("C3", [good, good]))["verdict"] == "supported"
    assert verdict(claim.Claim("C3", [good, good], missing=["x was not run"]))["reason"] == (
        "the corrected p is not below 0.05; x was not run"
    )
    assert verdict(claim.Claim("C4", [bad, vague], somewhere=True))["verdict"] == "inconclusive"
    assert verdict(claim.Claim("C4", [bad, bad], somewhere=True))["verdict"] == "contradicted"


@pytest.mark.parametrize(("value", "somewhere", "parts"), [(9, False, 1), (-9, False, 3), (9, True, 3), (-9, True, 1)])
def test_intervals_are_corrected_as_p_is(value, somewhere, parts):
    """For the number of parts where any one of them decides, and not where all must hold."""
    part = claim.Part("", inference.Estimate(value, 1, 50), 0.0, True, "", 8, 3)
    row = verdict(claim.Claim("C3", [part] * 3, somewhere=somewhere))
    assert row["high"] - row["low"] == pytest.approx(2 * stats.t.ppf(1 - 0.05 / 2 / parts, 50))
    assert row["p"] == pytest.approx(parts * 2 * stats.t.sf(9, 50))


def test_more_claims_widen_the_intervals():
    found = claim.Claim("C5", [claim.Part("", inference.Estimate(2.3, 1, 50), 0.0, True, "", 8, 3)])
    assert verdict(found)["verdict"] == "supported"
    assert verdict(found, tested=9)["verdict"] == "inconclusive"


def test_no_effect_is_seldom_a_verdict():
    """Error of the first kind: about 5 % of runs without any effect end in a verdict (12 of 120 is p = .01)."""
    wrong = {"C5": 0, "C9": 0, "C8": 0}
    for k in range(120):
        generator = np.random.default_rng(100 + k)
        values = generator.normal(size=(2, 8, 3)) + generator.normal(size=(2, 1, 3)) + generator.normal(size=(2, 8, 1))
        parts = [
            claim.Part(str(n), contrasts.mean(v), 0.0, True, "", 8, 3) for n, v in enumerate(values)
        ]  # fmt: skip
        wrong["C5"] += verdict(claim.Claim("C5", parts))["verdict"] != "inconclusive"
        wrong["C9"] += verdict(claim.Claim("C9", parts, somewhere=True))["verdict"] != "inconclusive"
        wrong["C8"] += verdict(claim.Claim("C8", parts[:1]))["verdict"] != "inconclusive"
    assert max(wrong.values()) <= 12
    assert sum(wrong.values()) > 0  # the test can fail


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


@pytest.fixture(scope="module")
def planned():
    base = Path(plan.__file__).parents[3]
    config = yaml.safe_load((base / "config.yaml").read_text(encoding="utf-8")) | {"results": "out"}
    whole = plan.Plan(config)
    return Claims(config, whole.grid, whole.analysis, whole.transfer)


def test_facts_are_derived_from_the_config(planned):
    facts = planned.facts()
    assert set(facts) == set(FACTS)
    assert facts["weight"] == 0.1
    assert {"group": "vgg", "first": "patch-vgg", "second": "vanilla-vgg"} in facts["heads"]
    pair = {"group": "learning rate 0.0001", "first": "patch-vgg", "second": "patch-vit"}
    assert pair in facts["architectures"]
    assert facts["compositions"]["perc-haarpsi"] == {"kind": "perc", "metric": "haarpsi"}
    assert facts["random_metrics"] == ["dists-vgg-random", "dists-vgg-random-1"]
    assert facts["backbones"] == {"vgg": "convolution", "vit": "attention"}
    assert facts["shared_opinions"] == {"learned": ["embedded"]}
    assert facts["starts"] == {"gan-patch-vgg": "random", "gan-vanilla-vgg": "random", "gan-patch-vit": "random"}
    assert planned.swept()
    assert set(planned.provenance()) == {"patch-vgg", "vanilla-vgg", "patch-vit", "vanilla-vit"}
    assert planned.weights()["vgg"] == "out/backbones/vgg/random/seed-0.safetensors"


def test_table_and_words(tmp_path, monkeypatch):
    world = everything()
    for name, frame in (("gains", world.gains), ("artefacts", world.artefacts)):
        tables.write(frame, tmp_path / f"{name}.csv", name)
    judges = pd.DataFrame({"judge": list(FAMILIES), "family": FAMILIES.values(), "verdict": "valid"})
    judges = judges.assign(scenes=8, over_pretrained=1.0, over_bicubic=1.0, over_noise=1.0, share=1.0, spread=1.0)
    tables.write(judges, tmp_path / "judges.csv", "judges")
    cells = []
    for metric, own in world.assessed.frames.items():
        quality, score, scene = own["set"]
        frame = pd.DataFrame({"quality": quality, "value": quality, "score": score, "scene": np.array(SCENES)[scene]})
        path = tmp_path / f"{metric}.csv"
        tables.write(
            frame.assign(image="i", distortion="d", family="f", level=1, score_error=np.nan), path, "assessment"
        )
        cells.append({"dataset": "set", "metric": metric, "assessment": path})
    output = tmp_path / "claims.csv"
    for _ in range(2):
        claims.claims_table(
            FACTS, MARGINS, cells, ["set"], {}, [], {}, {}, gains=tmp_path / "gains.csv",
            judges=tmp_path / "judges.csv", sweep=None, artefact_table=tmp_path / "artefacts.csv", scale="tiny",
            transfer_scale="none", output=output, details=tmp_path / "details.csv",
        )  # fmt: skip
        written = output.read_bytes(), output.with_suffix(".md").read_bytes()
    table = tables.read(output, "claims")
    details = tables.read(tmp_path / "details.csv", "claims-details")
    assert written == (output.read_bytes(), output.with_suffix(".md").read_bytes())
    assert table.columns[0] == "claim"
    assert table.set_index("claim")["verdict"][["C7", "C8"]].eq("not tested").all()
    assert set(details["claim"]) == {"C1", "C2", "C3", "C4", "C5", "C6", "C9"}
    text = output.with_suffix(".md").read_text()
    assert "tiny" in text
    assert text.count("\n## C") == 9
