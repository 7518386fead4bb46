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
from tests.sandbox.support import IMAGE, Name, Open


@pytest.fixture(params=["bwrap", "docker", "none"])
def backend(request: pytest.FixtureRequest) -> Name:
    name: Name = request.param
    if name == "bwrap":
        require("bwrap", "apt-get install bubblewrap")
    if name == "docker":
        require_image(IMAGE)
    return name


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


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The host's folder of the first sandbox that a test opens."""
    return tmp_path / "box0"
