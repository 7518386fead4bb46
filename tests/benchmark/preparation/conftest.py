"""Kaggle, as far as a test is concerned."""

# The kaggle package ships no types.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.benchmark.preparation.kaggle_server import TOKEN, KaggleServer, serving


@pytest.fixture
def kaggle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KaggleServer]:
    """Kaggle, as far as this process knows; the user's own tokens are out of sight."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("KAGGLE_API_TOKEN", TOKEN)
    for name in ("KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)
    from kagglesdk import kaggle_env

    with serving({}) as running:
        monkeypatch.setitem(kaggle_env._env_to_endpoint, kaggle_env.KaggleEnv.PROD, running.endpoint)  # pyright: ignore[reportPrivateUsage]
        from kaggle.api.kaggle_api_extended import KaggleApi

        monkeypatch.setattr(KaggleApi, "config", str(tmp_path / "kaggle.json"))
        monkeypatch.setattr(time, "sleep", no_wait)
        yield running


@pytest.fixture
def unreachable(kaggle: KaggleServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Kaggle at a port where nobody listens, and which nobody else is given meanwhile."""
    from kagglesdk import kaggle_env

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setitem(kaggle_env._env_to_endpoint, kaggle_env.KaggleEnv.PROD, closed)  # pyright: ignore[reportPrivateUsage]
        yield


def no_wait(_: float) -> None:
    """The package waits longer and longer between its attempts."""
