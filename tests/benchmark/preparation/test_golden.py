"""The same rows and files as upstream's, on small raw data; and the same positions of every split."""

# scikit-learn ships no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from benchmark.answers import read_answers
from benchmark.competition import Competition
from benchmark.contract import compile_contract
from benchmark.preparation.split import sampled as sample_positions
from benchmark.preparation.split import shuffled
from benchmark.prepare import DESCRIPTION, Options, prepare
from benchmark.registry import find
from tests.benchmark.preparation.describing import describe_tree, differences

DATA = Path(__file__).parents[2] / "data" / "preparation"
GOLDEN = sorted(path.stem for path in DATA.glob("*.zip"))
ARCHIVES = ("public/train.7z", "public/test.7z")


def expected_of(name: str) -> dict[str, Any]:
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


def raw_of(name: str, folder: Path) -> Path:
    with zipfile.ZipFile(DATA / f"{name}.zip") as opened:
        opened.extractall(folder)
    return folder


def small(competition: Competition, expected: dict[str, Any]) -> Competition:
    """The competition with a test set that fits small data, where its size is a fixed number."""
    size = expected["overrides"].get("test_size")
    if size is None:
        return competition
    split = competition.split.model_copy(update={"test_items": size["golden"]})
    return competition.model_copy(update={"split": split})


@pytest.mark.parametrize("name", GOLDEN)
def test_prepared_data_are_upstreams(name: str, tmp_path: Path) -> None:
    expected = expected_of(name)
    raw = raw_of(name, tmp_path / "raw" / name)
    before = describe_tree(raw)
    folders = prepare(small(find(name), expected), tmp_path / "data", Options(raw=tmp_path / "raw"))
    found = describe_tree(folders.public)
    del found[DESCRIPTION]
    assert differences(expected["public"], found) == []
    assert differences(expected["private"], describe_tree(folders.private)) == []
    assert describe_tree(raw) == before
    competition = find(name)
    asked = compile_contract(competition, folders.public).row_count
    assert asked == read_answers(competition, folders.private).form.row_count > 0
    assert {path.name for path in folders.public.parent.iterdir()} == {"public", "private", "manifest.json"}


def test_every_split_vector() -> None:
    vectors = json.loads((DATA / "splits.json").read_text(encoding="utf-8"))
    assert len(vectors["shuffled"]) == 190
    for vector in vectors["shuffled"]:
        halves = shuffled(vector["n"], vector["seed"], vector.get("test_size"), vector.get("train_size"))
        for side, positions in halves._asdict().items():
            assert len(positions) == vector[f"n_{side}"], vector
            text = ",".join(str(position) for position in positions)
            assert hashlib.sha256(text.encode()).hexdigest() == vector[f"{side}_sha256"], vector
    for vector in vectors["sampled"]:
        assert sample_positions(vector["n"], vector["k"], vector["seed"]).tolist() == vector["index"]


@given(
    st.integers(2, 500),
    st.one_of(st.floats(0.01, 0.99), st.integers(1, 499)),
    st.integers(0, 2**32 - 1),
)
def test_splits_are_scikit_learns(count: int, size: float | int, seed: int) -> None:
    try:
        train, test = train_test_split(np.arange(count), test_size=size, random_state=seed)
    except ValueError:
        with pytest.raises(ValueError, match="cannot be split"):
            shuffled(count, seed, test=size)
        return
    halves = shuffled(count, seed, test=size)
    assert np.array_equal(halves.train, train)
    assert np.array_equal(halves.test, test)
