"""The OpenAI engine reads pictures in every form servers answer them: base64, addresses, streams."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.engines.openai.engine import OpenAIEngine
from bot.engines.testing import Recorder, png, sample
from bot.errors import BadAnswer, NothingDrawn, UnknownOutcome
from tests.support import openai_faults
from tests.support.engines import png as small_png
from tests.support.openai_engine import change, connected, drawn, items, wanted
from tests.support.openai_faults import Twist
from tests.support.openai_server import OpenAIServer
from tests.support.serving_calls import Reply

PICTURE = small_png()
TEXT = base64.b64encode(PICTURE).decode()
"""Short enough to come as text; pictures of the server's own come as blobs."""


@pytest_asyncio.fixture
async def server() -> AsyncIterator[OpenAIServer]:
    async with OpenAIServer() as server:
        yield server


@pytest_asyncio.fixture
async def engine(server: OpenAIServer) -> AsyncIterator[OpenAIEngine]:
    engine = connected(server)
    yield engine
    await engine.aclose()


# ── base64 ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("encoding", ["url-safe", "escaped", "wrapped", "data url"])
async def test_reads_base64_however_it_is_written(server: OpenAIServer, engine: OpenAIEngine, encoding: str) -> None:
    plain = await drawn(engine)
    server.order(Twist(encoding=encoding))  # type: ignore[arg-type]

    assert await drawn(engine) == plain


@pytest.mark.parametrize(
    "item",
    [
        {"b64_json": TEXT},
        {"b64_json": TEXT.rstrip("=").replace("+", "-").replace("/", "_")},
        {"b64_json": f" {TEXT[:40]}\r\n{TEXT[40:]}\n"},
        {"b64_json": f"data:image/png;base64,{TEXT}"},
        {"url": f"data:image/png;base64,{TEXT}", "b64_json": None},
        {"url": f"data:image/png;base64,{TEXT}", "b64_json": ""},
        {"b64_json": TEXT, "url": "https://pictures.example/never-fetched.png"},
        {"b64_json": TEXT, "revised_prompt": None, "provider_specific_fields": {"thought_signature": "x"}},
    ],
    ids=json.dumps,
)
async def test_reads_a_short_picture(server: OpenAIServer, engine: OpenAIEngine, item: dict[str, object]) -> None:
    server.order(items(item))

    assert await drawn(engine) == [PICTURE]


async def test_empty_items_between_pictures_are_passed_over(server: OpenAIServer, engine: OpenAIEngine) -> None:
    server.order(items({}, None, {"b64_json": TEXT, "revised_prompt": "a grey heron"}, "picture"))
    recorder = Recorder()

    result = await engine.generate(wanted(count=2), recorder.run())

    assert [picture.data for picture in recorder.pictures] == [PICTURE]
    assert result.revised_prompt == "a grey heron"


async def test_a_picture_that_cannot_be_read_does_not_take_the_others_along(
    server: OpenAIServer, engine: OpenAIEngine
) -> None:
    server.order(items({"b64_json": "not base64!"}, {"b64_json": TEXT}))
    recorder = Recorder()

    with pytest.raises(BadAnswer):
        await engine.generate(wanted(count=2), recorder.run())

    assert [picture.data for picture in recorder.pictures] == [PICTURE]


@pytest.mark.parametrize(
    "answer",
    [
        openai_faults.NO_PICTURES,
        openai_faults.LITELLM_EMPTY,
        items({}),
        items({"b64_json": None, "url": None}),
        items({"b64_json": ""}, None),
        Reply.json(200, {"data": None}),
    ],
    ids=repr,
)
async def test_no_picture_is_a_failure(server: OpenAIServer, engine: OpenAIEngine, answer: Reply) -> None:
    server.order(answer)

    with pytest.raises(NothingDrawn):
        await drawn(engine)

    assert len(server.calls()) == 1


@pytest.mark.parametrize(
    "answer",
    [
        openai_faults.BASE64_GARBAGE,
        openai_faults.HTML_SUCCESS,
        openai_faults.NOT_JSON,
        items({"b64_json": "not base64!"}),
        items({"url": "this is a mocked answer"}),  # LiteLLM's mock_response
        items({"b64_json": f"{TEXT[:20]}={TEXT[20:]}"}),
        Reply.json(200, {"created": 1}),
        Reply.json(200, [1, 2]),
        Reply.json(200, "fine"),
        Reply(200),
        Reply.text(200, "[" * 100_000, "application/json"),
    ],
    ids=repr,
)
async def test_an_answer_that_makes_no_sense_is_not_asked_for_again(
    server: OpenAIServer, engine: OpenAIEngine, answer: Reply
) -> None:
    server.order(answer)

    with pytest.raises(BadAnswer):
        await drawn(engine)

    assert len(server.calls()) == 1


async def test_keeps_nothing_strange_or_long_of_what_a_server_tells(server: OpenAIServer, engine: OpenAIEngine) -> None:
    strange = {"size": ["x"], "quality": "q " * 3000, "output_format": None, "usage": {"input_tokens": "9", "more": 1}}
    server.order(Reply.json(200, {"data": [{"b64_json": TEXT, "revised_prompt": "r " * 45_000}], **strange}))

    result = await engine.generate(wanted(), Recorder().run())

    assert result.facts == {"quality": "q " * 20}
    assert len(result.revised_prompt or "") == 4000


# ── streams ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_partial_pictures_are_shown_while_it_draws(server: OpenAIServer) -> None:
    engine, recorder = connected(server, corrections={"preview": True}), Recorder()
    told = recorder.run()

    result = await engine.generate(wanted(), told)
    await engine.edit(change(png(sample((64, 64)))), recorder.run())
    await engine.aclose()

    assert recorder.progress == [1 / 3, 2 / 3, 1.0] * 2
    assert len(recorder.previews) == 4
    assert len(recorder.pictures) == 2
    assert result.facts["quality"] == "medium"
    generation, edit = server.calls()
    assert (generation.fields["stream"], generation.fields["partial_images"]) == (True, 2)
    assert (edit.fields["stream"], edit.fields["partial_images"]) == ("true", "2")


async def test_several_pictures_come_without_a_stream(server: OpenAIServer) -> None:
    """OpenAI refuses the two together: "Streaming is only supported with n=1."."""
    engine, recorder = connected(server, corrections={"preview": True}), Recorder()

    await engine.generate(wanted(count=2), recorder.run())
    await engine.aclose()

    assert "stream" not in server.calls()[0].fields
    assert (recorder.progress, recorder.previews, len(recorder.pictures)) == ([1.0], [], 2)


async def test_a_server_may_answer_json_instead_of_a_stream(server: OpenAIServer) -> None:
    engine = connected(server, corrections={"preview": True})
    server.order(openai_faults.JSON_FOR_STREAM)

    assert len(await drawn(engine)) == 1
    await engine.aclose()


@pytest.mark.parametrize(
    "order",
    [openai_faults.STREAM_ERROR, openai_faults.STREAM_CUT, openai_faults.STREAM_UNFINISHED],
    ids=lambda order: order.stream,
)
async def test_a_stream_without_its_end_is_not_asked_for_again(server: OpenAIServer, order: Twist) -> None:
    engine, recorder = connected(server, corrections={"preview": True}), Recorder()
    server.order(order)

    with pytest.raises(UnknownOutcome):
        await engine.generate(wanted(), recorder.run())
    await engine.aclose()

    assert len(recorder.previews) == 2
    assert recorder.pictures == []
    assert len(server.calls()) == 1


@pytest.mark.parametrize(
    ("partials", "fractions"),
    [
        ([{"partial_image_index": 1}], [2 / 3]),
        ([{}, {}, {}, {}], [1 / 3, 2 / 3, 2 / 3, 2 / 3]),
        ([{"partial_image_index": 7}, {"partial_image_index": -3}], [1 / 3, 2 / 3]),
        ([{"partial_image_index": "first"}], [1 / 3]),
    ],
)
async def test_progress_is_honest_whatever_the_server_counts(
    server: OpenAIServer, partials: list[dict[str, object]], fractions: list[float]
) -> None:
    engine, recorder = connected(server, corrections={"preview": True}), Recorder()
    told = [{"type": "image_generation.partial_image", "b64_json": TEXT, **each} for each in partials]
    told += [{"type": "image_generation.completed", "b64_json": TEXT}]
    body = "".join(f"data: {json.dumps(each)}\n\n" for each in told)
    server.order(Reply.text(200, f": hello\n\n{body}data: [DONE]\n\n", "text/event-stream"))

    await engine.generate(wanted(), recorder.run())
    await engine.aclose()

    assert recorder.progress == [*fractions, 1.0]
    assert [picture.data for picture in recorder.pictures] == [PICTURE]


@pytest.mark.parametrize("preview", ["not base64!", None, 5])
async def test_a_preview_that_is_none_does_not_spoil_the_picture(server: OpenAIServer, preview: object) -> None:
    engine, recorder = connected(server, corrections={"preview": True}), Recorder()
    told = [
        {"type": "image_generation.partial_image", "b64_json": preview},
        {"type": "image_generation.completed", "b64_json": TEXT},
    ]
    body = "".join(f"data: {json.dumps(each)}\n\n" for each in told)
    server.order(Reply.text(200, body, "text/event-stream"))

    await engine.generate(wanted(), recorder.run())
    await engine.aclose()

    assert (recorder.previews, len(recorder.pictures)) == ([], 1)
