"""Posts the end of every job exactly once: pictures, a plain reason, or that it was cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from functools import partial

import structlog

from bot.answers import Button, Delivery
from bot.db import pictures
from bot.db.database import Database, Tx
from bot.db.notices import RESYNC
from bot.engines.registry import Registry
from bot.errors import BotError, DeliveryError, Gone, NoPermission, PlaceGone
from bot.jobs import claims, journal
from bot.jobs.bell import Bell
from bot.jobs.statuses import Statuses
from bot.observe import Metrics, report
from bot.platform import Platform
from bot.prompts import Prompts
from bot.types import Job, Picture, State
from bot.wording import Wording

log = structlog.get_logger(__name__)

LEASE_S = 120.0
POST_TIMEOUT_S = 90.0
"""Less than the lease, so that no post can still be under way when another process may begin."""
SETTLE_TIMEOUT_S = 10.0
AT_ONCE = 4
POLL_S = 2.0
FIRST_DELAY_S = 1.0
MAX_POST_ATTEMPTS = 300
"""About a day of trying: long enough for a platform's worst outage."""


class Courier:
    """Delivers through the platforms of this process. One per process."""

    def __init__(
        self,
        *,
        owner: str,
        database: Database,
        engines: Registry,
        platforms: Mapping[str, Platform],
        statuses: Statuses,
        wording: Wording,
        prompts: Prompts,
        metrics: Metrics,
    ) -> None:
        """`owner` names this process in claims."""
        self._owner = owner
        self._database = database
        self._engines = engines
        self._platforms = platforms
        self._statuses = statuses
        self._wording = wording
        self._prompts = prompts
        self._metrics = metrics
        self._bell = Bell()
        self._stopping = False
        self._claiming = asyncio.Lock()
        self._posting: set[asyncio.Task[None]] = set()
        self._full = False
        database.subscribe(self._heard)

    def wake(self) -> None:
        """There is, or may be, an end to tell."""
        self._bell.ring()

    def _heard(self, notice: str, payload: str) -> None:
        if notice in ("ended", RESYNC):
            self.wake()

    async def run(self) -> None:
        """Post until `stop`."""
        while not self._stopping:
            try:
                while await self._claim():
                    pass
            except Exception as error:
                report("claiming a delivery failed", error)
            await self._bell.wait(POLL_S)

    async def stop(self, grace_s: float) -> None:
        """Begin nothing more and let posts under way finish; one that is cut off is looked for at the next start."""
        self._stopping = True
        self.wake()
        async with self._claiming:  # a claim under way begins its post
            posting = list(self._posting)
        if posting:
            await asyncio.wait(posting, timeout=grace_s)
        for task in posting:
            task.cancel()
        await asyncio.gather(*posting, return_exceptions=True)

    async def _claim(self) -> bool:
        """Claim and begin the next delivery, if there is one and not too many are under way."""
        async with self._claiming:
            self._full = len(self._posting) >= AT_ONCE
            if self._stopping or self._full:
                return False
            names = [name for name, platform in self._platforms.items() if platform.connected]
            claimed = await self._database.write(partial(self._next, names=names))
            if claimed is None:
                return False
            task = asyncio.create_task(self._see_through(*claimed), name=f"post {claimed[0].id}")
            self._posting.add(task)
            task.add_done_callback(self._posted)
            return True

    def _posted(self, task: asyncio.Task[None]) -> None:
        self._posting.discard(task)
        if self._full:
            self.wake()

    def _next(self, tx: Tx, names: Collection[str]) -> tuple[Job, tuple[Picture, ...]] | None:
        """Claim a delivery, and return its job and pictures."""
        job = claims.claim_post(tx, self._owner, LEASE_S, names)
        if job is None:
            return None
        return job, pictures.of_job(tx, job.id, "result") if job.state is State.POSTING else ()

    async def _see_through(self, job: Job, found: tuple[Picture, ...]) -> None:
        structlog.contextvars.bind_contextvars(job=job.id)
        try:
            await self._statuses.close(job.id)
            with self._metrics.delivery.labels(job.place.platform).time():
                async with asyncio.timeout(POST_TIMEOUT_S):
                    await self._post(job, found)
        except journal.LeaseLost:
            log.warning("delivery was claimed by another process meanwhile")
        except (DeliveryError, Gone) as error:
            await self._cannot(job, error)
        except Exception as error:
            report("posting failed", error)
            await self._later(job, error)

    async def _post(self, job: Job, found: tuple[Picture, ...]) -> None:
        platform = self._platforms[job.place.platform]
        messages = await platform.post(await self._delivery(job, found))
        try:
            async with asyncio.timeout(SETTLE_TIMEOUT_S):
                await platform.settle(job, messages)
        except Exception:
            log.exception("the status message could not be settled")
        await self._database.write(lambda tx: journal.delivered(tx, job, messages))
        outcome = "delivered" if job.state is State.POSTING else job.error or job.state.value
        self._metrics.ended.labels(self._engines.type_of(job.plan.engine), outcome).inc()

    async def _delivery(self, job: Job, found: tuple[Picture, ...]) -> Delivery:
        retried = job.posting_since is not None
        if job.state is not State.POSTING:
            words = self._wording.ended(job) if retried else await self._reason(job)
            return Delivery(job, (), words, alt="", buttons=_buttons(job), retried=retried)
        if not found:  # deleted meanwhile
            raise Gone
        words = self._wording.finished(job, found)
        return Delivery(job, found, words, alt=job.plan.prompt, buttons=_buttons(job), retried=retried)

    async def _reason(self, job: Job) -> str:
        """Say why there is no picture: in the language model's words if there is time for that, for others wait."""
        sentence = self._wording.ended(job)
        if job.error is None or not job.plan.acknowledge or not self._prompts.ready or self._full:
            return sentence
        names = [each for each in map(str, job.error_args.values()) if each and each in sentence]
        return await self._prompts.explain(sentence, job.language, names) or sentence

    async def _cannot(self, job: Job, error: BotError) -> None:
        log.warning("cannot be delivered", error=type(error).__name__, detail=error.detail)
        if job.state is State.POSTING and not isinstance(error, NoPermission | PlaceGone):
            await self._write(lambda tx: journal.not_deliverable(tx, job, error))  # the reason is posted next
        else:
            await self._write(lambda tx: journal.undeliverable(tx, job, error))
        self.wake()

    async def _later(self, job: Job, error: Exception) -> None:
        if job.post_attempts >= MAX_POST_ATTEMPTS:
            await self._write(lambda tx: journal.undeliverable(tx, job, DeliveryError(detail=repr(error))))
            return
        delay = min(FIRST_DELAY_S * 2 ** (job.post_attempts - 1), claims.LONGEST_DELAY_S)
        await self._write(lambda tx: journal.post_later(tx, job, delay))

    async def _write(self, step: Callable[[Tx], None]) -> None:
        """Write what became of a post, again and again if the database will not take it: nothing is lost."""
        while True:
            try:
                return await self._database.write(step)
            except journal.LeaseLost:
                return
            except Exception as error:
                report("what became of a post could not be written, trying again", error)
                await asyncio.sleep(POLL_S)


def _buttons(job: Job) -> tuple[Button, ...]:
    """Return what can be done with the end of this job."""
    if job.state is not State.POSTING:
        return ("again",)
    undo: tuple[Button, ...] = ("undo",) if job.parent else ()
    if job.plan.shown_again:
        return ("edit", *undo, "details", "delete")
    return ("again", "edit", *undo, "details", "delete")
