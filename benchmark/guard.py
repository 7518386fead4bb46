"""Checks and grades hostile bytes in a child process, so that no file can harm or stall its caller.

The child has a clean environment, no network where the kernel allows it, and limits on memory, processor time
and wall time. A file that breaks it is invalid; a fault of ours is a `GuardError`. The child is the guard's
own, or one of a `benchmark.guard_server.GuardServer`, which saves the imports.
"""

import contextlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from benchmark.contract import MAX_BYTES, SubmissionContract, beyond, too_big
from benchmark.errors import GuardError
from benchmark.grade import Report, grade, make_report
from benchmark.guard_connection import GuardConnection
from benchmark.guard_frames import Broken
from benchmark.guard_process import GuardProcess
from benchmark.verdict import Code, Verdict
from benchmark.versions import find_version

GRACE_SECONDS = 60.0
"""How much longer than the child's own deadline the guard waits before it kills the child: enough to import
scikit-learn on a crowded machine."""
BEYOND_LIMITS = Verdict(
    valid=False,
    code=Code.INTERNAL,
    message="The file could not be read within the limits on time and memory.",
)


@dataclass(frozen=True)
class Limits:
    """What one request may cost."""

    seconds: float = 60.0
    """Wall time, and processor time."""
    memory: int = 4 * 1024**3
    """Bytes of memory that the child may map beyond what its libraries take."""


class Guard:
    """Runs checks and grades in a guarded child; may be used from several threads, one request at a time.

    A context manager. The child starts at the first request, and again should it have died. With the path of
    a server the guard has its child there, and falls back on one of its own should the server be gone.
    """

    def __init__(self, limits: Limits | None = None, server: Path | None = None) -> None:
        self.limits = limits or Limits()
        self.server = server
        self._lock = threading.Lock()
        self._child: GuardProcess | GuardConnection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the child; the next request would start another."""
        with self._lock:
            self._drop()

    @property
    def isolated(self) -> bool:
        """Whether the child is cut off from the network; false before the first request."""
        return self._child is not None and self._child.isolated

    def check(self, data: bytes, contract: SubmissionContract) -> Verdict:
        """The verdict of `benchmark.contract.check`; a file that breaks the child gets the code `INTERNAL`.

        Raises:
            GuardError: The child cannot be started or kept.
        """
        if len(data) > contract.max_bytes:
            # Not worth a journey: the check looks at the size before anything else.
            return too_big(data, contract)
        reply = self._request("check", {"contract": contract.model_dump(mode="json")}, data)
        if reply["status"] != "done":
            return BEYOND_LIMITS
        return Verdict.model_validate_json(str(reply["result"]))

    def grade(
        self,
        data: bytes | None,
        competition_id: str,
        private_dir: Path,
        *,
        submission_path: str = "",
        data_version: int = 1,
    ) -> Report:
        """The report of `benchmark.grade.grade`; a file that breaks the child twice is invalid.

        Raises:
            UnknownCompetition: No competition is called so.
            NoSuchVersion: It has no such data version.
            GuardError: The child cannot be started or kept, or grading failed for a reason of ours.
        """
        competition = find_version(competition_id, data_version)
        if data is None:
            return grade(None, competition, private_dir, submission_path=submission_path)
        if len(data) > MAX_BYTES:
            return make_report(competition, beyond(data, MAX_BYTES), None, submission_path=submission_path)
        params = {
            "competition": competition_id,
            "data_version": data_version,
            "private": str(private_dir.resolve()),
            "submission_path": submission_path,
        }
        reply = self._request("grade", params, data)
        if reply["status"] in ("late", "died"):
            # Once may be the machine's fault; an agent must not lose a grade to a crowded host.
            reply = self._request("grade", params, data)
        if reply["status"] == "failed":
            raise GuardError(f"grading {competition_id!r} failed: {reply['error']}")
        if reply["status"] != "done":
            return make_report(competition, BEYOND_LIMITS, None, submission_path=submission_path)
        return Report.model_validate_json(str(reply["result"]))

    def _request(self, job: str, params: Mapping[str, object], data: bytes) -> Mapping[str, Any]:
        header = {
            "job": job,
            "params": params,
            "seconds": self.limits.seconds,
            "memory": self.limits.memory,
        }
        with self._lock:
            try:
                return self._exchange(self._child or self._open(), header, data)
            except Broken:
                # It had died since the last request, or just now: another one gets the same request once.
                self._drop()
            try:
                return self._exchange(GuardProcess(), header, data)
            except Broken as error:
                self._drop()
                raise GuardError(f"the guarded child died twice ({error})") from error

    def _open(self) -> GuardProcess | GuardConnection:
        if self.server is not None:
            with contextlib.suppress(Broken):
                return GuardConnection(self.server)
        return GuardProcess()

    def _exchange(
        self, child: GuardProcess | GuardConnection, header: Mapping[str, object], data: bytes
    ) -> Mapping[str, object]:
        self._child = child
        try:
            return child.exchange(header, data, seconds=self.limits.seconds + GRACE_SECONDS)
        except GuardError:
            self._child = None
            raise

    def _drop(self) -> None:
        if self._child is not None:
            self._child.close()
            self._child = None
