"""Credentials of every kind go to every route of a ComfyUI server, and into no log and no error."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from typing import Any
from urllib.parse import quote_plus

import pytest
from structlog.testing import capture_logs

from bot.engines.comfyui import client
from bot.engines.comfyui.engine import ComfyUIEngine
from bot.engines.registry import Registry
from bot.engines.testing import EngineContract, sample
from bot.errors import Cancelled, EngineAuth, EngineBusy, EngineError, EngineUnavailable
from bot.net.client import Http
from bot.net.guard import Guard
from bot.pictures.sandbox import Sandbox
from bot.settings.engines import EngineSettings
from tests.support import comfyui_faults as faults
from tests.support.comfyui_engine import Kept, both, comfyui, failing, fox, night
from tests.support.comfyui_server import ComfyUIServer
from tests.support.comfyui_workflows import GENERATE, PROMPT
from tests.support.net import Line, listening
from tests.support.serving_calls import Reply

TOKEN = "s3sam&e open+/="
BEARER = "Bearer sesame"
SERVERS = ("aiohttp", "tests", "websockets.server")
"""Who logs on the other side."""


class TestBehindPrefixAndCredentials(EngineContract):
    """The contract behind a proxy's path with a header, and ComfyUI-Login's token."""

    @pytest.fixture
    async def engine(self) -> Any:
        async with (
            ComfyUIServer(authorization=BEARER, token=TOKEN, prefix="/my/comfy", previews=True) as server,
            comfyui(server, both(), headers={"Authorization": BEARER}, query={"token": TOKEN}) as engine,
        ):
            yield engine


@pytest.mark.parametrize("version", ["0.3.64", "0.38.1"])
async def test_a_token_in_the_query_goes_everywhere(version: str) -> None:
    kept = Kept()
    run = kept.run()
    async with (
        ComfyUIServer(version=version, token=TOKEN, previews=True) as server,
        comfyui(server, both(), query={"token": TOKEN}) as engine,
    ):
        assert (await engine.check()).ok
        await engine.models()
        await engine.generate(fox(), kept.run())
        await engine.edit(night(sample((64, 64))), kept.run())
        async with server.pausing():
            task = asyncio.create_task(engine.generate(fox(seed=8), run))
            await server.changes.until(lambda: len(server.submitted) == 3, "the third prompt")
            await server.running(server.submitted[2].id)
            run.cancelled.set()
            with pytest.raises(Cancelled):
                await task
        calls = list(server.requests)

    assert len(kept.pictures) == 2
    assert {"GET /ws", "POST /upload/image", "POST /prompt", "GET /view"} <= {call.route for call in calls}
    assert {call.query.get("token") for call in calls} == {TOKEN}
    assert not [call.route for call in calls if call.status in (401, 403)]


async def test_a_token_is_in_no_log_and_no_error(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    echoes = [f"no route /prompt?token={form}&x=1" for form in (TOKEN, quote_plus(TOKEN))]
    said = ""
    with capture_logs() as logs:
        async with ComfyUIServer(token=TOKEN) as server:
            options: dict[str, Any] = {"query": {"token": TOKEN}, "secrets": [TOKEN]}
            for reply in (*(Reply.text(404, f"<html>{each}</html>") for each in echoes), faults.UNAUTHORIZED):
                server.order(reply)
                said += str(await failing(server, **options))
            server.order(faults.NOT_FOUND, on="GET /ws", times=2)
            server.order(Reply(drop="before"))
            async with comfyui(server, **options) as engine:
                await engine.generate(fox(), Kept().run())
                await server.cut_sockets()
                async with server.down():
                    with pytest.raises(EngineUnavailable) as caught:
                        await engine.generate(fox(), Kept().run())
                    said += f"{caught.value}{(await engine.check()).sentence}"

    assert "token=[key]&x=1" in said
    told = f"{said}{logs}{[each.getMessage() for each in caplog.records if not each.name.startswith(SERVERS)]}"
    assert "comfyui websocket not opened" in told
    assert TOKEN not in told
    assert quote_plus(TOKEN) not in told


async def test_the_settings_keys_are_kept_out_of_what_a_server_repeats() -> None:
    async with ComfyUIServer() as server, Sandbox() as sandbox:
        workflow = {"file": str(GENERATE), "nodes": {"prompt": {"ids": [PROMPT], "key": "text"}}}
        settings = EngineSettings.model_validate(
            {"type": "comfyui", "urls": [server.url], "workflows": {"generate": workflow}}
            | {
                "query": {"token": TOKEN},
                "headers": {"X-Key": "abcdef-key", "X-Backend": "2"},
                "comfy_org_key": "org-key",
            }
        )
        engines = Registry.build({"home": settings}, sandbox)
        server.order(Reply.text(404, f"2 {TOKEN} abcdef-key org-key"))
        with pytest.raises(EngineError) as caught:
            await engines.get("home").generate(fox(), Kept().run())
        await engines.aclose()

    assert caught.value.detail == "HTTP 404: 2 [key] [key] [key]"


async def test_wrong_tokens_are_told() -> None:
    async with ComfyUIServer(token=TOKEN) as server, comfyui(server, query={"token": "wrong"}) as engine:
        with pytest.raises(EngineAuth):
            await engine.generate(fox(), Kept().run())
        assert "set auth, api_key, headers or query" in (await engine.check()).sentence


@pytest.mark.parametrize("header, seconds", [({"Retry_After": "7"}, 7), ({"Retry_After": "0.4"}, 1), ({}, None)])
async def test_a_busy_proxy_says_for_how_long(header: dict[str, str], seconds: int | None) -> None:
    async with ComfyUIServer() as server:
        server.order(Reply.text(429, "slowly", **header))
        caught = await failing(server)

    assert isinstance(caught, EngineBusy)
    assert caught.args_.get("retry_after") == seconds
    assert len(server.calls()) == 1


async def test_a_refusal_that_never_says_why_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "ERROR_S", 0.05)

    async def stall(line: Line) -> None:
        await line.request()
        await line.answer(b"<html>", "401 Unauthorized", content_length="1000")
        await line.gone()

    async with listening(stall) as listener:
        http = Http(listener.url, Guard(private=True))
        async with aclosing(ComfyUIEngine("comfy", http, workflows=both())) as engine:
            with pytest.raises(EngineAuth) as caught:
                await engine.models()

    assert caught.value.detail == "HTTP 401: its body did not come in time"
