"""Exclusive claims on cores, memory and GPUs, between all sweeps of a machine.

A claim is a file whose owner holds a lock (flock) on it: when the owner dies, in whatever way, the kernel
drops the lock and the claim is void. Claims are counted and made under a lock on their folder.

It keeps sweeps that mean well out of each other's way, of all users of a machine; it does not keep anybody
from claiming everything. The folder must be on a local file system.
"""

import contextlib
import errno
import fcntl
import os
import re
import secrets
import stat
import tempfile
import time
from collections.abc import Generator, Iterable, Mapping
from pathlib import Path
from typing import Annotated, NamedTuple, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from sandbox.hardware import Hardware
from sandbox.hostfiles import OPEN_DIR, OPEN_FILE
from sandbox.machine import Gpu, Machine
from sandbox.text import printable
from scaffolds.errors import UserError
from scaffolds.words import one_line

_CLAIM = re.compile(r"[0-9a-f]{32}\.claim")
_UNFINISHED = re.compile(r"[0-9a-f]{32}\.claim\.new")
_EVERYBODY = 0o1777
_MAX_BYTES = 1 << 16
_TRIES, _PAUSE_S = 500, 0.002
"""For the lock on the folder, which others hold for a millisecond."""
_ROUNDING = 1e-6
"""Equal shares must add up to the whole."""
_NO_CLAIM = frozenset({errno.ENOENT, errno.ELOOP, errno.ENXIO, errno.EACCES, errno.EPERM})
"""Answers to opening what is not a claim: released meanwhile, a link, a socket, somebody's private file."""


class Claim(NamedTuple):
    """What a run needs for itself."""

    cores: float
    memory_gb: float
    """In GiB."""
    gpus: int


def claim_of(hardware: Hardware, machine: Machine, parallel: int) -> Claim:
    """What one run under a profile claims: its figures, where it has none one of `parallel` equal parts."""
    return Claim(*machine.share(hardware, parallel))


class Held(BaseModel):
    """A claim as its file says it."""

    model_config = ConfigDict(frozen=True)

    cores: float = Field(ge=0, allow_inf_nan=False)
    """Processor cores."""
    memory_gb: float = Field(ge=0, allow_inf_nan=False)
    """Memory, in GiB."""
    gpus: tuple[str, ...]
    """UUIDs of cards."""
    owner: Annotated[str, AfterValidator(lambda text: one_line(printable(text), 200))]
    """Who holds it, for people."""
    pid: int
    """The owner's process."""

    def words(self) -> str:
        """Who holds what."""
        gpus = f", {_plural(len(self.gpus), 'GPU')}" if self.gpus else ""
        return f"{self.owner} (process {self.pid}): {_size(self.cores, self.memory_gb)}{gpus}"


class Lease:
    """A claim that was granted. It ends with `release`, or with the process.

    A process forked without exec shares it; programs started in any other way do not.
    """

    def __init__(self, path: Path, fd: int, gpus: tuple[Gpu, ...]) -> None:
        self.gpus = gpus
        """The cards that are the holder's alone."""
        self._path = path
        self._fd: int | None = fd

    def release(self) -> None:
        """Give everything back; releasing twice does nothing."""
        fd, self._fd = self._fd, None
        if fd is None:
            return
        # Where the file cannot go, the lock does: that is what counts.
        with contextlib.suppress(OSError):
            self._path.unlink()
        fcntl.flock(fd, fcntl.LOCK_UN)
        os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.release()


class Leases:
    """All claims on this machine.

    Args:
        folder: where claims lie, the same for all sweeps of the machine; made where missing.
        machine: what there is to claim.
    """

    def __init__(self, folder: Path, machine: Machine) -> None:
        self._folder = folder
        self._machine = machine

    def take(self, claim: Claim, owner: str, gpu: str | None = None) -> Lease | None:
        """Claim a part of the machine; None when it is not free now.

        Args:
            claim: how much.
            owner: who asks, in words for others who wait.
            gpu: the kind of card, as profiles name it.

        Raises:
            UserError: the machine does not have as much, or the folder cannot be used.
        """
        self._refuse_impossible(claim, gpu)
        with self._opened() as folder, _locked(folder) as locked:
            return self._grant(folder, claim, owner, gpu) if locked else None

    def holders(self) -> list[Held]:
        """Who holds what now.

        Raises:
            UserError: the folder cannot be used.
        """
        with self._opened() as folder:
            return _held(_claims(folder).values())

    def _grant(self, folder: int, claim: Claim, owner: str, kind: str | None) -> Lease | None:
        claims = _claims(folder)
        _clear(folder, claims)
        held = _held(claims.values())
        taken = {uuid for other in held for uuid in other.gpus}
        cards = tuple(card for card in self._machine.cards(kind) if card.uuid not in taken)[: claim.gpus]
        cores = claim.cores + sum(other.cores for other in held)
        memory_gb = claim.memory_gb + sum(other.memory_gb for other in held)
        if len(cards) < claim.gpus or not self._fits(cores, memory_gb):
            return None
        uuids = tuple(card.uuid for card in cards)
        record = Held(cores=claim.cores, memory_gb=claim.memory_gb, gpus=uuids, owner=owner, pid=os.getpid())
        try:
            name, fd = _publish(folder, record)
        except FileNotFoundError:
            # Somebody cleaned up and removed the folder after it was opened; the next call makes a new one.
            return None
        return Lease(self._folder / name, fd, cards)

    def _fits(self, cores: float, memory_gb: float) -> bool:
        more = max(cores / self._machine.cores, memory_gb / self._machine.memory_gb)
        return more <= 1 + _ROUNDING

    def _refuse_impossible(self, claim: Claim, kind: str | None) -> None:
        missing = self._machine.lacks(Hardware(name="claim", gpus=claim.gpus, gpu=kind))
        if not self._fits(claim.cores, claim.memory_gb):
            here = _size(self._machine.cores, self._machine.memory_gb)
            missing.insert(0, f"{_size(claim.cores, claim.memory_gb)}; here: {here}")
        if missing:
            raise UserError(
                f"one run needs more than this machine has: {'. '.join(missing)}. "
                "Choose another profile for `hardware` in the config, such as `host`"
            )

    @contextlib.contextmanager
    def _opened(self) -> Generator[int]:
        """A descriptor of the folder."""
        try:
            made = self._make()
            fd = os.open(self._folder, OPEN_DIR)
            with contextlib.ExitStack() as stack:
                stack.callback(os.close, fd)
                if made:
                    os.fchmod(fd, _EVERYBODY)
                yield fd
        except OSError as error:
            raise UserError(
                f"cannot keep track of who uses this machine in {str(self._folder)!r}: {error.strerror}. "
                "It must be a folder, not a link, that you may write to, on a local disk with room; its "
                f"owner makes it so with: install -d -m 1777 {self._folder}"
            ) from error

    def _make(self) -> bool:
        try:
            self._folder.mkdir(parents=True)
        except FileExistsError:
            return False
        return True


def default_folder() -> Path:
    """Where the sweeps of a machine meet: in the folder for temporary files, for all users."""
    return Path(tempfile.gettempdir()) / "mle-agents-leases"


@contextlib.contextmanager
def _locked(folder: int) -> Generator[bool]:
    """Hold the folder's lock; yields whether it was to be had soon (its holder may be a stopped process)."""
    if not _lock_soon(folder):
        yield False
        return
    try:
        yield True
    finally:
        # A child being forked just now shares the descriptor, so closing it would not unlock.
        fcntl.flock(folder, fcntl.LOCK_UN)


def _lock_soon(folder: int) -> bool:
    for _ in range(_TRIES):
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE_S)
        else:
            return True
    return False


def _publish(folder: int, record: Held) -> tuple[str, int]:
    """Write a claim and lock it before it gets its name; its name and descriptor."""
    name = f"{secrets.token_hex(16)}.claim"
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
    with contextlib.ExitStack() as stack:
        fd = os.open(f"{name}.new", flags, 0o644, dir_fd=folder)
        stack.callback(os.close, fd)
        # Other users must be able to read it, whatever the umask.
        os.fchmod(fd, 0o644)
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with open(fd, "wb", closefd=False) as file:
            file.write(record.model_dump_json().encode())
        os.rename(f"{name}.new", name, src_dir_fd=folder, dst_dir_fd=folder)
        stack.pop_all()
    return name, fd


def _claims(folder: int) -> dict[str, bytes | None]:
    """What the claims in the folder say by name; None for those whose owners are dead."""
    claims: dict[str, bytes | None] = {}
    for name in filter(_CLAIM.fullmatch, os.listdir(folder)):
        with contextlib.ExitStack() as stack:
            fd = _open_claim(folder, name)
            if fd is None:
                continue
            stack.callback(os.close, fd)
            if stat.S_ISREG(os.fstat(fd).st_mode):
                claims[name] = os.read(fd, _MAX_BYTES) if _has_owner(fd) else None
    return claims


def _open_claim(folder: int, name: str) -> int | None:
    try:
        return os.open(name, OPEN_FILE, dir_fd=folder)
    except OSError as error:
        if error.errno in _NO_CLAIM:
            return None
        raise


def _has_owner(fd: int) -> bool:
    """Whether somebody holds the lock on a claim. Asked with a shared one, so that askers do not meet."""
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _held(claims: Iterable[bytes | None]) -> list[Held]:
    """The claims that hold; a locked file that is none counts for nothing."""
    held: list[Held] = []
    for data in claims:
        if data is not None:
            with contextlib.suppress(ValidationError):
                held.append(Held.model_validate_json(data))
    return held


def _clear(folder: int, claims: Mapping[str, bytes | None]) -> None:
    """Remove what dead owners left, under the folder's lock: nobody is at work on an unfinished claim."""
    dead = [name for name, data in claims.items() if data is None]
    for name in (*dead, *filter(_UNFINISHED.fullmatch, os.listdir(folder))):
        # Those of another user stay: they cost a look each, and claim nothing.
        with contextlib.suppress(FileNotFoundError, PermissionError, IsADirectoryError):
            os.unlink(name, dir_fd=folder)


def _size(cores: float, memory_gb: float) -> str:
    return f"{round(cores, 2):g} core{'' if cores == 1 else 's'}, {round(memory_gb, 1):g} GB of memory"


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
