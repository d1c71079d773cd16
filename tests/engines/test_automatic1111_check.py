"""A check says which program is there and what to do about it, and draws nothing unless asked."""

from __future__ import annotations

from typing import Any

import pytest

from bot.engines.automatic1111.bodies import Defaults
from bot.engines.automatic1111.engine import Automatic1111Engine
from bot.engines.registry import Registry
from bot.errors import ConfigError
from bot.pictures.sandbox import Sandbox
from bot.settings.engines import EngineSettings
from tests.support import automatic1111_faults as faults
from tests.support.automatic1111_dialects import A1111, FORGE, KOBOLD, SDCPP, SDNEXT, Dialect
from tests.support.automatic1111_engine import connected
from tests.support.automatic1111_server import Automatic1111Server
from tests.support.serving_calls import DROPPED, Reply


async def said(server: Automatic1111Server, **options: Any) -> tuple[bool, str]:
    """What a check finds, with the address as `<url>`."""
    async with connected(server, **options) as engine:
        health = await engine.check()
    assert server.calls() == []
    return health.ok, health.sentence.replace(server.url, "<url>")


LOADED = "dreamshaper_8.safetensors [879db523c3]"
FOUND = [
    (
        A1111,
        "AUTOMATIC1111 at <url> is ready, drawing with dreamshaper_8.safetensors [879db523c3] (2 checkpoints there).",
    ),
    (FORGE, "Forge at <url> is ready, drawing with dreamshaper_8.safetensors [879db523c3] (2 checkpoints there)."),
    (SDNEXT, "SD.Next at <url> is ready, drawing with dreamshaper_8.safetensors [879db523c3] (2 checkpoints there)."),
    (SDCPP, "stable-diffusion.cpp at <url> is ready, drawing with flux1-dev (1 checkpoint there)."),
    (KOBOLD, "KoboldCpp at <url> is ready (1 checkpoint there)."),
]


@pytest.mark.parametrize(("dialect", "sentence"), FOUND, ids=[dialect.name for dialect, _ in FOUND])
async def test_the_program_is_told_by_what_it_has(dialect: Dialect, sentence: str) -> None:
    async with Automatic1111Server(dialect) as server:
        assert await said(server) == (True, sentence)


async def test_what_is_configured_is_looked_for() -> None:
    options: dict[str, Any] = {
        "model": "sd_xl_base_1.0",
        "defaults": Defaults(sampler="DPM++ 2M Karras", scheduler="Automatic"),
    }
    async with Automatic1111Server(FORGE) as server:
        ok, sentence = await said(server, **options)
        assert ok
        assert "drawing with sd_xl_base_1.0 " in sentence

        wrong = {"edit_model": "gone", "defaults": Defaults(sampler="Eular", scheduler="karas")}
        assert await said(server, **wrong) == (
            False,
            "Forge at <url>: it has no checkpoint “gone”; it has, for example: dreamshaper_8, sd_xl_base_1.0; "
            "it has no sampler “Eular”; it has, for example: Euler, Euler a; "
            "it has no scheduler “karas”; it has, for example: karras.",
        )


async def test_a_server_with_nothing_loaded_is_not_well() -> None:
    async with Automatic1111Server(SDNEXT) as server:
        server.also["/sdapi/v1/checkpoint"] = {"type": None, "class": None}
        ok, sentence = await said(server)
        assert not ok
        assert "has loaded no checkpoint; load one there, or set model, for example to dreamshaper_8" in sentence
        assert (await said(server, model="dreamshaper_8"))[0]

        server.lists["sd-models"].clear()
        assert await said(server) == (
            False,
            "SD.Next at <url>: it has no checkpoint; put one into its folder of models.",
        )


TROUBLE = [
    (faults.NO_API, "something answers, but without the API (HTTP 404); start the server with --api"),
    (faults.HTML_LOGIN, "something answers, but not with the API; is the address right?"),
    (
        Reply.json(401, {"detail": "no"}),
        "the credentials are refused (HTTP 401); set auth to what was given to --api-auth",
    ),
    (faults.BAD_GATEWAY, "the server is in trouble (HTTP 502)"),
    (DROPPED, "no answer: GET <url>"),
]


@pytest.mark.parametrize(("reply", "sentence"), TROUBLE, ids=range(len(TROUBLE)))
async def test_trouble_is_told_with_what_to_do(reply: Reply, sentence: str) -> None:
    async with Automatic1111Server() as server:
        server.order(reply, on="GET /sdapi/v1/", times=50)

        ok, told = await said(server)

    assert not ok
    assert told.startswith(f"<url>: {sentence}")


async def test_a_check_that_draws_says_why_it_could_not() -> None:
    async with Automatic1111Server() as server, connected(server) as engine:
        server.order(faults.NAN)
        health = await engine.check(draw=True)

    assert not health.ok
    assert "A tensor with all NaNs was produced" in health.sentence


async def test_nobody_there_is_told() -> None:
    async with Automatic1111Server() as server, server.down():
        ok, sentence = await said(server)

    assert not ok
    assert sentence.startswith("<url>: no answer: ")


async def test_the_settings_make_an_engine() -> None:
    settings = EngineSettings.model_validate(
        {
            "type": "automatic1111",
            "urls": ["http://a:7860", "http://b:7860/"],
            "auth": "me:secret",
            "model": "sd15",
            "edit_model": "inpainting",
            "steps": 8,
            "sampler": "Euler",
            "params": {"width": 640, "height": 640},
            "price_per_image": 0.1,
            "supports": {"describe": False},
        }
    )
    async with Sandbox() as sandbox:
        registry = Registry.build({"home": settings}, sandbox)
        engine = registry.get("home")

        assert isinstance(engine, Automatic1111Engine)
        can = engine.capabilities()
        assert (can.free, can.describe, can.sizes.fixed) == (False, False, ((640, 640),))
        assert registry.configured("home").pool.room() == {"http://a:7860": 1, "http://b:7860": 1}
        await registry.aclose()

        with pytest.raises(ConfigError, match=r"engines\.home\.urls: is missing"):
            Registry.build({"home": settings.model_copy(update={"urls": ()})}, sandbox)
        wrong = settings.model_copy(update={"params": {"n_iter": 3}})
        with pytest.raises(ConfigError, match=r"engines\.home\.params\.n_iter: Easel sets that itself"):
            Registry.build({"home": wrong}, sandbox)
