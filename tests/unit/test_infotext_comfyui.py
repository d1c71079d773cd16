"""What is read out of ComfyUI's graphs: by following links, whatever the classes, and never stuck or raising."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pictures.infotext import Infotext, read_comfyui

WORKFLOWS = Path(__file__).parents[1] / "support" / "workflows"

Graph = dict[str, dict[str, Any]]


def node(kind: str, **inputs: object) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs, "_meta": {"title": kind}}


def drawn(graph: Graph) -> Infotext:
    found = read_comfyui(json.dumps(graph))
    assert found is not None
    return found


def simple(**changed: dict[str, Any]) -> Graph:
    """Return ComfyUI's own default workflow, with other nodes instead of or beside its own."""
    return {
        "3": node(
            "KSampler",
            seed=5,
            steps=20,
            cfg=7.5,
            sampler_name="euler",
            scheduler="karras",
            denoise=1.0,
            model=["4", 0],
            positive=["6", 0],
            negative=["7", 0],
            latent_image=["5", 0],
        ),
        "4": node("CheckpointLoaderSimple", ckpt_name="sd_xl.safetensors"),
        "5": node("EmptyLatentImage", width=1024, height=768, batch_size=1),
        "6": node("CLIPTextEncode", text="a red fox", clip=["4", 1]),
        "7": node("CLIPTextEncode", text="blurry", clip=["4", 1]),
        "8": node("VAEDecode", samples=["3", 0], vae=["4", 2]),
        "9": node("SaveImage", images=["8", 0], filename_prefix="ComfyUI"),
        **{name.removeprefix("n"): each for name, each in changed.items()},
    }


FACTS = {
    "Steps": "20",
    "Sampler": "euler",
    "Schedule type": "karras",
    "CFG scale": "7.5",
    "Seed": "5",
    "Size": "1024x768",
    "Model": "sd_xl.safetensors",
}


def test_the_default_workflow_is_read() -> None:
    assert drawn(simple()) == Infotext("a red fox", "blurry", FACTS)


def test_the_workflows_in_use_are_read() -> None:
    found = drawn(json.loads((WORKFLOWS / "generate.json").read_text()))
    assert found.prompt == "a red fox in the snow"
    assert found.facts["Size"] == "512x512"
    assert drawn(json.loads((WORKFLOWS / "edit.json").read_text())).prompt


def test_seed_size_and_words_may_come_from_other_nodes() -> None:
    graph = simple(
        n20=node("PrimitiveInt", value=77),
        n21=node("Seed (rgthree)", seed=["20", 0]),
        n22=node("PrimitiveInt", value=640),
        n5=node("EmptySD3LatentImage", width=["22", 0], height=480),
        n23=node("PrimitiveStringMultiline", value="a blue fox"),
        n24=node("StringConcatenate", string_a=["23", 0], string_b="in the rain", delimiter=", "),
        n6=node("CLIPTextEncode", text=["24", 0], clip=["4", 1]),
    )
    graph["3"]["inputs"] |= {"seed": ["21", 0], "steps": ["22", 0]}
    found = drawn(graph)
    assert (found.facts["Seed"], found.facts["Size"], found.facts["Steps"]) == ("77", "640x480", "640")
    assert set(found.prompt.split("\n")) == {"a blue fox", "in the rain"}


def test_positive_and_negative_are_told_apart_behind_nodes_that_pass_both_on() -> None:
    graph = simple(
        n20=node(
            "ControlNetApplyAdvanced", positive=["6", 0], negative=["7", 0], control_net=["30", 0], image=["31", 0]
        ),
        n21=node("InpaintModelConditioning", positive=["20", 0], negative=["20", 1], pixels=["31", 0]),
        n4=node("LoraLoader", model=["40", 0], clip=["40", 1], lora_name="fur.safetensors", strength_model=1.0),
        n40=node("UNETLoader", unet_name="flux.safetensors"),
    )
    graph["3"]["inputs"] |= {"positive": ["21", 0], "negative": ["21", 1]}
    found = drawn(graph)
    assert (found.prompt, found.negative, found.facts["Model"]) == ("a red fox", "blurry", "flux.safetensors")


def test_conditionings_put_together_give_all_their_words_once() -> None:
    graph = simple(
        n6=node("ConditioningCombine", conditioning_1=["20", 0], conditioning_2=["21", 0]),
        n20=node("CLIPTextEncodeSDXL", text_g="a red fox", text_l="a red fox", width=1024, height=1024),
        n21=node("ConditioningSetTimestepRange", conditioning=["22", 0], start=0.0, end=0.5),
        n22=node("CLIPTextEncodeFlux", clip_l="snow", t5xxl="deep snow", guidance=3.5),
        n7=node("ConditioningZeroOut", conditioning=["6", 0]),
    )
    found = drawn(graph)
    assert found.prompt == "a red fox\nsnow\ndeep snow"
    assert found.negative == ""
    assert found.facts["Distilled CFG Scale"] == "3.5"


def test_a_loader_that_holds_the_words_itself_is_read() -> None:
    graph = simple(
        n4=node("Efficient Loader", ckpt_name="sd15.safetensors", positive="a red fox", negative="blurry"),
    )
    graph["3"]["inputs"] |= {"positive": ["4", 1], "negative": ["4", 2]}
    found = drawn(graph)
    assert (found.prompt, found.negative, found.facts["Model"]) == ("a red fox", "blurry", "sd15.safetensors")


@pytest.mark.parametrize(
    ("guider", "negative", "scale"),
    [
        (node("CFGGuider", model=["4", 0], positive=["26", 0], negative=["7", 0], cfg=4.5), "blurry", "4.5"),
        (node("BasicGuider", model=["4", 0], conditioning=["26", 0]), "", None),
        (node("DualCFGGuider", model=["4", 0], cond1=["26", 0], cond2=["7", 0], cfg_conds=2.0), "", "2.0"),
    ],
)
def test_custom_samplers_are_read_with_their_guider(guider: dict[str, Any], negative: str, scale: str | None) -> None:
    inputs = {name: [number, 0] for name, number in zip(("noise", "guider", "sampler", "sigmas"), "abcd", strict=True)}
    graph = simple(
        n3=node("SamplerCustomAdvanced", **inputs, latent_image=["5", 0]),
        na=node("RandomNoise", noise_seed=9),
        nb=guider,
        nc=node("KSamplerSelect", sampler_name="dpmpp_2m"),
        nd=node("SplitSigmas", sigmas=["e", 0], step=5),
        ne=node("BasicScheduler", scheduler="simple", steps=28, denoise=0.6, model=["4", 0]),
        n26=node("FluxGuidance", guidance=2.5, conditioning=["6", 0]),
    )
    found = drawn(graph)
    expected = {
        "Steps": "28",
        "Sampler": "dpmpp_2m",
        "Schedule type": "simple",
        "CFG scale": scale,
        "Distilled CFG Scale": "2.5",
        "Seed": "9",
        "Size": "1024x768",
        "Model": "sd_xl.safetensors",
        "Denoising strength": "0.6",
    }
    assert (found.prompt, found.negative) == ("a red fox", negative)
    assert found.facts == {name: value for name, value in expected.items() if value}


def test_sampler_custom_and_the_advanced_sampler_are_read() -> None:
    sampler = simple()["3"]["inputs"]
    graph = simple(
        n3=node("SamplerCustom", **{name: sampler[name] for name in ("model", "positive", "negative", "latent_image")}),
        n30=node("KSamplerSelect", sampler_name="lcm"),
        n31=node("KarrasScheduler", steps=12, sigma_max=14.6),
    )
    graph["3"]["inputs"] |= {"noise_seed": 3, "cfg": 1, "sampler": ["30", 0], "sigmas": ["31", 0]}
    found = drawn(graph).facts
    assert (found["Seed"], found["Steps"], found["Sampler"], found["CFG scale"]) == ("3", "12", "lcm", "1")
    graph = simple(n3=node("KSamplerAdvanced", **sampler, noise_seed=8, start_at_step=0))
    del graph["3"]["inputs"]["seed"]
    assert drawn(graph).facts["Seed"] == "8"


def test_of_samplers_one_after_another_the_first_counts() -> None:
    """The second enlarges what the first drew, over latents or over pixels; it may come first in the file."""
    second = simple()["3"]["inputs"] | {"seed": 1, "steps": 4, "denoise": 0.4, "latent_image": ["13", 0]}
    graph = {
        "11": node("KSampler", **second),
        **simple(),
        "12": node("ImageScaleBy", image=["8", 0], scale_by=2.0),
        "13": node("VAEEncode", pixels=["12", 0], vae=["4", 2]),
    }
    assert drawn(graph).facts == FACTS


def test_a_picture_changed_has_its_strength_and_the_size_it_was_scaled_to() -> None:
    graph = simple(
        n5=node("VAEEncode", pixels=["20", 0], vae=["4", 2]),
        n20=node("ImageScale", image=["21", 0], width=512, height=640),
        n21=node("LoadImage", image="cat.png"),
    )
    graph["3"]["inputs"]["denoise"] = 0.5
    found = drawn(graph).facts
    assert (found["Size"], found["Denoising strength"]) == ("512x640", "0.5")


@pytest.mark.parametrize(
    "text",
    [
        *("", "null", "[]", "{}", "7", "NaN", '{"3": null}', '{"3": {"class_type": "KSampler"}}', "{" * 100_000),
        *("[" * 200_000, '{"a":' * 100_000, "1" * 10_000, '{"nodes": [{"id": 1}], "links": []}', '"\\ud800"'),
        json.dumps({"5": node("EmptyLatentImage", width=1, height=1)}),
    ],
)
def test_what_is_no_graph_is_nothing(text: str) -> None:
    assert read_comfyui(text) is None


def test_links_in_a_circle_end() -> None:
    graph = simple(
        n6=node("ConditioningCombine", conditioning_1=["6", 0], conditioning_2=["20", 0]),
        n20=node("ConditioningConcat", conditioning_to=["6", 0], conditioning_from=["21", 0]),
        n21=node("CLIPTextEncode", text=["21", 0]),
        n5=node("LatentUpscale", samples=["5", 0]),
        n4=node("LoraLoader", model=["4", 0]),
        n22=node("PrimitiveInt", value=["22", 0]),
    )
    graph["3"]["inputs"] |= {"seed": ["22", 0]}
    found = drawn(graph)
    assert (found.prompt, found.negative) == ("", "blurry")
    assert "Seed" not in found.facts


def test_graphs_of_ten_megabytes_end() -> None:
    """A chain of loaders longer than a walk goes, thousands of samplers each behind the next, and a long text."""
    chain = {f"m{number}": node("LoraLoader", model=[f"m{number + 1}", 0]) for number in range(40_000)}
    inputs = simple()["3"]["inputs"]
    samplers = {
        f"s{number}": node("KSampler", **inputs | {"latent_image": [f"s{number + 1}", 0], "model": ["m0", 0]})
        for number in range(20_000)
    }
    words = {"6": node("CLIPTextEncode", text="fox " * 500_000)}
    graph = json.dumps(samplers | chain | {"7": simple()["7"]} | words)
    assert len(graph) > 10_000_000
    found = read_comfyui(graph)
    assert found is not None
    assert found.prompt.startswith("fox fox")
    assert len(found.prompt) <= 50_000


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.sampled_from("0123"),
    lambda each: st.lists(each, max_size=3) | st.tuples(st.sampled_from("0123"), st.integers(0, 2)).map(list),
    max_leaves=4,
)


def test_numbers_behind_numbers_at_every_node_end() -> None:
    numbers = {f"n{number}": node("PrimitiveInt", value=[f"n{number + 1}", 0]) for number in range(600)}
    latents = {
        f"l{number}": node("LatentUpscale", samples=[f"l{number + 1}", 0], width=["n0", 0], height=["n0", 0])
        for number in range(600)
    }
    inputs = simple()["3"]["inputs"]
    inputs = {name: inputs[name] for name in ("positive", "steps")} | {"latent_image": ["l0", 0]}
    samplers = {f"s{number}": node("KSampler", **inputs) for number in range(100)}
    assert drawn(samplers | latents | numbers).facts == {"Steps": "20"}


LINKS = ["positive", "negative", "latent_image", "guider", "noise", "sampler", "sigmas", "model", "conditioning"]
OTHERS = ["seed", "steps", "cfg", "width", "height", "text", "value", "ckpt_name", "samples", "denoise", "guidance"]
INPUTS = st.dictionaries(st.sampled_from([*LINKS, *OTHERS]), VALUES)
GRAPHS = st.dictionaries(
    st.sampled_from("0123"), st.fixed_dictionaries({"class_type": st.text() | st.none(), "inputs": INPUTS | VALUES})
)


@given(GRAPHS | VALUES)
def test_no_graph_raises(graph: object) -> None:
    found = read_comfyui(json.dumps(graph))
    assert found is None or found.prompt or found.negative or found.facts


@given(st.text())
def test_no_text_raises(text: str) -> None:
    assert read_comfyui(text) is None
