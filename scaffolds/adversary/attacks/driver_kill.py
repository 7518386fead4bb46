"""Ends, halts or starves the driver and everything else."""

import ctypes
import resource
import signal

LIBC = ctypes.CDLL(None, use_errno=True)


def state():
    """Process 1, as the kernel sees it."""
    return re.search(r"State:\t(\w)", read("/proc/1/status").decode()).group(1)


def signals():
    """Every signal there is."""
    for number in range(1, 65):
        try:
            os.kill(1, number)
        except OSError:
            pass
    time.sleep(0.2)
    return f"process 1 is {state()}" if state() in "TtZX" else ""


def threads():
    """Every signal to each of its threads."""
    for name in os.listdir("/proc/1/task"):
        for number in (9, 11, 6, 19, 15, 33, 34):
            LIBC.syscall(234, 1, int(name), number)  # tgkill
            LIBC.syscall(200, int(name), number)  # tkill
    time.sleep(0.2)
    return f"process 1 is {state()}" if state() in "TtZX" else ""


def limits():
    """Its limits."""
    done = []
    for name in ("NOFILE", "AS", "CPU", "NPROC", "FSIZE", "DATA", "STACK"):
        try:
            resource.prlimit(1, getattr(resource, f"RLIMIT_{name}"), (0, 0))
            done.append(name)
        except OSError:
            pass
    return done


def knobs():
    """Its knobs in /proc."""
    done = []
    for name, text in (("oom_score_adj", b"1000"), ("coredump_filter", b"0"), ("clear_refs", b"1"), ("mem", b"x"),
                       ("timens_offsets", b"x"), ("comm", b"x"), ("autogroup", b"19"), ("attr/current", b"x")):  # fmt: skip
        try:
            handle = os.open(f"/proc/1/{name}", os.O_WRONLY)
            os.write(handle, text)
            done.append(name)
        except OSError:
            pass
    return done


def pace():
    """As little processor time as can be given: it may be slow then, at the agent's own cost."""
    done = []
    for what, act in {
        "priority": lambda: os.setpriority(os.PRIO_PROCESS, 1, 19),
        "idle class": lambda: os.sched_setscheduler(1, os.SCHED_IDLE, os.sched_param(0)),
        "one core": lambda: os.sched_setaffinity(1, [next(iter(os.sched_getaffinity(0)))]),
    }.items():
        try:
            act()
            done.append(what)
        except OSError:
            pass
    print(f"slowed process 1 by {done}")
    return ""


def everything():
    """Everybody else, thrice; a process that is told so is not among them."""
    for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(-1, number)
        except OSError:
            pass
        time.sleep(0.1)
    return ""


def descriptors():
    """All of its own, and those of nobody else; then output again."""
    copies = os.dup(1)
    os.closerange(3, copies)
    return ""


attempt("every signal to process 1", signals)
attempt("every signal to its threads", threads)
attempt("limits of process 1", limits)
attempt("knobs of process 1", knobs)
attempt("slowing process 1", pace)
attempt("ending everybody", everything)
attempt("closing what was inherited", descriptors)
