"""Forms of answers: explained to a model in words, and found in whatever it answers."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bot.llm.base import Form
from bot.llm.words import cleaned

DEEPEST = 3
"""Objects within objects that are looked into for the one that fits."""
PATIENCE = 2000
"""What the objects of a text may cost: a few milliseconds. An honest answer takes a hundredth of it."""
_READ = 1
_IN_VAIN = 20
"""What an object costs: one that is none, far more; and as much for each so many characters read of it."""
_LONG = 2048


def explained(form: Form) -> str:
    """Return the rules with which also a model answers in the form whose server knows nothing of forms."""
    lines = [f"- {json.dumps(name)}: {_explained(rule)}" for name, rule in form.schema["properties"].items()]
    return "\n".join(
        (
            "Answer with one JSON object and nothing else: no code fence, no other word. It has these properties:",
            *lines,
        )
    )


def found(text: str, form: Form) -> dict[str, Any] | None:
    """Return the last JSON object of a text that fits the form, None if there is none.

    Around it may stand anything. Properties that the form does not name are left out. Takes time in proportion to the
    text's length, and gives up on one made to take longer.
    """
    last = None
    for value in _objects(text):
        last = next(_fitting(value, form.schema["properties"], DEEPEST), last)
    return last


def _explained(rule: Mapping[str, Any]) -> str:
    among = " or ".join(json.dumps(each, ensure_ascii=False) for each in rule.get("enum", ()))
    meaning = rule.get("description", "")
    return f"{among or rule['type']}{meaning and f'. {meaning}'}"


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """Give the JSON objects in a text that stand in no other, one after the other, until patience ends."""
    patience, done = PATIENCE, 0
    while patience > 0 and (begun := _BEGUN.search(text, done)) is not None:
        start = begun.start()
        try:
            value, done = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError) as error:  # no object, a number of thousands of digits, nested too deeply
            end = error.pos if isinstance(error, json.JSONDecodeError) else len(text)
            patience -= _IN_VAIN * (1 + (end - start) // _LONG)
            done = start + 1
        else:
            patience -= _READ
            yield value


def _fitting(value: object, rules: Mapping[str, Mapping[str, Any]], depth: int) -> Iterator[dict[str, Any]]:
    """Give the object as the form wants it if it fits, then the last one in it that does: some wrap their answer."""
    if not isinstance(value, dict):
        return
    fitted = {name: cleaned(each) if isinstance(each, str) else each for name, each in value.items() if name in rules}
    if len(fitted) == len(rules) and all(_fits(fitted[name], rule) for name, rule in rules.items()):
        yield fitted
    if depth:
        for each in reversed(value.values()):
            yield from _fitting(each, rules, depth - 1)


def _fits(value: object, rule: Mapping[str, Any]) -> bool:
    among = rule.get("enum")
    return value in among if among is not None else _TYPES[rule["type"]](value)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


_TYPES: Mapping[str, Callable[[object], bool]] = {
    "string": lambda value: isinstance(value, str),
    "number": _number,
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
}


def _none(word: str) -> object:
    raise ValueError(f"{word} is no JSON")


_BEGUN = re.compile(r'\{\s*["}]')
_DECODER = json.JSONDecoder(strict=False, parse_constant=_none)
"""Takes line breaks in strings, which many models write."""
