"""What services say is logged without what people wrote, however it is quoted."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from bot.net.discretion import without

PROMPT = "a heron nobody asked for,\nwith “its” 'long' \"beak\" in the évening fog"
FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "Python": repr,
    "JSON": json.dumps,
    "JSON in Unicode": lambda text: json.dumps(text, ensure_ascii=False),
    "cut short": lambda text: f"{text[:30]}...",
    "pydantic": lambda text: f"{repr(text)[:25]}...{repr(text)[-24:]}",
    "twice": lambda text: f"{text[:40]} and {json.dumps(text)[:33]}… and …{text[-20:]}",
}


@pytest.mark.parametrize("form", FORMS)
def test_a_prompt_is_not_repeated(form: str) -> None:
    said = without(f"Bad input: {FORMS[form](PROMPT)} [type=string]", PROMPT, "[prompt]")

    assert said.startswith("Bad input: ")
    assert "[prompt]" in said
    assert said.endswith(" [type=string]")
    assert not any(word in said for word in ("heron", "beak", "fog"))


@pytest.mark.parametrize("prompt", ["fox", "a fox", "invalid", "x" * 16])
def test_what_is_no_quote_stays(prompt: str) -> None:
    assert without("The size 7x7 is not allowed.", prompt, "…") == "The size 7x7 is not allowed."
