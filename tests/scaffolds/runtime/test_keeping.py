"""Files that travel between the sandboxes of a run, and the part of the machine that each lane has."""

from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.open import open_sandbox
from sandbox.portion import Part
from sandbox.protocols import Sandbox, Validator
from sandbox.spec import SandboxSpec
from scaffolds.run import Run
from scaffolds.runtime.durable import DurableRun
from scaffolds.runtime.keeping import Keeping
from scaffolds.runtime.log import LogReader
from scaffolds.runtime.session import Session, World
from tests.requires import require
from tests.scaffolds.runtime.worlds import Counter, play, world


def test_a_lanes_file_reaches_the_scaffolds_sandbox(tmp_path: Path) -> None:
    def worker(run: Run) -> str:
        run.call("write_file", path="s.csv", content="id,y\n1,2\n")
        return str(run.call("validate_submission", path="s.csv").data["kept"])

    def scaffold(run: Run) -> tuple[str, bool, bool]:
        lanes = run.lanes(1)
        lanes.start("w", worker)
        kept = str(lanes.next_done()[1])
        run.call("place_file", kept=kept, path="deep/er/s.csv")
        text = run.call("read_file", path="deep/er/s.csv").text
        broken = run.call("write_file", path="bad.csv", content="id,y")
        assert broken.ok
        refused = run.call("validate_submission", path="bad.csv")
        assert "kept" not in refused.data
        unknown = run.call("place_file", kept="0" * 64, path="x")
        return text, run.call("keep_file", path="bad.csv").ok, unknown.ok

    model = Counter()
    first = play(tmp_path, scaffold, model)
    assert first == ("id,y\n1,2\n", True, False)
    assert play(tmp_path, scaffold, model) == first


def test_links_and_large_files_are_not_kept(tmp_path: Path) -> None:
    def scaffold(run: Run) -> list[bool]:
        run.call("shell", command="ln -s /etc/passwd link; mkfifo pipe; head -c 2000 /dev/zero > large")
        return [run.call("keep_file", path=path).ok for path in ("link", "pipe", "large", "missing", ".")]

    assert play(tmp_path, scaffold, Counter()) == [False] * 5


def test_what_there_is_no_room_for_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scaffolds.runtime.keeping._KEPT", 0)
    monkeypatch.setattr("scaffolds.runtime.keeping._ALWAYS_KEPT", 10)
    session = Session(tmp_path / "run", world(tmp_path, Counter()), {})
    keeping = Keeping(session.log.blobs)
    kept = keeping.keep(b"0123456789")
    assert kept is not None
    assert keeping.get(kept) == b"0123456789"
    assert keeping.keep(b"01234567890") is None
    assert keeping.get("no name") is None
    session.log.close()


@pytest.mark.parametrize("size", [0, 1 << 10, (8 << 20) + 1, 20 << 20])
def test_a_file_of_any_size_is_put_in_its_place(tmp_path: Path, size: int) -> None:
    require("bwrap", "apt-get install bubblewrap")
    (tmp_path / "data").mkdir()
    spec = SandboxSpec(backend="bwrap", root=tmp_path / "box", data=tmp_path / "data")
    box = open_sandbox(spec)
    try:
        data = (bytes(range(256)) * (size // 256 + 1))[:size]
        box.put_file("new/file.bin", data)
        assert box.fetch("new/file.bin", max_bytes=size) == data
        assert [entry.path for entry in box.list_files("new")] == ["new/file.bin"]
    finally:
        box.close()


def with_parts(folder: Path, opened: dict[str, Part]) -> World:
    """A world that says who was given which part."""
    plain = world(folder, Counter())

    def open_lane(lane: str, served: Validator | None, part: Part) -> Sandbox:
        opened[lane] = part
        return plain.open_sandbox(lane, served, part)

    def words(part: Part) -> str:
        return f"part {part.number} of {part.of}"

    return replace(plain, open_sandbox=open_lane, hardware_of=words)


def test_each_lane_has_a_part_of_the_machine_for_good(tmp_path: Path) -> None:
    opened: dict[str, Part] = {}

    def look(run: Run) -> str:
        run.call("shell", command="true")
        return run.task.hardware

    def scaffold(run: Run) -> list[object]:
        told: list[object] = [look(run)]
        lanes = run.lanes(2)
        for name in ("b", "a", "b"):
            lanes.start(name, look)
            told.append(lanes.next_done()[1])
        with pytest.raises(ValueError, match="the 2 lanes are"):
            lanes.start("c", look)
        return told

    session = Session(tmp_path / "run", with_parts(tmp_path, opened), {})
    assert scaffold(DurableRun(session)) == ["a machine", "part 0 of 2", "part 1 of 2", "part 0 of 2"]
    assert opened == {"main": Part(0, 1), "b": Part(0, 2), "a": Part(1, 2)}
    session.close_sandboxes()
    session.log.close()


def test_a_lanes_events_belong_to_the_step_in_which_it_was_started(tmp_path: Path) -> None:
    def scaffold(run: Run) -> None:
        lanes = run.lanes(1)
        for _ in range(3):
            run.budget.take_step()
            lanes.start("w", lambda lane: lane.call("shell", command="true").ok)
            lanes.next_done()

    play(tmp_path, scaffold, Counter())
    calls = [event.step for event in LogReader(tmp_path / "run").of_type("tool.call")]
    assert calls == [1, 2, 3]
