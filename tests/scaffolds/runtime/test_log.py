import resource
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaffolds.errors import UserError
from scaffolds.runtime.events import MODEL_RESPONSE, STEP_START
from scaffolds.runtime.log import EVENTS_FILE, EventLog, LogFollower, LogReader

FINITE = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | FINITE | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@given(events=st.lists(st.dictionaries(st.text(max_size=8), VALUES, max_size=4), max_size=8))
def test_events_come_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, events: list[dict[str, object]]
) -> None:
    folder = tmp_path_factory.mktemp("log")
    log = EventLog(folder)
    for data in events:
        log.append("test.event", data)
    log.close()
    reader = LogReader(folder)
    assert [{name: reader.value(e, name) for name in (*e.data, *e.blobs)} for e in reader.events] == events


def test_large_values_are_not_in_the_lines(tmp_path: Path) -> None:
    log = EventLog(tmp_path)
    log.append("test.event", {"text": "x" * 100_000})
    log.close()
    assert (tmp_path / EVENTS_FILE).stat().st_size < 500
    reader = LogReader(tmp_path)
    assert reader.value(reader.events[0], "text") == "x" * 100_000


def two_events(folder: Path) -> bytes:
    log = EventLog(folder)
    log.append("test.first", {})
    log.append("test.second", {"text": "y" * 1000})
    log.close()
    return (folder / EVENTS_FILE).read_bytes()


@pytest.mark.parametrize("tail", [b'{"v":1,"seq":2,"ts', b"\x00\x00\x00", b'{"v":1,"seq":7}\n'])
def test_a_torn_last_line_is_dropped_and_overwritten(tmp_path: Path, tail: bytes) -> None:
    whole = two_events(tmp_path)
    (tmp_path / EVENTS_FILE).write_bytes(whole + tail)
    log = EventLog(tmp_path)
    assert [event.type for event in log.events] == ["test.first", "test.second"]
    log.append("test.third", {})
    log.close()
    assert [event.seq for event in LogReader(tmp_path).events] == [0, 1, 2]


def test_no_line_outlives_a_value_that_it_names(tmp_path: Path) -> None:
    """Whatever prefix of the system calls reaches the disk: a blob is synced before its line is written."""
    trace = tmp_path / "trace"
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from scaffolds.runtime.log import EventLog\n"
        "log = EventLog(Path(sys.argv[1]))\n"
        "def traced(name):\n"
        "    call = getattr(os, name)\n"
        "    def traced_call(fd, *rest):\n"
        "        target = os.path.basename(os.readlink(f'/proc/self/fd/{fd}'))\n"
        "        print(name, target)\n"
        "        return call(fd, *rest)\n"
        "    setattr(os, name, traced_call)\n"
        "traced('pwrite'), traced('fdatasync')\n"
        "log.append('test.event', {'text': 'x' * 5000})\n"
        "tree = log.blobs.put(b'a tree')\n"
        "log.append('test.event', {'tree': tree})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(trace)], capture_output=True, text=True, check=True
    )
    once = ["pwrite pack", "fdatasync pack", "pwrite events.jsonl"]
    assert done.stdout.splitlines() == once * 2


def test_a_hole_before_one_synced_event_is_a_power_cut_and_dropped(tmp_path: Path) -> None:
    log = EventLog(tmp_path)
    for kind in (STEP_START, "test.lost", MODEL_RESPONSE):
        log.append(kind, {})
    log.close()
    lines = (tmp_path / EVENTS_FILE).read_bytes().splitlines(keepends=True)
    (tmp_path / EVENTS_FILE).write_bytes(lines[0] + b"\0" * len(lines[1]) + b"\n" + lines[2])
    assert [event.type for event in EventLog(tmp_path).events] == [STEP_START]


def test_damage_before_two_synced_events_is_an_error(tmp_path: Path) -> None:
    log = EventLog(tmp_path)
    for kind in ("test.first", STEP_START, MODEL_RESPONSE):
        log.append(kind, {})
    log.close()
    lines = (tmp_path / EVENTS_FILE).read_bytes().splitlines(keepends=True)
    (tmp_path / EVENTS_FILE).write_bytes(b"garbage\n" + b"".join(lines[1:]))
    with pytest.raises(UserError, match="damaged in the middle, at line 1"):
        EventLog(tmp_path)


def test_another_schema_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / EVENTS_FILE).write_bytes(b'{"v":99,"seq":0}\n')
    with pytest.raises(UserError, match="schema version 99"):
        LogReader(tmp_path)


def test_a_follower_reads_whole_events_once(tmp_path: Path) -> None:
    follower = LogFollower(tmp_path)
    assert follower.read_new() == []
    log = EventLog(tmp_path)
    log.append("test.first", {})
    assert [event.type for event in follower.read_new()] == ["test.first"]
    with (tmp_path / EVENTS_FILE).open("ab") as file:
        file.write(b'{"v":1,"seq":1')
    assert follower.read_new() == []


_FILL = """
import resource, sys
from pathlib import Path
from scaffolds.errors import InfraError
from scaffolds.runtime.log import EventLog
log = EventLog(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    for number in range(10_000):
        log.append("test.event", {"number": number})
except InfraError as error:
    print(error.code, error)
"""


def test_a_full_disk_is_said_and_loses_nothing(tmp_path: Path) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    done = subprocess.run(
        [sys.executable, "-c", _FILL, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("infra.disk cannot write to")
    events = LogReader(tmp_path).events
    assert len(events) > 50
    log = EventLog(tmp_path)
    log.append("test.event", {"number": len(events)})
    log.close()
    numbers = [event.data["number"] for event in LogReader(tmp_path).events]
    assert numbers == list(range(len(events) + 1))
