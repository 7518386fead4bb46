"""The practice competitions as values, and one guard for all tests of a process."""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from benchmark.competition import Competition
from benchmark.contract import SubmissionContract, compile_contract, expected_rows
from benchmark.guard import Guard
from benchmark.prepare import Prepared, prepared
from benchmark.registry import COMPETITIONS, find, members


class Practice(NamedTuple):
    """A prepared practice competition and two submissions to it."""

    competition: Competition
    folders: Prepared
    contract: SubmissionContract
    sample: bytes
    perfect: bytes


def ids_of(contract: SubmissionContract) -> list[str]:
    """The ids that a contract asks for, in their order."""
    return expected_rows(contract).ids.texts()


def open_practice(name: str, data_dir: Path) -> Practice:
    competition = find(name)
    folders = prepared(competition, data_dir)
    return Practice(
        competition,
        folders,
        compile_contract(competition, folders.public),
        (folders.public / competition.files["sample_submission"]).read_bytes(),
        (folders.private / competition.answers.file).read_bytes(),
    )


def gone(pid: int) -> bool:
    """Whether a process ends, if not at once then soon."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


@pytest.fixture(params=members("practice"))
def practice(request: pytest.FixtureRequest, data_dir: Path) -> Practice:
    return open_practice(request.param, data_dir)


@pytest.fixture
def only_practice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A version that has the practice competitions and no other."""
    folders = tmp_path / "competitions"
    for name in members("practice"):
        shutil.copytree(COMPETITIONS / name, folders / name)
    monkeypatch.setattr("benchmark.registry.COMPETITIONS", folders)


@pytest.fixture(scope="session")
def digits(data_dir: Path) -> Practice:
    return open_practice("practice-digits", data_dir)


@pytest.fixture(scope="session")
def diabetes(data_dir: Path) -> Practice:
    return open_practice("practice-diabetes", data_dir)


@pytest.fixture(scope="session")
def cancer(data_dir: Path) -> Practice:
    return open_practice("practice-breast-cancer", data_dir)


@pytest.fixture(scope="session")
def guard() -> Iterator[Guard]:
    with Guard() as open_guard:
        yield open_guard
