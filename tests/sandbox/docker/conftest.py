"""Sandboxes on Docker for tests, and daemons that fail."""

# pyright: reportUnknownMemberType=false

import io
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.backends import engine
from sandbox.open import open_sandbox
from sandbox.protocols import Sandbox
from sandbox.spec import SandboxSpec
from tests.requires import require_image
from tests.sandbox.docker.support import Relay, client
from tests.sandbox.support import IMAGE, Open


@pytest.fixture
def spec(tmp_path: Path, data: Path) -> SandboxSpec:
    """One whose runs are told from those of other tests by their folder."""
    require_image(IMAGE)
    return SandboxSpec(backend="docker", root=tmp_path / "box", data=data, image=IMAGE, owner=str(tmp_path))


@pytest.fixture
def start(spec: SandboxSpec) -> Iterator[Open]:
    boxes: list[Sandbox] = []

    def begin(**changes: object) -> Sandbox:
        root = spec.root.with_name(f"box{len(boxes)}")
        boxes.append(open_sandbox(spec.model_copy(update={"root": root, **changes})))
        return boxes[-1]

    yield begin
    for box in boxes:
        box.close()


@pytest.fixture
def relay(monkeypatch: pytest.MonkeyPatch) -> Iterator[Relay]:
    """A way to the daemon that can be cut, in the place of the daemon's own."""
    require_image(IMAGE)
    folder = Path(tempfile.mkdtemp(prefix="relay-"))  # the path of a socket must be short
    relay = Relay(folder / "docker.sock")
    monkeypatch.setenv("DOCKER_HOST", relay.url)
    yield relay
    relay.kill()
    shutil.rmtree(folder)


@pytest.fixture
def stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that no daemon has answered yet."""
    monkeypatch.setattr(engine, "_answered", threading.Event())


@pytest.fixture(scope="session")
def bare_image() -> Iterator[str]:
    """An image with a shell and nothing else, made of this machine's own."""
    require_image(IMAGE)
    name = f"mle-sandbox-test-bare:{os.getpid()}"
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for path in ("/bin/sh", *_libraries("/bin/sh")):
            tar.add(Path(path).resolve(), arcname=path)
    with client() as api:
        api.import_image_from_data(archive.getvalue(), repository=name.split(":")[0], tag=name.split(":")[1])
    yield name
    with client() as api:
        api.remove_image(name, force=True)


def _libraries(program: str) -> list[str]:
    listed = subprocess.run(("ldd", program), capture_output=True, text=True, check=True).stdout
    return re.findall(r"(/\S+) \(", listed)
