"""An image that is none of ours: as in MLE-bench's own, Python lies in a conda environment."""

import os
import subprocess
from collections.abc import Iterator

import pytest

from sandbox.spec import SandboxSpec
from tests.requires import require_image
from tests.sandbox.docker.support import eventually
from tests.sandbox.support import IMAGE, Open, out

PYTHON = "/opt/conda/envs/agent/bin/python"
_INSTALL = (
    f"mkdir -p $(dirname {PYTHON}); "
    f"printf '#!/bin/sh\\nexec /opt/venv/bin/python \"$@\"\\n' >{PYTHON}; chmod 755 {PYTHON}; "
    "mkdir /var/scratch; chmod 777 /var/scratch; "
    "for folder in $FOLDERS; do mkdir -p $folder; echo 42 >$folder/answer; done"
)
_SITE = "/opt/conda/envs/agent/lib/python3.11/site-packages"
_HIDDEN = (
    "/mlebench",
    "/private/lib/site-packages/nltk_data",
    f"{_SITE}/sklearn/datasets/data",
    "/opt/conda/pkgs/scikit-learn-1.2.2/lib/python3.11/site-packages/sklearn/datasets/data",
    f"{_SITE}/benchmark/competitions/iris",
)
_SHOWN = (f"{_SITE}/sklearn/datasets", "/opt/data")
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
    folders = " ".join((*_HIDDEN, *_SHOWN))
    made = docker(
        "run",
        "--detach",
        "--network=none",
        "--user=0:0",
        f"--env=FOLDERS={folders}",
        IMAGE,
        "sh",
        "-c",
        _INSTALL,
    )
    docker("wait", made)
    docker("commit", *(f"--change={change}" for change in _CHANGES), made, name)
    docker("rm", made)
    yield name
    # The daemon removes what is closed in its own time, and no image of which there is a container.
    assert eventually(lambda: not docker("ps", "--all", "--quiet", "--filter", f"ancestor={name}"))
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


def test_answers_that_an_image_holds_are_hidden(spec: SandboxSpec, start: Open, foreign: str) -> None:
    box = start(image=foreign)
    found = box.shell(
        "find /opt /mlebench /private -name answer | sort; ls -A /mlebench /private", timeout=60
    )
    shown = sorted(f"{folder}/answer" for folder in _SHOWN)
    assert out(found).split() == [*shown, "/mlebench:", "/private:"]
    made = box.shell("touch /mlebench/x /private/x", timeout=60)
    assert out(made).count("Read-only file system") == 2
