"""Data that other facts or other code have made are known as such, and made again where that is asked for."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmark import registry
from benchmark.__main__ import app
from benchmark.competition import Competition
from benchmark.preparation.errors import MissingRaw
from benchmark.preparation.manifest import MANIFEST, read_manifest
from benchmark.preparation.provenance import provenance
from benchmark.prepare import Options, outdated, prepare
from benchmark.registry import find
from benchmark.versions import at_version
from tests.benchmark.preparation.test_golden import raw_of

BIRDS, DIGITS, BREEDS = "mlsp-2013-birds", "practice-digits", "dog-breed-identification"
TITANIC = "spaceship-titanic"
Change = Callable[[Competition], Competition]


def copied(name: str, folder: Path) -> Competition:
    """The competition, with a folder of its own that may be changed."""
    shutil.copytree(find(name).folder, folder / name)
    return find(name).model_copy(update={"folder": folder / name})


def with_preparation(competition: Competition, **facts: object) -> Competition:
    assert competition.preparation is not None
    return competition.model_copy(update={"preparation": competition.preparation.model_copy(update=facts)})


def with_split(competition: Competition, **facts: object) -> Competition:
    return competition.model_copy(update={"split": competition.split.model_copy(update=facts)})


def written(competition: Competition, name: str, text: str) -> Competition:
    (competition.folder / name).write_text(text)
    return competition


OTHERS: list[tuple[str, Change]] = [
    (TITANIC, lambda c: with_split(c, seed=1)),
    (TITANIC, lambda c: with_preparation(c, raw=("train.csv", "test.csv"))),
    (TITANIC, lambda c: c.model_copy(update={"target": "CryoSleep"})),
    (TITANIC, lambda c: at_version(c, 2)),
    (BIRDS, lambda c: written(c, "prepare.py", "# other code\n")),
    (BREEDS, lambda c: written(c, "classes.txt", "poodle\n")),
]
ALIKE: list[Change] = [
    lambda c: with_split(c, words="other words"),
    lambda c: with_preparation(c, memory_gb=9.5, warning="mind this"),
    lambda c: c.model_copy(update={"title": "another", "known_issues": ("one",)}),
    lambda c: written(c, "description.md", "other words\n"),
]


@pytest.mark.parametrize(("name", "change"), OTHERS)
def test_what_makes_other_data_is_another_provenance(name: str, change: Change, tmp_path: Path) -> None:
    competition = copied(name, tmp_path)
    before = provenance(competition)
    assert provenance(competition) == before == provenance(find(name))
    assert provenance(change(competition)) != before


@pytest.mark.parametrize("change", ALIKE)
def test_words_and_resources_are_no_provenance(change: Change, tmp_path: Path) -> None:
    competition = copied(BIRDS, tmp_path)
    before = provenance(competition)
    assert provenance(change(competition)) == before


def test_prepare_makes_them_again_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = raw_of(TITANIC, tmp_path / "raw")
    folder = copied(TITANIC, tmp_path / "competitions").folder
    monkeypatch.setattr(registry, "COMPETITIONS", folder.parent)

    def typed() -> tuple[str, str]:
        words = ["prepare", TITANIC, "--raw", str(raw), "--data-dir", str(tmp_path / "data"), "--json"]
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)[0]["digest"], done.stderr

    def facts(old: str, new: str) -> None:
        path = folder / "competition.yaml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
        registry.load.cache_clear()

    first, said = typed()
    assert said == ""
    shutil.move(raw, tmp_path / "elsewhere")
    assert typed() == (first, "")  # nothing is read: the raw files may be long gone
    shutil.move(tmp_path / "elsewhere", raw)
    facts("seed: 0", "seed: 7")
    other, said = typed()
    assert other != first
    assert said == f"{TITANIC}: prepared by other facts or other code than today's; preparing it again\n"
    assert typed() == (other, "")
    facts("seed: 7", "seed: 0")
    assert typed()[0] == first


def test_data_that_cannot_be_made_again_stay(tmp_path: Path) -> None:
    """Whoever reads them takes them as they are; a failure replaces nothing."""
    raw, changed = raw_of(TITANIC, tmp_path / "raw"), with_split(find(TITANIC), seed=7)
    first = prepare(find(TITANIC), tmp_path / "data", Options(raw=raw))
    assert outdated(changed, tmp_path / "data")
    assert prepare(changed, tmp_path / "data").digest == first.digest
    (raw / "train.csv").unlink()
    with pytest.raises(MissingRaw, match=r"train\.csv"):
        prepare(changed, tmp_path / "data", Options(raw=raw, again=True))
    assert prepare(find(TITANIC), tmp_path / "data", Options(again=True)).digest == first.digest


def test_data_of_before_are_taken_for_todays(tmp_path: Path) -> None:
    changed = with_split(find(DIGITS), seed=7)
    first = prepare(find(DIGITS), tmp_path)
    manifest = first.public.parent / MANIFEST
    record = json.loads(manifest.read_text())
    del record["provenance"]
    manifest.write_text(json.dumps(record, indent=1))
    assert read_manifest(first.public.parent) is not None
    for competition in (find(DIGITS), changed):
        assert not outdated(competition, tmp_path)
        assert prepare(competition, tmp_path, Options(again=True)).digest == first.digest
