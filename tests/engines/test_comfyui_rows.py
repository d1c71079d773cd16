"""A role in several nodes under several names, and values the operator fixes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.engines.comfyui.workflow import FixedInput, NodeInput, Places, Workflow, inputs
from bot.engines.registry import Registry
from bot.engines.testing import sample
from bot.errors import ConfigError
from bot.pictures.sandbox import Sandbox
from bot.settings.engines import EngineSettings
from tests.support.comfyui_engine import EDIT_NODES, INPAINT_NODES, Kept, as_input, at, changed, comfyui, fox, night
from tests.support.comfyui_server import ComfyUIServer
from tests.support.comfyui_workflows import EDIT, GENERATE, IMAGE, INPAINT, LATENT, MASK, PROMPT, SAMPLER, graph

TWO = graph() | {
    "20": {"class_type": "CLIPTextEncodeFlux", "inputs": {"clip_l": "", "t5xxl": "", "guidance": 3.5}},
    "21": {"class_type": "RandomNoise", "inputs": {"noise_seed": 0}},
}
ROWS: Places = {
    "prompt": (NodeInput((PROMPT,), "text"), NodeInput(("20",), "clip_l"), NodeInput(("20",), "t5xxl")),
    "seed": (NodeInput((SAMPLER,), "seed"), NodeInput(("21",), "noise_seed")),
}


def test_every_place_of_a_role_gets_the_value() -> None:
    workflow = Workflow.parse(json.dumps(TWO), ROWS)
    filled = workflow.fill({"prompt": "a fox", "seed": 7})

    assert filled.graph[PROMPT]["inputs"] == {"text": "a fox", "clip": ["4", 1]}
    assert filled.graph["20"]["inputs"] == {"clip_l": "a fox", "t5xxl": "a fox", "guidance": 3.5}
    assert filled.graph["21"]["inputs"] == {"noise_seed": 7}
    assert filled.written[("20", "t5xxl")] == "prompt"
    assert workflow.texts(filled.graph) == ["a fox"]
    assert workflow.own("seed") == 1


async def test_pictures_go_to_the_rows_in_their_order() -> None:
    images = graph(EDIT) | {"30": {"class_type": "LoadImageMask", "inputs": {"image": "x.png", "channel": "red"}}}
    nodes = EDIT_NODES | {"image": (NodeInput(("30",), "image"), NodeInput((IMAGE,), "image"))}
    given = [as_input(sample((64, 64)).rotate(turn)) for turn in (0, 90)]
    async with ComfyUIServer() as server, comfyui(server, {"edit": changed(images, nodes)["generate"]}) as engine:
        assert engine.capabilities().max_inputs == 2
        await engine.edit(night(sample((64, 64)), inputs=tuple(given)), Kept().run())
        uploads = {call.uploads[0].filename: call.uploads[0].data for call in server.calls("POST /upload")}
        names = [server.submitted[0].graph[id_]["inputs"]["image"] for id_ in ("30", IMAGE)]

    assert [uploads[name] for name in names] == [each.data for each in given]


async def test_fixed_values_stand_in_every_prompt() -> None:
    fixed = [FixedInput((SAMPLER,), "sampler_name", "heun"), FixedInput((SAMPLER,), "denoise", 0.5)]
    async with ComfyUIServer() as server, comfyui(server, changed(graph(), fixed=fixed)) as engine:
        await engine.generate(fox(), Kept().run())

    given = server.submitted[0].graph[SAMPLER]["inputs"]
    assert (given["sampler_name"], given["denoise"], given["steps"]) == ("heun", 0.5, 4)


def test_a_fixed_value_may_replace_a_link_and_put_a_mask_right() -> None:
    fixed = [FixedInput((MASK,), "channel", "alpha"), FixedInput(("11",), "image", "none")]
    text = json.dumps(graph(INPAINT, channel="red") | {"11": {"class_type": "Any", "inputs": {"image": ["10", 0]}}})

    loaded = Workflow.parse(text, INPAINT_NODES, fixed)

    assert inputs(loaded.graph[MASK])["channel"] == "alpha"
    assert loaded.graph["11"]["inputs"] == {"image": "none"}


@pytest.mark.parametrize(
    "nodes, fixed, mistake",
    [
        (
            {"prompt": (*at("text", PROMPT), *at("text", "60"))},
            [],
            "nodes.prompt: there is no node 60 in the graph; "
            "those with an input “text” are 6 (CLIPTextEncode), 7 (CLIPTextEncode)",
        ),
        (
            {"prompt": (*at("text", PROMPT), *at("text", "7", PROMPT))},
            [],
            "nodes.prompt: “text” of node 6 (CLIPTextEncode) is named twice",
        ),
        (
            {"prompt": at("text", PROMPT), "negative": (*at("text", "7"), *at("text", PROMPT))},
            [],
            "nodes.negative: “text” of node 6 (CLIPTextEncode) is the place for prompt already",
        ),
        ({"prompt": ()}, [], 'nodes.prompt: must say where the prompt goes, such as { ids = ["6"], key = "text" }'),
        (
            {"prompt": at("text", PROMPT)},
            [FixedInput(("5", "50"), "width", 64)],
            "fixed: there is no node 50 in the graph; those with an input “width” are 5 (EmptyLatentImage)",
        ),
        (
            {"prompt": at("text", PROMPT)},
            [FixedInput((LATENT,), "size", 64)],
            "fixed: node 5 (EmptyLatentImage) has no input “size”; it has width, height, batch_size",
        ),
        (
            {"prompt": at("text", PROMPT)},
            [FixedInput((PROMPT,), "text", "always this")],
            "fixed: “text” of node 6 (CLIPTextEncode) is the place for prompt already",
        ),
        (
            {"prompt": at("text", PROMPT)},
            [FixedInput((LATENT,), "width", 64), FixedInput((LATENT,), "width", 128)],
            "fixed: “width” of node 5 (EmptyLatentImage) is named twice",
        ),
    ],
)
def test_says_which_row_is_wrong(nodes: Places, fixed: Sequence[FixedInput], mistake: str) -> None:
    with pytest.raises(ValueError) as caught:
        Workflow.parse(json.dumps(graph()), nodes, fixed)

    assert str(caught.value) == mistake


# ── as it is configured ─────────────────────────────────────────────────────────────────────────────────────────


def configured(nodes: dict[str, Any], fixed: object = (), **more: Any) -> EngineSettings:
    """The settings of an engine with one workflow."""
    workflow = {"file": str(GENERATE), "nodes": nodes, "fixed": fixed}
    value = {"type": "comfyui", "urls": ["http://127.0.0.1:9"], "workflows": {"generate": workflow}}
    return EngineSettings.model_validate(value | more)


async def test_the_settings_rows_and_defaults_reach_the_engine() -> None:
    rows = {
        "prompt": [{"ids": [PROMPT], "key": "text"}, {"ids": ["7"], "key": "text"}],
        "steps": {"ids": [SAMPLER], "key": "steps"},
        "sampler": {"ids": [SAMPLER], "key": "sampler_name"},
        "scheduler": {"ids": [SAMPLER], "key": "scheduler"},
    }
    async with ComfyUIServer() as server, Sandbox() as sandbox:
        settings = configured(
            rows, {"ids": [LATENT], "key": "width", "value": 64}, urls=[server.url], steps=2, scheduler="karras"
        )
        engines = Registry.build({"home": settings}, sandbox)
        await engines.get("home").generate(fox(), Kept().run())
        await engines.aclose()

    sent = server.submitted[0].graph
    assert [sent[id_]["inputs"]["text"] for id_ in (PROMPT, "7")] == ["a red fox"] * 2
    assert sent[LATENT]["inputs"]["width"] == 64
    assert {**sent[SAMPLER]["inputs"], "steps": 2, "scheduler": "karras"} == sent[SAMPLER]["inputs"]


@pytest.mark.parametrize(
    "more, problem",
    [
        ({"fixed": {"ids": ["50"], "key": "width", "value": 64}}, "workflows.generate.fixed: there is no node 50"),
        ({"steps": 5}, "steps: no workflow has a place for it; say which in nodes.steps"),
        ({"sampler": "euler"}, "sampler: no workflow has a place for it"),
        ({"edit_model": "x"}, "edit_model: a workflow has its own values"),
    ],
)
async def test_a_mistake_in_the_settings_is_one_line(more: dict[str, Any], problem: str) -> None:
    async with Sandbox() as sandbox:
        with pytest.raises(ConfigError) as caught:
            Registry.build({"home": configured({"prompt": {"ids": [PROMPT], "key": "text"}}, **more)}, sandbox)

    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"engines.home.{problem}")


def test_what_is_read_is_independent_of_where_the_file_is(tmp_path: Path) -> None:
    copied = tmp_path / "flux.json"
    copied.write_text(json.dumps(TWO), "utf-8")

    assert Workflow.load(copied, ROWS).graph == TWO
