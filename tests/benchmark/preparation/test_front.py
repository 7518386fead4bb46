"""`prepare` as users type it: raw files that are there, several competitions, what it says and leaves."""

import json
import os
import shutil
import stat
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from benchmark.__main__ import app
from benchmark.competition import Competition
from benchmark.preparation import large
from benchmark.preparation.checksums import CHECKSUMS, check_tables, md5_of, recorded
from benchmark.preparation.errors import BadRaw, DiskFull, MissingRaw
from benchmark.preparation.files import MOMENT
from benchmark.preparation.old_floats import read_as_before
from benchmark.prepare import DESCRIPTION, Options, prepare, prepared
from benchmark.registry import find
from tests.benchmark.digests import public_digest
from tests.benchmark.preparation.describing import describe_tree
from tests.benchmark.preparation.test_golden import DATA, raw_of

TITANIC, SPOOKY, APTOS = "spaceship-titanic", "spooky-author-identification", "aptos2019-blindness-detection"
PIZZA, BIRDS, SPEECH = "random-acts-of-pizza", "mlsp-2013-birds", "ml2021spring-hw2"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["prepare", *map(str, arguments)])


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """The raw files of two competitions, one folder each."""
    for name in (TITANIC, SPOOKY):
        raw_of(name, tmp_path / "raw" / name)
    return tmp_path / "raw"


def test_several_at_once_as_json(raw: Path, tmp_path: Path) -> None:
    done = run(TITANIC, SPOOKY, "--raw", raw, "--data-dir", tmp_path / "data", "--json")
    assert done.exit_code == 0, done.output
    assert done.stderr == ""
    results = json.loads(done.stdout)
    assert [result["id"] for result in results] == [TITANIC, SPOOKY]
    assert results[0]["tables"]["public/train.csv"] == "differs"
    assert results[0]["same_as_upstream"] is False
    for result in results:
        assert result["digest"] == public_digest(Path(result["folder"]) / "public")


def test_the_folder_of_one(raw: Path, tmp_path: Path) -> None:
    """The files of one competition themselves, or its download, or where mle-bench keeps them."""
    told = run(SPOOKY, "--raw", raw / SPOOKY, "--data-dir", tmp_path / "data")
    assert told.exit_code == 0
    assert f"{SPOOKY}: the raw files are not those that MLE-bench used" in told.stderr
    assert prepared(find(SPOOKY), tmp_path / "data").manifest
    (tmp_path / "archive").mkdir()
    shutil.copy(DATA / f"{SPOOKY}.zip", tmp_path / "archive")
    assert run(SPOOKY, "--raw", tmp_path / "archive", "--data-dir", tmp_path / "more").exit_code == 0
    raw_of(SPOOKY, tmp_path / "mle-bench" / SPOOKY / "raw")
    assert run(SPOOKY, "--raw", tmp_path / "mle-bench", "--data-dir", tmp_path / "again").exit_code == 0


def test_one_failure_does_not_stop_the_others(raw: Path, tmp_path: Path) -> None:
    (raw / TITANIC / "train.csv").unlink()
    done = run(TITANIC, SPOOKY, "--raw", raw, "--data-dir", tmp_path / "data", "--json")
    assert done.exit_code == 1
    first, second = json.loads(done.stdout)
    assert first["error"] == "missing_raw"
    assert "train.csv" in first["message"]
    assert second["digest"]
    assert f"error: '{TITANIC}' is prepared from train.csv" in done.stderr
    assert [path.name for path in (tmp_path / "data" / TITANIC).iterdir()] == [".lock"]


def test_what_cannot_be_prepared(raw: Path, tmp_path: Path) -> None:
    for arguments, words in (
        ((), "name competitions or splits"),
        ((SPOOKY, "--data-version", "2"), "use version 1"),
        (("AI4Code",), "error: mle-bench prepares 'AI4Code'"),
        ((SPOOKY, "--raw", tmp_path / "nowhere"), "there is no such folder"),
    ):
        done = run(
            *arguments, *(() if "--raw" in arguments else ("--raw", raw)), "--data-dir", tmp_path / "data"
        )
        assert done.exit_code == 1
        assert words in done.stderr, done.stderr
        assert ".yaml" not in done.stderr


def test_a_set_without_those_that_lack_a_version(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who names one of them is told that there is no such version of it."""
    monkeypatch.setattr("benchmark.cli.preparing._preparable", lambda: (TITANIC, SPOOKY, APTOS))
    options = ("--raw", raw, "--data-dir", tmp_path / "data", "--data-version", "2", "--json")
    done = run("--all", *options)
    assert done.exit_code == 0, done.stderr
    assert [result["id"] for result in json.loads(done.stdout)] == [TITANIC]
    assert done.stderr == f"left out, for they have no data version 2: {SPOOKY}, {APTOS}\n"
    done = run("--all", SPOOKY, *options)
    assert [result.get("error") for result in json.loads(done.stdout)] == ["no_such_version", None]


def test_several_from_the_layout_of_mle_bench(tmp_path: Path) -> None:
    """The folder itself is the files of neither, whatever it holds."""
    for name in (TITANIC, SPOOKY):
        raw_of(name, tmp_path / "raw" / name / "raw")
    raw_of(APTOS, tmp_path / "raw")
    done = run(TITANIC, SPOOKY, APTOS, "--raw", tmp_path / "raw", "--data-dir", tmp_path / "data", "--json")
    results = json.loads(done.stdout)
    assert [result.get("error") for result in results] == [None, None, "no_such_file"]
    assert f"{APTOS}'" in results[2]["message"]


def test_a_failure_of_the_system_does_not_stop_the_others(raw: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / TITANIC).write_text("in the way")
    done = run(TITANIC, SPOOKY, "--raw", raw, "--data-dir", tmp_path / "data", "--json")
    assert done.exit_code == 1
    assert [result.get("error") for result in json.loads(done.stdout)] == ["os", None]
    assert f"error: {TITANIC}: " in done.stderr


def test_a_failure_that_no_preparation_foresees_does_not_stop_the_others(raw: Path, tmp_path: Path) -> None:
    (raw / PIZZA).mkdir()
    (raw / PIZZA / "train.json").write_text("[" * 100_000)  # deeper than Python's parser goes
    (raw / PIZZA / "test.json").write_text("[{}]")
    done = run(PIZZA, SPOOKY, "--raw", raw, "--data-dir", tmp_path / "data", "--json")
    assert done.exit_code == 1
    assert [result.get("error") for result in json.loads(done.stdout)] == ["unexpected", None]
    assert f"error: {PIZZA}: unexpected RecursionError (decoder.py, line " in done.stderr
    assert [path.name for path in (tmp_path / "data" / PIZZA).iterdir()] == [".lock"]


def test_raw_files_stay_as_they_are(tmp_path: Path) -> None:
    """Raw files may be read-only, are never linked to, and nothing is unpacked beside them."""
    folder = raw_of(APTOS, tmp_path / "raw")
    for path in (*folder.rglob("*"), folder):
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    public = prepare(find(APTOS), tmp_path / "data", Options(raw=folder)).public
    raw_inodes = {path.stat().st_ino for path in folder.rglob("*")}
    for path in public.rglob("*"):
        state = path.stat()
        assert state.st_ino not in raw_inodes
        assert path.is_dir() or (state.st_nlink == 1 and state.st_mode & stat.S_IWUSR)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_times_of_public_files_say_nothing(tmp_path: Path) -> None:
    """Also where files are links to what was unpacked, and after the description has changed."""
    name = "plant-seedlings-classification"
    (tmp_path / "raw").mkdir()
    shutil.copy(DATA / f"{name}.zip", tmp_path / "raw" / f"{find(name).slug}.zip")
    folders = prepare(find(name), tmp_path / "data", Options(raw=tmp_path / "raw"))
    for _ in range(2):
        paths = [folders.public, *folders.public.rglob("*")]
        assert {path.stat().st_mtime for path in paths} == {MOMENT}
        assert folders.digest == public_digest(folders.public)
        text = (folders.public / DESCRIPTION).read_text()
        (folders.public / DESCRIPTION).write_text(text.swapcase())
        os.utime(folders.public / DESCRIPTION, (MOMENT, MOMENT))
        folders = prepare(find(name), tmp_path / "data")
        assert (folders.public / DESCRIPTION).read_text() == text


def test_a_failure_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    folder = raw_of(APTOS, tmp_path / "raw")
    next((folder / "train_images").iterdir()).unlink()
    with pytest.raises(MissingRaw, match=r"train_images/.*\.png"):
        prepare(find(APTOS), tmp_path / "data", Options(raw=folder))
    assert [path.name for path in (tmp_path / "data" / APTOS).iterdir()] == [".lock"]


def test_raw_tables_that_are_none(raw: Path, tmp_path: Path) -> None:
    path = raw / TITANIC / "train.csv"
    whole = path.read_text()
    for content, words in (
        (whole.replace("PassengerId", "Passenger"), "no column PassengerId"),
        ("\n".join(whole.split("\n")[:2]), "cannot be split"),
        ("a,b\n1,2\n1,2,3\n", "not a table"),
        ("", "not a table"),
    ):
        path.write_text(content)
        with pytest.raises(BadRaw, match=words):
            prepare(find(TITANIC), tmp_path / "data", Options(raw=path.parent))


REQUEST = {"request_id": "t3_1", "text": "a", "requester_received_pizza": True}
BIRDS_FOLDER = "mlsp_contest_dataset/essential_data"


@pytest.mark.parametrize(
    ("name", "file", "content", "words"),
    [
        (PIZZA, "train.json", "[1, 2, 3]", "3 of its 3 elements are no records"),
        (PIZZA, "train.json", json.dumps([{"text": "a"}] * 4), "lack request_id, requester_received_pizza"),
        (PIZZA, "train.json", json.dumps([{**REQUEST, "text": None}, {"request_id": ""}] * 9), "lack req"),
        (PIZZA, "train.json", json.dumps([{**REQUEST, "requester_received_pizza": "yes"}] * 9), "not true"),
        (PIZZA, "train.json", b"\xff", "not JSON"),
        (BIRDS, f"{BIRDS_FOLDER}/CVfolds_2.txt", "rec_id,part\n1,0\n", "CVfolds_2.*no column 'fold'"),
        (BIRDS, f"{BIRDS_FOLDER}/CVfolds_2.txt", "rec_id,fold\n1,1\n", "no recording is in fold 0"),
        (BIRDS, f"{BIRDS_FOLDER}/rec_id2filename.txt", "rec_id,file\n", "no column 'filename'"),
        (BIRDS, f"{BIRDS_FOLDER}/rec_id2filename.txt", "rec_id,filename\n0,a\n", "no file of recording"),
        (BIRDS, f"{BIRDS_FOLDER}/rec_labels_test_hidden.txt", "rec_id,[labels]\n", "no labels of recording"),
        (BIRDS, f"{BIRDS_FOLDER}/rec_labels_test_hidden.txt", b"\xff\xfe", "not a text"),
        (SPEECH, "timit_11/timit_11/train_11.npy", "", "not an array"),
    ],
)
def test_other_raw_files_that_are_not_what_they_should_be(
    name: str, file: str, content: str | bytes, words: str, tmp_path: Path
) -> None:
    folder = tmp_path / "raw"
    if name == PIZZA:
        folder.mkdir()
        (folder / "test.json").write_text(json.dumps([REQUEST]))
    else:
        raw_of(name, folder)
    for packed in folder.glob("*.zip"):
        with zipfile.ZipFile(packed) as opened:
            opened.extractall(folder)
        packed.unlink()
    (folder / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(BadRaw, match=words):
        prepare(find(name), tmp_path / "data", Options(raw=folder))


def test_names_in_raw_tables_do_not_lead_out(tmp_path: Path) -> None:
    folder = raw_of(APTOS, tmp_path / "raw")
    table = folder / "train.csv"
    lines = table.read_text().split("\n")
    lines[1] = "../../secret,1"
    table.write_text("\n".join(lines))
    (tmp_path / "secret.png").write_text("secret")
    with pytest.raises(BadRaw, match="leads out"):
        prepare(find(APTOS), tmp_path / "data", Options(raw=folder))


def test_two_rows_of_one_file(tmp_path: Path) -> None:
    name = "plant-seedlings-classification"
    folder = raw_of(name, tmp_path / "raw")
    first = sorted(path for path in (folder / "train" / "Charlock").iterdir())[0]
    for species in (path for path in (folder / "train").iterdir() if path.is_dir()):
        for number in range(9):  # some of them are test, whatever the shuffle
            shutil.copy(first, species / f"same-{number}.png")
    with pytest.raises(BadRaw, match="same-"):
        prepare(find(name), tmp_path / "data", Options(raw=folder))


def test_a_disk_that_is_too_small(raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)

    def nearly_full(_: Path) -> object:
        return usage

    monkeypatch.setattr(shutil, "disk_usage", nearly_full)
    with pytest.raises(DiskFull, match="GB free and"):
        prepare(find(TITANIC), tmp_path / "data", Options(raw=raw))


def test_the_manifest_saves_reading(raw: Path, tmp_path: Path) -> None:
    folders = prepare(find(SPOOKY), tmp_path / "data", Options(raw=raw))
    digest, path = folders.digest, folders.public / "train.csv"
    assert digest == public_digest(folders.public)
    state, content = path.stat(), path.read_bytes()
    path.write_bytes(content[::-1])
    assert prepared(find(SPOOKY), tmp_path / "data").digest == public_digest(folders.public) != digest
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert prepared(find(SPOOKY), tmp_path / "data").digest == digest  # the file was not read
    (folders.public / "more.txt").write_text("more")
    assert prepared(find(SPOOKY), tmp_path / "data").digest != digest
    (folders.public.parent / "manifest.json").write_text("{}")
    assert prepared(find(SPOOKY), tmp_path / "data").digest == public_digest(folders.public)


def test_data_of_another_program_are_taken_as_they_are(raw: Path, tmp_path: Path) -> None:
    folders = prepare(find(SPOOKY), tmp_path / "data", Options(raw=raw))
    (folders.public.parent / "manifest.json").unlink()
    (folders.public / DESCRIPTION).write_text("Other words.\n")
    shutil.rmtree(raw)
    before = describe_tree(folders.public)
    assert prepared(find(SPOOKY), tmp_path / "data").digest == public_digest(folders.public)
    after = describe_tree(prepare(find(SPOOKY), tmp_path / "data", Options(raw=raw)).public)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {DESCRIPTION}


@pytest.mark.parametrize(("rows", "bucket"), [(7, 10), (1000, 1000), (1, 3)])
def test_a_large_table_comes_out_as_a_small_one(
    rows: int, bucket: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large, "BUCKET_ROWS", bucket)
    taxi = find("new-york-city-taxi-fare-prediction")
    folder = raw_of(taxi.id, tmp_path / "raw")
    split = taxi.split.model_copy(update={"test_items": 12})
    assert taxi.preparation is not None
    found: list[dict[str, str]] = []
    for at_a_time in (rows, None):
        read = taxi.preparation.read.model_copy(update={"rows_at_a_time": at_a_time})
        preparation = taxi.preparation.model_copy(update={"read": read})
        changed = taxi.model_copy(update={"preparation": preparation, "split": split})
        public = prepare(changed, tmp_path / str(at_a_time), Options(raw=folder)).public
        found.append({path.name: md5_of(path) for path in public.iterdir()})
    assert found[0] == found[1]


def checked(folder: Path, sums: str) -> Competition:
    (folder / CHECKSUMS).write_text(sums)
    return find(SPOOKY).model_copy(update={"folder": folder})


def test_tables_are_compared_one_by_one(tmp_path: Path) -> None:
    table, old = tmp_path / "public" / "a.csv", tmp_path / "old.csv"
    table.parent.mkdir()
    exact = ["-0.3592629380835823", "1.5", "-448.21756769299805", "1e-05"]
    for path, numbers in ((table, exact), (old, [repr(read_as_before(number)) for number in exact])):
        path.write_text("id,f\n" + "".join(f"{n},{number}\n" for n, number in enumerate(numbers)))
    assert old.read_text() != table.read_text()
    for expected, verdict in (
        (md5_of(table), "same"),
        (md5_of(old), "same but for last digits"),
        ("0" * 32, "differs"),
    ):
        checks = check_tables(checked(tmp_path, f"public: {{a.csv: '{expected}'}}\n"), tmp_path)
        assert [tuple(check) for check in checks] == [("public/a.csv", verdict)]
    (check,) = check_tables(checked(tmp_path, "private: {b.csv: '1'}\n"), tmp_path)
    assert tuple(check) == ("private/b.csv", "not there")
    version_2 = checked(tmp_path, "public: {a.csv: '1'}\n").model_copy(update={"data_version": 2})
    assert check_tables(version_2, tmp_path) == ()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        # What pandas 2.2.3 made of them.
        ("15.350209558369885", 15.350209558369883),
        ("-0.00058058411871366", -0.0005805841187136),
        ("0.009300096996692219", 0.0093000969966922),
        ("0.055341419500964995", 0.0553414195009649),
        ("123456789012345678.5", 1.2345678901234568e17),
        ("0.00000000000000012345678", 1e-16),
        ("1e-320", 1e-320),
    ],
)
def test_numbers_as_an_older_pandas_read_them(text: str, number: float) -> None:
    assert read_as_before(text) == number


def test_every_recorded_table_is_one_that_is_prepared() -> None:
    for name in (TITANIC, SPOOKY, APTOS, "nomad2018-predict-transparent-conductors"):
        facts = find(name).preparation
        assert facts is not None
        record = recorded(find(name))
        files = {f"public/{file}" for file in record.public} | {f"private/{file}" for file in record.private}
        assert files <= facts.tables.keys()
