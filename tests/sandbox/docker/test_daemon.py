"""What becomes of sandboxes whose daemon is killed, starts again, or has no room left."""

import signal
import tempfile
import threading
from collections.abc import Generator
from pathlib import Path

import pytest

from sandbox.errors import SandboxLost, SandboxUnavailable
from tests.requires import require_image
from tests.sandbox.docker.daemon import Daemon
from tests.sandbox.support import IMAGE, Open, out


@pytest.fixture(scope="module")
def daemon() -> Generator[Daemon]:
    require_image(IMAGE)
    with tempfile.TemporaryDirectory(prefix="daemon-") as folder:
        daemon = Daemon(Path(folder))
        daemon.mount()
        try:
            daemon.start()
            daemon.load(IMAGE)
            yield daemon
            daemon.end()
        finally:
            daemon.unmount()


@pytest.fixture
def open_there(daemon: Daemon, monkeypatch: pytest.MonkeyPatch, start: Open) -> Open:
    monkeypatch.setenv("DOCKER_HOST", daemon.url)
    return start


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_daemon_that_is_started_again_costs_the_sandboxes_and_no_more(
    daemon: Daemon, open_there: Open, number: int
) -> None:
    box = open_there()
    killing = threading.Timer(0.5, daemon.end, (number,))
    killing.start()
    with pytest.raises(SandboxLost, match="the sandbox is lost during 'shell'"):
        box.shell("sleep 1000", timeout=1000)
    with pytest.raises(SandboxLost):
        box.shell("true", timeout=60)
    box.close()
    killing.join()
    starting = threading.Timer(0.5, daemon.start)
    starting.start()
    assert out(open_there().shell("echo new", timeout=60)) == "new\n"
    starting.join()


def test_a_daemon_without_room_says_so_and_spares_what_runs(daemon: Daemon, open_there: Open) -> None:
    box = open_there()
    with (
        (daemon.disk / "full").open("wb", buffering=0) as full,
        pytest.raises(OSError, match="No space left"),
    ):
        while True:
            full.write(bytes(1 << 24))
    with pytest.raises(SandboxUnavailable, match=r"no space left on device\. .*docker system df"):
        open_there()
    assert out(box.shell("echo kept > f; cat f", timeout=60)) == "kept\n"
    (daemon.disk / "full").unlink()
    assert out(open_there().shell("echo new", timeout=60)) == "new\n"
