"""One training, killed again and again, ends with the bits of one that nothing disturbs (benchmarks/kills.py)."""

import re
import subprocess
import sys

import pytest

from tests.workflow.conftest import PROJECT


@pytest.mark.parametrize("kills", [5, pytest.param(50, marks=pytest.mark.long)])
def test_kills_at_random_moments(kills) -> None:
    command = [sys.executable, PROJECT / "benchmarks" / "kills.py", "--kills", str(kills)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120 + 20 * kills)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "equal to those of the undisturbed run: 4 of 4" in done.stdout
    resumed, lost = re.search(r"checkpoint (\d+) times; steps done again: (\d+) at most", done.stdout).groups()
    assert int(resumed) > kills / 3, done.stdout
    assert int(lost) <= 5, "an interval between checkpoints"
