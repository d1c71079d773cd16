"""What an error answer says, whatever its shape, and how much of it may be logged.

Shapes: `{"error": {message, type, param, code}}` (OpenAI), a list of it, `{"error": {code, message, status, details}}`
(Google), `{"error": "text"}`, `{"detail": "text" or a list}` (FastAPI), `{"error", "detail", "body", "errors"}`
(AUTOMATIC1111), JSON within a message (LiteLLM), HTML, nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from bot.net import discretion
from bot.net.answer import Answer
from bot.net.errors import NetError

LONGEST_DETAIL = 500
"""Characters."""
DEEPEST = 8
"""Errors within errors that are looked into."""
MOST_DETAILS = 16
"""Of each kind that are looked at in one error."""
LARGEST_ERROR = 64 * 1024
ERROR_S = 10.0
"""How long an error answer may take to say what is wrong; its status is known before."""

_STATUS = re.compile(r"[A-Z]+(?:_[A-Z]+)*")
_WORD = re.compile(r"[\w.:/-]{1,100}")
_KEY = re.compile(
    r"(\bsk-|\bAIza|\bbearer\s+|(?:key|token|secret|password)[`'\"]?(?: provided)?(?:\s*[:=]\s*|\s+)[`'\"]?)"
    r"(?:(?=[^\s\d`'\",;]*\d)[^\s`'\",;]{6,}|[^\s`'\",;]{16,})",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Told:
    """What an error body says, whatever its shape."""

    code: str = ""
    type: str = ""
    param: str = ""
    words: str = ""
    status: str = ""
    """Google's name for what is wrong, such as RESOURCE_EXHAUSTED. This and the next three only Google tells."""
    reason: str = ""
    """What it is more exactly, such as API_KEY_INVALID."""
    quotas: tuple[str, ...] = ()
    """The names of the limits that were reached, such as GenerateRequestsPerDayPerProjectPerModel."""
    delay: str = ""
    """How long to wait, such as "34.5s"."""

    def within(self, outer: Told) -> Told:
        """Return this, told by a gateway that told something itself: what is nearer to the source holds."""
        return Told(**{field.name: getattr(self, field.name) or getattr(outer, field.name) for field in fields(self)})


def read(body: bytes) -> Told:
    """Read an error body: `{"error": …}` of any depth, a list of it, `{"detail": …}`, text, HTML, nothing."""
    text = body.decode("utf-8", "replace").strip()
    try:
        said = told(json.loads(text))
    except (ValueError, RecursionError):
        return Told(words=text)
    return said if said != Told() else Told(words=text)


def told(value: object, depth: int = 0) -> Told:
    """Read an error out of parsed JSON."""
    match value:
        case _ if depth > DEEPEST:
            return Told()
        case str():
            return _text(value, depth)
        case [first, *_]:
            return told(first, depth + 1)
        case {"error": str(error), "message": str(words)}:
            return _text(words, depth).within(Told(error))
        case {"error": (str() | dict() | list()) as error}:
            return told(error, depth + 1)
        case {"detail": (str() | dict() | list()) as detail}:
            return told(detail, depth + 1)
        case {"loc": [*_, place], "msg": str(words)}:  # FastAPI's list of wrong fields
            return Told(param=_string(place), words=words)
        case dict():
            outer = Told(_string(value.get("code")), _string(value.get("type")), _string(value.get("param")))
            said = told(value.get("message"), depth + 1).within(_detailed(value).within(outer))
            match value.get("moderation_details"):
                case {"categories": list() as categories}:
                    return replace(said, words=f"{said.words} categories: {', '.join(map(_string, categories))}")
            return said
    return Told()


def _detailed(value: Mapping[str, Any]) -> Told:
    """Read what Google tells beside code and message (google.rpc.Status and error_details.proto)."""
    details = value.get("details")
    kinds: dict[str, dict[str, Any]] = {}
    for detail in _dicts(details):
        kinds.setdefault(_string(detail.get("@type")).rpartition(".")[2], detail)
    violations = _dicts(kinds.get("QuotaFailure", {}).get("violations"))
    wrong = next(_dicts(kinds.get("BadRequest", {}).get("fieldViolations")), {})
    return Told(
        param=_string(wrong.get("field")).rpartition(".")[2],
        status=status if _STATUS.fullmatch(status := _string(value.get("status"))) else "",
        reason=_string(kinds.get("ErrorInfo", {}).get("reason")),
        quotas=tuple(filter(None, (_string(each.get("quotaId")) for each in violations))),
        delay=_string(kinds.get("RetryInfo", {}).get("retryDelay")),
    )


def _dicts(value: object) -> Iterator[dict[str, Any]]:
    """Give the objects of a list, as far as it is one; a stranger wrote it, so not endlessly many."""
    return (each for each in value[:MOST_DETAILS] if isinstance(each, dict)) if isinstance(value, list) else iter(())


def _text(text: str, depth: int) -> Told:
    """Read a message; LiteLLM puts the JSON it was answered between words of its own."""
    start = text.find('{"error"') if '{"error"' in text else text.find("{\n")
    if start < 0:
        return Told(words=text)
    try:
        value = json.JSONDecoder().raw_decode(text[start:])[0]
    except (ValueError, RecursionError):
        return Told(words=text)
    return told(value, depth + 1).within(Told(words=text))


def _string(value: object) -> str:
    """Return a word, or a number as one; the word "None" is Python's way of saying nothing."""
    found = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return "" if found == "None" else found


def without(said: Told, prompt: str) -> Told:
    """Return what was said without the prompt, which some repeat."""
    if len(prompt.encode("utf-8", "replace")) <= 2:  # a letter or two are in every sentence
        return said
    return replace(said, words=discretion.without(said.words, prompt, "…"))


def describe(status: int, said: Told) -> str:
    """Return what was said as it may be logged: one line, cut, without anything that looks like a key."""
    line = f"{status} {word(name(said))} {' '.join(said.words[: 4 * LONGEST_DETAIL].split())}"
    line = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in _KEY.sub(r"\1•••", line))
    return line if len(line) <= LONGEST_DETAIL else line[: LONGEST_DETAIL - 1] + "…"


def name(said: Told) -> str:
    """Return the most exact name an error has; empty when it has none."""
    return said.reason or said.status or said.code or said.type


def word(text: str) -> str:
    """Return a code or an id a server gave, nothing if it does not look like one."""
    return text if _WORD.fullmatch(text) else ""


async def said_by(answer: Answer) -> Told:
    """Read what an error answer says, as far as it can be read; never more than LARGEST_ERROR."""
    body = bytearray()
    with contextlib.suppress(NetError, TimeoutError):
        async with asyncio.timeout(ERROR_S):
            async for chunk in answer.chunks():
                body += chunk
                if len(body) >= LARGEST_ERROR:
                    break
    return read(bytes(body[:LARGEST_ERROR]))
