"""The addresses of one engine, and which of them can be used: a circuit breaker for each.

An address that cannot be reached is left alone for a moment, then asked by exactly one probe, the engine's own check.
If that works, one job is let through, and after its success as many as there are slots; if not, the pause doubles. Each
process finds out for itself.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping

from bot.engines.base import Engine
from bot.errors import (
    BadAnswer,
    BotError,
    EngineAuth,
    EngineBusy,
    EngineMisconfigured,
    EngineTimeout,
    EngineUnavailable,
    LostJob,
    UnknownOutcome,
)

FAILURES = 3
"""Jobs in a row that may go wrong at an address that can be reached."""
FIRST_PAUSE_S = 2.0
LONGEST_PAUSE_S = 120.0
BUSY_S = 5.0
"""How long a busy address is left alone if it does not say for how long itself."""
LONGEST_BUSY_S = 60.0
"""Beyond that a job is better told so than kept waiting."""
AWAY_S = 60.0
"""How long jobs wait for an engine that worked and cannot be reached: as long as a restart takes."""

Clock = Callable[[], float]


class Breaker:
    """Whether an address can be used."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        """Closed at first: usable."""
        self._clock = clock
        self._failures = 0
        self._pause = FIRST_PAUSE_S
        self._open_since: float | None = None
        self._closed_until = 0.0  # nothing is let through, not even a probe
        self._probing = False
        self._trial = False
        self._worked = False

    def room(self, slots: int) -> int:
        """Return how many jobs may run there at once: none, one on trial, or all `slots`."""
        if self._open_since is not None or self._clock() < self._closed_until:
            return 0
        return 1 if self._trial else slots

    def succeeded(self) -> None:
        """A job was drawn there."""
        self._failures, self._pause, self._open_since = 0, FIRST_PAUSE_S, None
        self._trial, self._worked = False, True

    def failed(self, *, at_once: bool) -> None:
        """A job went wrong there; `at_once`: so that no other needs to try."""
        self._failures += 1
        if self._open_since is None and (at_once or self._trial or self._failures >= FAILURES):
            self._open_since = self._clock()
            self._rest()

    def rest(self, seconds: float) -> None:
        """Let nothing through for this long: it is busy, and said so."""
        self._closed_until = max(self._closed_until, self._clock() + seconds)

    def begin_probe(self) -> bool:
        """Tell whether the caller is to probe the address now; exactly one is told so."""
        due = self._open_since is not None and not self._probing and self._clock() >= self._closed_until
        self._probing = self._probing or due
        return due

    def probed(self, works: bool) -> None:
        """Say what the probe found."""
        self._probing = False
        if works:
            self._open_since, self._trial, self._worked = None, True, True
        else:
            self._rest()

    @property
    def open_s(self) -> float:
        """For how long it could not be used, in seconds; 0 if it can be."""
        return 0.0 if self._open_since is None else self._clock() - self._open_since

    @property
    def away_s(self) -> float:
        """The same, but infinite if it never worked: then nothing is to be waited for."""
        return math.inf if self._open_since is not None and not self._worked else self.open_s

    @property
    def changes_in_s(self) -> float:
        """Seconds until a pause ends; infinite when there is none."""
        left = self._closed_until - self._clock()
        return max(left, 0.0) if left > 0 or (self._open_since is not None and not self._probing) else math.inf

    def _rest(self) -> None:
        self._closed_until = self._clock() + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE_S)


class Pool:
    """Equal machines behind one engine id."""

    def __init__(self, engines: Mapping[str, Engine], slots: int, clock: Clock = time.monotonic) -> None:
        """`engines` by address, "" for one that has none; each may have `slots` jobs at once."""
        self.engines = dict(engines)
        self.slots = slots
        self.breakers = {address: Breaker(clock) for address in engines}

    def room(self) -> dict[str, int]:
        """Return address → jobs at once, of those that can be used now."""
        room = {address: breaker.room(self.slots) for address, breaker in self.breakers.items()}
        return {address: slots for address, slots in room.items() if slots}

    def heard(self, address: str, error: BotError | None = None) -> None:
        """Judge an address by how a job ended there: well, or with this error."""
        breaker = self.breakers[address]
        match error:
            case EngineUnavailable():
                breaker.failed(at_once=True)
            case EngineAuth() | EngineMisconfigured() if len(self.engines) > 1:  # or it would draw all jobs to itself
                breaker.failed(at_once=True)
            case EngineBusy():
                breaker.rest(min(float(error.args_.get("retry_after") or BUSY_S), LONGEST_BUSY_S))
            case EngineTimeout() | UnknownOutcome() | LostJob() | BadAnswer():
                breaker.failed(at_once=False)
            case _:  # it answers, if only by refusing
                breaker.succeeded()

    def may_wait(self, error: BotError) -> bool:
        """Tell whether a job that ended so can be drawn later or elsewhere: nothing was begun, and there is hope."""
        match error:
            case EngineBusy():
                return float(error.args_.get("retry_after") or 0) <= LONGEST_BUSY_S
            case EngineUnavailable() | EngineAuth() | EngineMisconfigured():
                return self.away_s <= AWAY_S and (len(self.engines) > 1 or isinstance(error, EngineUnavailable))
        return False

    @property
    def capacity(self) -> int:
        """Jobs at once, at the addresses that can be used, or at all if none can."""
        return sum(self.room().values()) or self.slots * len(self.engines)

    @property
    def away_s(self) -> float:
        """For how long none of them could be used, in seconds; infinite if none ever worked, 0 if one can be used."""
        return min(breaker.away_s for breaker in self.breakers.values())
