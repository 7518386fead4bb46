"""System calls that no agent needs and that reach past its namespaces, refused by the kernel.

Sockets of families that no network namespace holds (AF_VSOCK talks to a virtual machine's host), io_uring
(which opens sockets that no filter sees), kernel keys, the kernel's log and tracing, limits of other
processes, leases on files (with one on the data, every other run waits 45 seconds to open them), user
namespaces (in one of its own, a program has rights that much of the kernel was not written to expect).
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
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000
_X32 = 0x40000000
"""From this number on, the same calls again for programs with short pointers."""
_SET_LEASE = 1024
_NEW_USER = 0x10000000
_FAMILIES = (1, 2, 10, 16)
"""AF_UNIX, AF_INET, AF_INET6, AF_NETLINK."""


class _Numbers(NamedTuple):
    """How a kind of processor numbers its calls."""

    arch: int
    socket: int
    prlimit: int
    fcntl: int
    namespaces: tuple[int, int]
    """clone, unshare: the first argument says which."""
    refused: tuple[int, ...]
    """add_key, request_key, keyctl, bpf, perf_event_open, open_by_handle_at, userfaultfd, kexec_load,
    syslog, setns."""


_NUMBERS = {
    "x86_64": _Numbers(
        0xC000003E, 41, 302, 72, (56, 272), (248, 249, 250, 321, 298, 304, 323, 246, 103, 308)
    ),
    "aarch64": _Numbers(
        0xC00000B7, 198, 261, 25, (220, 97), (217, 218, 219, 280, 241, 265, 282, 104, 116, 268)
    ),
}
_ABSENT = (425, 426, 427, 435)
"""io_uring's three, and clone3, whose arguments no filter sees; the same numbers on every processor."""


def restrict() -> None:
    """Refuse them to this process and to all that it starts, for good; before any thread is.

    Where the kernel has no filters, or the processor is of another kind, nothing is refused.
    """
    numbers = _NUMBERS.get(os.uname().machine)
    if numbers is None:
        return
    code = b"".join(_program(numbers))
    held = ctypes.create_string_buffer(code, len(code))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(held)))
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_SECCOMP, _FILTER, program, 0, 0)


def _program(numbers: _Numbers) -> list[bytes]:
    program = [_step(_LOAD, _ARCH), _step(_EQUAL, numbers.arch, 1, 0), _refuse(errno.ENOSYS)]
    program += [_step(_LOAD, _NUMBER), _step(_AT_LEAST, _X32, 0, 1), _refuse(errno.ENOSYS)]
    for number in numbers.refused:
        program += [_step(_EQUAL, number, 0, 1), _refuse(errno.EPERM)]
    for number in _ABSENT:  # programs that know them do without where there are none
        program += [_step(_EQUAL, number, 0, 1), _refuse(errno.ENOSYS)]
    # Limits of other processes: a limit of no processor time ends even process 1.
    own = [
        _step(_LOAD, _FIRST_ARGUMENT),
        _step(_EQUAL, 0, 0, 1),
        _step(_RETURN, _ALLOW),
        _refuse(errno.EPERM),
    ]
    program += [_step(_EQUAL, numbers.prlimit, 0, len(own)), *own]
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


def _refuse(error: int) -> bytes:
    return _step(_RETURN, _REFUSE | error)


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)
