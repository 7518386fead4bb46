"""One lane's way through the log: what is recorded is handed out, what is new is appended."""

import hashlib
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import orjson

from sandbox.text import printable
from scaffolds.errors import ContextOverflow, LimitReached
from scaffolds.run import Left
from scaffolds.runtime import events as ev
from scaffolds.runtime.events import Event
from scaffolds.runtime.journal import Recorded
from scaffolds.runtime.ledger import Spent, refuse_exhausted
from scaffolds.runtime.log import field_of
from scaffolds.runtime.session import RunClosed, Session

Explain = Callable[[Event], str]

_REASON_CHARS = 200
_REASON_WIDE_CHARS = 120


class Lane:
    """The places of one lane's effects, numbered from 0, and the budget as the lane last knew it."""

    def __init__(self, session: Session, name: str) -> None:
        self.session = session
        self.name = name
        self.step = 0
        """The step that the lane works on, stamped on its events."""
        self._next = 0
        self._seen: list[float] = Spent().record()

    def place(self) -> int:
        """The ordinal of the next effect."""
        n, self._next = self._next, self._next + 1
        return n

    def left(self) -> Left:
        """What the budgets held at the lane's last recorded answer."""
        return Spent.parse(self._seen).left(self.session.world.limits)

    def take(self, n: int, kind: str, digest: str, explain: Explain) -> Recorded | None:
        """What the log holds for this place; raises `ReplayMismatch` when it is something else."""
        return self.session.journal.take(self.name, n, kind, digest, explain)

    def replayed(self, answer: Event) -> dict[str, Any]:
        """The fields of a recorded answer; raises what it raised the first time."""
        self.replayed_reading(answer.data)
        if answer.type == ev.LIMIT:
            raise LimitReached(answer.data["kind"], answer.data["message"])
        fields = self.fields(answer)
        if answer.type == ev.MODEL_ERROR:
            raise ContextOverflow(fields["message"], code=fields["code"])
        return fields

    def replayed_reading(self, data: Mapping[str, Any]) -> None:
        """Know of the ledger again what the lane knew when this was written."""
        if spent := data.get("spent"):
            self._seen = spent

    def fields(self, event: Event) -> dict[str, Any]:
        """All fields of an event, wherever they are kept."""
        if not event.blobs:
            return event.data
        blobs = self.session.log.blobs
        return event.data | {name: field_of(event, name, blobs) for name in event.blobs}

    def admit(self, n: int, digest: str, *, step: bool = False, usd: float | None = None) -> None:
        """Allow the effect at this place to happen for real.

        Args:
            n: the place.
            digest: of the effect.
            step: whether a step begins.
            usd: dollars that a model call may cost, which are reserved; None where no model is asked.

        Raises:
            LimitReached: a budget is used up; recorded, so that a replay stops here too.
        """
        self.session.go_live()
        try:
            refuse_exhausted(self.session.ledger.left(), step=step, asks=usd is not None)
            self.session.ledger.reserve(usd or 0.0)
        except LimitReached as limit:
            self.answer(ev.LIMIT, n, {"kind": limit.kind, "message": str(limit)}, digest=digest)
            raise

    def answer(
        self, kind: str, n: int, data: dict[str, Any], *, digest: str | None = None, sync: bool = True
    ) -> None:
        """Append the answer of a place, with the ledger's reading beside it."""
        spent = self.session.ledger.read().record()
        self.append(kind, {**data, "spent": spent}, n, digest)
        self._seen = spent
        if sync:
            self.session.log.sync()

    def append(
        self,
        kind: str,
        data: dict[str, Any],
        n: int | None = None,
        digest: str | None = None,
        blobs: dict[str, Any] | None = None,
    ) -> Event:
        """Append an event of this lane."""
        self.session.refuse_late(self.name)
        return self.session.log.append(
            kind, data, lane=self.name, n=n, step=self.step, digest=digest, blobs=blobs
        )

    @contextmanager
    def waiting(self, reason: str) -> Generator[None]:
        """See `ModelRequest.waiting`: a provider wait of this lane, written where others can see it."""
        try:
            with self.session.ledger.waiting(self.name) as paused:
                self._tell(ev.WAIT_START, {"reason": _reason(reason), "paused": paused})
                yield
        finally:
            self._tell(ev.WAIT_END, {})

    def _tell(self, kind: str, data: dict[str, Any]) -> None:
        """Append what no replay looks for; left out where the lane comes too late to say anything."""
        with suppress(RunClosed):
            self.append(kind, {**data, "spent": self.session.ledger.read().record()})

    def record(self, kind: str, data: Mapping[str, Any]) -> None:
        """Append something that the scaffold says; on a replay, check that it says the same again."""
        n, digest = self.place(), digest_of(kind, data)
        if self.take(n, kind, digest, lambda event: explain_fields(self.fields(event), data)) is None:
            self.session.go_live()
            self.append(kind, dict(data), n, digest)


def digest_of(kind: str, data: Mapping[str, Any]) -> str:
    """A hash by which a replay recognises a request."""
    return hashlib.sha256(orjson.dumps([kind, data])).hexdigest()[:16]


def explain_fields(recorded: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Which fields differ, a line each."""
    changed = [key for key in {**recorded, **now} if recorded.get(key) != now.get(key)]
    rows = [f"{key}: recorded {_short(recorded.get(key))}, now {_short(now.get(key))}" for key in changed]
    return "\n".join(rows) or "the values are equal but written in another order"


def _reason(text: str) -> str:
    """A provider's words on one line, short enough to stand in the event itself, where followers look."""
    line = printable(" ".join(text[: 4 * _REASON_CHARS].split()))
    return line[: _REASON_CHARS if line.isascii() else _REASON_WIDE_CHARS]


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 200 else text[:200] + "…"
