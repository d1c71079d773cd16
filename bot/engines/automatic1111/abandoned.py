"""Calls nobody waits for any more, while the server still works on them: hanging up does not stop it."""

from __future__ import annotations

import asyncio
import contextlib

import structlog

from bot.engines.automatic1111.client import Client, Refusal
from bot.engines.automatic1111.watching import Habits
from bot.net.errors import NetError

log = structlog.get_logger(__name__)

LONGEST_S = 900.0
"""How long such a call is believed to keep the server busy."""
PATIENCE_S = 3.0
"""How long the next drawing waits for it here; it stops at its next step, if it is stopped."""
LOOKS_AFTER = 5
"""So many more looks at a call that was stopped, if its connection is broken."""
RETRY_S = 10
"""What is said after that."""


class Abandoned:
    """The abandoned calls of one server. Each is seen out, and stopped as soon as the server says that it runs."""

    def __init__(self, client: Client, habits: Habits, poll_s: float) -> None:
        """`poll_s` is how often a call is looked at."""
        self._client = client
        self._habits = habits
        self._poll_s = poll_s
        self._watching: set[asyncio.Task[None]] = set()

    @property
    def busy(self) -> bool:
        """The server still works for nobody, or will."""
        return bool(self._watching)

    async def gone(self) -> bool:
        """Wait a moment until the server is free; return whether it is."""
        if self._watching:
            await asyncio.wait(self._watching, timeout=PATIENCE_S)
        return not self._watching

    async def stop(self, task_id: str) -> bool:
        """Stop this task and no other: only while the server says that it is the one that runs. Return whether it is.

        Raises NetError, Refusal.
        """
        if self._habits.tasks is False:
            return False
        look = await self._client.task(task_id)
        if look is None or not look.active:
            return False
        await self._client.interrupt()
        log.info("a cancelled drawing was stopped at the server")
        return True

    def take(self, call: asyncio.Task[object] | None, task_id: str, *, stopped: bool = False) -> None:
        """See a call out. None: its connection broke, and only the server's word tells whether it goes on."""
        watching = asyncio.create_task(self._see_out(call, task_id, stopped), name="an abandoned drawing")
        self._watching.add(watching)
        watching.add_done_callback(self._watching.discard)

    async def aclose(self) -> None:
        """Look after them no longer."""
        for watching in [*self._watching]:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching

    async def _see_out(self, call: asyncio.Task[object] | None, task_id: str, stopped: bool) -> None:
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LONGEST_S):
                    if call is None:
                        await self._see_gone(task_id, stopped)
                    while call is not None and not call.done():
                        with contextlib.suppress(NetError, Refusal):
                            stopped = stopped or await self.stop(task_id)
                        await asyncio.wait({call}, timeout=self._poll_s)
        finally:
            if call is not None:
                call.cancel()
                await asyncio.gather(call, return_exceptions=True)

    async def _see_gone(self, task_id: str, stopped: bool) -> None:
        looks = 0
        while looks < LOOKS_AFTER:  # a task that failed stays the active one, to the server, until another begins
            with contextlib.suppress(NetError, Refusal):
                stopped = stopped or await self.stop(task_id)
                if not await self._known(task_id):
                    return
            looks += stopped
            await asyncio.sleep(self._poll_s)

    async def _known(self, task_id: str) -> bool:
        look = None if self._habits.tasks is False else await self._client.task(task_id)
        return look is not None and (look.active or look.queued)
