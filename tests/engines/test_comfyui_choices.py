"""Models, samplers and schedulers by name: offered as the server lists them, refused with those that look alike."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.engines.base import Model
from bot.engines.comfyui.checkup import nearest
from bot.errors import EngineError, EngineRejected, UnknownChoice
from tests.support import comfyui_faults as faults
from tests.support.comfyui_engine import GENERATE_NODES, Kept, at, changed, comfyui, failing, fox, generating
from tests.support.comfyui_nodes import SAMPLERS, SCHEDULERS
from tests.support.comfyui_server import MODELS, ComfyUIServer
from tests.support.comfyui_workflows import SAMPLER, graph
from tests.support.serving_calls import Reply

NODES = GENERATE_NODES | {"sampler": at("sampler_name", SAMPLER), "scheduler": at("scheduler", SAMPLER)}


@pytest.fixture(params=["0.3.64", "0.38.1"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[ComfyUIServer]:
    async with ComfyUIServer(version=request.param) as server:
        yield server


async def test_offers_what_the_mapped_nodes_list(server: ComfyUIServer) -> None:
    async with comfyui(server, changed(graph(), NODES)) as engine:
        models = await engine.models()
        assert engine.capabilities().sampler

    assert [each for each in models if each.kind == "model"] == [Model(name) for name in MODELS]
    assert [each.id for each in models if each.kind == "sampler"] == SAMPLERS
    assert [each.id for each in models if each.kind == "scheduler"] == SCHEDULERS


async def test_draws_with_the_sampler_and_scheduler_that_are_asked_for(server: ComfyUIServer) -> None:
    async with comfyui(server, changed(graph(), NODES), defaults={"scheduler": "karras"}) as engine:
        await engine.generate(fox(sampler="heun"), Kept().run())

    given = server.submitted[0].graph[SAMPLER]["inputs"]
    assert (given["sampler_name"], given["scheduler"]) == ("heun", "karras")


@pytest.mark.parametrize(
    "role, value, near",
    [
        ("model", "DreamShaper 8", MODELS[0]),
        ("sampler", "Euler a", "euler"),
        ("sampler", "DPM++ 2M", "dpmpp_2m"),
        ("scheduler", "Karas", "karras"),
    ],
)
async def test_names_those_that_look_alike_when_one_is_not_known(
    server: ComfyUIServer, role: str, value: str, near: str
) -> None:
    caught = await failing(server, changed(graph(), NODES), task={role: value})

    assert isinstance(caught, UnknownChoice)
    assert {**caught.args_, "known": None} == {"engine": "comfy", "what": role, "value": value, "known": None}
    assert caught.args_["known"].split(", ")[0] == near
    assert len(server.calls()) == 1


async def test_where_the_list_cannot_be_had_the_field_is_named(server: ComfyUIServer) -> None:
    for reply in (faults.SERVER_ERROR, Reply.json(200, {}), Reply.text(200, "<html>")):
        server.order(reply, on="GET /object_info")
        caught: EngineError = await failing(server, changed(graph(), NODES), task={"sampler": "nobody has"})
        assert type(caught) is EngineRejected
        assert caught.args_["field"] == "sampler"


async def test_a_model_nobody_can_choose_is_refused_before_anything_is_sent(server: ComfyUIServer) -> None:
    async with comfyui(server, generating("model")) as engine:
        await engine.generate(fox(model=MODELS[0]), Kept().run())  # what `models` calls the graph's own
        with pytest.raises(UnknownChoice) as caught:
            await engine.generate(fox(model="another"), Kept().run())

    assert caught.value.args_["known"] == MODELS[0]
    assert len(server.calls()) == 1


async def test_a_check_looks_at_samplers_too(server: ComfyUIServer) -> None:
    async with comfyui(server, changed(graph(scheduler="karas"), NODES), defaults={"sampler": "eular"}) as engine:
        health = await engine.check()

    assert health.sentence == (
        f"{server.url}: workflow generate: node 3 (KSampler) needs “eular”, which the server lacks (it has “euler”); "
        "workflow generate: node 3 (KSampler) needs “karas”, which the server lacks (it has “karras”)."
    )


def test_the_nearest_names_come_first_and_never_more_than_five() -> None:
    assert nearest("Euler", ["heun", "EULER", "euler"]) == ["EULER", "heun", "euler"]
    assert nearest("x", list("abcdefgh")) == list("abcde")
    assert nearest("x", []) == []
