"""A wake-up call inside this process, with a slow poll behind it for whatever was missed."""

from __future__ import annotations

import asyncio


class Bell:
    """Rung by whoever made work; awaited by whoever does it."""

    def __init__(self) -> None:
        """Silent at first."""
        self._event = asyncio.Event()

    def ring(self) -> None:
        """Wake the waiting one, or let its next wait return at once."""
        self._event.set()

    async def wait(self, seconds: float) -> None:
        """Return when rung since the last wait, at the latest after `seconds`."""
        try:
            await asyncio.wait_for(self._event.wait(), seconds)
        except TimeoutError:
            return
        finally:
            self._event.clear()
