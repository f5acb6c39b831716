"""C3, C4, C5 and C9: compositions, random weights, heads, artefacts."""

import numpy as np
import pandas as pd
import pytest
from tests.unit.claims.conftest import (
    ADVERSARIAL,
    ALONE,
    COMPOSED,
    FACTS,
    HEADS,
    KNOWS,
    artefacts,
    assessed,
    gains,
    ranked_cells,
    study,
    verdict,
)

from asymmetry.analysis.claims import random_metric, training


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
