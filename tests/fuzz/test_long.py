"""5,000 broken configs, 5,000 tables, 2,500 pictures (benchmarks/fuzz.py); and that a hang is told from a refusal."""

import contextlib
import subprocess
import sys
import time

import pytest

from tests.fuzz import settings
from tests.workflow.conftest import PROJECT


@pytest.mark.long
def test_thousands_of_cases() -> None:
    command = [sys.executable, PROJECT / "benchmarks" / "fuzz.py"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=3600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("| 2500 |") == 5


def test_a_hang_is_no_refusal(monkeypatch) -> None:
    """Not even in code that catches every exception, as the readers of broken files do."""
    monkeypatch.setattr(settings, "LIMIT", 0.05)

    def endless() -> None:
        with contextlib.suppress(Exception):
            time.sleep(60)

    with pytest.raises(settings.Hang, match=r"endless takes longer than 0.05 s"):
        settings.refusal(endless)
