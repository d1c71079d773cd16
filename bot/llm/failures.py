"""From an error answer to the reason there is no answer, and to the part of the request a server does not take."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from bot.engines.errors import NAMED, meaning
from bot.errors import (
    ContentRefused,
    EngineAuth,
    EngineBusy,
    EngineError,
    EngineMisconfigured,
    EngineQuota,
)
from bot.llm.base import NoAnswer, Reason
from bot.net.discretion import EXCERPT
from bot.net.said import Told, describe, without

MEANT: Mapping[type[EngineError], Reason] = {
    ContentRefused: "refused",
    EngineAuth: "auth",
    EngineQuota: "auth",
    EngineMisconfigured: "auth",
    EngineBusy: "busy",
}
"""What code, type and words mean; where they mean anything else, the status decides."""
WRONG = frozenset({401, 402, 403, 404, 405, 501, *range(300, 400)})
"""Statuses of a wrong key, account, model or address."""
LATE = frozenset({408, 504})
"""Statuses of a server that was kept waiting itself."""
NO_LOOKUP = frozenset({404, 405, 501})
"""Statuses of a server that does not tell of its models; a question shows whether anything else is wrong."""
UNTAKEN = frozenset({400, 422, 500})
"""Statuses with which servers refuse a part of a request."""
FORMATS = ("response_format", "json_schema", "json_object", "json_mode", "structured_output", "grammar")
"""What they call an answer in a form."""
NO_ROOM = "output limit was reached"
"""In OpenAI's words for an answer that had no room: a 400."""
NO_FORM = frozenset({"json_validate_failed"})
"""Groq's code for an answer that is not as it should be."""
LONGEST_SAID = 8000
"""Characters of a server's words that are looked at: far more than are logged."""

_ENCODED = re.compile(r"[A-Za-z0-9+/_-]{64,}={0,2}")
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+")


class Refusal(Exception):
    """An error answer."""

    def __init__(self, status: int, said: Told) -> None:
        """`said` is without what was asked."""
        super().__init__()
        self.status = status
        self.said = said

    @property
    def meant(self) -> NoAnswer:
        """What it means for who asked."""
        return NoAnswer(self._reason(), describe(self.status, self.said))

    @property
    def crashed(self) -> bool:
        """The server failed, and does not say at what."""
        return self.status == 500 and self.meant.reason == "away"

    def refuses(self, *names: str) -> bool:
        """Tell whether it is about something in the request that has one of these names."""
        if self.status not in UNTAKEN or NO_ROOM in self.said.words or meaning(self.said) in MEANT:
            return False
        return any(_named(name, text) for name in names for text in (self.said.param, self.said.words))

    def _reason(self) -> Reason:
        if self.status == 429:  # Google has the same words for the minute's limit and for an empty account
            spent = EngineQuota in (NAMED.get(each.lower()) for each in (self.said.code, self.said.type))
            return "auth" if spent else "busy"
        if self.status in (401, 402):
            return "auth"
        if (kind := meaning(self.said)) is not None and kind in MEANT:
            return MEANT[kind]
        if self.said.code in NO_FORM:
            return "unreadable"
        if NO_ROOM in self.said.words:
            return "cut"
        return "auth" if self.status in WRONG else "late" if self.status in LATE else "away"


def private(said: Told, texts: Iterable[str]) -> Told:
    """Return what was said without these texts and their lines, and without anything that may be a picture."""
    said = replace(said, words=said.words[:LONGEST_SAID])
    for text in texts:
        for each in dict.fromkeys((text, *(line for line in text.splitlines() if len(line) > EXCERPT))):
            said = without(said, each)
    return replace(said, words=_ENCODED.sub("…", said.words))


def _named(name: str, text: str) -> bool:
    """Tell whether a text names something, in any spelling: `topP`, `top_p`, "top p"."""
    parts = _WORD.findall(name)
    spelled = r"(?<![a-z0-9])" + r"[\W_]?".join(parts) + r"(?![a-z0-9])"
    return bool(parts) and re.search(spelled, text, re.IGNORECASE) is not None
