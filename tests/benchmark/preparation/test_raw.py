"""Raw files are found through archives, wherever these keep them, and missing ones are named."""

import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from benchmark.preparation.errors import BadArchive, BadRaw, MissingRaw
from benchmark.preparation.raw import Raw


def zipped(entries: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        for name, content in entries.items():
            opened.writestr(name, content)
    return buffer.getvalue()


def opened(tmp_path: Path, files: Mapping[str, bytes]) -> Raw:
    for name, content in files.items():
        path = tmp_path / "raw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (tmp_path / "scratch").mkdir()
    return Raw("some-competition", tmp_path / "raw", tmp_path / "scratch")


PICTURES = {"1.png": b"one", "2.png": b"two"}
IN_A_FOLDER = {f"pictures/{name}": content for name, content in PICTURES.items()}


@pytest.mark.parametrize(
    "files",
    [
        {"pictures.zip": zipped(PICTURES)},
        {"pictures.zip": zipped(IN_A_FOLDER)},
        {"pictures.zip": zipped({**IN_A_FOLDER, "__MACOSX/._1.png": b"x"})},
        PICTURES,
        IN_A_FOLDER,
        {f"pictures/{name}": content for name, content in IN_A_FOLDER.items()},
    ],
    ids=["flat", "folder", "macintosh", "loose", "by hand", "by hand twice"],
)
def test_an_archive_wherever_its_files_are(files: Mapping[str, bytes], tmp_path: Path) -> None:
    raw = opened(tmp_path, {**files, "table.csv": b"x\n"})
    rows = [{"n": 1}, {"n": 2}]
    assert [path.read_bytes() for path in raw.each("pictures.zip/{n}.png", rows)] == [b"one", b"two"]
    assert raw.path("pictures.zip/2.png").read_bytes() == b"two"
    assert raw.rows("pictures.zip/{name}", ".png") == [{"name": "1.png"}, {"name": "2.png"}]


def test_an_archive_in_an_archive(tmp_path: Path) -> None:
    raw = opened(tmp_path, {"outer.zip": zipped({"deep/inner.zip": zipped({"train/1.png": b"one"})})})
    assert raw.path("outer.zip/deep/inner.zip/1.png").read_bytes() == b"one"
    assert raw.movable(raw.path("outer.zip/deep/inner.zip/1.png"))
    assert not raw.movable(raw.path("outer.zip"))
    assert [path.name for path in (tmp_path / "raw").iterdir()] == ["outer.zip"]


def test_files_of_a_tar_are_copied_for_their_order_is_readable(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as packed:
        packed.addfile(tarfile.TarInfo("1.png"))
    raw = opened(tmp_path, {"a.tar": buffer.getvalue(), "b.zip": zipped(PICTURES)})
    assert not raw.movable(raw.path("a.tar/1.png"))
    assert raw.movable(raw.path("b.zip/1.png"))


def test_a_table_that_is_zipped_though_nobody_said_so(tmp_path: Path) -> None:
    raw = opened(tmp_path, {"train.json.zip": zipped({"train.json": b"[]"})})
    raw.require(["train.json"])
    assert raw.path("train.json").read_bytes() == b"[]"


def test_every_missing_file_is_named(tmp_path: Path) -> None:
    raw = opened(tmp_path, {"train.csv": b"x\n", "test/1.png": b"x"})
    raw.require(["train.csv", "test", "test/*.png"])
    with pytest.raises(MissingRaw) as caught:
        raw.require(["train.csv", "pictures.zip", "test/*.tif", "labels.csv"])
    assert caught.value.missing == ("pictures.zip", "test/*.tif", "labels.csv")
    with pytest.raises(MissingRaw, match=r"3\.png"):
        list(raw.each("test/{n}.png", [{"n": 1}, {"n": 3}]))
    with pytest.raises(MissingRaw, match=r"test/\{name\}"):
        raw.rows("test/{name}", ".tif")
    with pytest.raises(MissingRaw):
        raw.path("nowhere/table.csv")


def test_rows_from_names_of_files(tmp_path: Path) -> None:
    files = {
        f"train/{kind}/{name}": b"x" for kind in ("b k", "A") for name in ("10.png", "9.png", "notes.txt")
    }
    raw = opened(tmp_path, {**files, "train/readme.png": b"x"})
    rows = raw.rows("train/{kind}/{file}", ".png")
    expected = [("A", "10.png"), ("A", "9.png"), ("b k", "10.png"), ("b k", "9.png")]
    assert [(row["kind"], row["file"]) for row in rows] == expected
    assert raw.names("train/A/*.png") == ["10.png", "9.png"]
    assert raw.size(["train"]) == 7


def test_hostile_names_and_archives(tmp_path: Path) -> None:
    raw = opened(tmp_path, {"train/1.png": b"x", "bad.zip": zipped({"../out": b"x"})})
    (tmp_path / "secret.png").write_text("secret")
    with pytest.raises(BadRaw, match="leads out"):
        list(raw.each("train/{n}.png", [{"n": "../../secret"}]))
    with pytest.raises(BadArchive, match="leads out"):
        raw.path("bad.zip/out")
