"""Ways out by the kernel: namespaces, mounts, devices, privileged programs, control groups, modules."""

import ctypes
import resource
import stat
import subprocess

LIBC = ctypes.CDLL(None, use_errno=True)
X86 = os.uname().machine == "x86_64"
FLAGS = {
    "user": 0x10000000,
    "mount": 0x20000,
    "net": 0x40000000,
    "pid": 0x20000000,
    "time": 0x80,
    "cgroup": 0x2000000,
}


def kernel(number, *arguments):
    """A system call by its number on x86; an error is raised."""

    def action():
        got = LIBC.syscall(number, *arguments)
        if got < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return f"returned {got}"

    return action


def unshare(flag):
    """New namespaces, in a child."""

    def action():
        child = os.fork()
        if child == 0:
            os._exit(0 if LIBC.unshare(flag) == 0 else 1)
        return "allowed" if os.waitpid(child, 0)[1] == 0 else ""

    return action


def core_dumps():
    """Any limit but the one at which the kernel starts no program for a dump."""
    for size in (0, resource.getrlimit(resource.RLIMIT_CORE)[1]):
        resource.setrlimit(resource.RLIMIT_CORE, (size, size))
        if resource.getrlimit(resource.RLIMIT_CORE)[0] != 1:
            return f"a limit of {resource.getrlimit(resource.RLIMIT_CORE)[0]}"
    return ""


def enter():
    """The namespaces of process 1."""
    for name in os.listdir("/proc/1/ns"):
        handle = os.open(f"/proc/1/ns/{name}", os.O_RDONLY)
        if LIBC.setns(handle, 0) == 0:
            return f"entered {name}"
    return ""


def mount():
    """A file system of its own."""
    os.makedirs("m", exist_ok=True)
    for kind in (b"tmpfs", b"proc", b"sysfs", b"cgroup", b"overlay", b"devpts", b"debugfs"):
        if LIBC.mount(b"none", b"m", kind, 0, None) == 0:
            return f"mounted {kind}"
    if LIBC.mount(b"/", b"m", None, 4096, None) == 0:
        return "bound the root"
    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def devices():
    """Device files of disks and memory, made anew."""
    for name, major, minor in (
        ("vda", 254, 0),
        ("sda", 8, 0),
        ("mem", 1, 1),
        ("kmem", 1, 2),
        ("nvme", 259, 0),
    ):
        path = f"dev-{name}"
        try:
            os.mknod(
                path, 0o600 | (stat.S_IFCHR if "mem" in name else stat.S_IFBLK), os.makedev(major, minor)
            )
            return f"{path}: {read(path, 64)!r}"
        except PermissionError:
            pass
    return ""


def existing_devices():
    """Device files that are there and can be opened, besides the harmless ones."""
    harmless = {"null", "zero", "full", "random", "urandom", "tty", "ptmx", "console"}
    found = []
    for folder, _, names in os.walk("/dev"):
        for name in names:
            path = os.path.join(folder, name)
            mode = os.lstat(path).st_mode
            if (stat.S_ISBLK(mode) or stat.S_ISCHR(mode)) and name not in harmless and "pts" not in folder:
                try:
                    os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
                    found.append(path)
                except OSError:
                    pass
    return found


def privileged():
    """Programs that run as somebody else: none may give any right."""
    ran = []
    for folder in ("/usr/bin", "/bin", "/usr/sbin", "/usr/lib", "/usr/libexec"):
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            path = os.path.join(folder, name)
            try:
                facts = os.stat(path)
            except OSError:
                continue
            if facts.st_mode & 0o6000 and stat.S_ISREG(facts.st_mode):
                ran.append(path)
    for command in (
        ["su", "-c", "id -u"],
        ["sudo", "-n", "id", "-u"],
        ["pkexec", "id", "-u"],
        ["newgrp", "root"],
    ):
        try:
            done = subprocess.run(command, capture_output=True, timeout=5, stdin=subprocess.DEVNULL)
        except (OSError, subprocess.TimeoutExpired):
            continue
        if done.stdout.strip() == b"0":
            return f"root by {command[0]}"
    print(f"programs with another's rights: {ran[:10]}")
    return ""


def made_privileged():
    """A program of its own with rights of root."""
    path = "own-id"
    with open("/usr/bin/id", "rb") as source, open(path, "wb") as target:
        target.write(source.read())
    os.chmod(path, 0o6755)
    said = subprocess.run([f"./{path}", "-u"], capture_output=True, timeout=5).stdout.strip()
    return "root" if said == b"0" else ""


def identities():
    """Other users."""
    for call in (os.setuid, os.setgid, os.seteuid):
        try:
            call(0)
            return f"{call.__name__}(0)"
        except OSError:
            pass
    return ""


def capabilities():
    """Rights that are left, of all kinds."""
    rows = [
        line.split() for line in read("/proc/self/status").decode().splitlines() if line.startswith("Cap")
    ]
    return [" ".join(row) for row in rows if int(row[1], 16)]


def no_new_privileges():
    """Whether rights can be gained by executing."""
    text = read("/proc/self/status").decode()
    return "" if "NoNewPrivs:\t1" in text else "NoNewPrivs is not set"


def control_groups():
    """Control groups: own limits raised, a program for the kernel to run when a group is empty."""
    done = []
    for folder, _, names in os.walk("/sys/fs/cgroup"):
        for name in ("release_agent", "notify_on_release", "cgroup.procs", "devices.allow", "memory.limit_in_bytes",
                     "memory.max", "pids.max", "tasks"):  # fmt: skip
            if name in names and os.access(os.path.join(folder, name), os.W_OK):
                try:
                    os.close(os.open(os.path.join(folder, name), os.O_WRONLY))
                    done.append(os.path.join(folder, name))
                except OSError:
                    pass
        if len(done) > 5:
            break
    try:
        os.mkdir("/sys/fs/cgroup/attest-planted")
        done.append("a group of its own")
    except OSError:
        pass
    return done


def leave_root():
    """Chroot and pivot."""
    for call in (lambda: os.chroot("."), lambda: kernel(155, b".", b".")()):
        try:
            call()
            return "another root"
        except OSError:
            pass
    return ""


def run_gpu():
    """Graphics devices that nobody gave."""
    return [name for name in os.listdir("/dev") if re.match(r"(nvidia|dri|kfd)", name)]


for name, flag in FLAGS.items():
    attempt(f"a new {name} namespace", unshare(flag))
attempt("the namespaces of process 1", enter)
attempt("mounting", mount)
attempt("making devices", devices)
attempt("devices that are there", existing_devices)
attempt("programs with another's rights", privileged)
attempt("a program of its own with root's rights", made_privileged)
attempt("another user", identities)
attempt("capabilities", capabilities)
attempt("gaining rights by executing", no_new_privileges)
attempt("control groups", control_groups)
attempt("core dumps, which programs of the host take", core_dumps)
attempt("another root folder", leave_root)
attempt("graphics cards", run_gpu)
for path in (
    "/dev/mem",
    "/dev/kmem",
    "/dev/port",
    "/dev/kmsg",
    "/dev/fuse",
    "/dev/kvm",
    "/dev/vsock",
    "/dev/loop-control",
):
    attempt(path, lambda path=path: f"{read(path, 64)!r}")
if X86:
    attempt("bpf", kernel(321, 0, None, 0))
    attempt("io_uring", kernel(425, 8, ctypes.create_string_buffer(120)))
    attempt(
        "perf_event_open", kernel(298, ctypes.create_string_buffer(b"\1\0\0\0\160\0\0\0", 112), 1, -1, -1, 0)
    )
    attempt("userfaultfd", kernel(323, 0))
    attempt("watches on files, of which there are few for all sandboxes", kernel(294, 0))
    attempt("watches on files by fanotify", kernel(300, 0x200, 0))
    attempt("a kernel key", kernel(248, b"user", b"attest", b"x", 1, -4))
    attempt("a module of the kernel", kernel(313, -1, b"", 0))
    attempt("another kernel", kernel(246, 0, 0, None, 0))
    attempt("a new mount by fsopen", kernel(430, b"tmpfs", 0))
    attempt("the tree of mounts, copied", kernel(428, -100, b"/", 1))
    attempt("quotas", kernel(179, 0x80000100, b"/", 0, None))
    attempt("accounting", kernel(163, b"/tmp/acct"))
    attempt("swap", kernel(167, b"/tmp/swap", 0))
    attempt("the host's name", kernel(170, b"attest", 6))
    attempt("restarting the machine", kernel(169, 0, 0, 0, None))  # with wrong keys it can only be refused
    attempt("ports", kernel(173, 0x80, 1, 1))
