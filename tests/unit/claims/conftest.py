"""Synthetic results with a known answer, of which each claim is true, false, or without effect."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from asymmetry import tables
from asymmetry.analysis import claims, inference
from asymmetry.analysis.claims import architecture, claim, models, ranking, words
from asymmetry.analysis.rankings import Assessed

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


COMPOSED = [("rec", *ALONE), ("perc-m5", *ALONE), ("rec-m5", *ALONE), ("rec", *ADVERSARIAL), ("perc-m5", *ADVERSARIAL),
            ("rec-m5", *ADVERSARIAL)]  # fmt: skip


HEADS = [("rec-m5", "patch-conv", 0.1), ("rec-m5", "vanilla-conv", 0.1), ("rec", *ALONE)]


SWEPT = [("rec-m5", name, weight) for name in ("patch-conv", "patch-vit") for weight in (0.01, 0.03, 0.1, 0.3)]
SLOW = [("rec-m5", name, 0.1) for name in ("patch-conv-slow", "patch-vit-slow")]


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
