"""What the OpenAI engine asks for: what is needed and no more, in the form every server understands."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator

import pytest_asyncio

from bot.engines.base import EditTask, InputPicture
from bot.engines.openai.engine import OpenAIEngine
from bot.engines.testing import Recorder, opened, png, sample
from tests.support.openai_engine import PROMPT, change, connected, wanted
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


async def test_asks_for_the_minimum_and_puts_the_operators_parameters_last(server: OpenAIServer) -> None:
    plain, adorned = connected(server), connected(server, params={"quality": "low", "output_format": "webp"})

    await plain.generate(wanted(count=2), Recorder().run())
    await adorned.generate(wanted(), Recorder().run())

    minimum = {"prompt": PROMPT, "model": "gpt-image-2", "n": 2, "size": "1024x1024"}
    first, second = server.calls()
    assert first.fields == minimum
    assert list(second.fields.items()) == [
        *({**minimum, "n": 1}).items(),
        ("quality", "low"),
        ("output_format", "webp"),
    ]
    await asyncio.gather(plain.aclose(), adorned.aclose())


async def test_sends_one_input_as_image_and_several_as_a_list(server: OpenAIServer, engine: OpenAIEngine) -> None:
    first = png(sample((1024, 1024)))
    second = InputPicture(encoded(sample((320, 200)), "JPEG"), "image/jpeg", 320, 200)
    third = InputPicture(encoded(sample((320, 200)), "WEBP"), "image/webp", 320, 200)

    await engine.edit(change(first, mask=first_half_free(first)), Recorder().run())
    await engine.edit(change(first, second, third), Recorder().run())

    one, several = server.calls()
    assert one.fields == {"prompt": PROMPT, "model": "gpt-image-2", "n": "1", "size": "1024x1024"}
    assert [(each.name, each.filename, each.mime) for each in one.uploads] == [
        ("image", "image-1.png", "image/png"),
        ("mask", "mask.png", "image/png"),
    ]
    assert [(each.name, each.filename, each.mime) for each in several.uploads] == [
        ("image[]", "image-1.png", "image/png"),
        ("image[]", "image-2.jpg", "image/jpeg"),
        ("image[]", "image-3.webp", "image/webp"),
    ]
    assert [each.data for each in several.uploads] == [first.data, second.data, third.data]


async def test_parameters_of_an_edit_become_fields_of_a_form() -> None:
    server = OpenAIServer(also=frozenset({"seed", "extra", "hires", "note"}))
    edit_params = {"quality": "high", "seed": 5, "extra": {"a": [1]}, "hires": True, "note": "ä", "nothing": None}
    async with server:
        engine = connected(server, params={"quality": "low"}, edit_params=edit_params)
        await engine.edit(change(png(sample((64, 64))), prompt="a lone \ud800 surrogate"), Recorder().run())
        await engine.aclose()

    fields = server.calls()[0].fields
    assert fields == {
        "prompt": "a lone ? surrogate",
        "model": "gpt-image-2",
        "n": "1",
        "size": "1024x1024",
        "quality": "high",
        "seed": "5",
        "extra": '{"a": [1]}',
        "hires": "true",
        "note": "ä",
    }


async def test_edits_with_the_edit_model_in_a_size_it_can_do(server: OpenAIServer) -> None:
    engine = connected(server, edit_model="gpt-image-1-mini")
    given = png(sample((816, 1216)))
    task = EditTask(prompt="make it night", count=1, width=816, height=1216, inputs=(given,))

    await engine.generate(wanted(), Recorder().run())
    await engine.edit(task, Recorder().run())
    await engine.edit(dataclasses.replace(task, model="gpt-image-2.5-flare"), Recorder().run())
    await engine.aclose()

    asked = [(call.fields["model"], call.fields["size"]) for call in server.calls()]
    assert asked == [
        ("gpt-image-2", "1024x1024"),
        ("gpt-image-1-mini", "1024x1536"),
        ("gpt-image-2.5-flare", "816x1216"),
    ]


def first_half_free(picture: InputPicture) -> InputPicture:
    """A mask whose left half may change."""
    mask = opened(picture.data).convert("RGBA")
    mask.paste((0, 0, 0, 0), (0, 0, picture.width // 2, picture.height))
    return png(mask)
