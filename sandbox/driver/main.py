"""The driver's life: meet the host, answer its requests one by one, and leave nothing behind."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from sandbox.driver import files, frames, processes, scripts, supervise, syscalls, world
from sandbox.driver.jobs import Jobs
from sandbox.driver.loop import HostGone, Loop, Request
from sandbox.driver.memory import Oom
from sandbox.driver.relay import Relay
from sandbox.driver.replies import Refused, Reply
from sandbox.driver.shell import Shell

if TYPE_CHECKING:
    from sandbox.driver.kernel import Kernel


class Driver:
    """The sandbox's state and its operations."""

    def __init__(self, loop: Loop, around: world.World) -> None:
        self._loop = loop
        self._world = around
        self._shell = Shell(loop, around)
        self._jobs = Jobs(loop, around)
        self._kernel: Kernel | None = None
        self._oom = Oom(isolated=around.isolated)
        self._relay = Relay(loop, around) if around.max_bytes else None
        loop.on_notice(self._notice)
        self._operations = {
            "shell": self._run_shell,
            "script": self._run_script,
            "job": self._start_job,
            "poll": self._poll_job,
            "cell": self._run_cell,
            "edit": self._edit,
            "read": self._read,
            "write": self._write,
            "begin": self._begin,
            "append": self._append,
            "move": self._move,
            "drop": self._drop,
            "list": self._list,
        }

    def answer(self, request: Request) -> Reply:
        """Carry out one request."""
        self.watch()
        try:
            reply = self._carry_out(request)
        except Refused as refusal:
            reply = _refused(str(refusal))
        except OSError as error:
            reply = _refused(f"it cannot be done: {(error.strerror or str(error)).lower()}")
        except (frames.FrameError, RuntimeError, ValueError, OverflowError) as error:
            reply = _refused(f"it cannot be done: {error}")  # one bad request is no reason to lose all work
        self._loop.notes += self._oom.check()
        if self._loop.notes and "notes" in reply.fields:
            reply = reply.with_notes(self._loop.take_notes())
        return reply

    def watch(self) -> None:
        """Look after what runs in the background."""
        self._loop.reap()
        supervise.clear(self._loop)

    def close(self) -> None:
        """Remove what would be left behind outside of the driver's own folder."""
        if self._kernel:
            self._kernel.close()

    def _carry_out(self, request: Request) -> Reply:
        operation = self._operations.get(request.header.text("op"))
        if operation is None:
            raise frames.FrameError("an operation that this driver does not have")
        return operation(request.header, request.payload)

    def _notice(self, header: frames.Header) -> None:
        kind = header.text("notice")
        if kind == "stop":
            self._loop.reason = header.text("reason")
        elif kind == "verdict" and self._relay:
            self._relay.decide(header)
        else:
            raise frames.FrameError("a notice that this driver does not understand")

    def _run_shell(self, header: frames.Header, payload: bytes) -> Reply:
        return self._shell.run(payload, header.number("timeout"), self._spared())

    def _run_script(self, header: frames.Header, payload: bytes) -> Reply:
        directory = header.text("directory") if "directory" in header else None
        if "path" in header:
            script = scripts.existing(self._world, header.text("path"), directory)
        else:
            script = scripts.written(self._world, directory or ".", payload)
        return scripts.run_script(
            self._loop,
            self._world,
            script,
            env=world.variables(header),
            timeout=header.number("timeout"),
            spared=self._spared(),
        )

    def _start_job(self, header: frames.Header, payload: bytes) -> Reply:
        del header
        return self._jobs.start(payload, *self._shell.stand)

    def _poll_job(self, header: frames.Header, payload: bytes) -> Reply:
        del payload
        return self._jobs.poll(header.integer("job"), header.number("timeout"), kill=header.flag("kill"))

    def _run_cell(self, header: frames.Header, payload: bytes) -> Reply:
        if self._kernel is None:
            from sandbox.driver.kernel import Kernel  # few agents need it

            self._kernel = Kernel(self._loop, self._world)
        return self._kernel.run(payload, header.number("timeout"))

    def _spared(self) -> set[int]:
        """The processes that outlive a call, each with all below it."""
        pids = {self._shell.pid, self._kernel.pid if self._kernel else None}
        return {pid for pid in pids if pid is not None} | self._jobs.pids()

    def _read(self, header: frames.Header, payload: bytes) -> Reply:
        del payload
        return files.read_file(
            self._world, header.text("path"), header.integer("offset"), header.integer("limit")
        )

    def _write(self, header: frames.Header, payload: bytes) -> Reply:
        if not header.flag("keep"):
            return files.write_file(self._world, header.text("path"), payload)
        from sandbox.driver import edit  # few agents need it

        return edit.write(self._world, header.text("path"), payload)

    def _begin(self, header: frames.Header, payload: bytes) -> Reply:
        return files.begin_file(self._world, header.text("path"), payload, header.text("to"))

    def _append(self, header: frames.Header, payload: bytes) -> Reply:
        return files.append_file(self._world, header.text("path"), payload, header.text("to"))

    def _move(self, header: frames.Header, payload: bytes) -> Reply:
        del payload
        return files.move_file(self._world, header.text("path"), header.text("to"))

    def _drop(self, header: frames.Header, payload: bytes) -> Reply:
        del payload
        return files.drop_file(self._world, header.text("path"))

    def _edit(self, header: frames.Header, payload: bytes) -> Reply:
        from sandbox.driver import edit  # few agents need it

        path, how = header.text("path"), header.text("edit")
        if how == "replace":
            size = header.integer("old", 0, len(payload))
            return edit.replace(self._loop, self._world, path, payload[:size], payload[size:])
        if how == "insert":
            return edit.insert(self._loop, self._world, path, header.integer("line"), payload)
        return edit.undo(self._loop, self._world, path)

    def _list(self, header: frames.Header, payload: bytes) -> Reply:
        del payload
        return files.list_files(self._world, header.text("path"), header.integer("limit"))


def main(argv: Sequence[str]) -> NoReturn:
    """Serve the host on standard input and output until it is gone."""
    world.harden()
    loop = Loop()
    try:
        _serve(loop, argv[0])
    except HostGone:
        pass
    finally:  # whatever happened: a driver that is gone can no longer clean up
        if os.getpid() != 1:  # the end of process 1 is the end of its namespace
            _sweep(loop)
    os._exit(0)


def _sweep(loop: Loop) -> None:
    def pause(seconds: float) -> None:  # the loop's own waits end at once when the host is gone
        time.sleep(seconds)
        loop.reap()

    processes.end(lambda: processes.below(os.getpid()), pause, alone=False)


def _serve(loop: Loop, scratch: str) -> NoReturn:
    hello = loop.receive(loop.reap)
    around = world.from_hello(hello.header, scratch)
    world.limit(isolated=around.isolated, disk_bytes=around.disk_bytes)
    filtered = around.isolated and syscalls.restrict()
    driver = Driver(loop, around)
    said = {"id": hello.header.integer("id"), "python": sys.version.split()[0], "filtered": filtered}
    loop.send(frames.encode(said))
    try:
        _answer(loop, driver)
    finally:
        driver.close()


def _answer(loop: Loop, driver: Driver) -> NoReturn:
    while True:
        request = loop.receive(driver.watch)
        number = request.header.integer("id")
        loop.send(_encoded(number, driver.answer(request)))


def _encoded(number: int, reply: Reply) -> bytes:
    try:
        return frames.encode({"id": number, **reply.fields}, reply.chunks)
    except frames.FrameError as error:
        return _encoded(number, _refused(f"the answer cannot be passed on: {error}"))


def _refused(words: str) -> Reply:
    return Reply({"refused": words[: frames.MAX_WORDS]})
