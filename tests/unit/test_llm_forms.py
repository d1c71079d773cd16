"""Objects are found in whatever a model says, quickly also in what was made to be slow, and only if they fit."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bot.llm import forms
from bot.llm.base import Form
from bot.llm.forms import explained, found
from bot.llm.words import THINKING, cleaned, spoken, tidy
from tests.support.llm_client import FITTING, FORM

ONE = Form(
    "one",
    {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "additionalProperties": False,
    },
)
WHOLE = Form("whole", {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]})


def test_a_form_is_explained_with_every_property_and_choice() -> None:
    assert explained(FORM).splitlines()[1:] == [
        '- "prompt": string. The better description.',
        '- "kind": "draw" or "edit"',
        '- "weight": number',
        '- "sure": boolean',
    ]
    assert "JSON" in explained(FORM)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": "b"}', "b"),
        ('{"a": "b", "z": 1}', "b"),
        ('so {"a": "b"} it is', "b"),
        ('{"a": "x"} {"a": "y"} {"a": 3} {}', "y"),
        ('{a: "x"} {"a": "y"', None),
        ('{"a": "x", } {{"a": "y"}}', "y"),
        ('{"a": "braces } and { and \\\\"}\\\\" in it"}', "braces } and { and \\"),
        ('{"a": "a sign: {\\"a\\": \\"b\\"}"}', 'a sign: {"a": "b"}'),
        ('{"r": {"a": "in"}}', "in"),
        ('{"r": {"s": {"t": {"u": {"a": "too deep"}}}}}', None),
        ('{"a": "out", "r": {"a": "in"}}', "out"),
        ('{"x": {"a": "1"}, "y": {"a": "2"}}', "2"),
        ('[{"a": "in a list"}]', "in a list"),
        ('{"a": "two\nlines"}', "two\nlines"),
        ('{"a": NaN} {"a": Infinity}', None),
        ('{"a": ' + "9" * 5000 + "}", None),
        ("'{\"a\": 'b'}'", None),
        ("", None),
        ("{" * 1000 + '{"a": "b"}', "b"),
        ('{"a":' * 3000, None),
    ],
)
def test_the_last_object_that_fits_is_found(text: str, value: str | None) -> None:
    assert found(text, ONE) == (None if value is None else {"a": value})


@pytest.mark.parametrize(("value", "fits"), [(3, True), (-1, True), (3.0, False), (True, False), ("3", False)])
def test_whole_numbers_are_whole(value: object, fits: bool) -> None:
    assert (found(json.dumps({"n": value}), WHOLE) is not None) == fits


@given(some.text(), some.text(), some.text())
def test_any_words_are_found_within_any_words(before: str, words: str, after: str) -> None:
    text = before.replace("{", "(") + json.dumps({"a": words}) + after.replace("{", "(")

    assert found(text, ONE) == {"a": cleaned(words)}


HOSTILE: dict[str, str] = {
    "openings": "{" * 65_536,
    "objects begun": '{"a":' * 13_000,
    "lists begun": '{"a":[' * 11_000,
    "strings begun": '{"a":"' * 11_000,
    "small objects": "{}" * 32_000,
    "fitting objects": '{"a":"x"}' * 7_000,
    "one long list": '{"b":[1,' * 100 + "1," * 32_000,
    "spaces": "{ " * 32_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_text_made_to_be_slow_is_given_up_on(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []

    class Counting(json.JSONDecoder):
        def raw_decode(self, s: str, idx: int = 0) -> tuple[Any, int]:
            tried.append(idx)
            return super().raw_decode(s, idx)

    monkeypatch.setattr(forms, "_DECODER", Counting(strict=False))

    found(text, ONE)

    assert len(tried) <= forms.PATIENCE


@pytest.mark.parametrize(("opened", "closed"), THINKING)
def test_thinking_is_left_out(opened: str, closed: str) -> None:
    assert spoken(f"{opened}a{closed}b{opened}c{closed}d") == "bd"
    assert spoken(f"a{closed}b") == "b"
    assert spoken(f"b{opened}a") == "b"
    assert spoken(f"{opened}a") == ""


@given(some.text())
def test_tidied_words_stay_as_they_are_but_for_quotes(text: str) -> None:
    once = tidy(f"x {text}")

    assert tidy(once) == once
    assert all(each.isprintable() or each in "\n\t" or not each.isascii() for each in once)


def test_an_answer_is_found_in_a_form_as_a_whole() -> None:
    assert found(json.dumps(FITTING), FORM) == FITTING
