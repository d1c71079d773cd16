"""Prompts that do not end well at a ComfyUI server: failed, lost, out of the cache, behind a broken network."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from bot.engines.testing import differ
from bot.errors import BadAnswer, EngineError, EngineUnavailable, LostJob, NothingDrawn, OutOfMemory, UnknownOutcome
from tests.support import comfyui_faults as faults
from tests.support.comfyui_engine import GENERATE_NODES, SECRET, Kept, changed, comfyui, failing, fox, saving_twice
from tests.support.comfyui_server import ComfyUIServer
from tests.support.comfyui_workflows import DECODE, SAMPLER, SAVE, graph
from tests.support.serving_calls import Order, Reply


@pytest.fixture(params=["0.3.64", "0.38.1"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[ComfyUIServer]:
    async with ComfyUIServer(version=request.param) as server:
        yield server


# ── prompts that do not end well ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "fault",
    [faults.OUT_OF_MEMORY, faults.CUDA_OUT_OF_MEMORY, faults.ACCELERATOR_OUT_OF_MEMORY],
    ids=lambda fault: fault.failure.type,
)
async def test_says_that_memory_ran_out(server: ComfyUIServer, fault: Order) -> None:
    server.order(fault)

    assert isinstance(await failing(server), OutOfMemory)


@pytest.mark.parametrize("fault", [faults.BROKEN_MODEL, faults.NO_CLIP], ids=["model", "clip"])
async def test_keeps_the_reason_of_other_failures_for_the_log(server: ComfyUIServer, fault: faults.PromptFault) -> None:
    server.order(fault)

    caught = await failing(server)

    assert type(caught) is EngineError
    assert fault.failure is not None
    assert fault.failure.type in caught.detail
    assert fault.failure.at in caught.detail
    assert "\n" not in caught.detail


@pytest.mark.parametrize("prompt", [SECRET, f"{SECRET}\n“'{SECRET}'”"], ids=["one line", "two lines"])
@pytest.mark.parametrize("write", [str, repr, json.dumps])
async def test_a_failure_that_repeats_the_prompt_does_not_get_it_into_the_log(
    server: ComfyUIServer, prompt: str, write: Callable[[str], str]
) -> None:
    server.order(faults.fails("ValueError", f"cannot tokenize {write(prompt)} in one\n", "CLIPTextEncode"))

    detail = (await failing(server, task={"prompt": prompt})).detail
    assert re.search(r"cannot tokenize ['\"]?\[prompt\]['\"]? in one", detail)


async def test_a_black_picture_is_a_picture(server: ComfyUIServer) -> None:
    server.order(faults.BLACK)
    kept = Kept()
    async with comfyui(server) as engine:
        await engine.generate(fox(), kept.run())

    assert kept.images[0].getextrema() == ((0, 0),) * 3


async def test_success_without_outputs_is_a_failure(server: ComfyUIServer) -> None:
    server.order(faults.NO_OUTPUTS)

    assert isinstance(await failing(server), NothingDrawn)


async def test_hands_over_what_was_saved_before_the_failure(server: ComfyUIServer) -> None:
    enough, fewer = Kept(), Kept()
    nodes = {role: node for role, node in GENERATE_NODES.items() if role != "count"}
    async with comfyui(server, changed(saving_twice(), nodes)) as engine:
        server.order(faults.FAILS_AFTER_SAVING, faults.FAILS_AFTER_SAVING)
        await engine.generate(fox(), enough.run())
        with pytest.raises(EngineError, match="the second branch is wrong"):
            await engine.generate(fox(seed=8, count=2), fewer.run())

    assert len(enough.pictures) == len(fewer.pictures) == 1


async def test_a_prompt_the_server_lost_is_given_up_soon(server: ComfyUIServer) -> None:
    server.order(faults.LOST)

    assert isinstance(await failing(server), LostJob)
    assert len(server.calls()) == 1


async def test_a_prompt_is_not_lost_because_it_was_not_seen_once(server: ComfyUIServer) -> None:
    asked, nothing = "GET /queue", Reply.json(200, {"queue_running": [], "queue_pending": []})
    if server.modern:
        asked, nothing = "GET /jobs", Reply.json(404, {"error": "Job not found"})
    server.order(nothing, on=asked)
    kept = Kept()
    async with comfyui(server) as engine, server.pausing():
        task = asyncio.create_task(engine.generate(fox(), kept.run()))
        await server.arrived(3, on=asked)
        server.allow(1000)
        await task

    assert len(kept.pictures) == 1


async def test_a_prompt_is_lost_when_the_server_restarts(server: ComfyUIServer) -> None:
    async with comfyui(server) as engine, server.pausing():
        task = asyncio.create_task(engine.generate(fox(), Kept().run()))
        await server.running()
        async with server.crashed():
            pass
        with pytest.raises(LostJob):
            await task
        kept = Kept()
        server.allow(1000)
        await engine.generate(fox(), kept.run())

    assert len(kept.pictures) == 1
    assert len(server.calls()) == 2


@pytest.mark.parametrize("free, expected", [(True, EngineUnavailable), (False, UnknownOutcome)])
async def test_a_server_that_stays_away_is_waited_for_until_time_is_over(
    server: ComfyUIServer, free: bool, expected: type[EngineError]
) -> None:
    run = Kept().run()
    async with comfyui(server, corrections={"free": free}) as engine, server.pausing():
        task = asyncio.create_task(engine.generate(fox(), run))
        await server.running()
        async with server.down():
            run.deadline = asyncio.get_running_loop().time() + 0.5
            with pytest.raises(expected):
                await task


async def test_a_network_that_comes_back_costs_nothing(server: ComfyUIServer) -> None:
    kept = Kept()
    async with comfyui(server) as engine, server.pausing():
        task = asyncio.create_task(engine.generate(fox(), kept.run()))
        mine = await server.running()
        async with server.down():
            server.allow(1000)
            await server.finished(mine)
        await task

    assert len(kept.pictures) == 1
    assert len(server.calls()) == 1


# ── answers out of the cache ────────────────────────────────────────────────────────────────────────────────────


async def test_the_same_request_again_gives_the_same_files(server: ComfyUIServer) -> None:
    kept = Kept()
    async with comfyui(server) as engine:
        await engine.generate(fox(), kept.run())
        computed = len(server.machine.computed)
        await engine.generate(fox(), kept.run())

    assert len(server.machine.computed) == computed
    assert kept.pictures[0] == kept.pictures[1]


async def test_files_that_are_gone_are_saved_again_from_the_same_seed(server: ComfyUIServer) -> None:
    kept = Kept()
    async with comfyui(server) as engine:
        await engine.generate(fox(), kept.run())
        server.delete_saved()
        await engine.generate(fox(), kept.run())

    first, again = kept.pictures
    assert (first.seed, again.seed) == (7, 7)
    assert not differ(*kept.images)
    assert [each.graph[SAVE]["inputs"]["filename_prefix"][:5] for each in server.submitted] == ["easel"] * 3
    assert len(set(kept.handles)) == 3


def shown() -> dict[str, Any]:
    """A graph whose picture has no name of its own."""
    return graph() | {SAVE: {"class_type": "PreviewImage", "inputs": {"images": [DECODE, 0]}}}


async def test_where_a_graph_names_no_files_another_seed_is_drawn(server: ComfyUIServer) -> None:
    kept = Kept()
    async with comfyui(server, changed(shown())) as engine:
        await engine.generate(fox(), kept.run())
        server.delete_saved()
        await engine.generate(fox(), kept.run())

    assert kept.pictures[1].seed == server.submitted[2].graph[SAMPLER]["inputs"]["seed"] != 7
    assert differ(*kept.images)


async def test_where_a_graph_has_neither_it_is_a_bad_answer(server: ComfyUIServer) -> None:
    nodes = {role: node for role, node in GENERATE_NODES.items() if role != "seed"}
    async with comfyui(server, changed(shown(), nodes)) as engine:
        await engine.generate(fox(), Kept().run())
        server.delete_saved()
        with pytest.raises(BadAnswer):
            await engine.generate(fox(), Kept().run())

    assert len(server.calls()) == 2
