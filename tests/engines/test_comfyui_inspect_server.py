"""Workflows compared with what a ComfyUI server has: what is missing there, and what to do about it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.engines.comfyui.client import Client
from bot.engines.comfyui.inspecting import compared
from bot.engines.comfyui.mapping import propose
from bot.engines.comfyui.proposal import Proposal
from bot.net.client import Http
from bot.net.guard import Guard
from tests.support import comfyui_faults as faults
from tests.support.comfyui_known import Graph, known, node, told
from tests.support.comfyui_server import MODELS, ComfyUIServer
from tests.support.serving_calls import Reply


@pytest.fixture(params=["0.3.64", "0.38.1"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[ComfyUIServer]:
    async with ComfyUIServer(version=request.param) as server:
        yield server


async def looked_at(server: ComfyUIServer, graph: Graph) -> Proposal:
    """Compare a graph with the server."""
    http = Http(server.url, Guard(private=True))
    try:
        return await compared(Client(http), graph, propose(graph))
    finally:
        await http.aclose()


async def problems(server: ComfyUIServer, graph: Graph) -> list[str]:
    return [str(problem) for problem in (await looked_at(server, graph)).problems]


def says(kind: str, required: dict[str, Any], **more: Any) -> Reply:
    """What a server says of a class of nodes."""
    info = {"input": {"required": required}, "output": ["IMAGE"], "output_node": False, **more}
    return Reply.json(200, {kind: info})


@pytest.mark.parametrize("name", ["sd15", "img2img", "img2img_repeated", "inpaint_grey"])
async def test_nothing_is_said_of_what_the_server_can_run(server: ComfyUIServer, name: str) -> None:
    graph = known(name)

    assert await looked_at(server, graph) == propose(graph)
    assert server.calls() == []


async def test_names_missing_classes_and_their_nodes(server: ComfyUIServer) -> None:
    assert await problems(server, known("lora_chain")) == [
        "The server does not know the class LoraLoader (node 11, 12). Install the node pack that brings it (in "
        "ComfyUI: Manager → Install Missing Custom Nodes), or update ComfyUI."
    ]


@pytest.mark.parametrize(
    "wanted, near",
    [
        ("Dreamshaper_8_pruned.safetensors", MODELS[0]),
        ("SDXL\\sd_xl_base_1.0.safetensors", MODELS[1]),
    ],
)
async def test_names_missing_models_and_the_nearest(server: ComfyUIServer, wanted: str, near: str) -> None:
    assert await problems(server, told("sd15", "4", ckpt_name=wanted)) == [
        f"Node 4 (CheckpointLoaderSimple) needs the file “{wanted}” (ckpt_name), which the server does not have. Put "
        f"it there, or choose another; the nearest is “{near}”."
    ]


async def test_a_server_without_models_is_told_so() -> None:
    async with ComfyUIServer(models=()) as server:
        (problem,) = await problems(server, known("sd15"))

    assert problem.endswith(
        "but the server has no file of this kind at all. Put it into the folder for it, and reload ComfyUI's page."
    )


async def test_names_other_values_that_are_in_no_list(server: ComfyUIServer) -> None:
    assert await problems(server, told("sd15", "3", sampler_name="dpmpp_2m_sd", scheduler="karas")) == [
        "Node 3 (KSampler) has “dpmpp_2m_sd” for sampler_name, which this server does not know; the nearest is "
        "“dpmpp_2m_sde”.",
        "Node 3 (KSampler) has “karas” for scheduler, which this server does not know; the nearest is “karras”.",
    ]


async def test_names_numbers_out_of_range(server: ComfyUIServer) -> None:
    assert await problems(server, told("sd15", "3", steps=0, denoise=1.5)) == [
        "steps of node 3 (KSampler) is 0; the server takes 1 and more.",
        "denoise of node 3 (KSampler) is 1.5; the server takes 1.0 and less.",
    ]


async def test_names_links_that_do_not_fit(server: ComfyUIServer) -> None:
    saved = node("SaveImage", images=["3", 0], filename_prefix="x")
    graph = known("sd15", n20=saved)
    graph["8"]["inputs"]["vae"] = ["4", 3]

    assert await problems(server, graph) == [
        "“vae” of node 8 (VAEDecode) comes from an output that node 4 (CheckpointLoaderSimple) does not have. Connect "
        "it again.",
        "“images” of node 20 (SaveImage) takes IMAGE, but what comes from node 3 (KSampler) is LATENT. Connect it "
        "again.",
    ]


async def test_nodes_that_lead_nowhere_need_not_be_right(server: ComfyUIServer) -> None:
    assert await problems(server, known("sd15", n20=node("VAEDecode", samples=["4", 0]))) == []


async def test_names_inputs_the_server_wants_and_the_file_lacks(server: ComfyUIServer) -> None:
    graph = known("sd15")
    del graph["3"]["inputs"]["scheduler"]

    assert await problems(server, graph) == [
        "Node 3 (KSampler) says nothing for “scheduler”, which this server wants to know. Open the workflow in that "
        "ComfyUI, and export it again."
    ]


async def test_pictures_easel_brings_need_not_be_there_and_others_do(server: ComfyUIServer) -> None:
    control = node("LoadImage", image="pose.png")
    graph = known("img2img", n20=control, n21=node("PreviewImage", images=["20", 0]))

    assert await problems(server, graph) == [
        "Node 20 (LoadImage) loads the picture “pose.png”, which is not on the server. Upload it there, or map the "
        "node as image."
    ]
    for elsewhere in ("poses/pose.png", "pose.png [output]"):
        graph["20"]["inputs"]["image"] = elsewhere
        assert await problems(server, graph) == []


async def test_a_workflow_that_saves_nothing_here_is_told(server: ComfyUIServer) -> None:
    server.order(says("Uploader", {"images": ["IMAGE"]}), on="GET /object_info/Uploader")

    assert await problems(server, known("sd15", n9=node("Uploader", images=["8", 0]))) == [
        "No node of this workflow saves a picture on this server. Add a SaveImage node and export it again."
    ]


async def test_paid_nodes_are_told(server: ComfyUIServer) -> None:
    server.order(
        says("OpenAIGPTImage1", {"prompt": ["STRING", {}]}, api_node=True), on="GET /object_info/OpenAIGPTImage1"
    )
    proposal = await looked_at(server, known("api_node"))

    assert proposal.problems == ()
    assert str(proposal.remarks[-1].words) == (
        "Node 1 (OpenAIGPTImage1) has its work done by Comfy.org for money: the engine needs comfy_org_key."
    )


async def test_leaves_alone_what_a_server_makes_other_inputs_of(server: ComfyUIServer) -> None:
    required = {
        "images": ["COMFY_AUTOGROW_V3", {"template": {}}],
        "mode": ["COMFY_DYNAMICCOMBO_V3", {"options": []}],
        "any": ["*"],
        "either": ["STRING,IMAGE", {}],
        "remote": ["COMBO", {"remote": {"route": "/x"}, "options": []}],
        "sides": [[512, 1024], {}],
    }
    odd = node("Odd", any=["4", 0], either=["8", 0], remote="x", sides=512)
    server.order(says("Odd", required), on="GET /object_info/Odd")

    assert (
        await problems(
            server, known("sd15", n9=None, n20=odd, n21=node("SaveImage", images=["20", 0], filename_prefix="x"))
        )
        == []
    )


@pytest.mark.parametrize(
    "info", [{}, {"input": None}, {"input": {"required": [1]}}, {"input": {"required": {"seed": 7}}}]
)
async def test_answers_of_another_shape_say_nothing(server: ComfyUIServer, info: dict[str, Any]) -> None:
    server.order(Reply.json(200, {"KSampler": info}), on="GET /object_info/KSampler")

    assert await problems(server, known("sd15")) == []


@pytest.mark.parametrize(
    "reply, trouble",
    [
        (
            faults.UNAUTHORIZED,
            "it refuses the credentials (HTTP 401). Look at auth, api_key, headers and query of the engine.",
        ),
        (faults.NOT_FOUND, "it answers with HTTP 404. Is the address right?"),
        (Reply.text(200, "<html>Welcome to nginx</html>"), "what answers is not ComfyUI. Is the address right?"),
    ],
    ids=["401", "404", "200"],
)
async def test_says_what_answered_instead(server: ComfyUIServer, reply: Reply, trouble: str) -> None:
    server.order(reply, on="GET /object_info")

    assert await problems(server, known("sd15")) == [f"The workflow was not compared with the server: {trouble}"]


async def test_says_that_nobody_answered(server: ComfyUIServer) -> None:
    async with server.down():
        (problem,) = await problems(server, known("sd15"))

    assert problem.startswith("The workflow was not compared with the server: no answer (")
