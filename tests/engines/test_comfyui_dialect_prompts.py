"""The local ComfyUI server against what was seen on the real one: what it refuses."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.comfyui_client import Client, client_of, small
from tests.support.comfyui_server import ComfyUIServer
from tests.support.comfyui_workflows import EDIT, IMAGE, SAMPLER, SAVE, graph

Change = Callable[[dict[str, Any]], object]


def inputs(nodes: dict[str, Any], node: str) -> dict[str, Any]:
    found: dict[str, Any] = nodes[node]["inputs"]
    return found


def refused(answer: tuple[int, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    status, body = answer
    assert status == 400, body
    assert set(body["error"]) == {"type", "message", "details", "extra_info"}
    return body["error"], body["node_errors"]


# ── prompts that are refused as a whole ─────────────────────────────────────────────────────────────────────────

UI_FORMAT = {"nodes": [{"id": 1, "type": "KSampler"}], "links": []}
WHOLE: list[tuple[Any, str, str]] = [
    ({}, "no_prompt", "No prompt provided"),
    ({"prompt": UI_FORMAT}, "invalid_prompt", "Node ID '#nodes'"),
    ({"prompt": {"1": {"inputs": {}}}}, "invalid_prompt", "Node ID '#1'"),
    ({"prompt": {"1": {"class_type": "Nope", "inputs": {}}}}, "invalid_prompt", "Node ID '#1'"),
    ({"prompt": {}}, "prompt_no_outputs", ""),
    ({"prompt": {"5": small()["5"]}}, "prompt_no_outputs", ""),
]


@pytest.mark.parametrize(("body", "type", "details"), WHOLE)
async def test_a_prompt_that_is_none(client: Client, body: Any, type: str, details: str) -> None:
    error, node_errors = refused(await client.post("/prompt", body))

    assert (error["type"], error["details"], node_errors) == (type, details, {})


@pytest.mark.parametrize(
    "body", [b"{", b"[]", json.dumps({"prompt": [1]}).encode(), b'{"prompt": {"last_node_id": 9}}']
)
async def test_what_is_no_prompt_at_all_is_an_error_in_text(client: Client, body: bytes) -> None:
    status, text = await client.post("/prompt", body)

    assert status == 500
    assert isinstance(text, str)


async def test_new_versions_name_missing_nodes_and_want_uuids() -> None:
    async with ComfyUIServer(version="0.38.1") as server, client_of(server) as client:
        nodes = small() | {"77": {"class_type": "Nope", "inputs": {}, "_meta": {"title": "My node"}}}
        missing, _ = refused(await client.post("/prompt", {"prompt": nodes}))
        nameless, _ = refused(await client.post("/prompt", {"prompt": {"1": {"inputs": {}}}}))
        ui_format, _ = await client.post("/prompt", {"prompt": UI_FORMAT})
        wrong, _ = refused(await client.post("/prompt", {"prompt": small(), "prompt_id": "mine"}))
        upper, _ = refused(await client.post("/prompt", {"prompt": small(), "prompt_id": str(uuid.uuid4()).upper()}))
        entry = await client.draw(small())

    assert missing["type"] == "missing_node_type"
    assert missing["extra_info"] == {"node_id": "77", "class_type": "Nope", "node_title": "My node"}
    assert nameless["message"].startswith("Node 'ID #1' has no class_type.")
    assert ui_format == 500
    assert wrong["type"] == upper["type"] == "invalid_prompt_id"
    assert entry["prompt"][3]["create_time"] > 1e12


# ── nodes that are refused ──────────────────────────────────────────────────────────────────────────────────────

NODES: list[tuple[Change, str, str, str]] = [
    (lambda nodes: inputs(nodes, SAMPLER).pop("steps"), SAMPLER, "required_input_missing", "steps"),
    (lambda nodes: inputs(nodes, SAMPLER).update(model=["4"]), SAMPLER, "bad_linked_input", "model"),
    (
        lambda nodes: inputs(nodes, SAMPLER).update(model=["4", 1]),
        SAMPLER,
        "return_type_mismatch",
        "model, received_type(CLIP) mismatch input_type(MODEL)",
    ),
    (lambda nodes: inputs(nodes, SAMPLER).update(steps="many"), SAMPLER, "invalid_input_type", "steps, many, "),
    (lambda nodes: inputs(nodes, SAMPLER).update(steps=0), SAMPLER, "value_smaller_than_min", "steps"),
    (lambda nodes: inputs(nodes, SAMPLER).update(seed=2**64), SAMPLER, "value_bigger_than_max", "seed"),
    (
        lambda nodes: inputs(nodes, SAMPLER).update(sampler_name="magic"),
        SAMPLER,
        "value_not_in_list",
        "sampler_name: 'magic' not in ['euler', ",
    ),
    (
        lambda nodes: inputs(nodes, "4").update(ckpt_name="x.safetensors"),
        "4",
        "value_not_in_list",
        "ckpt_name: 'x.safetensors' not in ['dreamshaper_8.safetensors', 'sd_xl_base_1.0.safetensors']",
    ),
    (lambda nodes: inputs(nodes, SAVE).update(images=["77", 0]), SAVE, "exception_during_validation", "'77'"),
    (lambda nodes: inputs(nodes, SAVE).update(images=["8", 5]), SAVE, "exception_during_validation", "tuple index"),
    (lambda nodes: nodes["8"].pop("inputs"), "8", "exception_during_inner_validation", "'inputs'"),
]


@pytest.mark.parametrize(("change", "node", "type", "details"), NODES)
async def test_a_node_that_is_wrong(client: Client, change: Change, node: str, type: str, details: str) -> None:
    nodes = small()
    change(nodes)
    error, node_errors = refused(await client.post("/prompt", {"prompt": nodes}))

    assert error["type"] == "prompt_outputs_failed_validation"
    assert list(node_errors) == [node]
    assert node_errors[node]["dependent_outputs"] == [SAVE]
    assert node_errors[node]["class_type"] == nodes[node]["class_type"]
    [reason] = node_errors[node]["errors"]
    assert reason["type"] == type
    assert reason["details"].startswith(details)


async def test_a_missing_picture_and_a_circle(client: Client) -> None:
    _, missing = refused(await client.post("/prompt", {"prompt": graph(EDIT, image="gone.png")}))
    circle = small()
    inputs(circle, SAMPLER)["latent_image"] = [SAMPLER, 0]
    error, node_errors = refused(await client.post("/prompt", {"prompt": circle}))
    async with ComfyUIServer(version="0.38.1") as server, client_of(server) as modern:
        _, named = refused(await modern.post("/prompt", {"prompt": circle}))

    assert missing[IMAGE]["errors"][0]["type"] == "custom_validation_failed"
    assert missing[IMAGE]["errors"][0]["details"] == "image - Invalid image file: gone.png"
    assert (error["type"], node_errors) == ("prompt_outputs_failed_validation", {})
    assert [reason["details"] for reason in named[SAMPLER]["errors"]] == ["3 (KSampler) -> 3 (KSampler)"]


async def test_long_lists_are_counted_and_received_values_told() -> None:
    async with (
        ComfyUIServer(models=tuple(f"{n}.safetensors" for n in range(21))) as server,
        client_of(server) as client,
    ):
        _, node_errors = refused(await client.post("/prompt", {"prompt": small(ckpt_name="x")}))

    [reason] = node_errors["4"]["errors"]
    assert reason["details"] == "ckpt_name: 'x' not in (list of length 21)"
    assert reason["extra_info"] == {"input_name": "ckpt_name", "input_config": None, "received_value": "x"}


async def test_one_good_output_is_enough(server: ComfyUIServer, client: Client) -> None:
    nodes = small() | {"90": {"class_type": "SaveImage", "inputs": {"images": ["8", 0]}}}
    status, answer = await client.post("/prompt", {"prompt": nodes, "client_id": "me"})

    assert status == 200
    assert answer["node_errors"]["90"]["errors"][0]["type"] == "required_input_missing"
    assert list((await server.finished(answer["prompt_id"]))["outputs"]) == [SAVE]


async def test_texts_become_numbers_and_the_rest_is_not_looked_at(client: Client) -> None:
    nodes = small(steps="2", seed="5", width="64")
    inputs(nodes, SAMPLER)["surplus"] = object.__name__
    nodes["50"] = {"class_type": "KSampler", "inputs": {}}  # reaches no output
    entry = await client.draw(nodes)

    assert entry["status"]["completed"]
    assert entry["prompt"][2][SAMPLER]["inputs"]["seed"] == 5
