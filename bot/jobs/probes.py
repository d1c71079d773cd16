"""Asks addresses that could not be reached whether they are back."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

import structlog

from bot.engines.base import Engine
from bot.engines.pool import Breaker
from bot.engines.registry import Registry

TIMEOUT_S = 20.0

log = structlog.get_logger(__name__)


class Probes:
    """One at a time for each address, in the background."""

    def __init__(self, engines: Registry, found: Callable[[], None]) -> None:
        """`found` is called when an address is back."""
        self._engines = engines
        self._found = found
        self._under_way: set[asyncio.Task[None]] = set()

    def begin(self) -> None:
        """Begin those that are due."""
        for id_ in self._engines:
            pool = self._engines.configured(id_).pool
            for address, breaker in pool.breakers.items():
                if breaker.begin_probe():
                    task = asyncio.create_task(self._probe(id_, address, pool.engines[address], breaker))
                    self._under_way.add(task)
                    task.add_done_callback(self._under_way.discard)

    def next_in_s(self) -> float:
        """Return the seconds until the next may begin, or an address has rested; infinite if there is none."""
        breakers = [each for id_ in self._engines for each in self._engines.configured(id_).pool.breakers.values()]
        return min((each.changes_in_s for each in breakers), default=math.inf)

    async def aclose(self) -> None:
        """Stop asking."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _probe(self, id_: str, address: str, engine: Engine, breaker: Breaker) -> None:
        works = False
        try:
            async with asyncio.timeout(TIMEOUT_S):
                works = (await engine.check()).ok
        except TimeoutError:
            pass
        except Exception:
            log.exception("an engine could not be checked", engine=id_, address=address)
        finally:
            breaker.probed(works)
        if works:
            log.info("an engine is back", engine=id_, address=address)
            self._found()
