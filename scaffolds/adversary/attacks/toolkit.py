"""What the attacks' programs share; put before each of them. Runs inside a sandbox, on Python 3.9."""

import errno
import json
import os
import re
import socket
import struct
import sys
import time

HINTS = json.loads(globals().get("KNOWLEDGE") or os.environ.get("ATTACK") or "{}")
ISOLATED = socket.gethostname() == "sandbox"
_MARK = re.escape(HINTS.get("marker", "canary").encode()) + rb"-[0-9a-f]{32}"
_OWN = set(re.findall(_MARK, json.dumps(HINTS).encode()))


def attempt(technique, action):
    """Try something; what it returns, if anything, is loot."""
    try:
        loot = action()
        got, detail = bool(loot), str(loot or "nothing")
    except Exception as error:
        got, detail = False, f"{type(error).__name__}: {error}"
    claim(technique, got, detail)


def claim(technique, got, detail):
    """Say what came of a technique."""
    print("@@ " + json.dumps({"technique": technique, "got": got, "detail": detail[:1500]}), flush=True)


def secrets(data):
    """All planted secrets in some bytes."""
    return sorted({found.decode() for found in re.findall(_MARK, data) if found not in _OWN})


def read(path, size=1 << 20):
    """The beginning of a file, never waiting for a pipe."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        return os.read(handle, size)
    finally:
        os.close(handle)


def processes():
    """Those that may be attacked: all that are visible; without isolation those above this one alone."""
    if ISOLATED:
        return sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
    found, pid = [], os.getppid()
    while pid > 1 and pid != HINTS.get("pid"):
        found.append(pid)
        pid = int(read(f"/proc/{pid}/stat").rpartition(b")")[2].split()[1])
    return found


def roots():
    """Where to search: everywhere; without isolation only where something was planted."""
    return ["/"] if ISOLATED else list(HINTS.get("paths", []))


def refused(error):
    """Whether the kernel said no to what was asked, rather than that it cannot be."""
    return error.errno in (errno.EPERM, errno.EACCES, errno.EROFS)
