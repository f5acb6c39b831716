"""Archives from elsewhere, unpacked so that they can do no harm."""

import logging
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from lzma import LZMAError
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Literal, NamedTuple

from asymmetry.compute import progress
from asymmetry.errors import UserError

RATIO = 10  # unpacked over packed size that no archive of pictures comes near to
SLACK = 50_000_000  # bytes that every archive may unpack to, for small texts are packed well
MOST_MEMBERS = 1_000_000

logger = logging.getLogger(__name__)


class _Member(NamedTuple):
    name: str
    size: int
    kind: Literal["file", "folder", "link or device"]
    extract: Callable[[Path], None]


def unpack(archive: Path, kind: Literal["tar", "zip"], folder: Path, members: str = "*") -> int:
    """Unpack the files of an archive whose names match the shell pattern `members`; return how many.

    Refused are: a path out of `folder`, a link, a device, more than RATIO times the archive's size (and SLACK), and
    more than MOST_MEMBERS members. Owners, modes and times are not taken over. What was unpacked before a fault is
    left: unpack into a folder that is thrown away then.

    Raises:
        UserError: the archive is broken or hostile, or has no member of such a name.
    """
    limit = RATIO * archive.stat().st_size + SLACK
    files = size = 0
    try:
        found = {"tar": _tar, "zip": _zip}[kind](archive)
        for number, member in enumerate(progress(found, f"unpacking {archive.name}"), start=1):
            _check_place(archive, member)
            if number > MOST_MEMBERS:
                raise _refused(archive, f"has more than {MOST_MEMBERS} members")
            if member.kind != "file" or not fnmatchcase(member.name.removeprefix("./"), members):
                continue
            size += member.size
            if size > limit:
                raise _refused(archive, f"unpacks to more than {limit} bytes, {RATIO} times its size")
            member.extract(folder)
            files += 1
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, LZMAError, EOFError, RuntimeError, OSError) as error:
        reason = f"{archive.name} cannot be unpacked: {error}."
        raise UserError(reason, "is the disk full, or the file broken?") from error
    if not files:
        raise UserError(f"{archive.name} has no file like {members!r}.", "its layout has changed; report it")
    logger.info("%s: %d files, %d bytes", archive.name, files, size)
    return files


def _refused(archive: Path, reason: str) -> UserError:
    return UserError(f"{archive.name} is not unpacked: it {reason}.", "do not trust where it came from")


def _check_place(archive: Path, member: _Member) -> None:
    if member.kind == "link or device":
        raise _refused(archive, f"holds a link or device, {member.name!r}")
    for path in (PurePosixPath(member.name), PureWindowsPath(member.name)):
        if path.root or path.drive or ".." in path.parts:
            raise _refused(archive, f"would write outside its folder, to {member.name!r}")


def _tar(archive: Path) -> Iterator[_Member]:
    with tarfile.open(archive) as tar:
        while (member := tar.next()) is not None:
            kind = "file" if member.isreg() else "folder" if member.isdir() else "link or device"
            extract = lambda folder, member=member: tar.extract(member, folder, set_attrs=False, filter="data")  # noqa: E731
            yield _Member(member.name, member.size, kind, extract)
            tar.members.clear()  # a list of a million would be large


def _zip(archive: Path) -> Iterator[_Member]:
    with zipfile.ZipFile(archive) as pack:
        for member in pack.infolist():
            mode = stat.S_IFMT(member.external_attr >> 16)
            kind = "folder" if member.is_dir() else "file" if mode in (0, stat.S_IFREG) else "link or device"
            extract = lambda folder, member=member: pack.extract(member, folder)  # noqa: E731
            yield _Member(member.filename, member.file_size, kind, extract)
