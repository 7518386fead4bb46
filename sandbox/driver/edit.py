"""Changes of text files: a replacement, an insertion, a whole new content, and taking them back."""

# Plain strings for paths: the driver starts sooner without pathlib.
# ruff: noqa: PTH108, PTH114, PTH118

from __future__ import annotations

import contextlib
import os
from typing import NamedTuple

from sandbox.driver import files
from sandbox.driver.history import History, Version
from sandbox.driver.lint import lint
from sandbox.driver.loop import Loop
from sandbox.driver.replies import Refused, Reply
from sandbox.driver.world import World

_MAX_FILE = 10_000_000
_AROUND = 4
"""Lines that are shown before a change, and after it."""
_LINES = 40
"""Lines that are shown in all; of a longer change, its beginning and its end."""
_COLUMNS = 300
_PLACES = 10
"""Lines that are named where a text occurs."""


class _Region(NamedTuple):
    """Lines of a text, from 0, the last one not included."""

    first: int
    last: int


def replace(loop: Loop, world: World, path: str, old: bytes, new: bytes) -> Reply:
    """Put `new` in the place of the only `old` in a file."""
    file = _File(world, path)
    content = file.read()
    old, new = _with_ends_of(content, old), _with_ends_of(content, new)
    if not old:
        raise Refused(f"{path}: the text to replace is empty; insert at a line instead")
    if old == new:
        raise Refused(f"{path}: the new text is the same as the old")
    found = _occurrences(content, old)
    if not found:
        raise Refused(f"{path}: the text to replace does not occur; it must match exactly, with all spaces")
    if len(found) > 1:
        lines = ", ".join(str(content.count(b"\n", 0, place) + 1) for place in found[:_PLACES])
        more = ", ..." if len(found) > _PLACES else ""
        raise Refused(f"{path}: the text to replace occurs {len(found)} times, at lines {lines}{more}")
    return file.change(loop, content, content[: found[0]] + new + content[found[0] + len(old) :])


def insert(loop: Loop, world: World, path: str, line: int, text: bytes) -> Reply:
    """Put `text` after a line, counted from 1, or at the top."""
    file = _File(world, path)
    content = file.read()
    lines = _lines(content)
    if line > len(lines):
        raise Refused(f"{path}: there is no line {line}; the file has {len(lines)}")
    text = _with_ends_of(content, text if text.endswith(b"\n") else text + b"\n")
    before = b"".join(lines[:line])
    if before and not before.endswith(b"\n"):
        before += _with_ends_of(content, b"\n")
    return file.change(loop, content, before + text + b"".join(lines[line:]))


def write(world: World, path: str, content: bytes) -> Reply:
    """Write a file as a whole, in the place of a link too; the text that was there can be taken back."""
    file = _File(world, path, follow=False)
    kept = file.keep_what_is_there()
    try:
        files.write(world, path, content)
    except Refused:
        if kept:
            file.history.drop(kept)
        raise
    return Reply({"size": len(content)})


def undo(loop: Loop, world: World, path: str) -> Reply:
    """Take back the last change that was not taken back yet; a file that it made is gone again."""
    file = _File(world, path)
    last = file.history.last()
    if last is None:
        raise Refused(f"{path}: there is no edit to take back")
    content = file.read() if os.path.lexists(file.target) else b""
    if last.content is None:
        file.remove()
    else:
        file.write(last.content)
    file.history.drop(last)
    return file.reply(loop, content, last.content)


class _File:
    """A file that is changed; a link is followed to what it stands for, or is the file itself."""

    def __init__(self, world: World, path: str, *, follow: bool = True) -> None:
        self._world = world
        self._path = path
        with files.refusing(path):
            folder, name = os.path.split(world.absolute(path))
            real = os.path.join(os.path.realpath(folder), name)
            self.target = os.path.realpath(real) if follow else real
        self.history = History(world, self.target)

    def read(self) -> bytes:
        with files.refusing(self._path), files.opened(self.target, self._path) as fd:
            content = _read(fd)
        if len(content) > _MAX_FILE:
            raise Refused(f"{self._path}: only files of at most {_MAX_FILE} bytes can be edited")
        if b"\0" in content or not _is_text(content):
            raise Refused(f"{self._path}: not a text file in UTF-8")
        return content

    def write(self, content: bytes) -> None:
        files.write(self._world, self.target, content)

    def remove(self) -> None:
        with files.refusing(self._path), contextlib.suppress(FileNotFoundError):
            os.unlink(self.target)

    def keep_what_is_there(self) -> Version | None:
        """Keep it where it is a text or nothing; what else is replaced leaves nothing to go back to."""
        with contextlib.suppress(OSError, Refused):
            if not os.path.lexists(self.target):
                return self.history.keep(None)
            if not os.path.islink(self.target):
                return self.history.keep(self.read())
        self.history.clear()
        return None

    def change(self, loop: Loop, old: bytes, new: bytes) -> Reply:
        if len(new) > _MAX_FILE:
            raise Refused(f"{self._path}: an edited file has at most {_MAX_FILE} bytes")
        with files.refusing(self._path):
            kept = self.history.keep(old)
        try:
            self.write(new)
        except Refused:
            if kept:
                self.history.drop(kept)
            raise
        return self.reply(loop, old, new)

    def reply(self, loop: Loop, old: bytes, new: bytes | None) -> Reply:
        if new is None:
            return Reply({"lint": "", "gone": True})
        window = _window(_lines(new), _changed(_lines(old), _lines(new)))
        return Reply({"lint": lint(loop, self._world, self.target, new), "gone": False}, (window,))


def _read(fd: int) -> bytes:
    data = bytearray()
    while len(data) <= _MAX_FILE and (piece := os.read(fd, _MAX_FILE + 1 - len(data))):
        data += piece
    return bytes(data)


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _with_ends_of(content: bytes, text: bytes) -> bytes:
    """The text with the line ends that the content has throughout."""
    if b"\r\n" not in content or content.count(b"\n") != content.count(b"\r\n"):
        return text
    return text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _occurrences(content: bytes, old: bytes) -> list[int]:
    """Where a text begins, places that overlap included; not all if there are very many."""
    found: list[int] = []
    place = content.find(old)
    while place >= 0 and len(found) < 10_000:
        found.append(place)
        place = content.find(old, place + 1)
    return found


def _lines(content: bytes) -> list[bytes]:
    """Lines with their ends; nothing but a line feed separates them."""
    lines = [line + b"\n" for line in content.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def _changed(old: list[bytes], new: list[bytes]) -> _Region:
    """The lines of `new` between those that both begin and both end with."""
    same = 0
    least = min(len(old), len(new))
    while same < least and old[same] == new[same]:
        same += 1
    rest = 0
    while rest < least - same and old[-1 - rest] == new[-1 - rest]:
        rest += 1
    return _Region(same, len(new) - rest)


def _window(lines: list[bytes], changed: _Region) -> bytes:
    """The changed lines and some around them, after their numbers."""
    first, last = max(changed.first - _AROUND, 0), min(changed.last + _AROUND, len(lines))
    rows = [b"%6d\t%b" % (number + 1, _short(lines[number])) for number in range(first, last)]
    if len(rows) > _LINES:
        rows[_LINES // 2 : -_LINES // 2] = [b"   ...\t(%d lines)" % (len(rows) - _LINES)]
    return b"\n".join(rows)


def _short(line: bytes) -> bytes:
    text = line.rstrip(b"\r\n").decode()
    return (text if len(text) <= _COLUMNS else f"{text[:_COLUMNS]} ...").encode()
