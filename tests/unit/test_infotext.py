"""AUTOMATIC1111's text about a picture: written as it writes it, read as it reads it, the same again after both."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.pictures.infotext import Infotext, read_parameters, write
from bot.pictures.infotext.parameters import MOST_FACTS

# By the rules of stable-diffusion-webui's `create_infotext`, as its own pictures have it.
FOX = Infotext(
    "a red fox in the snow,\n(detailed:1.2), <lora:fur:0.8>",
    "blurry, low quality",
    {
        "Steps": "20",
        "Sampler": "DPM++ 2M",
        "Schedule type": "Karras",
        "CFG scale": "7",
        "Seed": "965400086",
        "Size": "512x768",
        "Model hash": "45dee52b",
        "Model": "dreamshaper_8",
        "Denoising strength": "0.4",
        "Lora hashes": "fur: aabbcc, ears: ddeeff",
        "Version": "v1.10.1",
    },
)
FOX_TEXT = (
    "a red fox in the snow,\n(detailed:1.2), <lora:fur:0.8>\n"
    "Negative prompt: blurry, low quality\n"
    "Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 965400086, Size: 512x768, "
    "Model hash: 45dee52b, Model: dreamshaper_8, Denoising strength: 0.4, "
    'Lora hashes: "fur: aabbcc, ears: ddeeff", Version: v1.10.1'
)

SIGNS = ["\n", " ", ",", ":", '"', "\\", "\r", "\u2028", "…", "𝔘", "é", "\ud800", "\0"]
LINES = ["Negative prompt:", "negative PROMPT: x", "Steps: 20, Sampler: a, Seed: 1", "Steps:", "a: 1, b b: 2, cc: 3"]
OURS = ['Easel prompt: "x"', "Easel negative prompt:", "Version: 1", "fox"]
PIECES = st.sampled_from([*SIGNS, *LINES, *OURS])
TEXTS = st.text() | st.lists(PIECES | st.text(max_size=5)).map("".join)
NAMES = st.from_regex(r"\w[\w \-/]{0,60}[\w\-/]", fullmatch=True) | st.sampled_from(
    ["Steps", "Seed", "Size", "Version"]
)
INFOTEXTS = st.builds(Infotext, TEXTS, TEXTS, st.dictionaries(NAMES, TEXTS, max_size=6))


def test_it_is_written_as_automatic1111_writes_it() -> None:
    assert write(FOX) == FOX_TEXT


def test_it_is_read_with_its_facts_in_their_order() -> None:
    found = read_parameters(FOX_TEXT)
    assert found == FOX
    assert list(found.facts) == list(FOX.facts)


@given(INFOTEXTS)
@example(FOX)
@example(Infotext())
@example(Infotext(write(FOX)))
@example(Infotext(write(FOX), write(FOX), {"Steps": write(FOX)}))
@example(Infotext("", "", {"Seed": "1"}))
@example(Infotext(" fox\n\n", "\nfox ", {"Ab": "", "Cd": '"', "Ef": '"a"', "Gh": " a ", "Ij": "\\"}))
def test_what_is_written_is_read_the_same(infotext: Infotext) -> None:
    found = read_parameters(write(infotext))
    assert found == infotext
    assert list(found.facts) == list(infotext.facts)


@given(st.text() | TEXTS)
@example("Easel prompt:,Negative prompt:")
def test_any_text_can_be_read_and_written_again(text: str) -> None:
    found = read_parameters(text)
    assert read_parameters(write(found)) == found


# `re_param_code` of modules/infotext_utils.py: what the program itself looks for in the last line.
PARAMETER = re.compile(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')


@given(st.text(), st.text(), st.lists(st.text(min_size=1), min_size=3, max_size=3))
def test_automatic1111_finds_the_facts_in_the_last_line(prompt: str, negative: str, values: list[str]) -> None:
    names = ["Steps", "CFG scale", "Model"]
    text = write(Infotext(prompt, negative, dict(zip(names, values, strict=True))))
    found = PARAMETER.findall(text.strip().split("\n")[-1])[:3]
    assert [name for name, _ in found] == names
    assert [json.loads(value) if value[0] == value[-1] == '"' else value for _, value in found] == values


def test_a_prompt_that_fits_the_format_is_not_written_twice() -> None:
    assert write(FOX).count("red fox") == 1
    assert "Easel" not in write(FOX)


def test_a_prompt_that_looks_like_an_infotext_is_shown_to_other_programs_and_kept_for_ours() -> None:
    prompt = "a sign that says\nNegative prompt: no"
    text = write(Infotext(prompt, "blurry", FOX.facts))
    assert text.startswith(prompt + "\nNegative prompt: blurry\nSteps: 20")
    assert read_parameters(text).prompt == prompt


@pytest.mark.parametrize(
    ("text", "prompt", "negative", "facts"),
    [
        ("", "", "", {}),
        ("a fox", "a fox", "", {}),
        ("a fox\nSteps: 20, Sampler: Euler, Seed: 1", "a fox", "", {"Steps": "20", "Sampler": "Euler", "Seed": "1"}),
        ("Steps: 20, Sampler: Euler, Seed: 1", "", "", {"Steps": "20", "Sampler": "Euler", "Seed": "1"}),
        (
            "a fox\r\nNegative prompt: no\r\nA: 1, Ab: 2, Cd: 3, Ef: 4\r\n",
            "a fox",
            "no",
            {"Ab": "2", "Cd": "3", "Ef": "4"},
        ),
        ("a fox\nNegative prompt: one\ntwo\n\nthree", "a fox", "one\ntwo\n\nthree", {}),
        ("a fox\nNegative Prompt: no: 1, aa: 2, bb: 3", "a fox", "no: 1, aa: 2, bb: 3", {}),
        ("Steps: up, the stairs\na fox\nSteps: 2, Seed: 1, Size: 8x8", "Steps: up, the stairs\na fox", "", None),
        ("a fox\nSteps: 2, Seed: 1", "a fox\nSteps: 2, Seed: 1", "", {}),
        ("a fox\nSteps: 2, Seed: 1, Size: 8x8\nTemplate: a {fox|cat}", "a fox", "", None),
        ("a fox\n\n\nSteps: 2, Seed: 1, Size: 8x8", "a fox", "", {"Steps": "2", "Seed": "1", "Size": "8x8"}),
        ('x\nSteps: 2, Tiling, Seed: 1, Model: "a, b', "x", "", {"Steps": "2", "Seed": "1", "Model": '"a'}),
        ('x\nSteps: 2, Seed: 1, Model: "a\\", b: c"', "x", "", {"Steps": "2", "Seed": "1", "Model": 'a", b: c'}),
    ],
)
def test_texts_of_many_programs_and_ages_are_read(
    text: str, prompt: str, negative: str, facts: dict[str, str] | None
) -> None:
    found = read_parameters(text)
    assert (found.prompt, found.negative) == (prompt, negative)
    assert facts is None or found.facts == facts


@pytest.mark.parametrize(
    "line", ["a" * 300_000, " " * 300_000, 'aa: "' * 60_000, "aa:" * 100_000, 'aa: "\\' * 50_000, "a " * 150_000]
)
def test_no_line_takes_a_time_that_grows_with_its_square(line: str) -> None:
    assert read_parameters(f"{line}\nSteps: 1, {line}, Seed: 2, Size: 8x8").facts["Steps"] == "1"


@pytest.mark.parametrize("name", ["", "a", " ab", "ab ", "a:b", "a,b", "a\nb", "é" * 63, "Easel prompt"])
def test_names_that_cannot_be_written_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name of a fact"):
        Infotext("", "", {name: "x"})


def test_a_prompt_of_32_000_characters_is_written_and_read() -> None:
    infotext = Infotext("狐 fox\n" * 5334, "no " * 10_000, FOX.facts)
    assert len(infotext.prompt) > 32_000
    assert read_parameters(write(infotext)) == infotext


def test_shortening_cuts_every_text_and_says_so() -> None:
    many = {f"Fact {number}": "x" * 99 for number in range(200)}
    found = Infotext("a" * 100, "b" * 10, many).shortened(10, 5)
    assert (found.prompt, found.negative) == ("a" * 9 + "…", "b" * 10)
    assert set(found.facts.values()) == {"xxxx…"}
    assert len(found.facts) == MOST_FACTS
