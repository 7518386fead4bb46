"""Sandboxes for tests: every test runs on every backend that this machine has."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from sandbox.open import open_sandbox
from sandbox.protocols import Sandbox
from sandbox.spec import SandboxSpec
from tests.requires import require, require_image
from tests.sandbox.support import IMAGE, Lasting, Name, Open

BACKENDS: tuple[Name, ...] = ("bwrap", "docker", "none")


def needed(backend: Name) -> Name:
    """Skip the calling test where this backend is not installed."""
    if backend == "bwrap":
        require("bwrap", "apt-get install bubblewrap")
    if backend == "docker":
        require_image(IMAGE)
    return backend


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Name:
    return needed(request.param)


@pytest.fixture
def bwrap() -> None:
    require("bwrap", "apt-get install bubblewrap")


@pytest.fixture
def docker() -> None:
    require_image(IMAGE)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "public"
    folder.mkdir()
    (folder / "train.csv").write_text("id,y\n1,0\n")
    return folder


@pytest.fixture
def opened(tmp_path: Path, data: Path) -> Iterator[Open]:
    boxes: list[Sandbox] = []
    numbers = itertools.count()

    def start(
        backend: Literal["auto"] | Name,
        *,
        env: dict[str, str] | None = None,
        network: Literal["none", "open"] = "none",
    ) -> Sandbox:
        root = tmp_path / f"box{next(numbers)}"
        spec = SandboxSpec(backend=backend, root=root, data=data, env=env or {}, network=network, image=IMAGE)
        boxes.append(open_sandbox(spec))
        return boxes[-1]

    yield start
    for box in boxes:
        box.close()


@pytest.fixture
def box(opened: Open, backend: Name) -> Sandbox:
    return opened(backend)


@pytest.fixture(scope="module", params=BACKENDS)
def lasting(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lasting]:
    """A sandbox for all of a module's tests on one backend."""
    lasting = Lasting(needed(request.param), tmp_path_factory.mktemp("lasting"))
    yield lasting
    lasting.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The host's folder of the first sandbox that a test opens."""
    return tmp_path / "box0"
