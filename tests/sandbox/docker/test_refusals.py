"""What this machine lacks, said with the command that mends it."""

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from threading import Thread
from urllib.parse import urlsplit

import pytest

from sandbox.backends import engine
from sandbox.backends.docker import cards_fault, facts, why_not
from sandbox.errors import SandboxUnavailable
from sandbox.open import open_sandbox
from sandbox.spec import SandboxSpec
from tests.requires import require_image
from tests.sandbox.docker.support import containers_of, eventually
from tests.sandbox.support import IMAGE


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A daemon that takes connections and never answers."""
    monkeypatch.setattr(engine, "_END_S", 1)
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{folder}/socket")
        server.listen()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{folder}/socket")
        yield


def refused(spec: SandboxSpec, words: str) -> None:
    with pytest.raises(SandboxUnavailable, match=words):
        open_sandbox(spec)


class _Rootless(BaseHTTPRequestHandler):
    """A daemon of an ordinary user, as far as it is asked here: its words are those of such a one."""

    protocol_version = "HTTP/1.1"
    info: Mapping[str, object] = {
        "ServerVersion": "20.10.24",
        "SecurityOptions": ["name=seccomp", "name=rootless"],
    }

    def do_GET(self) -> None:
        answers: dict[str, object] = {
            "version": {"ApiVersion": "1.41", "Version": "20.10.24"},
            "containers/json": [],
            f"images/{IMAGE}/json": {"Id": "sha256:0", "Config": {}},
            "info": self.info,
        }
        asked = urlsplit(self.path).path.removeprefix("/v1.41").removeprefix("/")
        body = json.dumps(answers[asked]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def rootless(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with (
        tempfile.TemporaryDirectory() as folder,
        ThreadingUnixStreamServer(f"{folder}/socket", _Rootless) as server,
    ):
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{folder}/socket")
        yield
        server.shutdown()


def test_a_daemon_of_an_ordinary_user(spec: SandboxSpec, rootless: None) -> None:
    assert "backend: bwrap" in (why_not(IMAGE) or "")
    refused(spec, "is a rootless one.*DOCKER_HOST")


@pytest.mark.parametrize(
    ("info", "gives"),
    [
        ({"Runtimes": {"runc": {}}}, False),
        ({"Runtimes": {"runc": {}, "nvidia": {"path": "nvidia-container-runtime"}}}, True),
        (
            {"Runtimes": {"runc": {}}, "DiscoveredDevices": [{"Source": "cdi", "ID": "nvidia.com/gpu=0"}]},
            True,
        ),
    ],
)
def test_whether_a_daemon_gives_cards_is_known_before(
    rootless: None, monkeypatch: pytest.MonkeyPatch, info: dict[str, object], gives: bool
) -> None:
    monkeypatch.setattr(_Rootless, "info", info)
    monkeypatch.setenv("PATH", "")  # a daemon whose machine has the toolkit's hook needs no word of it
    assert "sudo nvidia-ctk runtime configure" in (cards_fault() or "") or gives
    assert (cards_fault() is None) is gives


@pytest.mark.parametrize(
    ("image", "advice"),
    [
        ("mle-sandbox:no-such", "build it with: python -m sandbox build-image"),
        ("mlebench-env", "type: docker pull mlebench-env, or build it"),
    ],
)
def test_an_image_that_is_missing(spec: SandboxSpec, image: str, advice: str) -> None:
    require_image(IMAGE)
    if image not in (why_not(image) or ""):
        pytest.skip(f"this machine has {image}")
    refused(spec.model_copy(update={"image": image}), f"'{image}'; {advice}")


def test_an_image_without_python(spec: SandboxSpec, bare_image: str) -> None:
    refused(spec.model_copy(update={"image": bare_image}), "no Python in this image.*needs Python 3")
    assert eventually(lambda: not containers_of(spec.owner))


def test_no_daemon(
    spec: SandboxSpec, stranger: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nowhere")
    refused(spec, "no Docker daemon answers at unix://.*/nowhere.*systemctl start docker")
    assert "systemctl start docker" in (why_not(IMAGE) or "")


def test_a_daemon_that_does_not_answer(spec: SandboxSpec, stranger: None, deaf: None) -> None:
    refused(spec, "no Docker daemon answers.*timed out")


def test_a_daemon_elsewhere(spec: SandboxSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "ssh://somebody@somewhere")
    refused(spec, "cannot mount this machine's folders.*unix:///var/run/docker.sock")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_user_who_may_not(stranger: None) -> None:
    require_image(IMAGE)
    code = (
        "import os\nfrom sandbox.backends.docker import why_not\n"
        "os.setgroups([]); os.setuid(65534); print(why_not('x'))"
    )
    project = Path(__file__).parents[3]
    done = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, cwd=project)
    assert "usermod -aG docker" in done.stdout, done.stderr


def test_cards_that_the_daemon_cannot_give(spec: SandboxSpec) -> None:
    refused(spec.model_copy(update={"gpus": ("GPU-none",)}), "nvidia|NVIDIA|device")
    assert eventually(lambda: not containers_of(spec.owner))


def test_more_cores_than_there_are(spec: SandboxSpec) -> None:
    refused(spec.model_copy(update={"cores": 10_000}), "CPUs")


def test_data_that_the_agent_could_not_read(spec: SandboxSpec) -> None:
    spec.data.chmod(0o700)
    if os.geteuid() == 0:
        refused(spec, r"chmod -R a\+rX")


def test_what_would_be_used_is_known_before(spec: SandboxSpec) -> None:
    found = facts(IMAGE)
    assert found["image"].startswith("sha256:") and found["engine"].startswith("docker ")
    assert why_not(IMAGE) is None
