"""The same config and seed give the same bytes, with one job at a time or two, in whichever order they come."""

import shutil
from pathlib import Path

import pytest

from asymmetry.artifacts import sha256
from tests.workflow.conftest import SMOKE, SMOKE_TARGETS, run_snakemake

pytestmark = pytest.mark.slow
TIMES = {"benchmarks", "logs", ".snakemake_timestamp"}  # the only files that hold any


def fingerprints(results: Path) -> dict[str, str]:
    """SHA-256 by path of every file that must be the same in each run."""
    files = {path.relative_to(results): path for path in results.rglob("*") if path.is_file()}
    return {str(name): sha256(path) for name, path in files.items() if not TIMES & set(name.parts)}


def test_one_job_at_a_time_gives_the_bytes_of_two(smoke, copy: Path, tmp_path: Path) -> None:
    shutil.copytree(copy, tmp_path / "project")
    result = run_snakemake(tmp_path / "project", *SMOKE_TARGETS, *SMOKE, "--cores", "1")
    assert result.returncode == 0, result.stdout[-3000:]
    two = fingerprints(smoke[0] / "results" / "smoke")
    one = fingerprints(tmp_path / "project" / "results" / "smoke")
    assert {Path(name).suffix for name in one} >= {".csv", ".json", ".pdf", ".png", ".safetensors"}
    assert not [name for name in sorted(one.keys() | two.keys()) if one.get(name) != two.get(name)]
