"""Public datasets on disk: terms shown, fetched, verified, unpacked; whole or not at all."""

import logging
import os
import shutil
import sys
from pathlib import Path

from filelock import FileLock, Timeout

from asymmetry.artifacts import sha256, write_json
from asymmetry.data.catalog import Dataset, File, Source, unpacked_estimate
from asymmetry.data.transfers import require_space, transfer
from asymmetry.data.unpacking import unpack
from asymmetry.errors import UserError

PARTIAL = ".partial"  # beside the datasets' folders: what is not whole yet
RECEIPT = "receipt.json"

logger = logging.getLogger(__name__)


def fetch(dataset: Dataset, folder: Path, accepted: bool, source: str | None = None) -> None:
    """Download a dataset into `folder`, with a `receipt.json` of what was fetched.

    All files are fetched and their hashes checked before the first is unpacked. Until everything is there, it lies in
    `.partial/<name of the folder>` beside `folder`; a later run continues from that. An older download in `folder` is
    replaced, anything else there is left alone.

    Args:
        dataset: from the catalogue.
        folder: of the unpacked dataset.
        accepted: whether the user has accepted its terms.
        source: name of the source, by default the dataset's first.

    Raises:
        UserError: the terms are not accepted, the disk is too small, another run is at it, no mirror gives a file, a
            hash is wrong, an archive is broken or hostile. Once the reason is gone, the same call succeeds.
    """
    chosen = dataset.source(source)
    _show_terms(dataset, accepted)
    if folder.exists() and any(folder.iterdir()) and not (folder / RECEIPT).exists():
        raise UserError(
            f"{folder} holds files that were not downloaded.",
            f"move them and name them in the config (downloads: {{folders: {{{dataset.name}: ...}}}}), or delete them",
        )
    partial = folder.parent / PARTIAL / folder.name
    partial.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(partial.with_name(f"{folder.name}.lock"), timeout=0):
            _check_space(dataset, chosen, partial)
            _make(dataset, chosen, partial, folder)
    except Timeout:
        raise UserError(f"another run is downloading {dataset.name} to {folder}.", "wait for it") from None


def _show_terms(dataset: Dataset, accepted: bool) -> None:
    terms = dataset.terms
    text = f"{dataset.title}. Licence: {terms.licence}. {terms.summary} Terms: {terms.url} Cite: {dataset.citation}"
    logger.info(text)
    print(text, file=sys.stderr)
    if terms.accept and not accepted:
        raise UserError(
            f"the terms of {dataset.name} are not accepted. {terms.summary} Read them at {terms.url}.",
            f"if you accept them, add {dataset.name} to the list downloads.accept_terms of the config",
        )


def _check_space(dataset: Dataset, source: Source, partial: Path) -> None:
    """Refuse to start what cannot end, as far as the sizes are known."""
    there = sum(path.stat().st_size for path in partial.iterdir() if path.is_file())
    packed = sum(file.bytes or file.about_bytes or 0 for file in source.files)
    needed = max(packed - there, 0) + (unpacked_estimate(source) or packed)
    require_space(partial, needed, f"{dataset.name}, with its unpacked files,")


def _make(dataset: Dataset, source: Source, partial: Path, folder: Path) -> None:
    others = ", ".join(name for name in dataset.sources if name != source.name)
    otherwise = f"Or set downloads.sources to {{{dataset.name}: ...}} with another source: {others}. " if others else ""
    fetched = [(file, *transfer(file, partial, otherwise)) for file in source.files]
    unpacked = partial / "unpacked"
    shutil.rmtree(unpacked, ignore_errors=True)
    unpacked.mkdir()
    receipt = []
    try:
        for file, path, url in fetched:
            algorithm, value = file.hash or ("sha256", sha256(path))
            facts = {"name": file.name, "url": url, "bytes": path.stat().st_size, algorithm: value}
            receipt.append(facts | {"verified": file.hash is not None})
            if file.unpack == "none":
                shutil.copyfile(path, unpacked / file.name)
            else:
                _unpack(file, path, unpacked)
        write_json({"dataset": dataset.name, "source": source.name, "files": receipt}, unpacked / RECEIPT)
        os.sync()
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(unpacked, folder)
    finally:
        shutil.rmtree(unpacked, ignore_errors=True)
    shutil.rmtree(partial)


def _unpack(file: File, path: Path, folder: Path) -> None:
    try:
        unpack(path, file.unpack, folder, file.members)
    except UserError:
        if file.hash is None:  # it may be the file that is broken: the next run fetches it again
            path.unlink()
        raise
