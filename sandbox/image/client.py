"""The docker command line, found, questioned and understood.

The SDK is not used here: it does not speak BuildKit, and a build's secrets need that.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten

from sandbox import daemon
from sandbox.errors import SandboxUnavailable
from sandbox.image.errors import ImageFailed
from sandbox.image.progress import Progress
from sandbox.image.streaming import run_streaming
from sandbox.text import printable

# From this version on the builder is a plugin of its own.
_PLUGIN_SINCE = 23
_STEP_WIDTH = 80
_STEP = re.compile(r"#\d+ (\[[^]]*\d+/\d+\] .*|exporting to image)")
_MOUNT = re.compile(r"--mount=\S+\s*")
_DETAIL = re.compile(r"#\d+ (?:[\d.]+ )?(.*)")


@dataclass(frozen=True, slots=True)
class Image:
    """What is known of an image of this machine."""

    id: str
    labels: Mapping[str, str]
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class Docker:
    """A docker program that can build with secrets, and a daemon that answers it."""

    program: str

    def image(self, name: str) -> Image | None:
        """Return an image of this machine; None where it has none of that name."""
        answer = self._ask("image", "inspect", name)
        if answer.returncode:
            return None
        found = json.loads(answer.stdout)[0]
        return Image(found["Id"], found["Config"].get("Labels") or {}, found["Size"])

    def tag(self, image: str, name: str) -> None:
        """Give an image another name, taking it away from the image that had it."""
        answer = self._ask("tag", image, name)
        if answer.returncode:
            raise SandboxUnavailable(f"{image!r} cannot be called {name!r}: {_last_line(answer.stderr)}")

    def pull(self, name: str, progress: Progress) -> None:
        """Fetch an image from its registry."""
        progress.step(f"pull {name}")
        what = f"the base image {name!r} cannot be pulled"
        try:
            run_streaming([self.program, "pull", name], what, progress.detail, daemon.environment())
        except ImageFailed as error:
            raise SandboxUnavailable(
                f"{error}\nGive another base with --base-image NAME. Where no registry can be reached,"
                " --base-image bootstrap makes one from Debian's packages."
            ) from None

    def build(self, context: Path, arguments: Sequence[str], progress: Progress) -> None:
        """Build an image; each step of its Dockerfile is a step of `progress`."""
        seen: set[str] = set()

        def each(line: str) -> None:
            step = _STEP.fullmatch(line)
            name = shorten(_MOUNT.sub("", step[1]), _STEP_WIDTH, placeholder=" ...") if step else ""
            if name and name not in seen:
                seen.add(name)
                progress.step(name)
            elif detail := _DETAIL.fullmatch(line):
                progress.detail(detail[1])

        run_streaming(
            [self.program, "build", "--progress=plain", *arguments, str(context)],
            "the image could not be built",
            each,
            {**daemon.environment(), "DOCKER_BUILDKIT": "1"},
        )

    def _ask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return _ask(self.program, *arguments)


def find_docker() -> Docker:
    """Return the first docker program on PATH that can build with secrets, when its daemon answers.

    Raises:
        SandboxUnavailable: there is none, or no daemon, or this user may not talk to it.
    """
    folders = os.get_exec_path()
    programs = [found for folder in folders if (found := shutil.which("docker", path=folder))]
    if not programs:
        raise SandboxUnavailable(daemon.NO_CLIENT)
    able = next(filter(_builds_with_secrets, programs), None)
    if able is None:
        raise SandboxUnavailable(
            f"{programs[0]!r} cannot build with secrets: its BuildKit plugin is missing; install it with:"
            " apt-get install docker-buildx (docker-buildx-plugin from Docker's own repository)"
        )
    _check_daemon(able)
    return Docker(able)


def _builds_with_secrets(program: str) -> bool:
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, errors="replace")
    version = re.match(r"Docker version (\d+)", answer.stdout)
    if version is None:
        return False
    if int(version[1]) < _PLUGIN_SINCE:
        return True
    return subprocess.run([program, "buildx", "version"], capture_output=True).returncode == 0


def _check_daemon(program: str) -> None:
    answer = _ask(program, "version", "--format", "{{.Server.Version}}")
    if not answer.returncode:
        return
    words = _last_line(answer.stderr)
    denied = "permission denied" in words.lower()
    raise SandboxUnavailable(daemon.not_permitted(words) if denied else daemon.unanswered(words))


def _ask(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command, variables = [program, *arguments], daemon.environment()
    return subprocess.run(command, capture_output=True, text=True, errors="replace", env=variables)


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return printable(lines[-1]) if lines else "it said nothing"
