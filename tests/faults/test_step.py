"""What a step says when it is stopped, when a disk refuses, and when an input changes under its hands."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from asymmetry import compute


def run_step(folder: Path, body: str) -> subprocess.CompletedProcess:
    """Run `body` inside a step that reads the file `input`, in a process of its own."""
    for name in ("input", "folder/file"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("before", encoding="utf-8")
    code = "import os, signal, time\nfrom asymmetry import compute\nsignal.signal(signal.SIGHUP, signal.SIG_DFL)\n"
    code += f"with compute.step('log', 1, ['input', 'folder']):\n    {body}"
    environment = os.environ | {"PYTHONPATH": str(Path(compute.__file__).parents[1])}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGINT", 130), ("SIGHUP", 129)])
def test_a_signal_is_one_line_and_leaves_no_temporary_file(tmp_path, name, code) -> None:
    write = f"with atomic('out.txt') as temporary: temporary.write_text('half'); os.kill(os.getpid(), signal.{name})"
    done = run_step(tmp_path, f"from asymmetry.artifacts import atomic\n    {write}")
    assert (done.returncode, done.stderr) == (code, f"stopped by {name}\n")
    assert {path.name for path in tmp_path.iterdir()} == {"input", "folder", "log"}


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


REPORT = "compute.afterwards(lambda: print('after'))"


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ("open('input', 'a').write('more')", "input"),
        ("os.remove('input')", "input"),
        ("open('folder/file', 'a').write('more')", "folder"),
        ("open('folder/new', 'a')", "folder"),
        ("os.remove('folder/file')", "folder"),
    ],
)
def test_a_changed_input_fails_the_step(tmp_path, change, name) -> None:
    done = run_step(tmp_path, f"{REPORT}; {change}")
    assert done.returncode == 1
    assert done.stderr == f"error: changed while this step read them:\n  - {name} Hint: run again\n"
    assert done.stdout == "", "what is for the end of a good step is not done"


@pytest.mark.parametrize("change", ["open('input').read()", "os.utime('input')", "os.utime('input', (1, 1))"])
def test_an_input_whose_content_stays_is_fine(tmp_path, change) -> None:
    done = run_step(tmp_path, f"{REPORT}; {change}; print('before')")
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "before\nafter\n")


def test_a_clock_set_back_fails_the_step(tmp_path) -> None:
    """Snakemake would find the result older than what it rests on, and delete it, the trainer's state gone already."""
    done = run_step(tmp_path, f"{REPORT}; os.utime('input', (time.time() + 30,) * 2)")
    assert done.returncode == 1
    assert done.stderr.startswith("error: dated in the future:\n  - input Hint: set the clock right")
    assert done.stdout == ""


def test_what_is_for_the_end_of_a_step_is_done_at_once_without_one() -> None:
    done = []
    compute.afterwards(lambda: done.append(True))
    assert done
