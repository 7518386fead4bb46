"""The host's end of the validation server: uploads come in pieces, verdicts go back."""

import threading
from collections.abc import Callable

from sandbox.driver import frames
from sandbox.protocols import Validator, Verdict
from sandbox.text import printable

_MAX_MESSAGE = 4000
_MAX_CODE = 40


class Desk:
    """Takes one upload at a time from a driver and has it checked in a thread of its own."""

    def __init__(self, validator: Validator, send: Callable[[bytes], None]) -> None:
        """Prepare.

        Args:
            validator: what judges.
            send: takes the frame of a verdict; called from another thread.
        """
        self._validator = validator
        self._send = send
        self._ticket: int | None = None
        self._upload = bytearray()
        self._lock = threading.Lock()
        self.fault: Exception | None = None
        """What went wrong in a check; the agent was told INTERNAL."""

    def take(self, header: frames.Header, piece: bytes) -> None:
        """Take the next piece of an upload; the last one is followed by a verdict.

        Raises:
            FrameError: it is out of order, or the whole is larger than the driver may pass on.
        """
        ticket = header.integer("ticket")
        if self._ticket is None:
            if not self._lock.acquire(blocking=False):
                raise frames.FrameError("an upload before the verdict on the last one")
            self._ticket = ticket
        if ticket != self._ticket or len(self._upload) + len(piece) > self._validator.max_bytes:
            raise frames.FrameError("an upload that the driver should have refused")
        self._upload += piece
        if not header.flag("more"):
            data, self._upload, self._ticket = bytes(self._upload), bytearray(), None
            name = f"validation-{ticket}"
            threading.Thread(target=self._check, args=(ticket, data), name=name, daemon=True).start()

    def _check(self, ticket: int, data: bytes) -> None:
        fields: dict[str, object] = {
            "valid": False,
            "code": "INTERNAL",
            "message": "The check failed.",
        }
        try:
            fields = _fields(self._validator.check(data))
        except Exception as error:  # noqa: BLE001 - raised in the caller's thread by the next call
            self.fault = error
        self._lock.release()
        self._send(frames.encode({"notice": "verdict", "ticket": ticket, **fields}))


def _fields(verdict: Verdict) -> dict[str, object]:
    code, message = printable(verdict.code)[:_MAX_CODE], printable(verdict.message)[:_MAX_MESSAGE]
    return {"valid": verdict.valid, "code": code, "message": message}
