"""A platform in memory that shows what was posted and can be made to fail."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from bot import types
from bot.answers import Delivery, Status
from bot.errors import Gone
from bot.types import Job, MessageRef, PictureRef


@dataclass
class MemoryPlatform:
    """Keeps messages by job id. `fault` is called before each post and may raise."""

    name: types.Platform = "local"
    keeps_pictures: bool = True
    connected: bool = True
    status_after_s: float = 0.0
    status_every_s: float = 0.0
    files: dict[str, bytes] = field(default_factory=dict)
    statuses: list[Status] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    looked_for: list[str] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)
    fault: Callable[[Delivery], None] = lambda delivery: None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def status(self, status: Status) -> None:
        self.statuses.append(status)

    async def post(self, delivery: Delivery) -> tuple[MessageRef, ...]:
        if delivery.retried and (posted := self._posted(delivery.job)):
            return posted
        self.fault(delivery)
        self.deliveries.append(delivery)
        self.changed.set()
        return (MessageRef(delivery.job.place, f"m{len(self.deliveries)}"),)

    async def settle(self, job: Job, posted: tuple[MessageRef, ...]) -> None:
        self.settled.append(job.id)

    def _posted(self, job: Job) -> tuple[MessageRef, ...]:
        self.looked_for.append(job.id)
        return tuple(
            MessageRef(job.place, f"m{number}")
            for number, each in enumerate(self.deliveries, 1)
            if each.job.id == job.id
        )

    async def fetch(self, ref: PictureRef, limit: int) -> bytes:
        try:
            return self.files[ref.source]
        except KeyError:
            raise Gone from None

    async def start(self) -> None:
        return None

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def aclose(self) -> None:
        return None

    async def ended(self, job_id: str) -> Delivery:
        """Wait until a job's end was posted, and return it."""
        while True:
            for each in self.deliveries:
                if each.job.id == job_id:
                    return each
            self.changed.clear()
            await asyncio.wait_for(self.changed.wait(), 20)
