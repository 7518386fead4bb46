"""Orders, edit distances and spans, against definitions that look at every pair."""

import itertools
import random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.metrics import score

quick = settings(max_examples=40, deadline=None)
NAMES = {"truth": "order", "predicted": "order"}
orders = st.lists(st.integers(1, 9), min_size=1, max_size=5)


def tables(truth: list[list[str]], predicted: list[list[str]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    ours, theirs = (pd.DataFrame({"order": [" ".join(row) for row in side]}) for side in (truth, predicted))
    return ours, theirs


@quick
@given(orders, st.randoms(use_true_random=False))
def test_kendall_counts_pairs_that_stand_the_other_way_round(sizes: list[int], rng: random.Random) -> None:
    # The same token may stand in several rows.
    truth = [rng.sample([str(token) for token in range(12)], size) for size in sizes]
    predicted = [rng.sample(row, len(row)) for row in truth]
    turned = sum(
        theirs.index(a) > theirs.index(b)
        for ours, theirs in zip(truth, predicted, strict=True)
        for a, b in itertools.combinations(ours, 2)
    )
    pairs = sum(size * (size - 1) for size in sizes)
    found = score("kendall_tau_pooled", *tables(truth, predicted), **NAMES)
    assert found == pytest.approx(1 - 4 * turned / pairs) if pairs else np.isnan(found)
    if pairs:
        assert score("kendall_tau_pooled", *tables(truth, truth), **NAMES) == 1.0
        backwards = [row[::-1] for row in truth]
        assert score("kendall_tau_pooled", *tables(truth, backwards), **NAMES) == -1.0
        order = rng.sample(range(len(sizes)), len(sizes))
        mixed = [[side[place] for place in order] for side in (truth, predicted)]
        assert score("kendall_tau_pooled", *tables(*mixed), **NAMES) == found


def edits(ours: list[str], theirs: list[str]) -> int:
    row = list(range(len(theirs) + 1))
    for place, token in enumerate(ours):
        above, row = row, [place + 1]
        for other, letter in enumerate(theirs):
            row.append(min(above[other] + (token != letter), above[other + 1] + 1, row[other] + 1))
    return row[-1]


sequences = st.lists(st.lists(st.sampled_from(["1", "2", "12"]), max_size=6), min_size=3, max_size=3)


@quick
@given(sequences, sequences)
def test_edits_are_counted_by_token(truth: list[list[str]], predicted: list[list[str]]) -> None:
    total = sum(edits(*pair) for pair in zip(truth, predicted, strict=True))
    length = sum(map(len, truth))
    found = score("normalized_levenshtein", *tables(truth, predicted), **NAMES)
    assert found == pytest.approx(total / length) if length else np.isnan(found)


def note(
    long: tuple[int, int], short: list[tuple[int, int]], yes_no: str = "NONE"
) -> list[dict[str, object]]:
    def span(ends: tuple[int, int]) -> dict[str, int]:
        return {"start_token": ends[0], "end_token": ends[1]}

    spans = [span(ends) for ends in short]
    return [{"long_answer": span(long), "short_answers": spans, "yes_no_answer": yes_no}]


def test_answers_to_questions() -> None:
    notes = [note((3, 9), [(4, 5), (6, 7)]), note((-1, -1), []), note((1, 8), [], "YES")]
    rows = [(f"{n}{end}", notes[n]) for n in range(3) for end in ("_long", "_short")]
    answers = pd.DataFrame({"id": [row[0] for row in rows], "annotations": [row[1] for row in rows]})

    def scored(cells: list[str], **params: bool) -> float:
        submission = pd.DataFrame({"id": answers["id"], "answer": cells})
        return score("f1_micro_qa", answers, submission, id_column="id", predicted="answer", **params)

    best = ["3:9", "6:7", "", "", "1:8", "YES"]
    assert scored(best) == scored(best, as_accuracy=True) == 1.0
    # right, wrong, wrong where there is none, blank and right, blank and wrong, right
    cells = ["3:9", "3:9", "YES", "", "", "YES"]
    assert scored(cells) == pytest.approx(2 * 2 / (2 * 2 + 2 + 1))
    assert scored(cells, as_accuracy=True) == pytest.approx(3 / 6)
    blank = pd.DataFrame({"id": ["1_long", "1_short"], "annotations": [note((-1, -1), [])] * 2})
    nothing = pd.DataFrame({"id": blank["id"], "answer": ["", ""]})
    assert np.isnan(score("f1_micro_qa", blank, nothing, id_column="id", predicted="answer"))
