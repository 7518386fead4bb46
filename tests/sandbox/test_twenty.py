"""Twenty sandboxes of one process: all answer, and nothing outlives the process that is killed."""

import subprocess
import sys
import time
from pathlib import Path

import docker

from sandbox.open import open_sandbox
from sandbox.reaper import RUN
from sandbox.spec import SandboxSpec
from tests.sandbox.support import IMAGE, Name, gone, out

COUNT = 20
HARNESS = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from sandbox.open import open_sandbox
from sandbox.spec import SandboxSpec

backend, root, data, image, mark = sys.argv[1:]

def open_one(number):
    spec = SandboxSpec(backend=backend, root=f"{root}/{number}", data=data, image=image, owner=root)
    return open_sandbox(spec)

with ThreadPoolExecutor(COUNT) as pool:
    boxes = list(pool.map(open_one, range(COUNT)))
    said = list(pool.map(lambda box: box.shell(f"setsid sleep {mark} & echo $((6 * 7))", timeout=60), boxes))
print(*(done.stdout.head.decode().strip() for done in said), flush=True)
sys.stdin.read()
"""


def containers(root: Path) -> int:
    client = docker.from_env()
    try:
        return len(client.containers.list(all=True, sparse=True, filters={"label": f"{RUN}={root}"}))
    finally:
        client.close()


def test_a_killed_process_leaves_none_of_twenty(backend: Name, tmp_path: Path, data: Path) -> None:
    mark = {"bwrap": "99001.5", "none": "99002.5", "docker": "99003.5"}[backend]
    root = tmp_path / "boxes"
    argv = (sys.executable, "-c", f"COUNT = {COUNT}\n{HARNESS}", backend, str(root), str(data), IMAGE, mark)
    with subprocess.Popen(
        argv, cwd=Path(__file__).parents[2], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as harness:
        assert harness.stdout is not None
        assert harness.stdout.readline().split() == [b"42"] * COUNT
        harness.kill()
    assert gone([mark, str(root)], seconds=60)
    if backend == "docker":
        deadline = time.monotonic() + 60
        while containers(root) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert containers(root) == 0
    spec = SandboxSpec(backend=backend, root=root / "0", data=data, image=IMAGE)
    box = open_sandbox(spec)  # in what the dead one left
    try:
        assert out(box.shell("echo again", timeout=60)) == "again\n"
    finally:
        box.close()
    assert not (root / "0").exists()
