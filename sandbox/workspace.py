"""The host's folder of one sandbox: what is in it, and how it is made and removed.

root/home       the agent's home folder
root/tmp        its folder for temporary files (on disk, not in memory)
root/private    the driver and what it needs; the agent of an isolated sandbox cannot write here
"""

import contextlib
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from sandbox import interpreter, restore
from sandbox.archive import driver_archive
from sandbox.errors import SandboxUnavailable
from sandbox.spec import Layout

_MARK = ".sandbox"
"""A file that says whose folder this is, and holds the names in the home folder that are mounts."""
_WHOLE = ".whole"
"""A file that is there once the agent's files are: copied, or brought back."""
_GONE = ".gone-"
"""Before the name of a folder that is being removed."""
PORT = 5000
"""Of the validation server, where the loopback interface is the sandbox's own; agents expect it there."""
CLIENT = "validate_submission.sh"
"""In the home folder: checks a file at the validation server."""
FOLDERS = ("submission", "code", "logs")
"""Folders in the home folder from the start, beside `data`."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """Paths on the host."""

    root: Path

    @property
    def home(self) -> Path:
        """The agent's home folder."""
        return self.root / "home"

    @property
    def tmp(self) -> Path:
        """The agent's temporary folder."""
        return self.root / "tmp"

    @property
    def private(self) -> Path:
        """The driver's folder."""
        return self.root / "private"

    @property
    def driver(self) -> Path:
        """The driver's archive."""
        return self.private / "driver.pyz"

    @property
    def errors(self) -> Path:
        """What the isolation and the driver write on standard error."""
        return self.private / "errors.txt"

    @property
    def scratch(self) -> Path:
        """Files that the driver writes while it runs."""
        return self.private / "scratch"

    @property
    def whole(self) -> bool:
        """Whether the agent's files have been copied from here, or brought back."""
        return (self.root / _WHOLE).exists()

    def set_whole(self) -> None:
        """Say that they are all here."""
        (self.root / _WHOLE).touch()

    def left_out(self) -> frozenset[str]:
        """Names in the home folder that are none of the agent's work, and no part of snapshots."""
        try:
            mounted = (self.root / _MARK).read_text(errors="replace").split("\0")
        except FileNotFoundError:  # an agent without isolation can remove it
            mounted = []
        return frozenset({"data", CLIENT, *mounted} - {""})

    def create(self, *, client: bool, mounted: Iterable[str] = ()) -> None:
        """Make the folder anew.

        Args:
            client: with the script that asks the validation server.
            mounted: see `Layout`.

        Raises:
            SandboxUnavailable: the folder holds something that is not a sandbox's.
        """
        self.remove()
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.root / _MARK).write_text("\0".join(mounted))
        for path in (*(self.home / name for name in FOLDERS), self.tmp, self.scratch):
            path.mkdir(parents=True)
        self.driver.write_bytes(driver_archive())
        if client:
            (self.home / CLIENT).write_bytes((Path(__file__).parent / CLIENT).read_bytes())
            (self.home / CLIENT).chmod(0o755)

    def remove(self) -> None:
        """Remove the folder and all in it; one that is not a sandbox's is left alone.

        Raises:
            SandboxUnavailable: the folder holds something that is not a sandbox's, or cannot be removed.
        """
        # Moved away at once: whoever dies while it is being removed leaves no half of a workspace.
        gone = self.root.with_name(_GONE + self.root.name.removeprefix(_GONE))
        if self.root.exists() and self.root != gone and any(self.root.iterdir()):
            if not (self.root / _MARK).exists():
                raise SandboxUnavailable(
                    f"{str(self.root)!r} holds files and is not a sandbox's folder; name another, or empty it"
                )
            _delete(gone)
            self.root.rename(gone)
        elif self.root.exists() and self.root != gone:
            self.root.rmdir()
        _delete(gone)


def layout_at(home: str, tmp: str, python: str, port: int) -> Layout:
    """Return the layout below a home folder; `python` is this machine's, or empty for the image's own."""
    return Layout(
        home=home,
        data=f"{home}/data",
        submission=f"{home}/submission",
        code=f"{home}/code",
        logs=f"{home}/logs",
        tmp=tmp,
        python=python,
        port=port,
        mounted=tuple(sorted(interpreter.names_below(home))) if python else (),
    )


def _delete(path: Path) -> None:
    if not path.exists():
        return
    # Not shutil: an agent can nest folders deeper than Python's stack.
    if _run("rm", "-rf", "--", str(path)):
        with contextlib.suppress(OSError):  # as of folders that nobody may write into; `rm` says what is left
            restore.empty(path)
        if problem := _run("rm", "-rf", "--", str(path)):
            raise SandboxUnavailable(
                f"{str(path)!r} cannot be removed: {problem}. Remove it with: sudo rm -rf {quote(str(path))}"
            )


def _run(*argv: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, errors="replace", check=False)
    return "" if done.returncode == 0 else done.stderr.strip()[-300:] or f"{argv[0]} failed"
