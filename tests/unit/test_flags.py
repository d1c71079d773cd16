"""Flags inside prompts, as people type them on desks and phones."""

from __future__ import annotations

import dataclasses
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import BadFlag, BadFlagSuggest, BadValue, BotError, MissingValue, Refused
from bot.flags import FLAGS, MAX_SEED, parse
from bot.types import Lora, Options


@pytest.mark.parametrize(
    ("text", "words", "options"),
    [
        # anywhere, in any number
        ("a fox --size 16:9 --seed 7", "a fox", {"size": "16:9", "seed": 7}),
        ("--seed 0 a fox in the snow", "a fox in the snow", {"seed": 0}),
        ("a fox --count 4 in the snow", "a fox in the snow", {"count": 4}),
        ("a fox\n--style anime\nin the snow", "a fox in the snow", {"style": "anime"}),
        ("--steps 30", "", {"steps": 30}),
        ("a fox, --ar 3:2", "a fox", {"size": "3:2"}),
        ("a fox --seed 7, red", "a fox red", {"seed": 7}),
        # every flag
        (
            "x --model flux.1-dev --engine home_gpu --sampler euler --scheduler karras",
            "x",
            {"model": "flux.1-dev", "engine": "home_gpu", "sampler": "euler", "scheduler": "karras"},
        ),
        ("x --guidance 7.5 --strength 0.4", "x", {"guidance": 7.5, "strength": 0.4}),
        ("x --guidance 7,5 --strength 1", "x", {"guidance": 7.5, "strength": 1.0}),
        ("x --private yes --enhance off", "x", {"private": True, "enhance": False}),
        ("x --enhance --private", "x", {"private": True, "enhance": True}),
        (f"x --seed {MAX_SEED}", "x", {"seed": MAX_SEED}),
        # Midjourney's
        ("x --ar 2:3 --no hats, people --repeat 3", "x", {"size": "2:3", "negative": "hats, people", "count": 3}),
        # values
        ("x --negative blurry, low quality --seed 1 y", "x y", {"negative": "blurry, low quality", "seed": 1}),
        ('x --no "hats, people" on a hill', "x on a hill", {"negative": "hats, people"}),
        ('x --negative ""', "x", {"negative": ""}),
        ('x --no "a --b" y', "x y", {"negative": "a --b"}),
        ('x --style "oil painting" y', "x y", {"style": "oil painting"}),
        ("x --style “oil painting” y", "x y", {"style": "oil painting"}),
        ("x --style 'oil painting' y", "x y", {"style": "oil painting"}),
        ("x --no 'til dawn", "x", {"negative": "'til dawn"}),
        ("x --seed=7 --size= 1:1", "x", {"seed": 7, "size": "1:1"}),
        ("x --seed:7 --AR 1:1", "x", {"seed": 7, "size": "1:1"}),
        # the last wins, LoRAs add up
        ("x --seed 1 --seed 2 --count 3 --repeat 2", "x", {"seed": 2, "count": 2}),
        (
            "x --lora a:0.8 --lora b --lora 'c d:-1'",
            "x",
            {"loras": (Lora("a", 0.8), Lora("b"), Lora("c d", -1))},
        ),
        # phones and Chinese keyboards
        ("a fox —size 16:9 –seed 7", "a fox", {"size": "16:9", "seed": 7}),
        ("一只猫 －－ｓｉｚｅ １６：９", "一只猫", {"size": "16:9"}),
        ("一只猫，--seed ７", "一只猫", {"seed": 7}),
        ("一只猫--size：方形 在雪里", "一只猫 在雪里", {"size": "方形"}),
        ("一隻貓——count 2", "一隻貓", {"count": 2}),
        ("一只猫 --no 「帽子」 在雪里", "一只猫 在雪里", {"negative": "帽子"}),
    ],
)
def test_flags_are_taken_out_of_the_words(text: str, words: str, options: dict[str, Any]) -> None:
    parsed = parse(text)

    assert parsed.text == words
    assert parsed.options == Options(**options)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "blue--green sky",
        "a -- b",
        "a fox - red",
        "well-known fox",
        "-seed",
        "red — and small",
        "a fox—red and small",
        "a fox —red and small",
        "—on the hill",
        "月光——水墨",
        "蓝--绿",
        "scene --2",
        "--",
        "a, b,",
        "email@example.org --",
    ],
)
def test_prose_is_no_flag(text: str) -> None:
    assert parse(text).text == text
    assert parse(text).options == Options()


@pytest.mark.parametrize(
    ("text", "flag", "suggestion"),
    [
        ("x --sise 16:9", "--sise", "--size"),
        ("x —sise 16:9", "--sise", "--size"),
        ("x --neagtive hats", "--neagtive", "--negative"),
        ("x --cfg 7", "--cfg", "--guidance"),
        ("x --n 2", "--n", "--count"),
        ("x --width 512", "--width", "--size"),
        ("x --LORAS a", "--LORAS", "--lora"),
    ],
)
def test_the_nearest_flag_is_suggested(text: str, flag: str, suggestion: str) -> None:
    with pytest.raises(BadFlagSuggest) as caught:
        parse(text)
    assert caught.value.args_ == {"flag": flag, "suggestion": suggestion}


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("x --zzz", "--zzz"),
        ("x --chaos 5 --seed 1", "--chaos"),
        ("x --尺寸 16:9", "--尺寸"),
        ("x --seed 1 --mask y", "--mask"),
        ("x --" + "y" * 99, "--" + "y" * 39 + "…"),
    ],
)
def test_unknown_flags_are_named(text: str, flag: str) -> None:
    with pytest.raises(BadFlag) as caught:
        parse(text)
    assert type(caught.value) is BadFlag
    assert caught.value.args_ == {"flag": flag}


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        *(("--seed", value) for value in ("-1", "1.5", "seven", str(MAX_SEED + 1), "9" * 39)),
        *(("--count", value) for value in ("0", "11", "many")),
        *(("--steps", value) for value in ("0", "-3")),
        *(("--guidance", value) for value in ("-1", "nan", "inf", "high")),
        *(("--strength", value) for value in ("1.1", "-0.1", "40%")),
        *(("--size", value) for value in ("huge", "0x0", "16:0")),
        *(("--lora", value) for value in (":0.8", "a:", "a:b", "a:inf")),
        *(("--private", value) for value in ("maybe", "2")),
        ("--enhance", "please"),
    ],
)
def test_wrong_values_are_named_with_what_would_be_right(flag: str, value: str) -> None:
    with pytest.raises(BadValue) as caught:
        parse(f"a fox {flag} {value} in the snow")
    assert caught.value.args_ == {
        "flag": flag,
        "value": value,
        "expected": next(each.expected for each in FLAGS if f"--{each.name}" == flag),
    }


@pytest.mark.parametrize("text", ["--size", "--size --seed 1", "--seed=", "--no , --seed 1", '--style ""', "--lora ,"])
def test_missing_values_are_named(text: str) -> None:
    with pytest.raises(MissingValue):
        parse(f"a fox {text}")


def test_flags_win_over_the_options_given_otherwise() -> None:
    given_ = Options(seed=1, count=2, loras=(Lora("a"),))

    parsed = parse("x --seed 5 --lora b", given_)

    assert parsed.options == dataclasses.replace(given_, seed=5, loras=(Lora("a"), Lora("b")))
    assert parse("x", given_).options == given_


def test_every_option_has_a_flag() -> None:
    assert {flag.field for flag in FLAGS} == {field.name for field in dataclasses.fields(Options)}
    names = [name for flag in FLAGS for name in (flag.name, *flag.aliases, *flag.foreign)]
    assert len(names) == len(set(names))


@given(st.text(alphabet=st.sampled_from("-—–－ =:：\"“”'「」,，\n19axsize猫") | st.characters(), max_size=80))
def test_any_text_is_understood_or_refused(text: str) -> None:
    try:
        parsed = parse(text)
    except BotError as error:
        assert isinstance(error, Refused)
    else:
        rest = iter(text)
        assert all(letter in rest for letter in parsed.text if not letter.isspace())


@given(st.text(alphabet=string.ascii_letters + " ,.猫雪", max_size=40).map(str.strip), st.integers(0, MAX_SEED))
def test_words_without_flags_stay_whole(words: str, seed: int) -> None:
    assert parse(words).text == words
    assert parse(f"{words} --seed {seed}").options.seed == seed
    assert parse(f"--seed {seed} {words}").text == words.rstrip(" ,、")
