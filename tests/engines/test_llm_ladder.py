"""What a server does not take is left out once it says so, in the same call, and never sent to it again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from bot.llm.asking import Habits
from bot.llm.base import ChatModel
from tests.support.llm_client import FITTING, FORM, connected, failure, form_filled, reason, said
from tests.support.llm_server import (
    ChatServer,
    Kind,
    Refusing,
    Words,
    as_litellm,
    as_openai,
    as_pydantic,
    as_vllm,
    by_crashing,
    filled,
)
from tests.support.openai_faults import SERVER_ERROR
from tests.support.serving_calls import Reply

REFUSING = pytest.mark.parametrize(
    "refusing", [as_openai, as_pydantic, as_vllm, as_litellm], ids=lambda it: it.__name__
)
NO_FORMATS = frozenset({"response_format"})


def formats(server: ChatServer) -> list[str]:
    return [call.fields.get("response_format", {"type": "none"})["type"] for call in server.calls()]


def parameters(server: ChatServer) -> list[list[str]]:
    return [sorted(call.fields.keys() - {"model", "messages"}) for call in server.calls()]


@REFUSING
async def test_a_server_without_schemas_is_asked_for_json(refusing: Refusing) -> None:
    async with ChatServer(Kind(("json_object", "text"), refusing=refusing)) as server, connected(server) as model:
        server.says = json.dumps(FITTING)

        assert await form_filled(model) == FITTING
        assert await form_filled(model) == FITTING

        assert formats(server) == ["json_schema", "json_object", "json_object"]


@REFUSING
async def test_a_server_without_formats_is_asked_in_words(refusing: Refusing) -> None:
    async with ChatServer(Kind(lacks=NO_FORMATS, refusing=refusing)) as server, connected(server) as model:
        server.says = f"Here it is: {json.dumps(FITTING)}"

        assert await form_filled(model) == FITTING
        assert await form_filled(model) == FITTING

        assert formats(server) == ["json_schema", "json_object", "none", "none"]


async def test_words_need_no_ladder() -> None:
    async with ChatServer(Kind(lacks=NO_FORMATS)) as server, connected(server) as model:
        await said(model)

        assert formats(server) == ["none"]


async def test_a_server_that_crashes_on_formats_is_asked_in_words() -> None:
    async with ChatServer(Kind(lacks=NO_FORMATS, refusing=by_crashing)) as server, connected(server) as model:
        server.says = json.dumps(FITTING)

        for _ in range(3):
            assert await form_filled(model) == FITTING

        assert formats(server) == ["json_schema", "none", "json_schema", "none", "none"]


async def test_one_crash_by_chance_is_not_remembered() -> None:
    async with ChatServer() as server, connected(server) as model:
        for _ in range(3):
            server.order(SERVER_ERROR, Words(json.dumps(FITTING)))
            assert await form_filled(model) == FITTING
            await form_filled(model)

        assert formats(server) == ["json_schema", "none", "json_schema"] * 3


async def test_a_server_that_crashes_on_everything_is_away_after_two_questions() -> None:
    async with ChatServer() as server, connected(server) as model:
        server.order(SERVER_ERROR, times=2)

        assert await reason(model, form=True) == "away"
        assert await form_filled(model)

        assert formats(server) == ["json_schema", "none", "json_schema"]


@pytest.mark.parametrize(
    ("lacks", "own"),
    [("max_tokens", "max_completion_tokens"), ("max_completion_tokens", "max_tokens")],
)
@REFUSING
async def test_the_other_name_for_the_tokens_is_tried_once(refusing: Refusing, lacks: str, own: str) -> None:
    async with ChatServer(Kind(lacks=frozenset({lacks}), refusing=refusing)) as server, connected(server) as model:
        await said(model)
        await said(model)

        names = [name for (name,) in parameters(server)]
        assert names == (["max_tokens", own, own] if lacks == "max_tokens" else ["max_tokens"] * 2)


async def test_a_thinking_model_gets_room_to_think() -> None:
    async with ChatServer(Kind(lacks=frozenset({"max_tokens"}))) as server, connected(server) as model:
        await said(model, max_tokens=100)

        assert server.calls()[1].fields["max_completion_tokens"] > 2000


async def test_a_server_that_knows_neither_name_is_asked_twice_and_no_more() -> None:
    lacks = frozenset({"max_tokens", "max_completion_tokens"})
    async with ChatServer(Kind(lacks=lacks)) as server, connected(server) as model:
        assert await reason(model) == "away"

        assert parameters(server) == [["max_tokens"], ["max_completion_tokens"]]


@REFUSING
async def test_a_parameter_of_the_operators_that_is_refused_is_left_out(refusing: Refusing) -> None:
    kind = Kind(lacks=frozenset({"temperature", "top_p"}), refusing=refusing)
    params = {"temperature": 0.2, "top_p": 0.9, "seed": 4}
    async with ChatServer(kind) as server, connected(server, params=params) as model:
        await said(model)
        await said(model)

        assert parameters(server) == [
            ["max_tokens", "seed", "temperature", "top_p"],
            ["max_tokens", "seed", "top_p"],
            ["max_tokens", "seed"],
            ["max_tokens", "seed"],
        ]


async def test_all_that_is_wrong_is_put_right_in_one_call() -> None:
    lacks = frozenset({"temperature", "max_tokens", "response_format"})
    async with ChatServer(Kind(lacks=lacks)) as server, connected(server, params={"temperature": 0}) as model:
        server.says = json.dumps(FITTING)

        assert await form_filled(model) == FITTING
        assert await form_filled(model) == FITTING

        assert len(server.calls()) == 6
        assert parameters(server)[-1] == ["max_completion_tokens"]


async def test_what_helped_nothing_is_not_remembered() -> None:
    """Too long a question mentions the tokens as well."""
    text = "'max_tokens' is too large: 600. This model's maximum context length is 512 tokens."
    too_long = Reply.json(400, {"error": {"message": text, "type": "BadRequestError", "param": None, "code": 400}})
    async with ChatServer() as server, connected(server) as model:
        server.order(too_long, times=2)

        await failure(model)
        await said(model)

        assert parameters(server) == [["max_tokens"], ["max_completion_tokens"], ["max_tokens"]]


async def test_a_question_that_took_longer_does_not_unlearn_what_another_learned() -> None:
    async with ChatServer(Kind(lacks=NO_FORMATS)) as server, connected(server) as model:
        server.says = json.dumps(FITTING)
        async with server.holding() as gate:
            slow = asyncio.create_task(said(model))
            await server.arrived(1)
            quick = asyncio.create_task(form_filled(model))
            await server.arrived(2)
            gate.set()
            await asyncio.gather(slow, quick)
        learned = len(server.calls())
        await asyncio.gather(said(model), form_filled(model), form_filled(model))

        assert formats(server)[learned:] == ["none"] * 3


@pytest.mark.parametrize(
    "told",
    [
        {"message": "Content management policy: response_format", "code": "content_filter"},
        {"message": "Incorrect API key provided for response_format", "code": "invalid_api_key"},
    ],
    ids=["refused", "auth"],
)
async def test_refused_content_and_a_wrong_key_are_nobodys_parameter(told: Mapping[str, Any]) -> None:
    async with ChatServer() as server, connected(server) as model:
        server.order(Reply.json(400, {"error": told}))

        assert await reason(model, form=True) in ("refused", "auth")
        assert len(server.calls()) == 1


async def test_a_model_that_learned_answers_as_before() -> None:
    async def answers(model: ChatModel) -> list[object]:
        return [await said(model), await form_filled(model)]

    async with ChatServer(Kind(lacks=frozenset({"max_tokens"}))) as server, connected(server) as model:
        assert await answers(model) == await answers(model) == ["Certainly.", filled(FORM.schema)]


def test_what_two_questions_learned_at_once_is_joined() -> None:
    one, other = Habits("json", dropped=frozenset({"seed"})), Habits("schema", True, frozenset({"top_p"}))

    assert one | other == other | one == Habits("json", True, frozenset({"seed", "top_p"}))
