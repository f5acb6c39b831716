"""Sources of the catalogue with other content: packed, served on loopback and fetched, or laid out by hand."""

import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

from loopback import serve

from asymmetry.data import downloads
from asymmetry.data.catalog import Dataset

Contents = Mapping[str, Mapping[str, bytes]]  # name of a file of the source -> path inside of it -> bytes


def packed(content: Mapping[str, bytes], kind: Literal["tar", "zip", "none"]) -> bytes:
    """An archive of these paths; the bytes themselves of the only one where nothing is packed."""
    if kind == "none":
        (data,) = content.values()
        return data
    buffer = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(buffer, "w") as archive:
            for path, data in content.items():
                archive.writestr(path, data)
        return buffer.getvalue()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as archive:
        for path, data in content.items():
            info = tarfile.TarInfo(path)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def downloaded(dataset: Dataset, source: str, contents: Contents, folder: Path) -> Dataset:
    """Fetch a source whose files have this content, each with its true hash; returns the dataset with such a source."""
    genuine = dataset.source(source)
    assert {file.name for file in genuine.files} == set(contents)
    archives = {file.name: packed(contents[file.name], file.unpack) for file in genuine.files}
    with serve(archives) as url:
        files = tuple(
            replace(
                file,
                urls=(f"{url}/{file.name}",),
                bytes=len(archives[file.name]),
                sha256=hashlib.sha256(archives[file.name]).hexdigest(),
                unverified=False,
            )
            for file in genuine.files
        )
        dataset = replace(dataset, sources={source: replace(genuine, files=files)})
        downloads.fetch(dataset, folder, accepted=True)
    receipt = json.loads((folder / downloads.RECEIPT).read_text())
    assert [file["verified"] for file in receipt["files"]] == [True] * len(files)
    return dataset


def laid_out(contents: Contents, folder: Path) -> Path:
    """Files as a user has unpacked them; returns the folder."""
    for content in contents.values():
        for path, data in content.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
    return folder
