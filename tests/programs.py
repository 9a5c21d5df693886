"""Starts `run.py` and other programs of ours in milliseconds: forks of a process that imported them."""

import asyncio
import contextlib
import gc
import multiprocessing
import os
import runpy
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import Any

PROCESSES = multiprocessing.get_context("forkserver")
# There is one fork server in a process, so here is all that any test wants to have been imported.
PROCESSES.set_forkserver_preload(
    ["tests.reliability.victim", "tests.programs", "bot_platform.cli", "bot_platform.doctor.visit", "aerich"]
)


@dataclass
class Program:
    """A running program, with the methods of `asyncio.subprocess.Process` that tests use."""

    _process: Any
    stdin: asyncio.StreamWriter | None
    stdout: asyncio.StreamReader
    stderr: asyncio.StreamReader

    @property
    def pid(self) -> int:
        return int(self._process.pid)

    @property
    def returncode(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        code: int | None = self._process.exitcode
        return code

    def send_signal(self, number: int) -> None:
        if self._process.is_alive():
            os.kill(self._process.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    async def wait(self) -> int:
        """Wait for the end; returns the exit code."""
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        sentinel = os.dup(self._process.sentinel)  # a loop has one reader for each descriptor
        loop.add_reader(sentinel, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(sentinel)
            os.close(sentinel)
        self._process.join()
        return int(self._process.exitcode)

    async def communicate(self, sent: bytes | None = None) -> tuple[bytes, bytes]:
        """Write to standard input and close it; returns what came on standard output and standard error."""
        out, err, _, _ = await asyncio.gather(
            self.stdout.read(), self.stderr.read(), self._write(sent), self.wait()
        )
        return out, err

    async def _write(self, sent: bytes | None) -> None:
        if self.stdin is None:
            return
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.stdin.write(sent or b"")
            await self.stdin.drain()
            self.stdin.close()
            await self.stdin.wait_closed()


async def start(*command: str, folder: Path, environment: Mapping[str, str], stdin: bool = False) -> Program:
    """Start a file (`run.py`, ...) or a module (`-m`, name, ...) with its arguments.

    It has its own environment, folder and pipes, takes signals, and ends with an exit code, like a program
    that a shell starts. But no interpreter is started, so PYTHON* variables have no effect.
    """
    given = os.pipe() if stdin else (os.open(os.devnull, os.O_RDONLY), None)
    pipes = [os.pipe(), os.pipe()]
    theirs = [given[0], *(write for _, write in pipes)]
    process = PROCESSES.Process(
        target=_run, args=(command, str(folder), dict(environment), _Descriptors(theirs)), daemon=True
    )
    try:
        process.start()
    finally:
        for descriptor in theirs:
            os.close(descriptor)
    out, err = [await _reader(read) for read, _ in pipes]
    return Program(process, None if given[1] is None else await _writer(given[1]), out, err)


@dataclass
class _Descriptors:
    """Standard input, output and error, handed to a forked process."""

    numbers: list[int]

    def __reduce__(self) -> tuple[Any, ...]:
        return _received, ([DupFd(number) for number in self.numbers],)


def _received(copies: list[Any]) -> _Descriptors:
    return _Descriptors([copy.detach() for copy in copies])


async def _reader(descriptor: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    pipe = os.fdopen(descriptor, "rb", buffering=0)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    return reader


async def _writer(descriptor: int) -> asyncio.StreamWriter:
    loop, pipe = asyncio.get_running_loop(), os.fdopen(descriptor, "wb", buffering=0)
    transport, protocol = await loop.connect_write_pipe(
        lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader()), pipe
    )
    return asyncio.StreamWriter(transport, protocol, None, loop)


def _run(command: tuple[str, ...], folder: str, environment: dict[str, str], standard: _Descriptors) -> None:
    """Be the program, in the forked process."""
    gc.freeze()  # a collection need not look at what was imported
    for target, descriptor in enumerate(standard.numbers):
        os.dup2(descriptor, target)
        os.close(descriptor)
    sys.stdin, sys.stdout, sys.stderr = (
        open(target, mode, encoding="utf-8", errors=errors, closefd=False)  # noqa: SIM115 -- open until the end
        for target, (mode, errors) in enumerate(
            [("r", "surrogateescape"), ("w", "surrogateescape"), ("w", "backslashreplace")]
        )
    )
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    program, *arguments = command
    if program == "-m":
        program, *arguments = arguments
        sys.argv = [program, *arguments]
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    else:
        sys.argv = [program, *arguments]
        runpy.run_path(program, run_name="__main__")
