"""A preparation that is killed before any of its changes of the disk: the same command makes it whole."""

import shutil
from pathlib import Path

import pytest

from benchmark.prepare import Options, Prepared, prepare
from benchmark.registry import find
from tests.benchmark.preparation.kaggle_server import KaggleServer
from tests.benchmark.preparation.test_golden import DATA
from tests.deaths import deaths, left_in

NAME = "spaceship-titanic"


@pytest.mark.parametrize("keep_raw", [False, True])
def test_the_same_command_again_leaves_nothing_of_a_download(
    kaggle: KaggleServer, tmp_path: Path, keep_raw: bool
) -> None:
    kaggle.archives[NAME] = (DATA / f"{NAME}.zip").read_bytes()
    options = Options(keep_raw=keep_raw, check_download=False)

    def work(number: int) -> Prepared:
        return prepare(find(NAME), tmp_path / str(number), options)

    work(0)
    died = 0
    for died in deaths(work):
        work(died)
        assert left_in(tmp_path / str(died)) == left_in(tmp_path / "0")
    assert died > 30


def test_data_that_are_replaced_are_there_again_after_a_death(tmp_path: Path) -> None:
    competition = find("practice-diabetes")

    def work(number: int) -> Prepared:
        return prepare(competition, tmp_path / str(number))

    private = work(0).private.relative_to(tmp_path / "0")
    for number in range(1, 100):
        shutil.copytree(tmp_path / "0", tmp_path / str(number))
        (tmp_path / str(number) / private / competition.answers.file).unlink()
    died = 0
    for died in deaths(work):
        work(died)
        assert left_in(tmp_path / str(died)) == left_in(tmp_path / "0")
    assert died > 30
