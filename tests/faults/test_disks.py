"""A disk that is full or read-only, a limit on the size of files: a clear error, nothing half-written, a good rerun."""

import subprocess
import sys

import pytest

from asymmetry.artifacts import sha256
from tests.faults.conftest import GENERATOR, PRETRAINED, STATE, STEPS, Study, command

pytestmark = pytest.mark.slow

ALONE = ("unshare", "--mount", "--map-root-user")  # mounts that nobody else sees, and that need no rights


def mounted(study: Study, script: str) -> list[str]:
    """Run a shell script, in which `SNAKEMAKE` trains and `$disk` is the generator's folder.

    What it printed, in the order of time, cut where it says `echo CUT HERE`.
    """
    if subprocess.run([*ALONE, "true"], capture_output=True).returncode:
        pytest.skip("this machine does not let an ordinary process mount a disk of its own (unshare)")
    (study.folder / GENERATOR).mkdir(parents=True)
    script = f"disk={GENERATOR}\n" + script.replace("SNAKEMAKE", " ".join(command(PRETRAINED)))
    return study.finish([*ALONE, "bash", "-c", script]).stdout.split("CUT HERE\n")


def test_a_full_disk(study, whole) -> None:
    """Too small for the first checkpoint."""
    first, files, second = mounted(
        study,
        "mount -t tmpfs -o size=100k tmpfs $disk\n"
        "SNAKEMAKE && echo believed; echo CUT HERE\n"
        "find $disk -type f; echo CUT HERE\n"
        "mount -o remount,size=10m $disk\n"
        "SNAKEMAKE && sha256sum $disk/pretrained.safetensors",
    )
    assert "believed" not in first
    assert "No space left on device Hint: make room there" in first
    assert "Traceback" not in first
    assert set(files.split()) == {f"{STATE}/lock", f"{STATE}/holder"}, "no checkpoint and no result, not even half"
    assert whole in second


def test_a_disk_with_room_for_the_checkpoints_alone(study, whole) -> None:
    """It is full when the training is done and the weights are written; the training goes on from a checkpoint."""
    first, files, second = mounted(
        study,
        "mount -t tmpfs -o size=20k tmpfs $disk; mkdir $disk/state; mount -t tmpfs -o size=1m tmpfs $disk/state\n"
        "SNAKEMAKE && echo believed; echo CUT HERE\n"
        "find $disk -type f; echo CUT HERE\n"
        "mount -o remount,size=10m $disk\n"
        "SNAKEMAKE && sha256sum $disk/pretrained.safetensors",
    )
    assert "believed" not in first
    assert "No space left on device" in first
    assert "Hint: make room there" in first
    assert "Traceback" not in first
    assert set(files.split()) == {f"{STATE}/{name}" for name in ("lock", "holder", "checkpoint.pt")}
    assert whole in second
    assert study.resumed_after() == STEPS - 5


def test_read_only_results(study, whole) -> None:
    first, files, second = mounted(
        study,
        "mount -t tmpfs -o size=10m tmpfs $disk; mount -o remount,ro $disk\n"
        "SNAKEMAKE && echo believed; echo CUT HERE\n"
        "find $disk -mindepth 1; echo CUT HERE\n"
        "mount -o remount,rw $disk\n"
        "SNAKEMAKE && sha256sum $disk/pretrained.safetensors",
    )
    assert "believed" not in first
    assert "Read-only file system" in first
    assert files == ""
    assert whole in second


def test_a_limit_on_the_size_of_files(study, whole) -> None:
    """As a quota does: the checkpoint of 150 kB does not fit."""
    limited = f"import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)); {EXECUTE}"
    result = study.run(PRETRAINED, prefix=(sys.executable, "-c", limited))
    assert result.returncode == 1
    assert "File too large Hint: raise the limit" in result.stdout
    assert not (study.folder / PRETRAINED).exists()
    study.complete()
    assert sha256(study.folder / PRETRAINED) == whole


EXECUTE = "os.execv(sys.argv[1], sys.argv[1:])"
