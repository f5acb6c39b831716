"""The ways to install: the lock, conda's environments and the container name the same versions."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

PROJECT = Path(__file__).parents[2]
PIN = re.compile(r"([a-z0-9][a-z0-9._-]*)==(\S+)")
ENVIRONMENTS = sorted(path.name for path in (PROJECT / "envs").glob("*.yaml"))
APART = {("judges.yaml", name) for name in ("setuptools", "torch", "torchvision")}  # older ones; the file says why


def locked() -> dict[str, str]:
    """The versions of the lock, which is for every platform, on this one."""
    lines = (PROJECT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    wanted = [Requirement(line.rstrip(" \\")) for line in lines if PIN.match(line)]
    return {one.name: str(one.specifier)[2:] for one in wanted if not one.marker or one.marker.evaluate()}


def environment(name: str) -> tuple[list[str], list[str]]:
    """What conda and what pip is asked for."""
    content = yaml.safe_load((PROJECT / "envs" / name).read_text(encoding="utf-8"))
    *conda, last = content["dependencies"]
    return conda, last["pip"]


def needed() -> dict:
    return tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def python() -> str:
    return re.search(r"\d+\.\d+", needed()["requires-python"])[0]


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_an_environment_has_the_pins_of_the_lock(name: str) -> None:
    lock = locked()
    conda, wanted = environment(name)
    pins = dict(PIN.fullmatch(text).groups() for text in wanted)
    differing = {package: pins[package] for package in pins if lock.get(package, pins[package]) != pins[package]}
    assert set(differing) == {package for file, package in APART if file == name}
    assert f"python ={python()}" in conda


def test_the_environment_of_the_workflow_names_what_the_project_needs() -> None:
    dependencies = {re.match(r"[a-z0-9-]+", text)[0] for text in needed()["dependencies"]}
    assert {PIN.fullmatch(text)[1] for text in environment("asymmetry.yaml")[1]} == dependencies
    assert dependencies <= set(locked())


def test_the_container_is_built_by_the_makefile_with_the_same_python() -> None:
    lines = (PROJECT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert f"FROM python:{python()}-slim" in lines
    assert "RUN make setup" in lines
    copied = next(line for line in lines if line.startswith("COPY"))
    assert copied.split()[1:-1] == ["Makefile", "requirements.lock", "requirements-uv.lock"], (
        "what setup reads and no more: a change of code installs nothing anew"
    )


def test_what_is_made_or_private_stays_out_of_the_container() -> None:
    left_out = set((PROJECT / ".dockerignore").read_text(encoding="utf-8").split())
    assert {".git", ".venv", ".snakemake", "results/*", "downloads"} <= left_out
