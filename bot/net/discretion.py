"""What a service says, without what a person wrote: that belongs into no log."""

from __future__ import annotations

import json

EXCERPT = 16
"""Characters of a text's beginning or end by which it is known where it is quoted cut short."""


def without(said: str, text: str, mark: str) -> str:
    """Return what was said with `mark` in the place of a text, as it is or as Python or JSON write it.

    Also of a text that is cut short, as pydantic does ("a red fox in the sn...with a lantern"). Takes time in
    proportion to the lengths of both.
    """
    quoted = (json.dumps(text), json.dumps(text, ensure_ascii=False), repr(text))
    forms = (text, *(each[1:-1] for each in quoted))
    for form in forms:
        said = said.replace(form, mark)
    for form in forms:
        if len(form) > EXCERPT:
            said = _without_beginnings(said, form, mark)
            said = _without_beginnings(said[::-1], form[::-1], mark[::-1])[::-1]
    return said


def _without_beginnings(said: str, text: str, mark: str) -> str:
    begun, rest = text[:EXCERPT], text[EXCERPT:]
    before, *after = said.split(begun)
    return mark.join([before, *(each[_alike(each, rest) :] for each in after)])


def _alike(one: str, other: str) -> int:
    """Return how many characters at the beginning are the same."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((number for number, (a, b) in pairs if a != b), min(len(one), len(other)))
