"""The OpenAI engine keeps the contract, asks for what it should and no more, and stops when it must."""

from __future__ import annotations

import asyncio
import datetime
import time
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image

from bot.drawing import draw
from bot.engines.openai.engine import OpenAIEngine
from bot.engines.testing import EngineContract, Recorder
from bot.errors import Cancelled, EngineTimeout, LostJob
from bot.net.client import Http
from bot.net.guard import Guard
from bot.types import Plan
from tests.support import openai_faults
from tests.support.openai_engine import PROMPT, Inventive, WaitingRun, connected, wanted
from tests.support.openai_faults import Twist
from tests.support.openai_models import Model as ServedModel
from tests.support.openai_server import OpenAIServer
from tests.support.pictures import encoded


@pytest_asyncio.fixture
async def server() -> AsyncIterator[OpenAIServer]:
    async with OpenAIServer() as server:
        yield server


@pytest_asyncio.fixture
async def engine(server: OpenAIServer) -> AsyncIterator[OpenAIEngine]:
    engine = connected(server)
    yield engine
    await engine.aclose()


class TestOpenAIEngine(EngineContract):
    """The contract, without previews."""

    @pytest_asyncio.fixture
    async def engine(self) -> AsyncIterator[OpenAIEngine]:
        async with Inventive() as server:
            engine = connected(server)
            yield engine
            await engine.aclose()


class TestOpenAIEngineWithPreviews(EngineContract):
    """The contract, with streams."""

    @pytest_asyncio.fixture
    async def engine(self) -> AsyncIterator[OpenAIEngine]:
        async with Inventive() as server:
            engine = connected(server, corrections={"preview": True})
            yield engine
            await engine.aclose()


class TestOpenAIEngineOfAnUnknownModel(EngineContract):
    """The contract, with a model of which nothing is known."""

    @pytest_asyncio.fixture
    async def engine(self) -> AsyncIterator[OpenAIEngine]:
        async with Inventive(models={"house-brand": ServedModel(free_sizes=False)}) as server:
            engine = connected(server, "house-brand")
            yield engine
            await engine.aclose()


# ── what comes of it ────────────────────────────────────────────────────────────────────────────────────────────


async def test_tells_what_the_server_used(engine: OpenAIEngine) -> None:
    result = await engine.generate(wanted("a red fox"), Recorder().run())

    assert result.model == "gpt-image-2"
    assert result.facts == {
        "size": "1024x1024",
        "quality": "medium",
        "background": "opaque",
        "output_format": "png",
        "usage": {
            "input_tokens": 8,
            "output_tokens": 1056,
            "total_tokens": 1064,
            "input_tokens_details": {"text_tokens": 8, "image_tokens": 0},
            "output_tokens_details": {"text_tokens": 0, "image_tokens": 1056},
        },
    }


async def test_hands_over_no_more_than_was_asked_for(server: OpenAIServer, engine: OpenAIEngine) -> None:
    many = tuple(encoded(Image.new("RGB", (8, 8), (shade, 0, 0)), "PNG") for shade in (10, 20, 30, 40))
    server.order(Twist(pictures=many))
    recorder = Recorder()

    await engine.generate(wanted(count=2), recorder.run())

    assert [picture.data for picture in recorder.pictures] == list(many[:2])


async def test_two_calls_at_once_do_not_meet(server: OpenAIServer, engine: OpenAIEngine) -> None:
    alone = {}
    for prompt in ("a red fox", "a blue whale"):
        recorder = Recorder()
        await engine.generate(wanted(prompt), recorder.run())
        alone[prompt] = recorder.pictures
    fox, whale = Recorder(), Recorder()

    async with server.holding() as gate:
        both = asyncio.gather(
            engine.generate(wanted("a red fox"), fox.run()), engine.generate(wanted("a blue whale"), whale.run())
        )
        await server.arrived(4)
        gate.set()
    await both

    assert [fox.pictures, whale.pictures] == [alone["a red fox"], alone["a blue whale"]]


async def test_twenty_megabytes_come_through_whole(server: OpenAIServer, engine: OpenAIEngine) -> None:
    """Prints how long the event loop was held; what it may take is measured by the benchmarks."""
    order = openai_faults.huge()
    server.order(order)
    gaps: list[float] = []

    async def tick() -> None:
        before = time.perf_counter()
        while True:
            await asyncio.sleep(0.001)
            now = time.perf_counter()
            gaps.append(now - before)
            before = now

    recorder, ticking = Recorder(), asyncio.create_task(tick())
    await engine.generate(wanted(), recorder.run())
    ticking.cancel()

    assert [picture.data for picture in recorder.pictures] == list(order.pictures or ())
    print(f"{len(recorder.pictures[0].data) / 1e6:.1f} MB, longest gap {max(gaps) * 1000:.1f} ms, server included")


# ── stopping ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("preview", [False, True])
async def test_cancelling_hangs_up_and_asks_no_more(server: OpenAIServer, preview: bool) -> None:
    engine, recorder = connected(server, corrections={"preview": preview}), Recorder()
    run = recorder.run()
    async with server.holding("image_generation.completed" if preview else None):
        drawing = asyncio.create_task(engine.generate(wanted(), run))
        call = await server.arrived()
        run.cancelled.set()
        with pytest.raises(Cancelled):
            await drawing
        await server.ended(call)
    await engine.aclose()

    assert call.end == "hung up"
    assert recorder.pictures == []
    assert len(server.calls()) == 1


async def test_a_run_cancelled_before_it_begins_does_not_even_connect(
    server: OpenAIServer, engine: OpenAIEngine
) -> None:
    class Unbegun(WaitingRun):
        async def unless_cancelled(self, work: Coroutine[Any, Any, Any]) -> Any:
            work.close()
            raise AssertionError("something was begun")

    run = Unbegun(Recorder())
    run.cancelled.set()

    with pytest.raises(Cancelled):
        await engine.generate(wanted(), run)

    assert server.requests == []


async def test_the_core_stops_it_at_the_deadline(server: OpenAIServer, engine: OpenAIEngine) -> None:
    plan = Plan("generate", "cloud", PROMPT, 1, 1024, 1024)
    async with server.holding():
        with pytest.raises(EngineTimeout):
            await draw(engine, plan, [], None, Recorder().run(), timeout_s=0.3)
        for call in server.calls():
            await server.ended(call)

    assert [call.end for call in server.calls()] == ["hung up"] * len(server.calls())
    assert len(server.calls()) <= 1


async def test_cannot_resume(engine: OpenAIEngine) -> None:
    with pytest.raises(LostJob):
        await engine.resume("handle", Recorder().run())


# ── configuration ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"model": ""}, r"^model: is needed"),
        ({"params": {"when": datetime.date(2026, 1, 1)}}, r"^params: cannot be sent as JSON"),
        ({"edit_params": {"strength": float("nan")}}, r"^edit_params: cannot be sent as JSON"),
        ({"corrections": {"sampler": True}}, r"^supports\.sampler: cannot be true"),
        ({"steps": 30}, r"^steps: needs supports\.steps"),
        ({"guidance": 3.5, "corrections": {"guidance": False}}, r"^guidance: needs supports\.guidance"),
    ],
)
def test_says_which_setting_is_wrong(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        OpenAIEngine("cloud", Http("http://127.0.0.1:1/v1", Guard(private=True)), **{"model": "gpt-image-2", **options})
