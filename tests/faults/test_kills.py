"""The trainer, Snakemake, or both are ended; the next run goes on and ends with the same bits."""

import fcntl
import os
import pty
import re
import shutil
import signal
import termios

import pytest

from asymmetry.artifacts import sha256
from tests.faults.conftest import LIMIT, PRETRAINED, STATE, STEPS

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGKILL])
def test_the_trainer_alone(study, whole, kind) -> None:
    snakemake, trainer = study.start_training()
    os.kill(trainer, kind)
    assert snakemake.wait(LIMIT) == 1, "Snakemake sees a failed job"
    assert not (study.folder / PRETRAINED).exists()
    said = re.search(rf"stopped by SIGTERM after step (\d+) of {STEPS}; state saved", study.printed())
    assert bool(said) == (kind == signal.SIGTERM)
    study.complete()
    if said:
        assert study.resumed_after() == int(said.group(1)), "not a step is lost"
    else:
        assert study.resumed_after() % 5 == 0
    assert sha256(study.folder / PRETRAINED) == whole
    assert not (study.folder / STATE).exists()


def test_both_by_ctrl_c(study, whole) -> None:
    snakemake, _ = study.start_training()
    os.killpg(snakemake.pid, signal.SIGINT)
    assert snakemake.wait(LIMIT) != 0
    study.complete()
    assert study.resumed_after() > 0
    assert sha256(study.folder / PRETRAINED) == whole


def test_a_terminal_that_closes(study, whole) -> None:
    """As a broken ssh does it: SIGHUP to Snakemake, which dies of it, and to the trainer, which can print no more."""
    master, terminal = pty.openpty()

    def take_terminal() -> None:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # as its controlling terminal
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # which whoever runs the tests may ignore (nohup)

    snakemake, trainer = study.start_training(stdin=terminal, stdout=terminal, preexec_fn=take_terminal)
    os.close(terminal)
    os.close(master)
    assert snakemake.wait(LIMIT) == -signal.SIGHUP
    study.wait(lambda: not os.path.exists(f"/proc/{trainer}"))
    said = re.search(r"stopped by SIGHUP after step (\d+)", study.log())
    study.complete()
    assert 0 < study.resumed_after() == int(said.group(1)) < STEPS, "not a step is lost"
    assert sha256(study.folder / PRETRAINED) == whole


def test_both_killed_and_the_checkpoint_cut_short(study, whole) -> None:
    snakemake, _ = study.start_training()
    os.killpg(snakemake.pid, signal.SIGKILL)
    snakemake.wait(LIMIT)
    file = study.folder / STATE / "checkpoint.pt"
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    assert "checkpoint not used, it is damaged" in study.complete()
    assert study.resumed_after() == 0
    assert sha256(study.folder / PRETRAINED) == whole


def test_snakemake_alone_killed(study, whole) -> None:
    """The trainer goes on: it keeps a second one out, and what it did is not lost when Snakemake deletes its result."""
    snakemake, trainer = study.start_training()
    os.kill(trainer, signal.SIGSTOP)  # time stands still for it, so that the second one meets it
    os.kill(snakemake.pid, signal.SIGKILL)
    snakemake.wait(LIMIT)
    assert study.run(PRETRAINED, "--unlock").returncode == 0
    second = study.run(PRETRAINED)
    assert second.returncode == 1
    assert f"another process ({trainer} on " in second.stdout
    assert "Traceback" not in second.stdout

    os.kill(trainer, signal.SIGCONT)
    study.wait((study.folder / PRETRAINED).exists)
    assert sha256(study.folder / PRETRAINED) == whole
    study.wait(lambda: not os.path.exists(f"/proc/{trainer}"))
    assert (study.folder / STATE / "checkpoint.pt").exists()
    (study.folder / PRETRAINED).unlink()  # as Snakemake does where no second one ran before the trainer's end
    study.complete()
    assert STEPS - 5 <= study.resumed_after() <= STEPS
    assert sha256(study.folder / PRETRAINED) == whole
    assert not (study.folder / STATE).exists()


def test_two_folders_with_the_same_results(study, whole) -> None:
    """Snakemake locks the folder that it runs in, not the one that it writes to; the trainer's lock does."""
    snakemake, trainer = study.start_training()
    os.kill(trainer, signal.SIGSTOP)
    other = study.folder.parent / "other"
    shutil.copytree(study.folder / "pictures", other / "pictures")
    shared = f"results={study.folder / 'results'}"
    second = study.run(str(study.folder / PRETRAINED), "--directory", str(other), "--config", shared)
    assert second.returncode == 1
    assert f"another process ({trainer} on " in second.stdout
    os.kill(trainer, signal.SIGCONT)
    assert snakemake.wait(LIMIT) == 0
    assert sha256(study.folder / PRETRAINED) == whole


def test_two_workflows_in_one_folder_and_a_gentle_end(study, whole) -> None:
    snakemake, _ = study.start_training()
    second = study.run(PRETRAINED)
    assert second.returncode == 1
    assert "Directory cannot be locked" in second.stdout
    snakemake.terminate()  # Snakemake alone: it starts no other job and lets this one finish
    snakemake.wait(LIMIT)
    assert sha256(study.folder / PRETRAINED) == whole
    assert "Nothing to be done" in study.complete()
