"""One attempt at one claimed job: read its inputs, have it drawn, store each picture as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.db import pictures
from bot.db.database import Database
from bot.drawing import draw
from bot.engines.base import DrawnPicture, InputPicture, Result, Run
from bot.engines.registry import Configured
from bot.errors import BadAnswer, Gone
from bot.jobs import journal
from bot.pictures.inspect import NotAPicture, inspect_result
from bot.pictures.sandbox import Sandbox
from bot.types import Job, Picture, new_id

Progress = Callable[[float | None, bytes | None], None]


class Attempt:
    """Draws one claimed job."""

    def __init__(
        self, job: Job, configured: Configured, database: Database, sandbox: Sandbox, on_progress: Progress
    ) -> None:
        """`on_progress` hears of the whole job, 0-1, whatever number of calls it takes."""
        self.run = Run(
            deadline=asyncio.get_running_loop().time() + configured.timeout_s,
            on_picture=self._store,
            on_progress=self._progress,
            on_submitted=self._submitted,
        )
        self.fraction: float | None = None
        """How far the whole job is, 0-1; None when unknown."""
        self._on_progress = on_progress
        self._job = job
        self._configured = configured
        self._database = database
        self._sandbox = sandbox

    async def draw(self) -> Result:
        """Have all pictures drawn and stored. Raises EngineError, Cancelled, Gone, StorageFull, LeaseLost.

        Pictures handed over before an error are stored: `run.drawn` says how many.
        """
        masks = await self._inputs("mask")
        return await draw(
            self._configured.engine,
            self._job.plan,
            await self._inputs("input"),
            masks[0] if masks else None,
            self.run,
            timeout_s=self._configured.timeout_s,
            handle=self._job.handle,
        )

    async def _inputs(self, role: str) -> list[InputPicture]:
        found = []
        for each in await self._database.read(lambda tx: pictures.of_job(tx, self._job.id, role)):
            data = await pictures.read(self._database, each.id)
            if data is None:
                raise Gone
            found.append(InputPicture(data, each.mime, each.width, each.height))
        return found

    async def _store(self, drawn: DrawnPicture) -> None:
        if self.run.drawn >= self._job.plan.count:
            raise BadAnswer(engine=self._configured.engine.id, detail="more pictures than asked for")
        try:
            inspected = await inspect_result(self._sandbox, drawn.data)
        except NotAPicture as error:
            raise BadAnswer(engine=self._configured.engine.id, detail=str(error)) from error
        picture = Picture(
            id=new_id(),
            mime=inspected.mime,
            width=inspected.width,
            height=inspected.height,
            size=len(drawn.data),
            facts={} if drawn.seed is None else {"seed": drawn.seed},
        )
        position = self.run.drawn
        await self._database.write(lambda tx: journal.picture(tx, self._job, position, picture, drawn.data))

    def _progress(self, fraction: float | None, preview: bytes | None) -> None:
        self.fraction = fraction
        self._on_progress(fraction, preview)

    async def _submitted(self, handle: str) -> None:
        await self._database.write(lambda tx: journal.submitted(tx, self._job, handle))
