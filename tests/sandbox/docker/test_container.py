"""What an agent in a container can see and reach, what it cannot, and what it is held to."""

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.backends import census, container
from sandbox.backends.container import Owner
from sandbox.backends.engine import Engine, Image
from sandbox.open import open_sandbox
from sandbox.protocols import Sandbox
from sandbox.spec import SandboxSpec
from sandbox.workspace import Workspace, layout_at
from tests.requires import require_image
from tests.sandbox.docker.support import containers_of, inspect, remove
from tests.sandbox.support import IMAGE, errors, out


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("container")


@pytest.fixture(scope="module")
def box(place: Path) -> Iterator[Sandbox]:
    """One sandbox for all tests that only look."""
    require_image(IMAGE)
    (place / "public").mkdir()
    (place / "public" / "train.csv").write_text("id,y\n1,0\n")
    spec = SandboxSpec(
        backend="docker",
        root=place / "box",
        data=place / "public",
        image=IMAGE,
        owner=str(place),
        env={"GIVEN": "yes"},
        memory_gb=1,
        cores=1.5,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROVIDER_API_KEY", "sk-secret")
        box = open_sandbox(spec)
    yield box
    box.close()


@pytest.fixture(scope="module")
def facts(box: Sandbox, place: Path) -> dict[str, Any]:
    (found,) = containers_of(str(place))
    return inspect(found)


def says(box: Sandbox, command: str) -> str:
    return out(box.shell(command, timeout=60))


def test_a_plain_user_without_rights(box: Sandbox) -> None:
    uid = os.geteuid() or 1000
    assert says(box, "id -u; id -un; echo ~") == f"{uid}\nagent\n/home\n"
    status = says(box, "cat /proc/self/status")
    assert "CapEff:\t0000000000000000" in status and "CapBnd:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status and "Seccomp:\t2" in status
    assert says(box, "ulimit -c") == "0\n"


def test_files_on_the_host_belong_to_the_agent_and_are_read_from_there(box: Sandbox, place: Path) -> None:
    box.shell("mkdir -p own; umask 777; echo secret > own/file", timeout=60)
    uid = os.geteuid() or 1000
    found = place / "box/home/code/own/file"
    assert (found.stat().st_uid, found.stat().st_mode & 0o777) == (uid, 0)
    if os.geteuid() == 0:  # others read what its own modes let them
        assert box.fetch("own/file", max_bytes=100) == b"secret\n"


def test_nothing_of_the_hosts_environment(box: Sandbox) -> None:
    everything = "env; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n'"
    seen = says(box, everything)
    assert "GIVEN=yes" in seen
    assert "sk-secret" not in seen and "PROVIDER" not in seen


def test_the_system_is_read_only_and_the_data(box: Sandbox) -> None:
    places = "/ /usr /etc /home/data /run /run/driver /var/tmp /opt/venv /proc/sys/kernel /sys"
    assert says(box, f"for d in {places}; do touch $d/x 2>/dev/null && echo $d; done") == ""
    files = "/proc/sys/kernel/core_pattern /proc/sysrq-trigger /run/driver/driver.pyz /etc/passwd /etc/hosts"
    assert says(box, f"for f in {files}; do (echo x > $f) 2>/dev/null && echo $f; done") == ""
    assert says(box, "rm -rf /home/data/* 2>/dev/null; cat /home/data/train.csv") == "id,y\n1,0\n"
    assert says(box, "touch /home/x /tmp/x /dev/shm/x && echo written") == "written\n"


def test_no_socket_of_the_daemon_and_no_devices(box: Sandbox) -> None:
    assert (
        says(box, "find / -xdev -type s 2>/dev/null; ls -d /var/run/docker* /run/docker* 2>/dev/null") == ""
    )
    assert says(box, "ls /dev | grep -cE '^(sd|vd|nvme|nvidia|kmsg|mem)'") == "0\n"


def test_nothing_else_is_mounted(box: Sandbox) -> None:
    mounted = {line.split()[4] for line in says(box, "cat /proc/self/mountinfo").splitlines()}
    ours = {"/", "/home", "/home/data", "/tmp", "/run/shell", "/run/driver/driver.pyz"}
    system = ("/proc", "/sys", "/dev", "/etc/")
    assert {path for path in mounted if not path.startswith(system)} == ours


def test_no_other_processes_and_the_driver_is_the_first(box: Sandbox) -> None:
    assert len(says(box, "ls -d /proc/[0-9]*").split()) <= 3
    assert says(box, "cat /proc/1/comm").startswith("python")


def test_the_driver_cannot_be_reached(box: Sandbox) -> None:
    kills = "kill -9 1; kill -STOP 1; kill -INT 1; kill -TERM 1; kill -HUP 1; echo alive"
    assert says(box, kills).endswith("alive\n")
    forged = "for fd in $(seq 0 64); do (printf 'garbage' > /proc/1/fd/$fd) 2>/dev/null && echo $fd; done"
    assert says(box, forged) == ""
    looks = "readlink /proc/1/fd/* /proc/1/exe; cat /proc/1/environ /proc/1/mem 2>/dev/null; echo no"
    assert says(box, looks) == "no\n"


def test_new_namespaces_are_refused(box: Sandbox) -> None:
    assert box.shell("unshare -Ur true || unshare -Urm mount -t tmpfs x /home", timeout=60).exit_code != 0


def test_no_network(box: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert "refused" in says(box, f"(exec 3<>/dev/tcp/127.0.0.1/{port}) 2>&1 && echo reached")
    assert "unreachable" in says(box, "(exec 3<>/dev/tcp/192.0.2.1/80) 2>&1")
    assert says(box, "cut -d: -f1 -s /proc/net/dev | tr -d ' \\n'") == "lo"
    assert says(box, "cat /proc/net/route | tail -n +2") == ""
    source = (
        "import socket\ns = socket.create_server(('localhost', 0))\n"
        "c = socket.create_connection(s.getsockname()); print('loopback works')"
    )
    ran = box.run_script(source, directory="n", env={}, timeout=60)
    assert out(ran) == "loopback works\n", errors(ran)


def test_the_images_own_python_and_packages(box: Sandbox) -> None:
    ran = box.run_script("import pandas, sys\nprint(sys.executable)", directory="n", env={}, timeout=60)
    assert out(ran) == "/opt/venv/bin/python\n", errors(ran)


def test_rights_and_limits_are_the_daemons_to_keep(facts: dict[str, Any]) -> None:
    host, config = facts["HostConfig"], facts["Config"]
    assert (host["CapDrop"], host["CapAdd"], host["Privileged"]) == (["ALL"], None, False)
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["ReadonlyRootfs"] and host["AutoRemove"] and config["StdinOnce"] and not config["Tty"]
    assert (host["Memory"], host["MemorySwap"], host["ShmSize"]) == (2**30, 2**30, 2**29)
    assert host["NanoCpus"] == 1_500_000_000
    assert 0 < host["PidsLimit"] <= 16384
    assert (host["NetworkMode"], host["IpcMode"], host["PidMode"]) == ("none", "private", "")
    assert host["LogConfig"]["Type"] == "none"
    assert not host["Binds"] and not host["DeviceRequests"] and not host["Devices"]
    assert "NVIDIA_VISIBLE_DEVICES=void" in config["Env"]


def test_who_is_inside_is_seen_without_this_machines_table_too(box: Sandbox, facts: dict[str, Any]) -> None:
    engine = Engine.connect()
    elsewhere = census.Remote(engine, facts["Id"], facts["State"]["Pid"])
    box.shell("true", timeout=60)
    assert not elsewhere.busy()
    box.shell("sleep 1000 & sleeper=$!", timeout=60)
    assert elsewhere.busy() and box.busy()
    box.shell("kill $sleeper; wait", timeout=60)
    assert not elsewhere.busy() and not box.busy()
    assert census.of(engine, facts["Id"], os.getpid()).inside() == ()  # that number is another's here
    engine.close()


def test_facts_name_the_image_and_the_engine(box: Sandbox, facts: dict[str, Any]) -> None:
    assert box.facts["image"] == facts["Image"]
    assert box.facts["engine"].startswith("docker ")


def created(spec: SandboxSpec) -> dict[str, Any]:
    """What the daemon makes of a container that never starts: the machine may lack what it would need."""
    workspace, user = Workspace(spec.root), Owner(1000, 1000)
    workspace.create(client=False)
    container.write_identity(workspace, user)
    engine = Engine.connect()
    layout = layout_at("/home", "/tmp", "", 5000)
    image = Image("", "")
    options = container.options(spec, layout, image, user)
    made = engine.create(IMAGE, container.host_options(spec, workspace, image, user), **options)
    found = inspect(made)
    remove(made)
    engine.close()
    return found


def test_graphics_cards_are_asked_for_by_name(spec: SandboxSpec) -> None:
    cards = ("GPU-11111111-aaaa", "GPU-22222222-bbbb")
    found = created(spec.model_copy(update={"gpus": cards}))
    (asked,) = found["HostConfig"]["DeviceRequests"]
    assert asked["DeviceIDs"] == list(cards) and "gpu" in json.dumps(asked["Capabilities"])
    assert asked["Count"] == 0
    assert f"NVIDIA_VISIBLE_DEVICES={','.join(cards)}" in found["Config"]["Env"]


def test_an_open_network_is_the_daemons_bridge(spec: SandboxSpec) -> None:
    host = created(spec.model_copy(update={"network": "open"}))["HostConfig"]
    assert host["NetworkMode"] == "bridge" and not host["PortBindings"]


def test_without_limits_there_are_those_of_tasks_and_shared_memory(spec: SandboxSpec) -> None:
    host = created(spec)["HostConfig"]
    assert (host["Memory"], host["NanoCpus"], host["ShmSize"]) == (0, 0, 8 * 2**30)
    assert 0 < host["PidsLimit"] <= 16384
