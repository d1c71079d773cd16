"""Status messages: the newest standing of each job, sent one at a time, the older ones dropped.

A slow platform therefore delays only its own messages, and a person never sees progress go backwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog

from bot.answers import Status
from bot.platform import Platform

TIMEOUT_S = 15.0
"""A status that hangs must not hold up the end of its job."""

log = structlog.get_logger(__name__)


class Statuses:
    """Sends standings to platforms in the background."""

    def __init__(self, platforms: Mapping[str, Platform]) -> None:
        """`platforms` by name; jobs of other platforms are not told here."""
        self._platforms = platforms
        self._newest: dict[str, Status] = {}
        self._sending: dict[str, asyncio.Task[None]] = {}

    def tell(self, status: Status) -> None:
        """Send this standing soon, unless a newer one comes first."""
        if status.job.place.platform not in self._platforms:
            return
        self._newest[status.job.id] = status
        if status.job.id not in self._sending:
            self._sending[status.job.id] = asyncio.create_task(self._send(status.job.id))

    async def close(self, job_id: str) -> None:
        """Drop what is waiting for a job and wait until nothing is under way: its end is told next."""
        self._newest.pop(job_id, None)
        if (task := self._sending.get(job_id)) is not None:
            await asyncio.wait({task})

    async def aclose(self) -> None:
        """Stop sending."""
        for task in self._sending.values():
            task.cancel()
        await asyncio.gather(*self._sending.values(), return_exceptions=True)

    async def _send(self, job_id: str) -> None:
        try:
            while (status := self._newest.pop(job_id, None)) is not None:
                try:
                    async with asyncio.timeout(TIMEOUT_S):
                        await self._platforms[status.job.place.platform].status(status)
                except Exception:
                    log.exception("status not shown", job=job_id)
        finally:
            del self._sending[job_id]
