"""Cells in the persistent kernel: what they show, how they end, and what they cannot break."""

import base64
import os
import re
import signal
import struct
import zlib

import pytest

from sandbox.errors import PathRefused
from sandbox.interpreter import driver_python
from sandbox.protocols import Sandbox
from sandbox.results import Execution
from tests.sandbox.support import Lasting, Name, Open, begun, eventually, gone, out


def cell(box: Sandbox, code: str, timeout: float = 60) -> Execution:
    return box.python(code, timeout=timeout)


def text(ran: Execution) -> str:
    return (ran.stdout.head + ran.stdout.tail).decode(errors="replace")


def lost(ran: Execution) -> bool:
    return any("all variables are lost" in note for note in ran.notes)


def png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"\0" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.fixture
def box(lasting: Lasting) -> Sandbox:
    """A sandbox whose kernel knows nothing of the tests before."""
    box = lasting.fresh()
    forget = f"import os; os.chdir({box.layout.code!r}); get_ipython().reset()"
    assert box.python(forget, timeout=60).ended == "exit"
    return box


def test_state_is_kept_and_everything_is_shown_in_order(box: Sandbox) -> None:
    first = cell(
        box, "import os, sys\nx = 20\nprint('one')\nprint('two', file=sys.stderr)\nprint('three', end='')\nx"
    )
    assert (first.ended, first.exit_code, first.cwd, first.notes) == ("exit", 0, box.layout.code, ())
    assert out(first) == "one\ntwo\nthree\n20\n"
    assert cell(box, "x += 1").stdout.total == 0
    second = cell(box, "1 / 0\nprint('never')")
    assert second.exit_code == 1
    assert "ZeroDivisionError" in out(second) and "\x1b" not in out(second) and "never\n" not in out(second)
    assert out(cell(box, "display('a'); os.chdir('/'); x")) == "'a'\n21\n"
    third = cell(box, "def (")
    assert third.exit_code == 1 and "SyntaxError" in out(third)
    assert third.cwd == "/" and third.peak_mb > 10
    assert out(cell(box, "for i in range(2): print(f'50%\\r{i}', end='')")) == "50%\r050%\r1"


def test_it_is_a_notebooks_kernel(box: Sandbox) -> None:
    box.write_file("helper.py", "VALUE = 7")
    assert out(cell(box, "from helper import VALUE\nawait __import__('asyncio').sleep(0, VALUE)")) == "7\n"
    assert out(cell(box, "!echo $HOME; pwd")).split() == [box.layout.home, box.layout.code]
    assert "Signature" in out(cell(box, "len?"))
    asked = cell(box, "input('name? ')")
    assert asked.exit_code == 1 and "StdinNotImplementedError" in out(asked)
    assert cell(box, "sum(range(3_000_000))").cpu_s > 0
    source = (
        "import subprocess, os\nfor i in range(5): subprocess.run(['echo', f'line {i}'])\n"
        "os.write(1, b'x' * 100_000); None"
    )
    shown = text(cell(box, source))
    assert shown.startswith("line 0\nline 1\n") and shown.count("x") == 100_000
    assert out(box.shell("find ~ -name '.ip*' -o -name '.jup*'", timeout=60)) == ""


def test_what_is_written_past_python_comes_with_its_cell(box: Sandbox) -> None:
    """However long the thread takes that reads what is written to descriptor 1."""
    cell(box, "import os, sys, time\nwrite = sys.stdout.write")
    cell(box, "sys.stdout.write = lambda text: time.sleep(0.2) or write(text)")
    ran = cell(box, "os.write(1, b'late\\n'); None")
    cell(box, "sys.stdout.write = write")
    assert out(ran) == "late\n"


def test_images_are_kept_apart_with_a_line_where_each_stood(box: Sandbox) -> None:
    picture = png(30, 20)
    show = (
        "from IPython.display import SVG, Image, display\nimport base64\n"
        f"data = base64.b64decode({base64.b64encode(picture)!r})\n"
    )
    svg = "SVG('<svg xmlns=\"http://www.w3.org/2000/svg\"/>')"
    ran = cell(box, f"{show}print('before')\ndisplay(Image(data), {svg})\nImage(data)")
    assert [image.mime for image in ran.images] == ["image/png", "image/svg+xml", "image/png"]
    assert ran.images[0].data == picture and ran.images[1].data.startswith(b"<svg")
    lines = out(ran).splitlines()
    assert lines[:2] == ["before", f"[image/png, 30x20, {len(picture) / 1000:.1f} kB]"]
    assert len(lines) == 4
    many = cell(box, "for _ in range(18): display(Image(data))")
    assert len(many.images) == 16 and out(many).count("left out") == 2
    large = cell(box, "display({'image/png': base64.b64encode(bytes(5 << 20)).decode()}, raw=True)\n" * 2)
    assert len(large.images) == 1 and out(large).count("left out") == 1
    broken = cell(box, "display({'image/png': '!', 'text/plain': 7}, {'image/jpeg': [1]}, {}, raw=True)")
    assert broken.exit_code == 0
    assert cell(box, "1").images == ()


def test_a_deadline_interrupts_a_cell_and_keeps_its_variables(box: Sandbox) -> None:
    marks = [f"81001.{os.getpid()}", f"81002.{os.getpid()}"]
    cell(box, "x = 1")
    stays = (
        "import subprocess, time\nx = 2\n"
        f"subprocess.Popen(['setsid', 'sh', '-c', \"trap '' INT TERM; sleep {marks[0]}\"])\n"
        f"print('begun')\nsubprocess.run(['sleep', '{marks[1]}'])"
    )
    ran = begun(lambda deadline: cell(box, stays, deadline))
    assert (ran.ended, ran.exit_code) == ("timeout", None)
    assert "begun" in out(ran) and "KeyboardInterrupt" in out(ran)
    assert any("kept its variables" in note for note in ran.notes)
    assert gone(marks)
    assert out(cell(box, "x")) == "2\n"


NESTED = """trap '' INT TERM
if [ "$1" -gt 0 ]; then sh "$0" $(($1 - 1)) "$2"; else sleep "$2"; fi
true
"""


def test_no_shell_lives_to_tell_the_next_cell_of_its_childs_death(box: Sandbox) -> None:
    mark = f"83001.{os.getpid()}"
    box.write_file("nested.sh", NESTED)
    ran = cell(box, f"import subprocess\nsubprocess.run(['sh', 'nested.sh', '70', '{mark}'])", timeout=2)
    assert ran.ended == "timeout" and gone([mark])
    assert out(cell(box, "'next'")) == "'next'\n"


def test_a_cell_that_swallows_the_interrupt_costs_the_kernel(box: Sandbox) -> None:
    marks = [f"82001.{os.getpid()}", f"82002.{os.getpid()}"]
    stays = (
        f"import os, subprocess, time\nx = 1\nsubprocess.Popen(['sleep', '{marks[0]}'])\n"
        f"os.system('env -i setsid nohup sleep {marks[1]} >/dev/null 2>&1 &')\n"
        "while True:\n    try:\n        time.sleep(100)\n    except KeyboardInterrupt:\n        print('no')"
    )
    ran = cell(box, stays, timeout=1)
    if not lost(ran):  # the deadline came before the loop
        ran = cell(box, stays, timeout=15)
    assert ran.ended == "timeout" and ran.wall_s < 60
    assert lost(ran)
    assert gone(marks)
    after = cell(box, "'x' in globals()")
    assert (out(after), after.notes) == ("False\n", ())


DEATHS = {
    "import os; os._exit(3)": ("exit", 3),
    "import ctypes; ctypes.string_at(0)": ("signal", -signal.SIGSEGV),
    "exit()": ("exit", 0),
    "import os; os.kill(os.getppid(), 9); import time; time.sleep(50)": ("signal", -signal.SIGKILL),
    "import os; os.kill(-1, 9); os.kill(os.getpid(), 9)": ("signal", -signal.SIGKILL),
}


def test_a_kernel_that_dies_is_replaced(box: Sandbox) -> None:
    for code, end in DEATHS.items():
        if box.backend == "none" and "-1" in code:
            continue  # it would end everything of this user's
        cell(box, "x = 1")
        ran = cell(box, code)
        assert (ran.ended, ran.exit_code) == end, code
        assert lost(ran)
        assert ran.wall_s < 30
        after = cell(box, "'x' in globals()")
        assert (out(after), after.notes) == ("False\n", ())


def test_a_kernel_that_dies_between_cells_is_replaced(box: Sandbox) -> None:
    pid, keeper = out(cell(box, "import os; print(os.getpid(), os.getppid())")).split()
    noticed = f"while grep -qs ') [^ZX]' /proc/{keeper}/stat; do sleep 0.05; done"
    box.shell(f"kill -9 {pid}; {noticed}", timeout=60)
    ran = cell(box, "1 + 1")
    assert (out(ran), ran.exit_code) == ("2\n", 0)
    assert lost(ran)


def test_the_kernel_outlives_scripts_and_the_ends_of_other_calls(opened: Open, backend: Name) -> None:
    box = opened(backend)
    mark = f"83001.{os.getpid()}"
    box.shell("X=5", timeout=60)
    cell(box, f"import subprocess\njob = subprocess.Popen(['setsid', '-f', 'sleep', '{mark}'])\nx = 7")
    box.run_script("print(1)", directory="s", env={}, timeout=60)
    assert box.shell("sleep 60", timeout=0.2).ended == "timeout"
    box.shell("kill -9 $$", timeout=60)
    assert out(cell(box, "x")) == "7\n"
    assert not gone([mark], seconds=0)
    box.close()
    assert gone([mark])


def test_threads_live_on_and_what_they_print_comes_with_the_next_cell(box: Sandbox) -> None:
    cell(
        box,
        "import threading, time\n"
        "def work():\n    while not stop.wait(0.05): print('tick')\n"
        "stop = threading.Event(); thread = threading.Thread(target=work); thread.start()",
    )
    assert eventually(lambda: "tick" in text(cell(box, "None")))
    cell(box, "stop.set(); thread.join()")


def test_output_without_end_is_bounded_and_kept_in_a_file(box: Sandbox) -> None:
    ran = cell(box, "for i in range(40):\n    print('x' * 999_999)\nprint('end')")
    assert ran.exit_code == 0 and ran.stdout.total == 40_000_004
    assert len(ran.stdout.head) == len(ran.stdout.tail) == 1 << 20
    assert ran.stdout.tail.endswith(b"x\nend\n")
    assert re.fullmatch(rf"{re.escape(box.layout.logs)}/cell-\d+\.stdout\.txt", ran.stdout.path)
    assert out(box.shell(f"wc -c < {ran.stdout.path}", timeout=60)) == "40000004\n"
    short = cell(box, "print('x' * 9999)")
    assert short.stdout.path == ""


def test_what_is_too_large_to_be_passed_on_is_lost_and_told(opened: Open) -> None:
    box = opened("none")
    ran = cell(box, "print('before'); display({'text/plain': 'x' * 70_000_000}, raw=True); print('after')")
    assert ran.exit_code == 0
    assert out(ran).startswith("before\n") and "was lost" in out(ran)
    assert eventually(lambda: "2\n" in text(cell(box, "1 + 1")))


def test_a_cell_that_prints_much_does_not_swell_its_kernel(opened: Open) -> None:
    box = opened("none")
    ran = cell(box, "for _ in range(300): print('x' * 999_999)", timeout=120)
    assert ran.stdout.total == 300_000_000
    assert ran.peak_mb < 200


def test_bytes_and_characters_of_every_kind(box: Sandbox) -> None:
    ran = cell(box, "import os\nprint('a\\x00b\\ud800c\\x1b[31m', 'ü')\nos.write(1, b'\\xff\\xfe\\n'); None")
    assert ran.exit_code == 0
    assert out(ran) == "a\0b?c\x1b[31m ü\n\ufffd\ufffd\n"
    assert out(cell(box, "'''it's \"quoted\" <<EOF $HOME `x` \\\\ ü'''[:4]")) == '"it\'s"\n'
    assert cell(box, "").exit_code == 0
    assert cell(box, "# nothing").exit_code == 0
    ran = cell(box, "x = 1\0")
    assert ran.exit_code == 1 and "null bytes" in out(ran)
    assert out(cell(box, "x = '" + "y" * 3_000_000 + "'; len(x)")) == "3000000\n"


FORGERY = r"""
import glob, json, os, subprocess
garbage = b'\x00\x00\x00\x02\x00\x00\x00\x00{}' + b'\xff' * 100
def spoil(pid):
    for fd in range(64):
        try:
            with open(f'/proc/{pid}/fd/{fd}', 'wb', buffering=0) as file:
                os.set_blocking(file.fileno(), False)
                file.write(garbage)
        except OSError:
            pass
keeper = os.getppid()
driver = int(open(f'/proc/{keeper}/stat').read().rpartition(')')[2].split()[1])
"""


def test_no_descriptor_of_the_keeper_can_be_written(opened: Open, bwrap: None) -> None:
    box = opened("bwrap")
    cell(box, FORGERY)
    assert cell(box, "spoil(keeper); spoil(driver); x = 1").notes == ()
    assert out(cell(box, "x")) == "1\n"
    assert set(out(cell(box, "!ls /proc/self/fd")).split()) <= {"0", "1", "2", "3"}


def test_forged_messages_confuse_nobody_but_the_agent(opened: Open, backend: Name) -> None:
    box = opened(backend)
    forge = (
        "import json, zmq\n"
        "words = open('/proc/self/cmdline').read().split('\\0')\n"
        "info = json.load(open(next(word for word in words if word.endswith('.json'))))\n"
        "kernel = get_ipython().kernel\n"
        "send = kernel.iopub_socket.send_multipart\n"
        "send([b'']); send([b'<IDS|MSG>']); send([b'<IDS|MSG>', b'', b'{', b'[]', b'', b''])\n"
        "deep = b'[' * 100_000\n"
        "send([b'<IDS|MSG>', b'', b'{\"msg_type\": \"stream\"}', b'{}', b'{}', deep])\n"
        "send([b'<IDS|MSG>', b'', b'{\"msg_type\": 1}', b'{\"msg_id\": []}', b'{}', b'{}'])\n"
        "for kind, content in [('stream', {'text': 5}), ('stream', {}), ('error', {'traceback': 3}),\n"
        "    ('display_data', {'data': [1]}),\n"
        "    ('display_data', {'data': {'image/png': {}, 'text/plain': None}}),\n"
        "    ('execute_reply', {'payload': [1, {'source': 'page', 'data': 4}]})]:\n"
        "    kernel.session.send(kernel.iopub_socket, kind, content)\n"
        "other = type(kernel.session)(key=b'another')\n"
        "other.send(kernel.iopub_socket, 'stream', {'text': 'unsigned'})\n"
        "context = zmq.Context()\n"
        "for number in (1, 2):\n"
        "    socket = context.socket(zmq.DEALER); socket.connect(f\"ipc://{info['ip']}-{number}\")\n"
        "    socket.send_multipart([b'nonsense'] * 3)\n"
        "print('sent')"
    )
    ran = cell(box, forge)
    assert "sent" in text(ran) and "unsigned" not in text(ran), text(ran)
    assert "2\n" in text(cell(box, "1 + 1"))  # and what the kernel says of all that
    idle = "'status', {'execution_state': 'idle'}, parent=kernel.get_parent()"
    assert cell(box, f"kernel.session.send(kernel.iopub_socket, {idle}); print(2)").exit_code == 0
    assert text(cell(box, "3")).endswith("3\n")


def test_a_keeper_that_talks_nonsense_is_replaced(opened: Open) -> None:
    box = opened("none")
    cell(box, FORGERY + "x = 1")
    ran = cell(box, "spoil(keeper)\nimport time; time.sleep(0.5)")  # root may write into any process
    after = cell(box, "'x' in globals()")
    assert after.exit_code == 0
    assert ("False" in out(after)) == (lost(ran) or lost(after))


def test_a_python_without_a_kernel_is_told(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.interpreter.script_python", driver_python)  # the one below all environments
    box = opened("none")
    with pytest.raises(PathRefused, match=r"ipykernel, which .* has not"):
        cell(box, "1 + 1")
    assert out(box.shell("echo fine", timeout=60)) == "fine\n"


def test_a_deadline_of_nothing(box: Sandbox) -> None:
    assert cell(box, "1 + 1", timeout=0).ended in ("timeout", "exit")
    assert text(cell(box, "1 + 1")).endswith("2\n")


def test_processes_that_breed_in_a_cell_are_stopped(opened: Open, bwrap: None) -> None:
    box = opened("bwrap")
    breed = "import os; os.system('i=0; while [ $((i += 1)) -lt 3000 ]; do setsid sleep 99 & done; sleep 99')"
    ran = cell(box, breed, timeout=60)
    assert ran.ended == "signal"
    assert any("more than" in note for note in ran.notes)
    assert lost(ran)
    assert out(cell(box, "1 + 1")) == "2\n"
    assert out(box.shell("echo fine", timeout=60)) == "fine\n"
