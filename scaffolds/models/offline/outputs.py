"""What the output of a script says: its score, what it wrote, what went wrong."""

import math
import re
from dataclasses import dataclass

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?(?:nan|inf)"
# The scripts of this package end in `validation <metric>: <value>`; others' say much the same in other words.
_SCORE = re.compile(
    rf"^[^:=\n]{{0,80}}?(?:validation|score|metric)\b([^:=\n]{{0,80}})[:=]\s*({_NUMBER})\s*$", re.I | re.M
)
_FOLD = re.compile(rf"^fold \d+: ({_NUMBER})\s*$", re.M)
_WROTE = re.compile(r"^wrote (.+) \(\d+ rows\)\s*$", re.M)
_EXCEPTION = re.compile(r"^((?:\w+\.)*\w*(?:Error|Exception|Interrupt|Exit))(?::[ \t]*(.*))?$", re.M)
# Only where a runner speaks, at the end: a script may well print these words itself.
_TIMEOUT = re.compile(r"\btimed? ?out\b|\btime limit\b", re.I)
_KILLED = re.compile(r"\bkilled\b|\bSIGKILL\b|\bout of memory\b|\bexit (?:code|status) (?:137|-9)\b", re.I)
_LAST_LINES = 6
# A scaffold's own check is marked; of other lines about the submission only those that complain count.
_CHECKED = "[submission check]"
_NO_FILE = re.compile(r"no submission|not found|no such|no file|not exist|not (?:been )?written", re.I)
_BAD_FILE = re.compile(r"invalid|not valid|malformed|rejected|not well-formed|missing|unexpected", re.I)

_KINDS: tuple[tuple[str, str], ...] = (
    (r"TimeoutError|KeyboardInterrupt", "timeout"),
    (r"\w*MemoryError", "killed"),
    (r"NameError|ImportError|ModuleNotFoundError", "missing_name"),
    (r"KeyError", "missing_column"),
    (r"ValueError: .*(?:NaN|infinity|missing values)", "missing_values"),
    (r"(?:ValueError|IndexError): .*(?:inconsistent|shape|broadcast|length|out of bounds)", "wrong_shape"),
    (r"AttributeError|TypeError", "wrong_call"),
)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that went wrong: a kind to act on, and the words of the output."""

    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What an output says."""

    score: float | None
    metric: str
    folds: tuple[float, ...]
    wrote: tuple[str, ...]
    fault: Fault | None


def read_output(text: str) -> Findings:
    """What `text`, the output of one run, says; the first of several faults is the one that counts."""
    scores = _SCORE.findall(text)
    score = float(scores[-1][1]) if scores else math.nan
    fault = _stopped(text) or _raised(text) or _file(text)
    if fault is None and not math.isfinite(score):
        fault = Fault("no_score", "the output ends without a validation score")
    return Findings(
        score=score if math.isfinite(score) else None,
        metric=scores[-1][0].strip(" `*") if scores else "",
        folds=tuple(float(value) for value in _FOLD.findall(text)),
        wrote=tuple(_WROTE.findall(text)),
        fault=fault,
    )


def _stopped(text: str) -> Fault | None:
    last = [line.strip() for line in text.strip().splitlines()[-_LAST_LINES:]]
    for line in last:
        if _TIMEOUT.search(line):
            return Fault("timeout", line)
        if _KILLED.search(line) and not _EXCEPTION.match(line):
            return Fault("killed", line)
    return None


def _raised(text: str) -> Fault | None:
    found = list(_EXCEPTION.finditer(text))
    if not found and "Traceback (most recent call last)" not in text:
        return None
    message = found[-1][0].strip() if found else "a traceback without its last line"
    for pattern, kind in _KINDS:
        if re.match(rf"(?:\w+\.)*(?:{pattern})", message):
            return Fault(kind, message)
    return Fault("error", message)


def _file(text: str) -> Fault | None:
    for line in text.splitlines():
        if "submission" not in line.lower() or _WROTE.match(line):
            continue
        if _NO_FILE.search(line):
            return Fault("no_submission", line.removeprefix(_CHECKED).strip())
        if _BAD_FILE.search(line) or line.startswith(_CHECKED):
            return Fault("bad_submission", line.removeprefix(_CHECKED).strip())
    return None
