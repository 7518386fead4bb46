"""The thread that holds sandboxes to their limits: it goes on, whatever becomes of one of them."""

import contextlib
import math
import os
import subprocess
import sys
import threading
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import pytest

from sandbox import watch
from sandbox.backends.none import Unisolated
from sandbox.errors import SandboxLost
from sandbox.open import open_on
from sandbox.spec import SandboxSpec
from sandbox.watch import Bounds, Watch, begin_watch
from sandbox.wire import Wire
from sandbox.workspace import Workspace
from tests.sandbox.support import eventually

PROJECT = Path(__file__).parents[2]
HOG = "python3 -c 'import time; x = bytearray(400 << 20); time.sleep(1e9)'"
# As on a machine where everything is open that may be.
NO_DESCRIPTORS = """
import resource, sys, time
from pathlib import Path
from sandbox.backends.none import Unisolated
from sandbox.open import open_on
from sandbox.spec import SandboxSpec

root = Path(sys.argv[1])
box = open_on(Unisolated(root), SandboxSpec(root=root / "box", data=root / "data", memory_gb=0.2))
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (1, hard))
time.sleep(2)
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
print(box.shell(sys.argv[2], timeout=60).notes)
box.close()
"""


@pytest.fixture
def spec(tmp_path: Path, data: Path) -> SandboxSpec:
    return SandboxSpec(root=tmp_path / "box", data=data, memory_gb=0.2)


def test_a_watch_outlives_a_want_of_descriptors(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    argv = (sys.executable, "-c", NO_DESCRIPTORS, str(tmp_path), HOG)
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=PROJECT)
    assert "the memory in use is" in done.stdout, done.stderr


def test_a_watch_that_has_died_is_begun_anew(
    spec: SandboxSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = threading.Thread(target=int)
    dead.start()
    dead.join()
    monkeypatch.setattr(watch, "_thread", dead)
    with contextlib.closing(open_on(Unisolated(tmp_path), spec)) as box:
        assert "the memory in use is" in box.shell(HOG, timeout=60).notes[0]


class Stubborn:
    """A channel to this process, which takes more memory than it may, and does not end when it is told to."""

    facts: Mapping[str, str] = {}

    def __init__(self) -> None:
        self.looks = 0
        self.held: list[bytes] = []
        self.dying, self.dead = threading.Event(), threading.Event()

    def write(self, data: bytes) -> None:
        """Full, as of a driver that does not read."""
        self.dead.wait()

    def read(self, size: int, deadline: float) -> bytes:
        self.dead.wait()
        raise SandboxLost("the driver has ended")

    def busy(self) -> bool:
        return True

    def inside(self) -> Collection[int]:
        self.looks += 1
        self.held.append(os.urandom(1 << 20))  # grows from look to look
        return (os.getpid(),)

    def news(self) -> tuple[str, ...]:
        return ()

    def holds_memory(self) -> bool:
        return False

    def kill(self) -> None:
        self.dying.set()
        self.dead.wait()

    def killed(self) -> bool:
        return False

    def diagnose(self) -> str:
        return "stubborn"


@pytest.fixture
def channels() -> Iterator[tuple[Stubborn, Stubborn]]:
    both = Stubborn(), Stubborn()
    yield both
    for channel in both:
        channel.dead.set()


def test_who_does_not_end_keeps_nobody_else_from_being_watched(
    channels: tuple[Stubborn, Stubborn], tmp_path: Path
) -> None:
    hog, other = channels
    watches = [
        Watch(Wire(channel), channel, Workspace(tmp_path), Bounds(2**60, limit, math.inf, 0.1))
        for channel, limit in ((hog, 1), (other, 2**60))
    ]
    for each in watches:
        begin_watch(each)
    assert eventually(hog.dying.is_set)  # was stopped, which blocked, and is now given up
    before = other.looks, hog.looks
    assert eventually(lambda: other.looks > before[0] + 5)
    assert hog.looks <= before[1] + 1
    for each in watches:
        each.end()
