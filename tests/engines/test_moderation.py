"""What is refused before an engine is called: by the operator's words, and by a service that may fail in any way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from openai import AsyncOpenAI
from openai.types import ModerationTextInputParam
from PIL import Image
from pydantic import SecretStr

from bot.errors import Moderated, ModerationAway
from bot.moderation import Moderation, provider
from bot.pictures.inputs import InputPicture
from bot.pictures.sandbox import Sandbox
from bot.settings.tables import LlmSettings, ModerationSettings
from tests.support import moderation_server as service
from tests.support.moderation_server import ModerationServer
from tests.support.openai_models import error
from tests.support.openai_pictures import encoded
from tests.support.serving_calls import DROPPED, HTML, Order, Reply

PROMPT = "a red fox in the snow with a lantern"


def painted(color: str, width: int = 64, height: int = 48) -> InputPicture:
    data = encoded(Image.new("RGB", (width, height), color), "png")
    return InputPicture(data, "image/png", width, height)


GREEN, RED = painted("green"), painted("red")
LARGE_RED = painted("red", 3000, 1500)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ModerationServer]:
    async with ModerationServer() as server:
        yield server


def settings(server: ModerationServer, **more: object) -> ModerationSettings:
    return ModerationSettings.model_validate({"base_url": server.url, "api_key": server.key or "", **more})


@pytest_asyncio.fixture
async def moderation(server: ModerationServer) -> AsyncIterator[Moderation]:
    moderation = Moderation(settings(server, words=["nude", "裸体"]), LlmSettings())
    yield moderation
    await moderation.aclose()


async def away(moderation: Moderation, prompt: str = PROMPT) -> str:
    """Return the detail of the error of a service that gave no verdict."""
    with pytest.raises(ModerationAway) as caught:
        await moderation.check("provider", prompt)
    return caught.value.detail


async def test_the_official_client_is_answered_as_by_openai(server: ModerationServer) -> None:
    async with AsyncOpenAI(api_key=server.key, base_url=server.url, max_retries=0) as client:
        good = await client.moderations.create(model="omni-moderation-latest", input=PROMPT)
        bad = await client.moderations.create(input=[ModerationTextInputParam(type="text", text="VIOLENCE")])
    assert not good.results[0].flagged
    assert bad.results[0].flagged
    assert bad.results[0].categories.violence


async def test_off_checks_nothing(server: ModerationServer, moderation: Moderation) -> None:
    await moderation.check("off", "nude VIOLENCE", (RED,))
    assert server.calls() == []


async def test_words_are_checked_here_alone(server: ModerationServer, moderation: Moderation) -> None:
    await moderation.check("words", PROMPT + " VIOLENCE", (RED,))
    for text in ("a nude on a sofa", "画一个裸体的人"):
        with pytest.raises(Moderated):
            await moderation.check("words", text)
        with pytest.raises(Moderated):
            moderation.check_words(text)
    assert server.calls() == []


async def test_the_service_is_asked_after_the_words(server: ModerationServer, moderation: Moderation) -> None:
    with pytest.raises(Moderated):
        await moderation.check("provider", "a nude")
    assert server.calls() == []
    await moderation.check("provider", PROMPT)
    assert [call.fields for call in server.calls()] == [{"model": "omni-moderation-latest", "input": PROMPT}]


async def test_what_the_service_flags_is_refused(moderation: Moderation) -> None:
    with pytest.raises(Moderated) as caught:
        await moderation.check("provider", "VIOLENCE and VIOLENCE")
    assert caught.value.detail == "the moderation service: harassment, violence"
    assert str(caught.value).startswith(Moderated.sentence)


async def test_litellm_names_every_category_twice() -> None:
    async with ModerationServer(litellm=True) as server:
        moderation = Moderation(settings(server), LlmSettings())
        with pytest.raises(Moderated, match=r"service: violence/graphic]$"):
            await moderation.check("provider", "", (RED,))
        await moderation.aclose()


async def test_each_picture_goes_with_the_words_in_a_call_of_its_own(
    server: ModerationServer, moderation: Moderation
) -> None:
    await moderation.check("provider", PROMPT, (GREEN, GREEN, GREEN))
    assert len(server.calls()) == 3
    for call in server.calls():
        assert [part["type"] for part in call.fields["input"]] == ["text", "image_url"]
    with pytest.raises(Moderated):
        await moderation.check("provider", PROMPT, (GREEN, RED, GREEN))


async def test_a_picture_alone_is_checked_and_nothing_at_all_is_not(
    server: ModerationServer, moderation: Moderation
) -> None:
    await moderation.check("provider", " ", ())
    assert server.calls() == []
    await moderation.check("provider", " ", (GREEN,))
    assert [part["type"] for part in server.calls()[0].fields["input"]] == ["image_url"]


async def test_a_large_picture_is_shrunk_and_a_small_one_shown_as_it_is(
    server: ModerationServer, moderation: Moderation
) -> None:
    await moderation.check("provider", PROMPT, (GREEN,))
    with pytest.raises(Moderated):
        await moderation.check("provider", PROMPT, (LARGE_RED,))
    assert server.pictures == [(64, 48), (1024, 512)]


async def test_a_picture_that_cannot_be_shrunk_is_not_let_through(
    server: ModerationServer, moderation: Moderation
) -> None:
    broken = InputPicture(LARGE_RED.data[:100], "image/png", 3000, 1500)
    with pytest.raises(ModerationAway, match="shrunk"):
        await moderation.check("provider", PROMPT, (broken,))
    assert server.calls() == []


async def test_a_sandbox_that_was_given_is_used_and_left_open(server: ModerationServer) -> None:
    async with Sandbox(children=1) as sandbox:
        moderation = Moderation(settings(server), LlmSettings(), sandbox=sandbox)
        with pytest.raises(Moderated):
            await moderation.check("provider", PROMPT, (LARGE_RED,))
        await moderation.aclose()
        assert await sandbox.call(abs, -1) == 1


def said(value: object) -> Reply:
    return Reply.json(200, value)


NO_VERDICT: dict[str, Order] = {
    "wrong key": error(401, f"Incorrect API key provided: {'sk-SECRETSECRETSECRET1'}", "invalid_api_key"),
    "no permission": error(403, "You have insufficient permissions."),
    "no such route": Reply.json(404, {"detail": "Not Found"}),
    "rate limit": service.RATE_LIMITED,
    "quota": service.QUOTA,
    "refused input": error(400, f"Invalid input: {PROMPT}"),
    "redirect": Reply(302, headers={"location": "https://example.org/?key=SECRETSECRETSECRET1"}),
    "html": Reply.text(200, f"<html>{PROMPT}</html>", HTML),
    "no json": Reply(200, b'{"results": ['),
    "nothing": Reply(200, b""),
    "no results": said({"id": "modr-1", "results": []}),
    "a list": said([]),
    "results of another kind": said({"results": ["fine"]}),
    "no verdict": said({"results": [{"categories": {"violence": False}}]}),
    "a verdict that is none": said({"results": [{"flagged": "no"}]}),
    "one verdict of two": said({"results": [{"flagged": False}, {}]}),
    "an error with 200": said({"error": {"message": PROMPT}}),
    "endless": Reply(200, b" " * (provider.LARGEST_ANSWER + 1)),
    "encoded": Reply(200, b"{}", headers={"content-encoding": "br"}),
}


@pytest.mark.parametrize("order", NO_VERDICT.values(), ids=NO_VERDICT.keys())
async def test_without_a_verdict_nothing_is_drawn_and_it_is_not_asked_again(
    server: ModerationServer, moderation: Moderation, order: Order
) -> None:
    server.order(order)
    detail = await away(moderation)
    assert detail.startswith(server.url)
    assert PROMPT not in detail
    assert "SECRETSECRET" not in detail
    assert len(server.calls()) == 1


HALF = Reply(200, b'{"results": [{"flagged": false}]}', drop="half")


@pytest.mark.parametrize("order", [DROPPED, HALF, service.BROKEN, service.FULL], ids=["no", "half", "500", "503"])
async def test_a_lost_answer_is_asked_for_once_more(
    server: ModerationServer, moderation: Moderation, order: Order
) -> None:
    server.order(order)
    await moderation.check("provider", PROMPT)
    assert len(server.calls()) == 2
    server.order(order, times=2)
    assert (await away(moderation)).startswith(server.url)
    assert len(server.calls()) == 4


async def test_a_service_that_is_down_is_away(server: ModerationServer, moderation: Moderation) -> None:
    async with server.down():
        assert "port" in await away(moderation)
    await moderation.check("provider", PROMPT)


async def test_a_service_that_hangs_is_away(
    server: ModerationServer, moderation: Moderation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "TIMEOUT_S", 0.2)
    async with server.holding():
        assert "no answer within" in await away(moderation)
        await server.ended(server.calls()[0])
    assert server.calls()[0].end == "hung up"


async def test_one_verdict_is_enough_to_refuse_when_another_call_fails(
    server: ModerationServer, moderation: Moderation
) -> None:
    server.order(service.RATE_LIMITED)
    with pytest.raises(Moderated):
        await moderation.check("provider", PROMPT, (RED, RED))
    server.order(service.RATE_LIMITED)
    with pytest.raises(ModerationAway):
        await moderation.check("provider", PROMPT, (GREEN, GREEN))


async def test_a_check_that_is_cancelled_hangs_up(server: ModerationServer, moderation: Moderation) -> None:
    async with server.holding():
        check = asyncio.create_task(moderation.check("provider", PROMPT))
        call = await server.arrived()
        check.cancel()
        with pytest.raises(asyncio.CancelledError):
            await check
        await server.ended(call)
    assert call.end == "hung up"


async def test_flags_without_categories_refuse_too(server: ModerationServer, moderation: Moderation) -> None:
    server.order(
        said({"results": [{"flagged": True}]}), said({"results": [{"flagged": False, "categories": {"sexual": True}}]})
    )
    for _ in range(2):
        with pytest.raises(Moderated):
            await moderation.check("provider", PROMPT)


async def test_without_any_address_it_says_what_to_configure() -> None:
    moderation = Moderation(ModerationSettings(), LlmSettings())
    assert "moderation.base_url" in await away(moderation)
    await moderation.aclose()
    unusable = Moderation(ModerationSettings(api_key=SecretStr("sk-ключ")), LlmSettings())
    detail = await away(unusable)
    assert detail.startswith("moderation.api_key:")
    assert "ключ" not in detail
    await unusable.aclose()


def test_the_address_and_key_are_its_own_or_the_language_models() -> None:
    def found(moderation: dict[str, str], llm: dict[str, str]) -> tuple[str, str]:
        return provider.endpoint(ModerationSettings.model_validate(moderation), LlmSettings.model_validate(llm))

    local, other = "http://127.0.0.1:4000/v1", "https://moderation.example.org/v1"
    assert found({}, {"model": "gpt-5.6-luna", "api_key": "sk-llm"}) == (provider.OFFICIAL, "sk-llm")
    assert found({}, {"model": "local", "base_url": local, "api_key": "sk-llm"}) == (local, "sk-llm")
    assert found({"base_url": local}, {"base_url": local, "api_key": "sk-llm"}) == (local, "sk-llm")
    assert found({"base_url": other}, {"base_url": local, "api_key": "sk-llm"}) == (other, "")
    assert found({"base_url": other, "api_key": "sk-own"}, {"api_key": "sk-llm"}) == (other, "sk-own")
    assert found({"api_key": "sk-own"}, {}) == (provider.OFFICIAL, "sk-own")
    gemini = {"type": "gemini", "model": "gemini-3-flash", "api_key": "AIza"}
    assert found({"api_key": "sk-own"}, gemini) == (provider.OFFICIAL, "sk-own")
    assert found({"base_url": provider.OFFICIAL}, gemini) == (provider.OFFICIAL, "")
    with pytest.raises(ValueError, match="base_url"):
        found({}, gemini)
