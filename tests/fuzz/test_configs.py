"""Thousands of broken configurations: each passes, or fails with a line that names the key. Never a traceback."""

from pathlib import Path

import pytest
import yaml
from hypothesis import Phase, given, seed, settings

from asymmetry import configuration
from tests.fuzz import configs
from tests.fuzz.settings import QUICK, refusal
from tests.workflow.conftest import copy_project, run_snakemake


@pytest.fixture(autouse=True, scope="module")
def elsewhere(tmp_path_factory):
    """Relative paths in a config lead into an empty folder, in which nothing may appear."""
    folder = tmp_path_factory.mktemp("elsewhere")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield
        assert not list(folder.iterdir())


@QUICK
@given(configs.mutated())
def test_a_broken_config_is_refused_in_words(config):
    configs.survives(config)


@QUICK
@given(configs.slight())
def test_a_config_that_passes_can_be_planned(config):
    configs.survives(config)


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("steps", 10.0, "optimization.steps: 10.0 is not of type 'integer'"),
        ("steps", True, "optimization.steps: True is not of type 'integer'"),
        ("steps", 2**60, "optimization.steps: a number beyond 2^53"),
        ("steps", configs.parsed("2020-01-01"), "optimization.steps: datetime.date(2020, 1, 1) is read as a date"),
        ("steps", configs.parsed("1e3"), "optimization.steps: '1e3' is not of type 'integer'"),
        ("corpus", "a\0b", "optimization.corpus: 'a\\x00b' is text with a control character"),
        ("corpus", "a" * 1001, "is longer than 1000 bytes"),
        ("no", 1, "unknown key 'no'"),
        (False, 1, "optimization: False is a key that is no text, but bool; put keys in quotes"),
        ("cells", configs.parsed("&a [*a]"), "nested deeper than 20 levels"),
    ],
)
def test_values_that_yaml_can_say_and_no_key_may_be(place, value, message):
    config = {**configs.SHIPPED, "optimization": {**configs.SHIPPED["optimization"], place: value}}
    assert message in refusal(configuration.check, config, configs.SCHEMA_FILE)


@pytest.mark.parametrize(
    ("edits", "message"),
    [
        ([("judges", "niqe", "fitted_on")], "judges.niqe.fitted_on: niqe needs fitted_on: corpus."),
        ([("judges", "learned", "fitted_on", "rated")], "learned needs fitted_on: corpus, rated."),
        ([("judges", "swd", "fitted_on", {"corpus": "scenes"})], "sliced-wasserstein is not fitted; leave fitted_on"),
        ([("corpora", "scenes", {"object": "published"})], "corpora.scenes: published needs dataset."),
        ([("metrics", "psnr", "object", "./x.y")], "metrics.psnr.object: './x.y' is no name of code"),
        ([("optimization", "cells", 0, "weights", [1e-300])], "optimization.cells.0.weights: 1e-300 has more than 23"),
        ([("discriminators", "patch-vgg", "initialisation", "gan-patch-vgg")], "is made from itself, by way of"),
        ([("metrics", "dists-vgg-procedural", "initialisation", "imagenet")], "no published weights of narrow-vgg"),
        ([("metrics", "dists-vgg-procedural", "initialisation", "gan-patch-vit")], "discriminator with backbone vit"),
        (
            [("rated", "embedded", {"object": "csv", "mode": "nr", "path": "x", "higher_is_better": True}),
             ("assessment", "datasets", ["textures"]), ("judgement", "judges", ["ssim"]),
             ("transfer", "modes", ["fr"])],
            "transfer.modes: fr alone, and none of transfer.datasets has references",
        ),
    ],
)  # fmt: skip
def test_what_would_only_fail_in_a_job(edits, message):
    config = yaml.safe_load(yaml.safe_dump(configs.SHIPPED))
    for edit in edits:
        path, value = (edit, None) if edit[-1] in ("fitted_on", "rated") else (edit[:-1], edit[-1])
        inner = configs.at(config, path[:-1])
        if value is None:
            del inner[path[-1]]
        else:
            inner[path[-1]] = value
    assert message in refusal(configuration.check, config, configs.SCHEMA_FILE)


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    return copy_project(tmp_path_factory.mktemp("project"))


def dry_runs(project: Path, number: int, start: int) -> None:
    """Plan mutated configs with Snakemake itself, half of them of those that mostly pass."""

    @seed(start)
    @settings(QUICK, max_examples=number, derandomize=False, phases=[Phase.generate])
    @given(configs.slight() | configs.mutated(1))
    def plan(config: dict) -> None:
        (project / "config.yaml").write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
        before = sorted(path for path in project.rglob("*") if ".snakemake" not in path.parts)
        result = run_snakemake(project, "-n", "-q")
        assert "Traceback" not in result.stdout, result.stdout
        if configs.survives(config):
            assert result.returncode == 0 or "Missing input files" in result.stdout, result.stdout
        else:
            assert result.returncode != 0
            assert "the configuration is not valid" in result.stdout, result.stdout
        after = sorted(path for path in project.rglob("*") if ".snakemake" not in path.parts)
        assert [path for path in after if "__pycache__" not in path.parts] == before

    plan()


def test_snakemake_says_the_same(project):
    dry_runs(project, 5, start=0)


@pytest.mark.long
def test_snakemake_says_the_same_many_times(project):
    dry_runs(project, 50, start=1)
