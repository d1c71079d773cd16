"""The ComfyUI engine's websocket: progress and previews where it works, and nothing worse than silence where not."""

from __future__ import annotations

import asyncio
import io
import json
import struct
from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import pytest
from PIL import Image
from structlog.testing import capture_logs

from bot.engines.comfyui import feed
from bot.engines.comfyui.feed import Feed, Watch
from bot.engines.comfyui.progress import Progress
from bot.engines.testing import PATIENCE_S
from bot.net.client import Http
from bot.net.guard import Guard
from tests.support.comfyui_engine import Kept, comfyui, fox
from tests.support.comfyui_faults import NO_EVENTS, NOT_FOUND
from tests.support.comfyui_server import ComfyUIServer
from tests.support.comfyui_workflows import graph

SELDOM_S = 30
"""Looks come so seldom that the websocket tells everything first, and the end as well."""


@pytest.fixture
async def server() -> AsyncIterator[ComfyUIServer]:
    async with ComfyUIServer(previews=True) as server:
        yield server


async def until(is_so: Callable[[], object]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():
            await asyncio.sleep(0.01)


def websockets(server: ComfyUIServer) -> list[str]:
    """The client ids of all websockets that were asked for."""
    return [call.query["clientId"] for call in server.calls("GET /ws")]


async def test_tells_progress_and_previews_while_the_sampler_works(server: ComfyUIServer) -> None:
    kept = Kept()
    async with comfyui(server, poll_s=SELDOM_S) as engine, server.pausing():
        task = asyncio.create_task(engine.generate(fox(), kept.run()))
        await server.running()
        server.allow(2)
        await until(lambda: len(kept.previews) == 2)
        assert kept.pictures == []
        assert 0.3 < (kept.progress[-1] or 0) < 0.6
        server.allow(100)
        await task

    assert kept.progress == sorted(kept.progress, key=lambda fraction: fraction or 0)
    assert len(kept.previews) == 4
    assert all(Image.open(io.BytesIO(preview)).size == (64, 64) for preview in kept.previews)


async def test_old_previews_are_those_of_the_job_that_runs(
    server: ComfyUIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server.machine.sockets, "wants_metadata", lambda: False)
    first, second = Kept(), Kept()
    http = Http(server.url, Guard(private=True))
    nobodys = {"prompt": graph(seed=99, steps=9), "prompt_id": str(uuid4())}  # its previews go to everybody
    async with comfyui(server, poll_s=SELDOM_S) as engine, server.pausing():
        tasks = [asyncio.create_task(engine.generate(fox(seed=1), first.run()))]
        await server.running()
        async with http.request("POST", "/prompt", json=nobodys, limit=10_000) as answer:
            assert answer.ok
        tasks.append(asyncio.create_task(engine.generate(fox(seed=2), second.run())))
        await server.arrived(3)
        server.allow(1000)
        await asyncio.gather(*tasks)
    await http.aclose()

    assert (len(first.previews), len(second.previews)) == (4, 4)


async def test_waits_for_the_websocket_before_it_sends(server: ComfyUIServer) -> None:
    kept = Kept()
    async with comfyui(server) as engine:
        await engine.generate(fox(), kept.run())

    assert [call.route for call in server.requests[:2]] == ["GET /ws", "POST /prompt"]
    assert server.submitted[0].client_id == websockets(server)[0]


async def test_draws_without_a_websocket(server: ComfyUIServer) -> None:
    server.order(NOT_FOUND, on="GET /ws", times=100)
    kept = Kept()
    async with comfyui(server) as engine:
        await engine.generate(fox(), kept.run())
        await engine.generate(fox(seed=8), kept.run())

    assert len(kept.pictures) == 2
    assert kept.progress == [1.0, 1.0]
    assert all(prompt.client_id for prompt in server.submitted)


async def test_waits_for_the_websocket_a_little_and_no_longer(
    server: ComfyUIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "READY_S", 0.1)
    kept = Kept()
    async with comfyui(server) as engine, server.holding("GET /ws"):
        await engine.generate(fox(), kept.run())

    assert len(kept.pictures) == 1
    assert server.submitted[0].client_id == websockets(server)[0]


@pytest.mark.parametrize("version", ["0.3.64", "0.38.1"])
async def test_draws_while_nothing_comes_over_the_websocket(version: str) -> None:
    kept = Kept()
    async with ComfyUIServer(version=version) as server, comfyui(server) as engine:
        async with server.stuck_sockets():
            await engine.generate(fox(), kept.run())
        server.order(NO_EVENTS)
        await engine.generate(fox(seed=8), kept.run())
        await engine.generate(fox(seed=9), kept.run())

    assert len(kept.pictures) == 3
    assert len(kept.progress) > 3


async def test_goes_on_when_the_websocket_breaks_and_opens_another_under_another_name(server: ComfyUIServer) -> None:
    kept = Kept()
    async with comfyui(server) as engine, server.pausing():
        task = asyncio.create_task(engine.generate(fox(), kept.run()))
        await server.running()
        await server.cut_sockets()
        server.allow(1000)
        await task
        await server.arrived(2, on="GET /ws")
        await server.connected()
        told = len(kept.progress)
        await engine.generate(fox(seed=8), kept.run())

    assert len(kept.pictures) == 2
    assert len(kept.progress) > told + 2
    assert len(set(websockets(server))) == len(websockets(server)) == 2


async def test_reads_on_whatever_is_sent(server: ComfyUIServer) -> None:
    kept = Kept()
    strange: list[str | bytes] = [
        *("", "no JSON", "[]", "null", "{}", '{"type": "x", "data": null}', '{"type": 1, "data": {"prompt_id": []}}'),
        *(b"", b"\0", struct.pack(">I", 1), struct.pack(">II", 4, 2**31) + b"{}", struct.pack(">II", 4, 2) + b"{}"),
        *(struct.pack(">II", 1, 1) + b"\xff\xd8\xff" + bytes(2**20), struct.pack(">II", 1, 1) + b"no picture"),
        struct.pack(">II", 3, 1) + b"3words",
    ]
    with capture_logs() as logs:
        await _draw_among(server, kept, strange)

    assert len(websockets(server)) == 1
    assert len(kept.previews) == 4
    assert len(kept.pictures) == 1
    assert [each["event"] for each in logs].count("comfyui websocket message not understood") == 1


async def _draw_among(server: ComfyUIServer, kept: Kept, strange: list[str | bytes]) -> None:
    async with comfyui(server, poll_s=SELDOM_S) as engine, server.pausing():
        task = asyncio.create_task(engine.generate(fox(), kept.run()))
        mine = await server.running()
        (socket,) = server.machine.sockets.open.values()
        huge = {"prompt_id": mine, "nodes": {"3": {"value": 10**400, "max": 1}}, "x": "y" * 2**19}
        for message in (*strange, json.dumps({"type": "progress_state", "data": huge})):
            await (socket.send_str(message) if isinstance(message, str) else socket.send_bytes(message))
        server.allow(1000)
        await task


async def test_opens_it_for_the_first_job_and_closes_it_when_idle(server: ComfyUIServer) -> None:
    http = Http(server.url, Guard(private=True))
    heard = Feed(http, idle_s=0)
    assert server.requests == []

    for _ in range(2):
        with heard.watching("a", Watch(Progress({}), lambda fraction, preview: None)):
            client_id = await heard.ready()
            assert list(server.machine.sockets.open) == [client_id]
        await until(lambda: not server.machine.sockets.open)

    for _ in range(20):  # as many chances to ask for it while it is being closed
        with heard.watching("a", Watch(Progress({}), lambda fraction, preview: None)):
            assert await heard.ready() in server.machine.sockets.open
        for _ in range(3):
            await asyncio.sleep(0)

    assert len(set(websockets(server))) == len(websockets(server)) > 2
    await heard.aclose()
    await http.aclose()


async def test_nothing_is_left_of_it_when_the_engine_is_closed(server: ComfyUIServer) -> None:
    async with comfyui(server) as engine:
        await engine.generate(fox(), Kept().run())
        before = {task for task in asyncio.all_tasks() if task.get_name() == "comfyui websocket"}
        assert len(before) == 1
        await engine.aclose()
        assert all(task.done() for task in before)
        await until(lambda: not server.machine.sockets.open)

    assert not [task for task in asyncio.all_tasks() if task.get_name() == "comfyui websocket"]
