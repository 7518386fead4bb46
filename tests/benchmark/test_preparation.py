"""Preparation: whole or not at all, the same every time, and answers kept apart."""

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark import practice as practice_module
from benchmark.contract import compile_contract
from benchmark.errors import BadCompetition, NotPrepared
from benchmark.prepare import home, prepare, prepared
from benchmark.registry import find
from benchmark.versions import at_version
from tests.benchmark.conftest import Practice
from tests.benchmark.digests import public_digest

DIGITS = "practice-digits"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_the_files_fit_together(practice: Practice) -> None:
    competition, (public, private) = practice.competition, (practice.folders.public, practice.folders.private)
    files = {role: rows_of(public / name) for role, name in competition.files.items()}
    answers = rows_of(private / competition.answers.file)
    ids = {role: [row[competition.id_column] for row in rows] for role, rows in files.items()}
    assert ids["test"] == ids["sample_submission"] == [row[competition.id_column] for row in answers]
    everyone = ids["train"] + ids["test"]
    assert sorted(map(int, everyone)) == list(range(1, len(everyone) + 1))
    assert len(ids["test"]) == round(len(everyone) * (competition.split.test_fraction or 0))
    assert competition.target in files["train"][0]
    assert competition.target not in files["test"][0]
    assert set(files["test"][0]) == set(files["train"][0]) - {competition.target}
    assert [path.name for path in private.iterdir()] == [competition.answers.file]
    assert (public / "description.md").read_text(encoding="utf-8") == competition.description()


def test_it_is_the_same_every_time(practice: Practice, tmp_path: Path) -> None:
    again = prepare(practice.competition, tmp_path)
    assert again.digest == practice.folders.digest == public_digest(practice.folders.public)
    answers = again.private / practice.competition.answers.file
    assert answers.read_bytes() == practice.perfect


def test_preparing_twice_leaves_the_files_alone(tmp_path: Path) -> None:
    first = prepare(find(DIGITS), tmp_path)
    before = {path: path.stat().st_mtime_ns for path in first.public.iterdir()}
    prepare(find(DIGITS), tmp_path)
    assert {path: path.stat().st_mtime_ns for path in first.public.iterdir()} == before
    assert {path.name for path in (tmp_path / DIGITS).iterdir()} <= {"prepared", ".lock"}


def test_the_digest_tells_changed_contents_and_names(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    first = public_digest(tmp_path)
    (tmp_path / "a").write_text("2")
    second = public_digest(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    assert len({first, second, public_digest(tmp_path)}) == 3


def test_missing_data_name_the_command(tmp_path: Path) -> None:
    with pytest.raises(NotPrepared) as caught:
        prepared(find(DIGITS), tmp_path)
    assert caught.value.command == f"python -m benchmark prepare {DIGITS} --data-dir {tmp_path}"
    assert caught.value.command in str(caught.value)


def test_missing_data_name_the_command_of_their_version(tmp_path: Path) -> None:
    """The folder is the one that was given, not the version's inside; MLE-bench prepares what we cannot."""
    second = at_version(find("spaceship-titanic"), 2)
    wanted = f"python -m benchmark prepare spaceship-titanic --data-version 2 --data-dir {tmp_path}"
    with pytest.raises(NotPrepared) as caught:
        compile_contract(second, home(second, tmp_path) / "prepared" / "public")
    assert (caught.value.command, caught.value.data_dir) == (wanted, tmp_path)
    foreign = find("AI4Code")
    assert foreign.preparation is None
    assert NotPrepared(foreign, tmp_path).command == f"mlebench prepare -c AI4Code --data-dir {tmp_path}"


def test_a_half_prepared_competition_is_made_again(tmp_path: Path) -> None:
    competition = find(DIGITS)
    whole = prepare(competition, tmp_path)
    (whole.private / competition.answers.file).unlink()
    with pytest.raises(NotPrepared):
        prepared(competition, tmp_path)
    leftover = tmp_path / DIGITS / ".unfinished-crash"
    leftover.mkdir()
    assert prepare(competition, tmp_path).digest == whole.digest
    assert not leftover.exists()


def test_a_failure_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> practice_module.Arrays:
        raise RuntimeError("no source")

    monkeypatch.setitem(practice_module.SOURCES, "digits", fail)  # pyright: ignore[reportArgumentType]
    with pytest.raises(RuntimeError, match="no source"):
        prepare(find(DIGITS), tmp_path)
    assert [path.name for path in (tmp_path / DIGITS).iterdir()] in ([], [".lock"])


def test_a_changed_description_reaches_prepared_data(tmp_path: Path) -> None:
    competition = find(DIGITS)
    folder = tmp_path / "facts"
    shutil.copytree(competition.folder, folder)
    changed = competition.model_copy(update={"folder": folder})
    before = prepare(changed, tmp_path).digest
    (folder / "description.md").write_text("New words.\n", encoding="utf-8")
    after = prepare(changed, tmp_path)
    assert (after.public / "description.md").read_text(encoding="utf-8") == "New words.\n"
    assert after.digest != before


def test_an_unknown_preparation_is_a_fault_of_the_facts(tmp_path: Path) -> None:
    competition = find(DIGITS)
    assert competition.preparation is not None
    wrong = competition.preparation.model_copy(update={"function": "benchmark.practice:nothing"})
    with pytest.raises(BadCompetition, match=r"no function benchmark\.practice:nothing"):
        prepare(competition.model_copy(update={"preparation": wrong}), tmp_path)


def test_two_processes_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmark", "prepare", DIGITS, "--data-dir", str(tmp_path)]
    racers = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)]
    outputs = [racer.communicate(timeout=120) for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0, 0], outputs
    assert len({out for out, _ in outputs}) == 1
    assert {path.name for path in (tmp_path / DIGITS).iterdir()} <= {"prepared", ".lock"}
