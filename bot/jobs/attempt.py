"""One attempt at one claimed job: read its inputs, have it drawn, store each picture as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from bot.db import pictures
from bot.db.database import Database, Tx
from bot.drawing import draw
from bot.engines.base import DrawnPicture, InputPicture, Result, Run
from bot.engines.registry import Configured
from bot.errors import BadAnswer, Gone, StorageFull
from bot.jobs import journal
from bot.jobs.words import Words
from bot.pictures.inspect import NotAPicture, inspect_result
from bot.pictures.preview import SMALL, small
from bot.pictures.sandbox import Sandbox
from bot.types import Job, Picture, new_id

log = structlog.get_logger(__name__)

STORE_AGAIN_S = (0.2, 1.0, 5.0, 15.0, 40.0)
"""Pauses before a picture is written once more if the database will not take it: it may be paid for."""

Progress = Callable[[float | None, bytes | None], None]


class Attempt:
    """Draws one claimed job."""

    def __init__(
        self,
        job: Job,
        configured: Configured,
        database: Database,
        sandbox: Sandbox,
        words: Words,
        on_progress: Progress,
    ) -> None:
        """`on_progress` hears of the whole job, 0-1, whatever number of calls it takes."""
        self.run = Run(
            deadline=asyncio.get_running_loop().time() + configured.timeout_s,
            on_picture=self._store,
            on_progress=self._progress,
            on_submitted=self._submitted,
        )
        self._before = 0
        self.called = False
        """Whether the engine was asked for anything: before that nothing that happens is its doing."""
        self.fraction: float | None = None
        """How far the whole job is, 0-1; None when unknown."""
        self._on_progress = on_progress
        self._job = job
        self._configured = configured
        self._database = database
        self._sandbox = sandbox
        self._words = words
        self._large: bytes | None = None
        self._shrinking: asyncio.Task[None] | None = None

    @property
    def begun(self) -> bool:
        """Whether this attempt stored a picture."""
        return self.run.drawn > self._before

    async def draw(self) -> Result:
        """Have all pictures drawn and stored. Raises EngineError, Cancelled, Gone, StorageFull, LeaseLost, and what
        `Words.prepare` raises.

        Pictures handed over before an error are stored: `run.drawn` says how many.
        """
        try:
            return await self._draw()
        finally:
            if self._shrinking is not None:
                self._shrinking.cancel()
                await asyncio.gather(self._shrinking, return_exceptions=True)

    async def _draw(self) -> Result:
        given, masks, results = await self._stored()
        known = 0 if self._job.handle is None else max(0, len(results) - self._job.handle_at)
        self.run.begin_again(len(results), known)  # by an attempt that was cut off
        self._before = len(results)
        inputs = [await self._input(each) for each in given]
        mask = await self._input(masks[0]) if masks else None
        plan = self._job.plan
        if self._job.handle is None:  # else the engine has the words already
            plan = await self.run.unless_cancelled(self._words.prepare(inputs))
            self.run.deadline = asyncio.get_running_loop().time() + self._configured.timeout_s
        self._words.drawing_begins()
        self.called = True
        return await draw(
            self._configured.pool.engines[self._job.address or ""],
            plan,
            inputs,
            mask,
            self.run,
            timeout_s=self._configured.timeout_s,
            handle=self._job.handle,
            sandbox=self._sandbox,
        )

    async def _stored(self) -> list[tuple[Picture, ...]]:
        """Return the job's inputs, its mask and what is drawn of it already, each as a row of pictures."""
        if self._job.plan.kind == "generate" and self._job.fence == 1:
            return [(), (), ()]  # the first claim: nobody can have stored any
        roles = ("input", "mask", "result")
        return await self._database.read(lambda tx: [pictures.of_job(tx, self._job.id, role) for role in roles])

    async def _input(self, picture: Picture) -> InputPicture:
        data = await pictures.read(self._database, picture.id)
        if data is None:
            raise Gone
        return InputPicture(data, picture.mime, picture.width, picture.height)

    async def _store(self, drawn: DrawnPicture) -> None:
        if self.run.drawn >= self._job.plan.count:
            raise BadAnswer(engine=self._configured.engine.id, detail="more pictures than asked for")
        try:
            inspected = await inspect_result(self._sandbox, drawn.taken())
        except NotAPicture as error:
            raise BadAnswer(engine=self._configured.engine.id, detail=str(error)) from error
        picture = Picture(
            id=new_id(),
            mime=inspected.mime,
            width=inspected.width,
            height=inspected.height,
            size=len(inspected.data),
            facts={} if drawn.seed is None else {"seed": drawn.seed},
        )
        position = self.run.drawn

        tried = False

        def write(tx: Tx) -> None:
            nonlocal tried
            if tried and pictures.get(tx, picture.id) is not None:
                return  # the database did it, and broke before it said so
            tried = True
            journal.picture(tx, self._job, position, picture, inspected.data)

        for pause_s in STORE_AGAIN_S:
            try:
                return await self._database.write(write)
            except (StorageFull, journal.LeaseLost):
                raise
            except Exception as error:
                log.warning("a picture could not be stored, trying again", error=type(error).__name__)
                await asyncio.sleep(pause_s)
        await self._database.write(write)

    def _progress(self, fraction: float | None, preview: bytes | None) -> None:
        self.fraction = fraction
        if preview is not None and len(preview) > SMALL:
            self._large, preview = preview if self._job.plan.preview else None, None
            if self._large is not None and (self._shrinking is None or self._shrinking.done()):
                self._shrinking = asyncio.create_task(self._shrink(), name=f"preview {self._job.id}")
        self._on_progress(fraction, preview)

    async def _shrink(self) -> None:
        """Show the newest preview that came too large."""
        while (large := self._large) is not None:
            self._large = None
            if (preview := await small(self._sandbox, large)) is not None:
                self._on_progress(self.fraction, preview)

    async def _submitted(self, handle: str) -> None:
        at = self.run.drawn
        await self._database.write(lambda tx: journal.submitted(tx, self._job, handle, at))
