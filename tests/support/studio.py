"""The studio in this process with an engine that does as it is told, and guests who talk to it over HTTP."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from adapters.local.platform import LocalPlatform
from bot.app import Easel
from bot.config import load
from bot.db.database import Database
from bot.db.studio import StudioMessages
from bot.engines import making
from bot.engines.base import Result, Run, Task
from bot.process import Parts, assembled
from tests.support.engines import ScriptedEngine, draws, png
from tests.support.process import Visitor


@dataclass(frozen=True)
class Studio:
    """A studio that serves."""

    parts: Parts
    platform: LocalPlatform
    engine: ScriptedEngine

    @property
    def root(self) -> str:
        """Its address without the token."""
        return self.platform.address.partition("/?")[0]


@asynccontextmanager
async def serving(folder: Path, engine: ScriptedEngine | None = None, **environ: str) -> AsyncIterator[Studio]:
    """Serve a studio until the block ends."""
    engine = engine or ScriptedEngine()
    settings = {"EASEL_DATA_DIR": str(folder), "EASEL_LOCAL__PORT": "0", "EASEL_ENGINES__DEMO__TYPE": "demo"}
    config = load(None, settings | environ)

    def make(easel: Easel, database: Database) -> LocalPlatform:
        return LocalPlatform(easel, StudioMessages(database), config)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(making, "TYPES", {"demo": making.Type(lambda *_: engine, slots=2)})
        async with assembled(config, {"local": make}) as parts:
            platform = parts.platforms["local"]
            assert isinstance(platform, LocalPlatform)
            await parts.worker.recover(everything=True)
            await platform.start()
            tasks = [asyncio.create_task(parts.worker.run()), asyncio.create_task(parts.courier.run())]
            try:
                yield Studio(parts, platform, engine)
            finally:
                await parts.worker.stop(0)
                await parts.courier.stop(1)
                await asyncio.gather(*tasks)


class Gate:
    """An engine's behaviour: tells a little progress, then draws once it is opened."""

    def __init__(self) -> None:
        """Closed."""
        self._open = asyncio.Event()

    def open(self) -> None:
        """Let everything be drawn."""
        self._open.set()

    async def __call__(self, task: Task, run: Run) -> Result:
        run.progress(0.25, png())
        while not self._open.is_set():
            await run.pause(0.01)
        return await draws(task, run)


class Guest(Visitor):
    """Somebody with the studio open, who can also ask for anything a page, or an attacker, may ask for."""

    @classmethod
    @asynccontextmanager
    async def of(cls, studio: Studio) -> AsyncIterator[Guest]:
        """Come in by the studio's link."""
        async with cls() as guest:
            guest._root = studio.root
            async with guest._session.get(studio.platform.address) as answer:
                assert answer.status == 200, await answer.text()
            yield guest

    async def call(self, method: str, path: str, *, origin: str | None = None, **more: Any) -> tuple[int, Any]:
        """Ask as the page does; return status and JSON."""
        headers = {"Origin": origin or self._root, **more.pop("headers", {})}
        async with self._session.request(method, self._root + path, headers=headers, **more) as answer:
            return answer.status, await answer.json()

    def get(self, path: str, **more: Any) -> aiohttp.client._RequestContextManager:
        """Ask for anything and look at the whole answer."""
        return self._session.get(self._root + path, **more)

    async def press(self, message: int, button: str) -> tuple[int, Any]:
        """Press a button below a message."""
        return await self.call("POST", f"/api/messages/{message}/{button}", json={"id": uuid.uuid4().hex})

    async def send(self, text: str = "", **fields: Any) -> tuple[int, Any]:
        """Send a message; values that are (name, bytes) become files, `file` may be a list of them."""
        form = aiohttp.FormData(default_to_multipart=True)
        for name, value in ({"id": uuid.uuid4().hex, "text": text} | fields).items():
            for each in value if isinstance(value, list) else [value]:
                if isinstance(each, tuple):
                    form.add_field(name, each[1], filename=each[0])
                else:
                    form.add_field(name, str(each))
        return await self.call("POST", "/api/messages", data=form)

    @asynccontextmanager
    async def events(self, after: str = "") -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
        """Listen: events as `{"id", "kind", "data"}`."""
        headers = {"Last-Event-ID": after} if after else {}
        async with self._session.get(f"{self._root}/api/events", headers=headers) as answer:
            assert answer.status == 200
            yield _parsed(answer.content)


async def _parsed(content: aiohttp.StreamReader) -> AsyncIterator[dict[str, Any]]:
    fields: dict[str, str] = {}
    while line := (await content.readline()).decode():
        name, _, value = line.rstrip("\n").partition(": ")
        if name:
            fields[name] = value
        elif "event" in fields:
            yield {"id": fields["id"], "kind": fields["event"], "data": json.loads(fields["data"])}
            fields = {}


async def until(events: AsyncIterator[dict[str, Any]], kind: str, **data: Any) -> dict[str, Any]:
    """Return the next event of a kind whose data has these values."""
    async with asyncio.timeout(30):
        async for event in events:
            if event["kind"] == kind and all(event["data"].get(name) == value for name, value in data.items()):
                return event
    raise AssertionError(f"the stream ended before {kind} {data}")
