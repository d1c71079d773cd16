"""OpenAI's own client against the local server: what the client understands is the dialect."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import openai
import pytest
from openai import AsyncOpenAI
from PIL import Image

from tests.support.openai_client import MODEL, SMALL, calling, mask, opened, picture
from tests.support.openai_server import OpenAIServer


@pytest.fixture
async def server() -> AsyncIterator[OpenAIServer]:
    async with OpenAIServer() as server:
        yield server


@pytest.fixture
async def client(server: OpenAIServer) -> AsyncIterator[AsyncOpenAI]:
    async with calling(server) as client:
        yield client


# ── generations ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("format", ["png", "jpeg", "webp"])
async def test_pictures_have_the_wanted_number_size_and_format(
    server: OpenAIServer, client: AsyncOpenAI, format: Any
) -> None:
    answer = await client.images.generate(model=MODEL, prompt="a fox", n=2, size="1536x1024", output_format=format)

    assert answer.data
    pictures = [opened(each.b64_json) for each in answer.data]
    assert [(each.size, each.format) for each in pictures] == [((1536, 1024), format.upper())] * 2
    assert answer.data[0].b64_json != answer.data[1].b64_json
    assert answer.output_format == format
    [call] = server.calls()
    await server.ended(call)
    assert call.fields == {"model": MODEL, "prompt": "a fox", "n": 2, "size": "1536x1024", "output_format": format}
    assert (call.route, call.end, call.status) == ("POST /images/generations", "answered", 200)


async def test_what_was_left_open_comes_back_decided_and_usage_adds_up(client: AsyncOpenAI) -> None:
    answer = await client.images.generate(model=MODEL, prompt="a fox", background="transparent", size="auto")

    assert (answer.size, answer.quality, answer.background) == ("1024x1024", "medium", "transparent")
    assert answer.data
    assert opened(answer.data[0].b64_json).mode == "RGBA"
    usage = answer.usage
    assert usage
    assert usage.total_tokens == usage.input_tokens + usage.output_tokens
    assert usage.input_tokens_details.image_tokens == 0
    assert usage.output_tokens == 1056


async def test_the_same_words_give_the_same_picture(client: AsyncOpenAI) -> None:
    answers = [await client.images.generate(model=MODEL, prompt=words, size=SMALL) for words in ("a", "a", "b")]

    first, again, other = [each.data[0].b64_json for each in answers if each.data]
    assert first == again != other


# ── edits ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_one_input_goes_by_image_and_several_by_image_brackets(server: OpenAIServer, client: AsyncOpenAI) -> None:
    one = await client.images.edit(model=MODEL, prompt="at night", image=picture(), size=SMALL)
    several = [picture(), picture(64, 64, "jpeg"), picture(32, 16, "webp")]
    await client.images.edit(model=MODEL, prompt="at night", image=several, size=SMALL, n=2)

    first, second = server.calls()
    assert [(each.name, each.mime, each.pixels) for each in first.uploads] == [("image", "image/png", (96, 64))]
    assert [(each.name, each.mime) for each in second.uploads] == [
        ("image[]", "image/png"),
        ("image[]", "image/jpeg"),
        ("image[]", "image/webp"),
    ]
    assert first.uploads[0].size == len(picture()[1])
    assert second.fields == {"model": MODEL, "prompt": "at night", "size": SMALL, "n": "2"}
    assert one.usage
    assert one.usage.input_tokens_details.image_tokens > 0


async def test_only_what_is_transparent_in_the_mask_changes(client: AsyncOpenAI) -> None:
    given = picture(1024, 640)
    answer = await client.images.edit(
        model=MODEL, prompt="at night", image=given, mask=mask(1024, 640), size=SMALL, output_format="png"
    )

    assert answer.data
    before, after = Image.open(io.BytesIO(given[1])), opened(answer.data[0].b64_json)
    left, right = (0, 0, 512, 640), (512, 0, 1024, 640)
    assert after.crop(right).tobytes() == before.crop(right).tobytes()
    assert after.crop(left).tobytes() != before.crop(left).tobytes()


# ── streams ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("partials", [0, 2])
async def test_streams_partial_pictures_then_the_finished_one(client: AsyncOpenAI, partials: int) -> None:
    stream = await client.images.generate(model=MODEL, prompt="a fox", size=SMALL, stream=True, partial_images=partials)
    events = [event async for event in stream]

    assert [event.type for event in events] == ["image_generation.partial_image"] * partials + [
        "image_generation.completed"
    ]
    assert [event.partial_image_index for event in events if event.type == "image_generation.partial_image"] == list(
        range(partials)
    )
    assert all(opened(event.b64_json).size == (1024, 640) for event in events)
    assert events[-1].type == "image_generation.completed"
    assert events[-1].usage.output_tokens > 0
    assert len({event.b64_json for event in events}) == partials + 1


async def test_streams_edits(client: AsyncOpenAI) -> None:
    stream = await client.images.edit(
        model=MODEL, prompt="at night", image=picture(), size=SMALL, stream=True, partial_images=1
    )

    assert [event.type async for event in stream] == ["image_edit.partial_image", "image_edit.completed"]


async def test_an_event_of_a_stream_can_be_held(server: OpenAIServer, client: AsyncOpenAI) -> None:
    async with server.holding("image_generation.completed") as gate:
        stream = await client.images.generate(model=MODEL, prompt="x", size=SMALL, stream=True, partial_images=1)
        events = aiter(stream)
        assert (await anext(events)).type == "image_generation.partial_image"
        waiting = asyncio.ensure_future(anext(events))
        await client.images.generate(model=MODEL, prompt="x", size=SMALL)  # is not held
        assert not waiting.done()
        gate.set()
        assert (await waiting).type == "image_generation.completed"


# ── refusals ────────────────────────────────────────────────────────────────────────────────────────────────────

REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"extra_body": {"seed": 1}}, "seed", "unknown_parameter"),
    ({"response_format": "b64_json"}, "response_format", "unknown_parameter"),
    ({"style": "vivid"}, "style", "unknown_parameter"),
    ({"n": 11}, "n", "integer_above_max_value"),
    ({"n": 0}, "n", "integer_below_min_value"),
    ({"n": "2"}, "n", "invalid_type"),
    ({"prompt": ""}, "prompt", "missing_required_parameter"),
    ({"model": ""}, "model", "missing_required_parameter"),
    ({"prompt": "x" * 32_001}, "prompt", "string_above_max_length"),
    ({"model": "gpt-image-1-mini", "size": "1024x640"}, "size", "invalid_value"),
    ({"size": "1000x1000"}, "size", "invalid_value"),
    ({"size": "512x512"}, "size", "invalid_value"),
    ({"size": "3072x640"}, "size", "invalid_value"),
    ({"size": "3856x1440"}, "size", "invalid_value"),
    ({"size": "wide"}, "size", "invalid_value"),
    ({"quality": "hd"}, "quality", "invalid_value"),
    ({"quality": "max"}, "quality", "invalid_value"),
    ({"output_format": "bmp"}, "output_format", "invalid_value"),
    ({"output_format": "jpeg", "background": "transparent"}, "background", "invalid_value"),
    ({"output_compression": 50}, "output_compression", "invalid_value"),
    ({"partial_images": 2}, "partial_images", "invalid_value"),
]


@pytest.mark.parametrize(("values", "param", "code"), REFUSED)
async def test_a_wrong_generation_is_refused(
    client: AsyncOpenAI, values: dict[str, Any], param: str, code: str
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await client.images.generate(**{"model": MODEL, "prompt": "a fox", **values})

    assert (caught.value.param, caught.value.code, caught.value.type) == (param, code, "invalid_request_error")
    assert caught.value.request_id


WRONG_FORMS: list[tuple[dict[str, Any], str, str]] = [
    ({"image": picture()[1]}, "image", "unsupported_file_mimetype"),
    ({"image": ("a.png", b"no picture", "image/png")}, "image", "invalid_image_file"),
    ({"image": [picture()] * 17}, "image", "array_above_max_length"),
    ({"mask": ("mask.jpg", picture(format="jpeg")[1], "image/jpeg")}, "mask", "invalid_mask_image_format"),
    ({"mask": ("mask.png", picture()[1], "image/png")}, "mask", "invalid_mask_image_format"),
    ({"mask": mask(64, 96)}, "mask", "invalid_mask_image_format"),
    ({"input_fidelity": "high"}, "input_fidelity", "unknown_parameter"),
    ({"n": 11}, "n", "integer_above_max_value"),
    ({"response_format": "b64_json"}, "response_format", "unknown_parameter"),
]


@pytest.mark.parametrize(("values", "param", "code"), WRONG_FORMS)
async def test_a_wrong_edit_is_refused(client: AsyncOpenAI, values: dict[str, Any], param: str, code: str) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await client.images.edit(**{"model": MODEL, "prompt": "at night", "image": picture(), **values})

    assert (caught.value.param, caught.value.code) == (param, code)


async def test_several_pictures_under_the_name_of_one_are_refused(server: OpenAIServer) -> None:
    form = aiohttp.FormData({"model": MODEL, "prompt": "x"})
    for name, data, mime in (picture(), picture()):
        form.add_field("image", data, filename=name, content_type=mime)
    headers = {"Authorization": f"Bearer {server.key}"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(server.url + "/images/edits", data=form, headers=headers) as answer,
    ):
        assert answer.status == 400
        assert (await answer.json())["error"]["code"] == "duplicate_parameter"


async def test_keys_and_models_are_looked_at(server: OpenAIServer, client: AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as missing:
        await client.images.generate(model="dall-e-3", prompt="a fox")
    with pytest.raises(openai.AuthenticationError) as wrong:
        await client.with_options(api_key="sk-wrong-0123456789").images.generate(model=MODEL, prompt="a fox")
    with pytest.raises(openai.AuthenticationError):
        await client.with_options(api_key="sk-wrong-0123456789").models.list()

    assert missing.value.code == "model_not_found"
    assert wrong.value.code == "invalid_api_key"
    assert {each.id async for each in client.models.list()} >= {MODEL, "gpt-image-1-mini"}
