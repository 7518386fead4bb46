"""The one place that maps every exception to its family.

`user`: the user can mend it. `infra`: the world or this program failed; retried, never scored against
the agent. `limit`: a budget is used up, the normal end. `agent`: the agent failed; scored.
"""

import errno
import sysconfig
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmark.errors import BenchmarkError, GuardError
from sandbox.errors import SandboxError, SandboxUnavailable
from scaffolds.errors import AgentError, InfraError, LimitReached, UserError

Family = Literal["user", "infra", "limit", "agent"]

_PROJECT = Path(__file__).parent.parent
_OURS = tuple(
    str(_PROJECT / part)
    for part in ("experiments", "sandbox", "benchmark", "scaffolds/runtime", "scaffolds/models")
)

_PATHS = frozenset({errno.ENOTDIR, errno.EISDIR, errno.EACCES, errno.EROFS, errno.ENAMETOOLONG, errno.ELOOP})
"""What is wrong with a path will be wrong with it in a minute, too: no retry mends it."""

_LIBRARIES = tuple(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))


@dataclass(frozen=True, slots=True)
class Failure:
    """An exception, understood."""

    family: Family
    code: str
    message: str
    bug: bool = False
    """Nobody foresaw it: the traceback is worth showing."""


def classify(error: BaseException) -> Failure:
    """The family of any exception."""
    match error:
        case LimitReached():
            return Failure("limit", error.code, str(error))
        case UserError():
            return Failure("user", error.code, str(error))
        case InfraError():
            return Failure("infra", error.code, str(error))
        case AgentError():
            return Failure("agent", error.code, str(error))
        case SandboxUnavailable():
            return Failure("user", "sandbox.unavailable", str(error))
        case SandboxError() | GuardError():
            return Failure("infra", type(error).__name__, str(error))
        case BenchmarkError():
            return Failure("user", type(error).__name__, str(error))
        case OSError() if error.errno in _PATHS and error.filename and _raised_by_us(error):
            what = f"cannot use {error.filename!r}: {error.strerror}"
            return Failure("user", "path", f"{what}. Name another path, or mend this one and its rights")
        case OSError():
            where = f" ({error.filename})" if error.filename else ""
            said = f"{error.strerror or error}{where}"
            return Failure("infra", "infra.os", said, bug=not _raised_by_us(error))
        case _:
            family: Family = "infra" if _raised_by_us(error) else "agent"
            return Failure(
                family, f"bug.{type(error).__name__}", f"{type(error).__name__}: {error}", bug=True
            )


def _raised_by_us(error: BaseException) -> bool:
    """Whether the innermost frame that is no library's belongs to the framework, not to a scaffold."""
    files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    own = [name for name in files if not name.startswith(_LIBRARIES) and not name.startswith("<")]
    return not own or own[-1].startswith(_OURS)
