"""A cell that runs, by what its kernel says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.driver.jupyter import Message


class Cell:
    """How far a cell has come."""

    def __init__(self, number: int, request: str) -> None:
        """Begin.

        Args:
            number: the driver's.
            request: identifier by which the kernel's messages name it.
        """
        self.number = number
        self.status: str | None = None
        self.leaves = False
        """The kernel has announced its end."""
        self._request = request
        self._idle = False

    def take(self, message: Message) -> None:
        """Note what a message says about the state of the cell."""
        if message["parent_header"].get("msg_id") != self._request:
            return
        kind, content = message["header"].get("msg_type"), message["content"]
        if kind == "status":
            self._idle = self._idle or content.get("execution_state") == "idle"
        elif kind == "execute_reply":
            self.status = "ok" if content.get("status") == "ok" else "error"
            self.leaves = "ask_exit" in str(content.get("payload"))

    def ends(self) -> bool:
        """Say whether either the answer or the end of all output has come."""
        return self._idle or self.status is not None

    def done(self) -> bool:
        """Say whether both the answer and all output have come."""
        return self._idle and self.status is not None
