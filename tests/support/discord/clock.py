"""Discord's time: it stands still until a test moves it, so that 3 seconds and 15 minutes cost nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

EPOCH_MS = 1_420_070_400_000
"""The first millisecond of 2015, from which ids count."""


class Clock:
    """The time Discord believes it is. Starts at the real time; moves only by `advance`."""

    def __init__(self, moved: Callable[[], None]) -> None:
        """`moved` is called when time has passed."""
        self._moved = moved
        self._now = time.time()
        self._last_id = 0

    def now(self) -> float:
        """Seconds since 1970."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds
        self._moved()

    def snowflake(self) -> int:
        """Return a new id that carries the present moment and is greater than all before it."""
        self._last_id = max(self._last_id + 1, (round(self._now * 1000) - EPOCH_MS) << 22)
        return self._last_id


def iso(moment: float) -> str:
    """Write a moment as Discord does."""
    return datetime.fromtimestamp(moment, UTC).isoformat()
