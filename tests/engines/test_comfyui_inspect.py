"""Mappings proposed for graphs as people have them: what is found by following the links, and what is said of it."""

from __future__ import annotations

import json

import pytest

from bot.engines.comfyui.mapping import propose
from bot.engines.comfyui.proposal import Proposal
from bot.engines.comfyui.workflow import NodeInput, Workflow
from tests.support.comfyui_known import NAMES, Graph, known, node, told

SIZE = "width 5.width; height 5.height; count 5.batch_size"
SAMPLER = "steps 3.steps; seed 3.seed; guidance 3.cfg; sampler 3.sampler_name; scheduler 3.scheduler"
GUIDED_ELSEWHERE = "steps 3.steps; seed 3.seed; sampler 3.sampler_name; scheduler 3.scheduler"
OVER_A_PICTURE = (
    "steps 3.steps; seed 3.seed; guidance 3.cfg; strength 3.denoise; sampler 3.sampler_name; scheduler 3.scheduler"
)
WORDS = "prompt 6.text; negative 7.text; model 4.ckpt_name"
SIMPLE = f"{WORDS}; {SIZE}; {SAMPLER}"
GREY = (
    "The strength stays at 1: node 12 (VAEEncodeForInpaint) paints the marked part grey, and with less of it the grey "
    "would show. (3.denoise)"
)


def mapped(proposal: Proposal) -> str:
    """Return a mapping in one line: `prompt 6.text; seed 3.seed 11.seed`."""
    roles: dict[str, list[str]] = {}
    for row in proposal.rows:
        roles.setdefault(row.role, []).extend(f"{place.node}.{place.key}" for place in row.places)
    return "; ".join(f"{role} {' '.join(places)}" for role, places in roles.items())


def said(proposal: Proposal) -> list[str]:
    """Return the remarks, and behind each the places it offers instead."""
    return [
        f"{remark.words}" + "".join(f" ({place.node}.{place.key})" for row in remark.others for place in row.places)
        for remark in proposal.remarks
    ]


def accepted(graph: Graph) -> Workflow:
    """Load a graph with the mapping proposed for it."""
    nodes: dict[str, list[NodeInput]] = {}
    for row in propose(graph).rows:
        nodes.setdefault(row.role, []).append(NodeInput(row.ids, row.key))
    return Workflow.parse(json.dumps(graph), nodes)


FOUND = {
    "sd15": ("generate", SIMPLE),
    "lora_chain": ("generate", SIMPLE),
    "two_positives": ("generate", SIMPLE),
    "square_primitive": ("generate", f"{WORDS}; count 5.batch_size; {SAMPLER}"),
    "text_nodes": (
        "generate",
        "prompt 31.value; negative 7.text; model 4.ckpt_name; width 35.value; height 36.value; count 5.batch_size; "
        "steps 34.value; seed 33.seed; guidance 3.cfg; sampler 3.sampler_name; scheduler 3.scheduler",
    ),
    "hires": (
        "generate",
        f"{WORDS}; {SIZE}; steps 3.steps; seed 3.seed 11.seed; guidance 3.cfg 11.cfg; sampler 3.sampler_name; "
        "scheduler 3.scheduler",
    ),
    "face_detailer": (
        "generate",
        f"{WORDS}; {SIZE}; steps 3.steps 20.steps; seed 3.seed 20.seed; guidance 3.cfg 20.cfg; "
        "sampler 3.sampler_name 20.sampler_name; scheduler 3.scheduler 20.scheduler",
    ),
    "sdxl_refiner": (
        "generate",
        f"prompt 6.text_g 6.text_l 15.text; negative 7.text_g 7.text_l 16.text; model 4.ckpt_name; {SIZE}; "
        "steps 10.steps 11.steps; seed 10.noise_seed 11.noise_seed; guidance 10.cfg 11.cfg; "
        "sampler 10.sampler_name 11.sampler_name; scheduler 10.scheduler 11.scheduler",
    ),
    "flux_dev": (
        "generate",
        "prompt 6.text; model 12.unet_name; width 27.width 30.width; height 27.height 30.height; count 27.batch_size; "
        "steps 17.steps; seed 25.noise_seed; guidance 26.guidance; sampler 16.sampler_name; scheduler 17.scheduler",
    ),
    "flux_two_texts": (
        "generate",
        "prompt 6.clip_l 6.t5xxl; model 12.unet_name; width 27.width; height 27.height; count 27.batch_size; "
        "steps 3.steps; seed 3.seed; guidance 6.guidance; sampler 3.sampler_name; scheduler 3.scheduler",
    ),
    "flux_schnell_one_text": (
        "generate",
        f"prompt 6.text; model 4.ckpt_name; width 27.width; height 27.height; count 27.batch_size; {GUIDED_ELSEWHERE}",
    ),
    "sd3": (
        "generate",
        "prompt 16.clip_l 16.clip_g 16.t5xxl; negative 71.text; model 4.ckpt_name; width 53.width; height 53.height; "
        f"count 53.batch_size; {SAMPLER}",
    ),
    "efficiency": (
        "generate",
        "prompt 1.positive; negative 1.negative; model 1.ckpt_name; width 1.empty_latent_width; "
        "height 1.empty_latent_height; count 1.batch_size; steps 2.steps; seed 2.seed; guidance 2.cfg; "
        "sampler 2.sampler_name; scheduler 2.scheduler",
    ),
    "api_node": ("generate", "prompt 1.prompt; seed 1.seed"),
    "unknown_nodes": ("generate", ""),
    "broken": ("generate", f"prompt 6.text; negative 7.text; {SIZE}; {SAMPLER}"),
    "img2img": ("edit", f"{WORDS}; image 10.image; width 11.width; height 11.height; {OVER_A_PICTURE}"),
    "img2img_repeated": ("edit", f"{WORDS}; image 10.image; count 13.amount; {OVER_A_PICTURE}"),
    "qwen_edit": (
        "edit",
        f"prompt 76.prompt; negative 77.prompt; model 37.unet_name; image 78.image; {OVER_A_PICTURE}",
    ),
    "qwen_edit_plus": (
        "edit",
        "prompt 111.prompt; model 37.unet_name; image 78.image 106.image; width 112.width; height 112.height; "
        f"count 112.batch_size; {GUIDED_ELSEWHERE}",
    ),
    "kontext": (
        "edit",
        "prompt 6.text; model 37.unet_name; image 142.image 147.image; steps 31.steps; seed 31.seed; "
        "guidance 35.guidance; strength 31.denoise; sampler 31.sampler_name; scheduler 31.scheduler",
    ),
    "controlnet": ("edit", f"{WORDS}; image 10.image; {SIZE}; {SAMPLER}"),
    "controlnet_img2img": ("edit", f"{WORDS}; image 20.image; {OVER_A_PICTURE}"),
    "ipadapter": ("edit", f"{WORDS}; image 10.image; {SIZE}; {SAMPLER}"),
    "outpaint": ("edit", f"{WORDS}; image 10.image; {SAMPLER}"),
    "upscale_only": ("edit", "image 1.image"),
    "inpaint_two_files": ("inpaint", f"{WORDS}; image 10.image; mask 15.image; {OVER_A_PICTURE}"),
    "inpaint_grey": ("inpaint", f"{WORDS}; image 10.image; mask 11.image; {SAMPLER}"),
    "inpaint_one_file": ("inpaint", f"{WORDS}; image 10.image; {SAMPLER}"),
    "inpaint_red": ("inpaint", f"{WORDS}; image 10.image; {SAMPLER}"),
    "flux_fill": (
        "inpaint",
        "prompt 23.text; model 31.unet_name; image 17.image; mask 18.image; steps 3.steps; seed 3.seed; "
        "guidance 26.guidance; strength 3.denoise; sampler 3.sampler_name; scheduler 3.scheduler",
    ),
}
"""Graph → what it does, and its mapping."""
PROBLEMS = {
    "broken": [
        "Nothing in this workflow saves a picture. Put a SaveImage node behind the last picture, and export the "
        "workflow again.",
        "The input “model” of node 3 (KSampler) comes from node 44, which is not in the file. Connect it in ComfyUI, "
        "and export the workflow again.",
    ],
    "unknown_nodes": ["Several inputs could take the prompt, and Easel needs to know which one does."],
    "upscale_only": [
        "Nothing in this workflow takes a prompt. Easel needs a node with a text, such as CLIPTextEncode, on the way "
        "to a sampler."
    ],
    "inpaint_one_file": [
        "Node 10 (LoadImage) gives the picture and, from its transparency, the mask. Easel hands over two files: add a "
        "second LoadImage node, take its MASK output in the place of this one's, and export the workflow again."
    ],
    "inpaint_red": [
        "Node 11 (LoadImageMask) reads the mask from the channel “red”, but Easel's masks are in the alpha channel. "
        "Choose “alpha” there, and export the workflow again."
    ],
}
NO_SAMPLER = (
    "No sampler was found: this workflow draws with nodes that Easel does not know. What is proposed goes by the names "
    "of inputs; please look at it closely."
)
ZEROED = "The negative text is switched off by node {} (ConditioningZeroOut), so a negative prompt has no place."
REMARKS = {
    "two_positives": [
        "Several nodes could take the prompt. Here 6 (CLIPTextEncode) gets it, and the others keep what they have. "
        "(20.text)"
    ],
    "square_primitive": [
        "Width and height both come from node 35 (PrimitiveInt), so they cannot be chosen. Give each a node of its own."
    ],
    "text_nodes": [
        "Several nodes could take the prompt. Here 31 (PrimitiveStringMultiline) gets it, and the others keep what "
        "they have. (30.string_b)"
    ],
    "hires": [
        "Node 11 (KSampler) keeps its own steps: 14. (11.steps)",
        "Node 11 (KSampler) keeps its own sampler: dpmpp_2m. (11.sampler_name)",
        "Node 11 (KSampler) keeps its own scheduler: simple. (11.scheduler)",
    ],
    "face_detailer": [
        "Several nodes could take the prompt. Here 6 (CLIPTextEncode) gets it, and the others keep what they have. "
        "(22.text)"
    ],
    "sdxl_refiner": [
        "Node 12 (CheckpointLoaderSimple) keeps its own model: sd_xl_refiner_1.0.safetensors. (12.ckpt_name)",
        "The samplers 10 (KSamplerAdvanced), 11 (KSamplerAdvanced) divide the steps between them at a fixed "
        "number, which stays when somebody asks for other steps.",
    ],
    "flux_two_texts": [ZEROED.format(33)],
    "flux_schnell_one_text": [
        "The positive and the negative text come from the same node, so a negative prompt has no place.",
        "The guidance is 1, as for models that do without, so it is not offered. (3.cfg)",
    ],
    "api_node": [NO_SAMPLER],
    "upscale_only": [NO_SAMPLER],
    "unknown_nodes": [
        NO_SAMPLER,
        "Several inputs could take the prompt; please choose. (1.description_text) (1.style_prompt) "
        "(2.description_text) (2.style_prompt)",
        "Several inputs could take the width; please choose. (1.width) (2.width)",
        "Several inputs could take the height; please choose. (1.height) (2.height)",
        "Several inputs could take the seed; please choose. (1.seed) (2.seed)",
        "Several inputs could take the steps; please choose. (1.steps) (2.steps)",
    ],
    "qwen_edit_plus": [
        "The first picture goes to node 78 (LoadImage), the next to 106 (LoadImage). A single picture goes to all of "
        "them.",
        "The guidance is 1, so a negative prompt would have no effect, and none is offered. (110.prompt)",
        "The guidance is 1, as for models that do without, so it is not offered. (3.cfg)",
    ],
    "kontext": [
        "The first picture goes to node 142 (LoadImage), the next to 147 (LoadImage). A single picture goes to all of "
        "them.",
        ZEROED.format(135),
    ],
    "controlnet_img2img": [
        "Node 10 (LoadImage) keeps its own file, which must be on the ComfyUI server: it is the control picture of 13 "
        "(ControlNetApply). (10.image)"
    ],
    "outpaint": ["The mask is made by node 11 (ImagePadForOutpaint), so nobody can bring one.", GREY],
    "inpaint_grey": [GREY],
    "inpaint_one_file": [GREY],
    "inpaint_red": [GREY],
    "flux_fill": [ZEROED.format(46)],
}


@pytest.mark.parametrize("name", NAMES)
def test_finds_what_is_what(name: str) -> None:
    proposal = propose(known(name))

    assert (proposal.does, mapped(proposal)) == FOUND[name]
    assert [str(problem) for problem in proposal.problems] == PROBLEMS.get(name, [])
    assert said(proposal) == REMARKS.get(name, [])


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("unknown_nodes", "upscale_only")])
def test_the_engine_takes_every_mapping_that_is_proposed(name: str) -> None:
    workflow = accepted(known(name))

    assert workflow.takes("prompt")
    assert workflow.takes("image") is (propose(known(name)).workflow == "edit")


def test_says_why() -> None:
    why = {row.role: str(row.why) for row in propose(known("inpaint_two_files")).rows}

    assert why == {
        "prompt": "the positive text of 3 (KSampler)",
        "negative": "the negative text of 3 (KSampler)",
        "model": "the model of 3 (KSampler)",
        "image": "the picture that 3 (KSampler) starts from",
        "mask": "the mask: what of the picture may change",
        **dict.fromkeys(("steps", "seed", "guidance", "strength", "sampler", "scheduler"), "set for 3 (KSampler)"),
    }
    refined = {row.role: str(row.why) for row in propose(known("sdxl_refiner")).rows}
    both = "10 (KSamplerAdvanced), 11 (KSamplerAdvanced)"
    assert (refined["prompt"], refined["seed"]) == (f"the positive text of {both}", f"set for {both}")
    assert refined["model"] == "the model of 10 (KSamplerAdvanced)"
    assert {str(row.why) for row in propose(known("flux_dev")).of("guidance")} == {
        "the guidance in the prompt's conditioning"
    }


def test_names_what_draws_and_what_gives_the_pictures() -> None:
    proposal = propose(known("hires"))

    assert proposal.samplers == ("3", "11")
    assert proposal.savers == ("9", "12")
    assert propose(known("controlnet")).savers == ("9",)
    assert propose(known("sd15", n9=node("PreviewImage", images=["8", 0]))).savers == ("9",)
    assert propose(known("sd15", n9=node("My Uploader", images=["8", 0]))).savers == ("9",)


def test_the_second_sampler_counts_as_second_wherever_it_stands() -> None:
    graph = known("hires")
    turned = {id_: graph[id_] for id_ in reversed(graph)}

    assert propose(turned).samplers == ("3", "11")
    assert mapped(propose(turned)) == mapped(propose(graph))


def test_a_picture_that_counts_for_nothing_is_told() -> None:
    assert said(propose(told("img2img", "3", denoise=1))) == [
        "The strength is 1, so the picture in node 10 (LoadImage) counts for nothing until somebody asks for less."
    ]
