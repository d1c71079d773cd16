"""Graphs whose output is not one saved picture: what is taken of it, and what is said when it is none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.errors import EngineRejected, NothingDrawn, WorkflowInvalid
from tests.support.comfyui_engine import Kept, changed, comfyui, failing, fox
from tests.support.comfyui_server import ComfyUIServer
from tests.support.comfyui_workflows import CHECKPOINT, DECODE, SAMPLER, SAVE, graph

SHOW = {"class_type": "PreviewAny", "inputs": {"text": "words"}}


@pytest.fixture(params=["0.3.64", "0.38.1"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[ComfyUIServer]:
    async with ComfyUIServer(version=request.param) as server:
        yield server


def saving_with(class_type: str) -> dict[str, Any]:
    """A graph whose picture goes to a node of this class."""
    return graph() | {SAVE: {"class_type": class_type, "inputs": {"images": [DECODE, 0]}}}


async def test_pictures_sent_over_the_websocket_are_fetched_like_all_others(server: ComfyUIServer) -> None:
    kept = Kept()
    async with comfyui(server, changed(saving_with("SaveImageWebsocket"))) as engine:
        assert (await engine.check()).ok
        async with server.stuck_sockets():
            await engine.generate(fox(count=2), kept.run())

    assert [image.size for image in kept.images] == [(64, 64)] * 2
    assert server.submitted[0].graph[SAVE]["class_type"] == "PreviewImage"


async def test_takes_pictures_whatever_a_node_calls_them(server: ComfyUIServer) -> None:
    kept = Kept()
    async with comfyui(server, changed(saving_with("ImageComparer"))) as engine:
        await engine.generate(fox(), kept.run())

    assert kept.images[0].size == (64, 64)


@pytest.mark.parametrize(
    "nodes, came", [(saving_with("SaveWEBM"), "images .webm"), (graph() | {SAVE: SHOW}, "text")], ids=["film", "words"]
)
async def test_says_what_came_when_it_was_no_picture(server: ComfyUIServer, nodes: dict[str, Any], came: str) -> None:
    caught = await failing(server, changed(nodes))

    assert isinstance(caught, NothingDrawn)
    assert caught.detail == f"the graph gave {came}"


async def test_skips_a_film_beside_the_picture(server: ComfyUIServer) -> None:
    kept = Kept()
    both = graph() | {"20": {"class_type": "SaveWEBM", "inputs": {"images": [DECODE, 0]}}}
    async with comfyui(server, changed(both)) as engine:
        await engine.generate(fox(count=2), kept.run())

    assert [image.size for image in kept.images] == [(64, 64)] * 2


async def test_when_only_the_picture_was_left_out_it_is_said_why(server: ComfyUIServer) -> None:
    wrong = graph() | {"20": SHOW}
    wrong[DECODE]["inputs"]["samples"] = [CHECKPOINT, 0]
    caught = await failing(server, changed(wrong))

    assert isinstance(caught, WorkflowInvalid)
    assert caught.args_["node"] == f"{DECODE}, VAEDecode"
    assert "return_type_mismatch" in caught.detail

    caught = await failing(server, changed(graph() | {"20": SHOW}), task={"steps": 20_000})
    assert isinstance(caught, EngineRejected)
    assert caught.args_["field"] == "steps"
    assert server.submitted[-1].graph[SAMPLER]["inputs"]["steps"] == 20_000
