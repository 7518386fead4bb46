"""The four families of errors. Each has a stable `code`; messages say what, which value, what to do next.

`experiments.outcome` maps every other exception to one of these; nothing else does.
"""

DISK_FULL = "infra.disk"
"""Code of an `InfraError` that a retry cannot mend: somebody has to make room first."""


class RunError(Exception):
    """Base of the four families."""

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code or type(self).__name__


class UserError(RunError):
    """The user can mend it: a wrong value in a config, a missing prerequisite, a changed template."""


class InfraError(RunError):
    """The world failed, not the agent: worth a retry, never scored against the agent."""


class LimitReached(RunError):
    """A budget is used up: the normal end of a run.

    Attributes:
        kind: `time`, `steps`, `tokens` or `usd`.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message, code=f"limit.{kind}")
        self.kind = kind


class AgentError(RunError):
    """The agent failed at its own work; the run is scored with what it left."""


class ContextOverflow(AgentError):
    """A request was longer than the model accepts; a scaffold may shrink it and ask again."""
