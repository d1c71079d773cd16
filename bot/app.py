"""Easel: what adapters may call. Requests come in as values, answers go out as values; nothing here knows a platform.

Everything a person did wrong is raised as a `Refused`; `easel.say(language, error)` is its sentence.
"""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Literal

from bot import types
from bot.answers import Accepted, Fitted, Past, Standing, Told
from bot.config import Config
from bot.db import pictures, retention, seen
from bot.db.database import Database, Tx
from bot.describing import Describer
from bot.engines.registry import Registry
from bot.errors import (
    BotError,
    Gone,
    NothingToCancel,
    NothingToRepeat,
    NothingToUndo,
    NotYours,
    TooLateToCancel,
)
from bot.gallery import Gallery
from bot.i18n.catalogue import Catalogues
from bot.intake import Intake
from bot.jobs import journal, places
from bot.observe import Metrics
from bot.pictures.fit import LOSSES
from bot.pictures.infotext import Infotext
from bot.settings.store import Settings
from bot.types import Job, MessageRef, Person, Picture, PictureRef, Place, Request, State, new_id


class Easel:
    """The bot without its platforms."""

    def __init__(
        self,
        *,
        config: Config,
        database: Database,
        engines: Registry,
        catalogues: Catalogues,
        settings: Settings,
        intake: Intake,
        gallery: Gallery,
        describer: Describer,
        metrics: Metrics,
        language_model: bool,
    ) -> None:
        """Put together by `bot.process`; `language_model`: there is one."""
        self.config = config
        self.engines = engines
        self.catalogues = catalogues
        self.settings = settings
        self.language_model = language_model
        self.describes = describer.able
        self._database = database
        self._intake = intake
        self._gallery = gallery
        self._describer = describer
        self._metrics = metrics

    # ── asking ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def accept(self, request: Request) -> Accepted | Told | None:
        """Decide what a message asks for, and store it as a job before saying so.

        Returns the accepted job, words to answer instead (a hint), or None when silence is right. The same request key
        always leads to the same job. Raises Refused.
        """
        answer = await self._intake.accept(request)
        match answer:
            case "again" | "undo" as wish:
                return await self._once_more(wish, request)
            case Job():
                return self._begin(answer)
            case _:
                return answer

    async def again(
        self, person: Person, place: Place, key: str, *, job_id: str | None = None, message: MessageRef | None = None
    ) -> Accepted:
        """Draw a job once more with a new seed and its stored inputs; the person's newest one here if not named.

        Somebody else's job becomes this person's own new one. Raises NothingToRepeat, Gone, and what `accept` raises.
        """
        if job_id is None:
            mine = await self._database.read(lambda tx: journal.recent(tx, person=person.key, place=place))
            old = next((job for job in mine if not job.plan.shown_again), None)
            if old is None:
                raise NothingToRepeat
        else:
            old = (await self.details(job_id)).job
        language = await self.language(person, place)
        job = await self._intake.repeat(old, person, place, key, message, language)
        return self._begin(job)

    async def undo(
        self,
        person: Person,
        place: Place,
        key: str,
        *,
        picture: str | None = None,
        message: MessageRef | None = None,
    ) -> Accepted:
        """Show the picture again that the named, else the newest picture here was made from: no engine, no quota.

        Raises NothingToUndo, Gone.
        """
        language = await self.language(person, place)

        def step(tx: Tx) -> Job:
            newest = picture or seen.newest(tx, place, "easel")
            made_by = self._producer(tx, newest)
            if made_by is None or (parent := made_by.parent) is None:
                raise NothingToUndo
            if not pictures.has_bytes(tx, parent):
                raise Gone
            before = self._producer(tx, parent)
            plan = dataclasses.replace(
                made_by.plan, prompt=before.plan.prompt if before else "", count=1, adapted=(), shown_again=True
            )
            job = Job(
                id=new_id(),
                state=State.DRAWN,
                person=person,
                place=place,
                message=message,
                language=language,
                plan=plan,
                parent=before.parent if before else None,
                created=0,
            )
            return journal.add(tx, job, key, results=(parent,))

        return Accepted(await self._database.write(step))

    async def cancel(self, person: Person, place: Place, job_id: str | None = None) -> list[Job]:
        """Stop one job, or all of this person's that have not been drawn; return those that will stop.

        Raises NothingToCancel, TooLateToCancel, NotYours.
        """
        if job_id is None:
            jobs = await self._database.read(lambda tx: journal.active(tx, person=person.key))
            jobs = [job for job in jobs if job.state in (State.QUEUED, State.RUNNING)]
            if not jobs:
                raise NothingToCancel
        else:
            jobs = [await self._job(job_id)]
            self._may_change(jobs[0], person, place)
        stopped = [job for job in jobs if await self._database.write(partial(journal.cancel, job_id=job.id))]
        if not stopped:
            raise TooLateToCancel
        return stopped

    # ── looking ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def queue(self, person: Person) -> list[Standing]:
        """Return this person's unfinished jobs, oldest first."""
        return await self._database.read(lambda tx: self._standings(tx, journal.active(tx, person=person.key)))

    async def active(self, platform: types.Platform) -> list[Standing]:
        """Return all unfinished jobs of a platform, for an adapter that (re)starts."""
        return await self._database.read(lambda tx: self._standings(tx, journal.active(tx, platform=platform)))

    async def history(self, person: Person, limit: int = 10) -> list[Past]:
        """Return this person's newest jobs that have ended, newest first."""

        def look(tx: Tx) -> list[Past]:
            ended = journal.recent(tx, person=person.key, ended=True, limit=limit)
            return [Past(job, pictures.of_job(tx, job.id, "result")) for job in ended]

        return await self._database.read(look)

    async def clear_history(self, person: Person) -> int:
        """Delete all of this person's pictures and ended jobs for good; return how many jobs."""
        while await self._database.write(lambda tx: retention.forget_pictures(tx, person.key)):
            pass
        return await self._database.write(lambda tx: retention.forget_jobs(tx, person.key))

    async def details(self, job_id: str) -> Past:
        """Return everything known of a job; of a picture shown again, of the job that drew it. Raises Gone."""

        def look(tx: Tx) -> Past | None:
            job = journal.get(tx, job_id)
            shown = pictures.of_job(tx, job_id, "result")
            if job is not None and job.plan.shown_again and shown:
                job = self._producer(tx, shown[0].id) or job
            return Past(job, shown) if job else None

        found = await self._database.read(look)
        if found is None:
            raise Gone
        return found

    async def delete(self, person: Person, place: Place, job_id: str) -> Job:
        """Delete a job's pictures for good: by the asker, a moderator or an admin. Raises NotYours, Gone.

        The platform's messages are the adapter's to delete (`job.posted`).
        """
        job = await self._job(job_id)
        self._may_change(job, person, place)

        def step(tx: Tx) -> None:
            mine = [
                each.id for each in pictures.of_job(tx, job_id, "result") if pictures.producer(tx, each.id) == job_id
            ]
            pictures.delete(tx, mine)
            for message in job.posted:
                seen.forget(tx, job.place, message)

        await self._database.write(step)
        return job

    async def status_shown(self, job: Job, message: str) -> None:
        """Remember the platform's own message that shows how a job stands, for whoever ends the job."""
        await self._database.write(lambda tx: journal.status_shown(tx, job.id, message))

    async def picture(self, picture_id: str) -> tuple[Picture, bytes]:
        """Return a stored picture and its file, with what it was drawn from in it. Raises Gone."""
        return await self._gallery.picture(picture_id)

    async def fitted(self, picture_id: str, limit: int, language: str) -> Fitted:
        """Return a stored picture in at most `limit` bytes: pixels unchanged if it fits, else as little as possible.

        Raises TooLarge when no sensible picture is that small, and Gone.
        """
        found = await self._gallery.fitted(picture_id, limit)
        said = LOSSES.get(found.loss, "")
        return Fitted(found.data, found.mime, said and self.say(language, said, width=found.width, height=found.height))

    async def read_infotext(self, platform: types.Platform, ref: PictureRef) -> Infotext | None:
        """Return what anybody's picture says it was drawn from. Raises FileTooLarge, Gone."""
        return await self._gallery.read_infotext(platform, ref)

    async def describe(self, person: Person, place: Place, ref: PictureRef | None = None) -> Told:
        """Say what anybody's picture shows, else the newest of the place. Raises what `Describer.describe` does."""
        return await self._describer.describe(person, place, ref)

    # ── words ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def language(self, person: Person, place: Place) -> str:
        """Return the catalogue code this person is answered in here."""
        return await self.settings.language(person, place)

    def say(self, language: str, what: str | BotError, **args: object) -> str:
        """Return a catalogue sentence, or an error's, in a language."""
        say = self.catalogues
        return say.error(language, what) if isinstance(what, BotError) else say.text(language, what, **args)

    # ── inside ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def _once_more(self, wish: Literal["again", "undo"], request: Request) -> Accepted:
        """Do what one word asks for, with the picture it replies to, else with the newest."""
        meant = request.replied[0].picture if request.replied_by == "easel" and request.replied else None
        asked = (request.person, request.place, request.key)
        if wish == "undo":
            return await self.undo(*asked, picture=meant, message=request.message)
        made_by = await self._database.read(lambda tx: self._producer(tx, meant))
        return await self.again(*asked, job_id=made_by.id if made_by else None, message=request.message)

    def _begin(self, job: Job) -> Accepted:
        self._metrics.accepted.labels(self.engines.type_of(job.plan.engine)).inc()
        return Accepted(job)

    async def _job(self, job_id: str) -> Job:
        job = await self._database.read(lambda tx: journal.get(tx, job_id))
        if job is None:
            raise Gone
        return job

    def _standings(self, tx: Tx, jobs: list[Job]) -> list[Standing]:
        return [self._standing(tx, job) for job in jobs]

    def _standing(self, tx: Tx, job: Job) -> Standing:
        if job.state is not State.QUEUED or job.plan.engine not in self.engines:
            return Standing(job, 0)
        ahead = places.ahead(tx, job)
        capacity = self.engines.configured(job.plan.engine).pool.capacity
        return Standing(job, ahead, places.wait_s(tx, job, ahead, capacity))

    @staticmethod
    def _producer(tx: Tx, picture: str | None) -> Job | None:
        """Return the job that drew a picture; None for one that somebody gave, or that is not known."""
        producer = pictures.producer(tx, picture) if picture else None
        return journal.get(tx, producer) if producer else None

    @staticmethod
    def _may_change(job: Job, person: Person, place: Place) -> None:
        """Raise NotYours unless it is the person's own job, or one of the server they manage: that of `place`."""
        rules = (person.moderator or person.admin) and job.place.server_key == place.server_key
        if job.person.key != person.key and not rules:
            raise NotYours
