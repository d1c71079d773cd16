"""Claims jobs for engines with a free slot and sees each to its end, whatever happens on the way."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import Callable

import structlog

from bot.answers import Status
from bot.db.database import Database, Tx
from bot.engines.registry import Registry
from bot.errors import BotError, Cancelled, Internal
from bot.jobs import journal, lanes
from bot.jobs.attempt import Attempt
from bot.jobs.bell import Bell
from bot.jobs.statuses import Statuses
from bot.observe import Metrics
from bot.pictures.sandbox import Sandbox
from bot.types import Job
from bot.wording import Wording

log = structlog.get_logger(__name__)

LEASE_S = 30.0
BEAT_S = 5.0
POLL_S = 5.0
PLACES_TOLD = 100
"""Waiting jobs whose place is told when it changes; those further back hear of theirs as they come nearer."""
RETRY_S = (0.2, 1.0, 5.0)
"""Pauses between attempts to write a job's end; the last one repeats."""


class Worker:
    """Draws. One per process."""

    def __init__(
        self,
        *,
        owner: str,
        database: Database,
        engines: Registry,
        sandbox: Sandbox,
        statuses: Statuses,
        wording: Wording,
        metrics: Metrics,
        ended: Callable[[], None],
    ) -> None:
        """`owner` names this process in claims; `ended` is called when a job waits to be posted."""
        self._owner = owner
        self._database = database
        self._engines = engines
        self._sandbox = sandbox
        self._statuses = statuses
        self._wording = wording
        self._metrics = metrics
        self._ended = ended
        self._bell = Bell()
        self._stopping = False
        self._claiming = asyncio.Lock()
        self._drawing: dict[str, asyncio.Task[None]] = {}
        self._attempts: dict[str, Attempt] = {}
        self._busy: Counter[str] = Counter()
        self._told: dict[str, int] = {}

    def wake(self) -> None:
        """There is, or may be, a job to claim."""
        self._bell.ring()

    def cancel(self, job_id: str) -> None:
        """Stop a job this process is drawing, at once; others hear of it by their heartbeat."""
        if (attempt := self._attempts.get(job_id)) is not None:
            attempt.run.cancelled.set()
        self.wake()

    async def recover(self, *, everything: bool) -> None:
        """Decide what becomes of jobs whose process died. `everything` only when no other process can be alive."""
        natures = self._engines.natures()
        found = await self._database.write(lambda tx: lanes.recover(tx, everything=everything, engines=natures))
        if found:
            log.info("recovered jobs", count=len(found), jobs=found)
            self._ended()

    async def run(self) -> None:
        """Claim and draw until `stop`."""
        while not self._stopping:
            try:
                if not self._database.exclusive:
                    await self.recover(everything=False)
                while await self._claim():
                    pass
                await self._tell_waiting()
            except Exception:
                log.exception("claiming failed")
                await asyncio.sleep(RETRY_S[-1])
            await self._bell.wait(POLL_S)

    async def stop(self, grace_s: float) -> None:
        """Claim nothing more; let running jobs finish for `grace_s` seconds, then give their claims back."""
        self._stopping = True
        self.wake()
        async with self._claiming:  # a claim under way begins its job
            drawing = list(self._drawing.values())
        if drawing:
            await asyncio.wait(drawing, timeout=grace_s)
        for task in drawing:
            task.cancel()
        await asyncio.gather(*drawing, return_exceptions=True)

    # ── one job ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _claim(self) -> bool:
        """Claim and begin the next job, if there is one and an engine has room for it."""
        async with self._claiming:
            free = [id_ for id_ in self._engines if self._busy[id_] < self._engines.configured(id_).slots]
            if not free or self._stopping:
                return False
            job = await self._database.write(lambda tx: lanes.claim(tx, self._owner, LEASE_S, free))
            if job is None:
                return False
            self._busy[job.plan.engine] += 1
            self._drawing[job.id] = asyncio.create_task(self._see_through(job), name=f"draw {job.id}")
            return True

    async def _see_through(self, job: Job) -> None:
        structlog.contextvars.bind_contextvars(job=job.id)
        try:
            kind = self._engines.type_of(job.plan.engine)
            with self._metrics.drawing.labels(kind).time(), self._metrics.running.labels(kind).track_inprogress():
                end = await self._draw(job)
            await self._write_end(job, end)
        except asyncio.CancelledError:
            # Shutdown. The engine may go on; recovery at the next start decides, exactly as after a crash.
            with contextlib.suppress(journal.LeaseLost):
                await self._database.write(lambda tx: journal.released(tx, job))
        except journal.LeaseLost:
            log.warning("job was claimed by another process meanwhile")
        finally:
            del self._drawing[job.id]
            self._busy[job.plan.engine] -= 1
            self.wake()

    async def _draw(self, job: Job) -> Callable[[Tx], None]:
        """Draw and return how the job ended, as the step that writes it."""
        configured = self._engines.configured(job.plan.engine)
        attempt = Attempt(job, configured, self._database, self._sandbox, self._teller(job))
        self._attempts[job.id] = attempt
        beat = asyncio.create_task(self._beat(job, attempt))
        try:
            self._tell(job, None, None)
            result = await attempt.draw()
            facts = {"model": result.model, "revised_prompt": result.revised_prompt, "cost": result.cost}
            # Whatever an engine says can be written: a step that always fails would be tried for ever.
            writable = json.loads(json.dumps(facts | dict(result.facts), default=str))
            return lambda tx: journal.drawn(tx, job, writable)
        except Cancelled:
            return lambda tx: journal.cancelled(tx, job)
        except journal.LeaseLost:
            raise
        except BotError as error:
            return self._after_error(job, attempt, error)
        except Exception as error:
            log.exception("drawing failed inside")
            return self._after_error(job, attempt, Internal(job=job.id, detail=repr(error)))
        finally:
            beat.cancel()
            del self._attempts[job.id]

    def _after_error(self, job: Job, attempt: Attempt, error: BotError) -> Callable[[Tx], None]:
        level = log.warning if error.tell_operator else log.info
        level("drawing ended early", error=type(error).__name__, detail=error.detail, drawn=attempt.run.drawn)
        if attempt.run.drawn:
            missing = {"missing": job.plan.count - attempt.run.drawn}
            return lambda tx: journal.drawn(tx, job, missing)
        return lambda tx: journal.failed(tx, job, error)

    async def _write_end(self, job: Job, end: Callable[[Tx], None]) -> None:
        """Write a job's end, again and again if the database will not take it: nothing is lost."""
        pauses = iter(RETRY_S)
        while True:
            try:
                await self._database.write(end)
            except journal.LeaseLost:
                raise
            except Exception:
                log.exception("the end of a job could not be written, trying again")
                await asyncio.sleep(next(pauses, RETRY_S[-1]))
            else:
                self._ended()
                return

    async def _beat(self, job: Job, attempt: Attempt) -> None:
        """Keep the claim and hear of cancels; a claim lost to another process stops the drawing."""
        while True:
            await asyncio.sleep(BEAT_S)
            try:
                if await self._database.write(lambda tx: journal.beat(tx, job, LEASE_S, attempt.fraction)):
                    attempt.run.cancelled.set()
            except journal.LeaseLost:
                attempt.run.cancelled.set()
                return
            except Exception:
                log.exception("heartbeat failed")

    # ── telling ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _teller(self, job: Job) -> Callable[[float | None, bytes | None], None]:
        return lambda fraction, preview: self._tell(job, fraction, preview)

    def _tell(self, job: Job, fraction: float | None, preview: bytes | None) -> None:
        text = self._wording.drawing(job, fraction)
        shown = preview if job.plan.preview else None
        self._statuses.tell(Status(job, text, progress=fraction, preview=shown))

    async def _tell_waiting(self) -> None:
        """Tell everybody who waits their new place."""
        count, waiting = await self._database.read(lambda tx: journal.waiting(tx, PLACES_TOLD))
        self._metrics.queued.set(count)
        before, self._told = self._told, {job.id: ahead for job, ahead in waiting}
        for job, ahead in waiting:
            if before.get(job.id) != ahead:
                self._statuses.tell(Status(job, self._wording.waiting(job, ahead), place=ahead + 1))
