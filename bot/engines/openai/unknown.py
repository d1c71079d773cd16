"""What a service says of parameters it does not know: such a call was not begun, and may be sent without them."""

from __future__ import annotations

import re
from itertools import chain

from bot.engines.errors import meaning
from bot.net.said import Told

REFUSED = frozenset({400, 422})
"""Statuses that are answered before anything is drawn."""
CODES = frozenset({"unknown_parameter", "unsupported_parameter", "extra_forbidden", "invalid_input_fidelity_model"})
"""Codes and types, lower-case."""
_SAID = re.compile(
    r"unknown parameter|extra (?:fields|inputs) (?:are )?not permitted|unsupported parameter", re.IGNORECASE
)
"""Said of the parameter that the answer names beside: OpenAI, Azure, FastAPI (pydantic 1 and 2)."""
_QUOTED = r"[`'\"‘“]?([a-z][a-z0-9_]{0,39})(?:[.\[][^`'\"\s]{0,80})?"
_NAMED = tuple(
    re.compile(each, re.IGNORECASE)
    for each in (
        rf"(?:unknown|unsupported) parameter:? {_QUOTED}",
        rf"setting {_QUOTED}[`'\"’”]? is not supported by",  # LiteLLM
        rf"does not support the {_QUOTED}[`'\"’”]? parameter",
        rf"argument not supported(?: on this model)?: {_QUOTED}",  # xAI
        rf"unknown name {_QUOTED}",  # Google
        rf"unexpected keyword argument {_QUOTED}",
    )
)
_LISTS = tuple(
    re.compile(each, re.IGNORECASE)
    for each in (
        r"unrecognized request arguments? supplied: ([a-z0-9_, ]{1,400})",  # OpenAI, Azure
        r"(?:does not support|unsupported|unknown) parameters:? ?[\[{(]([^\]})]{1,400})",  # LiteLLM
    )
)
_WORD = re.compile(r"[a-z][a-z0-9_]{0,39}", re.IGNORECASE)


def unknown_parameters(status: int, said: Told) -> frozenset[str]:
    """Return the names of parameters that an answer says are not known; empty when it is about something else."""
    if status not in REFUSED or meaning(said) is not None:
        return frozenset()
    names = set(chain.from_iterable(each.findall(said.words) for each in _NAMED))
    for found in chain.from_iterable(each.findall(said.words) for each in _LISTS):
        names.update(_WORD.findall(found))
    coded = any(each.lower() in CODES for each in (said.code, said.type))
    if (coded or _SAID.search(said.words)) and (word := _WORD.match(said.param)):
        names.add(word[0])
    return frozenset(names)
