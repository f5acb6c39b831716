"""A disk that is full or read-only, a limit on the size of files: a clear error, nothing half-written, a good rerun."""

import subprocess
import sys

import pytest

from asymmetry.artifacts import sha256
from tests.faults.conftest import GENERATOR, PRETRAINED, Study, command

pytestmark = pytest.mark.slow

ALONE = ("unshare", "--mount", "--map-root-user")  # mounts that nobody else sees, and that need no rights


def mounted(study: Study, script: str) -> str:
    """Run a shell script, in which `snakemake` is a command and `$disk` the generator's folder; what it printed."""
    if subprocess.run([*ALONE, "true"], capture_output=True).returncode:
        pytest.skip("this machine does not let an ordinary process mount a disk of its own (unshare)")
    (study.folder / GENERATOR).mkdir(parents=True)
    head = f'disk={GENERATOR}\nsnakemake() {{ OMP_NUM_THREADS=1 "$@"; }}\n'
    script = head + script.replace("SNAKEMAKE", " ".join(["snakemake", *command(PRETRAINED)]))
    done = subprocess.run([*ALONE, "bash", "-c", script], cwd=study.folder, capture_output=True, text=True)
    return done.stdout + done.stderr


def test_a_full_disk(study, whole) -> None:
    printed = mounted(
        study,
        "mount -t tmpfs -o size=100k tmpfs $disk\n"
        "SNAKEMAKE && echo believed\n"
        "ls -A $disk $disk/state; echo '--- room'\n"
        "mount -o remount,size=10m $disk\n"
        "SNAKEMAKE && sha256sum $disk/pretrained.safetensors",
    )
    first, second = printed.split("--- room")
    assert "believed" not in first
    assert "No space left on device Hint: make room there" in first + second
    assert "pretrained.safetensors\n" not in first.partition("Shutting down")[2]
    assert "checkpoint.pt" not in first, "neither whole nor half"
    assert whole in second


def test_read_only_results(study, whole) -> None:
    printed = mounted(
        study,
        "mount -t tmpfs -o size=10m tmpfs $disk; mount -o remount,ro $disk\n"
        "SNAKEMAKE && echo believed\n"
        "ls -A $disk; echo '--- writable'\n"
        "mount -o remount,rw $disk\n"
        "SNAKEMAKE && sha256sum $disk/pretrained.safetensors",
    )
    first, second = printed.split("--- writable")
    assert "believed" not in first
    assert "Read-only file system" in printed
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
