"""What the local OpenAI server can be ordered to do wrong, as OpenAI's own client meets it."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import openai
import pytest
from openai import AsyncOpenAI
from PIL import Image

from tests.support import openai_faults as faults
from tests.support.openai_client import MODEL, SMALL, calling, opened, picture
from tests.support.openai_server import OpenAIServer
from tests.support.serving_calls import DROPPED, Order, Reply


@pytest.fixture
async def server() -> AsyncIterator[OpenAIServer]:
    async with OpenAIServer() as server:
        yield server


@pytest.fixture
async def client(server: OpenAIServer) -> AsyncIterator[AsyncOpenAI]:
    async with calling(server) as client:
        yield client


# ── faults ──────────────────────────────────────────────────────────────────────────────────────────────────────

ERRORS: list[tuple[Reply, type[openai.APIStatusError], str | None]] = [
    (faults.MODERATION_BLOCKED, openai.BadRequestError, "moderation_blocked"),
    (faults.CONTENT_POLICY, openai.BadRequestError, "content_policy_violation"),
    (faults.AZURE_CONTENT_FILTER, openai.BadRequestError, "contentFilter"),
    (faults.BILLING_LIMIT, openai.BadRequestError, "billing_hard_limit_reached"),
    (faults.INVALID_KEY, openai.AuthenticationError, "invalid_api_key"),
    (faults.NOT_VERIFIED, openai.PermissionDeniedError, None),
    (faults.MODEL_NOT_FOUND, openai.NotFoundError, "model_not_found"),
    (faults.INSUFFICIENT_QUOTA, openai.RateLimitError, "insufficient_quota"),
    (faults.RATE_LIMITED, openai.RateLimitError, "rate_limit_exceeded"),
    (faults.RATE_LIMITED_SILENTLY, openai.RateLimitError, "rate_limit_exceeded"),
    (faults.unknown_parameter("quality"), openai.BadRequestError, "unknown_parameter"),
    (faults.SERVER_ERROR, openai.InternalServerError, None),
    (faults.OVERLOADED, openai.InternalServerError, None),
    (faults.BAD_GATEWAY, openai.InternalServerError, None),
    (faults.EMPTY_BODY, openai.InternalServerError, None),
    (faults.LITELLM_BLOCKED, openai.BadRequestError, "400"),
    (faults.LITELLM_RATE, openai.RateLimitError, "429"),
]


@pytest.mark.parametrize(("fault", "kind", "code"), ERRORS)
async def test_ordered_errors_come_as_the_client_knows_them(
    server: OpenAIServer, client: AsyncOpenAI, fault: Reply, kind: type[openai.APIStatusError], code: str | None
) -> None:
    server.order(fault)
    with pytest.raises(kind) as caught:
        await client.images.generate(model=MODEL, prompt="a fox", size=SMALL)

    assert (caught.value.code, caught.value.status_code) == (code, fault.status)
    await client.images.generate(model=MODEL, prompt="a fox", size=SMALL)  # an order is for one call
    await asyncio.gather(*map(server.ended, server.calls()))
    assert [call.status for call in server.calls()] == [fault.status, 200]


async def test_waiting_times_and_violations_are_told(server: OpenAIServer, client: AsyncOpenAI) -> None:
    server.order(faults.MODERATION_BLOCKED, faults.RATE_LIMITED, faults.rate_limited(1.5))
    caught = []
    for _ in range(3):
        with pytest.raises(openai.APIStatusError) as error:
            await client.images.generate(model=MODEL, prompt="a fox", size=SMALL)
        caught.append(error.value)

    assert caught[0].type == "image_generation_user_error"
    assert "safety_violations=[sexual,violence]" in caught[0].message
    assert caught[1].response.headers["retry-after"] == "12"
    assert "retry-after" not in caught[2].response.headers
    assert "try again in 1.5s" in caught[2].message
    assert caught[2].type == "input-images"


@pytest.mark.parametrize("fault", [DROPPED, faults.DROPPED_AFTER_HEADERS, faults.SHORT_BODY])
async def test_answers_break_off(server: OpenAIServer, client: AsyncOpenAI, fault: Order) -> None:
    server.order(fault)
    with pytest.raises(openai.APIConnectionError):
        await client.images.generate(model=MODEL, prompt="a fox", size=SMALL)

    [call] = server.calls()
    await server.ended(call)
    assert call.end == "dropped"


@pytest.mark.parametrize("fault", [faults.STREAM_ERROR, faults.STREAM_CUT])
async def test_streams_break_off(server: OpenAIServer, client: AsyncOpenAI, fault: Order) -> None:
    server.order(fault)
    stream = await client.images.generate(model=MODEL, prompt="a fox", size=SMALL, stream=True, partial_images=1)
    events = aiter(stream)

    assert (await anext(events)).type == "image_generation.partial_image"
    with pytest.raises(Exception) as caught:
        await anext(events)
    assert not isinstance(caught.value, StopAsyncIteration)
    assert isinstance(caught.value, openai.APIError) or fault is faults.STREAM_CUT


async def test_a_stream_ends_unfinished(server: OpenAIServer, client: AsyncOpenAI) -> None:
    server.order(faults.STREAM_UNFINISHED)
    stream = await client.images.generate(model=MODEL, prompt="a fox", size=SMALL, stream=True, partial_images=1)

    assert [event.type async for event in stream] == ["image_generation.partial_image"]


async def test_a_stream_is_answered_by_json(server: OpenAIServer, client: AsyncOpenAI) -> None:
    server.order(faults.JSON_FOR_STREAM)
    answer = await client.images.with_raw_response.generate(model=MODEL, prompt="a fox", size=SMALL, stream=True)

    assert answer.headers["content-type"] == "application/json"


# ── other pictures ──────────────────────────────────────────────────────────────────────────────────────────────


async def first(client: AsyncOpenAI) -> Any:
    answer = await client.images.generate(model=MODEL, prompt="a fox", size=SMALL)
    assert answer.data
    return answer.data[0]


async def test_pictures_are_served_by_address(server: OpenAIServer, client: AsyncOpenAI) -> None:
    server.order(faults.URLS)
    shown = await first(client)

    assert shown.b64_json is None
    async with aiohttp.ClientSession() as session, session.get(shown.url) as answer:
        assert (answer.status, answer.content_type) == (200, "image/png")
        assert Image.open(io.BytesIO(await answer.read())).size == (1024, 640)
    assert shown.url.startswith(server.url)


async def test_pictures_that_are_none(server: OpenAIServer, client: AsyncOpenAI) -> None:
    server.order(faults.BASE64_GARBAGE, faults.UNDECODABLE)
    garbage, undecodable = await first(client), await first(client)

    with pytest.raises(ValueError, match="base64"):
        opened(garbage.b64_json)
    with pytest.raises(OSError, match="cannot identify"):
        opened(undecodable.b64_json)


async def test_base64_is_written_in_all_its_ways(server: OpenAIServer, client: AsyncOpenAI) -> None:
    server.order(*(faults.Twist(encoding=each) for each in ("base64", "url-safe", "escaped", "wrapped", "data url")))
    plain, safe, escaped, wrapped, data_url = [(await first(client)).b64_json for _ in range(5)]

    assert safe != plain
    assert base64.urlsafe_b64decode(safe) == base64.b64decode(plain)
    assert escaped == plain  # JSON itself undoes it
    assert wrapped.replace("\n", "") == plain != wrapped
    assert data_url == "data:image/png;base64," + plain


async def test_no_picture_and_a_huge_one(server: OpenAIServer, client: AsyncOpenAI) -> None:
    server.order(faults.NO_PICTURES, faults.LITELLM_EMPTY, faults.huge(20_000_000))
    empty = [(await client.images.generate(model=MODEL, prompt="a fox")).data for _ in range(2)]
    huge = await first(client)

    assert empty == [[], []]
    assert 20_000_000 <= len(base64.b64decode(huge.b64_json)) < 20_100_000
    assert opened(huge.b64_json).format == "PNG"


# ── gates, and being away ───────────────────────────────────────────────────────────────────────────────────────


async def test_a_held_call_is_seen_before_it_is_answered(server: OpenAIServer, client: AsyncOpenAI) -> None:
    async with server.holding("/images/generations"):
        asking = asyncio.create_task(first(client))
        call = await server.arrived()
        assert call.fields["prompt"] == "a fox"
        await client.images.edit(model=MODEL, prompt="at night", image=picture(), size=SMALL)  # is not held
        assert call.end is None
        assert not asking.done()
    assert (await asking).b64_json
    await server.ended(call)
    assert call.end == "answered"


async def test_it_notices_that_a_client_hangs_up(server: OpenAIServer, client: AsyncOpenAI) -> None:
    async with server.holding():
        asking = asyncio.create_task(first(client))
        call = await server.arrived()
        asking.cancel()
        await server.ended(call)
    assert call.end == "hung up"


async def test_a_slow_call_can_be_given_up(server: OpenAIServer, client: AsyncOpenAI) -> None:
    server.order(faults.slow(3600))
    asking = asyncio.create_task(first(client))
    call = await server.arrived()
    asking.cancel()
    await server.ended(call)
    assert call.end == "hung up"


async def test_it_can_be_away_for_a_while(server: OpenAIServer, client: AsyncOpenAI) -> None:
    await client.models.list()
    async with server.down():
        with pytest.raises(openai.APIConnectionError):
            await client.models.list()
    assert (await client.models.list()).data


async def test_it_stops_with_a_call_open(client: AsyncOpenAI) -> None:
    async with OpenAIServer() as other:
        there = client.with_options(base_url=other.url)
        async with other.holding() as gate:
            asking = asyncio.create_task(first(there))
            await other.arrived()
            await other.quit()
            with pytest.raises(openai.APIConnectionError):
                await asking
            assert not gate.is_set()
