"""Graphs with nodes that cost money: the key goes along with the prompt and nowhere else, and nothing is paid twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.engines.comfyui.checkup import is_paid
from bot.engines.comfyui.workflow import Workflow
from bot.errors import (
    BadAnswer,
    ContentRefused,
    EngineAuth,
    EngineError,
    EngineQuota,
    OutOfMemory,
    UnknownOutcome,
)
from tests.support import comfyui_faults as faults
from tests.support.comfyui_engine import Kept, at, changed, comfyui, failing, fox
from tests.support.comfyui_more_nodes import NO_CREDITS, NO_LOGIN
from tests.support.comfyui_server import ComfyUIServer
from tests.support.serving_calls import DROPPED, Reply

KEY = "comfyui-0123456789abcdef"
PAID = "FluxProImage"


def bought() -> dict[str, Workflow]:
    """A graph whose picture is bought."""
    nodes = {
        "1": {"class_type": PAID, "inputs": {"prompt": "", "seed": 0}},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "bought"}},
    }
    return changed(nodes, {"prompt": at("prompt", "1"), "seed": at("seed", "1")})


@pytest.fixture(params=["0.3.64", "0.38.1"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[ComfyUIServer]:
    async with ComfyUIServer(version=request.param) as server:
        yield server


async def test_the_key_goes_with_the_prompt_and_is_kept_nowhere(server: ComfyUIServer) -> None:
    kept = Kept()
    with capture_logs() as logs:
        async with comfyui(server, bought(), org_key=KEY) as engine:
            result = await engine.generate(fox(), kept.run())

    assert len(kept.pictures) == 1
    assert server.machine.charged == [KEY]
    assert [call.route for call in server.requests if KEY in call.body.decode() or KEY in str(call.query)] == [
        "POST /prompt"
    ]
    assert KEY not in f"{logs}{kept.handles}{result}{server.history}{engine.__dict__['_errors']}"


async def test_without_a_key_none_is_sent(server: ComfyUIServer) -> None:
    async with comfyui(server) as engine:
        assert engine.capabilities().free
        await engine.generate(fox(), Kept().run())

    assert server.calls()[0].fields["extra_data"] == {"preview_method": "auto"}


async def test_with_a_key_drawing_costs_money_unless_the_operator_says_otherwise(server: ComfyUIServer) -> None:
    for options, free in (
        ({"org_key": KEY}, False),
        ({"org_key": KEY, "corrections": {"free": True}}, True),
        ({}, True),
    ):
        async with comfyui(server, bought() | {"other": bought()["generate"]}, **options) as engine:
            assert [engine.capabilities(model).free for model in (None, "other")] == [free, free]


async def test_a_check_says_that_a_key_is_needed_and_finds_no_fault_with_one(server: ComfyUIServer) -> None:
    async with comfyui(server, bought()) as without, comfyui(server, bought(), org_key=KEY) as having:
        health = await without.check()
        assert (await having.check()).ok

    assert health.sentence == f"{server.url}: workflow generate: {PAID} asks Comfy.org for money; set comfy_org_key."
    assert server.machine.charged == []


async def test_a_graph_without_paid_nodes_needs_no_key(server: ComfyUIServer) -> None:
    async with comfyui(server) as engine:
        assert (await engine.check()).ok


# ── what goes wrong ─────────────────────────────────────────────────────────────────────────────────────────────


async def drawn(server: ComfyUIServer, message: str, type: str = "Exception", **options: Any) -> EngineError:
    """How a drawing ends when the paid node raises this."""
    server.order(faults.fails(type, message, PAID))
    return await failing(server, bought(), **({"org_key": KEY} | options))


@pytest.mark.parametrize(
    "message, expected",
    [
        (NO_LOGIN, EngineAuth),
        (NO_CREDITS, EngineQuota),
        ("Payment Required: Please add credits to your workspace to continue.", EngineQuota),
        ("User has no active subscription. Please subscribe to a plan to continue.", EngineQuota),
        ("There is a problem with your account. Please contact support@comfy.org.", EngineAuth),
        (
            "API Error: Your request was rejected by our safety system. (Type: image_generation_user_error)",
            ContentRefused,
        ),
        ("Rate Limit Exceeded: Please try again later.", UnknownOutcome),
        ("API Error: the task failed", UnknownOutcome),
        ("CUDA error: out of memory", OutOfMemory),
    ],
)
async def test_what_a_paid_node_says_is_understood(
    server: ComfyUIServer, message: str, expected: type[EngineError]
) -> None:
    caught = await drawn(server, f"{message}\n")

    assert type(caught) is expected
    assert message in caught.detail
    assert len(server.calls()) == 1


async def test_without_a_key_the_server_says_so_too(server: ComfyUIServer) -> None:
    assert type(await failing(server, bought())) is EngineAuth
    assert server.machine.charged == []


async def test_a_key_that_is_repeated_is_in_no_detail(server: ComfyUIServer) -> None:
    caught = await drawn(server, f"header X-API-KEY: {KEY} refused")
    assert KEY not in str(caught)
    assert "[key] refused" in caught.detail

    server.order(Reply.json(400, {"error": f"what is {KEY}?"}))
    caught = await failing(server, bought(), org_key=KEY)
    assert "what is [key]?" in caught.detail


# ── nothing is paid twice ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "fault", [DROPPED, faults.BAD_GATEWAY, faults.SERVER_ERROR, Reply.text(503, "")], ids=["cut", "502", "500", "503"]
)
async def test_a_prompt_whose_fate_is_unknown_is_not_sent_again(server: ComfyUIServer, fault: Reply) -> None:
    server.order(fault)

    assert type(await failing(server, bought(), org_key=KEY)) is UnknownOutcome
    assert len(server.calls()) == 1


@pytest.mark.parametrize("reply", [faults.UNAUTHORIZED, Reply.text(429, ""), faults.NOT_FOUND], ids=lambda r: r.status)
async def test_a_job_whose_end_is_hidden_may_have_cost_money(server: ComfyUIServer, reply: Reply) -> None:
    server.order(reply, on="GET /view", times=1000)
    run = Kept().run()
    async with comfyui(server, bought(), org_key=KEY) as engine:
        task = asyncio.create_task(engine.generate(fox(), run))
        await server.arrived(on="GET /view")
        run.deadline = asyncio.get_running_loop().time()
        with pytest.raises(BadAnswer if reply.status == 404 else UnknownOutcome) as caught:
            await task

    assert caught.value.may_cost
    assert server.machine.charged == [KEY]


async def test_pictures_the_server_only_remembers_are_not_bought_once_more(server: ComfyUIServer) -> None:
    async with comfyui(server, bought(), org_key=KEY) as engine:
        await engine.generate(fox(), Kept().run())
        server.delete_saved()
        with pytest.raises(BadAnswer):
            await engine.generate(fox(), Kept().run())

    assert server.machine.charged == [KEY]
    assert len(server.calls()) == 2


def test_a_paid_graph_is_told_by_either_sign() -> None:
    signs: list[Mapping[str, object]] = [{"api_node": True}, {"python_module": "comfy_api_nodes.nodes_openai"}]

    assert all(is_paid(each) for each in signs)
    assert not any(is_paid(each) for each in ({}, {"api_node": False, "python_module": "nodes"}))
