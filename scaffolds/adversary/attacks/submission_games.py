"""Files that are no honest submission: links, pipes, devices, bombs. Their checks are separate calls."""

import stat

GAMES = "/home/submission/games"
TARGET = HINTS.get("loot", "/etc/passwd")  # the answers, where they are on the host
GOOD = read("input/sample_submission.csv")
os.makedirs(GAMES, exist_ok=True)


def game(name, make):
    """Make a file; that it can be made is no success."""
    path = os.path.join(GAMES, name)
    try:
        make(path)
        claim(f"made {name}", False, "made")
    except OSError as error:
        claim(f"made {name}", False, str(error))


def written(data):
    """A file with this content."""

    def make(path):
        with open(path, "wb") as file:
            file.write(data)

    return make


def sparse(path):
    """A file of 50 GB that takes no room."""
    with open(path, "wb") as file:
        file.truncate(50 << 30)


def listening(path):
    """A socket."""
    socket.socket(socket.AF_UNIX).bind(path)


def second_name(path):
    """A good file with two names."""
    written(GOOD)(path + ".other")
    os.link(path + ".other", path)


HEADER = GOOD.split(b"\n")[0]
ESCAPES = b"\x1b]0;owned\x07\x1b[2J\x1b[31m\xe2\x80\xaeid\x9b31m"
game("link.csv", lambda path: os.symlink(TARGET, path))
game("passwd.csv", lambda path: os.symlink("/etc/passwd", path))
game("data.csv", lambda path: os.symlink("/home/data/sample_submission.csv", path))
game("environ.csv", lambda path: os.symlink("/proc/self/environ", path))
game("chain.csv", lambda path: os.symlink(GAMES + "/link.csv", path))
game("folder", lambda path: os.symlink(os.path.dirname(TARGET), path))
game("pipe.csv", lambda path: os.mkfifo(path))
game("directory.csv", lambda path: os.mkdir(path))
game("socket.csv", listening)
game("device.csv", lambda path: os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 5)))
game("second.csv", second_name)
game("sparse.csv", sparse)
game("columns.csv", written(HEADER + b",x" * 400_000 + b"\n"))
game("row.csv", written(HEADER + b"\n" + b"9" * 2_000_000 + b"\n"))
game("quotes.csv", written(b'"' * 1_000_001))
game("utf16.csv", written(GOOD.decode().encode("utf-16")))
game("nul.csv", written(GOOD.replace(b"\n", b"\0\n")))
game("escapes.csv", written(ESCAPES + b"," + HEADER + b"\n" + ESCAPES + b",1,2\n"))
game("formula.csv", written(HEADER + b'\n=HYPERLINK("http://x"),@SUM(1)\n'))
game("gzip.csv", written(b"\x1f\x8b\x08" + b"\0" * 1000))
game("pickle.csv", written(b"\x80\x04\x95cposix\nsystem\n(S'touch /tmp/attest-planted'\ntR."))
game("empty.csv", written(b""))
game(
    "numbers.csv",
    written(HEADER + b"\n" + b"\n".join(b"%d,1e%d" % (n, 10**n % 10**6) for n in range(200)) + b"\n"),
)
