"""The slim image as it is on this machine's Docker daemon: what agents find in it, and what nobody may."""

import json
import os
import subprocess
import uuid
from collections.abc import Iterator

import pytest

from sandbox.backends.masked import DATA_SETS
from tests.sandbox.image.support import SLIM, build_image, docker, require_slim

SITE = "import sysconfig; site = sysconfig.get_path('purelib')"


@pytest.fixture(autouse=True)
def slim() -> None:
    require_slim()


def inside(*command: str, user: str = "1000:1000", image: str = SLIM) -> str:
    """Return what a command prints in a container of the image, without a network."""
    return docker("run", "--rm", "--network=none", f"--user={user}", image, *command)


def test_the_tool_layer_and_packages_for_tables_import() -> None:
    names = [
        "ipykernel",
        "jupyter_client",
        "joblib",
        "numpy",
        "pandas",
        "scipy.stats",
        "sklearn.datasets",
        "threadpoolctl",
    ]
    assert inside("python", "-c", f"import {', '.join(names)}; print('all')") == "all\n"


def test_the_interpreter_is_where_the_label_says() -> None:
    (facts,) = json.loads(docker("image", "inspect", SLIM))
    labels = facts["Config"]["Labels"]
    assert labels["org.mle-sandbox.kind"] == "slim"
    assert inside("which", "python") == labels["org.mle-sandbox.python"] + "\n"


def test_no_bundled_data_set_is_left() -> None:
    site = inside("python", "-c", f"{SITE}; print(site)").strip()
    folders = [f"{site}/{name}" for name in DATA_SETS]
    assert inside("sh", "-c", f"find {' '.join(folders)} -type f 2>/dev/null || true") == ""
    load = "import sklearn.datasets as d\ntry: d.load_iris()\nexcept FileNotFoundError: print('none')"
    assert inside("python", "-c", load) == "none\n"


def test_the_agent_can_write_nothing_but_temporary_files() -> None:
    everywhere = "find / -xdev -path /proc -prune -o -path /dev -prune -o -writable -not -type l -print"
    writable = inside("sh", "-c", f"{everywhere} 2>/dev/null || true")
    assert set(writable.split()) == {"/tmp", "/var/tmp"}


def test_bytecode_is_there_for_every_module() -> None:
    code = (
        f"import pathlib, importlib.util as u; {SITE}\n"
        "files = list(pathlib.Path(site).rglob('*.py')); assert len(files) > 1000\n"
        "print(*[f for f in files if not pathlib.Path(u.cache_from_source(f)).exists()])"
    )
    assert inside("python", "-c", code).split() == []


def test_no_program_makes_somebody_else_of_the_agent() -> None:
    assert inside("find", "/", "-xdev", "-type", "f", "-perm", "/6000", user="0:0") == ""
    assert inside("sh", "-c", "command -v sudo || true") == ""


def test_account_tools_and_mount_points() -> None:
    assert inside("id", "-un") == "agent\n"
    assert inside("pwd") == "/home\n"
    assert inside("sh", "-c", "ls -A /home /run/driver /run/shell").split() == [
        "/home:",
        "/run/driver:",
        "/run/shell:",
    ]
    for tool in ("bash", "curl", "git", "less", "ps", "unzip"):
        assert inside("which", tool).strip().endswith(tool)


def test_nothing_of_this_machine_is_written_down() -> None:
    record = docker("history", "--no-trunc", SLIM) + docker("image", "inspect", SLIM)
    names = [name for name in os.environ if name.lower().endswith("_proxy") or name.startswith("PIP_")]
    # Values that say nothing, as a timeout of 180, are no trace.
    traces = [os.environ[name] for name in names if len(os.environ[name]) > 5]
    assert [
        trace for trace in (*traces, "_proxy=", "/run/secrets/", "ca-certificates.crt") if trace in record
    ] == []


@pytest.fixture
def tag() -> Iterator[str]:
    name = f"mle-sandbox-test:{uuid.uuid4().hex}"
    yield name
    subprocess.run(["docker", "image", "rm", name], capture_output=True)


def test_a_build_forgets_how_it_reached_the_network(tag: str) -> None:
    """On a base that has everything no index is asked, so ours need not exist."""
    arguments = ("--slim", "--base-image", SLIM, "--tag", tag, "--network", "host")
    access = {
        "PIP_INDEX_URL": "http://me:hunter2@index.invalid/simple",
        "HTTPS_PROXY": "http://proxy.invalid:3128",
    }
    first = build_image(*arguments, env=access)
    assert first.returncode == 0, first.stderr
    assert f"{tag}: built" in first.stdout
    assert "install-python.sh" in first.stderr
    record = docker("history", "--no-trunc", tag) + docker("image", "inspect", tag)
    search = "grep -rslE 'index[.]invalid|proxy[.]invalid' / --exclude-dir=proc --exclude-dir=sys || true"
    assert ".invalid" not in record
    assert inside("sh", "-c", search, user="0:0", image=tag) == ""
    second = build_image(*arguments)
    assert f"{tag}: up to date" in second.stdout
    assert second.stderr == ""
