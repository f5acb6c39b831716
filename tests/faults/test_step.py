"""What a step says when it is stopped, when a disk refuses, and when an input changes under its hands."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from asymmetry import compute


def run_step(folder: Path, body: str) -> subprocess.CompletedProcess:
    """Run `body` inside a step that reads the file `input`, in a process of its own."""
    (folder / "input").write_text("before", encoding="utf-8")
    code = f"import os, signal\nfrom asymmetry import compute\nwith compute.step('log', 1, ['input']):\n    {body}"
    environment = os.environ | {"PYTHONPATH": str(Path(compute.__file__).parents[1])}
    return subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGINT", 130)])
def test_a_signal_is_one_line_and_leaves_no_temporary_file(tmp_path, name, code) -> None:
    write = f"with atomic('out.txt') as temporary: temporary.write_text('half'); os.kill(os.getpid(), signal.{name})"
    done = run_step(tmp_path, f"from asymmetry.artifacts import atomic\n    {write}")
    assert (done.returncode, done.stderr) == (code, f"stopped by {name}\n")
    assert {path.name for path in tmp_path.iterdir()} == {"input", "log"}


def test_a_full_disk_is_one_line(tmp_path) -> None:
    done = run_step(tmp_path, "open('/dev/full', 'wb', 0).write(b'text')")
    assert done.returncode == 1
    assert done.stderr.startswith("error: [Errno 28] No space left on device Hint: make room there")
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" in (tmp_path / "log").read_text(encoding="utf-8"), "for whoever wants to know where"


def test_a_full_disk_under_safetensors_is_one_line(tmp_path) -> None:
    done = run_step(tmp_path, "raise RuntimeError('I/O error: No space left on device (os error 28)')")
    assert done.stderr.endswith("Hint: " + compute.ROOM + "\n")
    assert "Traceback" not in done.stderr


def test_a_full_disk_under_the_log_is_no_flood(tmp_path) -> None:
    (tmp_path / "log").symlink_to("/dev/full")
    done = run_step(tmp_path, "[compute.logger.info('line') for _ in range(3)]")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "change", ["open('input', 'a').write('more')", "os.utime('input', (1, 1))", "os.remove('input')"]
)
def test_a_changed_input_fails_the_step(tmp_path, change) -> None:
    done = run_step(tmp_path, change)
    assert done.returncode == 1
    assert done.stderr == "error: changed while this step read them:\n  - input Hint: run again\n"


def test_an_input_that_stays_is_fine(tmp_path) -> None:
    assert run_step(tmp_path, "open('input').read()").returncode == 0
