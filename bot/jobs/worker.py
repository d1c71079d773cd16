"""Claims jobs for addresses with room and sees each to its end, whatever happens on the way."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from functools import partial

import structlog

from bot.answers import Status
from bot.db.database import Database, Tx
from bot.engines.pool import AWAY_S
from bot.engines.registry import Configured, Registry
from bot.errors import BotError, Cancelled, Internal
from bot.jobs import claims, journal, recovery
from bot.jobs.attempt import Attempt
from bot.jobs.bell import Bell
from bot.jobs.lanes import Caps
from bot.jobs.probes import Probes
from bot.jobs.statuses import Statuses
from bot.jobs.waiting import Waiting
from bot.jobs.words import Words
from bot.moderation import Moderation
from bot.observe import Metrics, report
from bot.pictures.sandbox import Sandbox
from bot.preparing import Preparer
from bot.prompts import Prompts
from bot.types import Job
from bot.wording import Wording

log = structlog.get_logger(__name__)

LEASE_S = 30.0
BEAT_S = 5.0
POLL_S = 5.0
MAX_MOVES = 8
"""Times a job is put back because its address was busy or away, before people hear of it."""
MOST_MOVED = 1000
"""Jobs put back whose words are kept."""
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
        prompts: Prompts,
        moderation: Moderation,
        metrics: Metrics,
        caps: Caps,
        refund_refused: bool = False,
    ) -> None:
        """`owner` names this process in claims; `refund_refused` gives quota back also for what an engine refused."""
        self._owner = owner
        self._database = database
        self._engines = engines
        self._sandbox = sandbox
        self._statuses = statuses
        self._wording = wording
        self._prompts = prompts
        self._preparer = Preparer(prompts, moderation, sandbox)
        self._metrics = metrics
        self._caps = caps
        self._refund_refused = refund_refused
        self._bell = Bell()
        self._probes = Probes(engines, self.wake)
        self._stopping = False
        self._claiming = asyncio.Lock()
        self._drawing: dict[str, asyncio.Task[None]] = {}
        self._attempts: dict[str, Attempt] = {}
        self._moved: dict[str, Words] = {}
        self._waiting = Waiting(database, engines, statuses, wording, metrics)
        database.subscribe(self._heard)

    def wake(self) -> None:
        """There is, or may be, a job to claim."""
        self._bell.ring()

    def draws(self, job_id: str) -> bool:
        """Tell whether this process draws a job."""
        return job_id in self._drawing

    def _heard(self, notice: str, payload: str) -> None:
        if notice == "cancel" and (attempt := self._attempts.get(payload)) is not None:
            attempt.run.cancelled.set()
        if notice not in ("running", "ended"):
            self.wake()

    async def recover(self, *, everything: bool) -> None:
        """Decide what becomes of jobs whose process died. `everything` only when no other process can be alive."""
        natures, addresses = self._engines.natures(), self._engines.addresses()
        while found := await self._database.write(
            lambda tx: recovery.recover(tx, everything=everything, engines=natures, addresses=addresses)
        ):
            log.info("recovered jobs", count=len(found), jobs=found)

    async def run(self) -> None:
        """Claim and draw until `stop`."""
        while not self._stopping:
            try:
                if not self._database.exclusive:
                    await self.recover(everything=False)
                self._probes.begin()
                await self._end_hopeless()
                while await self._claim():
                    pass
                await self._waiting.tell()
            except Exception as error:
                report("claiming failed", error)
                await asyncio.sleep(RETRY_S[-1])
            await self._bell.wait(min(self._probes.next_in_s(), self._waiting.next_in_s(POLL_S)))

    async def stop(self, grace_s: float) -> None:
        """Claim nothing more; let running jobs finish for `grace_s` seconds, then give their claims back."""
        self._stopping = True
        self.wake()
        await self._probes.aclose()
        async with self._claiming:  # a claim under way begins its job
            drawing = list(self._drawing.values())
        if drawing:
            await asyncio.wait(drawing, timeout=grace_s)
        for task in drawing:
            task.cancel()
        await asyncio.gather(*drawing, return_exceptions=True)

    async def _end_hopeless(self) -> None:
        """End jobs that wait for an engine, or for one address that knows them, which has been away for too long."""
        natures = self._engines.natures()
        for id_ in self._engines:
            pool = self._engines.configured(id_).pool
            if pool.away_s > AWAY_S:
                await self._database.write(partial(recovery.absent, engine=id_))
            for address, breaker in pool.breakers.items():
                if breaker.open_s > AWAY_S:
                    await self._database.write(
                        partial(recovery.unreachable, engine=id_, address=address, nature=natures[id_])
                    )

    # ── one job ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _claim(self) -> bool:
        """Claim and begin the next job, if there is one and an address has room for it."""
        async with self._claiming:
            room = {id_: free for id_, free in self._engines.room().items() if free}
            if not room or self._stopping:
                return False
            job = await self._database.write(lambda tx: claims.claim(tx, self._owner, LEASE_S, room, self._caps))
            if job is None:
                return False
            self._drawing[job.id] = asyncio.create_task(self._see_through(job), name=f"draw {job.id}")
            return True

    async def _see_through(self, job: Job) -> None:
        structlog.contextvars.bind_contextvars(job=job.id)
        try:
            kind = self._engines.type_of(job.plan.engine)
            with self._metrics.drawing.labels(kind).time(), self._metrics.running.labels(kind).track_inprogress():
                end = await self._draw(job)
            await self._write_end(end)
        except asyncio.CancelledError:
            # Shutdown, or the claim is lost. The engine may go on; recovery decides, exactly as after a crash.
            with contextlib.suppress(journal.LeaseLost):
                await self._database.write(lambda tx: journal.released(tx, job))
        except journal.LeaseLost:
            log.warning("job was claimed by another process meanwhile")
        finally:
            del self._drawing[job.id]
            self.wake()

    async def _draw(self, job: Job) -> Callable[[Tx], None]:
        """Draw and return how the job ended, as the step that writes it."""
        configured = self._engines.configured(job.plan.engine)
        words = self._moved.pop(job.id, None) or Words(job, self._database, self._prompts, self._preparer)
        attempt = Attempt(job, configured, self._database, self._sandbox, words, self._teller(job))
        self._attempts[job.id] = attempt
        beat = asyncio.create_task(self._beat(job, attempt))
        began = asyncio.get_running_loop().time()
        try:
            self._tell(job, None, None)
            result = await attempt.draw()
            took = asyncio.get_running_loop().time() - began
            configured.pool.heard(job.address or "")
            facts = {"model": result.model, "revised_prompt": result.revised_prompt, "cost": result.cost}
            # Whatever an engine says can be written: a step that always fails would be tried for ever.
            said = json.dumps(facts | dict(result.facts) | words.facts(), default=str)
            writable = json.loads(said, parse_constant=str)  # PostgreSQL takes no NaN
            return lambda tx: journal.drawn(tx, job, writable, took)
        except Cancelled:
            return lambda tx: journal.cancelled(tx, job)
        except journal.LeaseLost:
            raise
        except BotError as error:
            return self._after_error(job, configured, attempt, words, error)
        except Exception as error:
            log.exception("drawing failed inside")
            return self._after_error(job, configured, attempt, words, Internal(job=job.id, detail=repr(error)))
        finally:
            beat.cancel()
            del self._attempts[job.id]
            if job.id not in self._moved:
                words.close()

    def _after_error(
        self, job: Job, configured: Configured, attempt: Attempt, words: Words, error: BotError
    ) -> Callable[[Tx], None]:
        level = log.warning if error.tell_operator else log.info
        facts = {"error": type(error).__name__, "detail": error.detail, "drawn": attempt.run.drawn}
        level("drawing ended early", address=job.address, **facts)
        if attempt.called:
            configured.pool.heard(job.address or "", error)
        if configured.pool.may_wait(error) and not attempt.begun and words.moves < MAX_MOVES:
            words.moves += 1
            self._moved[job.id] = words
            while len(self._moved) > MOST_MOVED:  # another process has it by now
                self._moved.pop(next(iter(self._moved))).close()
            return lambda tx: journal.moved(tx, job)
        if attempt.run.drawn:
            some = {"missing": job.plan.count - attempt.run.drawn} | words.facts()
            return lambda tx: journal.drawn(tx, job, some, may_cost=error.may_cost)
        give_back = error.refund or self._refund_refused
        return lambda tx: journal.failed(tx, job, error, give_back=give_back)

    async def _write_end(self, end: Callable[[Tx], None]) -> None:
        """Write a job's end, again and again if the database will not take it: nothing is lost."""
        pauses = iter(RETRY_S)
        while True:
            try:
                await self._database.write(end)
            except journal.LeaseLost:
                raise
            except Exception as error:
                report("the end of a job could not be written, trying again", error)
                await asyncio.sleep(next(pauses, RETRY_S[-1]))
            else:
                return

    async def _beat(self, job: Job, attempt: Attempt) -> None:
        """Keep the claim and hear of cancels. A claim lost to another process ends the drawing here, and only here: at
        the engine it is the other's now.
        """
        while True:
            await asyncio.sleep(BEAT_S)
            try:
                if await self._database.write(lambda tx: journal.beat(tx, job, LEASE_S, attempt.fraction)):
                    attempt.run.cancelled.set()
            except journal.LeaseLost:
                self._drawing[job.id].cancel()
                return
            except Exception as error:
                report("heartbeat failed", error)

    # ── telling ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _teller(self, job: Job) -> Callable[[float | None, bytes | None], None]:
        return lambda fraction, preview: self._tell(job, fraction, preview)

    def _tell(self, job: Job, fraction: float | None, preview: bytes | None) -> None:
        text = self._wording.drawing(job, fraction)
        shown = preview if job.plan.preview else None
        self._statuses.tell(Status(job, text, progress=fraction, preview=shown))
