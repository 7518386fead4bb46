"""Edits of text files."""

import contextlib
import posixpath
import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.edits import Edit, Insert, Replace, Undo
from sandbox.errors import PathRefused
from sandbox.open import open_sandbox
from sandbox.protocols import Sandbox
from sandbox.spec import SandboxSpec
from tests.sandbox.support import RELAXED, Lasting, Name, Open, Store, out

TEN = "".join(f"line {number}\n" for number in range(1, 11))


def numbered(window: str) -> dict[int, str]:
    rows = [row.split("\t", 1) for row in window.splitlines()]
    return {int(number): text for number, text in rows}


@pytest.fixture
def box(lasting: Lasting) -> Sandbox:
    return lasting.fresh()


def test_a_text_is_replaced_and_shown_where_it_stands(box: Sandbox) -> None:
    box.write_file("a.txt", TEN)
    done = box.edit_file("a.txt", Replace("line 5\nline 6", "five\nand a half"))
    assert box.read_file("a.txt").text == TEN.replace("line 5\nline 6", "five\nand a half")
    assert numbered(done.window) == {
        **{number: f"line {number}" for number in (1, 2, 3, 4, 7, 8, 9, 10)},
        5: "five",
        6: "and a half",
    }
    assert done.lint == ""
    assert box.edit_file("a.txt", Replace("five\n", "")).window.startswith("     1\tline 1\n")


def test_a_text_that_is_not_unique_is_not_replaced(box: Sandbox) -> None:
    box.write_file("a.txt", TEN)
    for edit, words in (
        (Replace("line", "x"), "occurs 10 times, at lines 1, 2, 3"),
        (Replace("line 1", "x"), "occurs 2 times, at lines 1, 10"),
        (Replace("line  3", "x"), "does not occur"),
        (Replace("", "x"), "empty"),
        (Replace("line 3", "line 3"), "the same"),
    ):
        with pytest.raises(PathRefused, match=words):
            box.edit_file("a.txt", edit)
    assert box.read_file("a.txt").text == TEN
    box.write_file("b.txt", "aaa")
    with pytest.raises(PathRefused, match="2 times"):
        box.edit_file("b.txt", Replace("aa", "b"))


def test_lines_are_inserted(box: Sandbox) -> None:
    box.write_file("a.txt", "one\ntwo")
    box.edit_file("a.txt", Insert(0, "top"))
    box.edit_file("a.txt", Insert(2, "middle\nmore\n"))
    box.edit_file("a.txt", Insert(5, "end"))
    assert box.read_file("a.txt").text == "top\none\nmiddle\nmore\ntwo\nend\n"
    with pytest.raises(PathRefused, match="there is no line 7; the file has 6"):
        box.edit_file("a.txt", Insert(7, "x"))
    box.write_file("empty", "")
    box.edit_file("empty", Insert(0, "x"))
    assert box.read_file("empty").text == "x\n"


def test_edits_are_taken_back_one_by_one(box: Sandbox) -> None:
    box.write_file("a.txt", TEN)
    box.edit_file("a.txt", Replace("line 5", "five"))
    box.edit_file("a.txt", Insert(0, "top"))
    assert "line 5" not in box.edit_file("a.txt", Undo()).window
    assert box.read_file("a.txt").text == TEN.replace("line 5", "five")
    assert numbered(box.edit_file("a.txt", Undo()).window)[5] == "line 5"
    assert box.read_file("a.txt").text == TEN
    box.edit_file("a.txt", Insert(0, "top"))
    box.shell("rm a.txt", timeout=60)
    box.edit_file("a.txt", Undo())
    assert box.read_file("a.txt").text == TEN


def test_what_was_written_is_taken_back_as_edits_are(box: Sandbox) -> None:
    box.write_file("d/a.txt", "one\n")
    box.edit_file("d/a.txt", Replace("one", "two"))
    box.write_file("d/a.txt", "three\n")
    box.shell("ln -s a.txt d/link", timeout=60)
    box.edit_file("d/link", Insert(1, "four"))
    for text in ("three\n", "two\n", "one\n"):
        assert not box.edit_file("./d/../d/a.txt", Undo()).gone
        assert box.read_file("d/a.txt").text == text
    last = box.edit_file("d/a.txt", Undo())
    assert (last.gone, last.window, last.lint) == (True, "", "")
    assert [entry.path for entry in box.list_files("d")] == ["d/link"]
    with pytest.raises(PathRefused, match="no edit to take back"):
        box.edit_file("d/a.txt", Undo())
    # A link that is written over is a file of its own, and what it stood for stays as it is.
    box.write_file("d/a.txt", "five\n")
    box.write_file("d/link", "six\n")
    assert (box.read_file("d/a.txt").text, box.read_file("d/link").text) == ("five\n", "six\n")
    with pytest.raises(PathRefused, match="no edit to take back"):
        box.edit_file("d/link", Undo())


def test_a_new_file_that_was_made_twice_is_taken_back_twice(box: Sandbox) -> None:
    box.write_file("a.txt", "one")
    box.shell("rm a.txt", timeout=60)
    box.write_file("a.txt", "two")
    assert box.edit_file("a.txt", Undo()).gone
    assert box.edit_file("a.txt", Undo()).gone
    with pytest.raises(PathRefused, match="no edit to take back"):
        box.edit_file("a.txt", Undo())


def test_what_is_no_text_is_written_over_for_good(box: Sandbox) -> None:
    box.shell(r"printf '\xff' > latin; truncate -s 6M long; mkfifo fifo; mkdir folder", timeout=60)
    for name in ("latin", "long", "fifo"):
        box.write_file(name, "text")
        assert box.read_file(name).text == "text"
        with pytest.raises(PathRefused, match="no edit to take back"):
            box.edit_file(name, Undo())
        box.write_file(name, "more")
        box.edit_file(name, Undo())
        assert box.read_file(name).text == "text"
    with pytest.raises(PathRefused, match="is a directory"):
        box.write_file("folder", "text")


def test_writing_needs_no_history(box: Sandbox) -> None:
    box.shell("rm -rf ~/.edits; touch ~/.edits", timeout=60)
    box.write_file("a.txt", "one")
    box.write_file("a.txt", "two")
    assert box.read_file("a.txt").text == "two"
    with pytest.raises(PathRefused, match="no edit to take back"):
        box.edit_file("a.txt", Undo())
    box.shell("rm ~/.edits", timeout=60)


def test_what_lies_where_former_versions_are_is_none(box: Sandbox) -> None:
    box.write_file("a.txt", "old")
    box.edit_file("a.txt", Replace("old", "new"))
    box.shell("cd ~/.edits/*/; mkfifo 2; ln -s /proc/self/maps 3; mkdir 4", timeout=60)
    box.edit_file("a.txt", Undo())
    assert box.read_file("a.txt").text == "old"


def test_the_last_twenty_edits_can_be_taken_back(box: Sandbox) -> None:
    box.write_file("a.txt", "0\n")
    for number in range(1, 26):
        box.edit_file("a.txt", Replace(f"{number - 1}\n", f"{number}\n"))
    for number in range(24, 4, -1):
        box.edit_file("a.txt", Undo())
        assert box.read_file("a.txt").text == f"{number}\n"
    with pytest.raises(PathRefused, match="no edit to take back"):
        box.edit_file("a.txt", Undo())


def test_a_restored_sandbox_can_take_back_too(opened: Open, backend: Name) -> None:
    first, second, store = opened(backend), opened(backend), Store()
    first.write_file("d/a.txt", TEN)
    first.edit_file("d/a.txt", Replace("line 5", "five"))
    second.restore(first.snapshot(store).tree, store)
    second.write_file("d/a.txt", "all new")
    second.edit_file("./d/../d/a.txt", Undo())
    second.edit_file("./d/../d/a.txt", Undo())
    assert second.read_file("d/a.txt").text == TEN
    assert second.edit_file("d/a.txt", Undo()).gone


FAULTS = [
    ("a.py", "def f(:\n    pass\n", "SyntaxError: .*line 1"),
    ("a.py", "x = 1\n  y = 2\n", "IndentationError: .*line 2"),
    ("a.py", "x = '" + "(" * 100_000, "Error"),
    ("a.py", "x = 1\n", "^$"),
    ("a.json", "{]", "not valid JSON"),
    ("a.json", "[" * 100_000, "not valid JSON"),
    ("a.json", "{}", "^$"),
    ("a.txt", "def f(:", "^$"),
]


def test_faults_are_told_and_the_edit_is_kept(opened: Open) -> None:
    box = opened("none")
    for name, text, words in FAULTS:
        box.write_file(name, "\n")
        done = box.edit_file(name, Replace("\n", text))
        assert box.read_file(name).text == text[:65536]
        assert re.search(words, done.lint), (name, text[:30])


def test_modes_and_line_ends_are_kept(box: Sandbox) -> None:
    box.shell(
        r"printf 'a\r\nb\r\n' > dos; printf 'a\r\nb\n' > mixed; chmod 751 dos; ln -s dos link", timeout=60
    )
    box.edit_file("dos", Insert(1, "new\nlines"))
    box.edit_file("link", Replace("new\n", "old\n"))
    box.edit_file("mixed", Insert(1, "new"))
    shown = box.shell("od -An -c dos mixed; stat -c %a dos; ls -A; readlink link", timeout=60)
    dos = r"a \r \n o l d \r \n l i n e s \r \n b \r \n"
    mixed = r"a \r \n n e w \n b \n"
    assert out(shown).split() == f"{dos} {mixed} 751 dos link mixed dos".split()


def test_what_cannot_be_edited_is_refused(box: Sandbox) -> None:
    box.shell(
        r"mkdir d; mkfifo fifo; printf 'a\0' > nul; printf '\xff' > latin; truncate -s 11M large",
        timeout=60,
    )
    train = posixpath.join(box.layout.data, "train.csv")
    for path in ("missing", "d", "fifo", "nul", "latin", "large", "a\0b", train, "/dev/null", "y" * 300):
        with pytest.raises(PathRefused):
            box.edit_file(path, Insert(0, "x"))
        with pytest.raises(PathRefused):
            box.edit_file(path, Undo())
    assert box.read_file(train).text == "id,y\n1,0\n"
    with pytest.raises(PathRefused, match="more than one call"):
        box.edit_file("d", Insert(0, "x" * (17 << 20)))
    assert out(box.shell("echo fine", timeout=60)) == "fine\n"


def test_a_long_change_is_shown_by_its_ends(box: Sandbox) -> None:
    box.write_file("a.txt", TEN)
    done = box.edit_file("a.txt", Insert(5, "\n".join("x" * 1000 for _ in range(1000))))
    rows = done.window.splitlines()
    assert len(rows) == 41 and "(" in rows[20]
    assert all(len(row) < 400 for row in rows)


TEXTS = st.text("ab\n\ré", max_size=12)
EDITS = st.lists(
    st.builds(Replace, TEXTS, TEXTS) | st.builds(Insert, st.integers(0, 3), TEXTS) | TEXTS, max_size=8
)
"""Edits, and texts that are written as a whole."""


@pytest.fixture(scope="module")
def unisolated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    folder = tmp_path_factory.mktemp("edit")
    (folder / "data").mkdir()
    spec = SandboxSpec(backend="none", root=folder / "box", data=folder / "data")
    with contextlib.closing(open_sandbox(spec)) as box:
        yield box


@settings(RELAXED, max_examples=40)
@given(TEXTS, EDITS)
def test_taking_back_restores_every_byte(unisolated: Sandbox, text: str, edits: list[Edit | str]) -> None:
    box = unisolated
    box.shell("rm -rf ~/.edits f.txt", timeout=60)
    box.write_file("f.txt", text)
    versions = [text]
    for edit in edits:
        with contextlib.suppress(PathRefused):
            if isinstance(edit, str):
                box.write_file("f.txt", edit)
            else:
                box.edit_file("f.txt", edit)
            versions.append(box.fetch("f.txt", max_bytes=10_000).decode())
    for version in reversed(versions[:-1]):
        box.edit_file("f.txt", Undo())
        assert box.fetch("f.txt", max_bytes=10_000).decode() == version
    assert box.edit_file("f.txt", Undo()).gone
    with pytest.raises(PathRefused):
        box.edit_file("f.txt", Undo())
