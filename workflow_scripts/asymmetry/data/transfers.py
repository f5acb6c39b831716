"""One file over HTTP: continued where it was interrupted, from the first mirror that gives it, its hash checked."""

import json
import logging
import os
import re
import shutil
import time
from collections.abc import Mapping
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from asymmetry.artifacts import write_json
from asymmetry.compute import progress
from asymmetry.data.catalog import EXPANSION, File
from asymmetry.errors import UserError, listing

if TYPE_CHECKING:
    from requests import Response

TRIES = 5  # of one mirror in a row, without a further CHUNK of the file
WAIT = 1.0  # seconds before the second try, doubled for each further one up to LONGEST_WAIT
LONGEST_WAIT = 30.0  # seconds
TIMEOUT = (20, 60)  # seconds to connect, and between two pieces
CHUNK = 2**20  # bytes; of what comes after the last whole one, nothing is kept
HUB = "https://huggingface.co"
PASSING = {408, 425, 429, 500, 502, 503, 504}  # HTTP states that may be over at the next try

logger = logging.getLogger(__name__)


class _MirrorError(Exception):
    """A mirror does not give the file."""


class _InterruptedError(Exception):
    """The transfer ended early; another try may continue it."""


def transfer(file: File, folder: Path, otherwise: str = "") -> tuple[Path, str]:
    """Fetch a file into `folder`; return where it lies and the address that it came from.

    What has come lies in `<name>.part` until it is whole and its hash right; then it is renamed. An interrupted
    transfer is continued, by this run or a later one. A file of wrong content is deleted. Where no hash is known, the
    file must come over https. `otherwise` tells the user what else can be done if no mirror gives the file.

    Raises:
        UserError: no mirror gives the file; the message holds the reason of each.
    """
    whole, part, state = (folder / f"{file.name}{suffix}" for suffix in ("", ".part", ".json"))
    if whole.exists():
        try:
            _verify(file, whole)
            return whole, _read(state).get("url", file.urls[0])
        except _MirrorError as error:
            logger.warning("%s from an earlier run is deleted: %s", whole, error)
    reasons = []
    for url in map(_by_way_of, file.urls):
        try:
            _complete(file, url, part, state)
        except _MirrorError as error:
            logger.warning("%s: %s", url, error)
            reasons.append(f"{url}: {error}")
            continue
        os.replace(part, whole)
        return whole, url
    raise UserError(
        f"{file.name} could not be fetched:\n{listing(reasons)}\n",
        f"run again later: what has come is continued. {otherwise}Or fetch it by hand, unpack it and name the folder in"
        " downloads.folders",
    )


def _complete(file: File, url: str, part: Path, state: Path) -> None:
    """Fetch and verify; where what another mirror began makes the content wrong, once more from the start."""
    begun = part.exists()
    _fetch(file, url, part, state)
    try:
        _verify(file, part)
    except _MirrorError:
        if not begun:
            raise
        _fetch(file, url, part, state)
        _verify(file, part)


def require_space(folder: Path, needed: int, what: str) -> None:
    """Refuse what does not fit on the disk of `folder`, which need not exist yet."""
    there = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    free = shutil.disk_usage(there).free
    if needed > free:
        raise UserError(
            f"no space: {what} needs {needed / 1e9:.2f} GB in {folder}, and {free / 1e9:.2f} GB are free there.",
            "free some, or set downloads.folder to another disk",
        )


def _unpacked(file: File, total: int) -> int:
    """Bytes to be unpacked that nobody asked for before the transfer, since the catalogue did not know the size."""
    known = file.bytes or file.about_bytes or file.unpack == "none"
    return 0 if known else round(total * EXPANSION)


def _by_way_of(url: str) -> str:
    """The address at the mirror of the hub that HF_ENDPOINT names, as the hub's own tools use it."""
    endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/")
    return endpoint + url.removeprefix(HUB) if endpoint and url.startswith(f"{HUB}/") else url


def _read(state: Path) -> dict[str, str]:
    try:
        return json.loads(state.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _verify(file: File, path: Path) -> None:
    """Delete a file whose hash is wrong."""
    import pooch

    if file.hash is None:
        return
    algorithm, expected = file.hash
    found = pooch.file_hash(str(path), alg=algorithm)
    if found != expected:
        path.unlink()
        raise _MirrorError(f"wrong content: its {algorithm} is {found}, expected {expected}")


def _fetch(file: File, url: str, part: Path, state: Path) -> None:
    """Complete `part` from one mirror."""
    most = tries = 0
    while True:
        try:
            _continue(file, url, part, state)
            return
        except _InterruptedError as error:
            logger.info("%s: %s", url, error)
            size = part.stat().st_size if part.exists() else 0
            tries = 1 if size >= most + CHUNK else tries + 1
            most = max(most, size)
            if tries >= TRIES:
                raise _MirrorError(f"{error} (tried {tries} times)") from None
            time.sleep(min(WAIT * 2 ** (tries - 1), LONGEST_WAIT))


def _continue(file: File, url: str, part: Path, state: Path) -> None:
    """Ask for the bytes that are missing, and append them."""
    import requests

    have = part.stat().st_size if part.exists() else 0
    if file.bytes and have == file.bytes:
        return
    known = _read(state)
    headers = {"Accept-Encoding": "identity"}
    etag = known.get("etag") if known.get("url") == url else None
    if (file.bytes and have > file.bytes) or not (file.hash or etag):
        have = 0  # of another file, or perhaps so, and no hash would tell
    if have:
        headers["Range"] = f"bytes={have}-"
        if etag:
            headers["If-Range"] = etag
    try:
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            start, total = _agreed(file, response, part, have)
            if start == total:
                return
            etag = response.headers.get("ETag", "")
            write_json({"url": url, "etag": "" if etag.startswith("W/") else etag}, state)
            if total:
                require_space(part.parent, total - start + _unpacked(file, total), f"{file.name}, with what it holds,")
            pieces = response.iter_content(CHUNK)
            label = f"{file.name}, MiB" if not start else f"{file.name}, MiB after {start / CHUNK:.0f}"
            with open(part, "ab" if start else "wb") as out:
                for piece in progress(pieces, label, total=ceil((total - start) / CHUNK) if total else None):
                    out.write(piece)
    except requests.exceptions.ChunkedEncodingError:
        raise _InterruptedError(f"the connection broke after {part.stat().st_size} bytes") from None
    except requests.RequestException as error:
        raise _InterruptedError(f"{type(error).__name__}: {error}") from None
    except OSError as error:
        raise UserError(f"{part} cannot be written: {error.strerror or error}.", "is the disk full?") from None
    size = part.stat().st_size
    if total and size < total:
        raise _InterruptedError(f"ended after {size} of {total} bytes")
    if total and size > total:
        part.unlink()
        raise _MirrorError(f"sent {size} bytes, expected {total}")


def _agreed(file: File, response: "Response", part: Path, have: int) -> tuple[int, int | None]:
    """From which byte the response goes on (0: anew), and how long the whole file is, None if it does not say."""
    if not file.hash and not all(hop.url.startswith("https://") for hop in (*response.history, response)):
        raise _MirrorError("no hash of this file is known, so it is fetched over https only")
    status, headers = response.status_code, response.headers
    if status in PASSING:
        raise _InterruptedError(f"HTTP {status} {response.reason}")
    if status == 416:  # nothing is left from there on
        total = _total(headers)
        if have and total == have:
            return have, have
        part.unlink(missing_ok=True)
        raise _InterruptedError(f"has no byte {have}; starting anew")
    if status not in (200, 206):
        raise _MirrorError(f"HTTP {status} {response.reason}")
    if "text/html" in headers.get("Content-Type", ""):
        raise _MirrorError("answers with a web page")
    if status == 206:
        total = _total(headers)
        if not re.match(rf"bytes {have}-", headers.get("Content-Range", "")):
            part.unlink(missing_ok=True)
            raise _InterruptedError(f"sent {headers.get('Content-Range')!r} where {have}- was asked for; starting anew")
    else:
        have = 0
        total = int(headers["Content-Length"]) if headers.get("Content-Length", "").isdigit() else None
    if file.bytes and total and total != file.bytes:
        raise _MirrorError(f"has {total} bytes, expected {file.bytes}")
    return have, total or file.bytes


def _total(headers: Mapping[str, str]) -> int | None:
    """Length of the whole file by the header Content-Range."""
    _, _, total = headers.get("Content-Range", "").partition("/")
    return int(total) if total.isdigit() else None
