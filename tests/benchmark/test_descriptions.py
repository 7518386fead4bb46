"""Both descriptions of every competition tell the same task, and one of them hides where it is from."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmark.__main__ import app
from benchmark.competition import Competition
from benchmark.descriptions import problems, read_descriptions
from benchmark.metrics import METRICS
from benchmark.metrics.words import WORDS
from benchmark.origin import origin_words, traces, words_of
from benchmark.registry import all_ids, find, load, members
from benchmark.versions import CHANGES

MLE_BENCH = (*members("split75"), *members("dev"))
PLAIN, HIDDEN = "description.md", "description_obfuscated.md"
FEWEST_WORDS, MOST_WORDS = 200, 600
"""A text that an agent can win by says more than a few lines, and is still read in two minutes."""


def test_all_82_are_described() -> None:
    assert len(set(MLE_BENCH)) == 82
    assert set(MLE_BENCH) | set(members("practice")) <= set(all_ids())


@pytest.mark.parametrize("competition_id", all_ids())
def test_both_descriptions_tell_the_same_task(competition_id: str) -> None:
    assert problems(find(competition_id)) == ()


@pytest.mark.parametrize("competition_id", MLE_BENCH)
def test_descriptions_are_texts_of_their_own(competition_id: str) -> None:
    competition = find(competition_id)
    for text in read_descriptions(competition):
        assert text.text.startswith("# ") and text.text.endswith("\n")
        assert FEWEST_WORDS <= len(text.text.split()) <= MOST_WORDS
        assert max(map(len, text.running.split())) < 100  # a table that was pasted by mistake
        for limit in (competition.medals.silver, competition.medals.bronze):
            assert str(limit) not in text.running
    plain, hidden = read_descriptions(competition)
    assert plain.text.splitlines()[0] != hidden.text.splitlines()[0]


def test_every_metric_has_words() -> None:
    assert set(WORDS) == set(METRICS)


def test_the_list_of_origins_knows_only_competitions_that_are_there() -> None:
    assert set(origin_words().competitions) - set(all_ids()) == set()


def copied(competition_id: str, folder: Path, change: Callable[[str], str], file: str) -> Competition:
    """A competition whose one description is changed."""
    target = folder / competition_id
    shutil.copytree(find(competition_id).folder, target)
    text = (target / file).read_text(encoding="utf-8")
    changed = change(text)
    assert changed != text
    (target / file).write_text(changed, encoding="utf-8")
    return load(target)


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (HIDDEN, "drone", "Kaggle drone", "it tells the origin by 'kaggle'"),
        (HIDDEN, "drone", "VIGIA drone", "it tells the origin by 'vigia'"),
        (HIDDEN, "drone", "drone, see https://example.org", "it tells the origin by 'https:'"),
        (HIDDEN, "drone", "aerial drone", "it tells the origin by 'aerial'"),
        (HIDDEN, "`test.zip`", "the test archive", "it does not name the file 'test.zip'"),
        (PLAIN, "ROC AUC", "Some score", "it does not name the metric as 'ROC AUC'"),
        (PLAIN, "**Higher", "**Lower", "it does not say '**higher is better**'"),
        (PLAIN, "14175", "14000", "['14000', '14175'] are in one description alone"),
        (PLAIN, "`id`", "`image`", "['id', 'image'] are in one description alone"),
        (PLAIN, ",0.97", ",1.97", "no valid submission"),
        (PLAIN, "\nid,has_cactus", "\nid,cactus", "no valid submission"),
        (PLAIN, "\nid,has_cactus", "\nid,has_cactus,more", "not as wide as its header"),
        (PLAIN, ",0.97", ",0.96", "the examples of a submission differ"),
        (PLAIN, "```", "~~~", "it has no example of a submission"),
        (PLAIN, "## Metric", "## Score", "its sections are"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, file: str, old: str, new: str, said: str) -> None:
    change = copied("aerial-cactus-identification", tmp_path, lambda text: text.replace(old, new), file)
    found = problems(change)
    assert any(said in problem for problem in found), found


def test_an_example_that_leaves_columns_out_must_show_what_the_facts_list(tmp_path: Path) -> None:
    change = copied("leaf-classification", tmp_path, lambda text: text.replace("\nid,", "\nname,"), PLAIN)
    assert any("lacks ['id']" in problem for problem in problems(change))


def test_needed_words_and_names_of_files_are_no_traces() -> None:
    inaturalist = find("inaturalist-2019-fgvc6")
    assert traces("Look at `kaggle_sample_submission.csv`.", inaturalist) == ()
    assert traces("A Kaggle sample of iNaturalist", inaturalist) == ("inaturalist", "kaggle")
    assert "dog" not in words_of(find("dog-breed-identification"))
    assert traces(find("dog-breed-identification").title, find("dog-breed-identification")) != ()


def test_the_plain_descriptions_say_where_the_task_is_from() -> None:
    silent = [name for name in MLE_BENCH if not traces(find(name).description(), find(name))]
    assert silent == []


def test_the_command_names_problems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = CliRunner().invoke(app, ["descriptions", "practice", "--json"])
    assert done.exit_code == 0
    assert json.loads(done.stdout) == {name: [] for name in members("practice")}
    copied("practice-digits", tmp_path, lambda text: text.replace("Accuracy", "Score"), PLAIN)
    monkeypatch.setattr(sys.modules["benchmark.registry"], "COMPETITIONS", tmp_path)
    done = CliRunner().invoke(app, ["descriptions", "practice-digits"])
    assert done.exit_code == 1
    assert "practice-digits: description.md: it does not name the metric" in done.stdout


def test_the_command_checks_what_version_2_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A problem of both versions is named once, one of the second version as its own."""
    copied("spaceship-titanic", tmp_path, lambda text: text.replace("Accuracy", "Score"), HIDDEN)
    changes = tmp_path / "spaceship-titanic" / CHANGES
    changes.write_text(changes.read_text().replace("Members of a group", "Members of a party"))
    monkeypatch.setattr(sys.modules["benchmark.registry"], "COMPETITIONS", tmp_path)
    done = CliRunner().invoke(app, ["descriptions", "spaceship-titanic", "--json"])
    assert done.exit_code == 1
    first, *others = json.loads(done.stdout)["spaceship-titanic"]
    assert first == f"{HIDDEN}: it does not name the metric as 'accuracy'"
    assert [other.partition("'Members")[0] for other in others] == [
        f"data version 2: {PLAIN}: ",
        f"data version 2: {HIDDEN}: ",
    ]
