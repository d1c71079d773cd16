"""Which program's words a picture holds, by the names and shapes of its texts."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pictures.infotext import Infotext, read
from bot.pictures.infotext.programs import LONGEST_PARAMETERS, LONGEST_PROMPT

GRAPH = json.dumps(
    {
        "1": {
            "class_type": "KSampler",
            "inputs": {"seed": 5, "steps": 4, "positive": ["2", 0], "latent_image": ["3", 0]},
        },
        "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red fox"}},
    }
)
DRAWN = Infotext("a red fox", "", {"Steps": "4", "Seed": "5"})
PARAMETERS = "a blue fox\nSteps: 20, Seed: 7, Size: 8x8"
SWARM = {
    "sui_image_params": {
        "prompt": "a red fox",
        "negativeprompt": "blurry",
        "model": "Flux/flux1-dev-fp8",
        "seed": 2042464333,
        "steps": "25",
        "cfgscale": 1.0,
        "aspectratio": "Custom",
        "width": 512,
        "height": 768,
        "sampler": "euler",
        "scheduler": "normal",
        "nopreviews": True,
        "swarm_version": "0.9.1.1",
    },
    "sui_extra_data": {"date": "2024-08-07"},
}
INVOKE = {
    "generation_mode": "sdxl_txt2img",
    "positive_prompt": "a red fox",
    "negative_prompt": "blurry",
    "width": 1024,
    "height": 768,
    "seed": 77,
    "cfg_scale": 7.5,
    "steps": 30,
    "scheduler": "dpmpp_2m_k",
    "model": {"key": "0b9e", "name": "Juggernaut XL", "base": "sdxl", "type": "main"},
    "app_version": "5.4.2",
}
NOVEL = {
    "Description": "a red fox",
    "Software": "NovelAI",
    "Source": "NovelAI Diffusion V4.5 4BDE2A90",
    "Comment": json.dumps(
        {
            "prompt": "a red fox",
            "steps": 28,
            "height": 1216,
            "width": 832,
            "scale": 5.0,
            "seed": 381,
            "noise_schedule": "karras",
            "sampler": "k_euler",
            "uc": "blurry",
        }
    ),
}
NOVEL_FOUND = {
    "Steps": "28",
    "Sampler": "k_euler",
    "Schedule type": "karras",
    "CFG scale": "5.0",
    "Seed": "381",
    "Size": "832x1216",
    "Model": "NovelAI Diffusion V4.5 4BDE2A90",
}


def test_texts_of_automatic1111_and_comfyui_are_told_by_their_name() -> None:
    assert read({"parameters": PARAMETERS}) == Infotext("a blue fox", "", {"Steps": "20", "Seed": "7", "Size": "8x8"})
    assert read({"prompt": GRAPH, "workflow": "{}"}) == DRAWN
    assert read({"prompt": GRAPH, "parameters": PARAMETERS}) == read({"parameters": PARAMETERS})
    assert read({"prompt": GRAPH, "parameters": ""}) == DRAWN


@pytest.mark.parametrize("name", ["parameters", "UserComment"])
def test_swarmui_is_read(name: str) -> None:
    facts = {
        "Sampler": "euler",
        "Schedule type": "normal",
        "Steps": "25",
        "CFG scale": "1.0",
        "Seed": "2042464333",
        "Size": "512x768",
        "Model": "Flux/flux1-dev-fp8",
    }
    assert read({name: json.dumps(SWARM, indent=2)}) == Infotext("a red fox", "blurry", facts)


def test_invokeai_is_read() -> None:
    facts = {
        "Steps": "30",
        "Sampler": "dpmpp_2m_k",
        "CFG scale": "7.5",
        "Seed": "77",
        "Size": "1024x768",
        "Model": "Juggernaut XL",
    }
    assert read({"invokeai_metadata": json.dumps(INVOKE)}) == Infotext("a red fox", "blurry", facts)


def test_novelai_is_read_from_png_and_webp() -> None:
    assert read(NOVEL) == Infotext("a red fox", "blurry", NOVEL_FOUND)
    assert read({"UserComment": json.dumps(NOVEL)}) == Infotext("a red fox", "blurry", NOVEL_FOUND)


def test_a_camera_s_comment_is_no_prompt() -> None:
    assert read({"UserComment": "Screenshot"}) is None
    assert read({"UserComment": PARAMETERS}) == read({"parameters": PARAMETERS})
    assert read({"UserComment": GRAPH}) == DRAWN


def test_words_alone_are_a_prompt_where_only_programs_that_draw_write() -> None:
    assert read({"parameters": "a fox"}) == Infotext("a fox")


def test_a_prompt_in_json_is_one() -> None:
    prompt = '{"subject": "a fox"}'
    found = read({"parameters": f"{prompt}\nSteps: 20, Seed: 7, Size: 8x8"})
    assert found is not None
    assert found.prompt == prompt


@pytest.mark.parametrize(
    "chunks",
    [
        {},
        {"Title": "fox", "Author": "me"},
        {"parameters": "{}", "prompt": "a fox", "Comment": "nice", "invokeai_metadata": "[]"},
        {"parameters": '{"sui_image_params": [1]}', "Comment": '{"prompt": "x"}', "Software": "GIMP"},
        {"parameters": "x" * (LONGEST_PARAMETERS + 1)},
        {"invokeai_metadata": '{"model": {"name": ["x"]}, "seed": null, "steps": true}'},
        {"invokeai_metadata": '{"a":' * 100_000},
    ],
)
def test_other_texts_say_nothing(chunks: dict[str, str]) -> None:
    assert read(chunks) is None


def test_texts_beyond_reason_are_cut() -> None:
    found = read({"parameters": "fox " * 100_000 + "\nSteps: 1, Seed: 2, Model: " + "m" * 10_000})
    assert found is not None
    assert len(found.prompt) == LONGEST_PROMPT
    assert found.prompt.endswith("…")
    assert found.facts["Model"].endswith("…")


NAMES = st.sampled_from(["parameters", "prompt", "UserComment", "invokeai_metadata", "Comment", "Software"])
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3),
    lambda each: (
        st.lists(each, max_size=2)
        | st.dictionaries(st.sampled_from(["sui_image_params", "prompt", "uc", "model", "name", "width"]), each)
    ),
)


@given(st.dictionaries(NAMES, st.text() | JSON.map(json.dumps)))
def test_no_texts_raise(chunks: dict[str, str]) -> None:
    found = read(chunks)
    assert found is None or found.prompt or found.negative or found.facts
