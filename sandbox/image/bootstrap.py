"""A base image from Debian's packages alone, for machines that reach no registry."""

import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox import daemon
from sandbox.errors import SandboxUnavailable
from sandbox.image.client import Docker
from sandbox.image.context import digest_of, system_packages
from sandbox.image.errors import failure
from sandbox.image.names import BOOTSTRAP, LABEL_RECIPE, Kind, base_tag_of
from sandbox.image.progress import Progress
from sandbox.image.streaming import run_streaming

DEFAULT_SUITE = "bookworm"
PUBLIC_MIRROR = "http://deb.debian.org/debian"
_INDEX = "$(ORIGIN) $(RELEASE) $(COMPONENT) $(REPO_URI)"
_SOURCES = """\
deb {mirror} {suite} main
deb {mirror} {suite}-updates main
deb {mirror}-security {suite}-security main
"""
# What is this machine's, and what nobody reads in a container.
_LEFT_OUT = (
    "./dev/*",
    "./proc/*",
    "./sys/*",
    "./run/*",
    "./tmp/*",
    "./etc/hostname",
    "./etc/machine-id",
    "./etc/resolv.conf",
    "./var/cache/*",
    "./var/lib/apt/lists/*",
    "./var/log/*",
    "./usr/share/doc/*",
    "./usr/share/info/*",
    "./usr/share/locale/*",
    "./usr/share/man/*",
)


@dataclass(frozen=True, slots=True)
class Debian:
    """Where packages come from."""

    suite: str
    mirror: str


def bootstrapped(
    docker: Docker, kind: Kind, proxies: Mapping[str, str], progress: Progress, *, force: bool
) -> str:
    """Return the name of a base image of Debian's packages; it is made unless it is there already.

    Args:
        docker: where the image goes.
        kind: whose system packages it holds.
        proxies: environment variables that say how to reach the mirror.
        progress: what is told.
        force: make it in any case.

    Raises:
        SandboxUnavailable: this user or this machine cannot make one.
        ImageFailed: a package could not be fetched or installed.
    """
    name, source, packages = base_tag_of(kind), debian(), system_packages(kind)
    digest = digest_of(source.suite.encode(), *map(str.encode, packages))
    there = docker.image(name)
    if there and there.labels.get(LABEL_RECIPE) == digest and not force:
        return name
    _check()
    # Not /tmp: that is often mounted without devices, which debootstrap needs.
    with tempfile.TemporaryDirectory(prefix="mle-sandbox-", dir="/var/tmp") as folder:
        root = Path(folder) / "root"
        progress.step(f"Debian {source.suite} from {source.mirror}")
        environment = {**os.environ, **proxies}
        run_streaming(
            _debootstrap(source, packages, root), "debootstrap failed", progress.detail, environment
        )
        sources = _SOURCES.format(mirror=PUBLIC_MIRROR, suite=source.suite)
        (root / "etc/apt/sources.list").write_text(sources)
        progress.step(f"import {name}")
        _import(docker, root, name, f"LABEL {LABEL_RECIPE}={digest}")
    return name


def debian() -> Debian:
    """Return this machine's own suite and mirror where it runs Debian, else what is public."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        release = {}
    if release.get("ID") != "debian" or "VERSION_CODENAME" not in release:
        return Debian(DEFAULT_SUITE, PUBLIC_MIRROR)
    suite = release["VERSION_CODENAME"]
    return Debian(suite, _mirror(suite) or PUBLIC_MIRROR)


def _mirror(suite: str) -> str | None:
    """Return where this machine's apt has Debian's own packages from."""
    command = ["apt-get", "indextargets", "--format", _INDEX, "Identifier: Packages"]
    try:
        listing = subprocess.run(command, capture_output=True, text=True)
    except OSError:
        return None
    lines = (line.split() for line in listing.stdout.splitlines())
    return next((words[3].rstrip("/") for words in lines if words[:3] == ["Debian", suite, "main"]), None)


def _check() -> None:
    command = f"python -m sandbox build-image --base-image {BOOTSTRAP}"
    if os.geteuid() != 0:
        raise SandboxUnavailable(
            f"--base-image {BOOTSTRAP} needs root, as it installs a system into a folder;"
            f" type: sudo {command}"
        )
    if shutil.which("debootstrap") is None:
        raise SandboxUnavailable("'debootstrap' is not installed; type: apt-get install debootstrap")


def _debootstrap(source: Debian, packages: Sequence[str], root: Path) -> list[str]:
    options = ["--variant=minbase", "--force-check-gpg", f"--include={','.join(packages)}"]
    # In a mount namespace of its own: whatever ends it, no mount of it stays below a folder that is removed.
    return ["unshare", "--mount", "debootstrap", *options, source.suite, str(root), source.mirror]


def _import(docker: Docker, root: Path, name: str, change: str) -> None:
    excluded = [f"--exclude={pattern}" for pattern in _LEFT_OUT]
    tar = ["tar", "--create", "--numeric-owner", *excluded, f"--directory={root}", "."]
    with subprocess.Popen(tar, stdout=subprocess.PIPE) as archive:
        answer = subprocess.run(
            [docker.program, "import", "--change", change, "-", name],
            stdin=archive.stdout,
            capture_output=True,
            text=True,
            env=daemon.environment(),
        )
        if answer.returncode:
            archive.kill()
    if answer.returncode or archive.returncode:
        raise failure(f"{name!r} could not be imported", answer.stderr.splitlines())
