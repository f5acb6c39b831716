"""A metric, backbone, discriminator and generator from a module outside the project, through the whole chain."""

import json
import re
from pathlib import Path

import yaml

from asymmetry import tables
from tests.workflow.conftest import PROJECT, planned, run_snakemake

OTHERS = '''
class Critic(torch.nn.Sequential):
    """A discriminator."""

    def __init__(self, width=8):
        layers = [torch.nn.Conv2d(3, width, 4, 4), torch.nn.ReLU(), torch.nn.Conv2d(width, 1, 1)]
        super().__init__(*layers)


class Enlarger(torch.nn.Module):
    """A generator: one layer of sub-pixel convolution."""

    def __init__(self, scale, width=3):
        super().__init__()
        self.layer = torch.nn.Conv2d(3, 3 * scale**2, width, padding=width // 2)
        self.scale = scale

    def forward(self, x):
        return torch.nn.functional.pixel_shuffle(self.layer(x), self.scale)
'''


def documented() -> tuple[str, dict]:
    """The module and the config that docs/extending.md tells the reader to write."""
    page = (PROJECT / "docs" / "extending.md").read_text(encoding="utf-8")
    module = "\n\n".join(re.findall(r"```python\n(.*?)```", page, re.DOTALL))
    return module, yaml.safe_load(re.search(r"```yaml\n(.*?)```", page, re.DOTALL)[1])


def test_the_page_on_extending_can_be_planned(copy: Path, config_file, tmp_path: Path) -> None:
    module, config = documented()
    (tmp_path / "mine.py").write_text(module, encoding="utf-8")
    arguments = ("-n", "fig1", "--configfile", config_file(config))
    jobs = planned(run_snakemake(copy, *arguments, PYTHONPATH=str(tmp_path)))
    assert jobs["optimize"] == jobs["optimize_adversarially"] == 12
    assert jobs["assess"] == 5


def test_own_parts_run_through_every_stage(copy: Path, config_file, tmp_path: Path) -> None:
    module, _ = documented()
    (tmp_path / "mine.py").write_text(module + OTHERS, encoding="utf-8")
    config = yaml.safe_load((copy / "presets" / "smoke.yaml").read_text(encoding="utf-8"))
    config["results"] = str(tmp_path / "results")
    config["metrics"]["gradient"] = {"object": "mine:GradientDifference"}
    config["metrics"]["dists-stem"] = {"object": "dists", "backbone": "stem", "initialisation": "random"}
    config["backbones"] = {"stem": {"object": "mine:Stem", "options": {"width": 8}}}
    config["generators"] = {"mine": {"object": "mine:Enlarger", "options": {"width": 5}}}
    common = {"loss": "hinge", "r1": 1, "learning_rate": 0.001}
    config["discriminators"] = {
        "critic": {"object": "mine:Critic", "options": {"width": 4}, **common},
        "patch-stem": {
            "backbone": "stem", "initialisation": "random", "head": "patch", "spectral_norm": True,
            **common, "loss": "ragan",
        },
    }  # fmt: skip
    config["objectives"]["rec-gradient"] = {"reconstruction": 1, "metric": "gradient", "kappa": 1}
    config["assessment"] = {"datasets": ["embedded"], "metrics": ["haarpsi", "gradient", "dists-stem"]}
    own = {"objectives": ["rec-gradient"], "discriminators": ["none", "critic"], "weights": [0.02], "seeds": [0]}
    swept = {"objectives": ["rec-haarpsi"], "discriminators": ["patch-stem"], "weights": [0.02, 0.3], "seeds": [0]}
    config["optimization"] |= {"generator": "mine", "cells": [own, swept]}
    config["judgement"]["judges"] = ["psnr-y", "niqe"]
    config["figures"]["qualitative"] |= {"objectives": ["rec-gradient"]}
    path = config_file(config)

    result = run_snakemake(copy, "fig1", "table1", "--configfile", path, PYTHONPATH=str(tmp_path))
    assert result.returncode == 0, result.stdout[-3000:]
    scores = tables.read(tmp_path / "results" / "analysis" / "assessment-scores.csv", "assessment-scores")
    assert set(scores["metric"]) == {"haarpsi", "gradient", "dists-stem"}
    assert (scores["score"] > 0).all(), "a smaller difference is a better picture: directions are understood"
    folder = tmp_path / "results" / "optimization" / "sr-x4" / "mine"
    critic = json.loads((folder / "rec-gradient/critic/weight-0.02/seed-0/provenance.json").read_text(encoding="utf-8"))
    assert critic["status"] == "completed"
    assert (folder / "rec-haarpsi/patch-stem/weight-0.3/seed-0/discriminator.safetensors").exists()

    (tmp_path / "mine.py").write_text(module.replace(".abs()", ".square()") + OTHERS, encoding="utf-8")
    jobs = planned(run_snakemake(copy, "-n", "fig1", "--configfile", path, PYTHONPATH=str(tmp_path)))
    assert jobs["assess"] == 2, "both metrics of the edited module, and no other"
    assert not {"corpus", "rated_dataset", "fit_judge"} & set(jobs)
