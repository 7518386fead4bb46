"""The driver's answers as results; one that does not hold what it must is a `FrameError`."""

from sandbox.driver import frames
from sandbox.results import Captured, Edited, Ended, Entry, Execution, Image, Job
from sandbox.text import printable
from sandbox.wire import Answer

_IMAGES = 16


def execution(answer: Answer, wall_s: float) -> Execution:
    """Read how a command, script or cell ended; `wall_s` is what the host measured."""
    header = answer.header
    totals, paths, mimes = header.integers("totals"), header.texts("paths"), header.texts("mimes")
    streams, images = answer.chunks[: 2 * len(totals)], answer.chunks[2 * len(totals) :]
    if len(paths) != len(totals) or len(streams) != 2 * len(totals) or len(images) != len(mimes):
        raise frames.FrameError("an execution whose parts do not fit together")
    if not 1 <= len(totals) <= 2 or len(images) > _IMAGES:
        raise frames.FrameError("an execution with too many parts")
    captured = [
        Captured(streams[2 * number], streams[2 * number + 1], total, printable(path))
        for number, (total, path) in enumerate(zip(totals, paths, strict=True))
    ]
    return Execution(
        ended=_ended(header.text("ended")),
        exit_code=_code(header),
        stdout=captured[0],
        stderr=captured[1] if len(captured) > 1 else Captured(),
        wall_s=wall_s,
        cpu_s=header.number("cpu_s"),
        peak_mb=header.number("peak_mb"),
        cwd=printable(header.text("cwd")),
        notes=_notes(header),
        images=tuple(Image(printable(mime), data) for mime, data in zip(mimes, images, strict=True)),
    )


def job(answer: Answer) -> Job:
    """Read the state of a job."""
    header = answer.header
    if len(answer.chunks) != 2:
        raise frames.FrameError("a job without its output")
    head, tail = answer.chunks
    log = printable(header.text("log"))
    return Job(
        number=header.integer("job"),
        running=header.flag("running"),
        ended=None if header.flag("running") else _ended(header.text("ended")),
        exit_code=_code(header),
        output=Captured(head, tail, header.integer("total"), log),
        log=log,
        wall_s=header.number("wall_s"),
        notes=_notes(header),
    )


def edited(answer: Answer) -> Edited:
    """Read what an edit made of a file."""
    window = b"".join(answer.chunks).decode(errors="replace")
    return Edited(window, printable(answer.header.text("lint")), answer.header.flag("gone"))


def entries(answer: Answer) -> tuple[Entry, ...]:
    """Read the rows of a listing."""
    rows = b"".join(answer.chunks).decode(errors="replace").split("\0")
    return tuple(_entry(row) for row in rows if row)


def _ended(word: str) -> Ended:
    if word not in ("exit", "signal", "timeout"):
        raise frames.FrameError("an end that is none")
    return word


def _code(header: frames.Header) -> int | None:
    return header.integer("code", -64, 255) if "code" in header else None


def _notes(header: frames.Header) -> tuple[str, ...]:
    return tuple(map(printable, header.texts("notes")))


def _entry(row: str) -> Entry:
    kind, _, rest = row.partition(" ")
    size, _, path = rest.partition(" ")
    if kind not in ("file", "dir", "link", "other") or not size.isdecimal() or len(size) > 19 or not path:
        raise frames.FrameError("a row that is not one of a listing")
    return Entry(path, kind, int(size))
