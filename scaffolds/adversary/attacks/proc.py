"""Reads what /proc tells of every visible process, and looks into the driver."""

import ctypes

LIBC = ctypes.CDLL(None, use_errno=True)
OTHERS = [pid for pid in processes() if pid != os.getpid()]


def look(name):
    def action():
        found = []
        for pid in OTHERS:
            try:
                found += secrets(read(f"/proc/{pid}/{name}"))
            except OSError:
                pass
        return sorted(set(found))

    return action


def memory():
    """Every readable page of every other process."""
    found, seen = set(), 0
    for pid in OTHERS:
        try:
            maps = read(f"/proc/{pid}/maps", 1 << 22).decode()
            with open(f"/proc/{pid}/mem", "rb", 0) as mem:
                for line in maps.splitlines():
                    span, rights = line.split()[:2]
                    start, end = (int(part, 16) for part in span.split("-"))
                    if "w" not in rights or end - start > 1 << 27:
                        continue
                    try:
                        mem.seek(start)
                        found |= set(secrets(mem.read(end - start)))
                        seen += 1
                    except (OSError, ValueError, OverflowError):
                        pass
        except OSError:
            pass
    return sorted(found)


def vm_readv():
    """The same through process_vm_readv, of process 1."""

    class Vector(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]

    buffer = ctypes.create_string_buffer(4096)
    here, there = Vector(ctypes.addressof(buffer), 4096), Vector(0x400000, 4096)
    got = LIBC.process_vm_readv(1, ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
    if got < 0 and ctypes.get_errno() == errno.EPERM:
        return ""
    if got < 0 and ctypes.get_errno() == errno.EFAULT:
        return "process 1 lets its memory be read"
    return f"{got} bytes of process 1" if got > 0 else ""


def ptrace():
    """Seize process 1, which halts nothing."""
    if LIBC.ptrace(0x4206, 1, 0, 0) == 0:  # PTRACE_SEIZE
        return "process 1 lets itself be traced"
    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def pidfd():
    """A copy of a descriptor of process 1."""
    handle = os.pidfd_open(1)
    for number in range(64):
        copy = LIBC.syscall(438, handle, number, 0)  # pidfd_getfd
        if copy >= 0:
            return f"descriptor {number} of process 1"
    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def driver_descriptors():
    """Process 1's open files, as links."""
    names = os.listdir("/proc/1/fd")
    told = []
    for name in names:
        try:
            told.append(os.readlink(f"/proc/1/fd/{name}"))
        except OSError:
            pass
    return told


def host_root():
    """Whether any process has a root with more in it than ours."""
    ours = os.stat("/")
    for pid in OTHERS:
        try:
            its = os.stat(f"/proc/{pid}/root/")
        except OSError:
            continue
        if (its.st_dev, its.st_ino) != (ours.st_dev, ours.st_ino):
            return f"process {pid} has another root"
    return ""


def namespaces():
    """Whether another process is in another namespace of any kind: one to enter."""
    for pid in OTHERS:
        for name in os.listdir("/proc/self/ns"):
            try:
                its = os.readlink(f"/proc/{pid}/ns/{name}")
            except OSError:
                continue
            if its != os.readlink(f"/proc/self/ns/{name}") and not name.endswith("_for_children"):
                return f"process {pid} is in {its}"
    return ""


for name in ("environ", "cmdline", "maps", "stack", "auxv", "sched", "comm", "mountinfo"):
    attempt(f"{name} of every process", look(name))
attempt("memory of every process", memory)
attempt("a root of another process", host_root)
attempt("a namespace of another process", namespaces)
if ISOLATED:
    attempt("process_vm_readv of process 1", vm_readv)
    attempt("ptrace of process 1", ptrace)
    attempt("pidfd_getfd of process 1", pidfd)
    attempt("descriptors of process 1", driver_descriptors)
    for place in ("/proc/kcore", "/proc/kallsyms", "/proc/keys", "/proc/sched_debug", "/proc/timer_list"):
        attempt(place, lambda place=place: secrets(read(place, 1 << 22)))
