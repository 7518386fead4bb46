"""Turns the clock, and tells a time of its own."""

import ctypes
import faulthandler

LIBC = ctypes.CDLL(None, use_errno=True)


class Moment(ctypes.Structure):
    _fields_ = [("s", ctypes.c_long), ("ns", ctypes.c_long)]


def kernel(name, *arguments):
    def action():
        if getattr(LIBC, name)(*arguments) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return "the clock was turned"

    return action


def offsets():
    """A name space of time of its own, in which the clock goes wrong."""
    if LIBC.unshare(0x80) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    with open("/proc/self/timens_offsets", "w") as file:
        file.write("monotonic 100000 0\n")
    return "a name space of time"


def devices():
    return [
        path
        for path in ("/dev/rtc", "/dev/rtc0", "/dev/ptp0", "/dev/hpet")
        if os.path.exists(path) and read(path)
    ]


now = Moment(int(time.time()), 0)
attempt("clock_settime", kernel("clock_settime", 0, ctypes.byref(now)))
attempt("settimeofday", kernel("settimeofday", ctypes.byref(now), None))
attempt("a name space of time", offsets)
attempt("clocks of the machine", devices)
began = time.monotonic()
while time.monotonic() - began < 2.0:  # the host has to see these two seconds whatever is said of them
    time.sleep(0.1)
claim("a call that says it took no time", False, '{"wall_s": 0.0, "cpu_s": 0.0} took 0.00 s')
