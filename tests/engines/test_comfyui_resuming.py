"""Jobs of the ComfyUI engine that another process finds again: each was sent once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from bot.errors import Cancelled, EngineError, LostJob
from tests.support.comfyui_engine import Kept, comfyui, fox
from tests.support.comfyui_faults import OUT_OF_MEMORY, SERVER_ERROR
from tests.support.comfyui_server import ComfyUIServer
from tests.support.serving_calls import DROPPED


@pytest.fixture(params=["0.3.64", "0.38.1"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[ComfyUIServer]:
    async with ComfyUIServer(version=request.param) as server:
        yield server


async def left(server: ComfyUIServer, kept: Kept, count: int = 1) -> str:
    """Leave a running job behind as a process that ends does; return its handle."""
    async with comfyui(server) as engine:
        task = asyncio.create_task(engine.generate(fox(count=count), kept.run()))
        await server.running()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    return kept.handles[0]


async def test_another_process_finds_the_running_job_and_hands_over_all_of_it(server: ComfyUIServer) -> None:
    kept, again = Kept(), Kept()
    async with server.pausing():
        handle = await left(server, kept, count=2)
        async with comfyui(server) as engine:
            task = asyncio.create_task(engine.resume(handle, again.run()))
            await server.arrived(on="GET /")
            server.allow(100)
            result = await task

    assert len(server.calls()) == 1
    assert result.model == "dreamshaper_8.safetensors"
    assert kept.pictures == []
    assert [picture.seed for picture in again.pictures] == [7, 7]
    assert again.progress == [1.0]


async def test_another_process_finds_the_finished_job(server: ComfyUIServer) -> None:
    first, again = Kept(), Kept()
    async with comfyui(server) as engine:
        await engine.generate(fox(count=2), first.run())
    async with comfyui(server) as engine:
        await engine.resume(first.handles[0], again.run())

    assert again.pictures == first.pictures
    assert len(server.calls()) == 1


async def test_another_process_can_stop_the_job(server: ComfyUIServer) -> None:
    async with server.pausing():
        handle = await left(server, Kept())
        async with comfyui(server) as engine:
            task = asyncio.create_task(engine.resume(handle, run := Kept().run()))
            await server.arrived(on="GET /history")
            run.cancelled.set()
            with pytest.raises(Cancelled):
                await task
        entry = await server.finished(json.loads(handle)["id"])

    assert entry["status"]["messages"][-1][0] == "execution_interrupted"


async def test_a_job_that_failed_meanwhile_still_says_why(server: ComfyUIServer) -> None:
    server.order(OUT_OF_MEMORY)
    kept = Kept()
    async with comfyui(server) as engine:
        with pytest.raises(EngineError) as first:
            await engine.generate(fox(), kept.run())
        with pytest.raises(EngineError) as again:
            await engine.resume(kept.handles[0], Kept().run())

    assert type(again.value) is type(first.value)
    assert again.value.detail == first.value.detail


@pytest.mark.parametrize("handle", ["", "{}", "[]", "7", '"x"', '{"id": "x"}', "not JSON", json.dumps([1] * 4)])
async def test_a_handle_nobody_can_read_is_a_lost_job(handle: str) -> None:
    async with ComfyUIServer() as server, comfyui(server) as engine:
        with pytest.raises(LostJob):
            await engine.resume(handle, Kept().run())


async def test_a_job_the_server_does_not_know_is_lost(server: ComfyUIServer) -> None:
    async with server.pausing():
        handle = await left(server, Kept())
        await server.restart()
        async with comfyui(server) as engine:
            with pytest.raises(LostJob):
                await engine.resume(handle, Kept().run())
    assert len(server.calls()) == 1


async def test_a_job_whose_files_are_gone_is_lost(server: ComfyUIServer) -> None:
    kept = Kept()
    async with comfyui(server) as engine:
        await engine.generate(fox(), kept.run())
        server.delete_saved()
        with pytest.raises(LostJob):
            await engine.resume(kept.handles[0], Kept().run())


async def test_a_finished_job_outlives_a_look_the_server_did_not_answer(server: ComfyUIServer) -> None:
    kept, again = Kept(), Kept()
    async with comfyui(server) as engine:
        await engine.generate(fox(), kept.run())
        server.order(DROPPED, SERVER_ERROR, on="GET /history")
        server.order(DROPPED, SERVER_ERROR, on="GET /view")
        await engine.resume(kept.handles[0], again.run())

    assert again.pictures == kept.pictures
