import mmap
import os
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox import restore
from sandbox import snapshot as module
from sandbox.protocols import Sandbox
from sandbox.results import ROOM
from sandbox.salvage import salvage
from sandbox.saved import saved_file
from sandbox.snapshot import Snapshots
from sandbox.tree import BadTree, Dir, File, Link, dump, load
from sandbox.workspace import Workspace
from tests.sandbox.support import RELAXED, Name, Open, Store, out


def test_only_what_is_mounted_is_left_out(
    opened: Open, backend: Name, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def names_below(home: str) -> set[str]:
        return {"someone"}  # a Python below /home/someone

    monkeypatch.setattr("sandbox.interpreter.names_below", names_below)
    box, store = opened(backend), Store()
    box.write_file("a.txt", "a")
    mount = Workspace(root).home / "someone"
    mount.mkdir(exist_ok=True)
    (mount / "a.txt").write_text("a")
    copies = (box.snapshot(store).tree, salvage(root, store, None))
    for tree in copies:
        assert tree is not None
        paths = {row.path for row in load(store.get(tree))}
        assert "code/a.txt" in paths
        assert ("someone/a.txt" in paths) == (backend == "docker")  # whose Python is the image's


def test_a_workspace_is_restored_into_another_sandbox(opened: Open, backend: Name) -> None:
    first, store = opened(backend), Store()
    first.run_script(
        "open('../x.bin', 'wb').write(b'\\xff' * 9_000_000)", directory="node", env={}, timeout=60
    )
    first.shell(
        "mkdir -p empty/deep; chmod 700 empty; echo 1 > f; chmod 640 f; ln -s missing broken; touch .hidden;"
        "echo s > ../submission/submission.csv; echo n > ../notes; touch $'\\xff'; rmdir ../logs;"
        "ln -s ../data d",
        timeout=60,
    )
    taken = first.snapshot(store)
    assert taken.files == 7 and taken.skipped == ()
    second = opened(backend)
    second.shell("mkdir -p junk/deep f; ln -s / j2; echo x > ../junk; chmod 500 junk", timeout=60)
    second.restore(taken.tree, store)
    assert second.snapshot(Store()).tree == taken.tree
    look = "(cd ..; find . -path ./data -prune -o -printf '%p %m %l %s %y\n' | grep -v ' d$') | LC_ALL=C sort"
    assert second.shell(look, timeout=60).stdout == first.shell(look, timeout=60).stdout
    assert out(second.shell("cat node/input/train.csv d/train.csv", timeout=60)) == 2 * "id,y\n1,0\n"
    assert out(second.shell("cd; pwd; touch code/new && echo ok", timeout=60)).endswith("ok\n")


def test_only_what_changed_is_read_again(box: Sandbox) -> None:
    store = Store()
    for number in range(20):
        box.write_file(f"f{number}", str(number))
    time.sleep(0.1)
    first = box.snapshot(store)
    before = store.puts
    assert box.snapshot(store) == first
    assert store.puts == before + 1  # the tree
    box.shell("printf X > f3; mv f4 g4", timeout=60)
    assert box.snapshot(store).tree != first.tree
    assert store.puts == before + 4  # two files (renaming touches) and the tree
    other = Store()
    box.restore(box.snapshot(other).tree, other)


def test_a_change_within_the_clocks_tick_is_seen(tmp_path: Path) -> None:
    snapshots, store = Snapshots(tmp_path), Store()
    trees: set[str] = set()
    for number in range(30):
        (tmp_path / "f").write_text(f"{number:04}")
        trees.add(snapshots.take(store).tree)
    assert len(trees) == 30


def test_what_is_changed_by_way_of_a_mapping_is_graded_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "submission").mkdir()
    path = tmp_path / "submission" / "submission.csv"
    path.write_bytes(b"x" * 8192)
    snapshots, store = Snapshots(tmp_path), Store()

    def kept(room: int = ROOM, *, last: bool = False) -> bytes:
        tree = snapshots.take(store, room, last=last).tree
        return saved_file(tree, "submission/submission.csv", store) or b""

    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        mapped[0:1] = b"A"
        time.sleep(0.1)  # settled, by its times
        assert kept()[:1] == b"A"
        mapped[0:1] = b"B"  # into a page that counts as changed already: no time is noted
        assert kept(last=True)[:1] == b"B"
        time.sleep(0.1)  # settled again: had the page been written back meanwhile, a time was noted
        before = kept()
        assert before[:1] == b"B"
        assert kept(0, last=True) == before  # where there is no room, what is known of it


def test_links_and_special_files_lead_nowhere(box: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("answers")
    box.shell(
        f"ln -s {tmp_path}/secret s; ln -s {tmp_path} d; ln -s /etc etc; mkfifo fifo; echo 1 > a; ln a b;"
        "python -c \"import socket; socket.socket(socket.AF_UNIX).bind('sock')\"",
        timeout=60,
    )
    store = Store()
    taken = box.snapshot(store)
    assert set(taken.skipped) == {"code/a", "code/b", "code/fifo", "code/sock"}
    assert taken.files == 0
    assert not any(b"answers" in blob for blob in store.blobs.values())
    rows = load(store.get(taken.tree))
    assert Link("code/s", f"{tmp_path}/secret") in rows


def test_caps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FILE", 1000)
    monkeypatch.setattr(module, "MAX_TOTAL", 2500)
    monkeypatch.setattr(module, "MAX_ENTRIES", 6)
    for name, size in (("a", 1001), ("b", 1000), ("c", 1000), ("d", 1000), ("e", 400)):
        (tmp_path / name).write_bytes(b"x" * size)
    taken = Snapshots(tmp_path).take(Store())
    assert taken.skipped == ("a", "d") and taken.bytes == 2400 and taken.files == 3
    with monkeypatch.context() as names:
        names.setattr(module, "MAX_NAMES", 8)
        (tmp_path / "l").symlink_to("four")
        assert Snapshots(tmp_path).take(Store()).skipped == ("a", "d", "l")
        (tmp_path / "l").unlink()
    for number in range(5):
        (tmp_path / f"z{number}").touch()
    assert any("entries" in path for path in Snapshots(tmp_path).take(Store()).skipped)


def test_names_are_bounded_however_deep_they_lie(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_NAMES", 200_000)
    source = """
import os
open("../../submission/submission.csv", "w").close()
for _ in range(50):
    os.mkdir(b"\\xff" * 255)
    os.chdir(b"\\xff" * 255)
for number in range(100):
    open(str(number), "w").close()
"""
    assert box.run_script(source, directory="a", env={}, timeout=60).exit_code == 0
    store = Store()
    taken = box.snapshot(store)
    rows = load(store.get(taken.tree))
    assert sum(map(len, (row.path for row in rows))) <= 200_000
    assert {"submission/submission.csv"} <= {row.path for row in rows}
    assert any("names of more than" in path for path in taken.skipped)


def test_what_finds_no_room_is_left_out_and_named_and_the_submission_comes_first(tmp_path: Path) -> None:
    (tmp_path / "submission").mkdir()
    (tmp_path / "submission" / "submission.csv").write_bytes(b"s" * 900)
    for name in ("a", "b", "c"):
        (tmp_path / name).write_bytes(name.encode() * 400)
    snapshots, store = Snapshots(tmp_path), Store()
    taken = snapshots.take(store, room=2000)
    assert taken.skipped == ("c",) and taken.bytes == 1700
    again = snapshots.take(store, room=2000)
    assert again.skipped in (("c",), ())  # what was kept needs no room, once its times tell that it is old
    (tmp_path / "submission" / "submission.csv").write_bytes(b"t" * 100)
    last = Snapshots(tmp_path).take(store, room=100)
    assert last.skipped == ("a", "b", "c") and last.bytes == 100


def test_depth_is_bounded(tmp_path: Path) -> None:
    folder = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1100):
        os.mkdir("d", dir_fd=folder)
        inner = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(folder)
    taken = Snapshots(tmp_path).take(Store())
    subprocess.run(["rm", "-rf", tmp_path / "d"], check=True)  # too deep for pytest to remove
    assert len(taken.skipped) == 1


def test_files_that_change_and_vanish_meanwhile(tmp_path: Path) -> None:
    stop = threading.Event()

    def stir() -> None:
        while not stop.is_set():
            for number in range(20):
                path = tmp_path / f"x{number}"
                path.write_bytes(os.urandom(5000))
                (tmp_path / f"d{number}").mkdir(exist_ok=True)
            for number in range(20):
                (tmp_path / f"x{number}").unlink()
                (tmp_path / f"d{number}").rmdir()

    thread = threading.Thread(target=stir)
    thread.start()
    snapshots, store = Snapshots(tmp_path), Store()
    deadline = time.monotonic() + 1.5
    while time.monotonic() < deadline:
        snapshots.take(store)
    stop.set()
    thread.join()


class FullStore(Store):
    def put(self, data: bytes) -> str:
        raise FileNotFoundError("the store is gone")


def test_an_error_of_the_store_is_not_hidden(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("x")
    with pytest.raises(FileNotFoundError, match="the store is gone"):
        Snapshots(tmp_path).take(FullStore())


NAMES = st.text("ab.ü \udcff\n", min_size=1, max_size=3).filter(lambda name: name not in (".", ".."))
CONTENT = st.binary(max_size=50) | st.just(b"z" * (5 << 20))
TREES = st.recursive(
    CONTENT | st.tuples(NAMES | st.just("/etc/passwd")),
    lambda inner: st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
MODES = st.sampled_from([0o644, 0o600, 0o755, 0o500, 0o777])


def _build(folder: Path, tree: object, draw: st.DataObject) -> None:
    if isinstance(tree, bytes):
        folder.write_bytes(tree)
        folder.chmod(draw.draw(MODES))
    elif isinstance(tree, tuple):
        folder.symlink_to(str(tree[0]))  # pyright: ignore[reportUnknownArgumentType]
    else:
        assert isinstance(tree, dict)
        folder.mkdir()
        for name, inner in tree.items():  # pyright: ignore[reportUnknownVariableType]
            _build(folder / str(name), inner, draw)  # pyright: ignore[reportUnknownArgumentType]
        folder.chmod(draw.draw(MODES) | 0o700)


@settings(RELAXED, max_examples=40)
@given(st.dictionaries(NAMES, TREES, max_size=4), st.dictionaries(NAMES, TREES, max_size=3), st.data())
def test_round_trip(tree: dict[str, object], other: dict[str, object], draw: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        first, second = Path(folder, "first"), Path(folder, "second")
        _build(first, tree, draw)
        _build(second, other, draw)
        store = Store()
        taken = Snapshots(first).take(store)
        assert taken.skipped == ()
        Snapshots(second).restore(taken.tree, store)
        assert Snapshots(second).take(Store()) == taken


@RELAXED
@given(
    st.lists(st.sampled_from([Dir("a", 0o700), Link("b", "x"), File("c", 0o644, 1, ("00",))]), unique=True)
)
def test_a_tree_is_canonical(rows: list[Dir | Link | File]) -> None:
    assert dump(rows) == dump(reversed(rows))
    assert load(dump(rows)) == sorted(rows, key=lambda row: row.path)


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", "a//b", "a/.", "", ".", "a/../b"])
def test_a_tree_that_leads_out_is_refused(path: str) -> None:
    with pytest.raises(BadTree):
        load(dump([Link(path, "x")]))


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b'{"version":2,"rows":[]}', b'{"version":1,"rows":[[1]]}']
)
def test_what_is_not_a_tree_is_refused(data: bytes) -> None:
    with pytest.raises(BadTree):
        load(data)


def test_what_rm_cannot_remove_is_emptied_and_nothing_else_touched(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").touch(mode=0o400)
    (tmp_path / "outside").chmod(0o500)
    full = tmp_path / "full"
    (full / "a" / "b").mkdir(parents=True)
    (full / "a" / "b" / "x").touch()
    (full / "a" / "link").symlink_to(tmp_path / "outside")
    (full / "link").symlink_to(tmp_path / "outside" / "file")
    for folder in (full / "a" / "b", full / "a"):
        folder.chmod(0)
    restore.empty(full)
    assert list(full.iterdir()) == []
    left = (tmp_path / "outside", tmp_path / "outside" / "file")
    assert [path.stat().st_mode & 0o777 for path in left] == [0o500, 0o400]


def test_restoring_over_folders_that_are_locked_or_very_deep(box: Sandbox) -> None:
    store = Store()
    empty = box.snapshot(store)
    depth = 1100 if box.backend == "bwrap" else 10  # Python could not recurse as deep; slow on some disks
    deep = f"import os\nfor _ in range({depth}): os.mkdir('d'); os.chdir('d')"
    box.run_script(deep, directory="node", env={}, timeout=60)
    box.shell("mkdir -p a/b/c; touch a/b/c/x; chmod 0 a/b/c a/b a; chmod 500 ../logs .", timeout=60)
    box.restore(empty.tree, store)
    assert box.snapshot(store) == empty
