"""Every way a server fails ends in its reason, after one question, and nobody's words or keys get into a log."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from bot.llm.base import ChatModel, NoAnswer, Reason
from tests.support import openai_faults as faults
from tests.support.llm_client import RULES, SAID, connected, failure, form_filled, picture, reason, said
from tests.support.llm_server import ChatServer, Words
from tests.support.net import Line, Script, listening, silence, silence_in_the_body
from tests.support.openai_models import error
from tests.support.serving_calls import DROPPED, Order, Reply

OLLAMA = 'model "llama9" not found, try pulling it first'
INSIDE = {"error": {"message": "Rate limit exceeded", "code": 429}}
LOST = {"choices": [{"finish_reason": "error", "error": {"code": 502, "message": "Upstream."}, "message": {}}]}
NO_ROOM = "Could not finish the message because max_tokens or model output limit was reached. Please try again."

AS_TOLD: dict[str, tuple[Order, Reason]] = {
    "wrong key": (faults.INVALID_KEY, "auth"),
    "wrong key as 400": (error(400, "No connected db.", "no_db_connection"), "auth"),
    "LiteLLM key": (faults.LITELLM_AUTH, "auth"),
    "no credit": (faults.CREDITS, "auth"),
    "quota": (faults.INSUFFICIENT_QUOTA, "auth"),
    "billing": (faults.BILLING_LIMIT, "auth"),
    "budget": (faults.LITELLM_BUDGET, "auth"),
    "no such model": (faults.MODEL_NOT_FOUND, "auth"),
    "Ollama's no such model": (Reply.json(404, {"error": {"message": OLLAMA, "type": "api_error"}}), "auth"),
    "no such route": (Reply.json(404, {"detail": "Not Found"}), "auth"),
    "moved": (Reply(308, headers={"Location": "https://elsewhere.invalid/v1"}), "auth"),
    "rate": (faults.RATE_LIMITED, "busy"),
    "rate without words": (faults.RATE_LIMITED_SILENTLY, "busy"),
    "LiteLLM rate": (faults.LITELLM_RATE, "busy"),
    "LiteLLM cooldown": (faults.LITELLM_COOLDOWN, "busy"),
    "rate as HTML": (Reply.text(429, "<html>slow down</html>", "text/html"), "busy"),
    "rate with a good status": (Reply.json(200, INSIDE), "busy"),
    "content policy": (faults.CONTENT_POLICY, "refused"),
    "azure filter": (faults.AZURE_CONTENT_FILTER, "refused"),
    "LiteLLM filter": (faults.LITELLM_BLOCKED, "refused"),
    "flagged": (error(403, "Your input was flagged.", "content_policy_violation"), "refused"),
    "server error": (faults.SERVER_ERROR, "away"),
    "overloaded": (faults.OVERLOADED, "away"),
    "bad gateway": (faults.BAD_GATEWAY, "away"),
    "empty 500": (faults.EMPTY_BODY, "away"),
    "endless error": (faults.HUGE_ERROR, "away"),
    "an error text": (faults.ERROR_TEXT, "away"),
    "an error list": (faults.ERROR_LIST, "away"),
    "a nested error": (faults.ERROR_NESTED, "away"),
    "a FastAPI text": (faults.FASTAPI_TEXT, "away"),
    "an error within": (Reply.json(200, LOST), "away"),
    "a text with a good status": (Reply.json(200, {"error": "model is loading"}), "away"),
    "gateway timeout": (faults.GATEWAY_TIMEOUT, "late"),
    "LiteLLM timeout": (faults.LITELLM_TIMEOUT, "late"),
    "no room": (error(400, NO_ROOM), "cut"),
    "dropped": (DROPPED, "away"),
    "dropped after headers": (Reply(200, b'{"choices": []}', drop="headers"), "away"),
    "half a body": (Reply(200, b'{"choices": []}', drop="half"), "away"),
    "HTML": (faults.HTML_SUCCESS, "unreadable"),
    "cut JSON": (faults.NOT_JSON, "unreadable"),
    "nothing": (Reply(200), "unreadable"),
    "null": (Reply.json(200, None), "unreadable"),
    "a list": (Reply.json(200, []), "unreadable"),
    "no choices": (Reply.json(200, {"choices": []}), "unreadable"),
    "strange choices": (Reply.json(200, {"choices": [7]}), "unreadable"),
    "no message": (Reply.json(200, {"choices": [{"text": "x"}]}), "unreadable"),
    "deep": (Reply.text(200, "[" * 60_000), "unreadable"),
    "too large": (Reply.json(200, {"choices": [], "padding": "x" * 1_000_000}), "unreadable"),
    "Groq's bad JSON": (error(400, "Failed to generate JSON.", "json_validate_failed"), "unreadable"),
    "parts that are none": (Words([7, None, {"type": "text", "text": 5}]), "empty"),
    "a number": (Words(message={"content": 7}), "empty"),
}


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ChatServer]:
    async with ChatServer() as server:
        yield server


@pytest_asyncio.fixture
async def model(server: ChatServer) -> AsyncIterator[ChatModel]:
    async with connected(server) as model:
        yield model


@pytest.mark.parametrize(("order", "why"), AS_TOLD.values(), ids=AS_TOLD)
async def test_every_failure_has_its_reason_and_is_final(
    server: ChatServer, model: ChatModel, order: Order, why: Reason
) -> None:
    server.order(order)

    found = await failure(model)

    assert found.reason == why
    assert len(server.calls()) == 1
    assert faults.SECRET not in str(found)
    assert await said(model) == "Certainly."


async def test_a_server_that_is_down_is_away(server: ChatServer, model: ChatModel) -> None:
    async with server.down():
        assert await reason(model) == "away"


BEGINNING = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n"
REFUSED_TOKENS = error(400, "Unsupported parameter.", "unsupported_parameter", param="max_tokens")


async def drips(line: Line) -> None:
    """Answer a byte at a time, for ever: JSON may begin with any number of spaces."""
    await line.request()
    await line.send(BEGINNING)
    while True:
        await line.send(b" ")
        await asyncio.sleep(0.01)


async def floods(line: Line) -> None:
    """Answer as much as there is room for, for ever."""
    await line.request()
    await line.send(BEGINNING)
    while True:
        await line.send(b" " * 65536)


def until_gone(script: Script) -> Script:
    async def play(line: Line) -> None:
        with contextlib.suppress(ConnectionError):
            await script(line)

    return play


@pytest.mark.parametrize("script", [silence, silence_in_the_body, drips])
async def test_a_server_that_does_not_come_to_an_end_is_late(script: Script) -> None:
    async with listening(until_gone(script)) as listener, connected(listener.url) as model:
        found = await failure(model, timeout_s=0.3)

        assert (found.reason, found.detail) == ("late", "no answer within 0.3 s")
        assert len(listener.requests) <= 1


async def test_the_time_is_that_of_all_attempts_together() -> None:
    async def refuses_once(line: Line) -> None:
        await line.request()
        if len(listener.requests) == 1:
            await line.answer(REFUSED_TOKENS.body, "400 Bad Request", connection="close")
        else:
            await line.gone()

    async with listening(refuses_once) as listener, connected(listener.url) as model:
        assert await reason(model, timeout_s=1.0) == "late"
        assert [b"max_completion_tokens" in each for each in listener.requests] in ([], [False], [False, True])


async def test_a_moved_server_is_told_with_its_new_address(server: ChatServer, model: ChatModel) -> None:
    server.order(Reply(308, headers={"Location": "https://elsewhere.invalid/v1?sig=c2lnbmVk"}))

    detail = (await failure(model)).detail

    assert "https://elsewhere.invalid/v1" in detail
    assert "c2lnbmVk" not in detail


async def test_one_line_of_what_was_written_is_kept_out_of_a_log_as_well(server: ChatServer, model: ChatModel) -> None:
    lines = ["somebody: a red fox in the snow", "another: make it a grey heron", "third: short"]
    server.order(error(400, f"Unexpected content near '{lines[1]}' of the {lines[2]} kind"))

    with pytest.raises(NoAnswer) as caught:
        await model.say(RULES, "\n".join(lines), timeout_s=30)

    assert caught.value.detail == "400 invalid_request_error Unexpected content near '…' of the third: short kind"


async def test_who_stops_waiting_hangs_up(server: ChatServer, model: ChatModel) -> None:
    async with server.holding():
        asking = asyncio.create_task(said(model))
        call = await server.arrived()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await server.ended(call)

    assert call.end == "hung up"


async def test_an_endless_body_is_not_read_on() -> None:
    async with listening(until_gone(floods)) as listener, connected(listener.url) as model:
        assert await reason(model) == "unreadable"


async def test_neither_words_nor_keys_nor_pictures_get_into_a_log(
    server: ChatServer, model: ChatModel, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shown = picture()
    told = []
    server.says = "an answer that is nobody's business"

    with capture_logs() as logs:
        await said(model, pictures=(shown,))
        url = server.calls()[0].fields["messages"][1]["content"][1]["image_url"]["url"]
        for status, body in ((400, {"error": {"message": "%s"}}), (200, {"error": {"message": "%s"}}), (500, "%s")):
            for words in (SAID, RULES, url, f"key {faults.SECRET}", json.dumps({"content": SAID})):
                text = json.dumps(body).replace("%s", json.dumps(f"Bad request: {words}")[1:-1])
                server.order(Reply.text(status, text, "application/json"))
                told.append(await failure(model, pictures=(shown,)))
        server.order(Words("<think>" + SAID))
        told.append(await failure(model))
        server.order(REFUSED_TOKENS)
        await said(model)
        await form_filled(model)

    written = f"{logs} {caplog.text} {[(each, each.detail) for each in told]}"
    assert [each["tokens"] for each in logs] == ["max_completion_tokens"]
    for secret in (SAID, RULES, url[-300:-200], faults.SECRET, server.key or "?", str(server.says)):
        assert secret not in written
