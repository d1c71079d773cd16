"""Tells those who wait for an engine their place in its line, and how long it will take, whenever that changes."""

from __future__ import annotations

import asyncio

from bot.answers import Status
from bot.db.database import Database, Tx
from bot.engines.registry import Registry
from bot.jobs import lanes, places
from bot.jobs.statuses import Statuses
from bot.observe import Metrics
from bot.types import Job
from bot.wording import Wording

PLACES_TOLD = 100
"""Waiting jobs of an engine whose place is told when it changes; those further back hear of theirs when nearer."""
TELL_S = 1.0
"""Places are looked up no more often than this."""


class Waiting:
    """The lines of all engines, as people were told of them."""

    def __init__(
        self, database: Database, engines: Registry, statuses: Statuses, wording: Wording, metrics: Metrics
    ) -> None:
        """Nobody was told anything yet."""
        self._database = database
        self._engines = engines
        self._statuses = statuses
        self._wording = wording
        self._metrics = metrics
        self._told: dict[str, int] = {}
        self._tell_at = 0.0

    def next_in_s(self, longest_s: float) -> float:
        """Return in how many seconds to tell again if nothing happens, at most `longest_s`."""
        left = self._tell_at - asyncio.get_running_loop().time()
        return min(longest_s, left) if left > 0 else longest_s

    async def tell(self) -> None:
        """Tell new places, unless that was done a moment ago."""
        now = asyncio.get_running_loop().time()
        if now < self._tell_at:
            return
        self._tell_at = now + TELL_S
        counts, lines = await self._database.read(self._lines)
        self._metrics.queued.set(sum(counts.values()))
        before, self._told = self._told, {}
        for engine, (line, waits) in lines.items():
            away = self._engines.configured(engine).pool.away_s > 0
            for ahead, (job, wait_s) in enumerate(zip(line, waits, strict=True)):
                self._told[job.id] = -1 if away else ahead
                if before.get(job.id) != self._told[job.id]:
                    text = self._wording.away(job) if away else self._wording.waiting(job, ahead, wait_s)
                    self._statuses.tell(Status(job, text, place=ahead + 1))

    def _lines(self, tx: Tx) -> tuple[dict[str, int], dict[str, tuple[list[Job], list[float | None]]]]:
        counts = lanes.waited_for(tx)
        lines = {}
        for engine in counts:
            if engine in self._engines:
                capacity = self._engines.configured(engine).pool.capacity
                line = places.upcoming(tx, engine, PLACES_TOLD)
                lines[engine] = line, [places.wait_s(tx, job, ahead, capacity) for ahead, job in enumerate(line)]
        return counts, lines
