"""An image that is none of ours: as in MLE-bench's own, Python lies in a conda environment."""

import os
import subprocess
from collections.abc import Iterator

import pytest

from sandbox.spec import SandboxSpec
from tests.requires import require_image
from tests.sandbox.support import IMAGE, Open, out

PYTHON = "/opt/conda/envs/agent/bin/python"
_INSTALL = (
    f"mkdir -p $(dirname {PYTHON}); "
    f"printf '#!/bin/sh\\nexec /opt/venv/bin/python \"$@\"\\n' >{PYTHON}; chmod 755 {PYTHON}; "
    "mkdir /var/scratch; chmod 777 /var/scratch"
)
_CHANGES = (
    "LABEL org.mle-sandbox.python= org.mle-sandbox.kind=",
    'ENTRYPOINT ["/entrypoint.sh"]',
    "USER root",
    "ENV PATH=/usr/sbin:/usr/bin:/sbin:/bin",
    "WORKDIR /",
    "VOLUME /var/scratch /tmp",
)


def docker(*words: str) -> str:
    return subprocess.run(("docker", *words), capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def foreign() -> Iterator[str]:
    """The slim image without its labels, under root, with an entrypoint and a Python like MLE-bench's."""
    require_image(IMAGE)
    name = f"mle-sandbox-test-foreign:{os.getpid()}"
    made = docker("run", "--detach", "--network=none", "--user=0:0", IMAGE, "sh", "-c", _INSTALL)
    docker("wait", made)
    docker("commit", *(f"--change={change}" for change in _CHANGES), made, name)
    docker("rm", made)
    yield name
    docker("image", "rm", name)


def test_an_image_like_mle_benchs_own_is_taken(spec: SandboxSpec, start: Open, foreign: str) -> None:
    box = start(image=foreign)
    told = box.run_script("import os, pandas\nprint(os.getuid())", directory="n", env={}, timeout=60)
    assert out(told) == ("1000\n" if os.getuid() == 0 else f"{os.getuid()}\n")
    assert out(box.shell("id -un; python3 -c 'print(6 * 7)'", timeout=60)) == "agent\n42\n"
    assert out(box.python("import sklearn; 6 * 7", timeout=60)) == "42\n"


def test_a_volume_of_the_image_is_no_place_to_fill(spec: SandboxSpec, start: Open, foreign: str) -> None:
    box = start(image=foreign)
    written = box.shell("echo x >/var/scratch/new; echo y >/tmp/new && echo ok", timeout=60)
    assert out(written).endswith("/var/scratch/new: Read-only file system\nok\n")
