"""Graphs and their mapping: what is refused when they are loaded, and what an engine can do with them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engines.base import Capabilities, InputRule
from bot.engines.comfyui.engine import ComfyUIEngine
from bot.engines.comfyui.workflow import Places, Workflow, renamed
from bot.net.client import Http
from bot.net.guard import Guard
from bot.sizes import SizeRule
from tests.support.comfyui_engine import (
    EDIT_NODES,
    GENERATE_NODES,
    INPAINT_NODES,
    at,
    both,
    generating,
    inpainting,
    workflow,
)
from tests.support.comfyui_workflows import EDIT, GENERATE, INPAINT, PROMPT, SAMPLER, SAVE, graph

EXPORT = (
    "in ComfyUI choose File → Export (API); older versions: switch on the dev mode options in the settings, then "
    "“Save (API Format)”"
)
NO_IMAGE = "workflows.edit_2.nodes.image: must say which node takes the picture to change"
PROMPT_NODE = {"prompt": at("text", PROMPT)}

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=15,
)


def engine(workflows: Mapping[str, Workflow], **options: Any) -> ComfyUIEngine:
    """An engine that is never asked to draw."""
    return ComfyUIEngine("comfy", Http("http://127.0.0.1:9", Guard(private=True)), workflows=workflows, **options)


# ── loading ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path, nodes", [(GENERATE, GENERATE_NODES), (EDIT, EDIT_NODES), (INPAINT, INPAINT_NODES)])
def test_loads_a_graph_as_it_stands_in_the_file(path: Path, nodes: Places) -> None:
    loaded = Workflow.load(path, nodes)

    assert loaded.graph == graph(path)
    assert list(loaded.graph) == list(graph(path))


@pytest.mark.parametrize(
    "text, mistake",
    [
        ("", "file: this is not JSON (line 1)"),
        ('{\n"3": }', "file: this is not JSON (line 2)"),
        ("[" * 100_000, "file: this is nested too deeply to be a workflow"),
        ("[]", f"file: this is no workflow in the API format; {EXPORT}"),
        ("{}", f"file: this is no workflow in the API format; {EXPORT}"),
        ("7", f"file: this is no workflow in the API format; {EXPORT}"),
        (
            '{"last_node_id": 9, "nodes": [], "links": [], "version": 0.4}',
            f"file: this is a workflow as ComfyUI's page saves it; export it for the API: {EXPORT}",
        ),
        (
            '{"prompt": {"3": {"class_type": "KSampler", "inputs": {}}}}',
            f"file: “prompt” in this is no node, so it is no workflow in the API format; {EXPORT}",
        ),
        (
            '{"3": {"class_type": 5, "inputs": {}}}',
            f"file: “3” in this is no node, so it is no workflow in the API format; {EXPORT}",
        ),
        ('{"3": {"class_type": "KSampler"}}', "file: node 3 (KSampler) in this has no inputs, not even an empty table"),
    ],
)
def test_says_what_is_wrong_with_a_file(text: str, mistake: str) -> None:
    with pytest.raises(ValueError) as caught:
        Workflow.parse(text, PROMPT_NODE)

    assert str(caught.value) == mistake


def test_says_which_file_it_cannot_read(tmp_path: Path) -> None:
    missing, binary, large = tmp_path / "missing.json", tmp_path / "picture.png", tmp_path / "large.json"
    binary.write_bytes(b"\x89PNG\xff\xfe")
    with large.open("wb") as file:
        file.truncate(16 * 2**20 + 1)

    for path, mistake in (
        (missing, f"file: there is no {missing}"),
        (tmp_path, f"file: {tmp_path} cannot be read: Is a directory"),
        (binary, f"file: {binary} is not JSON"),
        (large, f"file: {large} is larger than 16 MB, so it is no workflow"),
    ):
        with pytest.raises(ValueError) as caught:
            Workflow.load(path, PROMPT_NODE)
        assert str(caught.value) == mistake


def test_reads_a_file_that_windows_wrote(tmp_path: Path) -> None:
    path = tmp_path / "workflow_api.json"
    path.write_text("\ufeff" + GENERATE.read_text("utf-8"), "utf-8")

    assert Workflow.load(path, PROMPT_NODE).graph == graph()


def test_reads_numbers_that_are_none() -> None:
    text = json.dumps(graph() | {"30": {"class_type": "Any", "inputs": {}, "is_changed": [float("nan")]}})

    assert Workflow.parse(text, PROMPT_NODE).graph["30"]["is_changed"] == [None]


@pytest.mark.parametrize(
    "nodes, mistake",
    [
        ({}, 'nodes.prompt: must say where the prompt goes, such as { ids = ["6"], key = "text" }'),
        (
            {"prompt": at("text", "6", "60")},
            "nodes.prompt: there is no node 60 in the graph; "
            "those with an input “text” are 6 (CLIPTextEncode), 7 (CLIPTextEncode)",
        ),
        (
            PROMPT_NODE | {"negative": at("text", "7", "6")},
            "nodes.negative: “text” of node 6 (CLIPTextEncode) is the place for prompt already",
        ),
        (
            PROMPT_NODE | {"seed": at("noise_seed", "1")},
            "nodes.seed: there is no node 1 in the graph; none has an input “noise_seed”",
        ),
        (
            PROMPT_NODE | {"seed": at("noise_seed", SAMPLER)},
            "nodes.seed: node 3 (KSampler) has no input “noise_seed”; it has seed, steps, cfg, sampler_name, "
            "scheduler, denoise, model, positive, negative, latent_image",
        ),
    ],
)
def test_says_what_is_wrong_with_a_mapping(nodes: Places, mistake: str) -> None:
    with pytest.raises(ValueError) as caught:
        Workflow.load(GENERATE, nodes)

    assert str(caught.value) == mistake


def test_wants_masks_to_be_read_from_the_alpha_channel() -> None:
    text = json.dumps(graph(INPAINT, channel="red"))

    with pytest.raises(ValueError) as caught:
        Workflow.parse(text, INPAINT_NODES)

    assert str(caught.value) == (
        "nodes.mask: node 15 (LoadImageMask) reads the channel “red”; Easel's masks are in the alpha channel, so "
        "choose “alpha” there"
    )
    Workflow.parse(text, {role: node for role, node in INPAINT_NODES.items() if role != "mask"})


@given(JSON_VALUES)
def test_never_takes_anything_else_for_a_graph(value: object) -> None:
    with pytest.raises(ValueError, match=r"^(file|nodes\.prompt): "):
        Workflow.parse(json.dumps(value), PROMPT_NODE)


# ── filling ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_fills_a_copy() -> None:
    loaded = workflow(GENERATE, GENERATE_NODES)
    filled = loaded.fill({"prompt": "a fox", "seed": 0, "steps": None, "mask": "no such role here"})

    assert filled.graph[SAMPLER]["inputs"] == {**graph()[SAMPLER]["inputs"], "seed": 0}
    assert filled.written == {(PROMPT, "text"): "prompt", (SAMPLER, "seed"): "seed"}
    assert loaded.graph == graph()
    assert list(filled.graph) == list(graph())


def test_gives_all_nodes_of_a_role_the_same_value() -> None:
    loaded = workflow(GENERATE, {"prompt": at("text", "6", "7")})
    filled = loaded.fill({"prompt": "a fox"})

    assert [filled.graph[id_]["inputs"] for id_ in ("6", "7")] == [{"clip": ["4", 1], "text": "a fox"}] * 2
    assert loaded.texts(filled.graph) == ["a fox"]


def test_changes_the_names_of_all_files_a_graph_saves() -> None:
    two = graph() | {"20": {"class_type": "SaveImage", "inputs": {"images": ["8", 0], "filename_prefix": "b/c"}}}

    changed = renamed(two, "x1")

    assert changed is not None
    assert [changed[id_]["inputs"] for id_ in (SAVE, "20")] == [
        {"images": ["8", 0], "filename_prefix": "easel_x1"},
        {"images": ["8", 0], "filename_prefix": "b/c_x1"},
    ]
    assert changed[SAMPLER] is two[SAMPLER]
    assert renamed({SAVE: {"class_type": "PreviewImage", "inputs": {"images": ["8", 0]}}}, "x1") is None


# ── what an engine makes of it ──────────────────────────────────────────────────────────────────────────────────


BASIC = Capabilities(
    sizes=SizeRule(default=(512, 512)),
    inputs=InputRule(max_bytes=100_000_000),
    progress=True,
    preview=True,
    cancel=True,
    resumable=True,
    free=True,
)


@pytest.mark.parametrize(
    "workflows, expected",
    [
        (generating(*GENERATE_NODES.keys() - {"prompt"}), {"sizes": SizeRule(), "size": False}),
        (generating(), {"max_count": 4, "seed": True, "steps": True, "guidance": True, "negative": True}),
        (generating("count", "steps", "guidance"), {"seed": True, "negative": True}),
        (
            both(),
            {"edit": True, "max_count": 4, "strength": True}
            | dict.fromkeys(("seed", "steps", "guidance", "negative"), True),
        ),
        (
            inpainting(),
            {"edit": True, "mask": True, "strength": True}
            | {"inputs": InputRule(max_bytes=100_000_000, needs_mask=True)}
            | dict.fromkeys(("seed", "steps", "guidance", "negative"), True),
        ),
        (
            {"edit": workflow(EDIT, EDIT_NODES, "strength", "negative", "count")},
            {"generate": False, "edit": True, "sizes": SizeRule(), "seed": True, "steps": True, "guidance": True},
        ),
    ],
)
def test_can_do_what_its_graphs_have_a_place_for(workflows: dict[str, Workflow], expected: dict[str, object]) -> None:
    assert engine(workflows).capabilities("any") == BASIC.corrected(expected)


def test_draws_in_the_graphs_own_size_where_none_is_asked() -> None:
    drawn = Workflow.parse(json.dumps(graph(width=832, height=1220)), GENERATE_NODES)

    assert engine({"generate": drawn}).capabilities().sizes.default == (832, 1216)
    wrong = Workflow.parse(json.dumps(graph(width=True, height="1024")), GENERATE_NODES)
    assert engine({"generate": wrong}).capabilities().sizes == SizeRule()


def test_the_operator_knows_better() -> None:
    can = engine(generating(), corrections={"free": False, "max_count": 2}).capabilities()

    assert (can.free, can.max_count, can.seed) == (False, 2, True)


@pytest.mark.parametrize(
    "workflows, options, mistake",
    [
        ({}, {}, "workflows: must hold one called generate, or edit, or both"),
        (
            {"other": generating()["generate"], "more": both()["edit"]},
            {},
            "workflows: must hold one called generate, or edit, or both, or model must name one of other, more",
        ),
        ({"generate": generating()["generate"], "edit_2": generating()["generate"]}, {}, NO_IMAGE),
        ({"edit": generating()["generate"]}, {}, NO_IMAGE.replace("edit_2", "edit")),
        (
            generating(),
            {"defaults": {"sampler": "euler"}},
            "sampler: no workflow has a place for it; say which in nodes.sampler",
        ),
        (
            generating("model"),
            {"model": "x.safetensors"},
            "model: no workflow has a place for it; say which in nodes.model",
        ),
        (
            both(),
            {"corrections": {"seed": True, "mask": True}},
            "supports.mask: no workflow has a place for that; add it to its nodes",
        ),
        (
            both(),
            {"corrections": {"max_inputs": 2}},
            "supports.max_inputs: no workflow has a place for that; add it to its nodes",
        ),
    ],
)
def test_says_what_it_cannot_work_with(workflows: dict[str, Workflow], options: dict[str, Any], mistake: str) -> None:
    with pytest.raises(ValueError) as caught:
        engine(workflows, **options)

    assert str(caught.value) == mistake
