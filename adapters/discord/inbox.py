"""What people did on Discord, on its way through Easel."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Coroutine

KEPT = 4096
"""Events remembered; what the gateway repeats after a lost connection is far less."""
GRACE_S = 2.0


class Inbox:
    """Has every message and interaction handled once, and all of them ended before Easel closes."""

    def __init__(self) -> None:
        """Nothing has come in."""
        self._seen: OrderedDict[int, None] = OrderedDict()
        self._under_way: set[asyncio.Task[object]] = set()
        self._closed = False

    async def handle(self, event: int, work: Coroutine[object, object, None]) -> None:
        """Do `work` for the message or interaction with this id, unless it was delivered before."""
        task = asyncio.current_task()
        if self._closed or event in self._seen or task is None:
            work.close()
            return
        self._seen[event] = None
        if len(self._seen) > KEPT:
            self._seen.popitem(last=False)
        self._under_way.add(task)
        try:
            await work
        finally:
            self._under_way.discard(task)

    async def aclose(self) -> None:
        """Take nothing more, and let what is under way finish for a moment."""
        self._closed = True
        tasks = set(self._under_way)
        if tasks:
            await asyncio.wait(tasks, timeout=GRACE_S)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
