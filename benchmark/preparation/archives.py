"""Takes archives apart and packs them; nothing that an archive says about paths or sizes is believed.

Every entry is a plain file or a folder under the target: no absolute path, no `..`, no link, no device. Bytes
are counted as they are written, so that an archive which swells is stopped on the way and not afterwards.
"""

import errno
import gzip
import hashlib
import lzma
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple

from pydantic import BaseModel, ConfigDict

from benchmark.errors import BenchmarkError
from benchmark.packages import needed
from benchmark.preparation.errors import BadArchive, DiskFull
from benchmark.preparation.files import MOMENT

SUFFIXES = (".zip", ".7z", ".tar", ".tar.gz", ".tgz")
"""The kinds of archives that the competitions come in."""
_CHUNK = 1 << 20
_BROKEN = (zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, lzma.LZMAError)


class Limits(BaseModel):
    """What one archive may unpack to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: int = 4_000_000
    """Entries; the largest competition has about three million."""
    total: int = 2 << 40
    """Bytes of all files; the largest competition has about 1.2 TB."""
    ratio: int = 200
    """Bytes out for one byte in, over the whole archive; text tables reach about 20, blank images about
    100."""
    free_of_ratio: int = 64 << 20
    """Bytes that any archive may unpack to, whatever its own size."""


class Entry(NamedTuple):
    """A file in an archive."""

    name: str
    size: int


def is_archive(name: str) -> bool:
    """Whether a file is an archive by its name."""
    return name.lower().endswith(SUFFIXES)


def unpack(archive: Path, target: Path, limits: Limits | None = None) -> None:
    """Unpacks an archive into a folder that is made for it.

    Raises:
        BadArchive: It is broken, names a path outside of the target or one that the disk cannot have, holds a
            link or a device, or is larger than the limits.
        DiskFull: There is no room for what it holds.
        MissingPackage: It is a 7z archive and py7zr is not installed.
    """
    budget = _Budget(archive, limits or Limits())
    target.mkdir(parents=True)
    try:
        if archive.name.lower().endswith(".zip"):
            _unpack_zip(archive, target, budget)
        elif archive.name.lower().endswith(".7z"):
            _unpack_7z(archive, target, budget)
        else:
            _unpack_tar(archive, target, budget)
    except _BROKEN as error:
        raise BadArchive(archive, f"broken: {error}") from error
    except (NotImplementedError, RuntimeError) as error:  # zipfile: an unknown method, a password
        raise BadArchive(archive, str(error)) from error
    except OSError as error:
        raise _explained(error, archive, target) from error


def _explained(error: OSError, archive: Path, target: Path) -> BenchmarkError | OSError:
    """A failure of the system in words, as far as the archive or the disk is to blame."""
    if error.errno == errno.EINVAL:  # a broken offset
        return BadArchive(archive, f"broken: {error}")
    if error.errno == errno.ENAMETOOLONG:
        return BadArchive(archive, "a name in it is too long for this disk")
    if isinstance(error, FileExistsError | NotADirectoryError | IsADirectoryError):
        return BadArchive(archive, f"two entries are called {Path(str(error.filename)).name!r}")
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(target.parent, archive.stat().st_size, shutil.disk_usage(target.parent).free)
    return error


class _Budget:
    """Counts what comes out of one archive and stops it at the limits."""

    def __init__(self, archive: Path, limits: Limits) -> None:
        self._archive = archive
        self._limits = limits
        self._files = 0
        self._bytes = 0
        allowed = max(limits.free_of_ratio, archive.stat().st_size * limits.ratio)
        self._most = min(limits.total, allowed)

    def place(self, name: str, target: Path) -> Path:
        """Where an entry goes."""
        self._files += 1
        if self._files > self._limits.files:
            raise BadArchive(self._archive, f"more than {self._limits.files} entries")
        return target / inner_path(self._archive, name)

    def announce(self, entries: Iterable[Entry]) -> None:
        """Refuses an archive that itself says it is too large, before anything is written."""
        total = sum(entry.size for entry in entries)
        if total > self._most:
            raise BadArchive(self._archive, f"unpacks to {total} bytes, more than {self._most}")

    def copy(self, source: IO[bytes], path: Path) -> None:
        """Writes a new file; two entries of one name are refused."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as out:
            while chunk := source.read(_CHUNK):
                self.count(len(chunk))
                out.write(chunk)

    def count(self, size: int) -> None:
        """Adds bytes that came out."""
        self._bytes += size
        if self._bytes > self._most:
            raise BadArchive(self._archive, f"unpacks to more than {self._most} bytes")


def inner_path(archive: Path, name: str) -> PurePosixPath:
    """The path of an entry, relative and without steps upwards.

    Raises:
        BadArchive: The name leads out of the folder, or is no name at all.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    drive = bool(path.parts) and path.parts[0].endswith(":")
    if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in name or drive:
        raise BadArchive(archive, f"the entry {name!r} leads out of the archive")
    return path


def _unpack_zip(archive: Path, target: Path, budget: _Budget) -> None:
    with zipfile.ZipFile(archive) as opened:
        infos = opened.infolist()
        budget.announce(Entry(info.filename, info.file_size) for info in infos)
        # Files are made in an order that says nothing: it stays readable in their inodes.
        for info in sorted(infos, key=_mixed):
            path = budget.place(info.filename, target)
            kind = (info.external_attr >> 16) & 0o170000
            if info.is_dir():
                path.mkdir(parents=True, exist_ok=True)
            elif kind not in (0, 0o100000):
                raise BadArchive(archive, f"the entry {info.filename!r} is no plain file")
            else:
                with opened.open(info) as source:
                    budget.copy(source, path)


def _mixed(info: zipfile.ZipInfo) -> bytes:
    return hashlib.sha256(info.filename.encode("utf-8", "surrogatepass")).digest()


def _unpack_tar(archive: Path, target: Path, budget: _Budget) -> None:
    with tarfile.open(archive, "r:*") as opened:
        for member in opened:
            if member.name in (".", "./"):
                continue
            path = budget.place(member.name, target)
            if member.isdir():
                path.mkdir(parents=True, exist_ok=True)
                continue
            source = opened.extractfile(member) if member.isreg() else None
            if source is None:
                raise BadArchive(archive, f"the entry {member.name!r} is no plain file")
            with source:
                budget.copy(source, path)
        # The checksum of a compressed tar stands behind its last entry.
        while rest := opened.fileobj.read(_CHUNK):
            budget.count(len(rest))


def _unpack_7z(archive: Path, target: Path, budget: _Budget) -> None:
    py7zr = _py7zr()
    from py7zr.exceptions import AbsolutePathError, ArchiveError, PasswordRequired

    try:
        with py7zr.SevenZipFile(archive, "r") as opened:
            infos = opened.list()
            budget.announce(Entry(info.filename, info.uncompressed) for info in infos)
            for info in infos:
                budget.place(info.filename, target)
                if info.is_symlink or not (info.is_directory or info.is_file):
                    raise BadArchive(archive, f"the entry {info.filename!r} is no plain file")
            # The sizes above are the archive's own word; py7zr stops where a file is longer than announced.
            opened.extractall(target)
    except (ArchiveError, PasswordRequired, AbsolutePathError) as error:
        raise BadArchive(archive, f"broken: {error}") from error


def pack(archive: Path, files: Iterable[tuple[str, Path]], folders: Iterable[str] = ()) -> None:
    """Packs files under the names given; media are stored as they are, text is deflated.

    Args:
        archive: The archive to write; its name says which kind.
        files: The names inside the archive and where the bytes are.
        folders: Entries for folders, written first.

    Raises:
        MissingPackage: It is a 7z archive and py7zr is not installed.
    """
    archive.parent.mkdir(parents=True, exist_ok=True)
    if archive.name.endswith(".zip"):
        _pack_zip(archive, files, folders)
    elif archive.name.endswith(".7z"):
        _pack_7z(archive, files, folders)
    else:
        raise ValueError(f"no archive of this kind is written: {archive.name!r}")


_TEXT = (".csv", ".tsv", ".json", ".txt", ".xyz", ".aif", ".bmp", ".wav")


def _pack_zip(archive: Path, files: Iterable[tuple[str, Path]], folders: Iterable[str]) -> None:
    with zipfile.ZipFile(archive, "w") as opened:
        for folder in folders:
            opened.writestr(_info(f"{folder}/", folder=True), b"")
        for name, path in files:
            info = _info(name)
            info.compress_type = zipfile.ZIP_DEFLATED if name.endswith(_TEXT) else zipfile.ZIP_STORED
            with (
                path.open("rb") as source,
                opened.open(info, "w", force_zip64=path.stat().st_size >= 1 << 31) as out,
            ):
                shutil.copyfileobj(source, out, _CHUNK)


def _info(name: str, folder: bool = False) -> zipfile.ZipInfo:
    """An entry with a fixed date, so that the same files make the same bytes."""
    info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    info.external_attr = (0o40755 << 16 | 0x10) if folder else 0o100644 << 16
    return info


def _pack_7z(archive: Path, files: Iterable[tuple[str, Path]], folders: Iterable[str]) -> None:
    py7zr = _py7zr()
    from py7zr.helpers import ArchiveTimestamp

    with py7zr.SevenZipFile(archive, "w") as opened:
        for folder in folders:
            with _empty_folder(archive) as empty:
                opened.write(empty, folder)
        for name, path in files:
            opened.write(path, name)
        moment = ArchiveTimestamp.from_datetime(MOMENT)
        written = opened.header.files_info
        for info in written.files if written is not None else ():
            info.update(creationtime=moment, lastwritetime=moment, lastaccesstime=moment)


@contextmanager
def _empty_folder(archive: Path) -> Generator[Path]:
    folder = archive.with_name(f".{archive.name}.folder")
    folder.mkdir()
    try:
        yield folder
    finally:
        folder.rmdir()


def _py7zr() -> Any:  # noqa: ANN401 - a module of a package that may be missing
    return needed("py7zr", "prepare", "this competition comes as a 7z archive")
