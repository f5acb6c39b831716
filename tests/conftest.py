"""Tests on two processes (`pytest -n 2 --dist loadgroup`): one of them runs all that starts workflows and servers."""

from pathlib import Path

import pytest

LIGHT = {"unit", "fuzz"}
HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        light = item.path.relative_to(HERE).parts[0] in LIGHT
        item.add_marker(pytest.mark.xdist_group(item.path.stem if light else "programs"))
