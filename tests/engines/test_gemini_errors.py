"""What the Gemini engine makes of every way Google says no, and that it never asks twice for what may cost money."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from bot.engines.gemini.engine import GeminiEngine
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
    NothingDrawn,
    UnknownChoice,
    UnknownOutcome,
)
from tests.support import gemini_faults as faults
from tests.support.gemini_engine import PROMPT, connected, wanted
from tests.support.gemini_faults import Twist, blocked, ended
from tests.support.gemini_models import error, invalid
from tests.support.gemini_server import GeminiServer
from tests.support.openai_pictures import noise
from tests.support.serving_calls import DROPPED, Order, Reply


@pytest_asyncio.fixture
async def server() -> AsyncIterator[GeminiServer]:
    async with GeminiServer() as server:
        yield server


@pytest_asyncio.fixture
async def engine(server: GeminiServer) -> AsyncIterator[GeminiEngine]:
    engine = connected(server)
    yield engine
    await engine.aclose()


async def failure(server: GeminiServer, engine: GeminiEngine, *orders: Order, model: str | None = None) -> EngineError:
    """Return what the engine raises when the server answers so; nothing is ever handed over with it."""
    server.order(*orders)
    recorder = Recorder()
    with pytest.raises(EngineError) as caught:
        await engine.generate(wanted(model=model), recorder.run())
    assert recorder.pictures == []
    return caught.value


def writing(text: str, finish: str = "STOP") -> Twist:
    """Answer words only."""
    return Twist(pictures=(), written=text, finish=finish)


AS_TOLD: dict[str, tuple[Order, type[EngineError]]] = {
    **{f"blocked for {each}": (blocked(each), ContentRefused) for each in ("SAFETY", "PROHIBITED_CONTENT", "OTHER")},
    **{
        f"finished for {each}": (ended(each), ContentRefused)
        for each in ("IMAGE_SAFETY", "PROHIBITED_CONTENT", "SAFETY", "RECITATION", "IMAGE_RECITATION", "SPII", "NEW")
    },
    **{
        f"finished for {each}": (ended(each, "Could not."), NothingDrawn)
        for each in ("NO_IMAGE", "IMAGE_OTHER", "OTHER", "MAX_TOKENS", "MALFORMED_RESPONSE", "STOP")
    },
    "account limited": (ended("PUP_LIMITED_DISABLED"), EngineAuth),
    "refusal in words": (writing("I’m unable to help: this would violate my safety policies."), ContentRefused),
    "refusal in Chinese": (writing("抱歉，这违反了内容政策，我无法生成。"), ContentRefused),
    "a question back": (writing("Which colour should the heron have?"), NothingDrawn),
    "a promise": (writing("Here is your picture!"), NothingDrawn),
    "inability in words": (writing("Sorry, I can't create images yet."), NothingDrawn),
    "guidelines without refusing": (writing("Some guidelines for a good logo: …"), NothingDrawn),
    "usage only": (faults.NOTHING_AT_ALL, NothingDrawn),
    "no candidates": (faults.NO_CANDIDATES, NothingDrawn),
    "per day": (faults.PER_DAY, EngineQuota),
    "no free tier": (faults.NO_FREE_TIER, EngineQuota),
    "prepaid credits": (faults.PREPAID, EngineQuota),
    "billing disabled": (faults.BILLING_DISABLED, EngineQuota),
    "wrong key": (faults.KEY_INVALID, EngineAuth),
    "wrong key in a list": (faults.in_a_list(faults.KEY_INVALID), EngineAuth),
    "no key": (faults.NO_KEY, EngineAuth),
    "unauthenticated": (faults.UNAUTHENTICATED, EngineAuth),
    "service disabled": (faults.SERVICE_DISABLED, EngineMisconfigured),
    "location": (faults.LOCATION, EngineMisconfigured),
    "no such route": (Reply(404), EngineMisconfigured),
    "bad aspect": (faults.BAD_ASPECT, EngineRejected),
    "bad image": (faults.BAD_IMAGE, EngineRejected),
    "too large": (faults.TOO_LARGE, EngineRejected),
    "too long": (faults.TOO_LONG, EngineRejected),
    "invalid": (invalid("Request contains an invalid argument."), EngineError),
    "responsible ai": (faults.RESPONSIBLE, ContentRefused),
    "internal": (faults.INTERNAL, UnknownOutcome),
    "503 midway": (faults.MIDWAY, UnknownOutcome),
    "503 without a word": (Reply(503), UnknownOutcome),
    "deadline": (faults.DEADLINE, UnknownOutcome),
    "bad gateway": (faults.BAD_GATEWAY, UnknownOutcome),
    "moved": (Reply(308, headers={"Location": "https://elsewhere.invalid/"}), EngineUnavailable),
    "error with 200": (faults.ERROR_WITH_200, UnknownOutcome),
    "refusal with 200": (Reply.json(200, {"error": {"code": "content_filter", "message": "no"}}), ContentRefused),
    "text for an error with 200": (Reply.json(200, {"error": "upstream failed"}), BadAnswer),
    "wrong key with 200": (Reply(200, faults.KEY_INVALID.body), EngineAuth),
    "other json": (faults.OTHER_JSON, BadAnswer),
    "html with 200": (faults.HTML_SUCCESS, BadAnswer),
    "no json with 200": (faults.NOT_JSON, BadAnswer),
    "endless words": (writing("la " * 400_000), BadAnswer),
    "pictures without end": (Twist(pictures=(noise(5_000),) * 21), BadAnswer),
    "dropped": (DROPPED, UnknownOutcome),
    "dropped after headers": (Twist(drop="headers"), UnknownOutcome),
    "half a body": (Twist(drop="half"), UnknownOutcome),
}


@pytest.mark.parametrize("name", AS_TOLD)
async def test_each_answer_means_one_thing_and_is_asked_for_once(
    server: GeminiServer, engine: GeminiEngine, name: str
) -> None:
    order, expected = AS_TOLD[name]

    found = await failure(server, engine, order)

    assert type(found) is expected
    assert found.args_["engine"] == "cloud"
    assert faults.SECRET not in f"{found} {found.detail}"
    assert len(server.calls()) == 1


@pytest.mark.parametrize(
    ("order", "field"),
    [
        (faults.BAD_ASPECT, "size"),
        (invalid("No.", "generation_config.image_config.image_size"), "size"),
        (invalid("No.", "generation_config.temperature"), "temperature"),
        (faults.BAD_IMAGE, "image"),
        (faults.TOO_LARGE, "image"),
        (Reply.text(413, "<html>too large</html>"), "image"),
        (faults.TOO_LONG, "prompt"),
    ],
)
async def test_names_what_is_wrong(server: GeminiServer, engine: GeminiEngine, order: Order, field: str) -> None:
    assert (await failure(server, engine, order)).args_["field"] == field


async def test_why_there_is_no_picture_is_for_the_log_but_not_what_the_model_wrote(
    server: GeminiServer, engine: GeminiEngine
) -> None:
    told = await failure(server, engine, ended("IMAGE_SAFETY", f"Unable to show {PROMPT!r}: it may be unsafe."))
    wrote = await failure(server, engine, writing("I will not draw a wading bird."))

    assert "IMAGE_SAFETY" in told.detail
    assert "it may be unsafe" in told.detail
    assert PROMPT not in told.detail
    assert "STOP" in wrote.detail
    assert "bird" not in wrote.detail


async def test_a_model_that_there_is_not_is_answered_with_those_there_are(
    server: GeminiServer, engine: GeminiEngine
) -> None:
    found = await failure(server, engine, model="gemini-3-pro-imgae")

    assert isinstance(found, UnknownChoice)
    assert (found.args_["what"], found.args_["value"]) == ("model", "gemini-3-pro-imgae")
    assert found.args_["known"].split(", ")[0] == "gemini-3-pro-image"


async def test_the_name_of_a_model_cannot_lead_elsewhere(server: GeminiServer, engine: GeminiEngine) -> None:
    found = await failure(server, engine, model="../../upload?key=#x " + "y" * 100)

    [call] = server.calls()
    assert call.path == f"/models/../../upload?key=#x {'y' * 100}:generateContent"
    assert len(found.args_["value"]) == 60


async def test_a_chosen_model_that_only_writes_is_theirs_to_change(server: GeminiServer, engine: GeminiEngine) -> None:
    found = await failure(server, engine, model="gemini-3.8-flash")

    assert isinstance(found, EngineRejected)
    assert found.args_["field"] == "model"


async def test_a_wrong_model_stays_wrong_where_there_is_no_list(server: GeminiServer, engine: GeminiEngine) -> None:
    server.order(faults.INTERNAL, on="GET /models")

    found = await failure(server, engine, model="gemini-4")

    assert isinstance(found, EngineRejected)
    assert found.args_["field"] == "model"


async def test_a_configured_model_that_there_is_not_is_the_operators(server: GeminiServer) -> None:
    engine = connected(server, "gemini-4")

    found = await failure(server, engine)
    await engine.aclose()

    assert isinstance(found, EngineMisconfigured)
    assert server.calls("GET /models") == []


async def test_nobody_is_told_of_other_models_who_chose_none(server: GeminiServer, engine: GeminiEngine) -> None:
    await failure(server, engine, invalid("No.", "model"))

    assert server.calls("GET /models") == []


async def test_neither_prompt_nor_key_gets_into_the_log(
    server: GeminiServer, engine: GeminiEngine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    with capture_logs() as logs:
        found = await failure(server, engine, error(400, "INVALID_ARGUMENT", f"Bad: {PROMPT!r} {faults.SECRET}."))
        await failure(server, engine, faults.KEY_INVALID)
        await engine.generate(wanted(), Recorder().run())

    assert [(each["status"], each["code"]) for each in logs] == [(400, "INVALID_ARGUMENT"), (400, "API_KEY_INVALID")]
    written = f"{logs} {caplog.text} {found.detail}"
    for secret in (PROMPT, faults.SECRET, server.key):
        assert secret not in written
    assert all("key" not in call.query for call in server.calls())
