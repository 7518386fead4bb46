"""A server that speaks the part of Kaggle's API which the kaggle package calls for data and leaderboards, and
its faults."""

import json
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

Team = dict[str, Any]
"""One row of a leaderboard, as Kaggle names its fields."""
TOKEN = "KGAT_right"
ETAG = '"the-same-file"'


class KaggleServer(ThreadingHTTPServer):
    """Serves one archive and one leaderboard for each competition that it knows."""

    daemon_threads = True

    def __init__(self, archives: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.archives = archives
        self.boards: dict[str, Sequence[Team]] = {}
        """The teams of each leaderboard, best first."""
        self.most_teams = 200
        """How many teams a page of a leaderboard has at most."""
        self.odd_board: bytes | None = None
        """What is sent instead of a page of a leaderboard."""
        self.good_pages = 0
        """How many pages of a leaderboard are sent before a fault shows."""
        self.refuse: tuple[int, dict[str, str]] | None = None
        """The status and headers with which the data are refused."""
        self.sign_in: int | None = None
        """The status with which the sign-in is refused."""
        self.cuts = 0
        """How many of the next transfers break off in the middle."""
        self.announced: int | None = None
        """The size that the server claims, if not the true one."""
        self.ranges: list[str | None] = []
        """The range that each transfer asked for."""
        self.asked: list[str] = []
        """The path of every request."""
        self.pages: list[dict[str, Any]] = []
        """What every request for a page of a leaderboard asked for."""

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up, as one does that finds its disk too small, is nothing to report."""
        if not isinstance(sys.exception(), ConnectionError):
            raise AssertionError("the server failed")

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: KaggleServer  # pyright: ignore[reportIncompatibleVariableOverride] - no other server makes one
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.server.asked.append(self.path)
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.endswith("/security.OAuthService/IntrospectToken") and self.server.sign_in is not None:
            self._json(self.server.sign_in, {"code": self.server.sign_in, "message": "refused"})
        elif self.path.endswith("/security.OAuthService/IntrospectToken"):
            self._json(200, {"active": request["token"] == TOKEN, "username": "someone"})
        elif self.headers["Authorization"] != f"Bearer {TOKEN}":
            self._json(401, {"code": 401, "message": "Unauthenticated"})
        elif self.path.endswith("/competitions.CompetitionApiService/GetLeaderboard"):
            self._page(request)
        elif self.server.refuse is not None:
            status, headers = self.server.refuse
            self._json(status, {"code": status, "message": "refused"}, headers)
        elif request["competitionName"] not in self.server.archives:
            self._json(404, {"code": 404, "message": "Not found"})
        else:
            place = f"{self.server.endpoint}/files/{request['competitionName']}.zip?signed=yes"
            self._json(302, {}, {"Location": place})

    def _page(self, request: dict[str, Any]) -> None:
        """A page of a leaderboard, or the fault that is due."""
        server, name = self.server, request["competitionName"]
        server.pages.append(request)
        faulty = len(server.pages) > server.good_pages
        if server.refuse is not None and faulty:
            status, headers = server.refuse
            self._json(status, {"code": status, "message": "refused\x1b[2J"}, headers)
        elif name not in server.boards:
            self._json(404, {"code": 404, "message": "Not found"})
        elif server.odd_board is not None and faulty:
            self._send(200, server.odd_board)
        else:
            start = int(request.get("pageToken", "after-0").removeprefix("after-"))
            end = start + min(request.get("pageSize", 20), server.most_teams)
            more = {"nextPageToken": f"after-{end}"} if end < len(server.boards[name]) else {}
            content = json.dumps({"submissions": server.boards[name][start:end], **more}).encode()
            self._send(200, content, cut=faulty and server.cuts > 0)

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        content = self.server.archives[self.path.split("/")[-1].split(".zip")[0]]
        wanted = self.headers.get("Range")
        self.server.ranges.append(wanted)
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Type", "application/zip")
        self.send_header("Content-Length", str(self.server.announced or len(content) - start))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", ETAG)
        self.send_header("Last-Modified", "Tue, 01 Oct 2024 00:00:00 GMT")
        self.end_headers()
        body = content[start:]
        if self.server.cuts > 0:
            self.server.cuts -= 1
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        else:
            self.wfile.write(body)

    def _json(self, status: int, value: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        self._send(status, json.dumps(value).encode(), headers)

    def _send(
        self, status: int, content: bytes, headers: dict[str, str] | None = None, *, cut: bool = False
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if cut else content)
        self.close_connection = cut

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@contextmanager
def serving(archives: dict[str, bytes]) -> Generator[KaggleServer]:
    """A server as long as the block lasts."""
    server = KaggleServer(archives)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
