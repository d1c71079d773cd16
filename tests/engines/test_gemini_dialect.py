"""Google's own client against the local server: what the client understands is the dialect."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from google import genai
from google.genai import errors, types
from PIL import Image

from bot.net.said import read
from tests.support import gemini_faults as faults
from tests.support.gemini_engine import MODEL, given
from tests.support.gemini_models import MODELS
from tests.support.gemini_server import GeminiServer
from tests.support.serving_calls import Reply


@pytest.fixture
async def server() -> AsyncIterator[GeminiServer]:
    async with GeminiServer() as server:
        yield server


@pytest.fixture
async def client(server: GeminiServer) -> AsyncIterator[genai.client.AsyncClient]:
    async with calling(server, server.key) as client:
        yield client


@asynccontextmanager
async def calling(server: GeminiServer, key: str) -> AsyncIterator[genai.client.AsyncClient]:
    """Give a client that tries everything once."""
    # Its own client, of aiohttp, warns of a future aiohttp.
    async with httpx.AsyncClient(verify=False, trust_env=False) as http:
        options = types.HttpOptions(base_url=server.root, api_version=server.prefix.strip("/"), httpx_async_client=http)
        client = genai.Client(api_key=key, http_options=options)
        yield client.aio
        client.close()


def asking(aspect_ratio: str | None = None, image_size: str | None = None) -> types.GenerateContentConfig:
    """Ask for a picture of this shape and size."""
    image = types.ImageConfig(aspect_ratio=aspect_ratio, image_size=image_size)
    return types.GenerateContentConfig(response_modalities=["TEXT", "IMAGE"], image_config=image)


def shown(answer: types.GenerateContentResponse) -> list[Image.Image]:
    """Return the pictures of an answer that are no drafts."""
    blobs = [part.inline_data for part in answer.parts or [] if part.inline_data and not part.thought]
    return [Image.open(io.BytesIO(blob.data or b"")) for blob in blobs]


async def test_a_picture_has_the_wanted_shape_size_and_type(
    server: GeminiServer, client: genai.client.AsyncClient
) -> None:
    config = asking(aspect_ratio="16:9", image_size="2K")
    answer = await client.models.generate_content(model="gemini-3-pro-image", contents="a fox", config=config)

    [picture] = shown(answer)
    assert picture.format == "JPEG"
    assert picture.width / picture.height == pytest.approx(16 / 9, rel=0.01)
    assert picture.width * picture.height == pytest.approx(2048**2, rel=0.01)
    [call] = server.calls()
    assert call.path == "/models/gemini-3-pro-image:generateContent"
    assert call.headers["x-goog-api-key"] == server.key
    assert call.fields["generationConfig"] == {
        "responseModalities": ["TEXT", "IMAGE"],
        "imageConfig": {"aspectRatio": "16:9", "imageSize": "2K"},
    }


async def test_drafts_are_thoughts_and_what_was_used_adds_up(client: genai.client.AsyncClient) -> None:
    answer = await client.models.generate_content(model="gemini-3-pro-image", contents="a fox", config=asking())

    parts = answer.parts or []
    assert [bool(part.thought) for part in parts] == [True] * 4 + [False] * 2
    assert parts[-1].thought_signature
    [candidate] = answer.candidates or []
    assert candidate.finish_reason is types.FinishReason.STOP
    usage = answer.usage_metadata
    assert usage and usage.candidates_tokens_details
    assert usage.candidates_tokens_details[0].modality is types.MediaModality.IMAGE
    told = (usage.prompt_token_count, usage.candidates_token_count, usage.thoughts_token_count)
    assert usage.total_token_count == sum(each or 0 for each in told)


async def test_a_picture_is_changed_in_its_own_shape(client: genai.client.AsyncClient) -> None:
    picture = given(200, 100)
    contents: Any = [types.Part.from_bytes(data=picture.data, mime_type=picture.mime), "at night"]

    answer = await client.models.generate_content(model=MODEL, contents=contents, config=asking())

    [changed] = shown(answer)
    assert changed.width == pytest.approx(2 * changed.height, rel=0.01)


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (faults.blocked("PROHIBITED_CONTENT"), types.BlockedReason.PROHIBITED_CONTENT),
        (faults.ended("IMAGE_SAFETY", "No."), types.FinishReason.IMAGE_SAFETY),
        (faults.ended("NO_IMAGE"), types.FinishReason.NO_IMAGE),
    ],
)
async def test_refusals_are_those_the_client_knows(
    server: GeminiServer, client: genai.client.AsyncClient, order: Reply, reason: object
) -> None:
    server.order(order)

    answer = await client.models.generate_content(model=MODEL, contents="a fox", config=asking())

    found = [answer.prompt_feedback.block_reason] if answer.prompt_feedback else []
    assert reason in found + [each.finish_reason for each in answer.candidates or []]
    assert shown(answer) == []


@pytest.mark.parametrize(
    ("order", "code", "status"),
    [
        (faults.PER_MINUTE, 429, "RESOURCE_EXHAUSTED"),
        (faults.LOCATION, 400, "FAILED_PRECONDITION"),
        (faults.INTERNAL, 500, "INTERNAL"),
        (faults.HIGH_DEMAND, 503, "UNAVAILABLE"),
        (faults.UNKNOWN_FIELD, 400, "INVALID_ARGUMENT"),
    ],
)
async def test_errors_are_read_by_the_client_as_by_the_engine(
    server: GeminiServer, client: genai.client.AsyncClient, order: Reply, code: int, status: str
) -> None:
    server.order(order)

    with pytest.raises(errors.APIError) as caught:
        await client.models.generate_content(model=MODEL, contents="a fox", config=asking())

    assert (caught.value.code, caught.value.status) == (code, status)
    ours = read(order.body)
    assert (ours.status, ours.words) == (caught.value.status, caught.value.message)


WRONG: list[tuple[str, dict[str, str], str]] = [
    (MODEL, {"aspect_ratio": "7:1"}, "aspect_ratio"),
    (MODEL, {"image_size": "4K"}, "image_size"),
    ("gemini-3-pro-image", {"image_size": "512"}, "image_size"),
    ("gemini-3.8-flash", {}, "response modalities"),
]


@pytest.mark.parametrize(("model", "image", "words"), WRONG)
async def test_what_a_model_does_not_take_is_refused(
    client: genai.client.AsyncClient, model: str, image: dict[str, str], words: str
) -> None:
    with pytest.raises(errors.ClientError, match=words) as caught:
        await client.models.generate_content(model=model, contents="a fox", config=asking(**image))

    assert caught.value.status == "INVALID_ARGUMENT"


async def test_keys_and_models_are_looked_at(server: GeminiServer, client: genai.client.AsyncClient) -> None:
    with pytest.raises(errors.ClientError) as missing:
        await client.models.generate_content(model="gemini-4", contents="a fox")
    async with calling(server, "AIza-wrong") as stranger:
        with pytest.raises(errors.ClientError) as wrong:
            await stranger.models.generate_content(model=MODEL, contents="a fox")

    assert missing.value.code == 404
    assert "API key not valid" in str(wrong.value.message)


@pytest.mark.parametrize("page", [2, 1000])
async def test_the_list_of_models_has_pages(server: GeminiServer, client: genai.client.AsyncClient, page: int) -> None:
    server.largest_page = page

    names = [model.name async for model in await client.models.list()]

    assert names == [*(f"models/{name}" for name in MODELS), "models/gemini-embedding-2"]
