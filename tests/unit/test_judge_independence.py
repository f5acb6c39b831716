from pathlib import Path

import pytest
import yaml
from snakemake.utils import update_config

from asymmetry.metrics.judges.independence import secondary
from asymmetry.plan import Plan

DISTS = {"backbones": ["vgg-16"], "trained_on": ["kadid-10k"]}
CLIP_IQA = {"backbones": ["clip-rn50"], "trained_on": ["clip-pairs"]}
JUDGES = {"niqe": {}, "dists": DISTS, "clip-iqa": CLIP_IQA, "lpips-alex": {"backbones": ["alexnet"]}}


def test_a_judge_on_the_network_of_an_objective_or_a_discriminator_is_secondary() -> None:
    trained = {"objective rec-deep": {"backbones": ["vgg-16"]}, "discriminator patch-alex": {"backbones": ["alexnet"]}}
    assert secondary(JUDGES, trained) == {
        "dists": "vgg-16 is in objective rec-deep",
        "lpips-alex": "alexnet is in discriminator patch-alex",
    }


def test_another_network_on_the_same_data_is_enough() -> None:
    trained = {"discriminator clip": {"backbones": ["clip-vit-b16"], "trained_on": ["clip-pairs"]}}
    assert secondary(JUDGES, trained) == {"clip-iqa": "clip-pairs is in discriminator clip"}
    assert secondary(JUDGES, {"discriminator clip": {"backbones": ["clip-vit-b16"]}}) == {}, (
        "random weights saw nothing"
    )
    assert set(secondary(JUDGES, {"objective rec-fitted": {"trained_on": ["kadid-10k"]}})) == {"dists"}


@pytest.mark.parametrize(
    "trained", [{}, {"objective rec": {}}, {"discriminator patch-vgg": {"backbones": ["narrow-vgg"]}}]
)
def test_nothing_shared(trained: dict) -> None:
    assert secondary(JUDGES, trained) == {}


def test_one_reason_of_several_the_first() -> None:
    trained = {"a": {"trained_on": ["kadid-10k"]}, "b": {"backbones": ["vgg-16"]}, "c": {"backbones": ["vgg-16"]}}
    assert secondary({"dists": DISTS}, trained) == {"dists": "vgg-16 is in b"}


def test_judges_that_stand_on_what_the_paper_trains_with_are_secondary():
    """presets/paper.yaml with presets/pyiqa.yaml: ResNet-50 is a discriminator, CLIP a metric."""
    project = Path(__file__).parents[2]
    config: dict = {}
    for name in ("config.yaml", "presets/paper.yaml", "presets/pyiqa.yaml"):
        update_config(config, yaml.safe_load((project / name).read_text(encoding="utf-8")))
    plan = Plan(config)
    found = secondary(plan.judgement.standing(), plan.analysis.trained_with())
    assert {"clip-iqa", "clip-iqa-plus", "liqe", "topiq"} <= set(found)
    assert not {"musiq", "maniqa", "niqe", "brisque", "kid", "swd", "psnr-y"} & set(found)
