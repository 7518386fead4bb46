"""Former versions of edited files, in a folder of the agent's home, so that snapshots hold them too."""

# Plain strings for paths: the driver starts sooner without pathlib.
# ruff: noqa: PTH103, PTH108, PTH208

from __future__ import annotations

import contextlib
import hashlib
import os
import posixpath
from typing import NamedTuple

from sandbox.driver import files
from sandbox.driver.replies import Refused
from sandbox.driver.world import World

_FOLDER = ".edits"
_VERSIONS = 20
_MAX_VERSION = 5_000_000


class Version(NamedTuple):
    """A file's content before an edit."""

    number: int
    content: bytes


class History:
    """The former versions of one file."""

    def __init__(self, world: World, target: str) -> None:
        # From the home folder, since that may be elsewhere once the sandbox is restored.
        name = posixpath.relpath(target, os.path.realpath(world.home))
        digest = hashlib.sha256(os.fsencode(name)).hexdigest()[:16]
        self._folder = f"{world.home}/{_FOLDER}/{digest}"

    def keep(self, content: bytes) -> Version | None:
        """Keep the content before an edit; one that is too large is not kept, and nor is any before it."""
        numbers = self._numbers()
        if len(content) > _MAX_VERSION:
            self._remove(numbers)
            return None
        os.makedirs(self._folder, exist_ok=True)
        version = Version(numbers[-1] + 1 if numbers else 1, content)
        files.replace(self._folder, str(version.number), content)
        self._remove(numbers[: -_VERSIONS + 1])
        return version

    def last(self) -> Version | None:
        """Return the content before the last edit."""
        for number in reversed(self._numbers()):
            path = self._path(number)
            with contextlib.suppress(OSError, Refused), files.opened(path, path) as fd:
                return Version(number, os.read(fd, _MAX_VERSION))
        return None

    def drop(self, version: Version) -> None:
        """Forget a version."""
        self._remove([version.number])

    def _numbers(self) -> list[int]:
        with contextlib.suppress(OSError):
            return sorted(int(name) for name in os.listdir(self._folder) if name.isdecimal())
        return []

    def _remove(self, numbers: list[int]) -> None:
        for number in numbers:
            with contextlib.suppress(OSError):
                os.unlink(self._path(number))
        with contextlib.suppress(OSError):  # while it holds more
            os.rmdir(self._folder)  # noqa: PTH106

    def _path(self, number: int) -> str:
        return f"{self._folder}/{number}"
