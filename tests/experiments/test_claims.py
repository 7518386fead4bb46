"""A scaffold's own score of what it submitted, as tables show it."""

from pathlib import Path

import pytest

from experiments.results import row_of
from experiments.run import replay_cell, run_cell
from tests.conftest import make_run


@pytest.mark.parametrize(("claim", "shown"), [("0.25", 0.25), ("none", None), ("nan", None), ("inf", None)])
def test_what_a_scaffold_measured_is_its_validation(
    tmp_path: Path, data_dir: Path, claim: str, shown: float | None
) -> None:
    agent = {"name": "tests.experiments.agents:Claims", "score": claim}
    run = make_run(tmp_path, data_dir, scaffolds=[agent], backend="none")
    grade = run_cell(run)
    row = row_of(run)
    assert (row.outcome, row.validation, row.score) == ("done", shown, grade["score"])
    assert replay_cell(run) > 0
