"""A Docker daemon of the tests' own: it may be killed, and its disk filled, as this machine's may not."""

import os
import signal
import subprocess
from pathlib import Path
from typing import IO

import pytest

from tests.requires import require
from tests.sandbox.docker.support import eventually

_DISK = "1500m"
"""Room for the slim image, once more while it is loaded."""


class Daemon:
    """One that keeps everything in `folder`, whose path must be short: a socket lies in it."""

    def __init__(self, folder: Path) -> None:
        self.disk = folder
        self.url = f"unix://{folder}/docker.sock"
        self._log = folder.with_name(f"{folder.name}.log")
        self._environment = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}

    def mount(self) -> None:
        """Give it a small disk, in memory."""
        require("dockerd", "apt-get install docker.io")
        if os.getuid():
            pytest.skip("only root can start a daemon and give it a disk")
        self._run("mount", "-t", "tmpfs", "-o", f"size={_DISK}", "tmpfs", str(self.disk))

    def unmount(self) -> None:
        """Take it away, with all that is on it."""
        self._run("umount", "--lazy", str(self.disk))
        self._log.unlink()

    def start(self) -> None:
        """Start it and wait until it answers; in a network of its own, or this machine loses its bridge."""
        alone = ("unshare", "--net")
        flags = ("--host", self.url, "--bridge", "none", "--iptables=false", "--pidfile", f"{self.disk}/pid")
        roots = ("--data-root", f"{self.disk}/data", "--exec-root", f"{self.disk}/exec")
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                (*alone, "dockerd", *flags, *roots), stdout=log, stderr=log, env=self._environment
            )
        answers = eventually(
            lambda: self._process.poll() is not None or not self._docker("version").returncode
        )
        assert answers and self._process.poll() is None, self._log.read_text()[-2000:]

    def end(self, number: int = signal.SIGTERM) -> None:
        """Signal it and wait for its end; its containerd's too, which the next one would take for its own."""
        containerd = Path(f"/proc/{(self.disk / 'exec/containerd/containerd.pid').read_text()}")
        self._process.send_signal(number)
        self._process.wait(60)
        assert eventually(lambda: not containerd.exists())
        (self.disk / "pid").unlink(missing_ok=True)

    def load(self, image: str) -> None:
        """Bring it an image of this machine's daemon."""
        with subprocess.Popen(("docker", "save", image), stdout=subprocess.PIPE) as saving:
            loaded = self._docker("load", stdin=saving.stdout)
        assert loaded.returncode == 0, loaded.stderr

    def _docker(self, *words: str, stdin: IO[bytes] | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ("docker", "--host", self.url, *words), capture_output=True, text=True, stdin=stdin
        )

    def _run(self, *argv: str) -> None:
        subprocess.run(argv, check=True, capture_output=True, env=self._environment)
