"""The validation server's HTTP: `POST /validate` with a multipart field `file`, and `GET /health`.

The answer is JSON, `{"result": words, "valid": true or false, "code": kind of fault}`; clients that
accept only text/plain get the words.
"""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Generator, Mapping
from email.parser import BytesHeaderParser
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, cast

from sandbox.driver.loop import HostGone

if TYPE_CHECKING:
    from socketserver import BaseServer

    from sandbox.driver.relay import Relay

_IDLE_S = 30.0
_BODY_S = 120.0
"""For a whole submission: others wait while it comes."""
_AROUND = 64 * 1024
"""Bytes of a multipart body around the file."""
_HEADERS = 8 * 1024
"""Bytes of headers that are parsed for one request: Python's parser takes time by the square of theirs."""
_BOUNDARY = 70
"""Characters (RFC 2046, section 5.1.1)."""
_PIECE = 1024 * 1024
_DRAINED = 1024 * 1024 * 1024
"""Bytes that are read, and dropped, after a refusal."""

_NO_FIELD = (
    f"There is no multipart field 'file' in the request, or not in the first {_HEADERS} bytes of headers."
)


def converse(connection: socket.socket, relay: Relay) -> None:
    """Serve one connection to its end."""
    connection.settimeout(_IDLE_S)
    with contextlib.suppress(OSError, HostGone):  # a client that went away, or the host did
        _Handler(connection, ("127.0.0.1", 0), cast("BaseServer", relay))


class _Problem(Exception):
    def __init__(self, status: HTTPStatus, words: str) -> None:
        super().__init__(words)
        self.status = status


_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError)
"""What Python's parser raises at headers that are none."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "validation"
    sys_version = ""

    def handle_one_request(self) -> None:
        """Answer one request; one whose headers cannot be read, too."""
        try:
            super().handle_one_request()
        except _UNREADABLE:
            self.close_connection = True
            self.send_error(HTTPStatus.BAD_REQUEST)

    def do_GET(self) -> None:
        """Say that the server is there."""
        if self.path == "/health":
            self._answer(HTTPStatus.OK, {"status": "running"}, "running")
        else:
            self._fail(_Problem(HTTPStatus.NOT_FOUND, "There are POST /validate and GET /health."))

    def do_POST(self) -> None:
        """Judge a submission."""
        relay = cast("Relay", self.server)
        try:
            with relay.room:
                submission = self._submission(relay.max_bytes)
                with relay.turn:
                    verdict = relay.judge(submission)
        except _Problem as problem:
            self._fail(problem)
            return
        fields = {"result": verdict.message, "valid": verdict.valid, "code": verdict.code}
        self._answer(HTTPStatus.OK, fields, verdict.message, valid=verdict.valid)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _submission(self, most: int) -> memoryview:
        if self.path != "/validate":
            raise _Problem(HTTPStatus.NOT_FOUND, "There are POST /validate and GET /health.")
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or len(length) > 18:
            raise _Problem(HTTPStatus.LENGTH_REQUIRED, "The request must say its Content-Length.")
        boundary = self._boundary()
        if boundary is None:
            raise _Problem(HTTPStatus.BAD_REQUEST, "Send a multipart/form-data field 'file'.")
        if int(length) > most + _AROUND:
            raise _Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A submission has at most {most} bytes.")
        body = bytearray()
        for piece in self._pieces(int(length), _BODY_S):
            body += piece
        if len(body) < int(length):
            raise _Problem(HTTPStatus.REQUEST_TIMEOUT, f"A submission has to come within {_BODY_S:g} s.")
        found = field(body, boundary.encode(errors="replace"), "file")
        if found is None:
            raise _Problem(HTTPStatus.BAD_REQUEST, _NO_FIELD)
        if len(found) > most:
            raise _Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A submission has at most {most} bytes.")
        return found

    def _boundary(self) -> str | None:
        """What lies between the parts of a form; None where the body is no form."""
        if len(self.headers.get("Content-Type", "")) > _HEADERS:
            return None
        boundary = self.headers.get_boundary()
        if self.headers.get_content_type() != "multipart/form-data" or not boundary:
            return None
        return boundary if len(boundary) <= _BOUNDARY else None

    def _fail(self, problem: _Problem) -> None:
        self.close_connection = True
        words = str(problem)
        code = "TOO_BIG" if problem.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else "REQUEST"
        self._answer(problem.status, {"result": words, "valid": False, "code": code}, words, valid=False)
        # To close a connection on unread bytes is to reset it, and the client loses the answer.
        for _ in self._pieces(_DRAINED, _IDLE_S):
            pass

    def _pieces(self, size: int, seconds: float) -> Generator[bytes]:
        """What comes of the next `size` bytes within so many seconds."""
        until = time.monotonic() + seconds
        while size > 0 and (left := until - time.monotonic()) > 0:
            self.connection.settimeout(min(left, _IDLE_S))
            piece = self.rfile.read1(min(size, _PIECE))
            if not piece:
                break
            size -= len(piece)
            yield piece
        self.connection.settimeout(_IDLE_S)

    def _answer(
        self, status: HTTPStatus, fields: Mapping[str, object], words: str, *, valid: bool | None = None
    ) -> None:
        plain = self.headers.get("Accept", "").strip() == "text/plain"
        content = f"{words}\n".encode() if plain else json.dumps(fields).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8" if plain else "application/json")
        self.send_header("Content-Length", str(len(content)))
        if valid is not None:
            self.send_header("X-Submission-Valid", "yes" if valid else "no")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)


def field(body: bytes | bytearray, boundary: bytes, name: str) -> memoryview | None:
    """Return the content of a field of a multipart body.

    None where it has no such field, or one behind more headers than a form has: 8 KB in all its parts.
    """
    mark, left = b"--" + boundary, _HEADERS
    start = body.find(mark)
    while start >= 0:
        head = start + len(mark)
        end = body.find(b"\r\n" + mark, head)
        # The line break before the next part may be the empty line's own.
        blank = body.find(b"\r\n\r\n", head, min(end + 4, head + left))
        if blank < 0 or end < 0:
            return None
        headers = BytesHeaderParser().parsebytes(bytes(body[head + 2 : blank + 4]))
        if headers.get_param("name", header="Content-Disposition") == name:
            return memoryview(body)[min(blank + 4, end) : end]
        left -= blank + 4 - head
        start = end + 2
    return None
