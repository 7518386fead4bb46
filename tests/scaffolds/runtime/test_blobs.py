from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaffolds.errors import InfraError
from scaffolds.runtime.blobs import PackStore


@given(values=st.lists(st.binary(max_size=2000), max_size=20))
def test_what_was_put_is_there_after_reopening(
    tmp_path_factory: pytest.TempPathFactory, values: list[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("blobs")
    store = PackStore(folder, writable=True)
    digests = [store.put(value) for value in values]
    store.close()
    again = PackStore(folder)
    assert [again.get(digest) for digest in digests] == values


def test_equal_values_are_kept_once(tmp_path: Path) -> None:
    store = PackStore(tmp_path, writable=True)
    store.put(b"a" * 1000)
    size = (tmp_path / "pack").stat().st_size
    store.put(b"a" * 1000)
    assert (tmp_path / "pack").stat().st_size == size


@pytest.mark.parametrize("cut", [1, 20, 41])
def test_a_torn_last_value_is_dropped_and_written_again(tmp_path: Path, cut: int) -> None:
    store = PackStore(tmp_path, writable=True)
    first, second = store.put(b"first"), store.put(b"second")
    store.close()
    pack = tmp_path / "pack"
    pack.write_bytes(pack.read_bytes()[:-cut])
    again = PackStore(tmp_path, writable=True)
    assert first in again
    assert second not in again
    again.put(b"second")
    assert PackStore(tmp_path).get(second) == b"second"


def test_a_value_that_a_power_cut_tore_inside_is_written_again(tmp_path: Path) -> None:
    store = PackStore(tmp_path, writable=True)
    store.put(b"first")
    start = store.size()
    digest = store.put(b"second" * 100)
    whole = store.size()
    store.close()
    with (tmp_path / "pack").open("r+b") as file:  # the header reached the disk, and the rest did not
        file.seek(start + 40)
        file.write(bytes(whole - start - 40))
    again = PackStore(tmp_path, writable=True)
    for _ in range(2):
        again.put(b"first")
        again.put(b"second" * 100)
    assert again.size() - whole == whole - start
    assert again.get(digest) == PackStore(tmp_path).get(digest) == b"second" * 100


def test_a_reader_sees_what_a_writer_appends(tmp_path: Path) -> None:
    writer = PackStore(tmp_path, writable=True)
    reader = PackStore(tmp_path)
    digest = writer.put(b"late")
    with pytest.raises(KeyError):
        reader.get(digest)
    reader.refresh()
    assert reader.get(digest) == b"late"


def test_a_damaged_value_is_not_returned(tmp_path: Path) -> None:
    store = PackStore(tmp_path, writable=True)
    digest = store.put(b"x" * 500)
    store.close()
    pack = tmp_path / "pack"
    raw = bytearray(pack.read_bytes())
    raw[-1] ^= 0xFF
    pack.write_bytes(raw)
    with pytest.raises(InfraError, match="damaged"):
        PackStore(tmp_path).get(digest)
