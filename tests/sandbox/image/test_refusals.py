"""What `build-image` says where it cannot work: one message that names the way out, and an exit status."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.image.client import find_docker
from tests.requires import require
from tests.sandbox.image.support import build_image, require_daemon

NOWHERE = "127.0.0.1:1"


def refused(answer: subprocess.CompletedProcess[str], *words: str) -> None:
    assert answer.returncode == 1, answer
    assert answer.stderr.count("user error:") == 1
    assert "Traceback" not in answer.stderr
    for word in words:
        assert word in answer.stderr


def program(folder: Path, script: str) -> str:
    """A PATH on which `docker` is the given script."""
    path = folder / "docker"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(folder)


def test_no_docker(tmp_path: Path) -> None:
    refused(build_image(env={"PATH": str(tmp_path)}), "apt-get install docker.io")


def test_no_daemon() -> None:
    require("docker", "apt-get install docker.io")
    answer = build_image(env={"DOCKER_HOST": f"tcp://{NOWHERE}"})
    refused(answer, f"no Docker daemon answers at tcp://{NOWHERE}", "systemctl start docker")


def test_a_client_without_buildkit(tmp_path: Path) -> None:
    path = program(tmp_path, '[ "$1" = --version ] && echo "Docker version 28.2.2, build e6534b4"')
    refused(build_image(env={"PATH": path}), "apt-get install docker-buildx")


def test_no_permission_on_the_socket(tmp_path: Path) -> None:
    words = "permission denied while trying to connect to the Docker daemon socket"
    version = "Docker version 20.10.24, build 1"
    path = program(
        tmp_path,
        f'[ "$1" = --version ] && echo "{version}" || {{ echo "{words}" >&2; exit 1; }}',
    )
    refused(build_image(env={"PATH": path}), words, "usermod -aG docker")


def test_a_base_that_cannot_be_pulled() -> None:
    require_daemon()
    refused(build_image("--base-image", f"{NOWHERE}/no:base"), f"{NOWHERE}/no:base", "--base-image bootstrap")


def as_user(*options: str) -> list[str]:
    """What makes a command run as somebody else in a namespace of users."""
    return [shutil.which("unshare") or "unshare", "--user", *options]


def test_a_bootstrap_without_root() -> None:
    require_daemon()
    wrapper = [] if os.geteuid() else as_user("--map-user=1")
    answer = build_image("--slim", "--base-image", "bootstrap", "--force", wrapper=wrapper)
    refused(answer, "needs root", "sudo")


def test_a_bootstrap_without_debootstrap(tmp_path: Path) -> None:
    require_daemon()
    (tmp_path / "docker").symlink_to(find_docker().program)
    wrapper = as_user("--map-root-user") if os.geteuid() else []
    env = {"PATH": str(tmp_path)}
    answer = build_image("--slim", "--base-image", "bootstrap", "--force", env=env, wrapper=wrapper)
    refused(answer, "apt-get install debootstrap")


@pytest.mark.parametrize("size", [None, 600 * 1024])
def test_certificates_that_cannot_be_used(tmp_path: Path, size: int | None) -> None:
    bundle = tmp_path / "ca.crt"
    if size:
        bundle.write_bytes(b"#" * size)
    refused(build_image("--ca-bundle", str(bundle)), str(bundle))


def test_an_unknown_command() -> None:
    answer = subprocess.run([sys.executable, "-m", "sandbox", "nope\x1b[2J"], capture_output=True, text=True)
    assert answer.returncode == 2
    assert "build-image" in answer.stderr
    assert "\x1b" not in answer.stderr
