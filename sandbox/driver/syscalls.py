"""System calls that no agent needs and that reach past its namespaces, refused by the kernel.

Sockets of families that no network namespace holds (AF_VSOCK talks to a virtual machine's host), io_uring
(which opens sockets that no filter sees), kernel keys, the kernel's log and tracing, limits of other
processes, leases on files (with one on the data, every other run waits 45 seconds to open them), user
namespaces (in one of its own, a program has rights that much of the kernel was not written to expect),
watches on files (a user may have 128 in all: one sandbox could take them from the host and all others, and
could see who else opens the data, and when its own files are counted).

A core dump may be piped to a program of the host, outside of all limits, whatever RLIMIT_CORE says unless it
is 1: it stays 1, and who changes it is told that it was done.

The backends' own filters stay; this one is the same everywhere.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import struct
from typing import NamedTuple

_PR_SET_SECCOMP = 22
_FILTER = 2
_LOAD, _EQUAL, _AT_LEAST, _HAS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # classic BPF
_NUMBER, _ARCH, _FIRST_ARGUMENT, _SECOND_ARGUMENT = 0, 4, 16, 24  # offsets in what the filter is shown
_THIRD_ARGUMENT = (32, 36)
"""Both halves of an address."""
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000
_X32 = 0x40000000
"""From this number on, the same calls again for programs with short pointers."""
_SET_LEASE = 1024
_NEW_USER = 0x10000000
_CORE = 4
"""RLIMIT_CORE."""
_FAMILIES = (1, 2, 10, 16)
"""AF_UNIX, AF_INET, AF_INET6, AF_NETLINK."""


class _Numbers(NamedTuple):
    """How a kind of processor numbers its calls."""

    arch: int
    socket: int
    prlimit: int
    setrlimit: int
    fcntl: int
    namespaces: tuple[int, int]
    """clone, unshare: the first argument says which."""
    refused: tuple[int, ...]
    """add_key, request_key, keyctl, bpf, perf_event_open, open_by_handle_at, userfaultfd, kexec_load,
    syslog, setns."""
    absent: tuple[int, ...]
    """inotify_init1, fanotify_init, and inotify_init where there is one."""


_NUMBERS = {
    "x86_64": _Numbers(
        0xC000003E,
        41,
        302,
        160,
        72,
        (56, 272),
        (248, 249, 250, 321, 298, 304, 323, 246, 103, 308),
        (294, 300, 253),
    ),
    "aarch64": _Numbers(
        0xC00000B7,
        198,
        261,
        164,
        25,
        (220, 97),
        (217, 218, 219, 280, 241, 265, 282, 104, 116, 268),
        (26, 262),
    ),
}
_ABSENT = (425, 426, 427, 435)
"""io_uring's three, and clone3, whose arguments no filter sees; the same numbers on every processor."""


def restrict() -> bool:
    """Refuse them to this process and to all that it starts, for good; before any thread is.

    Says whether they are: where the kernel takes no filter, or the processor is of another kind, none is.
    """
    numbers = _NUMBERS.get(os.uname().machine)
    if numbers is None:
        return False
    code = b"".join(_program(numbers))
    held = ctypes.create_string_buffer(code, len(code))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(held)))
    with contextlib.suppress(AttributeError):
        return ctypes.CDLL(None).prctl(_PR_SET_SECCOMP, _FILTER, program, 0, 0) == 0
    return False


def _program(numbers: _Numbers) -> list[bytes]:
    program = [_step(_LOAD, _ARCH), _step(_EQUAL, numbers.arch, 1, 0), _refuse(errno.ENOSYS)]
    program += [_step(_LOAD, _NUMBER), _step(_AT_LEAST, _X32, 0, 1), _refuse(errno.ENOSYS)]
    for number in numbers.refused:
        program += [_step(_EQUAL, number, 0, 1), _refuse(errno.EPERM)]
    for number in (*_ABSENT, *numbers.absent):  # programs that know them do without where there are none
        program += [_step(_EQUAL, number, 0, 1), _refuse(errno.ENOSYS)]
    for number, rule in ((numbers.prlimit, _limits()), (numbers.setrlimit, _own_limit())):
        program += [_step(_EQUAL, number, 0, len(rule)), *rule]
    own_user = [_step(_LOAD, _FIRST_ARGUMENT), _step(_HAS, _NEW_USER, 0, 1), _refuse(errno.EPERM)]
    own_user += [_step(_RETURN, _ALLOW)]
    for number in numbers.namespaces:
        program += [_step(_EQUAL, number, 0, len(own_user)), *own_user]
    lease = [_step(_LOAD, _SECOND_ARGUMENT), _step(_EQUAL, _SET_LEASE, 0, 1), _refuse(errno.EPERM)]
    lease += [_step(_RETURN, _ALLOW)]
    program += [_step(_EQUAL, numbers.fcntl, 0, len(lease)), *lease]
    program += [_step(_EQUAL, numbers.socket, 1, 0), _step(_RETURN, _ALLOW), _step(_LOAD, _FIRST_ARGUMENT)]
    for family in _FAMILIES:
        program += [_step(_EQUAL, family, 0, 1), _step(_RETURN, _ALLOW)]
    return [*program, _refuse(errno.EAFNOSUPPORT)]


def _limits() -> list[bytes]:
    """Limits of other processes are refused: one of no processor time ends even process 1."""
    low, high = _THIRD_ARGUMENT  # the new limit; none for who only asks
    return [
        _step(_LOAD, _FIRST_ARGUMENT),
        _step(_EQUAL, 0, 1, 0),
        _refuse(errno.EPERM),
        _step(_LOAD, _SECOND_ARGUMENT),
        _step(_EQUAL, _CORE, 1, 0),
        _step(_RETURN, _ALLOW),
        _step(_LOAD, low),
        _step(_EQUAL, 0, 0, 2),
        _step(_LOAD, high),
        _step(_EQUAL, 0, 1, 0),
        _refuse(0),
        _step(_RETURN, _ALLOW),
    ]


def _own_limit() -> list[bytes]:
    return [
        _step(_LOAD, _FIRST_ARGUMENT),
        _step(_EQUAL, _CORE, 0, 1),
        _refuse(0),
        _step(_RETURN, _ALLOW),
    ]


def _refuse(error: int) -> bytes:
    return _step(_RETURN, _REFUSE | error)


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)
