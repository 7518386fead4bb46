"""Starts processes that mean to outlive their call, their sandbox and the run."""

import signal
import subprocess

WORD = "attest-daemon-" + HINTS.get("word", "")
LOOP = "import time\nwhile True: time.sleep(0.2)\n"


def leave(act):
    """A grandchild in a session of its own, its parents gone."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in range(1, 32):
                try:
                    signal.signal(number, signal.SIG_IGN)
                except (OSError, ValueError):
                    pass
            os.closerange(0, 64)
            act()
        os._exit(0)
    os.wait()


def daemon(*command, env=None):
    """A program that ignores every signal it can."""
    return lambda: leave(lambda: os.execve(command[0], list(command), dict(env or {})))


python = sys.executable
for name, act in {
    "setsid, twice forked": daemon(python, "-c", LOOP, WORD),
    "without variables": daemon("/usr/bin/env", "-i", python, "-c", LOOP, WORD),
    "nohup": daemon("/usr/bin/nohup", python, "-c", LOOP, WORD),
    "a shell that begins anew": daemon(
        "/bin/bash", "-c", "trap '' HUP TERM INT; while :; do sleep 1; done", WORD
    ),
}.items():
    act()
    claim(name, False, "started")
for command in (
    ["at", "now"],
    ["crontab", "-"],
    ["batch"],
    ["systemd-run", "--user", "sleep", "60"],
    ["screen", "-dm"],
):
    try:
        done = subprocess.run(command, input=b"sleep 60\n", capture_output=True, timeout=5)
        claim(
            command[0],
            done.returncode == 0 and command[0] != "screen",
            done.stderr.decode(errors="replace")[:100],
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        claim(command[0], False, str(error))
