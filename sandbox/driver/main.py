"""The driver's life: meet the host, answer its requests one by one, and leave nothing behind."""

from __future__ import annotations

import os
import sys
import time
from typing import NoReturn

from sandbox.driver import files, frames, processes, scripts, supervise, world
from sandbox.driver.loop import HostGone, Loop, Request
from sandbox.driver.replies import Refused, Reply
from sandbox.driver.shell import Shell


class Driver:
    """The sandbox's state and its operations."""

    def __init__(self, loop: Loop, around: world.World) -> None:
        self._loop = loop
        self._world = around
        self._shell = Shell(loop, around)
        self._operations = {
            "shell": self._run_shell,
            "script": self._run_script,
            "read": self._read,
            "write": self._write,
            "list": self._list,
        }

    def answer(self, request: Request) -> Reply:
        """Carry out one request."""
        operation = self._operations.get(request.header.text("op"))
        if operation is None:
            raise frames.FrameError("an operation that this driver does not have")
        return operation(request.header, request.payload)

    def watch(self) -> None:
        """Look after what runs in the background while the host is silent."""
        self._loop.reap()
        if supervise.crowded():
            supervise.clear(self._loop, alone=self._world.isolated)

    def _run_shell(self, header: frames.Header, payload: bytes) -> Reply:
        return self._shell.run(payload, header.number("timeout"))

    def _run_script(self, header: frames.Header, payload: bytes) -> Reply:
        return scripts.run_script(
            self._loop,
            self._world,
            payload,
            directory=header.text("directory"),
            env=world.variables(header),
            timeout=header.number("timeout"),
            spared=() if self._shell.pid is None else (self._shell.pid,),
        )

    def _read(self, header: frames.Header, payload: bytes) -> Reply:
        del payload
        return files.read_file(
            self._world, header.text("path"), header.integer("offset"), header.integer("limit")
        )

    def _write(self, header: frames.Header, payload: bytes) -> Reply:
        return files.write_file(self._world, header.text("path"), payload)

    def _list(self, header: frames.Header, payload: bytes) -> Reply:
        del payload
        return files.list_files(self._world, header.text("path"), header.integer("limit"))


def main() -> NoReturn:
    """Serve the host on standard input and output until it is gone."""
    world.harden()
    loop = Loop()
    try:
        _serve(loop, sys.argv[1])
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
    world.limit(isolated=around.isolated)
    driver = Driver(loop, around)
    loop.reply(frames.encode({"id": hello.header.integer("id"), "python": sys.version.split()[0]}))
    while True:
        request = loop.receive(driver.watch)
        number = request.header.integer("id")
        try:
            reply = driver.answer(request)
        except Refused as refusal:
            reply = Reply({"refused": str(refusal)})
        loop.reply(frames.encode({"id": number, **reply.fields}, reply.chunks))
