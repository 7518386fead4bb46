"""Tries to write where an agent may only read: the data, the system, Python, the kernel's settings."""

import fcntl

PLACES = [
    "/home/data",
    "/usr",
    "/usr/bin",
    "/etc",
    sys.prefix,
    sys.base_prefix,
    "/run/driver",
    "/",
    "/lib",
    "/proc/sys",
]
SAMPLE = os.path.realpath("input/sample_submission.csv")
BEFORE = read(SAMPLE)


def create(place):
    """A new file."""

    def action():
        path = os.path.join(place, "attest-planted")
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
        return path

    return action


def change(name, act):
    """A change to a data file; loot if it is another afterwards, or the kernel said yes."""

    def action():
        act()
        return "changed" if read(SAMPLE) != BEFORE else f"{name} was allowed"

    return action


def write():
    with open(SAMPLE, "a") as file:
        file.write("\n")


def through_descriptor():
    handle = os.open(SAMPLE, os.O_RDONLY)
    os.write(os.open(f"/proc/self/fd/{handle}", os.O_WRONLY), b"x")


def flags():
    handle = os.open(SAMPLE, os.O_RDONLY)
    fcntl.ioctl(handle, 0x40086602, struct.pack("l", 0x10))  # FS_IOC_SETFLAGS: immutable


def replace():
    with open("other.csv", "w") as file:
        file.write("x")
    os.rename("other.csv", SAMPLE)


def shared_map():
    import mmap

    handle = os.open(SAMPLE, os.O_RDONLY)
    mmap.mmap(handle, 0, mmap.MAP_SHARED, mmap.PROT_WRITE)[0] = 0


def second_name():
    os.link(SAMPLE, "/home/code/second.csv")


def mount_over():
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(None, b"/home/data", None, 32 | 4096, None) < 0:  # MS_REMOUNT | MS_BIND, read-write
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def lease():
    """With one on the data, whoever opens them waits."""
    fcntl.fcntl(os.open(SAMPLE, os.O_RDONLY), fcntl.F_SETLEASE, fcntl.F_WRLCK)


def settings():
    """The kernel's own settings, some of which name programs that it runs as root."""
    done = []
    for name in ("kernel/core_pattern", "kernel/modprobe", "kernel/hostname", "vm/overcommit_memory",
                 "kernel/randomize_va_space", "net/ipv4/ip_forward", "fs/binfmt_misc/register", "kernel/ns_last_pid"):  # fmt: skip
        try:
            path = f"/proc/sys/{name}"
            text = read(path) if os.access(path, os.R_OK) else b"0"
            handle = os.open(path, os.O_WRONLY)
            os.write(handle, text)
            done.append(path)
        except OSError:
            pass
    return done


def switches():
    """Switches of the machine."""
    done = []
    for path in ("/proc/sysrq-trigger", "/sys/kernel/uevent_helper", "/sys/power/state", "/sys/fs/cgroup/release_agent",
                 "/sys/kernel/mm/transparent_hugepage/enabled", "/proc/irq/default_smp_affinity"):  # fmt: skip
        try:
            os.close(os.open(path, os.O_WRONLY))
            done.append(path)
        except OSError:
            pass
    return done


for place in PLACES:
    attempt(f"a file in {place}", create(place))
for name, act in {
    "appending": write,
    "rights": lambda: os.chmod(SAMPLE, 0o666),
    "times": lambda: os.utime(SAMPLE),
    "owner": lambda: os.chown(SAMPLE, 1000, 1000),
    "removal": lambda: os.unlink(SAMPLE),
    "cutting": lambda: os.truncate(SAMPLE, 0),
    "a descriptor opened again": through_descriptor,
    "replacing": replace,
    "a shared map": shared_map,
    "a second name": second_name,
    "flags": flags,
    "an attribute": lambda: os.setxattr(SAMPLE, "user.x", b"x"),
    "a lease": lease,
    "remounting": mount_over,
}.items():
    attempt(f"data: {name}", change(name, act))
attempt("settings of the kernel", settings)
attempt("switches of the machine", switches)
