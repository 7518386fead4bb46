"""Archives are taken apart safely: no path escapes, no links, no bombs, and nothing broken is believed."""

import gzip
import io
import os
import random
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import py7zr
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.preparation.archives import Limits, inner_path, pack, unpack
from benchmark.preparation.errors import BadArchive, DiskFull

SMALL = Limits(files=20, total=1 << 20, ratio=20, free_of_ratio=1 << 10)
Entries = dict[str, bytes]


def write_zip(path: Path, entries: Entries) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in entries.items():
            opened.writestr(name, content)


def write_tar(path: Path, entries: Entries) -> None:
    with tarfile.open(path, "w:gz") as opened:
        for name, content in entries.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            opened.addfile(info, io.BytesIO(content))


def write_7z(path: Path, entries: Entries) -> None:
    with py7zr.SevenZipFile(path, "w") as opened:
        for name, content in entries.items():
            opened.writestr(content, name)


WRITERS: dict[str, Callable[[Path, Entries], None]] = {
    "a.zip": write_zip,
    "a.tar.gz": write_tar,
    "a.7z": write_7z,
}


def everything_in(folder: Path) -> Entries:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("name", WRITERS)
def test_unpacked_is_what_was_packed(name: str, tmp_path: Path) -> None:
    entries = {
        "a.txt": b"one",
        "b/c/d.bin": random.Random(0).randbytes(5000),
        "empty": b"",
        "b/ü x.csv": b"1,2\n",
    }
    WRITERS[name](tmp_path / name, entries)
    unpack(tmp_path / name, tmp_path / "out")
    assert everything_in(tmp_path / "out") == entries


@pytest.mark.parametrize("name", ["a.zip", "a.7z"])
def test_packed_is_what_was_given(name: str, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"content")
    pack(tmp_path / name, [("x/one.png", tmp_path / "source"), ("two.csv", tmp_path / "source")], ["x"])
    unpack(tmp_path / name, tmp_path / "out")
    assert everything_in(tmp_path / "out") == {"x/one.png": b"content", "two.csv": b"content"}
    assert {path.name for path in tmp_path.iterdir()} == {"source", name, "out"}


@pytest.mark.parametrize("kind", ["zip", "7z"])
def test_an_archive_is_the_same_every_time(kind: str, tmp_path: Path) -> None:
    for number in (1, 2):
        source = tmp_path / f"source-{number}"
        source.write_bytes(b"content" * 99)
        os.utime(source, (number * 10**9, number * 10**9))
        pack(tmp_path / f"{number}.{kind}", [("x/one.csv", source)], ["x"])
    assert (tmp_path / f"1.{kind}").read_bytes() == (tmp_path / f"2.{kind}").read_bytes()


def test_files_are_not_made_in_the_order_of_a_zip(tmp_path: Path) -> None:
    """Which are made first shows where unpacking is stopped in the middle."""
    names = [f"{kind}.{number}" for kind in ("cat", "dog") for number in range(20)]
    made: list[set[str]] = []
    for number, order in enumerate((names, names[::-1])):
        write_zip(tmp_path / f"{number}.zip", dict.fromkeys(order, b"x"))
        with pytest.raises(BadArchive, match="more than 20 entries"):
            unpack(tmp_path / f"{number}.zip", tmp_path / str(number), SMALL)
        made.append(set(everything_in(tmp_path / str(number))))
    assert made[0] == made[1]
    assert {name[:3] for name in made[0]} == {"cat", "dog"}


@pytest.mark.parametrize(
    "inner", ["../out.txt", "/tmp/out.txt", "a/../../out.txt", "..\\out.txt", "C:\\out.txt"]
)
@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz"])
def test_no_path_leads_out(name: str, inner: str, tmp_path: Path) -> None:
    WRITERS[name](tmp_path / name, {"fine.txt": b"x", inner: b"escaped"})
    with pytest.raises(BadArchive, match="leads out"):
        unpack(tmp_path / name, tmp_path / "deep" / "out")
    found = everything_in(tmp_path)
    assert found.keys() <= {name, "deep/out/fine.txt"}


@given(st.text(st.sampled_from("ab./\\:\0 ~"), max_size=12))
def test_every_name_stays_inside(name: str) -> None:
    try:
        path = inner_path(Path("a.zip"), name)
    except BadArchive:
        return
    folder = Path("/some/folder")
    assert (folder / path).is_relative_to(folder)
    assert ".." not in path.parts


def test_no_links_and_no_devices(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as opened:
        info = zipfile.ZipInfo("link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        opened.writestr(info, "/etc/passwd")
    kinds = {
        "symbolic": tarfile.SYMTYPE,
        "hard": tarfile.LNKTYPE,
        "fifo": tarfile.FIFOTYPE,
        "device": tarfile.CHRTYPE,
    }
    for kind, value in kinds.items():
        with tarfile.open(tmp_path / f"{kind}.tar", "w") as opened:
            member = tarfile.TarInfo("member")
            member.type, member.linkname = value, "/etc/passwd"
            opened.addfile(member)
    (tmp_path / "to").symlink_to("/etc/passwd")
    with py7zr.SevenZipFile(tmp_path / "link.7z", "w") as opened:
        opened.write(tmp_path / "to", "to")
    for archive in (*tmp_path.glob("*.zip"), *tmp_path.glob("*.tar"), *tmp_path.glob("*.7z")):
        with pytest.raises(BadArchive, match="no plain file"):
            unpack(archive, tmp_path / "out" / archive.name)


@pytest.mark.parametrize("name", WRITERS)
def test_no_bombs(name: str, tmp_path: Path) -> None:
    WRITERS[name](tmp_path / name, {"zeros": bytes(1 << 19)})
    with pytest.raises(BadArchive, match="unpacks to"):
        unpack(tmp_path / name, tmp_path / "out", SMALL)
    assert sum(len(content) for content in everything_in(tmp_path / "out").values()) <= 1 << 19
    WRITERS[name](tmp_path / f"many-{name}", {f"f{number}": b"x" for number in range(21)})
    with pytest.raises(BadArchive, match="more than 20 entries"):
        unpack(tmp_path / f"many-{name}", tmp_path / "many", SMALL)


def test_a_zip_that_lies_about_its_size(tmp_path: Path) -> None:
    write_zip(tmp_path / "a.zip", {"zeros": bytes(1 << 19)})
    content = (tmp_path / "a.zip").read_bytes()
    lying = content.replace((1 << 19).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    assert lying != content
    (tmp_path / "lying.zip").write_bytes(lying)
    with pytest.raises(BadArchive):
        unpack(tmp_path / "lying.zip", tmp_path / "out", SMALL)


def test_entries_do_not_hide_each_other(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "twice.zip", "w") as opened, pytest.warns(UserWarning, match="Duplicate"):
        opened.writestr("a", "1")
        opened.writestr("a", "2")
    write_zip(tmp_path / "below.zip", {"a": b"1", "a/b": b"2"})
    for name in ("twice.zip", "below.zip"):
        with pytest.raises(BadArchive, match="two entries"):
            unpack(tmp_path / name, tmp_path / "out" / name)


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_folders_and_files_of_one_name(kind: str, tmp_path: Path) -> None:
    """A file where a folder is, a folder where a file is, and one below a file."""
    for number, names in enumerate((["a/", "a"], ["a", "a/"], ["a", "a/b/"])):
        path = tmp_path / f"{number}.{kind}"
        if kind == "zip":
            write_zip(path, dict.fromkeys(names, b""))
        else:
            with tarfile.open(path, "w") as opened:
                for name in names:
                    member = tarfile.TarInfo(name.rstrip("/"))
                    member.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
                    opened.addfile(member)
        with pytest.raises(BadArchive, match="two entries"):
            unpack(path, tmp_path / "out" / path.name)


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("inner", ["n" * 300, "a/" * 3000 + "b"])
def test_names_that_no_disk_has(inner: str, name: str, tmp_path: Path) -> None:
    WRITERS[name](tmp_path / name, {inner: b"x"})
    with pytest.raises(BadArchive, match="too long"):
        unpack(tmp_path / name, tmp_path / "out")


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every new file is the device that has no room."""
    write_zip(tmp_path / "a.zip", {"file": b"x" * 9999})
    opened = Path.open

    def full(path: Path, mode: str = "r") -> IO[Any]:
        return opened(Path("/dev/full"), "wb") if mode == "xb" else opened(path, mode)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(DiskFull, match="GB free"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


def test_what_follows_the_last_entry_counts(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "a.tar.gz", "wb") as packed:
        with tarfile.open(fileobj=packed, mode="w") as opened:
            opened.addfile(tarfile.TarInfo("empty"))
        packed.write(bytes(1 << 20))
    with pytest.raises(BadArchive, match="unpacks to more than"):
        unpack(tmp_path / "a.tar.gz", tmp_path / "out", SMALL)


@pytest.mark.parametrize("name", WRITERS)
def test_broken_archives(name: str, tmp_path: Path) -> None:
    WRITERS[name](tmp_path / name, {"file": random.Random(1).randbytes(4000)})
    whole = (tmp_path / name).read_bytes()
    spoilt = bytearray(whole)
    spoilt[len(whole) // 2] ^= 255
    for number, content in enumerate((b"", b"not an archive", whole[: len(whole) // 2], bytes(spoilt))):
        path = tmp_path / f"{number}-{name}"
        path.write_bytes(content)
        with pytest.raises(BadArchive):
            unpack(path, tmp_path / f"out-{number}")


def test_a_password(tmp_path: Path) -> None:
    with py7zr.SevenZipFile(tmp_path / "a.7z", "w", password="secret") as opened:
        opened.writestr(b"x", "x")
    with pytest.raises(BadArchive):
        unpack(tmp_path / "a.7z", tmp_path / "out")
