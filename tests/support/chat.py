"""People talking to the core, with the real demo engine and a platform in memory."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bot.answers import Accepted, Delivery
from bot.config import load
from bot.db.database import Clock
from bot.process import Parts, assembled
from bot.types import MessageRef, Person, PictureRef, Place, Request
from tests.support.memory_platform import MemoryPlatform

HERE = Place("local", "server", "channel", direct=True)
ANN = Person("local", "ann")
BOB = Person("local", "bob")
_number = itertools.count(1)


class Chat:
    """Ann's conversation with a running bot."""

    def __init__(self, parts: Parts, platform: MemoryPlatform) -> None:
        self.easel = parts.easel
        self.database = parts.database
        self.platform = platform

    def request(self, text: str, **more: Any) -> Request:
        number = next(_number)
        values: dict[str, Any] = {"key": f"k{number}", "person": ANN, "place": HERE}
        values["message"] = MessageRef(HERE, str(number))
        return Request(text=text, **(values | more))

    def attach(self, data: bytes, name: str = "a.png") -> PictureRef:
        self.platform.files[name] = data
        return PictureRef(name, name)

    async def ask(self, text: str, **more: Any) -> Accepted:
        answer = await self.easel.accept(self.request(f"{text} --size 64x64" if text else "", **more))
        assert isinstance(answer, Accepted), answer
        return answer

    async def get(self, text: str, **more: Any) -> Delivery:
        return await self.end((await self.ask(text, **more)).job.id)

    async def end(self, job_id: str) -> Delivery:
        """Wait until the end of a job was posted and is in the journal too."""
        delivery = await self.platform.ended(job_id)
        while not any(each.job.id == job_id for each in await self.easel.history(delivery.job.person)):
            await asyncio.sleep(0.005)
        return delivery


@asynccontextmanager
async def chatting(folder: Path, clock: Clock = time.time, /, **environ: str) -> AsyncIterator[Chat]:
    settings = {"EASEL_DATA_DIR": str(folder), "EASEL_ENGINES__DEMO__TYPE": "demo"}
    settings["EASEL_ENGINES__DEMO__PARAMS"] = '{"seconds": 0}'
    platform = MemoryPlatform()
    async with assembled(load(None, settings | environ), {"local": lambda easel, database: platform}, clock) as parts:
        tasks = [asyncio.create_task(parts.worker.run()), asyncio.create_task(parts.courier.run())]
        try:
            yield Chat(parts, platform)
        finally:
            await parts.worker.stop(5)
            await parts.courier.stop(5)
            await asyncio.gather(*tasks)
