"""The event log of one run: append-only JSON lines, with large values in a blob store beside it."""

import gc
import os
import shutil
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import orjson

from scaffolds.errors import DISK_FULL, InfraError, UserError
from scaffolds.runtime.blobs import PackStore
from scaffolds.runtime.durable_files import sync_folder, write_at
from scaffolds.runtime.events import MODEL_RESPONSE, SCHEMA_VERSION, STEP_START, Event

EVENTS_FILE = "events.jsonl"
BLOBS_FOLDER = "blobs"
INLINE_BYTES = 512
"""Values whose JSON is longer go to the blob store: there they are compressed and kept once."""

DISK_RESERVE_BYTES = 64 << 20
"""Room that must be left before a model is asked, so that its answer can be kept."""

_SYNCED = frozenset({MODEL_RESPONSE, STEP_START})


def read_log(folder: Path) -> tuple[list[Event], int]:
    """Every whole event of a run, and the length in bytes of that part of the file.

    A torn last line is left out. Raises `UserError` when the damage is not at the end.
    """
    path = folder / EVENTS_FILE
    raw = path.read_bytes() if path.exists() else b""
    with _no_collection():
        events, good = _parse(raw, 0)
    _refuse_damage(path, raw[good:].splitlines(), len(events) + 1)
    return events, good


@contextmanager
def _no_collection() -> Generator[None]:
    """Without the cyclic garbage collector, which would walk the growing list again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _parse(raw: bytes, first: int) -> tuple[list[Event], int]:
    """The events at the start of `raw`, numbered from `first`, and where their last line ends."""
    end = raw.rfind(b"\n") + 1
    try:
        # One call for all lines: half of the time of a call for each.
        records: list[Any] = orjson.loads(b"[%s]" % raw[: max(0, end - 1)].replace(b"\n", b","))
    except orjson.JSONDecodeError:
        records = _leading(raw)
    count = _in_order(records, first)
    if count < raw.count(b"\n"):
        end = sum(map(len, raw.splitlines(keepends=True)[:count]))
    return [Event.parse(record) for record in records[:count]], end


def _leading(raw: bytes) -> list[Any]:
    records: list[Any] = []
    for line in raw.splitlines():
        try:
            records.append(orjson.loads(line))
        except orjson.JSONDecodeError:
            break
    return records


def _in_order(records: list[Any], first: int) -> int:
    """How many records, from the start, are the events that they should be."""
    for position, record in enumerate(records, first):
        if not isinstance(record, dict):
            return position - first
        fields = cast("dict[str, Any]", record)
        if "v" in fields and fields["v"] != SCHEMA_VERSION:
            raise UserError(
                f"this log has schema version {fields.get('v')!r}, this program reads {SCHEMA_VERSION}: "
                "read it with the version of the project that wrote it"
            )
        if fields.get("seq") != position or not isinstance(fields.get("type"), str) or "v" not in fields:
            return position - first
    return len(records)


def _refuse_damage(path: Path, rest: list[bytes], line: int) -> None:
    """A power cut may tear anything after the last sync; a lane's second synced event there means damage.

    It can only have been written after the first, and what it follows, had reached the disk.
    """
    synced: list[str] = []
    for text in rest[1:]:
        try:
            record: Any = orjson.loads(text)
        except orjson.JSONDecodeError:
            continue
        fields = cast("dict[str, Any]", record) if isinstance(record, dict) else {}
        if fields.get("type") in _SYNCED:
            synced.append(str(fields.get("lane")))
    if len(synced) != len(set(synced)):
        raise UserError(
            f"{str(path)!r} is damaged in the middle, at line {line}, not only torn at its end. Restore it "
            "from a copy, or remove its folder: the sweep's command then begins the run again"
        )


class EventLog:
    """The log of one run, open for appending; holds what an earlier process wrote in `events`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.blobs = PackStore(folder / BLOBS_FOLDER, writable=True)
        self.events, self._end = read_log(folder)
        self._closed = False
        self._lock = threading.Lock()
        self._next = len(self.events)
        self._dirty = False
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
        self._path = folder / EVENTS_FILE
        self._fd = os.open(self._path, flags, 0o644)
        os.ftruncate(self._fd, self._end)
        sync_folder(folder)
        sync_folder(folder / BLOBS_FOLDER)

    def append(
        self,
        kind: str,
        data: dict[str, Any] | None = None,
        *,
        lane: str = "main",
        n: int | None = None,
        step: int = 0,
        digest: str | None = None,
        blobs: dict[str, Any] | None = None,
    ) -> Event:
        """Write one event; large values of `data` move to the blob store.

        Everything put into the blob store before is on disk before the line is written, so that no line
        can outlive a value that it names.

        Raises:
            InfraError: the disk is full; the log ends with its last whole event.
        """
        small, large = self._split(data or {})
        event = Event(0, time.time(), time.monotonic(), kind, lane, n, step, digest, small, large)
        if blobs:
            event.blobs.update(blobs)
        self.blobs.sync()
        with self._lock:
            if self._closed:
                raise InfraError(f"the log of {self.folder} is closed; lane {lane!r} came too late")
            event.seq = self._next
            self._write(_encode(event))
            self._next += 1
        return event

    def refuse_full_disk(self) -> None:
        """Raise `InfraError` while there is still room to say so: asked before anything that costs money."""
        if shutil.disk_usage(self.folder).free < DISK_RESERVE_BYTES:
            raise InfraError(
                f"less than {DISK_RESERVE_BYTES >> 20} MB are free for {self.folder}; free some space, "
                "then repeat the command to go on from here",
                code=DISK_FULL,
            )

    @property
    def size(self) -> int:
        """How many events the log holds."""
        return self._next

    def sync(self) -> None:
        """Return when everything appended so far survives a power cut."""
        with self._lock:
            if self._dirty and not self._closed:
                os.fdatasync(self._fd)
                self._dirty = False

    def close(self) -> None:
        """Sync and release the files."""
        self.sync()
        with self._lock:
            self._closed = True
            os.close(self._fd)
        self.blobs.close()

    def value(self, event: Event, name: str, default: Any = None) -> Any:  # noqa: ANN401 - any JSON value
        """A field of an event, wherever it is kept."""
        return field_of(event, name, self.blobs, default)

    def _split(self, data: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        small: dict[str, Any] = {}
        large: dict[str, Any] = {}
        for name, value in data.items():
            if isinstance(value, (int, float, type(None))) or (
                isinstance(value, str) and len(value) < INLINE_BYTES // 4
            ):
                small[name] = value
                continue
            encoded = orjson.dumps(value)
            if len(encoded) <= INLINE_BYTES:
                small[name] = value
            else:
                large[name] = self.blobs.put(encoded)
        return small, large

    def _write(self, line: bytes) -> None:
        write_at(self._fd, line, self._end, self._path)
        self._end += len(line)
        self._dirty = True


class LogFollower:
    """Reads a growing log piece by piece: what a progress display needs."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / EVENTS_FILE
        self._offset = 0
        self._seq = 0

    def read_new(self) -> list[Event]:
        """The whole events written since the last call."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                raw = file.read()
        except FileNotFoundError:
            return []
        events, length = _parse(raw, self._seq)
        self._offset += length
        self._seq += len(events)
        return events


class LogReader:
    """A run's log for readers: inspect, report, tapes. Never writes."""

    def __init__(self, folder: Path) -> None:
        if not (folder / EVENTS_FILE).exists():
            raise UserError(f"{str(folder)!r} is not a run: it has no {EVENTS_FILE}")
        self.folder = folder
        self.events, _ = read_log(folder)
        self.blobs = PackStore(folder / BLOBS_FOLDER)

    def of_type(self, *kinds: str) -> Iterator[Event]:
        """Events of these types, in order."""
        return (event for event in self.events if event.type in kinds)

    def value(self, event: Event, name: str, default: Any = None) -> Any:  # noqa: ANN401 - any JSON value
        """A field of an event, wherever it is kept."""
        return field_of(event, name, self.blobs, default)


def field_of(event: Event, name: str, blobs: PackStore, default: Any = None) -> Any:  # noqa: ANN401
    """A field of an event: inline, or decoded from the blob store (a list of hashes gives a list)."""
    if name in event.data:
        return event.data[name]
    stored = event.blobs.get(name)
    if stored is None:
        return default
    if isinstance(stored, str):
        return orjson.loads(blobs.get(stored))
    return [orjson.loads(blobs.get(digest)) for digest in stored]


def _encode(event: Event) -> bytes:
    return orjson.dumps(event.record(), option=orjson.OPT_APPEND_NEWLINE)
