"""The long form of the fuzz tests (`python benchmarks/fuzz.py`, five minutes on a core), other cases.

Prints the table of docs/security.md: cases, how many were accepted, and how many neither that nor refused in words. The
exit code is 1 where there is one of those, or where a file appeared.
"""

import logging
import os
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow_scripts"))
sys.path.insert(0, str(Path(__file__).parents[1]))

from hypothesis import Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy
from tests.fuzz import configs, manifests, test_files
from tests.fuzz.settings import QUICK, Hang

CASES = 2500


def fuzz(name: str, strategy: SearchStrategy, accepted: Callable[[Any], bool]) -> int:
    """Try `CASES` cases and print a line; every fault is counted, none ends the run. The number of faults."""
    passed, slowest, faults = 0, 0.0, Counter()

    @seed(CASES)
    @settings(QUICK, max_examples=CASES, derandomize=False, phases=[Phase.generate])
    @given(strategy)
    def one(case: Any) -> None:
        nonlocal passed, slowest
        start = time.perf_counter()
        try:
            passed += accepted(case)
        except (Exception, Hang) as error:  # noqa: BLE001  # whatever it is, it is what is looked for
            faults[f"{type(error).__name__}: {error}"[:200]] += 1
        slowest = max(slowest, time.perf_counter() - start)

    one()
    print(f"| {name} | {CASES} | {passed} | {faults.total()} | {slowest:.1f} s |", flush=True)
    for fault, count in faults.most_common():
        print(f"  {count} x {fault}", flush=True)
    return faults.total()


def main() -> None:
    warnings.simplefilter("ignore")
    logging.disable()
    print("| input | cases | accepted | neither read nor refused in words | slowest |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        own = test_files.own_folder(folder / "ratings")
        elsewhere = folder / "elsewhere"
        elsewhere.mkdir()
        os.chdir(elsewhere)
        bad = fuzz("config, one to three edits", configs.mutated(), configs.survives)
        bad += fuzz("config, one meaningful edit", configs.slight(), configs.survives)
        bad += fuzz("table of ratings, fr", manifests.tables(), lambda case: test_files.read_table(case, own, "fr"))
        bad += fuzz("table of ratings, nr", manifests.tables(), lambda case: test_files.read_table(case, own, "nr"))
        bad += fuzz("picture", manifests.pictures(), lambda case: test_files.read_picture(case, folder))
        appeared = list(elsewhere.iterdir())
        print(f"files that appeared where a config was checked: {len(appeared)}")
        os.chdir("/")
    sys.exit(bool(bad or appeared))


if __name__ == "__main__":
    main()
