"""A language model behind Gemini's generateContent: what is asked, what is read, what is left out."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from bot.llm.base import ChatModel, Reason
from bot.llm.forms import explained
from tests.support.llm_client import FITTING, FORM, RULES, SAID, connected, failure, form_filled, picture, reason, said
from tests.support.llm_gemini import (
    BAD_KEY,
    DEADLINE,
    EXHAUSTED,
    MODEL,
    OVERLOADED,
    GeminiServer,
    Parts,
    google_error,
)
from tests.support.llm_server import filled
from tests.support.serving_calls import DROPPED, Order, Reply


@pytest_asyncio.fixture
async def server() -> AsyncIterator[GeminiServer]:
    async with GeminiServer() as server:
        yield server


@pytest_asyncio.fixture
async def model(server: GeminiServer) -> AsyncIterator[ChatModel]:
    async with connected(server) as model:
        yield model


def configs(server: GeminiServer) -> list[dict[str, Any]]:
    return [call.fields["generationConfig"] for call in server.calls()]


async def test_a_question_holds_rules_and_words_apart(server: GeminiServer, model: ChatModel) -> None:
    assert await said(model, max_tokens=100) == "Certainly."

    (call,) = server.calls()
    assert call.path == f"/models/{MODEL}:generateContent"
    assert call.query == {}
    assert call.headers["x-goog-api-key"] == server.key
    assert call.fields == {
        "systemInstruction": {"parts": [{"text": RULES}]},
        "contents": [{"role": "user", "parts": [{"text": SAID}]}],
        "generationConfig": {"maxOutputTokens": 100 + 2048},
    }


async def test_a_picture_stands_before_the_words(server: GeminiServer, model: ChatModel) -> None:
    shown = picture()

    await said(model, pictures=(shown,))

    first, second = server.calls()[0].fields["contents"][0]["parts"]
    assert first["inlineData"]["mimeType"] == "image/jpeg"
    assert base64.b64decode(first["inlineData"]["data"], validate=True) == shown.data
    assert second == {"text": SAID}


async def test_a_form_is_asked_for_and_also_explained(server: GeminiServer, model: ChatModel) -> None:
    assert await form_filled(model) == filled(FORM.schema)

    fields = server.calls()[0].fields
    assert fields["generationConfig"]["responseMimeType"] == "application/json"
    assert fields["generationConfig"]["responseJsonSchema"] == dict(FORM.schema)
    assert fields["systemInstruction"]["parts"][0]["text"] == f"{RULES}\n\n{explained(FORM)}"


async def test_the_operators_parameters_are_merged_in_last() -> None:
    params = {"generationConfig": {"temperature": 0.2, "maxOutputTokens": 50}, "safetySettings": []}
    async with GeminiServer() as server, connected(server, params=params) as model:
        await form_filled(model)

        (call,) = server.calls()
        assert call.fields["safetySettings"] == []
        assert call.fields["generationConfig"]["temperature"] == 0.2
        assert call.fields["generationConfig"]["maxOutputTokens"] == 50
        assert call.fields["generationConfig"]["responseMimeType"] == "application/json"


# ── what it does not take ───────────────────────────────────────────────────────────────────────────────────────


async def test_without_schemas_it_is_asked_for_json() -> None:
    async with GeminiServer(lacks=frozenset({"responseJsonSchema"})) as server, connected(server) as model:
        server.says = json.dumps(FITTING)

        assert await form_filled(model) == await form_filled(model) == FITTING

        schemas = ["responseJsonSchema" in each for each in configs(server)]
        assert schemas == [True, False, False]
        assert all("responseMimeType" in each for each in configs(server))


async def test_without_json_it_is_asked_in_words() -> None:
    async with GeminiServer(json_mode=False) as server, connected(server) as model:
        server.says = f"```json\n{json.dumps(FITTING)}\n```"

        assert await form_filled(model) == await form_filled(model) == FITTING

        assert ["responseMimeType" in each for each in configs(server)] == [True, True, False, False]


async def test_a_parameter_of_the_operators_that_is_refused_is_left_out() -> None:
    params = {"generationConfig": {"thinkingConfig": {"thinkingLevel": "low"}, "topK": 3}, "cachedContent": "x"}
    async with GeminiServer() as server, connected(server, params=params) as model:
        server.order(google_error(400, "Thinking level is not supported for this model.", "INVALID_ARGUMENT"))

        await said(model)
        await said(model)

        assert [sorted(each) for each in configs(server)] == [
            ["maxOutputTokens", "thinkingConfig", "topK"],
            ["maxOutputTokens", "topK"],
            ["maxOutputTokens", "topK"],
            ["maxOutputTokens", "topK"],
        ]
        assert ["cachedContent" in call.fields for call in server.calls()] == [True, True, False, False]


# ── what it says ────────────────────────────────────────────────────────────────────────────────────────────────


async def test_thoughts_are_not_given_out(server: GeminiServer, model: ChatModel) -> None:
    server.order(
        Parts([{"text": "Hm.", "thought": True}, {"text": "A "}, {"text": "heron.", "thoughtSignature": "c2ln"}])
    )

    assert await said(model) == "A heron."


FAILURES: dict[str, tuple[Order, Reason]] = {
    "blocked": (Parts(blocked="SAFETY"), "refused"),
    "blocked words": (Parts(blocked="PROHIBITED_CONTENT"), "refused"),
    "safety": (Parts([{"text": "A he"}], finish="SAFETY"), "refused"),
    "recitation": (Parts([], finish="RECITATION"), "refused"),
    "a reason of the future": (Parts([], finish="BAD_TASTE"), "refused"),
    "malformed": (Parts([], finish="MALFORMED_RESPONSE"), "unreadable"),
    "cut": (Parts([{"text": "A heron that"}], finish="MAX_TOKENS"), "cut"),
    "all thought": (Parts([{"text": "Hm.", "thought": True}], finish="MAX_TOKENS"), "empty"),
    "no content": (Parts(more={"candidates": [{"finishReason": "MAX_TOKENS", "index": 0}]}), "empty"),
    "no parts": (Parts([]), "empty"),
    "strange parts": (Parts(more={"candidates": [{"content": {"parts": [7, {"text": 7}]}}]}), "empty"),
    "no candidates": (Parts(more={"candidates": []}), "unreadable"),
    "strange candidates": (Parts(more={"candidates": [7]}), "unreadable"),
    "HTML": (Reply.text(200, "<html>Sign in</html>", "text/html"), "unreadable"),
    "an error with a good status": (Reply.json(200, {"error": {"code": 500, "message": "Internal"}}), "away"),
    "wrong key": (BAD_KEY, "auth"),
    "no right": (google_error(403, "Generative Language API has not been used.", "PERMISSION_DENIED"), "auth"),
    "no model": (google_error(404, "models/x is not found for API version v1beta.", "NOT_FOUND"), "auth"),
    "limit": (EXHAUSTED, "busy"),
    "overloaded": (OVERLOADED, "away"),
    "broken": (google_error(500, "An internal error has occurred.", "INTERNAL"), "away"),
    "deadline": (DEADLINE, "late"),
    "as a list": (Reply.json(429, [{"error": {"code": 429, "message": "Slow.", "status": "X"}}]), "busy"),
    "dropped": (DROPPED, "away"),
}


@pytest.mark.parametrize(("order", "why"), FAILURES.values(), ids=FAILURES)
async def test_every_failure_has_its_reason_and_is_final(
    server: GeminiServer, model: ChatModel, order: Order, why: Reason
) -> None:
    server.order(order)

    found = await failure(model)

    assert found.reason == why
    assert SAID not in str(found)
    assert len(server.calls()) == 1


async def test_a_late_answer_is_not_waited_for(server: GeminiServer, model: ChatModel) -> None:
    async with server.holding():
        assert await reason(model, timeout_s=0.2) == "late"


async def test_a_form_that_does_not_fit_is_no_answer(server: GeminiServer, model: ChatModel) -> None:
    server.order(Parts([{"text": '{"prompt": "a heron"}'}]))

    assert await reason(model, form=True) == "unreadable"
