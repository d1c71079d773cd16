"""Several workflows of one engine: which of them a task takes, what can be asked of it, whose values hold."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from bot.engines.base import Health, Model
from bot.engines.comfyui.engine import ComfyUIEngine
from bot.engines.comfyui.workflow import Workflow
from bot.engines.testing import sample
from bot.errors import EngineMisconfigured, EngineRejected
from bot.net.client import Http
from bot.net.guard import Guard
from tests.support.comfyui_engine import (
    EDIT_NODES,
    GENERATE_NODES,
    INPAINT_NODES,
    Kept,
    as_input,
    at,
    both,
    changed,
    comfyui,
    fox,
    generating,
    night,
    workflow,
)
from tests.support.comfyui_server import MODELS, ComfyUIServer
from tests.support.comfyui_workflows import EDIT, GENERATE, IMAGE, INPAINT, SAMPLER, SAVE, graph


@pytest.fixture
async def server() -> AsyncIterator[ComfyUIServer]:
    async with ComfyUIServer() as server:
        yield server


def engine(workflows: Mapping[str, Workflow], **options: Any) -> ComfyUIEngine:
    """An engine that is never asked to draw."""
    return ComfyUIEngine("comfy", Http("http://127.0.0.1:9", Guard(private=True)), workflows=workflows, **options)


def marked(mark: str, **inputs: Any) -> Workflow:
    """A workflow that generates, and saves under this name."""
    return changed(graph(filename_prefix=mark, **inputs))["generate"]


def for_pictures(count: int) -> Workflow:
    """A workflow that edits so many pictures."""
    more = [str(30 + number) for number in range(count - 1)]
    images = {id_: {"class_type": "LoadImage", "inputs": {"image": "operator.png"}} for id_ in more}
    nodes = EDIT_NODES | {"image": at("image", IMAGE, *more)}
    return changed(graph(EDIT, filename_prefix=f"of {count}") | images, nodes)["generate"]


def ran(server: ComfyUIServer) -> str:
    """What the last prompt saved under."""
    return str(server.submitted[-1].graph[SAVE]["inputs"]["filename_prefix"])


# ── which one ───────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_workflow_is_asked_for_by_its_name(server: ComfyUIServer) -> None:
    workflows = both() | {"anime": marked("anime"), "restyle": for_pictures(1)}
    image = sample((64, 64))
    async with comfyui(server, workflows) as engine:
        assert (await engine.generate(fox(), Kept().run())).model == MODELS[0]
        assert ran(server) == "easel"
        assert (await engine.generate(fox(model="anime"), Kept().run())).model == "anime"
        assert ran(server) == "anime"
        assert (await engine.edit(night(image, model="restyle"), Kept().run())).model == "restyle"
        assert ran(server) == "of 1"
        assert (await engine.generate(fox(model=MODELS[1]), Kept().run())).model == MODELS[1]


async def test_a_workflow_of_the_other_kind_is_refused(server: ComfyUIServer) -> None:
    async with comfyui(server, both() | {"anime": marked("anime"), "restyle": for_pictures(1)}) as engine:
        for draw in (
            engine.generate(fox(model="restyle"), Kept().run()),
            engine.edit(night(sample((64, 64)), model="anime"), Kept().run()),
        ):
            with pytest.raises(EngineRejected) as caught:
                await draw
            assert caught.value.args_["field"] == "model"
    assert server.requests == []


async def test_the_engines_model_may_be_a_workflow(server: ComfyUIServer) -> None:
    async with comfyui(server, {"anime": marked("anime")}, model="anime") as engine:
        await engine.generate(fox(), Kept().run())
        assert ran(server) == "anime"
        assert not engine.capabilities().edit
        assert (await engine.check()).sentence.endswith("is ready to generate (by name: anime).")
    async with comfyui(server, both() | {"restyle": for_pictures(2)}, model="restyle") as engine:
        assert engine.capabilities().max_inputs == 2
        await engine.edit(night(sample((64, 64))), Kept().run())
        assert ran(server) == "of 2"
        await engine.generate(fox(), Kept().run())
        assert ran(server) == "easel"


@pytest.mark.parametrize("given, used", [(1, 1), (2, 3), (3, 3), (4, 4), (9, 4)])
async def test_takes_the_smallest_edit_with_a_place_for_every_picture(
    server: ComfyUIServer, given: int, used: int
) -> None:
    workflows = {"edit_4": for_pictures(4), "edit": for_pictures(1), "edit_3": for_pictures(3)}
    pictures = tuple(as_input(sample((64, 64))) for _ in range(given))
    async with comfyui(server, workflows) as engine:
        assert engine.capabilities().max_inputs == 4
        await engine.edit(night(sample((64, 64)), inputs=pictures), Kept().run())

    assert ran(server) == f"of {used}"
    assert len(server.calls("POST /upload")) == min(given, used)


async def test_takes_an_edit_with_a_place_for_the_mask_if_there_is_one(server: ComfyUIServer) -> None:
    image = sample((64, 64))
    workflows = {"edit": for_pictures(1), "edit_2": workflow(INPAINT, INPAINT_NODES)}
    async with comfyui(server, workflows) as engine:
        assert engine.capabilities().mask
        await engine.edit(night(image, mask=as_input(image.convert("RGBA"))), Kept().run())
        assert len(server.calls("POST /upload")) == 2
        await engine.edit(night(image), Kept().run())
        assert ran(server) == "of 1"


# ── what can be asked ───────────────────────────────────────────────────────────────────────────────────────────


def test_says_what_each_workflow_can_do() -> None:
    bare = workflow(GENERATE, {"prompt": GENERATE_NODES["prompt"]})
    able = engine(both() | {"bare": bare, "inpaint": workflow(INPAINT, INPAINT_NODES)})

    both_kinds, one, other = (able.capabilities(model) for model in (MODELS[1], "bare", "inpaint"))
    assert both_kinds == able.capabilities()
    assert (one.generate, one.edit, one.seed, one.max_count) == (True, False, False, 1)
    assert (other.generate, other.edit, other.mask, other.strength) == (False, True, True, True)
    assert (both_kinds.mask, both_kinds.max_count) == (False, 4)


def test_an_operators_corrections_make_no_workflow_do_more_than_it_can() -> None:
    bare = workflow(GENERATE, {"prompt": GENERATE_NODES["prompt"]})
    corrections = {"seed": True, "max_count": 2, "steps": False, "free": False}
    able = engine(generating() | {"bare": bare}, corrections=corrections)

    can = able.capabilities("bare")
    assert (can.seed, can.max_count, can.steps, can.free) == (False, 2, False, False)


async def test_offers_workflows_among_the_models(server: ComfyUIServer) -> None:
    async with comfyui(server, both() | {"anime": marked("anime")}) as engine:
        assert await engine.models() == [Model(MODELS[0]), Model(MODELS[1]), Model("anime")]


async def test_checks_every_workflow(server: ComfyUIServer) -> None:
    async with comfyui(server, generating() | {"anime": marked("anime", ckpt_name="none.ckpt")}) as engine:
        health = await engine.check()
    async with comfyui(server, both() | {"anime": marked("a"), "sketch": marked("b")}) as engine:
        ready = await engine.check()

    needs = "workflow anime: node 4 (CheckpointLoaderSimple) needs “none.ckpt”, which the server lacks"
    assert health == Health(False, f"{server.url}: {needs}.")
    assert ready.sentence.endswith("is ready to generate and edit (by name: anime, sketch).")


# ── whose values ────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_engines_defaults_hold_where_nobody_says_anything_else(server: ComfyUIServer) -> None:
    defaults = {"steps": 2, "guidance": 3.5, "strength": 0.4, "sampler": "", "scheduler": None}
    async with comfyui(server, both() | {"anime": marked("anime", steps=3)}, defaults=defaults) as engine:
        await engine.generate(fox(), Kept().run())
        given = server.submitted[-1].graph[SAMPLER]["inputs"]
        assert (given["steps"], given["cfg"], given["denoise"], given["sampler_name"]) == (2, 3.5, 1.0, "euler")
        await engine.generate(fox(steps=1), Kept().run())
        assert server.submitted[-1].graph[SAMPLER]["inputs"] == {**given, "steps": 1}
        await engine.edit(night(sample((64, 64))), Kept().run())
        assert server.submitted[-1].graph[SAMPLER]["inputs"]["denoise"] == 0.4
        await engine.edit(night(sample((64, 64)), strength=0.0), Kept().run())
        assert server.submitted[-1].graph[SAMPLER]["inputs"]["denoise"] == 0.0
        await engine.generate(fox(model="anime"), Kept().run())
        assert server.submitted[-1].graph[SAMPLER]["inputs"]["steps"] == 3


async def test_a_default_the_server_refuses_is_the_operators_mistake(server: ComfyUIServer) -> None:
    for options in ({"defaults": {"steps": 20_000}}, {"model": "nobody has.safetensors"}):
        async with comfyui(server, **options) as engine:
            with pytest.raises(EngineMisconfigured) as caught:
                await engine.generate(fox(), Kept().run())
        assert caught.value.detail.startswith(("steps: node 3, KSampler", "model: node 4, CheckpointLoaderSimple"))
    assert server.submitted == []
