"""One prompt at the server: sent once, seen to its end, its pictures fetched; stopped there when its run must stop."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, Self, TypeVar

import structlog

from bot.engines.base import DrawnPicture, Run
from bot.engines.comfyui.client import Client, Refusal
from bot.engines.comfyui.errors import Errors, left_out
from bot.engines.comfyui.feed import Feed, Watch
from bot.engines.comfyui.history import Finished, SavedPicture
from bot.engines.comfyui.progress import Progress
from bot.engines.comfyui.workflow import Filled
from bot.errors import Cancelled, EngineError, EngineTimeout, LostJob, NothingDrawn, UnknownOutcome
from bot.net.errors import Malformed, NetError, NotReached, TooLong

log = structlog.get_logger(__name__)

T = TypeVar("T")

POLL_S = 1.0
"""Seconds between two looks at a prompt."""
FIRST_LOOK = 0.25
"""Of POLL_S: a graph that was cached is done in no time. Grows to the whole."""
PATIENT_AFTER = 60
"""Looks after which the next come half as often."""
GRACE_LOOKS, GRACE_S = 20, 0.1
"""How often and in which steps the record is looked for when the websocket said the end: it may come a little later."""
LOOKS_PER_CENSUS = 5
"""Every so many looks it is asked whether the server has the prompt at all; also after any trouble."""
STRIKES = 2
"""So many times in a row the server must not know a prompt for it to be lost."""
DOUBTS = 3
"""The same for a prompt whose sending broke, so that nothing is drawn twice."""
STOP_S = 6.0
"""The longest a cancel may take; the core waits for 10."""


class FilesGone(Exception):
    """The server answered with names of files that are no longer there: it drew this before and remembered."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What is stored of a prompt before it is sent, so that another process can find it."""

    id: str
    count: int
    """Pictures asked for."""
    seed: int | None
    """None where the graph has its own."""
    model: str | None

    @property
    def handle(self) -> str:
        """The ticket as stored."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def read(cls, handle: str) -> Self:
        """Read a stored ticket. Raises ValueError, TypeError."""
        return cls(**json.loads(handle))


class Job:
    """One prompt."""

    def __init__(self, ticket: Ticket, run: Run, *, client: Client, feed: Feed, errors: Errors, poll_s: float) -> None:
        """Where drawing costs nothing, what surely did not arrive may be sent again: see `Errors.free`."""
        self._ticket = ticket
        self._run = run
        self._client = client
        self._feed = feed
        self._errors = errors
        self._free = errors.free
        self._poll_s = poll_s
        self._started = asyncio.get_running_loop().time()
        self._sent = False
        """The server may have it."""
        self._taken = False
        """The server has, or had, it."""
        self._left_out: EngineError | None = None
        """What is wrong with the part of it that the server left out."""

    async def draw(self, filled: Filled) -> None:
        """Send the prompt and hand over its pictures. Raises EngineError, Cancelled, FilesGone."""

        async def work() -> None:
            watch = Watch(Progress(filled.graph), self._run.progress)
            with self._feed.watching(self._ticket.id, watch):
                await self._send(filled, await self._feed.ready())
                await self._hand_over(await self._end(watch))

        await self._obeying(work())

    async def resume(self) -> None:
        """Hand over the pictures of a prompt sent by another process. Raises EngineError, Cancelled, FilesGone."""
        self._sent = self._taken = True

        async def work() -> None:
            # Its events go to the socket of the process that sent it, so there is nothing to watch.
            watch = Watch(Progress({}), self._run.progress)
            watch.doubtful = True
            await self._hand_over(await self._end(watch))

        await self._obeying(work())

    async def _obeying(self, work: Coroutine[Any, Any, None]) -> None:
        """Do this, but stop the prompt at the server when the run must stop or its time is over."""
        try:
            await self._run.unless_cancelled(work)
        except (Cancelled, EngineTimeout):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_S):
                    await self._stop()
            raise

    # ── sending ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _send(self, filled: Filled, client_id: str) -> None:
        await self._run.submitted(self._ticket.handle)
        trouble = await self._try_to_send(filled, client_id)
        if trouble is None:
            return
        if not self._free:
            raise UnknownOutcome(engine=self._errors.engine, detail=self._errors.unreachable(trouble).detail)
        if isinstance(trouble, Refusal):
            raise self._errors.refused(trouble, filled)
        log.info("comfyui prompt did not arrive; sent again", detail=trouble.detail)
        if (trouble := await self._try_to_send(filled, client_id)) is not None:
            raise self._errors.unreachable(trouble)

    async def _try_to_send(self, filled: Filled, client_id: str) -> NetError | Refusal | None:
        """Send the prompt; return None when the server has it, and what went wrong when it surely has not.

        Raises EngineError when that cannot be said in time, or the answer is plain.
        """
        self._sent = True
        try:
            prompt_id, node_errors = await self._client.submit(filled.graph, self._ticket.id, client_id)
        except NotReached as error:
            self._sent = False
            raise self._errors.unreachable(error) from error
        except Refusal as refusal:
            if refusal.status < 500:
                self._sent = False
                raise self._errors.refused(refusal, filled) from refusal
            return None if await self._arrived() else refusal
        except NetError as error:
            return None if await self._arrived() else error
        self._taken = True
        if prompt_id != self._ticket.id:  # an old server; its events name an id nobody watches
            self._ticket = replace(self._ticket, id=prompt_id)
            await self._run.submitted(self._ticket.handle)
        if node_errors:
            log.warning("comfyui left out invalid outputs", engine=self._errors.engine, nodes=left_out(node_errors))
            self._left_out = self._errors.left_out(node_errors, filled)
        return None

    async def _arrived(self) -> bool:
        """Find out whether the server took a prompt whose sending broke. Raises EngineError if that cannot be known.

        Should it come in even later, it would be run once all the same: the second one has its id and its graph, and
        is answered out of the cache.
        """
        misses = 0
        while misses < DOUBTS:
            await asyncio.sleep(self._poll_s)
            try:
                if await self._client.knows(self._ticket.id):
                    self._taken = True
                    return True
                misses += 1
            except Malformed as error:
                raise self._errors.unreachable(error) from error  # whatever took the prompt, it is not ComfyUI
            except (NetError, Refusal) as error:
                self._bear(error)
                misses = 0
        return False

    # ── waiting ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _end(self, watch: Watch) -> Finished:
        """Wait until the prompt is finished by the server's own record. Raises LostJob, EngineTimeout, EngineError."""
        looks = strikes = grace = 0
        while True:
            looks += 1
            try:
                if (finished := await self._client.finished(self._ticket.id)) is not None:
                    return finished
                if watch.doubtful or looks % LOOKS_PER_CENSUS == 0:
                    watch.doubtful = not await self._client.knows(self._ticket.id)
                    strikes = strikes + 1 if watch.doubtful else 0
            except (NetError, Refusal) as error:
                self._bear(error)
                watch.doubtful, strikes = True, 0
            if strikes == STRIKES:
                raise LostJob(engine=self._errors.engine, detail="the server does not know the prompt any more")
            self._check_time()
            if watch.doubtful:
                await asyncio.sleep(self._poll_s)
            elif watch.ended and grace < GRACE_LOOKS:
                grace += 1
                await asyncio.sleep(GRACE_S)
            else:
                await watch.sleep(self._pause(looks))

    def _pause(self, looks: int) -> float:
        if looks > PATIENT_AFTER:
            return self._poll_s * 2
        return self._poll_s * min(1.0, FIRST_LOOK * looks)

    def _bear(self, error: NetError | Refusal) -> None:
        """Go on in spite of this while there is time: the server may be restarting, or the network be away."""
        lasting = isinstance(error, TooLong) or (isinstance(error, Refusal) and not error.passing)
        if lasting or self._time_is_over:
            told = self._errors.unreachable(error)
            if self._free:
                raise told from error
            raise UnknownOutcome(engine=self._errors.engine, detail=told.detail) from error

    def _check_time(self) -> None:
        if self._time_is_over:
            seconds = round(self._run.deadline - self._started)
            raise EngineTimeout(engine=self._errors.engine, seconds=seconds)

    @property
    def _time_is_over(self) -> bool:
        return asyncio.get_running_loop().time() >= self._run.deadline

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                return await ask()
            except (NetError, Refusal) as error:
                self._bear(error)
            await asyncio.sleep(self._poll_s)

    # ── the end ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _hand_over(self, finished: Finished) -> None:
        """Fetch the pictures one by one. What was saved before a failure is good, and the failure is told after it."""
        handed = gone = 0
        for saved in finished.pictures:
            if handed == self._ticket.count:
                break
            picture = await self._picture(saved)
            if picture is None:
                gone += 1
                continue
            self._run.check()
            await self._run.picture(picture)
            handed += 1
        if finished.failure is not None and handed < self._ticket.count:
            raise self._errors.failed(finished.failure, finished.graph)
        if not handed and gone:
            raise FilesGone
        if not handed and self._left_out is not None:
            raise self._left_out
        if not handed:
            other = ", ".join(finished.other) or "nothing"
            raise NothingDrawn(engine=self._errors.engine, detail=f"the graph gave {other}")
        self._run.progress(1.0)

    async def _picture(self, saved: SavedPicture) -> DrawnPicture | None:
        data = await self._patiently(partial(self._client.picture, saved))
        return None if data is None else DrawnPicture(data, self._ticket.seed)

    # ── stopping ────────────────────────────────────────────────────────────────────────────────────────────────

    async def _stop(self) -> None:
        """Stop the prompt at the server. One that may still be on its way there is waited for."""
        misses = 0
        while self._sent and misses < DOUBTS:
            try:
                if await self._client.cancel(self._ticket.id) or self._taken:
                    return
                misses += 1
            except NotReached:
                return
            except (NetError, Refusal) as error:
                log.info("comfyui cancel not taken; tried again", detail=str(error))
            await asyncio.sleep(self._poll_s)
