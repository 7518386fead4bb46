import contextlib
import re
from pathlib import Path

import pytest

from sandbox.errors import PathRefused, SandboxLost
from sandbox.open import open_sandbox
from sandbox.protocols import Sandbox
from sandbox.spec import SandboxSpec
from tests.sandbox.support import IMAGE, Lasting, Name, Open, host_path, out


@pytest.fixture
def box(lasting: Lasting) -> Sandbox:
    return lasting.fresh()


def test_write_then_read(box: Sandbox) -> None:
    assert box.write_file("a/b/ü.txt", "zwölf\n") == 7
    text = box.read_file("a/b/ü.txt")
    assert (text.text, text.total_bytes, text.truncated) == ("zwölf\n", 7, False)
    assert box.read_file(f"{box.layout.code}/a/b/ü.txt").text == "zwölf\n"
    assert box.write_file("a/b/ü.txt", "") == 0
    assert box.read_file("a/b/ü.txt").text == ""
    assert [entry.path for entry in box.list_files("a/b")] == ["a/b/ü.txt"]


def test_reading_a_part(box: Sandbox) -> None:
    box.write_file("x", "0123456789")
    part = box.read_file("x", offset=2, limit=3)
    assert (part.text, part.total_bytes, part.truncated) == ("234", 10, True)
    assert not box.read_file("x", offset=7, limit=3).truncated
    assert box.read_file("x", offset=99).text == ""
    assert box.read_file("input/../../data/train.csv").text == "id,y\n1,0\n"


def test_bytes_that_are_not_text(box: Sandbox) -> None:
    box.shell(r"printf 'a\xff\x00b' > x", timeout=60)
    assert box.read_file("x").text == "a\ufffd\0b"
    assert box.fetch("x", max_bytes=10) == b"a\xff\0b"


def test_what_cannot_be_read_is_refused_with_the_agents_path(box: Sandbox) -> None:
    box.shell("mkdir d; mkfifo fifo; touch x; ln -s /proc/self/maps driver", timeout=60)
    none = ("missing", "d", "fifo", "/dev/zero", "missing/x", "x/y", ".", "a\0b", "y" * 300)
    for path in (*none, "driver", "/proc/self/mem", "/proc/self/environ"):
        with pytest.raises(PathRefused, match=re.escape(path.replace("\0", "\ufffd"))) as refusal:
            box.read_file(path)
        assert "Traceback" not in str(refusal.value)
        assert out(box.shell("echo fine", timeout=60)) == "fine\n", path


def test_what_cannot_be_written_is_refused(box: Sandbox) -> None:
    box.shell("mkdir d; touch x", timeout=60)
    for path in ("d", "d/", "/dev/null/x", "x/y", ".", "", box.layout.data, "a\0b", "/proc/self/mem"):
        with pytest.raises(PathRefused):
            box.write_file(path, "text")
        assert out(box.shell("echo fine", timeout=60)) == "fine\n", path


def test_the_data_are_read_only(opened: Open, backend: Name, data: Path) -> None:
    box = opened(backend)
    box.shell(f"ln -s {box.layout.data} link", timeout=60)
    for path in (f"{box.layout.data}/train.csv", "link/new.csv", "../data/sub/new.csv"):
        with pytest.raises(PathRefused, match="read-only"):
            box.write_file(path, "forged")
    assert [path.name for path in data.iterdir()] == ["train.csv"]


def test_a_file_over_the_limit_of_one_call_is_refused(box: Sandbox) -> None:
    with pytest.raises(PathRefused, match="more than one call"):
        box.write_file("x", "x" * (17 << 20))
    assert box.write_file("x", "x" * (15 << 20)) == 15 << 20
    assert box.read_file("x", limit=1 << 30).truncated


def test_a_file_in_pieces_that_is_refused_leaves_nothing(backend: Name, tmp_path: Path, data: Path) -> None:
    spec = SandboxSpec(backend=backend, root=tmp_path / "box", data=data, image=IMAGE, disk_gb=12 / 1024)
    with contextlib.closing(open_sandbox(spec)) as box:
        box.shell("mkdir folder", timeout=60)
        for path in ("folder", "folder/", "folder/../../data/x", "too-large"):
            with pytest.raises(PathRefused, match=f"^{re.escape(path)}[: ]"):
                box.put_file(path, bytes(17 << 20))
        assert out(box.shell("ls -AR", timeout=60)).split() == [".:", "folder", "./folder:"]


def test_writing_replaces_at_once_and_keeps_the_mode(box: Sandbox) -> None:
    box.shell("echo old > x; chmod 751 x; exec 9<x; ln -s x link", timeout=60)
    box.write_file("x", "new\n")
    assert out(box.shell("cat <&9; stat -c %a x", timeout=60)) == "old\n751\n"
    box.write_file("link", "own\n")
    assert out(box.shell("cat x link; ls -A", timeout=60)) == "new\nown\nlink\nx\n"


def test_a_listing_is_sorted_bounded_and_says_what_is_what(box: Sandbox) -> None:
    box.shell("mkdir d; mkfifo p; ln -s / l; printf abc > f; touch $'new\\nline'", timeout=60)
    rows = {entry.path: (entry.kind, entry.size) for entry in box.list_files()}
    assert list(rows) == ["d", "f", "l", "new\nline", "p"]
    assert rows["f"] == ("file", 3)
    assert [kind for kind, _ in rows.values()] == ["dir", "file", "link", "file", "other"]
    assert [entry.path for entry in box.list_files("..", limit=2)] == ["../code", "../data"]
    assert [entry.path for entry in box.list_files(box.layout.data)] == [f"{box.layout.data}/train.csv"]
    for path in ("f", "missing", "p", "l/missing"):
        with pytest.raises(PathRefused, match=path):
            box.list_files(path)


def test_a_listing_of_very_many_files(box: Sandbox) -> None:
    source = "import os\nfor i in range(10_000): os.close(os.open(f'{i:06}', os.O_CREAT))"
    box.run_script(source, directory="many", env={}, timeout=60)
    rows = box.list_files("many", limit=3)
    assert [entry.path for entry in rows] == ["many/000000", "many/000001", "many/000002"]
    assert len(box.list_files("many", limit=1_000_000)) == 2000


def test_names_that_are_not_text(box: Sandbox) -> None:
    box.shell(r"touch $'\xff'", timeout=60)
    assert [entry.path for entry in box.list_files()] == ["?"]


def test_fetch_reads_what_it_should(box: Sandbox) -> None:
    box.shell("printf 'a,b\n' > ../submission/submission.csv; printf 12345 > f", timeout=60)
    assert box.fetch(f"{box.layout.submission}/submission.csv", max_bytes=100) == b"a,b\n"
    assert box.fetch("../submission/submission.csv", max_bytes=4) == b"a,b\n"
    assert box.fetch("f", max_bytes=5) == b"12345"
    assert box.fetch(f"{box.layout.data}/train.csv", max_bytes=100) == b"id,y\n1,0\n"


def test_fetch_reads_data_that_have_other_names_elsewhere(opened: Open, backend: Name, data: Path) -> None:
    box = opened(backend)
    (data.parent / "elsewhere.csv").hardlink_to(data / "train.csv")
    assert box.fetch(f"{box.layout.data}/train.csv", max_bytes=100) == (data / "train.csv").read_bytes()


def test_fetch_refuses_everything_else(opened: Open, backend: Name, root: Path) -> None:
    box = opened(backend)
    box.shell(
        "echo 1 > f; ln -s f link; mkfifo fifo; echo 2 > one; ln one two; mkdir d; ln -s d dl; echo 3 > d/x;"
        "ln -s /etc etc; truncate -s 100G huge; ln -s . loop",
        timeout=60,
    )
    for path in (
        *("link", "fifo", "one", "two", "d", "dl/x", "etc/passwd", "huge", "missing", "loop/loop/f", "f/x"),
        *("/etc/passwd", "../../../../etc/passwd", "..", "/", "", "a\0b", box.layout.home, "x" * 300),
    ):
        with pytest.raises(PathRefused) as refusal:
            box.fetch(path, max_bytes=1000)
        if str(root) not in path:
            assert box.backend == "none" or str(root) not in str(refusal.value)


def test_fetch_works_when_the_driver_is_dead(opened: Open) -> None:
    box = opened("none")
    box.write_file("x", "kept")
    with pytest.raises(SandboxLost):
        box.shell("kill -9 $PPID; sleep 9", timeout=60)
    assert box.fetch("x", max_bytes=10) == b"kept"


def test_the_hosts_files_are_where_the_agent_puts_them(opened: Open, backend: Name, root: Path) -> None:
    box = opened(backend)
    box.shell("echo 1 > $HOME/notes; echo 2 > $TMPDIR/scratch", timeout=60)
    assert host_path(root, box, f"{box.layout.home}/notes").read_text() == "1\n"
    assert (root / "tmp" / "scratch").read_text() == "2\n"
