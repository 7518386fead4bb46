"""The statistics of the tables: against published ones, against numpy, and by their laws."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.aggregate import RATES, By, Estimate, Line, aggregate, estimate, reason
from experiments.results import Row
from tests.experiments.rows import failed, row

SIZES = {"low": 22, "medium": 38, "high": 15}

# Any-medal counts of three seeds each, and the row they make in the README of openai/mle-bench at 783b15a:
# mean and standard error. Counts per competition come from upstream's grading reports; which seed won where
# some did and some did not is inferred, as the only assignment that gives the row.
PUBLISHED = {
    "MLE-STAR-Pro-1.0": (
        {"low": (15, 15, 14), "medium": (10, 10, 9), "high": (5, 4, 5)},
        {"low": "66.67 ± 1.52", "medium": "25.44 ± 0.88", "high": "31.11 ± 2.22", "all": "38.67 ± 0.77"},
    ),
    "Thesis": (
        {"low": (15, 14, 14), "medium": (21, 19, 12), "high": (4, 5, 5)},
        {"low": "65.15 ± 1.52", "medium": "45.61 ± 7.18", "high": "31.11 ± 2.22", "all": "48.44 ± 3.64"},
    ),
    "Disarray": (
        {"low": (20, 20, 20), "medium": (28, 28, 27), "high": (11, 10, 11)},
        {"low": "90.91 ± 0.00", "medium": "72.81 ± 0.88", "high": "71.11 ± 2.22", "all": "77.78 ± 0.44"},
    ),
    "R&D-Agent": (
        {"low": (16, 15, 14), "medium": (8, 7, 9), "high": (3, 4, 3)},
        {"low": "68.18 ± 2.62", "medium": "21.05 ± 1.52", "high": "22.22 ± 2.22", "all": "35.11 ± 0.44"},
    ),
}

# Medals of three runs over the 22 competitions of low complexity, one letter a run, in their alphabetical
# order; published as 86.36 ± 0.00. Source: results/lite22-three-run.json in
# impulse-ai/mlebench-medals at e8dd2ce.
LITE = ("ggg", "bbb", "sss", "ggg", "bbb", "ggg", "ggg", "sgs", "sss", "sss", "---",
        "gss", "ggg", "ggg", "---", "---", "ggg", "ggg", "bbs", "bbb", "bbb", "ggg")  # fmt: skip
MEDALS = {"g": "gold", "s": "silver", "b": "bronze", "-": ""}


def said(value: Estimate) -> str:
    return f"{value.mean:.2f} ± {value.se:.2f}"


def only(rows: Sequence[Row], by: By | None = None) -> Line:
    (line,) = aggregate(rows, by).lines
    return line


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_rows_are_reproduced_to_the_printed_digit(name: str) -> None:
    counts, published = PUBLISHED[name]
    rows = [
        row(
            "gold" if number < won else "",
            competition=f"{complexity}-{number}",
            complexity=complexity,
            seed=seed,
        )
        for complexity, seeds in counts.items()
        for seed, won in enumerate(seeds)
        for number in range(SIZES[complexity])
    ]
    parts = {line.group: said(line.rates["any_medal"]) for line in aggregate(rows, By.COMPLEXITY).lines}
    assert parts | {"all": said(only(rows).rates["any_medal"])} == published
    assert list(parts) == ["low", "medium", "high"]


def test_published_medals_of_three_runs_add_up() -> None:
    rows = [
        row(MEDALS[letter], competition=f"c{number}", seed=seed)
        for number, letters in enumerate(LITE)
        for seed, letter in enumerate(letters)
    ]
    line = only(rows)
    assert said(line.rates["any_medal"]) == "86.36 ± 0.00"
    parts = {kind: said(line.rates[kind]) for kind in ("gold", "silver", "bronze")}
    assert parts == {"gold": "43.94 ± 1.52", "silver": "21.21 ± 3.03", "bronze": "21.21 ± 1.52"}


def test_one_seed_has_no_standard_error() -> None:
    line = only([row("gold"), row(competition="c1")])
    assert line.rates["gold"] == Estimate(50.0, None, 1)


def test_nothing_counted_has_no_mean() -> None:
    line = only([failed()])
    assert line.rates["gold"] == Estimate(None, None, 0)
    assert line.any_medal_all == Estimate(0.0, None, 1)


def test_a_seed_is_counted_over_the_competitions_that_it_has() -> None:
    rows = [
        row("gold", seed=0),
        row(seed=0, competition="c1"),
        row("gold", seed=1),
        failed("no room\n on the disk", seed=1, competition="c1"),
        failed(seed=2, state="unfinished", reason=""),
    ]
    line = only(rows)
    assert line.rates["gold"] == Estimate(75.0, 25.0, 2)
    assert line.any_medal_all.mean == pytest.approx(100 / 3)
    assert line.any_medal_all.n == 3
    assert (line.seeds, line.competitions, line.cells, line.partial) == ((0, 1), ("c0", "c1"), 3, 1)
    assert line.excluded == {"failed: no room on the disk": 1, "unfinished": 1}


def test_an_invalid_submission_counts_as_made_and_not_as_valid() -> None:
    line = only([row(valid_submission=False, score=None)])
    assert (line.rates["made_submission"].mean, line.rates["valid_submission"].mean) == (100, 0)


def test_data_versions_are_never_pooled() -> None:
    rows = [row("gold"), row(data_version=2)]
    for by in (None, By.MODEL, By.CATEGORY):
        lines = aggregate(rows, by).lines
        assert [(line.data_version, line.rates["gold"].mean) for line in lines] == [(1, 100), (2, 0)]
    assert [score.data_version for score in aggregate(rows).scores] == [1, 2]


def test_an_axis_pools_arms_and_keeps_their_seeds_apart() -> None:
    rows = [
        row("gold", arm="a", model="x", seed=0),
        row(arm="b", model="y", seed=0),
        row("gold", arm="c", model="x", scaffold="mlab", seed=0),
    ]
    aide, mlab = aggregate(rows, By.SCAFFOLD).lines
    assert aide.labels == {"scaffold": "aide"}
    assert aide.arms == ("a", "b")
    assert (len(aide.seeds), aide.rates["gold"]) == (1, Estimate(50.0, 50.0, 2))
    assert mlab.rates["gold"] == Estimate(100.0, None, 1)


def test_arms_of_equal_labels_stay_apart() -> None:
    report = aggregate([row("gold", arm="a"), row(arm="b"), row(arm="c", model="other")])
    assert [line.arms for line in report.lines] == [("a",), ("b",), ("c",)]
    assert report.ambiguous == {"a", "b"}


def test_an_arm_that_sweeps_label_differently_is_one_line() -> None:
    rows = [row(seed=0), row(seed=1, scaffold="aide num_drafts=3")]
    assert only(rows).labels["scaffold"] == "aide num_drafts=3"
    assert only(rows, By.SCAFFOLD).labels == {"scaffold": "aide num_drafts=3"}


def test_only_axes_that_differ_are_named_beside_scaffold_and_model() -> None:
    assert aggregate([row()]).axes == ("scaffold", "model")
    rows = [row(arm="a", time_limit="100h"), row(arm="b", time_limit="24h")]
    report = aggregate(rows)
    assert report.axes == ("scaffold", "model", "time_limit")
    assert [line.labels["time_limit"] for line in report.lines] == ["24h", "100h"]


def test_repeats_of_a_cell_are_averaged_and_copies_count_once() -> None:
    again = row(tokens=7)
    report = aggregate([row("gold"), again, again, row("gold", competition="c1")])
    assert report.repeats == 1
    assert report.lines[0].rates["gold"] == Estimate(75.0, None, 1)


def test_raw_scores_are_of_valid_submissions_and_one_competition() -> None:
    rows = [
        row(score=0.5, seed=0, maximize=False),
        row("gold", score=0.3, seed=1, maximize=False),
        row(score=None, valid_submission=False, seed=2, maximize=False),
        row(score=9, competition="c1"),
    ]
    first, second = aggregate(rows).scores
    assert (first.competition, first.valid, first.cells, first.best, first.median) == ("c0", 2, 3, 0.3, 0.5)
    assert first.score.mean == pytest.approx(0.4)
    assert first.score.se == pytest.approx(0.1)
    assert (second.score, second.best) == (Estimate(9, None, 1), 9)


def test_a_sum_with_an_unknown_part_is_unknown() -> None:
    known = only([row(usd=1.5, tokens=10, seconds=3600), row(usd=0.5, tokens=20, seed=1)]).costs
    assert (known.usd, known.tokens, known.seconds, known.usd_unknown) == (2.0, 30, 3600, 0)
    unknown = only([row(usd=1.5), row(usd=None, seed=1)]).costs
    assert (unknown.usd, unknown.usd_unknown, unknown.cells) == (None, 1, 2)


def test_conditions_are_told() -> None:
    rows = [
        row(codes=("x", "y"), final="last_valid", final_from="snapshot", backends=("docker",)),
        row(seed=1, codes=("y",)),
        failed(seed=2, added=True),
    ]
    conditions = only(rows).conditions
    assert conditions.codes == ("x", "y")
    assert (conditions.changed_code, conditions.added, conditions.from_snapshot) == (1, 1, 1)
    assert conditions.backends == ("bwrap", "docker")
    assert conditions.final == ("last_valid", "path")


@st.composite
def a_row(draw: st.DrawFn, state: st.SearchStrategy[str]) -> Row:
    facts: dict[str, Any] = {
        "arm": draw(st.sampled_from(["a", "b"])),
        "competition": draw(st.sampled_from(["c0", "c1", "c2"])),
        "seed": draw(st.integers(0, 3)),
        "data_version": draw(st.integers(1, 2)),
        "tokens": draw(st.integers(0, 10**9)),
        "usd": draw(st.none() | st.floats(0, 1e6)),
        "seconds": draw(st.floats(0, 1e6)),
    }
    chosen = draw(state)
    if chosen == "done":
        return row(draw(st.sampled_from(["", "", "bronze", "silver", "gold"])), **facts)
    return failed(**facts | {"state": chosen})


ANY = st.sampled_from(["done", "done", "done", "failed", "unfinished"])
LEFT_OUT = st.sampled_from(["failed", "unfinished"])
ROWS = st.lists(a_row(ANY), max_size=30)
BY = st.none() | st.sampled_from(By)


@given(rows=ROWS, by=BY, data=st.data())
def test_the_order_of_rows_changes_nothing(rows: list[Row], by: By | None, data: st.DataObject) -> None:
    assert aggregate(data.draw(st.permutations(rows)), by) == aggregate(rows, by)


@given(rows=ROWS, by=BY)
def test_means_are_percentages_and_medals_add_up(rows: list[Row], by: By | None) -> None:
    for line in aggregate(rows, by).lines:
        means = {rate: line.rates[rate].mean for rate in RATES}
        if line.cells:
            known = {rate: mean for rate, mean in means.items() if mean is not None}
            assert all(0 <= known[rate] <= 100 for rate in RATES)
            assert known["any_medal"] == pytest.approx(
                sum(known[kind] for kind in ("bronze", "silver", "gold"))
            )
        else:
            assert set(means.values()) == {None}


@given(rows=ROWS, by=BY, more=a_row(LEFT_OUT))
def test_an_excluded_cell_changes_no_mean(rows: list[Row], by: By | None, more: Row) -> None:
    def rates(found: Sequence[Row]) -> list[str]:  # in any order: lines follow the first of all their cells
        return sorted(repr(line.rates) for line in aggregate(found, by).lines if line.cells)

    assert rates([*rows, more]) == rates(rows)


def test_a_line_has_its_place_by_what_it_is() -> None:
    """One cell more, of another arm or complexity, moves no line before another."""
    second = row(arm="a", data_version=2)
    pooled = [second, row(arm="b"), failed(arm="a", data_version=1)]
    assert [line.data_version for line in aggregate(pooled[:2], By.SCAFFOLD).lines] == [1, 2]
    assert [line.data_version for line in aggregate(pooled, By.SCAFFOLD).lines] == [1, 2]
    text = row(category="Text", complexity="high", competition="c1")
    grouped = [row(category="Image", complexity="high"), text, row(category="Text", competition="c2")]
    for found in (grouped[:2], grouped):
        assert [line.group for line in aggregate(found, By.CATEGORY).lines] == ["Image", "Text"]


@given(rows=ROWS, by=BY)
def test_every_cell_is_on_one_line_and_on_one_only(rows: list[Row], by: By | None) -> None:
    report = aggregate(rows, by)
    assert sum(line.cells + sum(line.excluded.values()) for line in report.lines) == len(set(rows))
    assert report.cells + len(report.excluded) == len(set(rows))


@given(values=st.lists(st.floats(0, 100), min_size=2, max_size=40))
def test_the_standard_error_is_that_of_the_sample(values: list[float]) -> None:
    wanted = float(np.std(values, ddof=1)) / len(values) ** 0.5
    assert estimate(values).se == pytest.approx(wanted, abs=1e-9)


def test_a_reason_is_one_line_and_not_long() -> None:
    assert reason(failed("a\nb " + "x" * 5000)).startswith("failed: a b x")
    assert len(reason(failed("x" * 5000))) < 200
