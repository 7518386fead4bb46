"""Former versions of changed files, in a folder of the agent's home, so that snapshots hold them too."""

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
_NOTHING = ".none"
"""What the name of a version ends in that stands for a file which was not there."""


class Version(NamedTuple):
    """What a file was before a change."""

    number: int
    content: bytes | None
    """None where there was no file."""


class History:
    """The former versions of one file."""

    def __init__(self, world: World, target: str) -> None:
        # From the home folder, since that may be elsewhere once the sandbox is restored.
        name = posixpath.relpath(target, os.path.realpath(world.home))
        digest = hashlib.sha256(os.fsencode(name)).hexdigest()[:16]
        self._folder = f"{world.home}/{_FOLDER}/{digest}"

    def keep(self, content: bytes | None) -> Version | None:
        """Keep what is there before a change; what is too large is not kept, and nor is any before it."""
        names = self._names()
        if content is not None and len(content) > _MAX_VERSION:
            self.clear()
            return None
        os.makedirs(self._folder, exist_ok=True)
        number = max(names, default=0) + 1
        files.replace(self._folder, f"{number}{_NOTHING if content is None else ''}", content or b"")
        for old in sorted(names)[: -_VERSIONS + 1]:
            self._remove(names[old])
        return Version(number, content)

    def last(self) -> Version | None:
        """Return what was there before the last change."""
        for number, name in sorted(self._names().items(), reverse=True):
            if name.endswith(_NOTHING):
                return Version(number, None)
            path = f"{self._folder}/{name}"
            with contextlib.suppress(OSError, Refused), files.opened(path, path) as fd:
                return Version(number, os.read(fd, _MAX_VERSION))
        return None

    def drop(self, version: Version) -> None:
        """Forget a version."""
        names = self._names()
        if version.number in names:
            self._remove(names.pop(version.number))
        if not names:
            self.clear()

    def clear(self) -> None:
        """Forget all versions."""
        for name in self._names().values():
            self._remove(name)
        with contextlib.suppress(OSError):  # there may be none, or something else of the agent's in it
            os.rmdir(self._folder)  # noqa: PTH106

    def _names(self) -> dict[int, str]:
        """The names of the versions, by their numbers."""
        with contextlib.suppress(OSError):
            found = ((name.removesuffix(_NOTHING), name) for name in os.listdir(self._folder))
            return {int(number): name for number, name in found if number.isdecimal()}
        return {}

    def _remove(self, name: str) -> None:
        with contextlib.suppress(OSError):
            os.unlink(f"{self._folder}/{name}")
