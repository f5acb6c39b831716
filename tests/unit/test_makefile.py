"""On a machine that lacks something, the first line that make prints says what."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MAKEFILE = Path(__file__).parents[2] / "Makefile"
MAKE = shutil.which("make")
TOOLS = ("awk", "cat", "chmod", "df", "mkdir", "tail", "touch")
# Stands for Python: answers the questions of the set-up, and makes an environment whose uv ends as it is told.
PYTHON = """#!/bin/bash
case "$*" in
  --version) echo Python {version} ;;
  *version_info*) [ {version} = 3.11.2 ] ;;
  *ensurepip*) [ {venv} = yes ] || {{ echo "ModuleNotFoundError: ensurepip" >&2; exit 1; }} ;;
  *"-m venv"*)
    mkdir -p .venv/bin
    echo "#!/bin/bash" > .venv/bin/python
    printf '#!/bin/bash\\necho "%s" >&2\\nexit {code}\\n' "{words}" > .venv/bin/uv
    chmod +x .venv/bin/* ;;
esac
"""

pytestmark = pytest.mark.skipif(MAKE is None, reason="make is not installed")


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A clone on a machine that has make, a shell and nothing else."""
    shutil.copy(MAKEFILE, tmp_path / "Makefile")
    shutil.copy(MAKEFILE.with_name("requirements-uv.lock"), tmp_path)
    (tmp_path / "requirements.lock").write_text("")
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool))
    return tmp_path


def install(folder: Path, name: str = "python3", version: str = "3.11.2", venv: str = "yes", words: str = "") -> None:
    text = PYTHON.format(version=version, venv=venv, words=words, code=2 if words else 0)
    place(folder, name, text)


def place(folder: Path, name: str, text: str) -> None:
    path = folder / "bin" / name
    path.unlink(missing_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def setup(folder: Path, target: str = "setup", **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [MAKE, target],
        cwd=folder,
        env={"PATH": str(folder / "bin"), "HOME": str(folder), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def first_line(result: subprocess.CompletedProcess) -> str:
    assert result.returncode != 0
    return result.stdout.splitlines()[0]


def test_no_python(bare: Path) -> None:
    assert first_line(setup(bare, "demo")).startswith("error: there is no python3. Hint: install Python 3.11")


def test_an_old_python(bare: Path) -> None:
    install(bare, version="3.9.2")
    assert first_line(setup(bare, "demo")).startswith("error: Python 3.11 is needed, python3 is Python 3.9.2.")
    assert not (bare / ".venv").exists()


def test_python_without_venv(bare: Path) -> None:
    install(bare, venv="no")
    assert first_line(setup(bare, "demo")).startswith("error: python3 has no venv. Hint: install python3.11-venv")


def test_no_disk(bare: Path) -> None:
    install(bare)
    place(bare, "df", "#!/bin/bash\necho Filesystem\necho /dev/sda1 9000000 8000000 1000000 89% /home\n")
    assert first_line(setup(bare, "demo")).startswith("error: 6 GB of disk are needed here, 1 are free.")
    assert not (bare / ".venv").exists()


def test_no_index(bare: Path) -> None:
    """Python and pip are real ones; at the index's address nobody listens."""
    (bare / "bin" / "python3").symlink_to(Path(sys.executable).resolve())
    result = setup(bare, "demo", PIP_INDEX_URL="http://127.0.0.1:9/simple", PIP_CONFIG_FILE=os.devnull)
    assert first_line(result).startswith("error: no package index gives uv. Hint: is there a network?")
    assert "No matching distribution" in result.stdout
    assert not (bare / ".venv" / ".synced").exists()


def test_a_disk_that_fills_up_while_packages_are_installed(bare: Path) -> None:
    install(bare, words="No space left on device (os error 28)")
    line = first_line(setup(bare, "demo"))
    assert line.startswith("error: the packages of requirements.lock cannot be installed: No space left on device")
    assert "Hint: is there a network, disk, a home" in line
    assert not (bare / ".venv" / ".synced").exists()


def test_a_python_of_the_right_version_is_found_beside_another(bare: Path) -> None:
    install(bare, version="3.9.2")
    install(bare, name="python3.11")
    place(bare, "df", "#!/bin/bash\necho Filesystem\necho /dev/sda1 90000000 0 90000000 0% /home\n")
    result = setup(bare)
    assert result.returncode == 0, result.stdout
    assert (bare / ".venv" / ".synced").exists()
    assert "error" not in setup(bare).stdout


def test_a_clone_that_was_moved(bare: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The scripts in .venv name the folder that they were made in."""
    install(bare)
    place(bare, "df", "#!/bin/bash\necho Filesystem\necho /dev/sda1 90000000 0 90000000 0% /home\n")
    assert setup(bare).returncode == 0
    moved = tmp_path_factory.mktemp("elsewhere") / "my project"
    bare.rename(moved)
    line = first_line(setup(moved, "demo"))
    assert line == f"error: .venv was made for another folder ({bare}). Hint: delete .venv, then the same again"
