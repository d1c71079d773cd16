"""When the OpenAI engine asks again: after a rate limit and a connection never made, and how long it waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.engines.openai.engine import OpenAIEngine
from bot.engines.testing import PATIENCE_S, Recorder
from bot.errors import Cancelled, EngineBusy, EngineUnavailable
from bot.net.client import Http
from bot.net.guard import Guard
from bot.net.waiting import LONGEST_S, wait_s
from tests.support import openai_faults as faults
from tests.support.openai_engine import WaitingRun, connected, wanted
from tests.support.openai_server import OpenAIServer
from tests.support.serving_calls import Order


@pytest_asyncio.fixture
async def server() -> AsyncIterator[OpenAIServer]:
    async with OpenAIServer() as server:
        yield server


@pytest_asyncio.fixture
async def engine(server: OpenAIServer) -> AsyncIterator[OpenAIEngine]:
    engine = connected(server)
    yield engine
    await engine.aclose()


@pytest.mark.parametrize(
    ("headers", "words", "seconds"),
    [
        ({"retry-after-ms": "250", "retry-after": "9"}, "try again in 5s", 0.25),
        ({"retry-after": "9"}, "try again in 5s", 9),
        ({"retry-after": "0"}, "", 0),
        ({"retry-after": "Fri, 20 Nov 2026 10:00:00 GMT"}, "Please try again in 12.5s.", 12.5),
        ({"retry-after": "-5"}, "", None),
        ({"retry-after": "nan"}, "", None),
        ({"retry-after": "999999999"}, "", LONGEST_S),
        ({}, "Please try again in 12s. Visit …", 12),
        ({}, "Please try again in 6m0s.", 360),
        ({}, "Please try again in 1h2m3.5s.", 3723.5),
        ({}, "Please try again in 200ms.", 0.2),
        ({}, "No deployments available, Try again in 5 seconds.", 5),
        ({}, "Retry after 2 minutes 30 seconds", 150),
        ({}, "Try again later. 5s", None),
        ({}, "", None),
    ],
)
def test_understands_how_long_to_wait(headers: dict[str, str], words: str, seconds: float | None) -> None:
    assert wait_s(headers, words) == seconds


@pytest.mark.parametrize(
    ("order", "waits"),
    [
        (faults.rate_limited(7, header="retry-after"), [7.0]),
        (faults.rate_limited(0.25, header="retry-after-ms"), [0.25]),
        (faults.rate_limited(2), [2.0]),
        (faults.RATE_LIMITED_SILENTLY, [10.0]),
        (faults.LITELLM_RATE, [10.0]),
        (faults.LITELLM_COOLDOWN, [5.0]),
    ],
)
async def test_waits_as_long_as_a_rate_limit_says_and_asks_again(
    server: OpenAIServer, engine: OpenAIEngine, order: Order, waits: list[float]
) -> None:
    recorder = Recorder()
    run = WaitingRun(recorder)
    server.order(order)

    await engine.generate(wanted(), run)

    assert run.waits == waits
    assert len(recorder.pictures) == 1
    assert len(server.calls()) == 2


async def test_a_rate_limit_is_waited_for_twice_at_most(server: OpenAIServer, engine: OpenAIEngine) -> None:
    run = WaitingRun(Recorder())
    server.order(faults.rate_limited(1.2), times=9)

    with pytest.raises(EngineBusy) as caught:
        await engine.generate(wanted(), run)

    assert caught.value.args_ == {"engine": "cloud", "retry_after": 2}
    assert run.waits == [1.2, 1.2]
    assert len(server.calls()) == 3


async def test_a_wait_that_leaves_no_time_to_draw_is_not_begun(server: OpenAIServer, engine: OpenAIEngine) -> None:
    run = WaitingRun(Recorder())
    server.order(faults.rate_limited(20))  # of 30

    with pytest.raises(EngineBusy) as caught:
        await engine.generate(wanted(), run)

    assert caught.value.args_["retry_after"] == 20
    assert (run.waits, len(server.calls())) == ([], 1)


async def test_cancelling_ends_the_wait(server: OpenAIServer, engine: OpenAIEngine) -> None:
    run = Recorder().run()
    run.deadline += 10_000
    server.order(faults.rate_limited(1_000))

    drawing = asyncio.create_task(engine.generate(wanted(), run))
    await server.ended(await server.arrived())
    run.cancelled.set()
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(Cancelled):
            await drawing

    assert len(server.calls()) == 1


async def test_a_connection_never_made_is_tried_once_more(server: OpenAIServer, engine: OpenAIEngine) -> None:
    recorder = Recorder()
    run = WaitingRun(recorder, server.listen)
    await server.quit()

    await engine.generate(wanted(), run)

    assert run.waits == [1.0]
    assert len(recorder.pictures) == 1
    assert len(server.calls()) == 1


async def test_a_service_that_is_down_is_unavailable(server: OpenAIServer, engine: OpenAIEngine) -> None:
    run = WaitingRun(Recorder())

    async with server.down():
        with pytest.raises(EngineUnavailable):
            await engine.generate(wanted(), run)

    assert run.waits == [1.0]


async def test_an_address_that_is_not_allowed_is_not_tried_again(server: OpenAIServer) -> None:
    engine = OpenAIEngine("cloud", Http(server.url, Guard(private=False)), model="gpt-image-2")
    run = WaitingRun(Recorder())

    with pytest.raises(EngineUnavailable):
        await engine.generate(wanted(), run)
    await engine.aclose()

    assert (run.waits, server.requests) == ([], [])
