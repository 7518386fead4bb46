"""Calls that reach past namespaces are refused in every isolated sandbox; those that agents need are not."""

import pytest

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
    done = opened(backend).run_script(_ASK, directory="ask", env={}, timeout=60)
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
