"""What is said of a container's death, in whatever order the daemon tells of it."""

import contextlib
import socket
from collections.abc import Generator
from typing import cast

import docker
import pytest

from sandbox.backends.attached import AttachedChannel
from sandbox.backends.engine import Engine
from sandbox.errors import SandboxLost

TOLD: dict[str, tuple[list[str], str]] = {
    "before": (["oom", "die 137", "destroy"], "for want of memory: 1 GB"),
    "after": (["die 137", "oom", "destroy"], "for want of memory: 1 GB"),
    "ordered": (["kill", "die 137"], "signal SIGKILL; somebody had the Docker daemon kill it"),
    "before an order": (["oom", "kill", "die 137"], "for want of memory: 1 GB"),
    "by the machine": (["die 137", "destroy"], "its container ended with signal SIGKILL"),
    "by itself": (["oom", "die 3"], "its container ended with status 3"),
    "nothing": ([], "the connection to its container was cut"),
}


class Daemon:
    """What the SDK's client says, and no more: whoever asks on waits without an end."""

    def __init__(self, told: list[str]) -> None:
        self._told = told

    def events(self, **asked: object) -> Generator[dict[str, object]]:
        for number, words in enumerate(self._told):
            kind, _, code = words.partition(" ")
            yield {"Action": kind, "Actor": {"Attributes": {"exitCode": code}}, "timeNano": number * 10**6}
        assert not self._told, "no more is told"

    def remove_container(self, container: str, **options: object) -> None:
        """It is gone."""

    def close(self) -> None:
        """Nothing to let go of."""


@pytest.mark.parametrize("how", TOLD)
def test_a_death_is_learnt_to_its_end_and_no_further(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://nowhere")
    told, words = TOLD[how]
    engine = Engine(cast("docker.APIClient", Daemon(told)))
    ours, theirs = socket.socketpair()
    channel = AttachedChannel(engine, "nobody", ours, pid=0, memory="1 GB", since=0.0, facts={})
    theirs.close()
    with contextlib.suppress(SandboxLost):
        channel.read(1, 0.0)
    channel.kill()
    assert words in channel.diagnose()
    assert ("somebody" in channel.diagnose()) == (how == "ordered")
