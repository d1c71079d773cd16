"""Status messages: the newest standing of each job, sent one at a time, the older ones dropped.

A slow platform therefore delays only its own messages, and a person never sees progress go backwards.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from bot.answers import Status
from bot.platform import Platform

TIMEOUT_S = 15.0
"""A status that hangs must not hold up the end of its job."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Line:
    """What is being told of one job."""

    platform: Platform
    newest: Status | None
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    async def pause(self, seconds: float) -> None:
        """Wait, but not when the job's end is to be told."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.closing.wait(), seconds)


class Statuses:
    """Sends standings to platforms in the background."""

    def __init__(self, platforms: Mapping[str, Platform]) -> None:
        """`platforms` by name; jobs of other platforms are not told here."""
        self._platforms = platforms
        self._lines: dict[str, _Line] = {}

    def tell(self, status: Status) -> None:
        """Send this standing as soon as the platform bears it, unless a newer one comes first."""
        job = status.job
        if (line := self._lines.get(job.id)) is not None:
            line.newest = status
        elif (platform := self._platforms.get(job.place.platform)) is not None:
            line = self._lines[job.id] = _Line(platform, status)
            line.task = asyncio.create_task(self._send(job.id, line), name=f"status {job.id}")

    async def close(self, job_id: str) -> None:
        """Drop what is waiting for a job and wait until nothing is under way: its end is told next."""
        if (line := self._lines.get(job_id)) is not None and line.task is not None:
            line.newest = None
            line.closing.set()
            await asyncio.wait({line.task})

    async def aclose(self) -> None:
        """Stop sending."""
        tasks = [line.task for line in self._lines.values() if line.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _send(self, job_id: str, line: _Line) -> None:
        try:
            await line.pause(line.platform.status_after_s)
            while not line.closing.is_set() and (status := line.newest) is not None:
                line.newest = None
                try:
                    async with asyncio.timeout(TIMEOUT_S):
                        await line.platform.status(status)
                except Exception:
                    log.exception("status not shown", job=job_id)
                await line.pause(line.platform.status_every_s)
        finally:
            del self._lines[job_id]
