"""The record of public weights (`published.yaml`), and their files: downloaded once, verified each time.

Light: torch is imported only where a file is wanted. A file whose SHA-256 is on record is opened only if it has it.
"""

import logging
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from filelock import FileLock

from asymmetry.artifacts import load_tensors, sha256
from asymmetry.errors import UserError, unknown

if TYPE_CHECKING:
    from torch import Tensor

HUB = "https://huggingface.co"
logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Weights:
    """One file of public weights.

    Attributes:
        urls: where it comes from, tried in turn.
        file: its name.
        sha256: of the whole file, hex; None where nobody has published it.
        megabytes: size, 10^6 bytes.
        revision: what exactly it is: a weights entry of torchvision, or a repository and its commit.
        licence: its terms.
        preprocessing: `channels`, `range`, `mean` and `std` that the network was trained with.
        left_out: beginnings of names that are not used.
        folder: where the package that reads it looks for it; None is torch's folder of checkpoints.
    """

    urls: tuple[str, ...]
    file: str
    sha256: str | None
    megabytes: float
    revision: str
    licence: str
    preprocessing: Mapping[str, Any] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    folder: str | None = None


@cache
def table() -> dict[str, Weights]:
    """The whole record, by name."""
    raw = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
    return {
        name: Weights(**{**facts, "left_out": tuple(facts.get("left_out", ())), "urls": tuple(facts["urls"])})
        for name, facts in raw.items()
    }


def entry(name: str) -> Weights:
    """The record of one file; a name without one is a `UserError`."""
    if name not in table():
        raise UserError(
            f"no public weights are on record: {unknown('name', name, table())}",
            "weights of your own are an initialisation of kind `file`",
        )
    return table()[name]


def fetch(name: str) -> Path:
    """The verified file of a name: in its folder (`TORCH_HOME` moves torch's), downloaded if it is not there.

    A download becomes visible when it is whole and verified; processes that want the same file wait for one of them.

    Raises:
        UserError: it cannot be had (says which file, from where, and where to put it), or it is not the one on record.
    """
    import torch

    record = entry(name)
    folder = Path(record.folder).expanduser() if record.folder else Path(torch.hub.get_dir(), "checkpoints")
    file = folder / record.file
    if not file.exists():
        _download(record, file)
    if record.sha256 and (found := sha256(file)) != record.sha256:
        raise UserError(
            f"{file} is not the file on record ({record.revision}): its SHA-256 is {found}, not {record.sha256}.",
            f"delete it, and run again or put {record.urls[0]} there",
        )
    return file


def _download(record: Weights, file: Path) -> None:
    import pooch

    pooch.get_logger().setLevel("WARNING")
    failures = []
    mirror = os.environ.get("HF_ENDPOINT", HUB).rstrip("/")
    expected = record.sha256 and f"sha256:{record.sha256}"
    for url in (url.replace(HUB, mirror) for url in record.urls):
        logger.info("downloading %s: %s MB, %s, licence: %s", url, record.megabytes, record.revision, record.licence)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{file}.lock"):
                if not file.exists():
                    pooch.retrieve(url, expected, file.name, file.parent, progressbar=sys.stderr.isatty())
            return
        except (OSError, ValueError) as error:  # ValueError: not the expected hash
            failures.append(f"{url} ({error})")
    raise UserError(
        f"the public weights {record.file} ({record.megabytes} MB) cannot be had from {' or '.join(failures)}.",
        f"download that file elsewhere and put it at {file}",
    )


def read(name: str) -> "dict[str, Tensor]":
    """The tensors of a file of public weights under the names in it, those that are left out apart."""
    import torch

    file = fetch(name)
    if file.suffix == ".safetensors":
        state = load_tensors(file)
    else:
        state = torch.load(file, map_location="cpu", weights_only=True)
    return {key: value for key, value in state.items() if not key.startswith(entry(name).left_out)}
