"""A budget of pixels: how many are held decoded at once, given out in the order they were asked for."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator


class PixelBudget:
    """Lets work begin while its pixels fit beside those of the work under way. First come, first served.

    Nobody overtakes: whoever waits gets the next pixels that become free, so a large picture is not starved by small
    ones. What is larger than the whole budget runs alone.
    """

    def __init__(self, pixels: int) -> None:
        """`pixels` is how many may be held at once."""
        self._all = pixels
        self._free = pixels
        self._waiting: deque[tuple[asyncio.Future[None], int]] = deque()

    @contextlib.asynccontextmanager
    async def holding(self, pixels: int) -> AsyncIterator[None]:
        """Wait until so many pixels are free, and take them until the end of the block. Zero never waits."""
        wanted = min(pixels, self._all)
        if wanted:
            await self._take(wanted)
        try:
            yield
        finally:
            self._give_back(wanted)

    async def _take(self, pixels: int) -> None:
        if not self._waiting and pixels <= self._free:
            self._free -= pixels
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((turn, pixels))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # the turn came in the same moment
                self._give_back(pixels)
            else:
                with contextlib.suppress(ValueError):  # passed over already
                    self._waiting.remove((turn, pixels))
                self._give_back(0)  # those behind may fit
            raise

    def _give_back(self, pixels: int) -> None:
        self._free += pixels
        while self._waiting and self._waiting[0][1] <= self._free:
            turn, wanted = self._waiting.popleft()
            if not turn.cancelled():
                self._free -= wanted
                turn.set_result(None)
