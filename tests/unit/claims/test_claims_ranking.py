"""C1 and C2: the ranks of metrics as assessments and as losses."""

import math

import pandas as pd
import pytest
from tests.unit.claims.conftest import ADVERSARIAL, ALONE, FAMILIES, UP, decided, gains, ranked_cells, study, verdict

from asymmetry.analysis import claims
from asymmetry.analysis.claims import ranking


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
