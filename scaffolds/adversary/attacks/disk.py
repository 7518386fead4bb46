"""Fills disks: huge files, sparse files, very many files, files of shared memory."""

import shutil
import signal

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def huge():
    """A file larger than all the room there may be."""
    with open("/tmp/huge", "wb") as file:
        file.truncate(300 << 30)
    return "a file of 300 GiB"


def shared():
    """Shared memory, which may count for nobody."""
    total = 0
    with open("/dev/shm/fill", "wb") as file:
        while total < 6 << 30:
            file.write(b"\1" * (1 << 24))
            total += 1 << 24
    return "6 GiB of shared memory, beyond the limit of memory"


def many():
    """Files without content."""
    os.makedirs("/tmp/many", exist_ok=True)
    for number in range(5000):
        os.close(os.open(f"/tmp/many/{number}", os.O_CREAT | os.O_WRONLY))
    return ""


def sparse():
    """A file of 40 GiB that takes no room, where files are copied from."""
    with open("/home/code/sparse.bin", "wb") as file:
        file.truncate(40 << 30)
    return ""


def nested():
    """Folders within folders, deeper than a path can be long."""
    os.makedirs("/home/code/nest", exist_ok=True)
    os.chdir("/home/code/nest")
    for _ in range(1500):
        os.mkdir("nested")
        os.chdir("nested")
    return ""


claim("filling disks", False, "begun")
attempt("a file beyond all room", huge)
attempt("many files", many)
attempt("a file of holes", sparse)
attempt("folders without end", nested)
if os.access("/dev/shm", os.W_OK):
    attempt("shared memory", shared)
    try:
        os.unlink("/dev/shm/fill")
    except OSError:
        pass
shutil.rmtree("/tmp/many", ignore_errors=True)
