"""The same config and seed give the same bytes, with one job at a time or two, in whichever order they come."""

import shutil
from pathlib import Path

import pytest

from tests.slurm import one_node
from tests.workflow.conftest import SMOKE, SMOKE_TARGETS, fingerprints, run_snakemake


@pytest.mark.slow
@pytest.mark.skipif(not one_node.obstacle(), reason="the run on Slurm, in an order of its own, is compared instead")
def test_one_job_at_a_time_gives_the_bytes_of_two(smoke_results: dict[str, str], copy: Path, tmp_path: Path) -> None:
    shutil.copytree(copy, tmp_path / "project")
    result = run_snakemake(tmp_path / "project", *SMOKE_TARGETS, *SMOKE, "--cores", "1")
    assert result.returncode == 0, result.stdout[-3000:]
    one = fingerprints(tmp_path / "project")
    assert {Path(name).suffix for name in one} >= {".csv", ".json", ".pdf", ".png", ".safetensors"}
    assert not [name for name in sorted(one.keys() | smoke_results.keys()) if one.get(name) != smoke_results.get(name)]
