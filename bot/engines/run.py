"""What goes on between the core and an engine while it works: pictures handed over, progress, the wish to stop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from bot.errors import Cancelled

_T = TypeVar("_T")
STORING_S = 8.0
"""How long a call that is cancelled waits for a picture that is being stored."""


@dataclass(slots=True)
class DrawnPicture:
    """One picture as the engine gave it, bytes unchanged."""

    data: bytes
    seed: int | None = None
    """The seed it was drawn with, where the engine tells."""

    def taken(self) -> bytes:
        """Return the data and let go of it: whoever handed it over still holds this, and the data may be large."""
        data, self.data = self.data, b""
        return data


class Run:
    """What an engine may tell while it works, and must obey. One per attempt of a job.

    The engine calls `progress` as often as it likes (the core thins it out), `picture` for each finished picture as
    soon as it has it, `submitted` before it waits for a job it could find again, and looks at `cancelled`.
    """

    def __init__(
        self,
        *,
        deadline: float,
        on_picture: Callable[[DrawnPicture], Awaitable[None]],
        on_progress: Callable[[float | None, bytes | None], None] = lambda fraction, preview: None,
        on_submitted: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        """`deadline` is in the running event loop's time (`loop.time()`)."""
        self.deadline = deadline
        self.cancelled = asyncio.Event()
        """Set when the job must stop: the engine stops its own job at the server and raises Cancelled."""
        self._on_picture = on_picture
        self._on_progress = on_progress
        self._on_submitted = on_submitted
        self.drawn = 0
        """Pictures handed over so far."""
        self._taking = asyncio.Lock()
        self.known = 0
        """Pictures that `resume` will hand over and that are stored already."""
        self.failure: Exception | None = None
        """What kept the core from taking a picture."""
        self._part = (0.0, 1.0)

    def begin_part(self, start: float, width: float) -> None:
        """Say that the next call is this part of the whole job (both 0-1); for the core, which may call repeatedly."""
        self._part = (start, width)

    def begin_again(self, drawn: int, known: int = 0) -> None:
        """Say that `drawn` pictures are stored already, of which `resume` hands over the last `known` once more."""
        self.drawn, self.known = drawn, known

    def progress(self, fraction: float | None, preview: bytes | None = None) -> None:
        """Tell how far the whole call is (0-1, None = unknown) and show a picture; a large one is made smaller."""
        start, width = self._part
        self._on_progress(None if fraction is None else start + min(max(fraction, 0.0), 1.0) * width, preview)

    async def picture(self, picture: DrawnPicture) -> None:
        """Hand over a finished picture; it is inspected and stored before this returns, also when it is cancelled.

        Raises BadAnswer when the bytes are no whole picture, and whatever keeps the core from storing it: that is the
        job's error, also if the engine makes another of it on the way.
        """
        async with self._taking:  # one after the other, however an engine calls
            if self.known:
                self.known -= 1
                return
            storing = asyncio.ensure_future(self._store(picture))
            try:
                await asyncio.shield(storing)
            except asyncio.CancelledError:  # it is there, and may be paid for
                with contextlib.suppress(Exception):
                    await asyncio.wait_for(storing, STORING_S)
                raise

    async def _store(self, picture: DrawnPicture) -> None:
        try:
            await self._on_picture(picture)
        except Exception as error:
            self.failure = error
            raise
        self.drawn += 1

    async def submitted(self, handle: str) -> None:
        """Store the engine's own job id, so that a restarted process can `resume` it. To be called before the job is
        sent where the engine lets its client choose the id: then no crash comes between.
        """
        if self._on_submitted is not None:
            await self._on_submitted(handle)

    def check(self) -> None:
        """Raise Cancelled if the job must stop."""
        if self.cancelled.is_set():
            raise Cancelled

    async def unless_cancelled(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Do this work, but stop it and raise Cancelled as soon as the job must stop."""
        doing = asyncio.ensure_future(work)
        stop = asyncio.ensure_future(self.cancelled.wait())
        try:
            await asyncio.wait({doing, stop}, return_when=asyncio.FIRST_COMPLETED)
            if doing.done():
                return doing.result()
            raise Cancelled
        finally:
            stop.cancel()
            if not doing.done():
                doing.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await doing

    async def pause(self, seconds: float) -> None:
        """Sleep, but wake up and raise Cancelled as soon as the job must stop."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.cancelled.wait(), seconds)
            raise Cancelled
