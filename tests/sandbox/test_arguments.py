"""Arguments that no file, no process and no frame can have: refused, and the sandbox lives on."""

from collections.abc import Callable

import pytest

from sandbox.edits import Insert
from sandbox.errors import PathRefused
from sandbox.protocols import Sandbox
from tests.sandbox.support import Lasting, Name, Open, out

HUGE = 10**30


def script(box: Sandbox, directory: str = "d", env: dict[str, str] | None = None) -> object:
    return box.run_script("print(1)", directory=directory, env=env or {}, timeout=60)


REFUSED: dict[str, Callable[[Sandbox], object]] = {
    "a job": lambda box: box.poll_job(HUGE),
    "a line": lambda box: box.edit_file("f", Insert(HUGE, "x")),
    "half a character": lambda box: script(box, env={"A": "\ud800"}),
    "half a character in a name": lambda box: script(box, env={"\udcff": "a"}),
    "a null": lambda box: script(box, env={"A": "a\0b"}),
    "many variables": lambda box: script(box, env={f"V{number}": "" for number in range(5000)}),
    "an outer folder": lambda box: script(box, "../../" + "\\" * 100_000),
    "a long folder": lambda box: script(box, "a/" * 100_000),
    "a long file": lambda box: box.read_file("./" * 50_000 + "f"),
    "a long listing": lambda box: box.list_files("./" * 50_000),
    "a name of halves": lambda box: box.read_file("\ud800" * 1000),
}


@pytest.fixture
def box(lasting: Lasting) -> Sandbox:
    return lasting.fresh()


def test_it_is_refused_and_costs_nothing(box: Sandbox) -> None:
    box.write_file("f", "text\n")
    for name, call in REFUSED.items():
        with pytest.raises((PathRefused, ValueError)) as refusal:
            call(box)
        assert 0 < len(str(refusal.value)) <= 2000, name
        assert out(box.shell("cat f", timeout=60)) == "text\n", name


def test_what_is_past_the_end_of_a_file_is_nothing(box: Sandbox) -> None:
    box.write_file("f", "text\n")
    assert box.read_file("f", offset=HUGE).text == ""
    assert box.read_file("f", offset=-HUGE, limit=HUGE).text == "text\n"
    assert len(box.list_files(limit=HUGE)) == 1


def test_a_shell_may_name_any_folder_as_its_own(box: Sandbox) -> None:
    ran = box.shell("PWD=$(head -c 300000 /dev/zero | tr '\\0' '\\1')", timeout=60)
    assert ran.exit_code == 0
    assert box.shell("exit", timeout=60).exit_code == 0
    assert out(box.shell("cd ~; pwd", timeout=60)) == f"{box.layout.home}\n"


FORGE = r"""
for fd in /proc/$$/fd/*; do
  for call in 0 1 2 $__call; do printf '\0%s\0007\0/etc\0\0' $call >&${fd##*/}; done
  printf '\0\0\0nonsense' >&${fd##*/}
done 2>/dev/null
echo forged; sleep 0.5
"""


def test_forged_reports_do_not_shift_answers(opened: Open, backend: Name) -> None:
    box = opened(backend)
    box.shell("true", timeout=60)
    box.shell(FORGE, timeout=60)
    after = box.shell("sleep 0.5; echo two; (exit 3)", timeout=60)
    assert out(after).endswith("two\n")
    assert (after.exit_code, after.cwd) == (3, box.layout.code)
