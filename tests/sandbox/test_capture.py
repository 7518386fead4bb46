"""Output that is too long to be shown: what is kept of it, and where."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.driver.capture import VIEW
from sandbox.driver.spill import Place, Spill
from sandbox.protocols import Sandbox
from tests.sandbox.support import RELAXED, Open, Store, out


@settings(RELAXED, max_examples=200)
@given(st.lists(st.binary(max_size=30), max_size=20), st.integers(1, 40))
def test_a_file_holds_the_first_and_the_last_bytes(pieces: list[bytes], limit: int) -> None:
    whole = b"".join(pieces)
    dropped = len(whole) - 2 * limit
    middle = b"\n[... %d bytes left out ...]\n" % dropped if dropped > 0 else b""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x")
        spill = Spill(os.open(path, os.O_WRONLY | os.O_CREAT), str(path), limit)
        for piece in pieces:
            spill.add(piece)
        assert spill.finish() == str(path)
        assert path.read_bytes() == whole[:limit] + middle + whole[max(limit, len(whole) - limit) :]
        assert list(path.parent.iterdir()) == [path]
        spill.add(b"more")
        assert spill.finish() == str(path)


def test_the_next_number_that_is_free(tmp_path: Path) -> None:
    logs = str(tmp_path / "logs")
    first, second = Place(logs, "try"), Place(logs, "try")
    assert first.open("stderr.txt").path == f"{logs}/try-1.stderr.txt"
    assert second.open("stdout.txt").path == f"{logs}/try-1.stdout.txt"
    assert first.open("stdout.txt").path == f"{logs}/try-2.stdout.txt"
    assert Place(logs, "try").open("stdout.txt").path == f"{logs}/try-3.stdout.txt"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_costs_the_file_only() -> None:
    spill = Spill(os.open("/dev/full", os.O_WRONLY), "/nowhere/else")
    spill.add(b"x" * 100)
    spill.add(b"x" * 100)
    assert spill.finish() == ""


def test_short_output_leaves_no_file(box: Sandbox) -> None:
    source = f"import os\nos.write(1, b'o' * {VIEW}); os.write(2, b'e' * {VIEW})"
    ran = box.run_script(source, directory="s", env={}, timeout=60)
    assert (ran.stdout.path, ran.stderr.path) == ("", "")
    assert box.shell(f"head -c {VIEW} /dev/zero", timeout=60).stdout.path == ""
    assert box.list_files(box.layout.logs) == ()


def test_long_output_is_in_files(box: Sandbox) -> None:
    logs = box.layout.logs
    source = f"import os\nos.write(1, b'o' * {VIEW + 1}); os.write(2, b'e' * 3_000_000); os.write(2, b'end')"
    ran = box.run_script(source, directory="s", env={}, timeout=60)
    assert (ran.stdout.path, ran.stderr.path) == (
        f"{logs}/script-1.stdout.txt",
        f"{logs}/script-1.stderr.txt",
    )
    assert box.fetch(ran.stdout.path, max_bytes=VIEW + 1) == b"o" * (VIEW + 1)
    assert box.fetch(ran.stderr.path, max_bytes=4_000_000) == b"e" * 3_000_000 + b"end"
    ran = box.run_script(source, directory="s", env={}, timeout=60)
    assert ran.stdout.path == f"{logs}/script-2.stdout.txt"
    shell = box.shell("seq 100000", timeout=60)
    assert shell.stdout.path == f"{logs}/shell-1.stdout.txt"
    assert box.fetch(shell.stdout.path, max_bytes=1_000_000).endswith(b"\n100000\n")
    store = Store()
    assert box.snapshot(store).skipped == ()
    box.shell(f"rm -r {logs}; ln -s /proc {logs}", timeout=60)
    assert box.shell("seq 100000", timeout=60).stdout.path == ""
    assert out(box.shell("echo fine", timeout=60)) == "fine\n"


def test_two_gigabytes_of_a_scripts_output(opened: Open, bwrap: None) -> None:
    box = opened("bwrap")
    source = (
        "import os\nos.write(1, b'first')\n"
        "for _ in range(2000): os.write(1, bytes(1_000_000))\nos.write(1, b'last')"
    )
    ran = box.run_script(source, directory="s", env={}, timeout=120)
    assert ran.exit_code == 0 and ran.stdout.total == 2_000_000_009
    sizes = {entry.path: entry.size for entry in box.list_files(box.layout.logs)}
    marker = len(f"\n[... {2_000_000_009 - (128 << 20)} bytes left out ...]\n")
    assert sizes == {ran.stdout.path: (128 << 20) + marker}
    ends = box.shell(f"head -c 5 {ran.stdout.path}; tail -c 4 {ran.stdout.path}", timeout=60)
    assert out(ends) == "firstlast"
    driver = box.shell("grep VmHWM /proc/1/status", timeout=60)
    assert int(out(driver).split()[1]) < 40_000  # kB; about 20,000


def test_an_existing_file_is_run(box: Sandbox) -> None:
    box.write_file("a/b/train.py", "import os, sys, helper\nprint(__name__, sys.argv, os.getcwd(), helper.X)")
    box.write_file("a/b/helper.py", "X = 7")
    code = box.layout.code
    ran = box.run_script(path="a/b/train.py", env={}, timeout=60)
    assert out(ran) == f"__main__ ['train.py'] {code}/a/b 7\n"
    assert ran.cwd == f"{code}/a/b"
    ran = box.run_script(path="a/b/train.py", directory=".", env={}, timeout=60)
    assert out(ran) == f"__main__ ['{code}/a/b/train.py'] {code} 7\n"
    box.write_file("top.py", "import os\nprint(sorted(os.listdir()))")
    assert out(box.run_script(path=f"{code}/top.py", env={}, timeout=60)) == "['a', 'top.py']\n"
