"""Whether anything that an earlier script started still runs."""

WORD = ("attest-daemon-" + HINTS.get("word", "")).encode()


def left():
    found = []
    for pid in processes():
        try:
            if pid != os.getpid() and WORD in read(f"/proc/{pid}/cmdline"):
                found.append(pid)
        except OSError:
            pass
    return found


attempt("a process of a script that has ended", left)
