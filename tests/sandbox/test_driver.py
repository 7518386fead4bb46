"""The driver as it is delivered, and its parts that need no sandbox."""

import ast
import importlib.util
import io
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.archive import driver_archive
from sandbox.driver import frames
from sandbox.driver.capture import Drain, HeadTail
from tests.sandbox.support import RELAXED

SOURCES = sorted(Path(frames.__file__).parent.glob("*.py"))
AGENTS = {"jupyter": ("jupyter_client", "zmq"), "startup": ("ipykernel",)}
"""What the agent's Python runs, with its packages."""


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_the_driver_is_python_3_9_and_imports_the_standard_library_only(path: Path) -> None:
    tree = ast.parse(path.read_text(), feature_version=(3, 9))
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            package = name.split(".")[0]
            assert (
                name.startswith("sandbox.driver")
                or package in sys.stdlib_module_names
                or package in AGENTS.get(path.stem, ())
            )


def test_the_archive_is_the_same_on_every_build() -> None:
    first = driver_archive()
    driver_archive.cache_clear()
    assert driver_archive() == first
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert set(archive.namelist()) == {
            *("__main__.py", "sandbox/__init__.py"),
            *(f"sandbox/driver/{path.name}{compiled}" for path in SOURCES for compiled in ("", "c")),
        }
        assert archive.read("sandbox/__init__.py") == b""


def test_the_archive_runs_compiled_code_of_its_own_version_only(tmp_path: Path) -> None:
    archive = tmp_path / "driver.pyz"
    archive.write_bytes(driver_archive())
    look = "import sandbox.driver.loop as m; print(m.__file__, m.HostGone.__name__)"
    argv = (sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(archive)!r}); {look}")
    ran = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert ran.stdout.startswith(f"{archive}/sandbox/driver/loop.pyc ")
    archive.write_bytes(driver_archive().replace(importlib.util.MAGIC_NUMBER, b"\0\0\r\n"))
    ran = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert ran.stdout.startswith(f"{archive}/sandbox/driver/loop.py ")
    assert str(Path(frames.__file__).parent).encode() not in driver_archive()


@RELAXED
@given(st.lists(st.binary(max_size=300)), st.integers(1, 200))
def test_the_first_and_last_bytes_are_kept(pieces: list[bytes], keep: int) -> None:
    memory = HeadTail(keep)
    for piece in pieces:
        memory.add(piece)
    whole = b"".join(pieces)
    stream = memory.result()
    assert stream.total == len(whole)
    assert stream.head == whole[:keep]
    assert stream.tail == whole[keep:][-keep:]


def test_many_small_writes_do_not_swell() -> None:
    memory = HeadTail(1000)
    for _ in range(300_000):
        memory.add(b"x")
    assert len(memory.result().tail) == 1000


def test_taking_does_not_wait_for_those_who_hold_the_pipe() -> None:
    drain = Drain()
    os.write(drain.write_end, b"one")
    assert drain.take().head == b"one"
    os.write(drain.write_end, b"two")
    time.sleep(0.05)
    os.write(drain.write_end, b"three")
    assert drain.take() == (b"twothree", b"", 8, "")
    drain.close_write_end()
    time.sleep(0.05)
    assert drain.take().total == 0


@RELAXED
@given(st.dictionaries(st.sampled_from("abc"), st.integers() | st.text() | st.none()), st.lists(st.binary()))
def test_frames_round_trip(fields: dict[str, object], chunks: list[bytes]) -> None:
    frame = frames.encode(fields, chunks)
    size = frames.PREFIX.size
    sizes = frames.lengths(frame[:size])
    header = frames.decode(frame[size : size + sizes.header])
    payload = frame[size + sizes.header :]
    assert len(payload) == sizes.payload
    assert frames.split(header, payload) == (chunks if len(chunks) > 1 else [b"".join(chunks)])


def test_headers_are_read_with_their_types() -> None:
    header = frames.decode(b'{"t":"x","i":3,"f":true,"n":1e400,"l":["a",1],"s":[1,2],"z":null,"b":-1}')
    assert header.text("t") == "x" and header.integer("i") == 3 and header.flag("f")
    assert header.integers("s") == [1, 2] and "z" not in header and header.number("i") == 3.0
    for read in (
        *(lambda name=name: header.text(name) for name in "ifnlz"),
        *(lambda name=name: header.integer(name) for name in "tfnlzb"),
        *(lambda name=name: header.number(name) for name in "tfnlzb"),
        *(lambda name=name: header.texts(name) for name in "tifls"),
        *(lambda name=name: header.integers(name) for name in "tifl"),
    ):
        with pytest.raises(frames.FrameError):
            read()


def test_a_frame_over_the_limits_is_not_built() -> None:
    with pytest.raises(frames.FrameError):
        frames.encode({"x": "y" * frames.MAX_HEADER})
    with pytest.raises(frames.FrameError):
        frames.encode({}, [b"x" * (frames.MAX_PAYLOAD + 1)])
