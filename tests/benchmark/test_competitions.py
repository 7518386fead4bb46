"""The facts: found by folder, in one schema, said alike everywhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from benchmark.competition import Competition
from benchmark.errors import BadCompetition, MissingCompetitions, UnknownCompetition, UnknownSplit
from benchmark.leaderboard import read_leaderboard
from benchmark.medals import thresholds
from benchmark.registry import LISTS, SPLITS, all_ids, expand, find, load, members, missing
from scaffolds.yaml_text import yaml_text
from tests.benchmark.conftest import Practice, ids_of


def test_every_folder_is_found_and_reads() -> None:
    assert members("practice") == ("practice-breast-cancer", "practice-diabetes", "practice-digits")
    assert missing(members("practice")) == ()
    assert [find(name).id for name in all_ids()] == list(all_ids())


def test_the_names_others_build_on() -> None:
    competition = find("practice-diabetes")
    assert competition.metric.name == "rmse"
    assert not competition.maximize
    assert (competition.id_column, competition.target) == ("id", "target")
    assert competition.submission_columns == ("id", "target")
    assert competition.prediction == "number"
    assert competition.complexity == "practice"
    assert {"train", "test", "sample_submission"} <= set(competition.files)


def test_an_unknown_id_names_the_nearest() -> None:
    with pytest.raises(UnknownCompetition, match=r"'practice-digit'.*practice-digits") as caught:
        find("practice-digit")
    assert caught.value.nearest[0] == "practice-digits"
    with pytest.raises(UnknownCompetition):
        find("../competitions/practice-digits")
    with pytest.raises(UnknownSplit, match="practice"):
        members("hard")


def test_the_splits_are_those_of_the_paper() -> None:
    sizes = {"dev": 7, "low": 22, "lite": 22, "medium": 38, "high": 15, "split75": 75, "practice": 3}
    assert {name: len(set(members(name))) for name in SPLITS} == sizes
    assert all(list(members(name)) == sorted(members(name)) for name in SPLITS)
    assert members("lite") == members("low")
    assert sorted(members("low") + members("medium") + members("high")) == list(members("split75"))
    assert not set(members("dev")) & set(members("split75"))


def test_every_list_says_where_it_comes_from() -> None:
    for path in LISTS.glob("*.txt"):
        first, *ids = path.read_text(encoding="utf-8").splitlines()
        assert first.startswith("# ")
        assert tuple(ids) == members(path.stem)


def test_a_competition_is_in_the_split_of_its_complexity_alone() -> None:
    lists = ("practice", "dev", "low", "medium", "high")
    for competition in map(find, all_ids()):
        assert [name for name in lists if competition.id in members(name)] == [competition.complexity]


def test_names_stand_for_competitions() -> None:
    assert not set(SPLITS) & set(all_ids())
    practice = members("practice")
    assert expand(["practice-digits", "practice"]) == ("practice-digits", *practice[:2])
    assert expand(["low", "lite"]) == members("low")
    with pytest.raises(UnknownCompetition):
        expand(["practice", "practice-digit"])


@pytest.mark.usefixtures("only_practice")
def test_a_competition_without_a_folder_is_missing_and_not_unknown() -> None:
    assert missing(("practice-digits", *members("low"))) == members("low")
    with pytest.raises(MissingCompetitions, match="leaf-classification") as caught:
        find("leaf-classification")
    assert caught.value.ids == ("leaf-classification",)
    with pytest.raises(MissingCompetitions):
        expand(["leaf-classification"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"maximise": True}, "maximise"),
        ({"id": "other"}, "other"),
        ({"maximize": False}, "thresholds"),
        ({"complexity": "easy"}, "complexity"),
        ({"submission": {"id": "id", "columns": {"label": {"kind": "number", "classes": [1]}}}}, "classes"),
        ({"submission": {"id": "id", "columns": {"label": {"kind": "colour"}}}}, "no kind of cells"),
        ({"submission": {"id": "id", "columns": {}}}, "columns"),
        ({"metric": {"name": "luck"}}, "no metric"),
        ({"public_files": {"train": {"file": "train.csv", "holds": "rows"}}}, "sample_submission"),
    ],
)
def test_wrong_facts_are_refused(tmp_path: Path, change: dict[str, object], said: str) -> None:
    text = (find("practice-digits").folder / "competition.yaml").read_text(encoding="utf-8")
    folder = tmp_path / "practice-digits"
    folder.mkdir()
    changed = yaml_text(yaml.safe_load(text) | change)
    (folder / "competition.yaml").write_text(changed, encoding="utf-8")
    with pytest.raises(BadCompetition, match=said):
        load(folder)


def test_what_can_be_merged_says_how() -> None:
    """One rule for all, as the field documents it."""
    angles = "icecube-neutrinos-in-deep-ice"
    for name in all_ids():
        competition = find(name)
        kinds = {column.kind for column in competition.submission.columns.values()}
        numbers = kinds <= {"number", "probability"} and name != angles
        wanted = "mean" if numbers else "majority" if kinds <= {"class", "integer", "boolean"} else None
        assert competition.merge == wanted, name


def test_facts_that_are_no_yaml_are_refused(tmp_path: Path) -> None:
    for number, text in enumerate(("[", "- a list", "")):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "competition.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(BadCompetition, match="not a YAML mapping"):
            load(folder)


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    text = (find("practice-digits").folder / "competition.yaml").read_text(encoding="utf-8")
    folder = tmp_path / "practice-digits"
    folder.mkdir()
    (folder / "competition.yaml").write_text(f"{text}\nmaximize: false\n", encoding="utf-8")
    with pytest.raises(BadCompetition, match=r"line \d+: the key 'maximize' stands twice"):
        load(folder)
    inside = text.replace("  gold:", "  teams: 5\n  gold:")
    (folder / "competition.yaml").write_text(inside, encoding="utf-8")
    with pytest.raises(BadCompetition, match=r"line \d+: the key 'teams' stands twice"):
        load(folder)


def test_categories_are_few_enough_to_pool() -> None:
    """Results are broken down by them, so details stand beside, not inside."""
    assert {competition.category for competition in map(find, all_ids())} == {
        "Audio Classification",
        "Forecasting",
        "Image Classification",
        "Image Regression",
        "Image Segmentation",
        "Image To Image",
        "Image to Text",
        "Object Detection",
        "Seq->Seq",
        "Signal Processing",
        "Tabular",
        "Text (Other)",
        "Text Classification",
        "Video Classification",
    }


def test_splits_state_their_seed() -> None:
    """Words and fields agree, and what is seeded in words has its seed in a field."""
    for competition in map(find, all_ids()):
        split = competition.split
        assert (split.seed is not None) == ("seeded" in split.words.lower()), competition.id
        first = re.search(r"seed (\d+)", split.words)
        assert first is None or int(first[1]) == split.seed, competition.id


def test_the_thresholds_are_those_of_the_leaderboard(practice: Practice) -> None:
    competition = practice.competition
    board = read_leaderboard(competition)
    limits = thresholds([entry.score for entry in board], maximize=competition.maximize)
    assert limits.model_dump().items() <= competition.medals.model_dump().items()
    assert competition.medals.teams == len(board)


@pytest.mark.parametrize("obfuscated", [False, True])
def test_descriptions_state_the_task(practice: Practice, obfuscated: bool) -> None:
    competition, folders = practice.competition, practice.folders
    text = competition.description(obfuscated)
    for name in (*competition.files.values(), ",".join(competition.submission_columns)):
        assert f"`{name}`" in text
    assert f"**{'higher' if competition.maximize else 'lower'} is better" in text.lower()
    for role in ("train", "test"):
        rows = (folders.public / competition.files[role]).read_bytes().count(b"\n") - 1
        assert re.search(rf"`{role}.csv`:? \(?{rows} rows", text)
    example = text.split("```")[1].split()
    assert example[0] == ",".join(competition.submission_columns)
    assert [row.split(",")[0] for row in example[1:]] == ids_of(practice.contract)[:3]


def test_descriptions_do_not_name_their_source(practice: Practice) -> None:
    for obfuscated in (False, True):
        text = practice.competition.description(obfuscated).lower()
        for word in ("scikit", "sklearn", "kaggle", "uci", "wisconsin", "mnist", "cancer", "diabet"):
            assert not re.search(rf"\b{word}", text), word
    assert practice.competition.title not in practice.competition.description(obfuscated=True)


def test_importing_facts_is_light() -> None:
    code = (
        "import sys, benchmark, benchmark.registry as r; r.members('practice');"
        "print(sorted({'pandas', 'sklearn', 'numpy', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_facts_are_frozen_plain_data(practice: Practice) -> None:
    competition = practice.competition
    dumped = competition.model_dump(mode="json")
    assert "folder" not in dumped
    assert Competition.model_validate({**dumped, "folder": competition.folder}) == competition
    with pytest.raises(ValueError, match="frozen"):
        competition.maximize = not competition.maximize  # pyright: ignore[reportAttributeAccessIssue]


def test_a_misspelt_key_is_named_before_the_one_that_it_should_be(tmp_path: Path) -> None:
    text = (find("practice-digits").folder / "competition.yaml").read_text(encoding="utf-8")
    folder = tmp_path / "practice-digits"
    folder.mkdir()
    (folder / "competition.yaml").write_text(text.replace("maximize:", "maximise:"), encoding="utf-8")
    with pytest.raises(BadCompetition, match="maximise: no such key; maximize: Field required"):
        load(folder)
