"""The Gemini engine keeps the contract, takes the right picture out of an answer, and stops when it must."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image

from bot.drawing import draw
from bot.engines.gemini.engine import GeminiEngine
from bot.engines.testing import EngineContract, Recorder, opened
from bot.errors import BadAnswer, Cancelled, ContentRefused, EngineTimeout, LostJob, NothingDrawn
from bot.net.client import Http
from bot.net.guard import Guard
from bot.types import Plan
from tests.support.gemini_engine import PROMPT, change, connected, drawn, given, wanted
from tests.support.gemini_faults import Twist
from tests.support.gemini_models import IMAGEN, MODELS, Model
from tests.support.gemini_server import GeminiServer
from tests.support.openai_pictures import noise
from tests.support.pictures import encoded


@pytest_asyncio.fixture
async def server() -> AsyncIterator[GeminiServer]:
    async with GeminiServer() as server:
        yield server


@pytest_asyncio.fixture
async def engine(server: GeminiServer) -> AsyncIterator[GeminiEngine]:
    engine = connected(server)
    yield engine
    await engine.aclose()


class TestGeminiEngine(EngineContract):
    """The contract, with a model of several sizes."""

    @pytest_asyncio.fixture
    async def engine(self) -> AsyncIterator[GeminiEngine]:
        async with GeminiServer(inventive=True) as server:
            engine = connected(server, "gemini-3.1-flash-image")
            yield engine
            await engine.aclose()


class TestGeminiEngineOfAnUnknownModel(EngineContract):
    """The contract, with a model of which nothing is known."""

    @pytest_asyncio.fixture
    async def engine(self) -> AsyncIterator[GeminiEngine]:
        async with GeminiServer(inventive=True, models={"house-brand": Model()}) as server:
            engine = connected(server, "house-brand")
            yield engine
            await engine.aclose()


class TestImagen(EngineContract):
    """The contract, with Imagen as a gateway offers it."""

    @pytest_asyncio.fixture
    async def engine(self) -> AsyncIterator[GeminiEngine]:
        async with GeminiServer(inventive=True, models=IMAGEN) as server:
            engine = connected(server, "imagen-4.0-generate-001")
            yield engine
            await engine.aclose()


def plain(shade: int) -> bytes:
    """Return a small picture."""
    return encoded(Image.new("RGB", (8, 8), (shade, 0, 0)), "PNG")


# ── which picture ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_drafts_are_not_handed_over(server: GeminiServer) -> None:
    engine, recorder = connected(server, "gemini-3-pro-image"), Recorder()
    server.order(Twist(pictures=(plain(10),)))

    await engine.generate(wanted(), recorder.run())
    await engine.aclose()

    assert MODELS["gemini-3-pro-image"].drafts == 2
    assert [each.data for each in recorder.pictures] == [plain(10)]


async def test_drafts_alone_are_no_picture(server: GeminiServer, engine: GeminiEngine) -> None:
    server.order(Twist(pictures=(), drafts=2, written=""))

    with pytest.raises(NothingDrawn) as caught:
        await drawn(engine)

    assert PROMPT not in str(caught.value)


async def test_of_several_pictures_the_last_is_taken(server: GeminiServer, engine: GeminiEngine) -> None:
    server.order(Twist(pictures=(plain(10), plain(20))))

    assert await drawn(engine) == [plain(20)]


@pytest.mark.parametrize(
    "twist",
    [
        Twist(pictures=(noise(40_000),)),
        Twist(pictures=(noise(40_000),), alphabet="url-safe"),
        Twist(pictures=(noise(40_000),), snake=True),
        Twist(pictures=(noise(40_000),), mime="audio/wav"),
        Twist(pictures=(plain(10),)),
        Twist(pictures=(plain(200),), alphabet="url-safe", usage=False, written=""),
    ],
    ids=["standard", "url-safe", "snake_case", "wrong type", "tiny", "tiny and url-safe"],
)
async def test_the_bytes_come_through_unchanged_however_they_are_written(
    server: GeminiServer, engine: GeminiEngine, twist: Twist
) -> None:
    server.order(twist)

    assert await drawn(engine) == list(twist.pictures or ())


@pytest.mark.parametrize("size", [200, 40_000])
async def test_base64_that_is_none_is_a_bad_answer(server: GeminiServer, engine: GeminiEngine, size: int) -> None:
    server.order(Twist(pictures=(noise(size),), alphabet="garbage"))

    with pytest.raises(BadAnswer):
        await drawn(engine)


async def test_eight_megabytes_come_through_whole(server: GeminiServer, engine: GeminiEngine) -> None:
    large = noise(8_000_000)
    server.order(Twist(pictures=(large,)))

    assert await drawn(engine) == [large]


async def test_two_calls_at_once_do_not_meet(server: GeminiServer, engine: GeminiEngine) -> None:
    recorders = [Recorder(), Recorder()]
    alone = []
    for prompt in ("a red fox", "a blue whale"):
        recorder = Recorder()
        await engine.generate(wanted(prompt), recorder.run())
        alone.append(recorder.pictures)

    async with server.holding() as gate:
        both = asyncio.gather(
            *(
                engine.generate(wanted(prompt), each.run())
                for prompt, each in zip(("a red fox", "a blue whale"), recorders, strict=True)
            )
        )
        await server.arrived(4)
        gate.set()
    await both

    assert [each.pictures for each in recorders] == alone


# ── what is told ────────────────────────────────────────────────────────────────────────────────────────────────


async def test_tells_what_was_used_and_what_it_cost(server: GeminiServer) -> None:
    engine = connected(server, "gemini-3-pro-image")
    server.order(Twist(pictures=(plain(10),), drafts=0, written="A heron,\n as asked."))

    result = await engine.generate(wanted("a red fox", width=4096, height=4096), Recorder().run())
    await engine.aclose()

    assert result.model == "gemini-3-pro-image"
    assert result.facts == {
        "version": "gemini-3-pro-image",
        "words": "A heron, as asked.",
        "usage": {
            "input_tokens": 3,
            "output_tokens": 2204,
            "total_tokens": 2207,
            "output_tokens_details": {"text_tokens": 204, "image_tokens": 2000},
        },
    }
    assert result.cost == pytest.approx((3 * 2 + 204 * 12 + 2000 * 120) / 1e6)


@pytest.mark.parametrize(("model", "twist"), [("house-brand", Twist()), ("gemini-2.5-flash-image", Twist(usage=False))])
async def test_tells_no_cost_that_it_does_not_know(model: str, twist: Twist) -> None:
    async with GeminiServer(models={**MODELS, "house-brand": Model()}) as server:
        engine = connected(server, model)
        server.order(twist)
        result = await engine.generate(wanted(), Recorder().run())
        await engine.aclose()

    assert result.cost is None
    assert ("usage" in result.facts) is twist.usage


# ── Imagen ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_imagen_draws_several_at_once_and_says_why_one_is_missing() -> None:
    async with GeminiServer(models=IMAGEN) as server:
        engine, recorder = connected(server, "imagen-4.0-generate-001"), Recorder()
        server.order(Twist(pictures=(plain(10), plain(20)), finish="It may violate our usage guidelines."))
        with pytest.raises(ContentRefused):
            await engine.generate(wanted(count=3, width=1408, height=768), recorder.run())
        await engine.aclose()

    [call] = server.calls()
    assert call.path == "/models/imagen-4.0-generate-001:predict"
    assert call.fields["instances"] == [{"prompt": PROMPT}]
    assert call.fields["parameters"] == {"sampleCount": 3, "aspectRatio": "16:9", "includeRaiReason": True}
    assert [each.data for each in recorder.pictures] == [plain(10), plain(20)]


async def test_imagen_without_a_picture_drew_nothing() -> None:
    async with GeminiServer(models=IMAGEN) as server:
        engine = connected(server, "imagen-4.0-generate-001")
        server.order(Twist(pictures=()))
        with pytest.raises(NothingDrawn):
            await drawn(engine)
        await engine.aclose()

    assert not engine.capabilities().edit
    assert engine.capabilities().max_count == 4


# ── stopping ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_cancelling_hangs_up_and_asks_no_more(server: GeminiServer, engine: GeminiEngine) -> None:
    recorder = Recorder()
    run = recorder.run()
    async with server.holding():
        drawing = asyncio.create_task(engine.edit(change(given()), run))
        call = await server.arrived()
        run.cancelled.set()
        with pytest.raises(Cancelled):
            await drawing
        await server.ended(call)

    assert call.end == "hung up"
    assert (recorder.pictures, len(server.calls())) == ([], 1)


async def test_the_core_stops_it_at_the_deadline(server: GeminiServer, engine: GeminiEngine) -> None:
    plan = Plan("generate", "cloud", PROMPT, 1, 1024, 1024)
    async with server.holding():
        with pytest.raises(EngineTimeout):
            await draw(engine, plan, [], None, Recorder().run(), timeout_s=0.3)
        for call in server.calls():
            await server.ended(call)

    assert [call.end for call in server.calls()] == ["hung up"] * len(server.calls())
    assert len(server.calls()) <= 1


async def test_the_core_asks_once_for_each_picture(engine: GeminiEngine, server: GeminiServer) -> None:
    recorder = Recorder()

    await draw(engine, Plan("generate", "cloud", PROMPT, 3, 1024, 1024), [], None, recorder.run(), timeout_s=30)

    assert len(server.calls()) == len(recorder.pictures) == 3


async def test_cannot_resume(engine: GeminiEngine) -> None:
    with pytest.raises(LostJob):
        await engine.resume("handle", Recorder().run())


async def test_an_edit_keeps_the_exact_shape_of_its_picture(engine: GeminiEngine) -> None:
    recorder = Recorder()

    await engine.edit(change(given(1000, 700), width=1184, height=864), recorder.run())

    width, height = opened(recorder.pictures[0].data).size
    assert width / height == pytest.approx(1000 / 700, rel=0.02)


# ── configuration ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"model": ""}, r"^model: is needed"),
        ({"params": {"when": datetime.date(2026, 1, 1)}}, r"^params: cannot be sent as JSON"),
        ({"edit_params": {"temperature": float("nan")}}, r"^edit_params: cannot be sent as JSON"),
        ({"params": {"contents": []}}, r"^params: may not hold contents"),
    ],
)
def test_says_which_setting_is_wrong(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        GeminiEngine("cloud", Http("http://127.0.0.1:1/v1beta", Guard(private=True)), **{"model": "m", **options})
