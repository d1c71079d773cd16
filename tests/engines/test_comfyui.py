"""The ComfyUI engine keeps the contract on old and new servers, and does with graphs what it is asked."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.engines.comfyui.engine import ComfyUIEngine
from bot.engines.testing import EngineContract, differ, sample
from tests.support.comfyui_engine import (
    EDIT_NODES,
    Kept,
    as_input,
    at,
    both,
    changed,
    comfyui,
    fox,
    generating,
    inpainting,
    night,
)
from tests.support.comfyui_files import FileRef
from tests.support.comfyui_server import ComfyUIServer
from tests.support.comfyui_workflows import CHECKPOINT, DECODE, EDIT, IMAGE, NEGATIVE, PROMPT, SAMPLER, SAVE, graph
from tests.support.serving_calls import Reply


class TestOldServer(EngineContract):
    """The contract without job routes."""

    @pytest.fixture
    async def engine(self) -> AsyncIterator[ComfyUIEngine]:
        async with ComfyUIServer(previews=True) as server, comfyui(server, both()) as engine:
            yield engine


class TestNewServer(EngineContract):
    """The contract with them, behind a proxy's path."""

    @pytest.fixture
    async def engine(self) -> AsyncIterator[ComfyUIEngine]:
        async with (
            ComfyUIServer(version="0.38.1", previews=True, prefix="/comfy") as server,
            comfyui(server, both()) as engine,
        ):
            yield engine


class TestInpainting(EngineContract):
    """The contract with a mask."""

    @pytest.fixture
    async def engine(self) -> AsyncIterator[ComfyUIEngine]:
        async with ComfyUIServer(previews=True) as server, comfyui(server, inpainting()) as engine:
            yield engine


@pytest.fixture
async def server() -> AsyncIterator[ComfyUIServer]:
    async with ComfyUIServer() as server:
        yield server


def inputs(server: ComfyUIServer, node: str) -> Any:
    """What a node of the last prompt was given."""
    return server.submitted[-1].graph[node]["inputs"]


# ── generating ──────────────────────────────────────────────────────────────────────────────────────────────────


async def test_puts_what_is_asked_into_the_graph_and_leaves_the_rest_as_it_is(server: ComfyUIServer) -> None:
    kept = Kept()
    async with comfyui(server) as engine:
        result = await engine.generate(
            fox(width=128, height=64, negative="grey", steps=3, guidance=2.5, model="sd_xl_base_1.0.safetensors"),
            kept.run(),
        )
        assert result.model == "sd_xl_base_1.0.safetensors"
        assert inputs(server, PROMPT)["text"] == "a red fox"
        assert inputs(server, NEGATIVE)["text"] == "grey"
        assert inputs(server, SAMPLER) | {"seed": 7, "steps": 3, "cfg": 2.5} == inputs(server, SAMPLER)
        assert kept.images[0].size == (128, 64)

        result = await engine.generate(fox(), kept.run())
        assert result.model == inputs(server, CHECKPOINT)["ckpt_name"] == "dreamshaper_8.safetensors"
        assert inputs(server, NEGATIVE)["text"] == "blurry"
        assert inputs(server, SAMPLER) | {"steps": 4, "cfg": 7.0, "denoise": 1.0} == inputs(server, SAMPLER)


async def test_takes_the_configured_model_where_nobody_asks_for_another(server: ComfyUIServer) -> None:
    async with comfyui(server, model="sd_xl_base_1.0.safetensors") as engine:
        assert (await engine.generate(fox(), Kept().run())).model == "sd_xl_base_1.0.safetensors"
        assert (await engine.generate(fox(model="dreamshaper_8.safetensors"), Kept().run())).model == inputs(
            server, CHECKPOINT
        )["ckpt_name"]


async def test_draws_a_batch_with_one_prompt_and_tells_its_seed(server: ComfyUIServer) -> None:
    kept = Kept()
    async with comfyui(server) as engine:
        await engine.generate(fox(count=3), kept.run())

    assert len(server.calls()) == 1
    assert [picture.seed for picture in kept.pictures] == [7, 7, 7]
    assert len({picture.data for picture in kept.pictures}) == 3
    names = [call.query["filename"] for call in server.calls("GET /view")]
    assert names == [f"easel_0000{number}_.png" for number in (1, 2, 3)]


async def test_takes_a_new_seed_each_time_when_none_is_asked(server: ComfyUIServer) -> None:
    kept = Kept()
    async with comfyui(server) as engine:
        await engine.generate(fox(seed=None), kept.run())
        await engine.generate(fox(seed=None), kept.run())

    first, second = server.submitted
    assert [each.seed for each in kept.pictures] == [each.graph[SAMPLER]["inputs"]["seed"] for each in (first, second)]
    assert kept.pictures[0].seed != kept.pictures[1].seed


async def test_tells_no_seed_where_the_graph_has_its_own(server: ComfyUIServer) -> None:
    kept = Kept()
    async with comfyui(server, generating("seed")) as engine:
        assert not engine.capabilities().seed
        await engine.generate(fox(), kept.run())

    assert kept.pictures[0].seed is None
    assert inputs(server, SAMPLER)["seed"] == 1


async def test_stores_its_handle_before_it_sends_the_prompt(server: ComfyUIServer) -> None:
    kept = Kept(when_submitted=lambda: sent.append(len(server.calls())))
    sent: list[int] = []
    async with comfyui(server) as engine:
        await engine.generate(fox(), kept.run())

    assert sent == [0]
    assert json.loads(kept.handles[0])["id"] == server.submitted[0].id
    assert len(kept.handles[0]) < 200


async def test_hands_over_no_more_than_asked_and_only_what_was_saved(server: ComfyUIServer) -> None:
    doubled = graph() | {
        "20": {"class_type": "PreviewImage", "inputs": {"images": [DECODE, 0]}},
        "1": {"class_type": "SaveImage", "inputs": {"images": [DECODE, 0], "filename_prefix": "second"}},
    }
    kept = Kept()
    async with comfyui(server, changed(doubled)) as engine:
        await engine.generate(fox(), kept.run())
        await engine.generate(fox(count=2), kept.run())

    names = [call.query["filename"] for call in server.calls("GET /view")]
    assert names == ["easel_00001_.png", "easel_00002_.png", "easel_00003_.png"]  # the graph's order: 9 before 1


async def test_takes_what_a_graph_shows_where_it_saves_nothing(server: ComfyUIServer) -> None:
    shown = graph() | {SAVE: {"class_type": "PreviewImage", "inputs": {"images": [DECODE, 0]}}}
    kept = Kept()
    async with comfyui(server, changed(shown)) as engine:
        await engine.generate(fox(), kept.run())

    assert server.calls("GET /view")[0].query["type"] == "temp"
    assert kept.images[0].size == (64, 64)


async def test_runs_a_graph_of_more_than_a_megabyte(server: ComfyUIServer) -> None:
    huge = graph() | {
        str(number): {"class_type": "CLIPTextEncode", "inputs": {"text": "x" * 1000, "clip": [CHECKPOINT, 1]}}
        for number in range(1000, 2000)
    }
    kept = Kept()
    async with comfyui(server, changed(huge)) as engine:
        await engine.generate(fox(), kept.run())

    assert len(kept.pictures) == 1
    assert len(server.submitted[0].graph) == len(huge)


async def test_draws_two_at_once_each_its_own(server: ComfyUIServer) -> None:
    first, second = Kept(), Kept()
    async with comfyui(server) as engine:
        async with asyncio.TaskGroup() as group:
            group.create_task(engine.generate(fox(seed=1), first.run()))
            group.create_task(engine.generate(fox(seed=2, width=128), second.run()))

        assert len(server.machine.sockets.open) == 1
    assert [first.images[0].size, second.images[0].size] == [(64, 64), (128, 64)]
    assert first.progress[-1] == second.progress[-1] == 1.0


# ── editing ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_uploads_under_a_name_nobody_else_has_and_uses_the_one_it_is_given(server: ComfyUIServer) -> None:
    server.order(Reply.json(200, {"name": "other (1).png", "subfolder": "in", "type": "input"}), on="POST /upload")
    image = sample((64, 64))
    server.files.all[FileRef("other (1).png", "in", "input")] = as_input(image).data
    async with comfyui(server, both()) as engine:
        await engine.edit(night(image), Kept().run())
        assert inputs(server, IMAGE)["image"] == "in/other (1).png"

        await engine.edit(night(image, inputs=(as_input(image, "JPEG"),)), Kept().run())
    (upload,) = server.calls("POST /upload")[-1].uploads
    assert re.fullmatch(r"easel-[0-9a-f-]{36}\.jpg", upload.filename)
    assert inputs(server, IMAGE)["image"] == upload.filename
    assert upload.data == as_input(image, "JPEG").data


async def test_changes_as_strongly_as_asked_into_the_size_asked(server: ComfyUIServer) -> None:
    image, weak, strong = sample((64, 64)), Kept(), Kept()
    async with comfyui(server, both()) as engine:
        await engine.edit(night(image, strength=0.0, width=96), weak.run())
        await engine.edit(night(image, strength=1.0), strong.run())

    assert weak.images[0].size == (96, 64)
    assert not differ(weak.images[0], image.resize((96, 64)))
    assert differ(strong.images[0], image)


async def test_gives_pictures_to_their_nodes_and_the_last_to_those_left_over(server: ComfyUIServer) -> None:
    images = graph(EDIT) | {
        id_: {"class_type": "LoadImage", "inputs": {"image": "operator.png"}} for id_ in ("30", "31")
    }
    nodes = EDIT_NODES | {"image": at("image", IMAGE, "30", "31")}
    given = [as_input(sample((64, 64)).rotate(turn)) for turn in (0, 90, 180, 270)]
    async with comfyui(server, {"edit": changed(images, nodes)["generate"]}) as engine:
        assert engine.capabilities().max_inputs == 3
        await engine.edit(night(sample((64, 64)), inputs=tuple(given)), Kept().run())
        await engine.edit(night(sample((64, 64)), inputs=tuple(given[:2])), Kept().run())

    three, two = ([each.graph[id_]["inputs"]["image"] for id_ in (IMAGE, "30", "31")] for each in server.submitted)
    data = [call.uploads[0].data for call in server.calls("POST /upload")]
    assert len(set(three)) == 3
    assert two[0] != two[1] == two[2]
    assert data == [each.data for each in (*given[:3], *given[:2])]


async def test_everything_may_change_where_the_graph_has_a_mask_and_none_is_given(server: ComfyUIServer) -> None:
    image, kept = sample((64, 64)), Kept()
    async with comfyui(server, inpainting()) as engine:
        await engine.edit(night(image, strength=1.0), kept.run())

    mask = server.calls("POST /upload")[1].uploads[0]
    assert mask.pixels == image.size
    assert all(differ(kept.images[0].crop(part), image.crop(part)) for part in ((0, 0, 32, 64), (32, 0, 64, 64)))
