"""What the Gemini engine asks for: shape, size, pictures, and what the operator adds."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from bot.engines.base import InputPicture
from bot.engines.gemini.bodies import merged
from bot.engines.gemini.engine import GeminiEngine
from bot.engines.testing import Recorder
from bot.errors import EngineMisconfigured
from tests.support.gemini_engine import MODEL, PROMPT, change, connected, given, wanted
from tests.support.gemini_models import unknown_name
from tests.support.gemini_server import GeminiServer
from tests.support.openai_pictures import noise

FLASH = "gemini-3.1-flash-image"


@pytest_asyncio.fixture
async def server() -> AsyncIterator[GeminiServer]:
    async with GeminiServer() as server:
        yield server


async def asked(server: GeminiServer, engine: GeminiEngine, **task: Any) -> dict[str, Any]:
    """Have a picture drawn; return the last request."""
    await engine.generate(wanted(**task), Recorder().run())
    await engine.aclose()
    return server.calls()[-1].fields


async def changed(server: GeminiServer, engine: GeminiEngine, *inputs: Any, **task: Any) -> dict[str, Any]:
    """Have pictures changed; return the last request."""
    await engine.edit(change(*inputs, **task), Recorder().run())
    await engine.aclose()
    return server.calls()[-1].fields


# ── words ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_asks_for_words_and_pictures_and_no_more_than_needed(server: GeminiServer) -> None:
    fields = await asked(server, connected(server), seed=7, negative="rain", steps=20)

    assert fields == {
        "contents": [{"role": "user", "parts": [{"text": PROMPT}]}],
        "generationConfig": {"responseModalities": ["TEXT", "IMAGE"], "imageConfig": {"aspectRatio": "1:1"}},
    }
    [call] = server.calls()
    assert call.path == f"/models/{MODEL}:generateContent"
    assert (call.headers["x-goog-api-key"], dict(call.query)) == (server.key, {})


@pytest.mark.parametrize("name", [f"models/{MODEL}", MODEL])
async def test_a_name_as_lists_write_it_is_the_same_model(server: GeminiServer, name: str) -> None:
    await asked(server, connected(server, name))
    await asked(server, connected(server, FLASH), model=name)

    assert [call.path for call in server.calls()] == [f"/models/{MODEL}:generateContent"] * 2


@pytest.mark.parametrize(
    ("width", "height", "image"),
    [
        (1024, 1024, {"aspectRatio": "1:1"}),
        (512, 512, {"aspectRatio": "1:1", "imageSize": "512"}),
        (2752, 1536, {"aspectRatio": "16:9", "imageSize": "2K"}),
        (384, 3072, {"aspectRatio": "1:8"}),
        (1600, 900, {"aspectRatio": "16:9"}),
    ],
)
async def test_a_size_in_pixels_becomes_a_shape_and_a_size(
    server: GeminiServer, width: int, height: int, image: dict[str, str]
) -> None:
    fields = await asked(server, connected(server, FLASH), width=width, height=height)

    assert fields["generationConfig"]["imageConfig"] == image


# ── pictures ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_pictures_go_before_the_words_with_their_own_types(server: GeminiServer) -> None:
    inputs = [given(), given(64, 64, "jpeg"), given(32, 16, "webp")]

    fields = await changed(server, connected(server), *inputs)

    (content,) = fields["contents"]
    *pictures, words = content["parts"]
    assert [each["inlineData"]["mimeType"] for each in pictures] == ["image/png", "image/jpeg", "image/webp"]
    assert [base64.b64decode(each["inlineData"]["data"], validate=True) for each in pictures] == [
        each.data for each in inputs
    ]
    assert words == {"text": PROMPT}


async def test_a_large_picture_arrives_whole(server: GeminiServer) -> None:
    picture = InputPicture(noise(1_000_000), "image/png", 578, 578)

    fields = await changed(server, connected(server), picture)

    data = fields["contents"][0]["parts"][0]["inlineData"]["data"]
    assert base64.b64decode(data, validate=True) == picture.data


@pytest.mark.parametrize(
    ("inputs", "width", "height", "image"),
    [
        ([(96, 64)], 1264, 848, None),
        ([(96, 64)], 2528, 1696, {"imageSize": "2K"}),
        ([(96, 64)], 1024, 1024, {"aspectRatio": "1:1"}),
        ([(96, 64), (64, 64)], 1264, 848, {"aspectRatio": "3:2"}),
    ],
    ids=["kept", "kept but larger", "another shape", "several pictures"],
)
async def test_one_picture_that_keeps_its_shape_is_sent_without_one(
    server: GeminiServer, inputs: list[tuple[int, int]], width: int, height: int, image: dict[str, str] | None
) -> None:
    pictures = [given(*each) for each in inputs]

    fields = await changed(server, connected(server, FLASH), *pictures, width=width, height=height)

    assert fields["generationConfig"].get("imageConfig") == image


# ── the operator's own ──────────────────────────────────────────────────────────────────────────────────────────


async def test_params_are_merged_in_deep_and_last(server: GeminiServer) -> None:
    safety = [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]
    params = {
        "safetySettings": safety,
        "generation_config": {"temperature": 0.5, "image_config": {"imageSize": "4K"}},
    }
    engine = connected(server, FLASH, params=params, edit_params={"safety_settings": safety})

    await engine.generate(wanted(width=1264, height=848), Recorder().run())
    await engine.edit(change(given()), Recorder().run())
    await engine.aclose()

    drawing, changing = [call.fields for call in server.calls()]
    assert drawing["safetySettings"] == changing["safety_settings"] == safety
    assert drawing["generationConfig"] == {
        "responseModalities": ["TEXT", "IMAGE"],
        "imageConfig": {"aspectRatio": "3:2", "imageSize": "4K"},
        "temperature": 0.5,
    }
    assert "temperature" not in changing["generationConfig"]


def test_merging_leaves_both_as_they_were() -> None:
    base: dict[str, Any] = {"a": {"b": 1, "c": [1]}, "d": 2}
    more: dict[str, Any] = {"a": {"c": [2], "e": {"f": None}}, "d": {"g": 1}}

    assert merged(base, more) == {"a": {"b": 1, "c": [2], "e": {"f": None}}, "d": {"g": 1}}
    assert base == {"a": {"b": 1, "c": [1]}, "d": 2}
    assert more == {"a": {"c": [2], "e": {"f": None}}, "d": {"g": 1}}


# ── fields a version of the API does not know ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["responseModalities", "imageConfig"])
async def test_a_field_that_is_not_known_is_left_out_once(name: str) -> None:
    async with GeminiServer(missing=frozenset({name})) as server:
        recorder, engine = Recorder(), connected(server)
        await engine.generate(wanted(), recorder.run())
        await engine.aclose()

    first, second = [call.fields for call in server.calls()]
    assert name in first["generationConfig"]
    assert second == {**first, "generationConfig": {k: v for k, v in first["generationConfig"].items() if k != name}}
    assert len(recorder.pictures) == 1


async def test_a_field_of_the_operators_in_a_list_is_left_out(server: GeminiServer) -> None:
    params = {"safety_settings": [{"category": "A", "threshold": "B", "method": "C"}, {"category": "D"}]}

    fields = await asked(server, connected(server, params=params))

    assert fields["safety_settings"] == [{"category": "A", "threshold": "B"}, {"category": "D"}]
    assert len(server.calls()) == 2


async def test_a_second_unknown_field_is_the_operators_to_put_right(server: GeminiServer) -> None:
    engine = connected(server, params={"quality": 1, "style": 2})

    with pytest.raises(EngineMisconfigured):
        await engine.generate(wanted(), Recorder().run())
    await engine.aclose()

    assert len(server.calls()) == 2


@pytest.mark.parametrize("at", ["", "contents[0]", "contents[0].parts[0]", "generation_config.nowhere"])
async def test_what_cannot_be_left_out_is_not_asked_for_again(server: GeminiServer, at: str) -> None:
    engine = connected(server)
    server.order(unknown_name("contents" if not at else "text", at))

    with pytest.raises(EngineMisconfigured):
        await engine.generate(wanted(), Recorder().run())
    await engine.aclose()

    assert len(server.calls()) == 1
