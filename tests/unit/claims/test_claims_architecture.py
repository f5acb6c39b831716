"""C6: convolution against attention as discriminators."""

import math
from dataclasses import replace

import pytest
from tests.unit.claims.conftest import FACTS, SLOW, SWEPT, gains, study, verdict

from asymmetry.analysis.claims import architecture


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
