"""Prompts a ComfyUI server refuses, and prompts whose sending broke: none is drawn twice by a mistake."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import structlog

from bot.engines.testing import sample
from bot.errors import (
    BadAnswer,
    EngineAuth,
    EngineBusy,
    EngineError,
    EngineQuota,
    EngineRejected,
    EngineUnavailable,
    UnknownOutcome,
    WorkflowInvalid,
)
from tests.support import comfyui_faults as faults
from tests.support.comfyui_engine import (
    GENERATE_NODES,
    SECRET,
    Kept,
    at,
    both,
    changed,
    comfyui,
    failing,
    fox,
    night,
    saving_twice,
)
from tests.support.comfyui_server import ComfyUIServer
from tests.support.comfyui_workflows import CHECKPOINT, DECODE, SAMPLER, SAVE, graph
from tests.support.serving_calls import DROPPED, Reply


@pytest.fixture(params=["0.3.64", "0.38.1"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[ComfyUIServer]:
    async with ComfyUIServer(version=request.param) as server:
        yield server


def linked(node: str, **links: list[Any]) -> dict[str, Any]:
    """A graph in which this node gets something from elsewhere."""
    changed = graph()
    changed[node]["inputs"] |= links
    return changed


# ── prompts that are refused ────────────────────────────────────────────────────────────────────────────────────


async def test_outputs_that_are_left_out_are_noted_and_the_rest_is_delivered(server: ComfyUIServer) -> None:
    kept = Kept()
    async with comfyui(server, changed(saving_twice(samples=[CHECKPOINT, 0]))) as engine:
        with structlog.testing.capture_logs() as logs:
            await engine.generate(fox(prompt=SECRET, count=2), kept.run())

    assert len(kept.pictures) == 2
    (line,) = [each for each in logs if each["log_level"] == "warning"]
    assert line["nodes"] == ["20, VAEDecode: return_type_mismatch"]
    assert SECRET not in str(logs)


@pytest.mark.parametrize(
    "task, field",
    [({"steps": 20_000}, "steps"), ({"guidance": -1.0}, "guidance")],
)
async def test_names_the_value_that_is_refused(server: ComfyUIServer, task: dict[str, object], field: str) -> None:
    caught = await failing(server, task=task)

    assert isinstance(caught, EngineRejected)
    assert caught.args_["field"] == field


@pytest.mark.parametrize(
    "wrong, node",
    [
        (graph(sampler_name="nobody has"), "3, KSampler"),
        (linked(DECODE, samples=["77", 0]), "8, VAEDecode"),
        (linked(DECODE, samples=[CHECKPOINT, 0]), "8, VAEDecode"),
        (graph() | {"30": {"class_type": "FaceDetailer", "inputs": {}}}, "30, FaceDetailer"),
        ({id_: node for id_, node in graph().items() if id_ != SAVE}, "?"),
    ],
    ids=["sampler", "missing node", "wrong link", "missing class", "nothing saved"],
)
async def test_names_the_node_that_is_wrong_in_the_graph(
    server: ComfyUIServer, wrong: dict[str, Any], node: str
) -> None:
    caught = await failing(server, changed(wrong))

    assert isinstance(caught, WorkflowInvalid)
    assert caught.args_["node"] == node


async def test_a_prompt_that_goes_where_a_number_belongs_is_the_operators_mistake(server: ComfyUIServer) -> None:
    nodes = GENERATE_NODES | {"prompt": at("steps", SAMPLER)}
    caught = await failing(server, changed(graph(), {role: nodes[role] for role in ("prompt", "seed")}))

    assert isinstance(caught, WorkflowInvalid)
    assert "[prompt]" in caught.detail


@pytest.mark.parametrize(
    "reply, expected",
    [
        (faults.UNAUTHORIZED, EngineAuth),
        (Reply.text(403, "<html>no</html>"), EngineAuth),
        (Reply.text(429, "slowly"), EngineBusy),
        (faults.NOT_FOUND, EngineError),
        (Reply.text(302, ""), EngineError),
        (Reply.json(400, {"error": "Swarm is scaling up a backend"}), EngineError),
        (Reply.json(400, [1]), EngineError),
        (Reply.text(400, "<html>" + "x" * 100_000), EngineError),
        (faults.SWARM_DENIED, EngineAuth),
        (faults.SERVER_ERROR, EngineError),
        (faults.BAD_GATEWAY, EngineUnavailable),
        (Reply(503, b"{", "application/json"), EngineUnavailable),
        (Reply(401, b"\x1f\x8b", "text/html", {"Content-Encoding": "gzip"}), EngineAuth),
        (Reply(401, b"<html>" + bytes(1000), "text/html", drop="half"), EngineAuth),
        (Reply(402, b'{"error": "no', drop="headers"), EngineQuota),
        (Reply(403, b" " * 5_000_000), EngineAuth),
    ],
    ids=lambda value: str(getattr(value, "status", "")),
)
async def test_an_error_status_is_told_and_the_prompt_not_sent_again(
    server: ComfyUIServer, reply: Reply, expected: type[EngineError]
) -> None:
    server.order(reply)

    assert type(await failing(server)) is expected
    assert len(server.calls()) == 1


async def test_something_that_answers_everything_with_a_page_is_told_soon(server: ComfyUIServer) -> None:
    server.order(Reply.text(200, "<html>Welcome to nginx</html>"), on="", times=100)

    assert isinstance(await failing(server), BadAnswer)
    assert len(server.calls()) == 1


async def test_an_upload_that_is_too_large_is_refused(server: ComfyUIServer) -> None:
    server.order(faults.UPLOAD_TOO_LARGE, on="POST /upload")
    async with comfyui(server, both()) as engine:
        with pytest.raises(EngineRejected) as caught:
            await engine.edit(night(sample((64, 64))), Kept().run())

    assert caught.value.args_["field"] == "image"
    assert server.calls() == []


# ── prompts whose sending broke ─────────────────────────────────────────────────────────────────────────────────


async def test_a_server_that_is_away_is_told_at_once(server: ComfyUIServer) -> None:
    async with server.down():
        assert isinstance(await failing(server), EngineUnavailable)
    async with server.down(), comfyui(server, both()) as engine:
        with pytest.raises(EngineUnavailable):
            await engine.edit(night(sample((64, 64))), Kept().run())

    assert server.calls() == []


async def test_a_prompt_that_arrived_is_not_sent_again(server: ComfyUIServer) -> None:
    server.order(faults.ANSWER_LOST)
    kept = Kept()
    async with comfyui(server) as engine:
        await engine.generate(fox(), kept.run())

    assert len(kept.pictures) == 1
    assert len(server.calls()) == 1


async def test_a_prompt_that_surely_did_not_arrive_is_sent_once_more(server: ComfyUIServer) -> None:
    server.order(DROPPED)
    kept = Kept()
    async with comfyui(server) as engine:
        await engine.generate(fox(), kept.run())
        assert len(server.calls()) == 2
        assert len(server.submitted) == len(kept.pictures) == 1

        server.order(DROPPED, DROPPED)
        with pytest.raises(EngineUnavailable):
            await engine.generate(fox(), kept.run())
    assert len(server.calls()) == 4


async def test_a_prompt_that_may_cost_money_is_never_sent_again(server: ComfyUIServer) -> None:
    server.order(DROPPED)

    assert isinstance(await failing(server, corrections={"free": False}), UnknownOutcome)
    assert len(server.calls()) == 1


@pytest.mark.parametrize("answer", [Reply(200, b"", "text/html"), Reply.json(200, {}), Reply.json(200, [])])
async def test_a_prompt_answered_with_nonsense_is_looked_for(server: ComfyUIServer, answer: Reply) -> None:
    server.order(answer)
    kept = Kept()
    async with comfyui(server) as engine:
        await engine.generate(fox(), kept.run())

    assert len(server.calls()) == 2
    assert len(kept.pictures) == 1


async def test_an_old_server_that_chooses_the_id_itself_is_believed(server: ComfyUIServer) -> None:
    kept = Kept()
    async with comfyui(server) as engine:
        await engine.generate(fox(), kept.run())
        chosen = server.submitted[0].id
        server.order(Reply.json(200, {"prompt_id": chosen, "number": 1, "node_errors": {}}))
        await engine.generate(fox(), kept.run())

    assert kept.pictures[0] == kept.pictures[1]
    assert chosen in kept.handles[-1]
    assert len(server.submitted) == 1


async def test_undecodable_bytes_are_left_to_the_core(server: ComfyUIServer) -> None:
    server.order(faults.UNDECODABLE, on="GET /view")
    kept = Kept()
    async with comfyui(server) as engine:
        await engine.generate(fox(), kept.run())

    assert kept.pictures[0].data.startswith(b"This is no picture")
