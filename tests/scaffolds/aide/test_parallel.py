"""Several scripts at a time: each on its own part of the machine, decided in one thread, replayed exactly."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmark.guard import Guard
from experiments.build import build_world
from experiments.cell import load_cell
from experiments.means import Means, means_alone
from sandbox.portion import Card, Part, Portion, dealt
from scaffolds.aide.scaffold import Aide, AideConfig
from scaffolds.markdown import fenced
from scaffolds.messages import Completion
from scaffolds.models.protocol import ModelRequest
from scaffolds.runtime import events as ev
from scaffolds.runtime.durable import DurableRun
from scaffolds.runtime.events import Event
from scaffolds.runtime.ledger import Limits
from scaffolds.runtime.log import LogReader
from scaffolds.runtime.session import Session, World
from tests.conftest import make_run
from tests.scaffolds.aide.support import Scripted, good, nodes_of, submission
from tests.scaffolds.runtime.worlds import Counter, world

# Of two scripts neither ends before the other has begun.
_MEETS = """
import os, pathlib, time
mine = pathlib.Path({place!r}) / os.environ["CUDA_VISIBLE_DEVICES"]
other = {{"GPU-aa": "GPU-ab", "GPU-ab": "GPU-aa"}}[mine.name]
mine.touch()
while not mine.with_name(other).exists():
    time.sleep(0.01)
print("cards:", os.environ["CUDA_VISIBLE_DEVICES"])
"""


@pytest.fixture
def two_cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "nvidia-smi"
    program.parent.mkdir()
    lines = "0, GPU-aa, NVIDIA A10, 23028\\n1, GPU-ab, NVIDIA A10, 23028\\n"
    program.write_text(f"#!/bin/sh\nprintf '{lines}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


class Anybody(Scripted):
    """Says the same script to whoever asks."""

    def complete(self, request: ModelRequest) -> Completion:
        if not request.tools:
            self._replies = [self._replies[0]] * 2
        return super().complete(request)


def run_in(folder: Path, world: World, **settings: object) -> LogReader:
    config = AideConfig.model_validate({"num_drafts": 2, "data_preview": False, "workers": 2} | settings)
    session = Session(folder, world, {})
    try:
        Aide(config).run(DurableRun(session))
    finally:
        session.close_sandboxes()
        session.log.close()
    return LogReader(folder)


def spans(log: LogReader) -> dict[str, tuple[int, int]]:
    """Where in the log each worker's first script starts and ends."""
    first: dict[tuple[str, str], Event] = {}
    for event in log.of_type(ev.EXEC_START, ev.EXEC_END):
        first.setdefault((event.lane, event.type), event)
    lanes = {lane for lane, _ in first}
    return {lane: (first[lane, ev.EXEC_START].seq, first[lane, ev.EXEC_END].seq) for lane in lanes}


def printed(log: LogReader) -> dict[str, str]:
    """What each worker's script printed, by the name of the worker."""
    calls = {(e.lane, e.n) for e in log.of_type(ev.TOOL_CALL) if e.data.get("tool") == "run_script"}
    results = [e for e in log.of_type(ev.TOOL_RESULT) if (e.lane, e.n) in calls]
    return {e.lane: str(log.value(e, "text")) for e in results}


@pytest.mark.usefixtures("two_cards")
def test_two_scripts_at_a_time_each_with_its_card(tmp_path: Path, data_dir: Path) -> None:
    parallel: list[dict[str, object]] = [{"name": "aide/parallel", "num_drafts": 2, "data_preview": False}]
    limits = [{"time": "10m", "steps": 2}]
    folder = make_run(
        tmp_path, data_dir, scaffolds=parallel, time_limits=limits, hardware=["host"], backend="none"
    )
    (tmp_path / "meet").mkdir()
    cell, model = load_cell(folder), Anybody([_MEETS.format(place=str(tmp_path / "meet"))])
    scaffold = Aide(AideConfig.model_validate(cell.scaffold_config))
    with Guard() as guard:
        mine = replace(build_world(cell, folder, guard, means_alone(cell)), models={"main": model})
        session = Session(folder, mine, {})
        scaffold.run(DurableRun(session))
        session.close_sandboxes()
        session.log.close()
        log = LogReader(folder)
        (start_1, end_1), (start_2, end_2) = spans(log)["worker-1"], spans(log)["worker-2"]
        assert max(start_1, start_2) < min(end_1, end_2)
        assert "cards: GPU-aa\n" in printed(log)["worker-1"]
        assert "cards: GPU-ab\n" in printed(log)["worker-2"]
        told = [system.partition("Hardware: ")[2].partition("\n")[0] for system in model.systems]
        assert all("one NVIDIA A10 GPU with 22 GB." in words for words in told)
        assert all("Up to 2 of your scripts run at the same time" in system for system in model.systems)
        replay(folder, mine, cell.scaffold_config)


class Silent:
    """Nobody may ask."""

    name = "test/silent"

    def complete(self, request: ModelRequest) -> Completion:
        raise AssertionError(f"a replay asked {fenced(request.messages[-1].content)}")


def replay(folder: Path, world: World, settings: Any) -> None:  # noqa: ANN401 - a config's record
    """The same decisions from the log alone: any difference raises, and so does anything live."""
    before = LogReader(folder).events

    def refuse(*given: object) -> Any:  # noqa: ANN401
        raise AssertionError(f"a replay opened a sandbox: {given}")

    session = Session(folder, replace(world, models={"main": Silent()}, open_sandbox=refuse), {})
    Aide(AideConfig.model_validate(settings)).run(DurableRun(session))
    session.close_sandboxes()
    session.log.close()
    new = LogReader(folder).events[len(before) :]
    assert [event.type for event in new] in ([], [ev.RUN_RESUME])


def test_decisions_are_replayed_in_the_recorded_order(tmp_path: Path) -> None:
    """Twelve steps of three workers, with failures and repairs; finishing order is whatever it was."""
    settings = {"workers": 3, "num_drafts": 4, "steps": 12, "max_debug_depth": 2}
    failing = "import random\nif random.random() < 0.4:\n    raise ValueError('bad luck')\n"
    scripts = [failing + good(20 - n, 1, 2) for n in range(12)]
    model = Scripted(scripts)
    base = replace(world(tmp_path, Counter(), Limits(time_s=600, steps=12)), models={"main": model})
    log = run_in(tmp_path / "run", base, **settings)
    nodes = nodes_of(log)
    assert sorted(node["id"] for node in nodes) == list(range(1, 13))
    # The first three drafts are begun one after the other, and told of those before them.
    told = [n for n in range(3) if any(f"- {n} other draft" in text for text in model.prompts)]
    assert told == [1, 2]
    repaired = [node["parents"][0] for node in nodes if node["operator"] == "debug"]
    assert len(repaired) == len(set(repaired))
    best = min(
        (node for node in nodes if node["status"] == "ok"), key=lambda node: (node["score"], node["id"])
    )
    assert submission(log) == f"id,y\n1,{best['score']:g}\n".encode()
    assert {event.lane for event in log.of_type(ev.EXEC_START)} == {"worker-1", "worker-2", "worker-3"}
    replay(tmp_path / "run", base, {"data_preview": False} | settings)


def test_two_workers_never_repair_one_leaf(tmp_path: Path) -> None:
    """One failure, two workers: one repairs it, the other drafts, for lack of anything to improve."""
    model = Anybody(["raise ValueError('no')"])
    base = replace(world(tmp_path, Counter(), Limits(time_s=600, steps=3)), models={"main": model})
    nodes = nodes_of(run_in(tmp_path / "run", base, num_drafts=1, steps=3))
    assert [node["operator"] for node in nodes].count("draft") == 2
    repairs = [node["parents"] for node in nodes if node["operator"] == "debug"]
    assert len(repairs) == 1


def test_a_worker_that_meets_a_limit_does_not_cost_the_others_their_work(tmp_path: Path) -> None:
    class Dear(Scripted):
        """Has a price, and one of two may still be asked."""

        def complete(self, request: ModelRequest) -> Completion:
            return replace(super().complete(request), usd=1.0)

    limits = Limits(time_s=600, steps=50, usd=5.0)
    base = world(tmp_path, Counter(), limits)
    base = replace(base, models={"main": Dear([good(9 - n) for n in range(9)])})
    with pytest.raises(Exception, match="spending limit"):
        run_in(tmp_path / "run", base, num_drafts=50)
    log = LogReader(tmp_path / "run")
    good_ones = [node["score"] for node in nodes_of(log)]
    assert good_ones
    assert submission(log) == f"id,y\n1,{min(good_ones):g}\n".encode()


@pytest.mark.parametrize(
    ("cards", "parts", "expected"),
    [
        ("ab", 2, ["a", "b"]),
        ("abcd", 2, ["ab", "cd"]),
        ("abc", 2, ["a", "bc"]),
        ("ab", 4, ["a", "a", "b", "b"]),
        ("", 3, ["", "", ""]),
        ("ab", 1, ["ab"]),
    ],
)
def test_cards_are_dealt_out_evenly(cards: str, parts: int, expected: list[str]) -> None:
    assert ["".join(dealt(cards, Part(n, parts))) for n in range(parts)] == expected


def test_cores_and_memory_are_divided_in_words_and_in_fact() -> None:
    whole = Portion(cores=8, memory_gb=64, cards=(Card(name="NVIDIA A10", memory_gb=24),))
    assert whole.words() == "8 CPU cores, 64 GB of memory, one NVIDIA A10 GPU with 24 GB"
    half = whole.part(Part(1, 2))
    assert half.words() == (
        "4 CPU cores, 32 GB of memory, one NVIDIA A10 GPU with 24 GB, shared by 2 workers"
    )
    three = whole.model_copy(update={"cards": whole.cards * 3})
    assert [three.part(Part(n, 4)).sharers for n in range(4)] == [2, 2, 1, 1]
    assert [three.part(Part(n, 7)).sharers for n in range(7)] == [3, 3, 3, 2, 2, 2, 2]
    assert [three.part(Part(n, 2)).sharers for n in range(2)] == [1, 1]
    assert Portion(cores=8, memory_gb=64).part(Part(0, 2)).sharers == 1
    assert whole.part(Part(0, 16)).words().startswith("1 CPU core, 4 GB of memory")
    given = Means(cores=8, memory_gb=60, gpus=("a", "b"), cards=("x", "y"))
    assert given.part(Part(1, 2)) == Means(cores=4, memory_gb=30, gpus=("b",), cards=("y",))
    assert Means().part(Part(0, 2)) == Means()
