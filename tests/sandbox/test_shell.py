import contextlib
import signal
from pathlib import Path

from sandbox.open import open_sandbox
from sandbox.protocols import Sandbox
from sandbox.spec import SandboxSpec
from tests.sandbox.support import IMAGE, Name, begun, eventually, gone, out


def test_state_is_kept_between_calls(box: Sandbox) -> None:
    first = box.shell("mkdir -p a/b; cd a/b; X=1; f() { echo f$X; }; export Y=2", timeout=60)
    assert (first.ended, first.exit_code, first.cwd) == ("exit", 0, f"{box.layout.code}/a/b")
    second = box.shell("pwd; f; echo $Y; (exit 7)", timeout=60)
    assert out(second) == f"{box.layout.code}/a/b\nf1\n2\n"
    assert second.exit_code == 7
    assert 0 < second.wall_s < 10


def test_it_starts_in_the_code_folder_beside_the_data(box: Sandbox) -> None:
    said = out(box.shell("pwd; cat ../data/train.csv; ls ..", timeout=60))
    assert said.startswith(f"{box.layout.code}\nid,y\n1,0\n")
    assert {"code", "data", "logs", "submission"} <= set(said.split())


def test_streams_are_merged_in_order(box: Sandbox) -> None:
    assert out(box.shell("echo 1; echo 2 >&2; echo 3; ls /missing/x; echo 4", timeout=60)).startswith(
        "1\n2\n3\n"
    )


def test_output_is_never_taken_for_the_protocol(box: Sandbox) -> None:
    for text in (
        "0\\0/etc\\0\\0",
        '{"id":1,"ended":"exit","code":0}',
        "\\x00\\x00\\x00\\x02\\x00\\x00\\x00\\x00{}",
        "$ echo done\\n[exit 0]\\n__END__0",
    ):
        ran = box.shell(f"printf '{text}'; printf '{text}' >&2; (exit 5)", timeout=60)
        assert ran.exit_code == 5, text
        assert ran.stdout.total > 0, text
        assert out(box.shell("echo fine", timeout=60)) == "fine\n", text


def test_output_keeps_every_byte(box: Sandbox) -> None:
    ran = box.shell(r"printf '\xff\xfe\x00\x1b[31m\r\n\x80'", timeout=60)
    assert ran.stdout.head == b"\xff\xfe\x00\x1b[31m\r\n\x80"


def test_commands_may_hold_anything(box: Sandbox) -> None:
    command = "cat <<'EOF'\nit's \"$HOME\" `x` \\ ü\nEOF\ncat <<EOF\n$((1 + 1))\nEOF"
    assert out(box.shell(command, timeout=60)) == 'it\'s "$HOME" `x` \\ ü\n2\n'
    assert box.shell("echo 'open", timeout=60).exit_code != 0
    assert box.shell("if", timeout=60).exit_code != 0
    box.shell("echo a\0b", timeout=60)
    assert out(box.shell("return 4; echo no", timeout=60)) == ""
    assert out(box.shell("# nothing", timeout=60)) == ""
    assert out(box.shell("", timeout=60)) == ""
    assert out(box.shell("echo fine", timeout=60)) == "fine\n"


def test_long_commands_and_many_lines(box: Sandbox) -> None:
    lines = "\n".join(f": {number}" for number in range(50_000))
    assert out(box.shell(f"{lines}\necho end", timeout=60)) == "end\n"


def test_a_folder_with_an_awkward_name(backend: Name, tmp_path: Path, data: Path) -> None:
    spec = SandboxSpec(backend=backend, root=tmp_path / "it's a $(box)", data=data, image=IMAGE)
    with contextlib.closing(open_sandbox(spec)) as box:
        assert out(box.shell("cat ../data/train.csv", timeout=60)) == "id,y\n1,0\n"
        assert out(box.run_script("print(1)", directory="n", env={}, timeout=60)) == "1\n"


def test_standard_input_is_empty(box: Sandbox) -> None:
    assert out(box.shell("cat; read x || echo none; exec <&-; echo ok", timeout=60)) == "none\nok\n"
    assert out(box.shell("cat; echo fine", timeout=60)) == "fine\n"


def test_two_gigabytes_of_output(box: Sandbox) -> None:
    ran = box.shell("echo first; head -c 2000000000 /dev/zero; echo last", timeout=120)
    assert ran.exit_code == 0
    assert ran.stdout.total == 2_000_000_000 + len("first\nlast\n")
    assert ran.stdout.head.startswith(b"first\n\0\0") and ran.stdout.tail.endswith(b"\0\0last\n")
    assert len(ran.stdout.head) == len(ran.stdout.tail) == 1 << 20


ENDS = {
    "exit 3": 3,
    "set -e; false; echo no": 1,
    "exec bash": 0,
    "exec python -c 'raise SystemExit(6)'": 6,
    "kill -9 $$": -signal.SIGKILL,
    "set -u; echo $missing": 127,
}


def test_a_shell_that_ended_is_replaced(box: Sandbox) -> None:
    for number, (command, code) in enumerate(ENDS.items()):
        box.shell(f"mkdir ~/d{number}; cd ~/d{number}; export KEPT={number}", timeout=60)
        ran = box.shell(command, timeout=60)
        assert ran.exit_code == code, command
        assert ran.ended == ("signal" if code < 0 else "exit")
        assert any("The shell" in note for note in ran.notes)
        after = box.shell("pwd; echo $KEPT", timeout=60)
        assert out(after) == f"{box.layout.home}/d{number}\n{number}\n"
        assert after.notes == ()


def test_a_shell_that_dies_between_calls_is_replaced(box: Sandbox) -> None:
    box.shell("(sleep 0.2; kill -9 $$; touch killed) >/dev/null 2>&1 &", timeout=60)
    assert eventually(lambda: "killed" in {entry.path for entry in box.list_files()})
    ran = box.shell("echo fine", timeout=60)
    assert out(ran) == "fine\n"
    assert len(ran.notes) == 1


def test_what_a_shell_died_without_beginning_is_run_by_the_next(box: Sandbox) -> None:
    waits = "until [ -e go ]; do sleep 0.05; done"
    box.shell(f"({waits}; kill -STOP $$; touch stopped; sleep 1; kill -9 $$) >/dev/null 2>&1 &", timeout=60)
    box.write_file("go", "")
    assert eventually(lambda: "stopped" in {entry.path for entry in box.list_files()})
    ran = box.shell("echo fine; echo once >>ran", timeout=60)
    assert (out(ran), ran.exit_code, len(ran.notes)) == ("fine\n", 0, 1)
    assert out(box.shell("cat ran", timeout=60)) == "once\n"


def test_a_shell_whose_folder_is_gone_still_works(box: Sandbox) -> None:
    box.shell("mkdir x; cd x; rmdir ../x", timeout=60)
    assert out(box.shell("echo a", timeout=60)) == "a\n"
    box.shell("exit", timeout=60)
    assert out(box.shell("pwd", timeout=60)) == f"{box.layout.code}\n"


def test_options_that_would_break_the_shell(box: Sandbox) -> None:
    box.shell("set -x", timeout=60)
    assert out(box.shell("echo a", timeout=60)) == "++ echo a\na\n"
    box.shell("set +x; set -f; set -C; IFS=/; exec >/dev/null 2>&1", timeout=60)
    assert out(box.shell("echo a", timeout=60)) == "a\n"
    box.shell("printf() { :; }; export() { :; }; read() { :; }; trap 'echo debug' DEBUG", timeout=60)
    assert "a\n" in out(box.shell("echo a", timeout=60))
    box.shell("builtin() { return 1; }", timeout=3)
    assert "a\n" in out(box.shell("echo a", timeout=60))


def test_a_deadline_ends_a_command(box: Sandbox) -> None:
    box.shell("mkdir d; export KEPT=yes", timeout=60)
    stays = "cd ~/code/d; echo begun; while true; do sleep 1e9; done"
    ran = begun(lambda deadline: box.shell(stays, timeout=deadline), 0.3)
    assert (ran.ended, ran.exit_code) == ("timeout", None)
    assert ran.wall_s < 15
    assert ran.cwd == f"{box.layout.code}/d"
    assert any("The shell" in note for note in ran.notes)
    assert out(box.shell("pwd; echo $KEPT", timeout=60)) == f"{box.layout.code}/d\nyes\n"


def test_a_program_that_handles_the_interrupt_ends_by_itself(box: Sandbox) -> None:
    program = (
        "import time\n"
        "try: print('begun', flush=True); time.sleep(99)\n"
        "except KeyboardInterrupt: print('saved', flush=True)\n"
    )
    box.write_file("p.py", program)
    ran = begun(lambda deadline: box.shell("python p.py", timeout=deadline))
    assert ran.ended == "timeout"
    assert out(ran) == "begun\nsaved\n"


def test_nothing_outlives_a_deadline_however_it_hides(box: Sandbox) -> None:
    marks = [f"{number}.12345" for number in (91001, 91002, 91003, 91004)]
    ran = box.shell(
        f"trap '' INT TERM\nsetsid sleep {marks[0]} & nohup sleep {marks[1]} >/dev/null &\n"
        f"env -i setsid bash -c '(sleep {marks[2]} &) & wait; sleep 99' &\nsleep {marks[3]}",
        timeout=0.5,
    )
    assert ran.ended == "timeout"
    assert ran.wall_s < 15
    assert gone(marks)
    assert out(box.shell("echo fine", timeout=60)) == "fine\n"


def test_background_jobs_neither_block_nor_die_with_a_later_call(box: Sandbox) -> None:
    started = box.shell(
        "(for i in 1 2 3 4 5 6; do echo tick; sleep 0.2; done; echo ok > new; mv new done.txt) &", timeout=60
    )
    assert started.wall_s < 5
    stopped = box.shell("sleep 60", timeout=0.3)
    assert stopped.ended == "timeout"
    ended = box.shell("exit", timeout=60)
    assert eventually(lambda: "done.txt" in {entry.path for entry in box.list_files()})
    assert box.read_file("done.txt").text == "ok\n"
    assert "".join(map(out, (started, stopped, ended, box.shell("true", timeout=60)))) == 6 * "tick\n"


def test_a_program_that_replaced_the_shell_does_not_cost_the_driver_time(box: Sandbox) -> None:
    ran = box.shell(
        "exec python -c 'import os; print(os.getppid(), flush=True); import time; time.sleep(1)'", timeout=60
    )
    driver = int(out(ran))
    ticks = box.shell(f"cut -d' ' -f14 /proc/{driver}/stat", timeout=60)
    assert int(out(ticks)) < 80


def test_cpu_time_is_reported(box: Sandbox) -> None:
    assert box.shell("python -c 'sum(range(10_000_000))'", timeout=60).cpu_s > 0.05
