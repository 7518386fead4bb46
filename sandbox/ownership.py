"""Handing files on the host to the user that the agent is in its sandbox."""

import subprocess
from collections.abc import Iterable
from pathlib import Path

from sandbox.errors import SandboxUnavailable


def give(paths: Iterable[Path], owner: tuple[int, int]) -> None:
    """Make files, and all in them, belong to a user and a group.

    Links inside change hands themselves; none is followed, whoever puts them there meanwhile.

    Raises:
        SandboxUnavailable: the file system does not allow it.
    """
    uid, gid = owner
    argv = ("chown", "-R", "-h", "-P", "--", f"{uid}:{gid}", *map(str, paths))
    done = subprocess.run(argv, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        raise SandboxUnavailable(
            f"the agent's files cannot be given to user {uid}: {done.stderr.strip()[-300:]}. Put them on a "
            "local disk, or run as the user whom they shall belong to"
        )
