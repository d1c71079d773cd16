"""Through LiteLLM's proxy itself, from its package: what Easel asks, and what it makes of the answers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.engines.openai.engine import OpenAIEngine
from bot.engines.testing import Recorder, png, sample
from bot.errors import ContentRefused, EngineAuth
from bot.llm.making import make
from bot.net.client import Http
from bot.net.guard import Guard
from bot.settings.tables import LlmSettings
from tests.support import openai_faults as faults
from tests.support.litellm_proxy import KEY, running
from tests.support.llm_client import FITTING, FORM
from tests.support.llm_server import ChatServer, Kind
from tests.support.openai_engine import change, wanted
from tests.support.openai_server import OpenAIServer


@dataclass(frozen=True, slots=True)
class Proxy:
    url: str
    pictures: OpenAIServer
    chat: ChatServer

    def engine(self, key: str = KEY) -> OpenAIEngine:
        http = Http(self.url, Guard(private=True), headers={"Authorization": f"Bearer {key}"})
        return OpenAIEngine("gateway", http, model="gpt-image-2")


@pytest.mark.timeout(800)  # it is installed first
async def test_the_real_proxy_is_an_endpoint_like_any_other(tmp_path: Path, free_port: Callable[[], int]) -> None:
    async with AsyncExitStack() as stack:
        pictures = await stack.enter_async_context(OpenAIServer())
        chat = await stack.enter_async_context(ChatServer(Kind(takes=("chat",))))
        before = {"upstream": pictures.url, "key": str(pictures.key), "chat": chat.url, "chat_key": str(chat.key)}
        url = await stack.enter_async_context(running(tmp_path / "litellm", free_port(), **before))
        proxy = Proxy(url, pictures, chat)
        await it_draws_and_says_what_it_cost(proxy)
        await it_changes_pictures_with_a_mask(proxy)
        await refused_content_is_known_by_its_words(proxy)
        await its_models_are_listed_and_a_check_finds_it_well(proxy)
        await a_wrong_key_is_known_also_without_its_database(proxy)
        await the_language_model_behind_it_fills_a_form(proxy)


async def it_draws_and_says_what_it_cost(proxy: Proxy) -> None:
    recorder = Recorder()
    async with aclosing(proxy.engine()) as engine:
        result = await engine.generate(wanted(count=2), recorder.run())

    assert [image.size for image in recorder.images] == [(1024, 1024)] * 2
    assert result.cost is not None
    assert 0 < result.cost < 5
    assert len(proxy.pictures.calls()) == 1


async def it_changes_pictures_with_a_mask(proxy: Proxy) -> None:
    before = len(proxy.pictures.calls())
    picture = sample((1024, 1024))
    mask = picture.convert("RGBA")
    mask.paste((0, 0, 0, 0), (0, 0, 512, 1024))
    recorder = Recorder()
    async with aclosing(proxy.engine()) as engine:
        await engine.edit(change(png(picture), png(picture), mask=png(mask)), recorder.run())

    assert [image.size for image in recorder.images] == [(1024, 1024)]
    (call,) = proxy.pictures.calls()[before:]
    assert call.route.endswith("/images/edits")


async def refused_content_is_known_by_its_words(proxy: Proxy) -> None:
    proxy.pictures.order(faults.MODERATION_BLOCKED)
    async with aclosing(proxy.engine()) as engine:
        with pytest.raises(ContentRefused):
            await engine.generate(wanted(), Recorder().run())


async def its_models_are_listed_and_a_check_finds_it_well(proxy: Proxy) -> None:
    async with aclosing(proxy.engine()) as engine:
        assert {"gpt-image-2", "chat"} <= {model.id for model in await engine.models()}
        assert (await engine.check()).ok
        assert (await engine.check(draw=True)).ok


async def a_wrong_key_is_known_also_without_its_database(proxy: Proxy) -> None:
    async with aclosing(proxy.engine("sk-wrong-0123456789")) as engine:
        assert not (await engine.check()).ok
        with pytest.raises(EngineAuth):
            await engine.generate(wanted(), Recorder().run())


async def the_language_model_behind_it_fills_a_form(proxy: Proxy) -> None:
    settings = LlmSettings(base_url=proxy.url, api_key=SecretStr(KEY), model="chat")
    model = make(settings)
    assert model is not None
    async with aclosing(model):
        answer = await model.fill("Improve this.", "a heron", FORM, timeout_s=60)

    assert set(answer) == set(FITTING)
