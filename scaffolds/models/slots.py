"""A cap on requests in flight, shared by all processes of a machine that ask the same provider.

A slot is a file whose holder keeps a lock (flock) on it, and so is a place in the queue for one. The kernel
drops the lock with the process, however it dies: nothing here outlives its holder, and nothing times out.

Who waits watches the one before it in the queue, and the first of them the slots: so slots go round in the
order of asking, and waiting costs the same however many wait. The folder must be on a local file system.
"""

import contextlib
import errno
import fcntl
import os
import secrets
import tempfile
import time
from collections.abc import Callable, Generator
from pathlib import Path

from scaffolds.errors import UserError

_EVERYBODY, _READABLE = 0o1777, 0o644
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_LOOK_S = 0.05
"""Between two looks at who is before: a twentieth of what a fast model takes."""

Sleep = Callable[[float], None]


class Slots:
    """The requests in flight to one provider.

    Args:
        folder: where its slots lie, the same for all processes; made where missing.
        cap: how many there are. Processes may differ in this: each heeds its own.
    """

    def __init__(self, folder: Path, cap: int) -> None:
        self._folder = folder
        self._cap = cap
        self._made = False

    @contextlib.contextmanager
    def one(
        self,
        queueing: Callable[[], contextlib.AbstractContextManager[None]] = contextlib.nullcontext,
        sleep: Sleep = time.sleep,
    ) -> Generator[None]:
        """Hold a slot.

        Args:
            queueing: is entered for as long as there is none.
            sleep: waits so many seconds; may raise to give up.

        Raises:
            UserError: the folder cannot be used.
        """
        with self._ready():
            fd = None if self._waiting() else self._take()
            if fd is None:
                with queueing(), self._place() as place:
                    fd = self._take_in_turn(place, sleep)
        try:
            yield
        finally:
            _release(fd)

    def _take_in_turn(self, place: str, sleep: Sleep) -> int:
        while before := self._before(place):
            while self._is_held(before):
                sleep(_LOOK_S)
        while (fd := self._take()) is None:
            sleep(_LOOK_S)
        return fd

    def _take(self) -> int | None:
        """A slot that is free now."""
        for number in range(self._cap):
            fd = _open_or_make(self._folder / f"{number}.slot")
            if _lock(fd):
                return fd
            os.close(fd)
        return None

    @contextlib.contextmanager
    def _place(self) -> Generator[str]:
        """A place at the end of the queue; its name sorts behind those of all who came before."""
        path, fd = self._take_place()
        try:
            yield path.name
        finally:
            path.unlink(missing_ok=True)
            _release(fd)

    def _take_place(self) -> tuple[Path, int]:
        while True:
            # By the wall clock, since a place of the dead may be older than the machine's last start.
            path = self._folder / f"{time.time_ns():020d}-{secrets.token_hex(4)}.waiting"
            fd = _make_file(path)
            # Who sees it before it is locked takes it for a dead one's, and removes it.
            if _lock(fd) and os.fstat(fd).st_nlink:
                return path, fd
            path.unlink(missing_ok=True)
            os.close(fd)

    def _before(self, place: str) -> str | None:
        """The nearest living place before this one; removes those of the dead on the way."""
        earlier = [name for name in self._waiting() if name < place]
        return next((name for name in reversed(earlier) if self._is_held(name)), None)

    def _waiting(self) -> list[str]:
        with os.scandir(self._folder) as entries:
            return sorted(entry.name for entry in entries if entry.name.endswith(".waiting"))

    def _is_held(self, name: str) -> bool:
        """Whether a place's holder lives; that of a dead one is removed."""
        try:
            fd = os.open(self._folder / name, _OPEN)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
            # Under the lock, so that whoever has just made it knows that it is gone.
            with contextlib.suppress(FileNotFoundError, PermissionError):
                (self._folder / name).unlink()
        except BlockingIOError:
            return True
        finally:
            os.close(fd)
        return False

    @contextlib.contextmanager
    def _ready(self) -> Generator[None]:
        try:
            if not self._made:
                for folder in (self._folder.parent, self._folder):
                    _make(folder)
                self._made = True
            yield
        except OSError as error:
            raise UserError(
                f"cannot count the requests in flight in {str(self._folder)!r}: {error.strerror}. It must be "
                "a folder that you may write to, on a local disk; its owner makes it so with: "
                f"install -d -m 1777 {self._folder}"
            ) from error


def default_folder() -> Path:
    """Where the processes of a machine meet: in the folder for temporary files, for all users."""
    return Path(tempfile.gettempdir()) / "mle-agents-requests"


def _make(folder: Path) -> None:
    try:
        folder.mkdir()
    except FileExistsError:
        return
    folder.chmod(_EVERYBODY)


def _open_or_make(path: Path) -> int:
    with contextlib.suppress(FileNotFoundError):
        return os.open(path, _OPEN)
    try:
        return _make_file(path)
    except FileExistsError:
        return os.open(path, _OPEN)


def _make_file(path: Path) -> int:
    fd = os.open(path, _OPEN | os.O_CREAT | os.O_EXCL, _READABLE)
    os.fchmod(fd, _READABLE)  # other users must be able to lock it, whatever the umask
    return fd


def _lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EAGAIN):
            return False
        raise
    return True


def _release(fd: int) -> None:
    # A child being forked just now shares the descriptor, so closing it would not unlock.
    fcntl.flock(fd, fcntl.LOCK_UN)
    os.close(fd)
