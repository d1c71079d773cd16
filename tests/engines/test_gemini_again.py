"""When the Gemini engine asks again: after a limit of a minute, an overload, and a connection never made."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.engines.gemini.engine import GeminiEngine
from bot.engines.testing import Recorder
from bot.errors import EngineBusy, EngineQuota, EngineUnavailable
from bot.net.client import Http
from bot.net.guard import Guard
from tests.support import gemini_faults as faults
from tests.support.gemini_engine import connected, wanted
from tests.support.gemini_server import GeminiServer
from tests.support.openai_engine import WaitingRun
from tests.support.serving_calls import Order


@pytest_asyncio.fixture
async def server() -> AsyncIterator[GeminiServer]:
    async with GeminiServer() as server:
        yield server


@pytest_asyncio.fixture
async def engine(server: GeminiServer) -> AsyncIterator[GeminiEngine]:
    engine = connected(server)
    yield engine
    await engine.aclose()


@pytest.mark.parametrize(
    ("order", "waits"),
    [
        (faults.PER_MINUTE, [1.5]),
        (faults.PER_MINUTE_IN_WORDS, [2.578569677]),
        (faults.CAPACITY, [10.0]),
        (faults.HIGH_DEMAND, [10.0]),
        (faults.OVERLOADED, [10.0]),
    ],
)
async def test_waits_as_long_as_google_says_and_asks_again(
    server: GeminiServer, engine: GeminiEngine, order: Order, waits: list[float]
) -> None:
    recorder = Recorder()
    run = WaitingRun(recorder)
    server.order(order)

    await engine.generate(wanted(), run)

    assert run.waits == waits
    assert (len(recorder.pictures), len(server.calls())) == (1, 2)


@pytest.mark.parametrize("order", [faults.PER_DAY, faults.NO_FREE_TIER, faults.PREPAID])
async def test_what_is_used_up_for_today_is_not_waited_for(
    server: GeminiServer, engine: GeminiEngine, order: Order
) -> None:
    run = WaitingRun(Recorder())
    server.order(order)

    with pytest.raises(EngineQuota):
        await engine.generate(wanted(), run)

    assert (run.waits, len(server.calls())) == ([], 1)


async def test_a_limit_is_waited_for_twice_at_most(server: GeminiServer, engine: GeminiEngine) -> None:
    run = WaitingRun(Recorder())
    server.order(faults.PER_MINUTE, times=9)

    with pytest.raises(EngineBusy) as caught:
        await engine.generate(wanted(), run)

    assert caught.value.args_ == {"engine": "cloud", "retry_after": 2}
    assert (run.waits, len(server.calls())) == ([1.5, 1.5], 3)


async def test_a_wait_that_leaves_no_time_to_draw_is_not_begun(server: GeminiServer, engine: GeminiEngine) -> None:
    run = WaitingRun(Recorder())
    server.order(faults.exhausted(delay="20s"))  # of 30

    with pytest.raises(EngineBusy) as caught:
        await engine.generate(wanted(), run)

    assert caught.value.args_["retry_after"] == 20
    assert (run.waits, len(server.calls())) == ([], 1)


async def test_a_connection_never_made_is_tried_once_more(server: GeminiServer, engine: GeminiEngine) -> None:
    recorder = Recorder()
    run = WaitingRun(recorder, server.listen)
    await server.quit()

    await engine.generate(wanted(), run)

    assert run.waits == [1.0]
    assert (len(recorder.pictures), len(server.calls())) == (1, 1)


async def test_a_service_that_is_down_is_unavailable(server: GeminiServer, engine: GeminiEngine) -> None:
    run = WaitingRun(Recorder())

    async with server.down():
        with pytest.raises(EngineUnavailable):
            await engine.generate(wanted(), run)

    assert run.waits == [1.0]


async def test_an_address_that_is_not_allowed_is_not_tried_again(server: GeminiServer) -> None:
    engine = GeminiEngine("cloud", Http(server.url, Guard(private=False)), model="gemini-3-pro-image")
    run = WaitingRun(Recorder())

    with pytest.raises(EngineUnavailable):
        await engine.generate(wanted(), run)
    await engine.aclose()

    assert (run.waits, server.requests) == ([], [])
