"""What the OpenAI engine makes of every way a service says no, and that it never asks twice for what may cost money."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from bot.engines.openai.engine import OpenAIEngine
from bot.engines.testing import Recorder
from bot.errors import (
    BadAnswer,
    ContentRefused,
    EngineAuth,
    EngineError,
    EngineMisconfigured,
    EngineQuota,
    EngineRejected,
    EngineUnavailable,
    OutOfMemory,
    UnknownOutcome,
)
from tests.support import openai_faults as faults
from tests.support.openai_engine import PROMPT, connected, wanted
from tests.support.openai_models import REQUEST_ID, error
from tests.support.openai_server import OpenAIServer
from tests.support.serving_calls import DROPPED, Order, Reply


@pytest_asyncio.fixture
async def server() -> AsyncIterator[OpenAIServer]:
    async with OpenAIServer() as server:
        yield server


@pytest_asyncio.fixture
async def engine(server: OpenAIServer) -> AsyncIterator[OpenAIEngine]:
    engine = connected(server)
    yield engine
    await engine.aclose()


async def failure(server: OpenAIServer, engine: OpenAIEngine, *orders: Order, model: str | None = None) -> EngineError:
    """Return what the engine raises when the server answers so; nothing is ever handed over with it."""
    server.order(*orders)
    recorder = Recorder()
    with pytest.raises(EngineError) as caught:
        await engine.generate(wanted(model=model), recorder.run())
    assert recorder.pictures == []
    return caught.value


NESTED = (
    'litellm.BadRequestError: OpenAIException - {\n  "error": {\n    "message": "Invalid size.",\n'
    '    "type": "invalid_request_error",\n    "param": "size",\n    "code": "invalid_value"\n  }\n}. '
    "Received Model Group=cloud\nAvailable Model Group Fallbacks=None"
)
DETAILS = {"message": "No.", "code": "moderation_blocked", "moderation_details": {"categories": ["violence"]}}
AS_TOLD: dict[str, tuple[Order, type[EngineError]]] = {
    "moderation": (faults.MODERATION_BLOCKED, ContentRefused),
    "content policy": (faults.CONTENT_POLICY, ContentRefused),
    "image content policy": (faults.IMAGE_CONTENT_POLICY, ContentRefused),
    "azure filter": (faults.AZURE_CONTENT_FILTER, ContentRefused),
    "moderation as 403": (error(403, "Your input was flagged.", "content_policy_violation"), ContentRefused),
    "moderation details": (Reply.json(400, {"error": DETAILS}), ContentRefused),
    "billing limit": (faults.BILLING_LIMIT, EngineQuota),
    "quota": (faults.INSUFFICIENT_QUOTA, EngineQuota),
    "credits": (faults.CREDITS, EngineQuota),
    "wrong key": (faults.INVALID_KEY, EngineAuth),
    "not verified": (faults.NOT_VERIFIED, EngineAuth),
    "no such model": (faults.MODEL_NOT_FOUND, EngineMisconfigured),
    "no such route": (Reply.json(404, {"detail": "Not Found"}), EngineMisconfigured),
    "not implemented": (Reply(501), EngineMisconfigured),
    "unknown parameter": (faults.unknown_parameter("quality"), EngineRejected),
    "invalid value": (faults.invalid_value("size"), EngineRejected),
    "fastapi list": (faults.FASTAPI_LIST, EngineRejected),
    "too large": (Reply.text(413, "<html>too large</html>"), EngineRejected),
    "text": (faults.ERROR_TEXT, EngineError),
    "list": (faults.ERROR_LIST, EngineError),
    "nested": (faults.ERROR_NESTED, EngineError),
    "server error": (faults.SERVER_ERROR, UnknownOutcome),
    "bad gateway": (faults.BAD_GATEWAY, UnknownOutcome),
    "gateway timeout": (faults.GATEWAY_TIMEOUT, UnknownOutcome),
    "empty 500": (faults.EMPTY_BODY, UnknownOutcome),
    "fastapi text": (faults.FASTAPI_TEXT, UnknownOutcome),
    "huge 500": (faults.HUGE_ERROR, UnknownOutcome),
    "deep 500": (Reply.text(500, '{"error":' * 9000), UnknownOutcome),
    "503 without a word": (Reply(503), UnknownOutcome),
    "500 overloaded": (error(500, "The model is overloaded."), UnknownOutcome),
    "overloaded": (faults.OVERLOADED, EngineUnavailable),
    "overloaded by code": (error(503, "Later.", "server_is_overloaded"), EngineUnavailable),
    "503 with a wait": (Reply(503, headers={"Retry-After": "30"}), EngineUnavailable),
    "400 overloaded": (error(400, "Our servers are currently overloaded."), EngineUnavailable),
    "moved": (Reply(308, headers={"Location": "https://elsewhere.invalid/"}), EngineUnavailable),
    "out of memory": (Reply.json(500, {"detail": "CUDA out of memory. Tried to allocate 2 GiB"}), OutOfMemory),
    "error with 200": (Reply.json(200, {"error": {"message": "oops"}}), BadAnswer),
    "refusal with 200": (Reply.json(200, {"error": {"code": "content_filter", "message": "no"}}), ContentRefused),
    "litellm refusal": (faults.LITELLM_BLOCKED, ContentRefused),
    "litellm quota": (faults.LITELLM_QUOTA, EngineQuota),
    "litellm billing": (faults.LITELLM_BILLING, EngineQuota),
    "litellm budget": (faults.LITELLM_BUDGET, EngineQuota),
    "litellm key": (faults.LITELLM_AUTH, EngineAuth),
    "litellm no key store": (error(400, "No connected db.", "400", type="no_db_connection"), EngineAuth),
    "litellm timeout": (faults.LITELLM_TIMEOUT, UnknownOutcome),
    "litellm parameter": (faults.LITELLM_UNSUPPORTED, EngineRejected),
    "litellm with json inside": (error(400, NESTED, "400", type="None", param="None"), EngineRejected),
    "html with 200": (faults.HTML_SUCCESS, BadAnswer),
    "no json with 200": (faults.NOT_JSON, BadAnswer),
    "dropped": (DROPPED, UnknownOutcome),
    "dropped after headers": (faults.DROPPED_AFTER_HEADERS, UnknownOutcome),
    "half a body": (faults.SHORT_BODY, UnknownOutcome),
}


@pytest.mark.parametrize("name", AS_TOLD)
async def test_each_answer_means_one_thing_and_is_asked_for_once(
    server: OpenAIServer, engine: OpenAIEngine, name: str
) -> None:
    order, expected = AS_TOLD[name]

    found = await failure(server, engine, order)

    assert type(found) is expected
    assert found.args_["engine"] == "cloud"
    assert faults.SECRET not in f"{found} {found.detail}"
    assert len(found.detail) <= 500
    assert len(server.calls()) == 1


@pytest.mark.parametrize(
    ("order", "field"),
    [
        (faults.unknown_parameter("quality"), "quality"),
        (faults.invalid_value("size"), "size"),
        (faults.FASTAPI_LIST, "n"),
        (faults.LITELLM_UNSUPPORTED, "response_format"),
        (error(400, NESTED, "400", param="None"), "size"),
        (error(400, "Invalid file.", param="image[0]"), "image"),
        (error(400, "Invalid.", param="svg.model"), "svg"),
        (error(400, "Unknown parameter: 'style'."), "style"),
    ],
)
async def test_names_the_field_that_is_wrong(
    server: OpenAIServer, engine: OpenAIEngine, order: Order, field: str
) -> None:
    assert (await failure(server, engine, order)).args_["field"] == field


async def test_a_field_that_looks_like_none_is_not_shown(server: OpenAIServer, engine: OpenAIEngine) -> None:
    shouted = error(400, "Wrong.", param="@everyone <b>look</b> " + "x" * 100)

    assert type(await failure(server, engine, shouted)) is EngineError


async def test_a_model_a_person_chose_is_theirs_to_change(server: OpenAIServer, engine: OpenAIEngine) -> None:
    found = await failure(server, engine, model="gpt-imgae-2")

    assert isinstance(found, EngineRejected)
    assert found.args_["field"] == "model"


async def test_an_error_in_the_middle_of_a_stream_means_what_it_says(server: OpenAIServer) -> None:
    engine = connected(server, corrections={"preview": True})
    error = {"code": "moderation_blocked", "message": f"{PROMPT}: safety_violations=[violence]"}
    told = json.dumps({"type": "error", "error": error})

    found = await failure(server, engine, Reply.text(200, f"data: {told}\n\n", "text/event-stream"))
    await engine.aclose()

    assert isinstance(found, ContentRefused)
    assert "violence" in found.detail
    assert PROMPT not in found.detail


async def test_a_moved_service_is_told_with_its_new_address(server: OpenAIServer, engine: OpenAIEngine) -> None:
    moved = Reply(308, headers={"Location": "https://elsewhere.invalid/v1?sig=c2lnbmVk"})

    detail = (await failure(server, engine, moved)).detail

    assert "https://elsewhere.invalid/v1" in detail
    assert "c2lnbmVk" not in detail


async def test_categories_are_for_the_log(server: OpenAIServer, engine: OpenAIEngine) -> None:
    assert "sexual,violence" in (await failure(server, engine, faults.MODERATION_BLOCKED)).detail
    assert "violence" in (await failure(server, engine, Reply.json(400, {"error": DETAILS}))).detail


async def test_neither_prompt_nor_key_gets_into_the_log(
    server: OpenAIServer, engine: OpenAIEngine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    echo = error(400, f"Bad prompt: {PROMPT!r} with key {faults.SECRET}.", "invalid_value")

    with capture_logs() as logs:
        found = await failure(server, engine, echo)
        await failure(server, engine, faults.INVALID_KEY)
        await engine.generate(wanted(), Recorder().run())

    assert [(each["status"], each["code"], each["request"]) for each in logs] == [
        (400, "invalid_value", REQUEST_ID),
        (401, "invalid_api_key", REQUEST_ID),
    ]
    written = f"{logs} {caplog.text} {found.detail}"
    for secret in (PROMPT, faults.SECRET, server.key or "?"):
        assert secret not in written
