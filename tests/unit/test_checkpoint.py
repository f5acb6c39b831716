import contextlib
import errno
import fcntl
import logging
import os
import platform
import random
import signal
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
import torch
from filelock import FileLock

from asymmetry.errors import UserError
from asymmetry.training import checkpoint

HERE = Path(__file__).parent
STEPS, EVERY = 10, 4


class Walk:
    """A trainer that depends on its own state and on every global random state."""

    def __init__(self, on_step=lambda number: None, end=0):
        self.position = torch.zeros(3, dtype=torch.float64)
        self.generator = torch.Generator().manual_seed(5)
        self.path = []
        self.on_step, self.end = on_step, end

    def step(self, number):
        noise = torch.rand(3) + torch.rand(3, generator=self.generator)
        self.position = 0.9 * self.position + noise + random.gauss(0, 1) + np.random.normal()
        self.path.append([number, *self.position.tolist()])
        self.on_step(number)
        return number != self.end

    def state_dict(self):
        return {"position": self.position, "path": list(self.path), "generator": self.generator.get_state()}

    def load_state_dict(self, state):
        self.position, self.path = state["position"], state["path"]
        self.generator.set_state(state["generator"])


@pytest.fixture(autouse=True)
def random_states():
    before = checkpoint.random_states()
    yield
    checkpoint.restore_random_states(before)


def scramble(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def run(walk, folder, seed, fingerprint="mark", steps=STEPS):
    scramble(seed)
    return checkpoint.run(walk, steps, folder, fingerprint, EVERY, "walk")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The path of a walk that nothing interrupts."""
    before = checkpoint.random_states()
    walk = Walk()
    assert run(walk, tmp_path_factory.mktemp("whole"), seed=0) == STEPS
    checkpoint.restore_random_states(before)
    assert [row[0] for row in walk.path] == list(range(1, STEPS + 1))
    return walk.path


def stop_at(number, kind=signal.SIGTERM):
    return lambda current: os.kill(os.getpid(), kind) if current == number else None


STOPS = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]


@pytest.fixture
def closing_counts():
    """A terminal that closes is no reason to end for what `nohup` started, the tests themselves perhaps."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("closing_counts")
@pytest.mark.parametrize(("kind", "code"), [*zip(STOPS, [143, 130, 129], strict=True)])
@pytest.mark.parametrize("number", [1, 3, 4, 5, 9, 10])
def test_stopped_by_a_signal_and_resumed(tmp_path, whole, caplog, capsys, number, kind, code):
    handlers = [signal.getsignal(kind) for kind in STOPS]
    stopped = Walk(stop_at(number, kind))
    with pytest.raises(SystemExit) as stop:
        run(stopped, tmp_path, seed=0)
    assert stop.value.code == code
    assert stopped.path == whole[:number], "the step is finished first"
    said = f"stopped by {signal.Signals(kind).name} after step {number} of {STEPS}; state saved\n"
    assert capsys.readouterr().err == said
    assert [signal.getsignal(kind) for kind in STOPS] == handlers

    resumed = Walk()
    with caplog.at_level(logging.INFO, "asymmetry"):
        assert run(resumed, tmp_path, seed=99) == STEPS
    assert resumed.path == whole
    assert f"resumed after step {number}" in caplog.text


@pytest.mark.usefixtures("closing_counts")
def test_a_closed_terminal_does_not_stop_what_nohup_started(tmp_path, whole):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    walk = Walk(stop_at(3, signal.SIGHUP))
    assert run(walk, tmp_path, seed=0) == STEPS
    assert walk.path == whole


@pytest.mark.parametrize(("number", "kept"), [(3, 0), (5, 4), (9, 8), (10, 8)])
def test_a_crash_goes_back_to_the_last_checkpoint(tmp_path, whole, number, kept):
    def crash(current):
        if current == number:
            raise MemoryError

    with pytest.raises(MemoryError):
        run(Walk(crash), tmp_path, seed=0)
    resumed = Walk()
    scramble(0 if kept == 0 else 99)
    checkpoint.run(resumed, STEPS, tmp_path, "mark", EVERY, "walk")
    assert resumed.path == whole


def test_a_kill_while_a_checkpoint_is_written_leaves_the_one_before(tmp_path, whole, monkeypatch):
    save = torch.save

    def half(content, file):
        save(content, file)
        if content["step"] == 8:
            file.truncate(500)
            raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", half)
    with pytest.raises(KeyboardInterrupt):
        run(Walk(), tmp_path, seed=0)
    monkeypatch.undo()
    assert {path.name for path in tmp_path.iterdir()} == {"checkpoint.pt", "holder", "lock"}
    resumed = Walk(lambda number: numbers.append(number))
    numbers = []
    run(resumed, tmp_path, seed=99)
    assert numbers[0] == 5
    assert resumed.path == whole


def interrupted(folder, fingerprint="mark"):
    with pytest.raises(SystemExit):
        run(Walk(stop_at(6)), folder, seed=0, fingerprint=fingerprint)
    return folder / "checkpoint.pt"


@pytest.mark.parametrize("content", [b"", b"text", b"\x80\x02}q\x01", b"a.b\x00", None])
def test_a_damaged_checkpoint_is_set_aside(tmp_path, whole, caplog, content):
    file = interrupted(tmp_path)
    damaged = file.read_bytes()[:-200] if content is None else content
    file.write_bytes(damaged)
    anew = Walk()
    with caplog.at_level(logging.WARNING, "asymmetry"):
        run(anew, tmp_path, seed=0)
    assert anew.path == whole
    assert "checkpoint not used, it is damaged" in caplog.text
    assert (tmp_path / "checkpoint.set-aside-1").read_bytes() == damaged


def test_a_flipped_bit_is_never_loaded(tmp_path):
    """Wherever it is: in the numbers, in the pickle, or in the archive's own entries, at the end."""
    file = interrupted(tmp_path)
    good = file.read_bytes()
    step = checkpoint.Checkpoint(tmp_path, "mark").load(whole := Walk())
    aside = 0
    for place in [*range(0, len(good), 401), *range(len(good) - 1000, len(good), 31)]:
        file.write_bytes(good[:place] + bytes([good[place] ^ 4]) + good[place + 1 :])
        walk = Walk()
        if checkpoint.Checkpoint(tmp_path, "mark").load(walk):
            assert (step, walk.path) == (6, whole.path), "it lay in bytes that mean nothing"
            assert torch.equal(walk.generator.get_state(), whole.generator.get_state())
        else:
            aside += 1
    assert aside > 50
    assert len(list(tmp_path.glob("checkpoint.set-aside-*"))) == aside, "none is overwritten"


@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), MemoryError(), RuntimeError("no memory")])
def test_a_checkpoint_that_cannot_be_read_now_stays(tmp_path, whole, monkeypatch, error):
    file = interrupted(tmp_path)
    content = file.read_bytes()

    def fail(*arguments, **options):
        raise error

    for place, name in [(Path, "read_bytes"), (torch, "load")]:
        with monkeypatch.context() as patch:
            patch.setattr(place, name, fail)
            with pytest.raises(UserError, match=r"checkpoint\.pt cannot be read now \(.+\).*run again"):
                run(Walk(), tmp_path, seed=0)
    assert file.read_bytes() == content
    assert not list(tmp_path.glob("*set-aside*"))
    resumed = Walk()
    run(resumed, tmp_path, seed=99)
    assert resumed.path == whole


def test_bytes_that_run_code_are_not_loaded(tmp_path, whole):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "pwned"),)

    file = interrupted(tmp_path)
    torch.save({"fingerprint": "mark", "trainer": Evil()}, file)
    anew = Walk()
    run(anew, tmp_path, seed=0)
    assert anew.path == whole
    assert not (tmp_path / "pwned").exists()


def test_a_checkpoint_of_another_computation_is_set_aside(tmp_path, whole, caplog):
    interrupted(tmp_path, fingerprint="other")
    anew = Walk()
    with caplog.at_level(logging.WARNING, "asymmetry"):
        run(anew, tmp_path, seed=0)
    assert anew.path == whole
    assert "belongs to another configuration, code or version of a package" in caplog.text


def test_a_checkpoint_of_another_version_is_set_aside(tmp_path, whole, monkeypatch):
    """After an upgrade of torch, the first half of the training would be the old one's."""
    interrupted(tmp_path)
    version = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "9.9.9" if name == "torch" else version(name))
    anew = Walk()
    run(anew, tmp_path, seed=0)
    assert anew.path == whole
    assert (tmp_path / "checkpoint.set-aside-1").exists()


def test_a_trainer_may_end_early(tmp_path):
    walk = Walk(end=7)
    assert run(walk, tmp_path, seed=0) == 7
    assert walk.path[-1][0] == 7


def test_a_signal_in_the_step_that_ends_the_training_leaves_the_end_alone(tmp_path):
    """A saved end would be taken for a step to go on from."""
    assert run(Walk(stop_at(7), end=7), tmp_path, seed=0) == 7


def test_one_process_at_a_time(tmp_path):
    code = (
        "import sys; from filelock import FileLock; lock = FileLock(sys.argv[1]); lock.acquire();"
        "print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        walk = Walk()
        (tmp_path / "holder").write_text("1234 on elsewhere")
        with pytest.raises(
            UserError, match=r"another process \(1234 on elsewhere\) is training in .*\(kill, without -9"
        ):
            run(walk, tmp_path, seed=0)
        (tmp_path / "holder").write_text("1234 on node7, Slurm job 55")
        with pytest.raises(UserError, match=r"\(1234 on node7, Slurm job 55\) .*\(scancel 55\)"):
            run(walk, tmp_path, seed=0)
        assert walk.path == []
        holder.kill()
    assert run(Walk(), tmp_path, seed=0) == STEPS, "a killed process holds nothing"


@pytest.mark.parametrize(("job", "end"), [(None, ""), ("55", ", Slurm job 55")])
def test_the_holder_is_named_as_it_can_be_ended(tmp_path, monkeypatch, job, end):
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    if job:
        monkeypatch.setenv("SLURM_JOB_ID", job)
    interrupted(tmp_path)
    assert (tmp_path / "holder").read_text() == f"{os.getpid()} on {platform.node()}{end}"


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.ENOLCK])
def test_a_file_system_without_locks_is_refused(tmp_path, monkeypatch, code):
    """As Lustre mounted without `-o flock`. A lock that is a mere file would outlive a node that fails."""

    def flock(descriptor, operation):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", flock)
    walk = Walk()
    with pytest.raises(UserError, match=r"has no locks .*-o flock"):
        run(walk, tmp_path, seed=0)
    assert walk.path == []


def test_halves_of_killed_processes_are_cleared(tmp_path):
    half = tmp_path / ".checkpoint.123.pt"
    half.write_bytes(b"half")
    run(Walk(), tmp_path, seed=0)
    assert not half.exists()


def test_a_full_disk_says_so(tmp_path, monkeypatch):
    """Of a path, torch says `unexpected pos 576 vs 534`. /dev/full refuses every byte as a full disk does."""
    monkeypatch.setattr(checkpoint, "atomic", lambda path: contextlib.nullcontext("/dev/full"))
    with pytest.raises(OSError, match="No space left on device"):
        run(Walk(), tmp_path, seed=0)


def test_the_state_of_an_orphan_stays(tmp_path, monkeypatch):
    """Snakemake, killed, takes the job for unfinished; its next run goes on from the last checkpoint."""
    folder = tmp_path / "state"
    interrupted(folder)
    monkeypatch.setattr(checkpoint, "STARTED_BY", checkpoint.STARTED_BY[1:])
    checkpoint.forget(folder)
    assert (folder / "checkpoint.pt").exists()


def test_the_state_that_another_process_uses_stays(tmp_path):
    folder = tmp_path / "state"
    interrupted(folder)
    with FileLock(folder / "lock"):
        checkpoint.forget(folder)
    assert (folder / "checkpoint.pt").exists()


def test_forget(tmp_path):
    folder = tmp_path / "state"
    interrupted(folder)
    checkpoint.forget(folder)
    assert not folder.exists()
    checkpoint.forget(folder)


def test_what_was_set_aside_outlives_the_training(tmp_path):
    """It may be days of work under another version, and its user was told where it is."""
    folder = tmp_path / "state"
    interrupted(folder, fingerprint="other")
    run(Walk(), folder, seed=0)
    checkpoint.forget(folder)
    assert [path.name for path in folder.iterdir()] == ["checkpoint.set-aside-1"]


TRAIN = """
import logging, sys, time
from pathlib import Path
from tiny_training import DISCRIMINATOR, TRAINING, make_files, train
from asymmetry.training.generator import Adversary

logging.basicConfig(level=logging.INFO, stream=sys.stdout)
base, *folders = map(Path, sys.argv[1:])
step, count = Adversary.step, 0

def pausing(self, output, reference):
    global count
    count += 1
    if count == 6:
        time.sleep(600)
    return step(self, output, reference)

files = make_files(base)
if folders[0].name == "pausing":
    Adversary.step = pausing
for folder in folders:
    train(
        files,
        base / "killed" if folder.name == "pausing" else folder,
        discriminator=DISCRIMINATOR | {"spectral_norm": True, "r1": 0.1, "loss": "ragan"},
        training=TRAINING | {"steps": 14},  # the average forgets only from 11 steps on
    )
"""


def test_killed_in_the_middle_and_started_again(tmp_path):
    """SIGKILL, in or before step 6 of 14, whose generator is updated and whose discriminator is not."""
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    library = Path(checkpoint.__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": f"{library}:{HERE}", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", TRAIN, str(tmp_path)]

    with subprocess.Popen([*command, "pausing"], env=environment) as process:
        deadline = time.monotonic() + 120
        while not (killed / "state" / "checkpoint.pt").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert not (killed / "model.safetensors").exists()

    restarted = [*command, str(killed), str(whole)]
    done = subprocess.run(restarted, env=environment, capture_output=True, text=True, check=True, timeout=300)
    assert done.stdout.count("resumed after step") == 1
    names = ["model.safetensors", "discriminator.safetensors", "history.csv", "provenance.json"]
    for name in names:
        assert (killed / name).read_bytes() == (whole / name).read_bytes(), name
    assert {path.name for path in killed.iterdir()} == set(names), "the state is gone"
    assert len((whole / "history.csv").read_text().splitlines()) == 15
