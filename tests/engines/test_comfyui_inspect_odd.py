"""Mappings for graphs that go their own ways: nodes of many packs between the usual ones, and what cannot be known."""

from __future__ import annotations

from typing import Any

import pytest

from bot.engines.comfyui.mapping import propose
from tests.support.comfyui_known import Graph, known, node, told


def places(graph: Graph, role: str) -> list[str]:
    return [f"{place.node}.{place.key}" for row in propose(graph).of(role) for place in row.places]


def remarks(graph: Graph) -> list[str]:
    return [str(remark.words) for remark in propose(graph).remarks]


def offered(graph: Graph, role: str) -> list[str]:
    """Return the places that could be a role's instead."""
    rows = [row for remark in propose(graph).remarks for row in remark.others if row.role == role]
    return [f"{place.node}.{place.key}" for row in rows for place in row.places]


def encode(text: object, **more: Any) -> dict[str, Any]:
    return node("CLIPTextEncode", text=text, clip=["4", 1], **more)


# ── words ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "nodes, prompt, negative",
    [
        (  # a styler that gives both
            {
                "n6": encode(["20", 0]),
                "n7": encode(["20", 1]),
                "n20": node(
                    "SDXLPromptStyler", text_positive="a fox", text_negative="blur", style="base", log_prompt="No"
                ),
            },
            ["20.text_positive"],
            ["20.text_negative"],
        ),
        (  # texts that are shown on their way
            {
                "n6": encode(["20", 0]),
                "n20": node("ShowText|pysssss", text=["21", 0], text_0="what was shown"),
                "n21": node("Text Multiline", text="a fox"),
            },
            ["21.text"],
            ["7.text"],
        ),
        (  # a language model that writes the prompt
            {
                "n6": encode(["20", 0]),
                "n20": node("OllamaGenerate", prompt="a fox", system_prompt="You write prompts.", model="gemma"),
            },
            ["20.prompt"],
            ["7.text"],
        ),
        (  # a primitive for both texts of an encoder
            {
                "n6": node("CLIPTextEncodeFlux", clip_l=["20", 0], t5xxl=["20", 0], guidance=3.5, clip=["4", 1]),
                "n20": node("PrimitiveString", value="a fox"),
            },
            ["20.value"],
            ["7.text"],
        ),
        (  # through a switch
            {
                "n3": told("sd15", "3", positive=["20", 0])["3"],
                "n20": node("Any Switch (rgthree)", any_01=["6", 0]),
            },
            ["6.text"],
            ["7.text"],
        ),
        (  # through a node of no known kind
            {"n6": encode(["20", 0]), "n20": node("Mystery", thing=["21", 0]), "n21": node("Words", string="a fox")},
            ["21.string"],
            ["7.text"],
        ),
    ],
    ids=["styler", "shown", "language model", "primitive", "switch", "mystery"],
)
def test_finds_the_words(nodes: dict[str, dict[str, Any]], prompt: list[str], negative: list[str]) -> None:
    graph = known("sd15", **nodes)

    assert (places(graph, "prompt"), places(graph, "negative")) == (prompt, negative)


def test_a_context_that_carries_everything_is_looked_through() -> None:
    graph = told("sd15", "3", model=["20", 1], positive=["20", 4], negative=["20", 5], latent_image=["20", 6]) | known(
        "sd15",
        n3=None,
        n20=node("Context (rgthree)", model=["4", 0], positive=["6", 0], negative=["7", 0], latent=["5", 0]),
    )

    assert [places(graph, role) for role in ("prompt", "negative", "model", "width")] == [
        ["6.text"],
        ["7.text"],
        ["4.ckpt_name"],
        ["5.width"],
    ]


def test_a_default_title_decides_nothing() -> None:
    graph = known("face_detailer")
    graph["6"]["_meta"]["title"] = "Scene"
    graph["22"]["_meta"]["title"] = "CLIP Text Encode (Prompt)"

    assert places(graph, "prompt") == ["6.text"]


def test_titles_decide_which_of_two_texts_is_the_prompt() -> None:
    graph = known("two_positives")
    graph["20"]["_meta"]["title"] = "Prompt"

    assert places(graph, "prompt") == ["20.text"]
    assert offered(graph, "prompt") == ["6.text"]


def test_encoders_that_say_the_same_get_the_same() -> None:
    graph = known("two_positives")
    graph["20"]["inputs"]["text"] = graph["6"]["inputs"]["text"]

    assert places(graph, "prompt") == ["6.text", "20.text"]
    assert remarks(graph) == []


def test_a_text_that_cannot_be_found_is_told() -> None:
    graph = known("sd15", n6=node("LoadConditioning", name="fox"))
    proposal = propose(graph)

    assert places(graph, "prompt") == []
    assert remarks(graph) == [
        "The text of 3 (KSampler) could not be followed further than node 6 (LoadConditioning), which Easel does not "
        "know."
    ]
    assert [str(each).split(".")[0] for each in proposal.problems] == ["Nothing in this workflow takes a prompt"]


def test_a_guider_is_asked_for_both_texts_and_the_guidance() -> None:
    guider = node("CFGGuider", cfg=4.0, model=["30", 0], positive=["26", 0], negative=["7", 0])
    graph = known("flux_dev", n22=guider, n7=node("CLIPTextEncode", text="blur", clip=["11", 0]))

    assert places(graph, "negative") == ["7.text"]
    assert places(graph, "guidance") == ["26.guidance"]
    assert remarks(graph) == ["Node 22 (CFGGuider) has a guidance too; it keeps 4.0."]
    assert offered(graph, "guidance") == ["22.cfg"]


# ── numbers and names ───────────────────────────────────────────────────────────────────────────────────────────


def test_what_another_node_decides_is_told() -> None:
    maths = node("SimpleMath+", value="a*2", a=["21", 0], b=["22", 0])
    graph = told("sd15", "3", steps=["20", 0]) | {"20": maths, "21": node("Int", value=4), "22": node("Int", value=3)}

    assert places(graph, "steps") == []
    assert remarks(graph) == ["The steps cannot be chosen: node 20 (SimpleMath+) decides it."]


@pytest.mark.parametrize(
    "nodes, remark",
    [
        (
            {"20": node("GetImageSize+", image=["8", 0])},
            "The size cannot be chosen: node 20 (GetImageSize+) decides it.",
        ),
        (
            {"20": node("CR Aspect Ratio", width=640, height=960, aspect_ratio="custom", swap="Off")},
            "Node 20 (CR Aspect Ratio) also has a preset (aspect_ratio: custom), which may overrule width and height.",
        ),
    ],
    ids=["measured", "preset"],
)
def test_a_size_from_elsewhere(nodes: Graph, remark: str) -> None:
    graph = told("sd15", "5", width=["20", 0], height=["20", 1]) | nodes

    assert places(graph, "width") == ([f"20.{key}" for key in ("width",)] if "preset" in remark else [])
    assert remarks(graph) == [remark]


def test_one_number_cannot_be_two_things() -> None:
    graph = told("sd15", "3", steps=["20", 0], cfg=["20", 0]) | {"20": node("PrimitiveInt", value=8)}

    assert places(graph, "steps") == ["20.value"]
    assert remarks(graph) == [
        "The guidance cannot be chosen: it comes from the same input as the steps. Give each a node of its own."
    ]


def test_merged_models_are_offered() -> None:
    merge = node("ModelMergeSimple", ratio=0.5, model1=["4", 0], model2=["21", 0])
    graph = told("sd15", "3", model=["20", 0]) | {
        "20": merge,
        "21": node("CheckpointLoaderSimple", ckpt_name="other.safetensors"),
    }

    assert (places(graph, "model"), offered(graph, "model")) == (["4.ckpt_name"], ["21.ckpt_name"])


def test_a_name_from_a_node_of_its_own() -> None:
    graph = told("sd15", "4", ckpt_name=["20", 0]) | told("sd15", "3", sampler_name=["21", 0], model=["4", 0])
    graph |= {"4": told("sd15", "4", ckpt_name=["20", 0])["4"]}
    graph |= {
        "20": node("Checkpoint Selector", ckpt_name="a.safetensors"),
        "21": node("Sampler Selector", sampler_name="euler"),
    }

    assert (places(graph, "model"), places(graph, "sampler")) == (["20.ckpt_name"], ["21.sampler_name"])


# ── pictures ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_mask_that_is_turned_round_is_told() -> None:
    graph = known("inpaint_two_files", n16=node("InvertMask", mask=["15", 0]))

    assert places(graph, "mask") == ["15.image"]
    assert remarks(graph)[0].startswith("Node 16 (InvertMask) turns the mask round.")


def test_a_mask_from_colours_is_a_problem() -> None:
    graph = known(
        "inpaint_two_files",
        n15=node("LoadImage", image="mask.png"),
        n16=node("ImageToMask", image=["15", 0], channel="red"),
    )

    assert places(graph, "mask") == []
    assert [str(each).split(",")[0] for each in propose(graph).problems] == [
        "The mask is made from the colours of the picture in node 15 (LoadImage)"
    ]


def test_a_mask_of_a_region_is_none_to_bring() -> None:
    region = node("ConditioningSetMask", strength=1.0, conditioning=["6", 0], mask=["21", 0])
    graph = told("sd15", "3", positive=["20", 0]) | {"20": region, "21": node("SolidMask", value=1.0)}

    assert propose(graph).does == "generate"
    assert places(graph, "mask") == remarks(graph) == []


def test_pictures_nobody_uploads_are_none() -> None:
    for kind, inputs in (("ETN_LoadImageBase64", {"image": "iVBO"}), ("LoadImageFromUrl", {"image": "http://x"})):
        graph = known("img2img", n10=node(kind, **inputs))
        assert (places(graph, "image"), propose(graph).does) == ([], "generate")


def test_a_mask_that_is_cut_out_with_its_picture_is_found() -> None:
    cut = node("InpaintCropImproved", image=["10", 0], mask=["15", 0], preresize=False)
    graph = known("inpaint_two_files", n16=cut)
    graph["12"]["inputs"]["pixels"], graph["14"]["inputs"]["mask"] = ["16", 1], ["16", 2]

    assert (places(graph, "image"), places(graph, "mask")) == (["10.image"], ["15.image"])
