"""A preparation that is killed before any of its changes of the disk: the same command makes it whole."""

import shutil
from pathlib import Path

import pytest

from benchmark.prepare import Options, prepare
from benchmark.registry import find
from tests.benchmark.preparation.kaggle_server import KaggleServer
from tests.benchmark.preparation.test_golden import DATA
from tests.deaths import deaths

NAME = "spaceship-titanic"
DIABETES = find("practice-diabetes")


def download(place: Path, endpoint: str, keep_raw: str) -> None:
    """A preparation from a Kaggle that is served at `endpoint`."""
    from kagglesdk import kaggle_env

    kaggle_env._env_to_endpoint[kaggle_env.KaggleEnv.PROD] = endpoint  # pyright: ignore[reportPrivateUsage]
    prepare(find(NAME), place, Options(keep_raw=bool(keep_raw), check_download=False))


def replace(place: Path) -> None:
    """A preparation of what needs no raw files."""
    prepare(DIABETES, place)


@pytest.mark.parametrize("keep_raw", ["", "yes"])
def test_the_same_command_again_leaves_nothing_of_a_download(
    kaggle: KaggleServer, tmp_path: Path, keep_raw: str
) -> None:
    kaggle.archives[NAME] = (DATA / f"{NAME}.zip").read_bytes()
    assert deaths(download, tmp_path / "data", kaggle.endpoint, keep_raw) > 30


def test_data_that_are_replaced_are_there_again_after_a_death(tmp_path: Path) -> None:
    private = prepare(DIABETES, tmp_path / "whole").private
    (private / DIABETES.answers.file).unlink()
    for number in range(100):
        shutil.copytree(tmp_path / "whole", tmp_path / "data" / str(number))
    assert deaths(replace, tmp_path / "data") > 30
