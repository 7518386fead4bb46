"""The report as tables, JSON, CSV and Markdown."""

import csv
import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from experiments.aggregate import RATES, By, aggregate
from experiments.report import show
from experiments.report_records import as_csv, as_json
from experiments.report_view import markdown, print_report
from experiments.results import Row
from tests.experiments.rows import failed, row

HOSTILE = "[red]evil[/red]\x1b[2J\u202e|\n"


def printed(write: Callable[[Console], None], width: int = 300) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=False, highlight=False)
    write(console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def shown(rows: Sequence[Row]) -> str:
    return printed(lambda console: show(rows, console))


def tables(rows: Sequence[Row], by: By | None = None) -> str:
    return printed(lambda console: print_report(aggregate(rows, by), console))


def read(rows: Sequence[Row], by: By | None = None) -> dict[str, Any]:
    return json.loads(as_json(aggregate(rows, by)))


def two_arms() -> list[Row]:
    """Two scaffolds, two seeds, two competitions, and one cell that failed."""
    return [
        row("gold", arm="a", seed=0, usd=1.0, tokens=1000, seconds=7200, waited_s=3600),
        row("bronze", arm="a", seed=0, competition="c1", usd=2.0, codes=("x", "y")),
        row(arm="a", seed=1, final_from="snapshot", final="last_valid"),
        row("silver", arm="a", seed=1, competition="c1"),
        row(arm="b", scaffold="mlab", seed=0, usd=None),
        failed(arm="b", scaffold="mlab", seed=1, added=True, usd=0.25, tokens=7),
    ]


def test_the_end_of_a_small_sweep_is_a_line_for_each_run() -> None:
    text = shown(
        [row("gold", nodes=10, good=8, validation=0.9), row(score=None, valid_submission=False, seed=1)]
    )
    head, first, second, last = text.strip().splitlines()
    assert head.split() == "competition scaffold model seed scripts validation score median medal".split()  # noqa: SIM905
    assert first.split() == ["c0", "aide", "openai/gpt-4o", "0", "8/10", "0.9", "0.9", "0.5", "gold"]
    assert second.split()[-3:] == ["invalid", "0.5", "-"]
    assert last == "1 of 2 runs won a medal. Isolation: bwrap."


def test_it_names_only_the_axes_that_differ() -> None:
    head = shown([row(hardware="cpu"), row(seed=1)]).splitlines()[0]
    assert "hardware" in head
    assert "variant" not in head
    assert "100h" in shown([row(time_limit="24h"), row(time_limit="100h", seed=1)])


def test_it_says_how_many_are_not_counted() -> None:
    text = shown([row(), failed(seed=1), failed(seed=2, state="unfinished")])
    assert text.endswith("Not counted: 1 failed, 1 unfinished.\n")
    assert shown([failed()]) == "Not counted: 1 failed.\n"


def test_the_end_of_a_large_sweep_is_a_line_for_each_arm() -> None:
    text = shown(
        [row("gold", competition=f"c{number}", seed=seed) for number in range(20) for seed in (0, 1)]
    )
    assert "100.0 ± 0.0" in text
    assert "median" in text
    assert "40 of 40 runs won a medal. Isolation: bwrap." in text
    assert len(text.strip().splitlines()) == 5


def test_json_has_the_columns_of_the_paper() -> None:
    report = read(two_arms())
    first, second = report["lines"]
    assert report["unit"] == "percent"
    assert {f"{rate}_{part}" for rate in RATES for part in ("mean", "se")} <= set(first)
    assert (first["arm"], first["scaffold"], first["name"]) == ("a", "aide", "aide, openai/gpt-4o")
    assert (first["any_medal_mean"], first["any_medal_se"]) == (75, 25)
    assert (first["seeds"], first["competitions"], first["cells"], first["excluded"]) == (2, 2, 4, 0)
    assert first["final"] == ["last_valid", "path"]
    assert (first["from_snapshot"], first["changed_code"]) == (1, 1)
    assert (first["usd_total"], first["usd_mean"]) == (3, 0.75)
    assert (first["hours_total"], first["waited_hours_mean"]) == (2, 0.25)
    assert (second["gold_se"], second["usd_total"], second["usd_unknown"]) == (None, None, 1)
    assert second["excluded_reasons"] == {"failed: the provider is down": 1}
    assert second["added"] == 1


def test_json_names_scores_and_excluded_cells() -> None:
    report = read(two_arms())
    scores = {(score["competition"], score["arm"]): score for score in report["competitions"]}
    assert scores["c0", "a"]["score_mean"] == pytest.approx(0.65)
    assert (scores["c0", "a"]["valid"], scores["c0", "a"]["best"], scores["c0", "a"]["median"]) == (
        2,
        0.9,
        0.5,
    )
    (left,) = report["excluded"]
    assert (left["arm"], left["seed"], left["state"], left["reason"]) == (
        "b",
        1,
        "failed",
        "the provider is down",
    )
    assert report["excluded_costs"]["tokens_total"] == 7


def test_both_rates_are_given_where_something_is_excluded() -> None:
    rows = [row("gold", seed=0), row("gold", seed=1), failed(seed=1, competition="c1")]
    line = read(rows)["lines"][0]
    assert (line["any_medal_mean"], line["any_medal_all_mean"]) == (100, 75)
    assert "Any medal of all cells" in markdown(aggregate(rows))
    assert "Any medal of all cells" not in markdown(aggregate(rows[:2]))


def test_lines_by_a_property_of_the_competition() -> None:
    rows = [row("gold", complexity="high"), row(competition="c1", complexity="low")]
    report = read(rows, By.COMPLEXITY)
    assert [(line["complexity"], line["gold_mean"]) for line in report["lines"]] == [
        ("low", 0),
        ("high", 100),
    ]
    assert re.search(r"aide +openai/gpt-4o +low +1 +1 ", tables(rows, By.COMPLEXITY))


def test_lines_by_an_axis_say_how_many_arms_they_pool() -> None:
    rows = [row("gold", arm="a", model="x"), row(arm="b", model="y")]
    (line,) = read(rows, By.SCAFFOLD)["lines"]
    assert (line["scaffold"], line["model"], line["arm"], line["arms"]) == ("aide", None, None, 2)
    assert (line["seeds"], line["replicates"], line["gold_mean"], line["gold_se"]) == (1, 2, 50, 50)
    text = tables(rows, By.SCAFFOLD)
    assert "over pairs of arm and seed" in text
    assert re.search(r"scaffold +arms", text)


def test_csv_has_the_keys_of_json() -> None:
    rows = two_arms()
    lines = list(csv.DictReader(io.StringIO(as_csv(aggregate(rows)))))
    assert [line["scaffold"] for line in lines] == ["aide", "mlab"]
    assert list(lines[0]) == list(read(rows)["lines"][0])
    assert (lines[0]["any_medal_mean"], lines[1]["gold_se"], lines[1]["usd_total"]) == ("75.0", "", "")
    assert lines[0]["codes"] == "c0de; x; y"
    assert lines[1]["excluded_reasons"] == "1 failed: the provider is down"


def test_markdown_is_in_the_form_of_the_paper() -> None:
    head, rule, first, second = markdown(aggregate(two_arms())).splitlines()
    assert head.startswith("| Scaffold | Model | Seeds | Cells | Made submission | Valid submission |")
    assert rule.startswith("| --- | --- | ---: |")
    assert "| 25.0 ± 25.0 | 25.0 ± 25.0 | 25.0 ± 25.0 | 75.0 ± 25.0 |" in first
    assert "| 0.0 ± - |" in second
    assert "| 1 of 2 |" in second


def test_the_tables_say_everything_that_bears_on_the_numbers() -> None:
    text = tables(two_arms())
    assert "3 of 5 runs won a medal. Isolation: bwrap." in text
    assert "Not counted: 1 of 6 cells, which used 7 tokens, 0.00 hours and 0.25 dollars:" in text
    assert "  1 cell failed: the provider is down" in text
    assert "1 cell added after the plan was locked." in text
    assert "1 cell run under more than one version of the code." in text
    assert "1 cell graded from a snapshot." in text
    assert "The lines cover different competitions" in text
    assert "unknown (for 1 of 1 cells)" in text
    assert text.index("Raw scores") < text.index("What it cost") < text.index("Percent of competitions")


def test_a_narrow_terminal_loses_nothing() -> None:
    for width in (40, 80, 120, 160):
        text = printed(lambda console: print_report(aggregate(two_arms()), console), width)
        assert "…" not in text
        flat = "".join(text.split())
        assert "75.0±25.0" in flat
        assert "openai/gpt-4o" in flat.replace("\n", "")


def test_a_narrow_table_says_once_what_is_the_same_in_each_line() -> None:
    rows = [row("gold", competition=f"practice-{n}", model="offline/tabular") for n in range(3)]
    lines = printed(lambda console: show(rows, console), 50).splitlines()
    assert lines[0].startswith("Each line: scaffold aide, model offline/tabular")
    assert sum(line.startswith("practice-") for line in lines) == 3
    assert max(map(len, lines)) <= 50


def test_where_no_table_fits_runs_are_told_apart() -> None:
    rows = [row("gold", competition=f"practice-{n}", score=n / 7, validation=n / 3) for n in range(3)]
    text = printed(lambda console: show(rows, console), 20)
    assert len([part for part in text.split("\n\n") if "practice-" in part]) == 3


def test_arms_of_equal_names_show_their_digests() -> None:
    text = tables([row(arm="aaaaaaaa"), row(arm="bbbbbbbb")])
    assert text.count("aide (aaaaaaaa)") == text.count("aide (bbbbbbbb)") == 4


def test_a_data_version_is_shown_where_it_is_not_the_first() -> None:
    assert "Data version" not in markdown(aggregate([row()]))
    assert "Data version" in markdown(aggregate([row(), row(data_version=2)]))


def test_foreign_text_acts_on_nothing() -> None:
    rows = [row("gold", scaffold=HOSTILE, competition=HOSTILE, backends=(HOSTILE,)), failed(HOSTILE, seed=1)]
    report = aggregate(rows)
    for text in (tables(rows), shown(rows), as_csv(report), as_json(report), markdown(report)):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "red]evil" in text
    assert "\\[red]evil\\[/red]" in markdown(report)
    assert "�\\|" in markdown(report)


def test_nothing_heavy_is_loaded() -> None:
    code = (
        "import sys, experiments.report\n"
        "print(sorted({'numpy', 'pandas', 'scipy', 'sklearn', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


CONFIG = """
scaffolds: ["tests.experiments.tiny:Tiny"]
models: [offline/tabular]
competitions: [practice-diabetes]
time_limits: [{time: 24h, steps: 1}]
seeds: [0, 1]
"""


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory, data_dir: Path) -> Path:
    """The folder of a finished sweep of two cells."""
    folder = tmp_path_factory.mktemp("reported")
    (folder / "small.yaml").write_text(CONFIG)
    where = ("--runs-dir", folder / "runs", "--data-dir", data_dir, "--leases", folder / "leases")
    done = type_in("experiments.sweep", folder / "small.yaml", *where)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "runs" / "small"


def type_in(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=250)


def test_the_command_reports_a_sweep(swept: Path) -> None:
    done = type_in("experiments.report", swept)
    assert done.returncode == 0, done.stderr
    assert "Percent of competitions: mean ± standard error over seeds" in done.stdout
    assert "of 2 runs won a medal. Isolation: " in done.stdout


def test_the_command_speaks_json_csv_and_markdown(swept: Path) -> None:
    report = json.loads(type_in("experiments.report", swept, "--by", "competition", "--json").stdout)
    (line,) = report["lines"]
    assert (line["competition"], line["seeds"], line["cells"]) == ("practice-diabetes", 2, 2)
    assert line["made_submission_mean"] == 100
    (read,) = csv.DictReader(io.StringIO(type_in("experiments.report", swept, "--csv").stdout))
    assert float(read["any_medal_mean"]) == line["any_medal_mean"]
    assert type_in("experiments.report", swept, "--markdown").stdout.startswith("| Scaffold | Model |")


def test_two_forms_at_once_are_refused(swept: Path) -> None:
    refused = type_in("experiments.report", swept, "--json", "--csv")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "give one of them" in refused.stderr


def test_without_a_counted_cell_it_says_what_to_type(swept: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(swept, copy)
    for grade in copy.glob("*/grade.json"):
        grade.unlink()
    refused = type_in("experiments.report", copy)
    assert refused.returncode == 1
    assert "Not counted: 2 of 2 cells" in refused.stdout
    assert "experiments.sweep CONFIG" in refused.stderr


def test_a_folder_that_is_neither_run_nor_sweep_is_refused(tmp_path: Path) -> None:
    assert type_in("experiments.report", tmp_path / "nowhere").returncode == 1
