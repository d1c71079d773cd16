"""One call at the server: sent once, seen to its end; stopped there when its run must stop, if it surely is ours."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Mapping

import structlog

from bot.engines.automatic1111.abandoned import Abandoned
from bot.engines.automatic1111.client import Client, Refusal
from bot.engines.automatic1111.errors import GATEWAY, LATE, Call, Errors
from bot.engines.automatic1111.watching import Habits, Watch
from bot.engines.base import Run
from bot.errors import Cancelled, EngineError
from bot.net.errors import Broken, NetError
from bot.net.said import word

log = structlog.get_logger(__name__)

STOP_S = 6.0
"""The longest a stop may take; the core waits for 10."""
BEYOND_S = 120.0
"""So much longer than its run a call may last: one that is abandoned still tells when the server is free."""


class Server:
    """One server, and what is known of it from call to call."""

    def __init__(self, client: Client, errors: Errors, poll_s: float) -> None:
        """`poll_s` is how often a call is looked at."""
        self.client = client
        self.errors = errors
        self.poll_s = poll_s
        self.habits = Habits()
        self.abandoned = Abandoned(client, self.habits, poll_s)

    async def draw(
        self, path: str, body: Mapping[str, object], run: Run, call: Call, *, watched: bool = True
    ) -> object:
        """Have something drawn; return the answer. `watched`: the call is a task, which can be looked at and stopped.

        Raises EngineError, Cancelled.
        """
        return await _Job(self, run, call, watched=watched).draw(path, body)

    async def stopped_by_others(self) -> bool:
        """Tell whether what ran last was stopped: asked after an answer that came although nobody here stopped it."""
        if not self.habits.state:
            return False
        try:
            state = await self.client.state()
        except (NetError, Refusal):
            return False
        self.habits.state = state is not None
        return state is not None and state.idle and state.interrupted


class _Job:
    def __init__(self, server: Server, run: Run, call: Call, *, watched: bool) -> None:
        self._server = server
        self._run = run
        self._call = call
        self._task_id = f"task(easel-{secrets.token_hex(8)})" if watched else ""
        self._watch = Watch(server.client, self._task_id, run, server.habits, server.poll_s)

    async def draw(self, path: str, body: Mapping[str, object]) -> object:
        loop = asyncio.get_running_loop()
        if self._task_id:
            body = {**body, "force_task_id": self._task_id}
            await self._run.unless_cancelled(self._watch.prepare())
        self._run.check()
        started = loop.time()
        seconds = max(0.0, self._run.deadline - started) + BEYOND_S
        asking = asyncio.create_task(self._server.client.draw(path, body, seconds))
        following = asyncio.create_task(self._watch.follow()) if self._task_id else None
        stop = asyncio.create_task(self._run.cancelled.wait())
        stopped = False
        try:
            await asyncio.wait({asking, stop}, return_when=asyncio.FIRST_COMPLETED)
            if stop.done():  # also when the answer came in the same moment: it may be half a picture
                if not asking.done():
                    stopped = await self._stop()
                raise Cancelled
            return asking.result()
        except (NetError, Refusal) as error:
            call = Call(self._call.texts, self._call.own_model, loop.time() - started)
            raise await self._error(error, call) from error
        finally:
            stop.cancel()
            if following is not None:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)
            if not asking.done():
                self._server.abandoned.take(asking, self._task_id, stopped=stopped)
            elif not asking.cancelled():
                asking.exception()

    async def _stop(self) -> bool:
        """Stop the task, if the server says that it is the one that runs; return whether that was done."""
        if not self._task_id:
            return False
        with contextlib.suppress(TimeoutError, NetError, Refusal):
            async with asyncio.timeout(STOP_S):
                return await self._server.abandoned.stop(self._task_id)
        return False

    async def _error(self, error: NetError | Refusal, call: Call) -> EngineError:
        """Return what it means. A drawing whose answer can no longer come is stopped: nobody can have its picture."""
        status = error.status if isinstance(error, Refusal) else None
        told = error.value.get("error") if isinstance(error, Refusal) and isinstance(error.value, dict) else None
        log.info(
            "an engine answered with an error",
            engine=self._server.errors.engine,
            status=status,
            code=word(told) if isinstance(told, str) else "",
        )
        if self._task_id and (isinstance(error, Broken) or status in LATE | GATEWAY):
            stopped = await self._stop()
            self._server.abandoned.take(None, self._task_id, stopped=stopped)
        if isinstance(error, Refusal):
            return self._server.errors.refused(error, call)
        return self._server.errors.broken(error, call)
