"""The Kaggle download by way of the kaggle package, against a local server and its faults."""

# The kaggle package ships no types.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false

import hashlib
import io
import random
import shutil
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from benchmark.__main__ import app
from benchmark.preparation.checksums import CHECKSUMS
from benchmark.registry import COMPETITIONS, find
from tests.benchmark.preparation.describing import describe_tree, differences
from tests.benchmark.preparation.kaggle_server import KaggleServer
from tests.benchmark.preparation.test_golden import DATA, expected_of

NAME = "spaceship-titanic"
CHUNK = 1 << 20
"""What the kaggle package writes at once: less than that is lost when a transfer breaks."""


def archive() -> bytes:
    """The small raw data, and a file beside them that makes the download a few chunks long."""
    buffer = io.BytesIO((DATA / f"{NAME}.zip").read_bytes())
    with zipfile.ZipFile(buffer, "a") as opened:
        opened.writestr("notes.bin", random.Random(0).randbytes(3 * CHUNK))
    return buffer.getvalue()


ARCHIVE = archive()


@pytest.fixture
def server(kaggle: KaggleServer) -> KaggleServer:
    """Kaggle with the data of one competition."""
    kaggle.archives[NAME] = ARCHIVE
    return kaggle


def run(data: Path, *more: str) -> Result:
    return CliRunner().invoke(app, ["prepare", NAME, "--data-dir", str(data), *more])


def left(data: Path) -> set[str]:
    """What lies beside the prepared data, locks apart."""
    folder = data / NAME
    return (
        {path.name for path in folder.iterdir() if not path.name.endswith(".lock")}
        if folder.is_dir()
        else set()
    )


def test_a_download_is_prepared(server: KaggleServer, tmp_path: Path) -> None:
    done = run(tmp_path, "--any-download")
    assert done.exit_code == 0, done.output
    expected = expected_of(NAME)
    private = describe_tree(tmp_path / NAME / "prepared" / "private")
    assert differences(expected["private"], private) == []
    assert left(tmp_path) == {"prepared"}
    assert "public/train.csv: differs" in done.output
    count = len(server.asked)
    again = run(tmp_path)
    assert again.exit_code == 0
    assert again.stdout == done.stdout
    assert len(server.asked) == count


def test_a_kept_download_serves_again(server: KaggleServer, tmp_path: Path) -> None:
    assert run(tmp_path, "--any-download", "--keep-raw").exit_code == 0
    assert left(tmp_path) == {"prepared", "raw"}
    shutil.rmtree(tmp_path / NAME / "prepared")
    count = len(server.asked)
    assert run(tmp_path).exit_code == 0
    assert len(server.asked) == count
    raw, kept = tmp_path / NAME / "raw" / "train.csv", describe_tree(tmp_path / NAME / "raw")
    assert raw.stat().st_nlink == 1
    assert kept.keys() == {"train.csv", "notes.bin"}


@pytest.mark.parametrize(
    ("status", "headers", "words"),
    [
        (401, {}, ["does not accept", "KAGGLE_API_TOKEN"]),
        (403, {}, ["(403)", f"https://www.kaggle.com/c/{NAME}/rules", "phone"]),
        (404, {}, ["(404)", NAME]),
        (429, {"Retry-After": "77"}, ["(429)", "77 seconds"]),
        (500, {}, ["status 500", "goes on where it stopped"]),
    ],
)
def test_refusals(
    server: KaggleServer, tmp_path: Path, status: int, headers: dict[str, str], words: list[str]
) -> None:
    server.refuse = (status, headers)
    done = run(tmp_path)
    assert done.exit_code == 1
    assert all(word in done.stderr for word in words), done.stderr
    assert "Traceback" not in done.output
    assert left(tmp_path) == set()


def test_no_credentials(server: KaggleServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    done = run(tmp_path)
    assert done.exit_code == 1
    assert "export KAGGLE_API_TOKEN=<token>" in done.stderr
    assert done.stdout == ""


def test_a_token_that_is_not_known(
    server: KaggleServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", "KGAT_secret_and_wrong")
    done = run(tmp_path)
    assert done.exit_code == 1
    assert "does not accept" in done.stderr
    assert "secret" not in done.output


@pytest.mark.usefixtures("unreachable")
@pytest.mark.parametrize("credentials", ["token", "key"])
def test_no_way_to_kaggle(credentials: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said once, and not of every competition."""
    if credentials == "key":
        monkeypatch.delenv("KAGGLE_API_TOKEN")
        (tmp_path / "kaggle.json").write_text('{"username": "someone", "key": "secret"}')
    done = CliRunner().invoke(
        app, ["prepare", NAME, "spooky-author-identification", "--data-dir", str(tmp_path / "data")]
    )
    assert done.exit_code == 1
    assert done.stderr.count("cannot reach Kaggle") == 1
    assert "--raw DIR" in done.stderr
    assert "spooky" not in done.stderr


@pytest.mark.parametrize("status", [403, 502])
def test_a_refusal_at_sign_in_is_not_one_of_the_data(
    status: int, server: KaggleServer, tmp_path: Path
) -> None:
    server.sign_in = status
    done = run(tmp_path)
    assert done.exit_code == 1
    assert "rules" not in done.stderr
    assert NAME not in done.stderr


@pytest.mark.parametrize(
    "content", ['["someone", "secret"]', '{"username": "someone", "key": "sec', '"secret"']
)
def test_a_key_that_cannot_be_read(
    content: str, server: KaggleServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    (tmp_path / "kaggle.json").write_text(content)
    done = run(tmp_path)
    assert done.exit_code == 1
    assert "kaggle.json cannot be read" in done.stderr
    assert "sec" not in done.output
    assert isinstance(done.exception, SystemExit)


def test_a_broken_transfer_goes_on(server: KaggleServer, tmp_path: Path) -> None:
    server.cuts = 1
    done = run(tmp_path, "--any-download")
    assert done.exit_code == 0, done.output
    assert server.ranges == [None, f"bytes={CHUNK}-"]


def test_a_transfer_goes_on_in_the_next_run(server: KaggleServer, tmp_path: Path) -> None:
    server.cuts = 100
    done = run(tmp_path, "--any-download")
    assert done.exit_code == 1
    assert "goes on where it stopped" in done.stderr
    there = (tmp_path / NAME / f"{NAME}.zip").stat().st_size
    assert 0 < there < len(ARCHIVE)
    server.cuts, server.ranges = 0, []
    assert run(tmp_path, "--any-download").exit_code == 0
    assert server.ranges[-1] == f"bytes={there}-"


def test_another_file_than_recorded(server: KaggleServer, tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.exit_code == 1
    assert all(word in done.stderr for word in ("67c177886736583aff9b947e121395a9", "--any-download")), (
        done.stderr
    )
    assert left(tmp_path) == {f"{NAME}.zip"}


def test_a_download_that_is_there(
    server: KaggleServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has the recorded checksum is not asked for again."""
    folder = tmp_path / "facts"
    shutil.copytree(COMPETITIONS / NAME, folder / NAME)
    monkeypatch.setattr("benchmark.registry.COMPETITIONS", folder)
    sums = folder / NAME / CHECKSUMS
    sums.write_text(
        sums.read_text().replace("67c177886736583aff9b947e121395a9", hashlib.md5(ARCHIVE).hexdigest())
    )
    for attempt in range(2):
        done = run(tmp_path / "data")
        assert done.exit_code == 0, done.output
        assert len([path for path in server.asked if "DownloadDataFiles" in path]) == 1
        if attempt == 0:
            assert left(tmp_path / "data") == {"prepared"}
            shutil.rmtree(tmp_path / "data" / NAME / "prepared")
            (tmp_path / "data" / NAME / f"{NAME}.zip").write_bytes(ARCHIVE)


def test_too_small_a_disk(server: KaggleServer, tmp_path: Path) -> None:
    server.announced = 1 << 50
    done = run(tmp_path)
    assert done.exit_code == 1
    assert "GB free and" in done.stderr
    assert left(tmp_path) == set()


def test_it_is_on_kaggle_under_its_slug(server: KaggleServer, tmp_path: Path) -> None:
    assert find(NAME).slug == NAME
    server.archives.clear()
    done = run(tmp_path)
    assert NAME in done.stderr
    assert "(404)" in done.stderr
