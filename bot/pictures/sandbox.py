"""Limited child processes for everything that touches foreign pixels.

A call that hangs, eats memory or kills its process touches nothing but itself. Bytes travel through files
in a scratch directory, never through the pipes, so the event loop handles only small messages. The children
are plain processes, not a `ProcessPoolExecutor`: a pool cannot stop a running call, and its children import
the parent's `__main__` with all that hangs on it.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import pickle
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, TypeVarTuple, cast

from bot.pictures import child
from bot.pictures.budget import PixelBudget
from bot.pictures.header import pixels_of
from bot.pictures.scratch import Scratch

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

MEBIBYTE = 2**20
PIECE = MEBIBYTE // 4
"""Bytes copied at once; not every kernel lets anything else run on a processor meanwhile."""
LARGEST_MESSAGE = MEBIBYTE
"""Bytes of a call or an answer; pixels belong into files."""
PIXELS_AT_ONCE = 120_000_000
"""Of the files all running calls decode. Pillow keeps 4 bytes for each, and what is made of them as many again."""
CALLS_PER_CHILD = 200
"""A child is replaced after so many calls, so that leaks and fragmented memory do not add up."""


class ChildDied(Exception):
    """The child process ended in the middle of a call: a decoder crashed, or the machine's memory ran out."""


class Sandbox:
    """Runs functions in up to `children` processes, each started when first needed and replaced when broken.

    An async context manager; without `async with`, call `aclose()` at the end. The functions are top-level
    functions of importable modules; arguments and results are small values that can be pickled.
    """

    def __init__(
        self,
        *,
        children: int = 2,
        memory_bytes: int = 1024 * MEBIBYTE,
        timeout_s: float = 20,
        pixels: int = PIXELS_AT_ONCE,
    ) -> None:
        """`memory_bytes` bounds a child's address space, `timeout_s` each call from when a child has it; `pixels` is
        how many the files of all running calls may have together, one that alone has more excepted.
        """
        self._memory_bytes = memory_bytes
        self._timeout_s = timeout_s
        self._children = children
        self._free = asyncio.Semaphore(children)
        self._budget = PixelBudget(pixels)
        self._idle: list[_Child] = []
        self._busy: set[_Child] = set()
        self._copying = asyncio.Lock()  # several threads copying at once take the event loop's processor
        self._scratch: asyncio.Task[Scratch] | None = None
        self._closed = asyncio.Event()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def call(self, function: Callable[[*Ts], T], *args: *Ts, timeout_s: float | None = None) -> T:
        """Return `function(*args)`, run in a child; waits for a free one first, and for room for its pixels: those
        that the headers of all files among `args` (each a Path) tell.

        Raises what the function raises (the child's traceback is a note on it), MemoryError when it wants
        more than `memory_bytes`, TimeoutError after `timeout_s`, ChildDied when the process ends. The child
        is killed when the time is up or the caller is cancelled.
        """
        self._open_or_raise()
        message = pickle.dumps((function, args))
        if len(message) > LARGEST_MESSAGE:
            raise ValueError("arguments are too large; write pixels to a file in scratch() and pass its path")
        files = [each for each in args if isinstance(each, Path)]
        pixels = await asyncio.to_thread(lambda: sum(map(pixels_of, files))) if files else 0
        async with self._budget.holding(pixels):
            if self._closed.is_set():
                raise ChildDied("the sandbox was closed")
            succeeded, result = await self._ask(message, self._timeout_s if timeout_s is None else timeout_s)
        if not succeeded:
            raise result
        return cast(T, result)

    async def _ask(self, message: bytes, timeout_s: float) -> tuple[bool, Any]:
        """Have a child answer; return (succeeded, result or exception). Raises TimeoutError, ChildDied."""
        async with self._free:
            process = await self._take()
            self._busy.add(process)
            if self._closed.is_set():  # while this call waited
                process.kill()
            try:
                async with asyncio.timeout(timeout_s):
                    succeeded, result = pickle.loads(await process.ask(message))
            except BaseException:
                await process.end()
                raise
            finally:
                self._busy.discard(process)
            if isinstance(result, MemoryError) or process.calls >= CALLS_PER_CHILD:
                await process.end()
            else:
                self._idle.append(process)
        return succeeded, result

    def _open_or_raise(self) -> None:
        if self._closed.is_set():
            raise RuntimeError("the sandbox is closed")

    async def _take(self) -> _Child:
        while self._idle:
            process = self._idle.pop()
            if process.alive:
                return process
        return await _Child.start(self._memory_bytes)

    @contextlib.asynccontextmanager
    async def scratch(self) -> AsyncIterator[Path]:
        """Give a fresh, private directory for the files of one piece of work, and remove it afterwards."""
        self._open_or_raise()
        whole = await asyncio.shield(self._whole())
        directory = Path(await asyncio.to_thread(tempfile.mkdtemp, dir=whole.path))
        try:
            yield directory
        finally:
            await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)

    def _whole(self) -> asyncio.Task[Scratch]:
        """Return the making of the directory that holds all others: a new one if that failed, or a cleaner took it."""
        made = self._scratch
        if made is not None and made.done():
            if made.exception() is not None:
                made = None
            elif not made.result().path.exists():
                made.result().close()
                made = None
        if made is None:
            made = self._scratch = asyncio.create_task(asyncio.to_thread(Scratch))
        return made

    async def write(self, file: Path, data: bytes) -> None:
        """Write a file without holding up the event loop. Raises OSError."""
        async with self._copying:
            await asyncio.to_thread(_write, file, data)

    async def read(self, file: Path) -> bytes:
        """Return what is in a file without holding up the event loop. Raises OSError."""
        async with self._copying:
            return await asyncio.to_thread(_read, file)

    async def aclose(self) -> None:
        """End the children; calls that still run raise ChildDied."""
        if self._closed.is_set():
            return
        self._closed.set()
        for process in self._busy:
            process.kill()
        for _ in range(self._children):
            await self._free.acquire()
        while self._idle:
            await self._idle.pop().end()
        if self._scratch is not None:
            with contextlib.suppress(OSError):  # it could not be made
                await asyncio.to_thread((await self._scratch).close)


class _Child:
    """One process and the messages to and from it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.calls = 0

    @classmethod
    async def start(cls, memory_bytes: int) -> Self:
        """Start the process; it limits itself before the first call."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",  # the script's own directory must not shadow the standard library
            child.__file__,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,  # foreign files must not be able to write into our log
            start_new_session=True,  # Ctrl-C in the terminal is for the parent
            env=_environment(),
        )
        started = cls(process)
        started._send(pickle.dumps((memory_bytes, sys.path)))
        return started

    @property
    def alive(self) -> bool:
        """False once the process is known to have ended."""
        return self._process.returncode is None

    async def ask(self, call: bytes) -> bytes:
        """Send a call and return the answer."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self.calls += 1
        try:
            self._send(call)
            length = child.LENGTH.unpack(await self._process.stdout.readexactly(child.LENGTH.size))[0]
            if length > LARGEST_MESSAGE:
                raise ValueError("the answer is too large; write pixels to a file in scratch()")
            return await self._process.stdout.readexactly(length)
        except asyncio.IncompleteReadError as error:
            status = await self._process.wait()
            raise ChildDied(f"the child process ended with status {status}") from error

    def _send(self, message: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(child.LENGTH.pack(len(message)) + message)

    def kill(self) -> None:
        """End the process at once; a running `ask` raises ChildDied."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def end(self) -> None:
        """Kill the process and wait until it and its pipes are gone."""
        self.kill()
        await self._process.communicate()


def _environment() -> dict[str, str]:
    """Return ours without the configuration, which may hold keys."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("EASEL_")}
    return {**inherited, "MALLOC_ARENA_MAX": "2"}  # each further arena costs 64 MiB of address space


def _write(file: Path, data: bytes) -> None:
    with file.open("wb") as target:
        shutil.copyfileobj(io.BytesIO(data), target, PIECE)


def _read(file: Path) -> bytes:
    data = io.BytesIO()
    with file.open("rb") as source:
        shutil.copyfileobj(source, data, PIECE)
    return data.getvalue()
