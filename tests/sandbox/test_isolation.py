"""What an agent in bubblewrap can see and reach, and what it cannot."""

import os
import socket
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import pytest

from sandbox.interpreter import names_below
from sandbox.protocols import Sandbox
from sandbox.spec import SandboxSpec
from tests.sandbox.support import Open, errors, out

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def box(opened: Open, bwrap: None) -> Sandbox:
    return opened("bwrap", env={"GIVEN": "yes"})


def says(box: Sandbox, command: str) -> str:
    return out(box.shell(command, timeout=60))


def test_nothing_of_the_hosts_environment(opened: Open, bwrap: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVIDER_API_KEY", "sk-secret")
    box = opened("bwrap", env={"GIVEN": "yes"})
    seen = says(
        box,
        "env; cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'; cat /proc/[0-9]*/cmdline | tr '\\0' ' '",
    )
    assert "GIVEN=yes" in seen
    assert "sk-secret" not in seen and "PROVIDER" not in seen


def test_a_plain_user_without_rights(box: Sandbox) -> None:
    user, name, group, *more = says(box, "id -u; id -un; id -G").split()
    assert (user, name, group) == ("1000", "agent", "1000")
    assert set(more) <= (
        {"65534"} if os.getuid() else set()
    )  # groups that only root can leave, without a name
    status = says(box, "cat /proc/self/status")
    assert "CapEff:\t0000000000000000" in status and "CapBnd:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    assert says(box, "ulimit -c") == "0\n"


def test_no_files_of_the_project_or_the_host(box: Sandbox, root: Path) -> None:
    listed = set(says(box, f"ls -A / {PROJECT} /home /run /etc /root /var 2>/dev/null").split())
    assert not listed & {
        "benchmark",
        "experiments",
        "scaffolds",
        "tests",
        "pyproject.toml",
        ".git",
        "shadow",
        "mnt",
    }
    assert says(box, f"ls {root} {PROJECT}/sandbox 2>/dev/null") == ""
    ours = {"code", "data", "logs", "submission"}
    assert set(says(box, "ls /home").split()) == ours | names_below("/home")
    assert says(box, "ls -d /run/docker.sock /var/run /sys /mnt /root/.ssh /etc/shadow 2>/dev/null") == ""
    ran = box.run_script("import benchmark", directory="n", env={}, timeout=60)
    assert "ModuleNotFoundError" in errors(ran) or "ImportError" in errors(ran)


def test_no_other_processes(box: Sandbox) -> None:
    assert len(says(box, "ls -d /proc/[0-9]*").split()) <= 3
    assert says(box, "cat /proc/1/comm").startswith("python")


def test_the_system_is_read_only(box: Sandbox) -> None:
    places = f"/ /usr /etc /home/data /run /run/driver {sys.prefix} /proc/sys/kernel"
    assert says(box, f"for d in {places}; do touch $d/x 2>/dev/null && echo $d; done") == ""
    settings = "/proc/sys/kernel/core_pattern /proc/sys/vm/drop_caches /proc/sysrq-trigger"
    assert says(box, f"for f in {settings}; do (echo x > $f) 2>/dev/null && echo $f; done") == ""
    assert says(box, "rm -rf /home/data/* 2>/dev/null; cat /home/data/train.csv") == "id,y\n1,0\n"
    assert says(box, "echo x > /run/driver/driver.pyz || echo no").endswith("no\n")


WITHIN = """
import sys
from pathlib import Path
from sandbox.open import open_sandbox
from sandbox.spec import SandboxSpec
box = open_sandbox(SandboxSpec.model_validate_json(sys.argv[1]))
print(box.shell(sys.argv[2], timeout=60).stdout.head.decode())
box.close()
"""


def test_what_leads_to_a_python_among_the_agents_folders_is_read_only(
    root: Path, data: Path, bwrap: None
) -> None:
    spec = SandboxSpec(backend="bwrap", root=root, data=data)
    search = os.pathsep.join((str(PROJECT), *(path for path in sys.path if path)))
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        venv.create(f"{folder}/project/venv")
        python = f"{folder}/project/venv/bin/python"
        places = f"{folder} {folder}/project {folder}/project/venv"
        command = f"which python; for d in {places}; do touch $d/x && echo $d; done 2>/dev/null; ls /tmp"
        argv = (python, "-c", WITHIN, spec.model_dump_json(), command)
        done = subprocess.run(argv, env={"PYTHONPATH": search}, capture_output=True, text=True)
    assert done.stdout.split() == [python, Path(folder).name], done.stderr


def test_no_network(box: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        connect = f"(exec 3<>/dev/tcp/127.0.0.1/{port}) 2>&1 && echo reached"
        assert "refused" in says(box, connect)
        assert "unreachable" in says(box, "(exec 3<>/dev/tcp/192.0.2.1/80) 2>&1")
    assert says(box, "cut -d: -f1 -s /proc/net/dev | tr -d ' \\n'") == "lo"
    server_inside = (
        "import socket\ns = socket.create_server(('localhost', 0))\n"
        "c = socket.create_connection(s.getsockname()); print('loopback works')"
    )
    assert out(box.run_script(server_inside, directory="n", env={}, timeout=60)) == "loopback works\n"


def test_an_open_network_is_the_hosts(opened: Open, bwrap: None) -> None:
    box = opened("bwrap", network="open")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert says(box, f"(exec 3<>/dev/tcp/127.0.0.1/{port}) && echo reached") == "reached\n"


def test_data_sets_in_packages_are_hidden(box: Sandbox) -> None:
    source = (
        "from sklearn import datasets\nimport pathlib, sklearn.datasets\n"
        "folder = pathlib.Path(sklearn.datasets.__file__).parent\n"
        "print([sorted(p.name for p in (folder / n).iterdir()) for n in ('data', 'images')])\n"
        "datasets.make_classification()\n"
        "for name in ('iris', 'diabetes', 'breast_cancer', 'digits'):\n"
        "    try: getattr(datasets, f'load_{name}')()\n"
        "    except (OSError, ImportError): print('hidden')\n"
    )
    ran = box.run_script(source, directory="n", env={}, timeout=120)
    assert out(ran) == "[[], []]\n" + 4 * "hidden\n", errors(ran)
    assert (
        says(box, f"touch {sys.prefix}/lib/python3.*/site-packages/sklearn/datasets/data/x 2>&1 | wc -l")
        == "1\n"
    )


def test_the_driver_cannot_be_reached(box: Sandbox) -> None:
    assert says(box, "kill -9 1; kill -STOP 1; kill -INT 1; kill -TERM 1; kill -HUP 1; echo alive").endswith(
        "alive\n"
    )
    forged = "for fd in $(seq 0 64); do (printf 'garbage' > /proc/1/fd/$fd) 2>/dev/null && echo $fd; done"
    assert says(box, forged) == ""
    assert (
        says(box, "readlink /proc/1/fd/* /proc/1/exe; cat /proc/1/environ /proc/1/mem 2>/dev/null; echo no")
        == "no\n"
    )
    assert says(box, "ls -l /proc/self/fd /proc/$$/fd | grep -c /run/driver") == "0\n"


def test_no_descriptor_of_the_pipe_is_inherited(box: Sandbox) -> None:
    source = (
        "import os\nfor n in os.listdir('/proc/self/fd'):\n    print(n, os.path.exists(f'/proc/self/fd/{n}'))"
    )
    ran = box.run_script(source, directory="n", env={}, timeout=60)
    assert {line.split()[0] for line in out(ran).splitlines()} == {
        "0",
        "1",
        "2",
        "3",
    }  # 3 is the listing's own
    assert set(says(box, "bash -c 'ls /proc/self/fd'").split()) == {"0", "1", "2", "3"}


def test_new_user_namespaces_change_nothing(box: Sandbox) -> None:
    ran = box.shell(
        "unshare -Ur cat /proc/self/uid_map 2>/dev/null; unshare -Urm mount -t tmpfs x /home 2>&1", timeout=60
    )
    assert ran.exit_code != 0
