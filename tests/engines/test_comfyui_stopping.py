"""Jobs of the ComfyUI engine that are stopped or run out of time, and those of others that are not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from bot.engines.base import Run
from bot.engines.comfyui import job
from bot.engines.comfyui.client import Client
from bot.engines.comfyui.engine import ComfyUIEngine
from bot.engines.testing import sample
from bot.errors import Cancelled, EngineError, EngineTimeout
from bot.net.client import Http
from bot.net.guard import Guard
from tests.support.comfyui_engine import Kept, both, comfyui, fox, night
from tests.support.comfyui_faults import SERVER_ERROR
from tests.support.comfyui_server import ComfyUIServer
from tests.support.comfyui_workflows import graph
from tests.support.serving_calls import DROPPED, Reply

KINDS = [
    pytest.param({"version": "0.3.64"}, id="queue and interrupt"),
    pytest.param({"version": "0.3.64", "targeted_interrupt": False}, id="interrupt of whatever runs"),
    pytest.param({"version": "0.38.1"}, id="job routes"),
]
CORE_WAITS_S = 10
"""How long the core lets an engine stop its job."""


@pytest.fixture(params=KINDS)
async def server(request: pytest.FixtureRequest) -> AsyncIterator[ComfyUIServer]:
    async with ComfyUIServer(**request.param) as server:
        yield server


@asynccontextmanager
async def another(server: ComfyUIServer) -> AsyncIterator[Client]:
    """Give another client of the same server."""
    http = Http(server.url, Guard(private=True))
    yield Client(http)
    await http.aclose()


@pytest.fixture
async def somebody(server: ComfyUIServer) -> AsyncIterator[Client]:
    """Give one that is not Easel."""
    async with another(server) as client:
        yield client


async def queue(client: Client, seed: int = 99) -> str:
    """Queue a prompt of somebody else's."""
    return (await client.submit(graph(seed=seed), str(uuid4()), "somebody else"))[0]


def drawing(engine: ComfyUIEngine, run: Run) -> asyncio.Task[object]:
    """Have a fox drawn in the background."""
    return asyncio.create_task(engine.generate(fox(), run))


async def stopped(task: asyncio.Task[object], run: Run) -> None:
    """Stop a job as the core does."""
    run.cancelled.set()
    async with asyncio.timeout(CORE_WAITS_S):
        with pytest.raises(Cancelled):
            await task


def ends(server: ComfyUIServer, prompt_id: str) -> list[str]:
    """What the server told about the end of a prompt."""
    return [event for event, _ in server.history[prompt_id]["status"]["messages"]][2:]


# ── stopping ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_stops_its_running_job_and_not_somebody_elses_behind_it(server: ComfyUIServer, somebody: Client) -> None:
    kept = Kept()
    async with comfyui(server) as engine, server.pausing():
        task = drawing(engine, run := kept.run())
        mine = await server.running()
        theirs = await queue(somebody)

        await stopped(task, run)
        await server.finished(mine)
        server.allow(100)
        await server.finished(theirs)

    assert ends(server, mine) == ["execution_interrupted"]
    assert ends(server, theirs) == ["execution_success"]
    assert kept.pictures == []


async def test_stops_its_waiting_job_and_not_somebody_elses_before_it(server: ComfyUIServer, somebody: Client) -> None:
    kept = Kept()
    async with comfyui(server) as engine, server.pausing():
        theirs = await queue(somebody)
        await server.running(theirs)
        task = drawing(engine, run := kept.run())
        await server.arrived(2)
        await server.ended(server.calls()[1])

        await stopped(task, run)
        assert server.worker.pending == []
        server.allow(100)
        await server.finished(theirs)

    assert ends(server, theirs) == ["execution_success"]
    assert server.worker.started == [theirs]


async def test_stops_what_is_still_on_its_way_to_the_queue(server: ComfyUIServer) -> None:
    kept = Kept()
    async with comfyui(server) as engine, server.pausing(), server.holding() as gate:
        task = drawing(engine, run := kept.run())
        await server.arrived()
        run.cancelled.set()
        gate.set()
        with pytest.raises(Cancelled):
            await task
    await server.idle()

    assert all(
        ends(server, each.id) == ["execution_interrupted"] for each in server.submitted if each.id in server.history
    )
    assert kept.pictures == []


async def test_waits_for_what_reaches_the_queue_only_after_the_cancel() -> None:
    async with ComfyUIServer(version="0.38.1") as server, comfyui(server) as engine, server.pausing():
        server.order(Reply.json(200, {"cancelled": False}), on="/cancel")
        kept = Kept()
        async with server.holding("/cancel") as late:
            async with server.holding():
                task = drawing(engine, run := kept.run())
                sent = await server.arrived()
                run.cancelled.set()
                await server.ended(sent)
            await server.arrived(on="/cancel")
            mine = json.loads(kept.handles[0])["id"]
            async with another(server) as somebody:
                await somebody.submit(graph(), mine, "")
            late.set()
            with pytest.raises(Cancelled):
                await task
        await server.idle()

    assert len(server.calls("/cancel")) == 2
    assert ends(server, mine) == ["execution_interrupted"]


async def test_stops_within_the_time_it_has_when_the_server_hangs(
    server: ComfyUIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert job.STOP_S < CORE_WAITS_S
    monkeypatch.setattr(job, "STOP_S", 0.2)
    async with comfyui(server) as engine, server.pausing():
        task = drawing(engine, run := Kept().run())
        await server.running()
        async with server.holding(""):
            await stopped(task, run)


async def test_stops_at_once_when_the_server_is_gone(server: ComfyUIServer) -> None:
    async with comfyui(server) as engine, server.pausing():
        task = drawing(engine, run := Kept().run())
        await server.running()
        async with server.crashed():
            await stopped(task, run)


async def test_tries_again_to_stop_when_the_server_is_in_trouble(server: ComfyUIServer) -> None:
    async with comfyui(server) as engine, server.pausing():
        task = drawing(engine, run := Kept().run())
        mine = await server.running()
        server.order(DROPPED, SERVER_ERROR, on="POST /jobs" if server.modern else "POST /interrupt")
        await stopped(task, run)
        await server.finished(mine)

    assert ends(server, mine) == ["execution_interrupted"]


async def test_stops_before_it_uploads(server: ComfyUIServer) -> None:
    run = Kept().run()
    run.cancelled.set()
    async with comfyui(server, both()) as engine:
        with pytest.raises(Cancelled):
            await engine.edit(night(sample((64, 64))), run)

    assert server.requests == []


async def test_stops_its_job_when_its_time_is_over(server: ComfyUIServer) -> None:
    async with comfyui(server) as engine, server.pausing():
        with pytest.raises(EngineTimeout):
            await engine.generate(fox(), Kept().run(timeout_s=0.5))
        mine = server.submitted[0].id
        await server.finished(mine)

    assert ends(server, mine) == ["execution_interrupted"]


async def test_a_job_somebody_stopped_at_the_server_is_an_error(server: ComfyUIServer) -> None:
    async with comfyui(server) as engine, server.pausing():
        task = drawing(engine, Kept().run())
        await server.running()
        server.worker.interrupt(None)
        with pytest.raises(EngineError, match="stopped by somebody at the server"):
            await task
