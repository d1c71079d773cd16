"""Whether a ComfyUI server has what the workflows need, which models it offers, and who may ask it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from bot.engines.base import Health
from bot.engines.comfyui.checkup import options
from bot.engines.comfyui.workflow import Workflow
from bot.engines.testing import sample
from bot.errors import EngineAuth, EngineUnavailable
from tests.support import comfyui_faults as faults
from tests.support.comfyui_engine import EDIT_NODES, Kept, both, changed, comfyui, fox, generating, night
from tests.support.comfyui_server import MODELS, ComfyUIServer
from tests.support.comfyui_workflows import EDIT, SAVE, graph
from tests.support.serving_calls import Reply

ADDRESS = "is the address right? That of SwarmUI ends in /ComfyBackendDirect"
BEARER = "Bearer sesame"


@pytest.fixture(params=["0.3.64", "0.38.1"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[ComfyUIServer]:
    async with ComfyUIServer(version=request.param) as server:
        yield server


async def checked(server: ComfyUIServer, workflows: Mapping[str, Workflow] | None = None, **options: Any) -> Health:
    """The outcome of a check."""
    async with comfyui(server, workflows, **options) as engine:
        return await engine.check()


# ── checking ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_says_what_was_reached_and_asks_for_nothing_to_be_drawn(server: ComfyUIServer) -> None:
    health = await checked(server, both())

    assert health == Health(
        True, f"ComfyUI {server.version} on cuda:0 NVIDIA at {server.url} is ready to generate and edit."
    )
    assert server.calls() == server.calls("GET /ws") == []


async def test_names_node_classes_the_server_lacks(server: ComfyUIServer) -> None:
    extra = {
        "30": {"class_type": "FaceDetailer", "inputs": {}},
        "31": {"class_type": "KSampler (Efficient)/Ω", "inputs": {"ckpt_name": "x.safetensors"}},
    }
    health = await checked(server, both() | changed(graph() | extra))

    assert health == Health(
        False,
        f"{server.url}: workflow generate: the server lacks the node classes FaceDetailer, KSampler (Efficient)/Ω.",
    )


async def test_names_model_files_the_server_lacks(server: ComfyUIServer) -> None:
    needs = "node 4 (CheckpointLoaderSimple) needs “{}”, which the server lacks"

    for workflows, model, sentence in (
        (changed(graph(ckpt_name="nobody has.ckpt")), "", needs.format("nobody has.ckpt")),
        (
            changed(graph(ckpt_name="SD\\dreamshaper_8.safetensors")),
            "",
            needs.format("SD\\dreamshaper_8.safetensors") + f" (it has “{MODELS[0]}”)",
        ),
        (generating(), "other.gguf", needs.format("other.gguf")),
    ):
        health = await checked(server, workflows, model=model)
        assert health == Health(False, f"{server.url}: workflow generate: {sentence}.")
    assert (await checked(server, changed(graph(ckpt_name="nobody has.ckpt")), model=MODELS[1])).ok


async def test_wants_a_node_that_saves(server: ComfyUIServer) -> None:
    health = await checked(server, changed({id_: node for id_, node in graph().items() if id_ != SAVE}))

    assert health == Health(False, f"{server.url}: workflow generate: no node saves a picture; use SaveImage.")


@pytest.mark.parametrize(
    "reply, sentence",
    [
        (faults.UNAUTHORIZED, "the credentials are refused (HTTP 401); set auth, api_key, headers or query"),
        (faults.NOT_FOUND, f"something answers, but it is not ComfyUI (HTTP 404); {ADDRESS}"),
        (
            Reply.text(200, "<html>Welcome to nginx</html>"),
            f"something answers, but it is not ComfyUI; {ADDRESS}",
        ),
        (faults.BAD_GATEWAY, "the server is in trouble (HTTP 502)"),
    ],
    ids=["401", "404", "200", "502"],
)
async def test_says_what_answered_instead(server: ComfyUIServer, reply: Reply, sentence: str) -> None:
    server.order(reply, on="GET /system_stats")

    assert await checked(server) == Health(False, f"{server.url}: {sentence}")


async def test_says_that_nobody_answered(server: ComfyUIServer) -> None:
    async with server.down():
        health = await checked(server)

    assert not health.ok
    assert health.sentence.startswith(f"{server.url}: no answer: ")
    assert "\n" not in health.sentence


async def test_a_server_that_says_nothing_of_itself_is_one(server: ComfyUIServer) -> None:
    strange: list[object] = [{}, [], {"system": None, "devices": [None]}, {"system": {}, "devices": []}]
    for stats in strange:
        server.order(Reply.json(200, stats), on="GET /system_stats")
        assert await checked(server) == Health(True, f"ComfyUI at {server.url} is ready to generate.")


@pytest.mark.parametrize("workflows", [both(), {"edit": both()["edit"]}], ids=["both", "edit alone"])
async def test_draws_something_small_when_asked_to(server: ComfyUIServer, workflows: dict[str, Workflow]) -> None:
    async with comfyui(server, workflows) as engine:
        assert (await engine.check(draw=True)).ok
        server.order(faults.OUT_OF_MEMORY)
        health = await engine.check(draw=True)

        assert not health.ok
        assert health.sentence.startswith("The engine comfy ran out of memory.")
        server.order(faults.UNDECODABLE, on="GET /view")
        health = await engine.check(draw=True)

    assert not health.ok
    assert health.sentence.endswith("[what was drawn is no picture]")
    assert len(server.submitted) == 3


# ── models ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_offers_the_models_of_the_mapped_loader(server: ComfyUIServer) -> None:
    async with comfyui(server) as engine:
        assert [model.id for model in await engine.models()] == list(MODELS)


async def test_offers_the_checkpoints_where_the_loader_has_no_list(server: ComfyUIServer) -> None:
    server.order(Reply.json(200, {}), on="GET /object_info")
    async with comfyui(server) as engine:
        assert [model.id for model in await engine.models()] == list(MODELS)


async def test_names_the_graphs_own_model_where_none_can_be_chosen(server: ComfyUIServer) -> None:
    async with comfyui(server, generating("model")) as engine:
        assert [model.id for model in await engine.models()] == [MODELS[0]]
    own = Workflow.parse(
        json.dumps(graph(EDIT, ckpt_name="")), {"prompt": EDIT_NODES["prompt"], "image": EDIT_NODES["image"]}
    )
    async with comfyui(server, {"edit": own}) as engine:
        assert [model.id for model in await engine.models()] == ["workflow"]


async def test_models_of_a_server_that_is_away_are_an_error(server: ComfyUIServer) -> None:
    async with comfyui(server) as engine, server.down():
        with pytest.raises(EngineUnavailable):
            await engine.models()


def test_reads_lists_of_options_old_and_new() -> None:
    new = {"COMBO": ["COMBO", {"options": ["a", 1, "b"]}], "odd": ["COMBO"], "none": [], "number": ["INT", {}]}
    info = {"input": {"required": {"old": [["a", None, "b"], {}], **new}, "optional": {"more": [["c"]]}}}

    assert options(info, "old") == options(info, "COMBO") == ["a", "b"]
    assert options(info, "more") == ["c"]
    assert all(options(info, key) == [] for key in ("odd", "none", "number", "missing"))
    assert options({}, "old") == options({"input": {"required": None}}, "old") == []


# ── who may ask ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("version", ["0.3.64", "0.38.1"])
async def test_shows_its_credentials_everywhere_behind_a_proxys_path_too(version: str) -> None:
    kept = Kept()
    async with (
        ComfyUIServer(version=version, authorization=BEARER, prefix="/my/comfy", previews=True) as server,
        comfyui(server, both(), headers={"Authorization": BEARER}) as engine,
    ):
        assert (await engine.check()).ok
        await engine.generate(fox(), kept.run())
        await engine.edit(night(sample((64, 64))), kept.run())
        calls = list(server.requests)

    assert len(kept.pictures) == 2
    assert kept.previews
    assert {"GET /ws", "POST /upload/image", "POST /prompt", "GET /view"} <= {call.route for call in calls}
    assert not [call.route for call in calls if call.status in (401, 403)]


async def test_wrong_credentials_are_told() -> None:
    async with (
        ComfyUIServer(authorization=BEARER) as server,
        comfyui(server, both(), headers={"Authorization": "Bearer wrong-and-secret"}) as engine,
    ):
        for draw in (engine.generate(fox(), Kept().run()), engine.edit(night(sample((64, 64))), Kept().run())):
            with pytest.raises(EngineAuth) as caught:
                await draw
            assert "secret" not in str(caught.value)
        assert not (await engine.check(draw=True)).ok
