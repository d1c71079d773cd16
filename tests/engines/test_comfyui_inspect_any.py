"""Mappings for anything that may be in a file: circles, endless chains, what no one would draw with."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.engines.comfyui.mapping import propose
from bot.engines.comfyui.proposal import Proposal
from bot.engines.comfyui.tracing import clean
from bot.engines.comfyui.workflow import NodeInput, Workflow
from tests.support.comfyui_known import Graph, known, node


def test_links_in_a_circle_end() -> None:
    graph = known(
        "sd15",
        n6=node("CLIPTextEncode", text=["6", 0]),
        n7=node("ConditioningCombine", conditioning_1=["7", 0], conditioning_2=["7", 0]),
        n5=node("LatentUpscale", samples=["3", 0]),
        n4=node("LoraLoader", model=["4", 0]),
    )
    graph["3"]["inputs"] |= {"seed": ["22", 0]}
    graph["22"] = node("PrimitiveInt", value=["22", 0])

    assert {row.role for row in propose(graph).rows} == {"steps", "guidance", "sampler", "scheduler"}


def test_large_graphs_end() -> None:
    """Chains longer than a walk goes, and hundreds of samplers, each behind the next."""
    graph: Graph = {"0": node("CheckpointLoaderSimple", ckpt_name="x.safetensors")}
    for number in range(1, 5_000):
        before = [str(number - 1), 0]
        graph[str(number)] = node(
            "KSampler", seed=1, steps=number, positive=before, negative=before, model=before, latent_image=before
        )
    graph["5000"] = node("SaveImage", images=["4999", 0], filename_prefix="x")

    assert len(propose(graph).samplers) == 24


def test_names_from_a_file_cannot_write_to_the_terminal() -> None:
    assert clean("\x1b[31mred\x1b[0m\nnext\u202eback") == "[31mred [0m next back"
    assert clean("x" * 100, 10) == "x" * 9 + "…"
    assert clean(None) == "None"


KEYS = st.sampled_from(
    [
        *("model", "positive", "negative", "guider", "latent_image", "samples", "pixels", "image", "images", "mask"),
        *("conditioning", "sigmas", "noise", "sampler", "text", "clip_l", "prompt", "string_a", "value", "any_01"),
        *("seed", "noise_seed", "steps", "cfg", "denoise", "width", "height", "batch_size", "guidance", "channel"),
        *("sampler_name", "scheduler", "ckpt_name", "vae", "control_net", "amount", "empty_latent_width", "x"),
    ]
)
LINKS: st.SearchStrategy[Any] = st.tuples(st.sampled_from("012345"), st.integers(0, 3)).map(list)
VALUES: st.SearchStrategy[Any] = (
    LINKS
    | LINKS
    | st.sampled_from([1, 7, 0.5, "a fox", "blur", "x.png", "alpha", True, None, {}])
    | st.lists(st.none())
)
KINDS = st.sampled_from(
    [
        *("KSampler", "CLIPTextEncode", "SaveImage", "PreviewImage", "LoadImage", "LoadImageMask", "VAEEncode"),
        *("ConditioningZeroOut", "InvertMask", "ImageToMask", "VAEEncodeForInpaint", "RepeatLatentBatch", "ShowText"),
    ]
)
GRAPHS = st.dictionaries(
    st.sampled_from("012345"),
    st.fixed_dictionaries(
        {"class_type": KINDS | st.text(max_size=3), "inputs": st.dictionaries(KEYS, VALUES, max_size=9)}
    ),
    min_size=1,
)


def _loads(graph: Any, proposal: Proposal) -> None:
    nodes: dict[str, list[NodeInput]] = {}
    for row in proposal.rows:
        nodes.setdefault(row.role, []).append(NodeInput(row.ids, row.key))
    Workflow.parse(json.dumps(graph), nodes)


@given(GRAPHS)
def test_every_mapping_with_a_prompt_can_be_loaded(graph: Any) -> None:
    proposal = propose(graph)

    if proposal.of("prompt"):
        _loads(graph, proposal)
    else:
        assert proposal.problems
    assert all(str(each.words) for each in proposal.remarks)
