"""Calls that reach past namespaces are refused in every isolated sandbox; those that agents need are not."""

import subprocess
import sys

import pytest

from sandbox.protocols import SYSTEM_CALLS
from tests.sandbox.support import Name, Open, errors, out

_ASK = """
import ctypes, errno, fcntl, os, resource, socket

def family(number, kind):
    try:
        socket.socket(number, kind).close()
    except OSError as error:
        return errno.errorcode[error.errno]
    return "ok"

libc = ctypes.CDLL(None, use_errno=True)

def call(number):
    return errno.errorcode[ctypes.get_errno()] if libc.syscall(number, 0, 0, 0, 0, 0) < 0 else "ok"

print(family(40, 1), family(38, 5), family(17, 3))  # AF_VSOCK, AF_ALG, AF_PACKET
print(family(1, 1), family(2, 1), family(10, 1), family(16, 3))
def lease(kind):
    try:
        fcntl.fcntl(os.open("own", os.O_RDONLY | os.O_CREAT), fcntl.F_SETLEASE, kind)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "ok"

def limits(pid):
    try:
        resource.prlimit(pid, resource.RLIMIT_NOFILE)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "ok"

print(lease(fcntl.F_WRLCK), limits(0), limits(1))
made = [libc.inotify_init1(0), libc.fanotify_init(0x200, 0)]  # with FAN_REPORT_FID for ordinary users
print(*made, errno.errorcode[ctypes.get_errno()])
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.prlimit(0, resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))
print(resource.getrlimit(resource.RLIMIT_CORE), resource.prlimit(0, resource.RLIMIT_NOFILE))
print(call(425), call(435))  # io_uring_setup and clone3, the same on every processor
print(errno.errorcode[ctypes.get_errno()] if libc.unshare(0x10000000) < 0 else "ok")  # CLONE_NEWUSER
print(out.strip() if (out := os.popen("echo a child").read()) else "none")
"""


@pytest.mark.parametrize("backend", ["bwrap", "docker"])
def test_what_reaches_past_namespaces_is_refused(
    opened: Open, backend: Name, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue(backend)
    box = opened(backend)
    assert SYSTEM_CALLS not in box.facts
    assert "Seccomp:\t2" in out(box.shell("grep ^Seccomp: /proc/self/status", timeout=60))
    done = box.run_script(_ASK, directory="ask", env={}, timeout=60)
    assert out(done).splitlines() == [
        "EAFNOSUPPORT " * 2 + "EAFNOSUPPORT",
        "ok ok ok ok",
        "EPERM ok EPERM",
        "-1 -1 ENOSYS",
        "(1, 1) (200, 200)",
        "ENOSYS ENOSYS",
        "EPERM",
        "a child",
    ], errors(done)


_RESTRICT = """
import ctypes, os, re
from sandbox.driver import syscalls
if os.geteuid() == 0:
    os.setgroups([])
    os.setuid(65534)
print(re.search(r"NoNewPrivs:\\s*(1)?", open("/proc/self/status").read())[1] == "1", syscalls.restrict())
ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS: without, only root's are taken
print(syscalls.restrict())
"""


def test_a_filter_that_the_kernel_does_not_take_is_noticed() -> None:
    done = subprocess.run((sys.executable, "-c", _RESTRICT), capture_output=True, text=True, check=True)
    before, refused, after = done.stdout.split()
    assert (refused, after) == (before, "True")
