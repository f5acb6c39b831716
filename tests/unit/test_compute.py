import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from asymmetry import compute
from asymmetry.errors import UserError

LIBRARY = Path(compute.__file__).parent.parent
SEED = 3086734917055382197


def run_step(tmp_path, body):
    """Run `body` inside a step, in a process of its own."""
    code = f"from asymmetry.compute import *\nimport sys\nwith step(sys.argv[1], 3):\n    {body}\nprint('after')"
    environment = os.environ | {"PYTHONPATH": str(LIBRARY)}
    command = [sys.executable, "-c", code, str(tmp_path / "logs" / "step.log")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    return done, (tmp_path / "logs" / "step.log").read_text()


def test_a_users_mistake_is_one_line(tmp_path):
    done, log = run_step(tmp_path, "raise UserError('no such file.', 'give another')")
    assert done.returncode == 1
    assert done.stderr == "error: no such file. Hint: give another\n"
    assert log.strip().endswith("error: no such file. Hint: give another")
    assert "Traceback" not in log
    assert len(log.splitlines()) == 1
    assert "after" not in done.stdout


def test_any_other_error_keeps_its_traceback(tmp_path):
    done, log = run_step(tmp_path, "{}['key']")
    assert done.returncode == 1
    for text in (done.stderr, log):
        assert "Traceback" in text
        assert "KeyError: 'key'" in text


def test_an_exit_code_passes(tmp_path):
    done, log = run_step(tmp_path, "sys.exit(143)")
    assert done.returncode == 143
    assert log == ""


def test_threads_and_log(tmp_path):
    names = ", ".join(f"os.environ['{name}']" for name in (*compute.THREAD_VARIABLES, "MPLBACKEND"))
    done, log = run_step(tmp_path, f"logging.getLogger('asymmetry.data').info('said'); print({names})")
    assert done.returncode == 0
    assert done.stdout.splitlines() == ["3 3 3 Agg", "after"]
    assert log.strip().endswith(" said")
    assert done.stderr == ""


def test_a_rerun_starts_a_new_log(tmp_path):
    run_step(tmp_path, "logger.info('first')")
    assert "first" not in run_step(tmp_path, "logger.info('second')")[1]


def test_stable_seed():
    assert compute.stable_seed("scene", "jpeg", 3) == SEED
    assert compute.stable_seed("scene", "jpeg", "3") == SEED
    others = [("scene", "jpeg", 4), ("scenej", "peg", 3), ("jpeg", "scene", 3), ("scene", "jpeg"), ()]
    assert len({SEED, *(compute.stable_seed(*parts) for parts in others)}) == 6
    assert all(0 <= compute.stable_seed(number) < 2**63 for number in range(200))
    assert max(compute.stable_seed(number) for number in range(200)) > 2**62


def test_seed_everything():
    import random

    import numpy as np
    import torch

    def draw():
        return random.random(), np.random.rand(), torch.rand(1).item()

    state = random.getstate(), np.random.get_state(), torch.get_rng_state()
    try:
        compute.seed_everything(2**63 - 1)
        first = draw()
        assert draw() != first
        compute.seed_everything(2**63 - 1)
        assert draw() == first
    finally:
        random.setstate(state[0])
        np.random.set_state(state[1])
        torch.set_rng_state(state[2])


def test_device():
    assert compute.device("cpu").type == "cpu"
    with pytest.raises(UserError, match=r"device 'tpu' is not available.*one of: cpu"):
        compute.device("tpu")


def test_cuda_computes_in_full_float32(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    assert compute.device("cuda").type == "cuda"
    assert not torch.backends.cudnn.allow_tf32
    assert torch.get_float32_matmul_precision() == "highest"


@pytest.mark.parametrize(("items", "total", "last"), [(range(3), None, "3 of 3"), (iter("abc"), 3, "3 of 3")])
def test_progress_in_the_log(monkeypatch, capsys, caplog, items, total, last):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)
    with caplog.at_level(logging.INFO, "asymmetry"):
        assert len(list(compute.progress(items, "work", total, every=0))) == 3
    assert [record.getMessage().partition(" after")[0] for record in caplog.records] == [
        "work: 1 of 3",
        "work: 2 of 3",
        f"work: {last}",
    ]
    assert capsys.readouterr().err == "", "no bar where there is no terminal"


def test_progress_is_quiet_when_quick(caplog):
    with caplog.at_level(logging.INFO, "asymmetry"):
        assert list(compute.progress("ab", "work")) == ["a", "b"]
    assert not caplog.records


def test_progress_shows_a_bar_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert list(compute.progress([1, 2], "work")) == [1, 2]
    assert "work" in capsys.readouterr().err
