"""Waiting for something to become true, with a deadline and a word about what was there instead."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

WAIT_S = 20.0
"""Real seconds that waiting calls wait."""


class Changes:
    """Tells those who wait that something has changed."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def tell(self) -> None:
        """Let everybody look again."""
        self._event.set()
        self._event = asyncio.Event()

    async def until(self, look: Callable[[], T], otherwise: Callable[[], str], timeout: float = WAIT_S) -> T:
        """Return what `look` returns once that is true. Raises AssertionError with the words of `otherwise`."""
        try:
            async with asyncio.timeout(timeout):
                while not (found := look()):
                    await self._event.wait()
                return found
        except TimeoutError:
            raise AssertionError(f"waited {timeout:g} s in vain: {otherwise()}") from None
