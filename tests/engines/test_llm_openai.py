"""A language model behind chat completions is asked in the least a server must know, and read whatever it says."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from bot.llm.base import ChatModel
from bot.llm.forms import explained
from tests.support.llm_client import FITTING, FORM, RULES, SAID, connected, failure, form_filled, picture, reason, said
from tests.support.llm_server import MODEL, ChatServer, Kind, Words, filled


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ChatServer]:
    async with ChatServer() as server:
        yield server


@pytest_asyncio.fixture
async def model(server: ChatServer) -> AsyncIterator[ChatModel]:
    async with connected(server) as model:
        yield model


# ── what is asked ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_question_holds_nothing_a_server_may_not_know(server: ChatServer, model: ChatModel) -> None:
    assert await said(model, max_tokens=77) == "Certainly."

    (call,) = server.calls()
    assert call.fields == {
        "model": MODEL,
        "messages": [{"role": "system", "content": RULES}, {"role": "user", "content": SAID}],
        "max_tokens": 77,
    }
    assert call.headers["authorization"] == f"Bearer {server.key}"


async def test_a_form_is_asked_for_strictly_and_also_explained(server: ChatServer, model: ChatModel) -> None:
    assert await form_filled(model) == filled(FORM.schema)

    fields = server.calls()[0].fields
    assert fields["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "better_words", "strict": True, "schema": dict(FORM.schema)},
    }
    assert fields["messages"][0]["content"] == f"{RULES}\n\n{explained(FORM)}"


async def test_a_picture_is_shown_as_a_data_url(server: ChatServer, model: ChatModel) -> None:
    shown = picture()

    await said(model, pictures=(shown,))

    content = server.calls()[0].fields["messages"][1]["content"]
    assert content[0] == {"type": "text", "text": SAID}
    head, _, data = content[1]["image_url"]["url"].partition(",")
    assert (head, base64.b64decode(data, validate=True)) == ("data:image/jpeg;base64", shown.data)


async def test_a_large_picture_arrives_whole(server: ChatServer, model: ChatModel) -> None:
    shown = replace(picture(), data=random.Random(4).randbytes(1_000_001))

    await said(model, pictures=(shown,))

    url = server.calls()[0].fields["messages"][1]["content"][1]["image_url"]["url"]
    assert base64.b64decode(url.partition(",")[2], validate=True) == shown.data


async def test_a_model_that_sees_nothing_is_shown_nothing(server: ChatServer) -> None:
    async with connected(server, vision=False) as model:
        assert not model.sees
        with pytest.raises(ValueError, match="cannot look"):
            await said(model, pictures=(picture(),))

    assert server.calls() == []


async def test_the_operators_parameters_come_last(server: ChatServer) -> None:
    params = {"temperature": 0.2, "max_completion_tokens": 4000, "stop": ["\n\n"]}
    async with connected(server, params=params) as model:
        await said(model)

    fields = server.calls()[0].fields
    assert {name: fields[name] for name in params} == params
    assert "max_tokens" not in fields


async def test_half_a_character_is_sent_as_a_question_mark(server: ChatServer, model: ChatModel) -> None:
    await model.say(RULES, "a \ud800 fox\x00", timeout_s=30)

    assert server.calls()[0].fields["messages"][1]["content"] == "a ? fox"


async def test_no_key_is_sent_where_none_is_configured() -> None:
    async with ChatServer(key=None) as server, connected(server) as model:
        await said(model)

        assert "authorization" not in server.calls()[0].headers


# ── what is said ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("  A grey heron.\r\nIt stands.\n", "A grey heron.\nIt stands."),
        ('"A grey heron."', "A grey heron."),
        ("“A grey heron.”", "A grey heron."),
        ("「灰色のサギ」", "灰色のサギ"),
        ('"Heron" and "pond"', '"Heron" and "pond"'),
        ('He said "heron"', 'He said "heron"'),
        ('"', '"'),
        ('""', '""'),
        ("<think>The user wants…</think>\n\nA heron.", "A heron."),
        ("The template opened it.</think>A heron.", "A heron."),
        ("<think>a</think><think>b</think>A heron.", "A heron."),
        ("[THINK]hm[/THINK]A heron.", "A heron."),
        ("<|channel|>analysis<|message|>Hm.<|end|><|channel|>final<|message|>A heron.", "A heron."),
        ("a\x00b\x1b[31mc\x7f\x85d\te", "ab[31mcd\te"),
        ("half \ud83d a face", "half ? a face"),
        ([{"type": "text", "text": "A "}, {"type": "text", "text": "heron."}], "A heron."),
        ([{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}, {"text": "A heron."}], "A heron."),
        ("x" * 8000, "x" * 8000),
    ],
)
async def test_words_are_made_fit_to_be_read(server: ChatServer, model: ChatModel, content: Any, text: str) -> None:
    server.order(Words(content))

    assert await said(model) == text


REFUSALS: dict[str, Words] = {
    "refusal": Words("", message={"refusal": "I can't help with that."}),
    "a part": Words([{"type": "refusal", "refusal": "I can't."}]),
    "LiteLLM": Words(message={"content": None, "provider_specific_fields": {"refusal": "I can't."}}),
    "filter": Words("A heron st", finish="content_filter"),
}


@pytest.mark.parametrize("form", [False, True], ids=["words", "form"])
@pytest.mark.parametrize("order", REFUSALS.values(), ids=REFUSALS)
async def test_a_refusal_is_one(server: ChatServer, model: ChatModel, order: Words, form: bool) -> None:
    server.order(order)

    assert await reason(model, form=form) == "refused"
    assert len(server.calls()) == 1


EMPTY: dict[str, Words] = {
    "nothing": Words(""),
    "null": Words(message={"content": None}),
    "spaces": Words(" \n\x00 "),
    "no parts": Words([]),
    "thinking elsewhere": Words("", message={"reasoning_content": "The user wants…"}),
    "a tool": Words(message={"content": None, "tool_calls": [{"id": "1"}]}, finish="tool_calls"),
    "all thought": Words("", finish="length", usage={"completion_tokens_details": {"reasoning_tokens": 600}}),
    "thought cut": Words("<think>The user wants", finish="length"),
    "thought without end": Words("<think>The user wants"),
}


@pytest.mark.parametrize("order", EMPTY.values(), ids=EMPTY)
async def test_nothing_said_is_no_answer(server: ChatServer, model: ChatModel, order: Words) -> None:
    server.order(order)

    found = await failure(model)

    assert found.reason == "empty"
    assert ("thinking" in found.detail) == (order.finish == "length")


@pytest.mark.parametrize("form", [False, True], ids=["words", "form"])
async def test_a_cut_answer_is_not_given_out(server: ChatServer, model: ChatModel, form: bool) -> None:
    server.order(Words('{"prompt": "a heron that st', finish="length"))

    assert await reason(model, form=form) == "cut"


@pytest.mark.parametrize("size", [8001, 65_537, 300_000])
async def test_an_endless_answer_is_not_given_out(server: ChatServer, model: ChatModel, size: int) -> None:
    server.order(Words("x" * size))

    assert await reason(model) == "unreadable"


# ── forms in whatever is said ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(FITTING),
        f"```json\n{json.dumps(FITTING, indent=2)}\n```",
        f"<think>Maybe {json.dumps({**FITTING, 'kind': 'draw'})}</think>{json.dumps(FITTING)} I hope {{this}} helps.",
        f"First {json.dumps({**FITTING, 'sure': True})}. No, better: {json.dumps(FITTING)}",
        json.dumps({"answer": {**FITTING, "why": "because"}}),
        [{"type": "text", "text": json.dumps(FITTING)}],
    ],
)
async def test_a_form_is_found_where_the_server_binds_the_model_to_nothing(content: Any) -> None:
    async with ChatServer(Kind(binds=False)) as server, connected(server) as model:
        server.says = content

        assert await form_filled(model) == FITTING
        assert len(server.calls()) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": 3},
        {"prompt": None},
        {"kind": "paint"},
        {"kind": ["draw"]},
        {"weight": True},
        {"weight": "1"},
        {"weight": float("inf")},
        {"weight": float("nan")},
        {"sure": 1},
        {"sure": "true"},
    ],
    ids=str,
)
async def test_what_a_server_promised_is_checked_all_the_same(
    model: ChatModel, server: ChatServer, change: Any
) -> None:
    server.order(Words(json.dumps({**FITTING, **change})))

    assert await reason(model, form=True) == "unreadable"


async def test_a_form_with_a_property_missing_is_none(model: ChatModel, server: ChatServer) -> None:
    server.order(Words(json.dumps({name: FITTING[name] for name in ("prompt", "kind", "weight")})))

    assert await reason(model, form=True) == "unreadable"


async def test_the_words_of_a_form_are_cleaned(model: ChatModel, server: ChatServer) -> None:
    server.order(Words(json.dumps({**FITTING, "prompt": 'a \x00"heron"\x1b at\ndawn \ud800'})))

    assert (await form_filled(model))["prompt"] == 'a "heron" at\ndawn ?'
