"""Sending a call once more: only when the service surely took nothing of it, and there is time left to draw."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Any, Literal, TypeVar

from bot.engines.run import Run
from bot.errors import BadAnswer, EngineError, EngineUnavailable, UnknownOutcome
from bot.net.errors import Broken, Malformed, NotAllowed, NotReached, TooLong

T = TypeVar("T")
Why = Literal["limit", "connection"]
AGAIN: Mapping[Why, int] = {"limit": 2, "connection": 1}
"""How often a call is sent anew, by what kept it from being taken."""
UNTOLD_S = 10.0
"""The wait where a service that is limited or overloaded does not tell it, as LiteLLM never does."""
RECONNECT_S = 1.0


class NotTaken(Exception):
    """The service surely took nothing; the same call may be sent again."""

    def __init__(self, error: EngineError, why: Why, pause_s: float) -> None:
        """`error` is what it means when the call is not sent again."""
        super().__init__()
        self.error = error
        self.why = why
        self.pause_s = pause_s


@contextlib.contextmanager
def _meant(engine: str) -> Iterator[None]:
    """Turn what may go wrong with a call that draws into what it means: NotTaken, or an EngineError."""
    try:
        yield
    except NotAllowed as error:
        raise EngineUnavailable(engine=engine, detail=error.detail) from error
    except NotReached as error:
        raise NotTaken(EngineUnavailable(engine=engine, detail=error.detail), "connection", RECONNECT_S) from error
    except Broken as error:
        raise UnknownOutcome(engine=engine, detail=error.detail) from error
    except (TooLong, Malformed) as error:
        raise BadAnswer(engine=engine, detail=error.detail) from error


async def until_taken(engine: str, run: Run, once: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Send a call until it is taken or refused, as often as `AGAIN` allows. Raises EngineError, Cancelled.

    `once` sends it and raises NotTaken, or what `bot.net` does; `engine` is the id named in errors.
    """
    again = dict(AGAIN)
    while True:
        run.check()
        try:
            with _meant(engine):
                return await run.unless_cancelled(once())
        except NotTaken as refused:
            left = run.deadline - asyncio.get_running_loop().time()
            if not again[refused.why] or refused.pause_s > left / 2:  # at least as long is left to draw
                raise refused.error from refused
            again[refused.why] -= 1
            await run.pause(refused.pause_s)
