"""ComfyUI behind SwarmUI keeps the contract, and what SwarmUI says itself is understood."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.engines.base import Health
from bot.engines.comfyui.engine import ComfyUIEngine
from bot.engines.testing import EngineContract, sample
from bot.errors import Cancelled, EngineAuth, EngineUnavailable, UnknownOutcome
from tests.support import comfyui_faults as faults
from tests.support.comfyui_engine import Kept, both, comfyui, failing, fox, inpainting, night
from tests.support.serving_calls import Reply
from tests.support.swarm_server import SwarmServer

TOKEN = "6c6f63616c.1.0123456789abcdef"
COOKIE = {"Cookie": f"swarm_token={TOKEN}"}


class TestSwarm(EngineContract):
    """The contract behind it, with an account."""

    @pytest.fixture
    async def engine(self) -> AsyncIterator[ComfyUIEngine]:
        async with (
            SwarmServer(token=TOKEN, version="0.38.1", previews=True) as server,
            comfyui(server, inpainting(), headers=COOKIE) as engine,
        ):
            yield engine


@pytest.fixture(params=["0.3.64", "0.38.1"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[SwarmServer]:
    async with SwarmServer(version=request.param, previews=True) as server:
        yield server


async def test_speaks_to_swarm_as_it_wants_to_be_spoken_to(server: SwarmServer) -> None:
    kept = Kept()
    async with comfyui(server, both()) as engine:
        assert (await engine.check()).ok
        await engine.models()
        await engine.generate(fox(), kept.run())
        await engine.edit(night(sample((64, 64))), kept.run())

    assert len(kept.pictures) == 2
    assert kept.previews
    assert server.improper == []
    routes = {call.route for call in server.requests}
    assert {"GET /ws", "POST /upload/image", "POST /prompt", "GET /view"} <= routes
    assert "GET /object_info" not in routes  # it is as it was ten minutes ago; that of one class is not kept
    assert not [call for call in server.requests if call.headers.get("origin")]


async def test_stops_its_job_with_its_id(server: SwarmServer) -> None:
    kept = Kept()
    run = kept.run()
    async with comfyui(server) as engine, server.pausing():
        task = asyncio.create_task(engine.generate(fox(), run))
        mine = await server.running()
        run.cancelled.set()
        with pytest.raises(Cancelled):
            await task
        entry = await server.finished(mine)

    assert entry["status"]["messages"][-1][0] == "execution_interrupted"
    assert all(call.status == 200 for call in server.calls("POST /interrupt"))


@pytest.mark.parametrize("reply", [faults.SWARM_SCALING, faults.SWARM_NOTHING_FITS, faults.SWARM_NO_BACKEND])
async def test_a_prompt_no_backend_took_may_be_sent_again_later(server: SwarmServer, reply: Reply) -> None:
    server.order(reply)
    kept = Kept()
    async with comfyui(server, corrections={"free": False}) as engine:
        with pytest.raises(EngineUnavailable) as caught:
            await engine.generate(fox(), kept.run())
        assert "backend available" in caught.value.detail
        assert len(server.calls()) == 1
        await server.cut_sockets()  # SwarmUI does
        await engine.generate(fox(), kept.run())

    assert len(kept.pictures) == len(server.submitted) == 1


async def test_says_that_no_backend_runs_whatever_is_asked(server: SwarmServer) -> None:
    server.asleep = True
    async with comfyui(server, both()) as engine:
        for asked in (
            engine.generate(fox(), Kept().run()),
            engine.edit(night(sample((64, 64))), Kept().run()),
            engine.models(),
        ):
            with pytest.raises(EngineUnavailable):
                await asked
        health = await engine.check()

    assert health == Health(
        False, f"{server.url}: SwarmUI has no ComfyUI backend that runs; look at its page Server → Backends"
    )
    assert server.submitted == []


@pytest.mark.parametrize("free", [True, False])
async def test_goes_on_when_a_backend_is_away_for_a_moment(server: SwarmServer, free: bool) -> None:
    kept = Kept()
    async with comfyui(server, corrections={"free": free}) as engine, server.pausing():
        task = asyncio.create_task(engine.generate(fox(), kept.run()))
        await server.running()
        server.asleep = True
        await server.arrived(len(server.calls("GET /")) + 2, on="GET /")
        server.asleep = False
        server.allow(1000)
        await task

    assert len(kept.pictures) == 1
    assert len(server.submitted) == 1


async def test_a_job_whose_backend_stays_away_may_have_cost_money(server: SwarmServer) -> None:
    run = Kept().run()
    async with comfyui(server, corrections={"free": False}) as engine, server.pausing():
        task = asyncio.create_task(engine.generate(fox(), run))
        await server.running()
        server.asleep = True
        run.deadline = asyncio.get_running_loop().time()
        with pytest.raises(UnknownOutcome):
            await task
        server.asleep = False


async def test_says_that_the_account_may_not_draw() -> None:
    async with SwarmServer(token=TOKEN) as server:
        caught = await failing(server, headers={"Cookie": "swarm_token=6c6f63616c.1.wrong"})
        async with comfyui(server) as engine:
            health = await engine.check()

    assert isinstance(caught, EngineAuth)
    assert "Permission denied." in caught.detail
    assert "credentials are refused (HTTP 401)" in health.sentence
