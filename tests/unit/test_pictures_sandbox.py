"""The sandbox: what goes wrong in a child touches its own call only, and no child outlives the parent."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.pictures.inspect import inspect_result
from bot.pictures.sandbox import CALLS_PER_CHILD, LARGEST_MESSAGE, MEBIBYTE, ChildDied, Sandbox
from tests.support.pictures import encoded, loaded_modules, photo, raise_unpicklable

ENDLESS = range(10**15)
"""`max` of it neither returns nor lets a signal handler run: nothing but SIGKILL ends it."""


@pytest_asyncio.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(memory_bytes=256 * MEBIBYTE) as sandbox:
        yield sandbox


async def test_returns_what_the_function_returns(sandbox: Sandbox) -> None:
    assert await sandbox.call(math.hypot, 3, 4) == 5


async def test_raises_what_the_function_raises_and_keeps_the_child(sandbox: Sandbox) -> None:
    child = await sandbox.call(os.getpid)
    with pytest.raises(ValueError, match="math domain error") as caught:
        await sandbox.call(math.sqrt, -1)
    assert "In the child process" in caught.value.__notes__[0]
    assert await sandbox.call(os.getpid) == child


async def test_an_error_that_cannot_be_rebuilt_arrives_as_text(sandbox: Sandbox) -> None:
    with pytest.raises(RuntimeError, match=r"cat\.png"):
        await sandbox.call(raise_unpicklable)


async def test_a_hang_ends_at_the_time_limit(sandbox: Sandbox) -> None:
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        await sandbox.call(max, ENDLESS, timeout_s=0.3)
    assert time.monotonic() - started < 10
    assert await sandbox.call(math.sqrt, 4) == 2


async def test_too_much_memory_is_refused(sandbox: Sandbox) -> None:
    child = await sandbox.call(os.getpid)
    with pytest.raises(MemoryError):
        await sandbox.call(bytearray, 512 * MEBIBYTE)
    assert await sandbox.call(os.getpid) != child, "a child that ran out of memory is replaced"


async def test_one_dies_while_the_other_finishes(sandbox: Sandbox) -> None:
    outcomes = await asyncio.gather(sandbox.call(os._exit, 3), sandbox.call(time.sleep, 0.3), return_exceptions=True)
    assert isinstance(outcomes[0], ChildDied)
    assert "status 3" in str(outcomes[0])
    assert outcomes[1] is None


async def test_a_child_killed_while_idle_costs_no_call(sandbox: Sandbox) -> None:
    child = await sandbox.call(os.getpid)
    os.kill(child, signal.SIGKILL)
    while sandbox._idle[0].alive:
        await asyncio.sleep(0.01)
    assert await sandbox.call(os.getpid) != child


async def test_a_cancelled_caller_frees_its_child() -> None:
    async with Sandbox(children=1) as sandbox:
        child = await sandbox.call(os.getpid)
        task = asyncio.create_task(sandbox.call(max, ENDLESS))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await _gone(child)
        assert await sandbox.call(math.sqrt, 4) == 2


async def test_children_are_started_lazily_reused_and_replaced_after_many_calls(sandbox: Sandbox) -> None:
    children = [await sandbox.call(os.getpid) for _ in range(CALLS_PER_CHILD + 1)]
    assert len(set(children[:-1])) == 1
    assert children[-1] != children[0]


async def test_large_arguments_and_answers_are_refused(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="arguments are too large"):
        await sandbox.call(len, bytes(LARGEST_MESSAGE))
    with pytest.raises(ValueError, match="answer is too large"):
        await sandbox.call(bytes, LARGEST_MESSAGE)


async def test_a_child_has_no_keys_no_terminal_and_imports_little(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EASEL_DISCORD__TOKEN", "token")
    await inspect_result(sandbox, encoded(photo(), "PNG"))
    assert await sandbox.call(os.getenv, "EASEL_DISCORD__TOKEN") is None
    assert await sandbox.call(os.getsid, 0) != os.getsid(0)
    packages = {name.partition(".")[0] for name in await sandbox.call(loaded_modules)}
    assert "PIL" in packages
    assert packages.isdisjoint({"asyncio", "sqlalchemy", "aiohttp", "pydantic", "structlog", "click", "pytest"})


async def test_scratch_is_private_and_removed(sandbox: Sandbox) -> None:
    async with sandbox.scratch() as first, sandbox.scratch() as second:
        assert first != second
        assert first.stat().st_mode & 0o077 == 0
        await sandbox.write(first / "source", bytes(LARGEST_MESSAGE))
        assert await sandbox.read(first / "source") == bytes(LARGEST_MESSAGE)
    assert not first.exists()
    assert first.parent.exists()
    await sandbox.aclose()
    assert not first.parent.exists()


async def test_closing_ends_running_and_waiting_calls() -> None:
    sandbox = Sandbox(children=1)
    calls = [asyncio.create_task(sandbox.call(max, ENDLESS)) for _ in range(2)]
    await asyncio.sleep(0.05)
    await sandbox.aclose()
    await sandbox.aclose()
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ChildDied, ChildDied]
    with pytest.raises(RuntimeError, match="closed"):
        await sandbox.call(math.sqrt, 4)
    with pytest.raises(RuntimeError, match="closed"):
        async with sandbox.scratch():
            pass


PARENT = """
import asyncio, os
from bot.pictures.sandbox import Sandbox

async def main():
    sandbox = Sandbox(children=2)
    print(*await asyncio.gather(sandbox.call(os.getpid), sandbox.call(os.getpid)), flush=True)
    await sandbox.call(max, range(10**15))

asyncio.run(main())
"""


async def test_no_child_outlives_a_killed_parent() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        children = [int(word) for word in parent.stdout.readline().split()]
        assert len(set(children)) == 2
        time.sleep(0.2)  # one child is in an endless call now, the other waits for work
        parent.kill()
    for child in children:
        await _gone(child)


async def _gone(process: int) -> None:
    """Wait until a process has ended (a zombie nobody has collected yet has)."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return
        if state in "ZX":
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"process {process} is still there")
