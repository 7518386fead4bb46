"""Hostile script output: it may fail its node, but reaches neither terminal nor memory nor the next step."""

import subprocess
import sys
from pathlib import Path

from experiments.trajectory import Trajectory
from scaffolds.runtime.log import LogReader
from tests.scaffolds.aide.test_aide import Scripted, good, run_aide

SHOUT = (
    "import sys\n"
    "sys.stdout.write('\\x1b]0;owned\\x07\\x1b[2J\\x1b[31mred\\x1b[0m \\u202egnp.exe\\r\\n')\n"
    "sys.stdout.flush()\n"
    "sys.stdout.buffer.write(bytes(range(256)) * 10)\n"
    "sys.exit(1)\n"
)
FLOOD = (
    "import os, sys\nblock = b'x' * (1 << 20)\nfor _ in range(2048): os.write(1, block)\nprint('the end')\n"
)


def test_control_sequences_and_binary_never_reach_the_terminal(tmp_path: Path) -> None:
    run_aide(tmp_path, Scripted([SHOUT, good(1)]), steps=2)
    command = [sys.executable, "-m", "experiments.inspect", str(tmp_path / "run"), "--plain", "--node", "1"]
    shown = subprocess.run(command, capture_output=True, check=True).stdout
    assert b"red" in shown
    for bad in (b"\x1b", b"\x07", b"\x9b", "\u202e".encode()):
        assert bad not in shown


def test_two_gigabytes_of_output_are_counted_and_cut(tmp_path: Path) -> None:
    _, nodes, log = run_aide(tmp_path, Scripted([FLOOD + good(1)]), steps=1)
    assert nodes[0]["status"] == "ok"
    (result,) = (
        log.value(event, "facts")
        for event in log.of_type("tool.result")
        if "peak_mb" in log.value(event, "facts") and log.value(event, "facts")["bytes"] > 2**31
    )
    assert result["bytes"] > 2**31
    assert sum(path.stat().st_size for path in (tmp_path / "run").rglob("*") if path.is_file()) < 10**7


def test_a_plan_that_poses_as_markup_is_shown_as_text(tmp_path: Path) -> None:
    run_aide(
        tmp_path, Scripted([good(1)], [{"is_bug": False, "summary": "[red]not red[/red] :smile:"}]), steps=1
    )
    command = [sys.executable, "-m", "experiments.inspect", str(tmp_path / "run"), "--plain"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "[red]not red[/red] :smile:" in shown


def test_a_log_that_is_still_written_can_be_read(tmp_path: Path) -> None:
    run_aide(tmp_path, Scripted([good(1), good(2)]), steps=2)
    events = tmp_path / "run" / "events.jsonl"
    lines = events.read_bytes().splitlines(keepends=True)
    for keep in range(1, len(lines)):
        events.write_bytes(b"".join(lines[:keep]) + lines[keep][: len(lines[keep]) // 2])
        assert len(LogReader(tmp_path / "run").events) == keep
        Trajectory(tmp_path / "run")
