"""From an error answer to the EngineError it means.

Decided in this order: status → code → type → words. The last step is needed: LiteLLM 1.106 replaces the code by the
status as a string and keeps only the text.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.engines import discretion
from bot.errors import (
    ContentRefused,
    EngineAuth,
    EngineBusy,
    EngineError,
    EngineMisconfigured,
    EngineQuota,
    EngineRejected,
    EngineUnavailable,
    OutOfMemory,
    UnknownOutcome,
)

Kind = type[EngineError]

LONGEST_DETAIL = 500
"""Characters."""
DEEPEST = 8
"""Errors within errors that are looked into."""

DECIDED: Mapping[int, Kind] = {
    401: EngineAuth,
    402: EngineQuota,
    408: UnknownOutcome,
    502: UnknownOutcome,
    504: UnknownOutcome,
}
"""Statuses after which nothing else is looked at."""
NAMED: Mapping[str, Kind] = {
    "moderation_blocked": ContentRefused,
    "content_policy_violation": ContentRefused,
    "image_content_policy_violation": ContentRefused,
    "content_filter": ContentRefused,
    "contentfilter": ContentRefused,
    "responsibleaipolicyviolation": ContentRefused,
    "insufficient_quota": EngineQuota,
    "billing_hard_limit_reached": EngineQuota,
    "billing_not_active": EngineQuota,
    "billing_limit_user_error": EngineQuota,
    "budget_exceeded": EngineQuota,
    "invalid_api_key": EngineAuth,
    "authentication_error": EngineAuth,
    "permission_error": EngineAuth,
    "no_db_connection": EngineAuth,  # LiteLLM without a database, asked with a wrong key
    "token_not_found_in_db": EngineAuth,
    "model_not_found": EngineMisconfigured,
    "deploymentnotfound": EngineMisconfigured,
    "rate_limit_exceeded": EngineBusy,
}
"""Codes and types, lower-case. LiteLLM's "throttling_error" is not here: it may as well mean an empty account."""
WORDED: tuple[tuple[str, Kind], ...] = (
    ("safety system", ContentRefused),
    ("safety_violations", ContentRefused),
    ("moderation_blocked", ContentRefused),
    ("content_policy_violation", ContentRefused),
    ("content policy", ContentRefused),
    ("content management policy", ContentRefused),
    ("billing hard limit", EngineQuota),
    ("exceeded your current quota", EngineQuota),
    ("insufficient_quota", EngineQuota),
    ("insufficient credits", EngineQuota),
    ("budget has been exceeded", EngineQuota),
    ("incorrect api key", EngineAuth),
    ("invalid api key", EngineAuth),
    ("api key not valid", EngineAuth),
    ("invalid model name", EngineMisconfigured),
    ("out of memory", OutOfMemory),
)
"""Words of messages, lower-case; the first that is found holds."""
OVERLOADED = ("overloaded", "no healthy upstream")
"""Words that say the service did not begin: `server_is_overloaded`, "the engine is currently overloaded"."""
FULL = frozenset({503, 529})
"""Statuses of a service that may not have begun."""
NO_SUCH_MODEL = frozenset({"model_not_found", "deploymentnotfound"})
MISPLACED = frozenset({404, 405, 501})
"""Statuses of a wrong address or model: the operator's to put right."""

_FIELD = re.compile(r"([A-Za-z_][A-Za-z0-9_]{0,39})(?:[.\[].*)?")
_FIELD_IN_WORDS = re.compile(
    r"(?:(?:parameter|value|argument)s?:?(?: for)? [`'\"]|\bsetting [`'\"]?)([a-z_]{1,40})\b", re.IGNORECASE
)
_WORD = re.compile(r"[\w.:/-]{1,100}")
_KEY = re.compile(
    r"(\bsk-|\bbearer\s+|(?:key|token|secret|password)[`'\"]?(?: provided)?(?:\s*[:=]\s*|\s+)[`'\"]?)"
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

    def within(self, outer: Told) -> Told:
        """Return this, told by a gateway that told something itself: what is nearer to the source holds."""
        return Told(
            self.code or outer.code, self.type or outer.type, self.param or outer.param, self.words or outer.words
        )


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
            said = told(value.get("message"), depth + 1).within(outer)
            match value.get("moderation_details"):
                case {"categories": list() as categories}:
                    return replace(said, words=f"{said.words} categories: {', '.join(map(_string, categories))}")
            return said
    return Told()


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


def engine_error(
    engine: str,
    status: int,
    said: Told,
    *,
    headers: Mapping[str, str],
    retry_after: float | None = None,
    prompt: str = "",
    own_model: bool = True,
) -> EngineError:
    """Return what an answer with this status means.

    `own_model` is False when the person chose the model: then it is for them to choose another.
    """
    said = without(said, prompt)
    kind = DECIDED.get(status) or meaning(said) or _by_status(status, said, headers)
    detail = describe(status, said)
    if kind is EngineMisconfigured and not own_model and _about_model(said):
        return EngineRejected(engine=engine, field="model", detail=detail)
    if kind is EngineRejected:
        if field := _field(said) or ("image" if status == 413 else ""):
            return EngineRejected(engine=engine, field=field, detail=detail)
        return EngineError(engine=engine, detail=detail)
    if kind is EngineBusy and retry_after is not None:
        return EngineBusy(engine=engine, retry_after=math.ceil(retry_after), detail=detail)
    return kind(engine=engine, detail=detail)


def meaning(said: Told) -> Kind | None:
    """Return what code, type and words mean; None when they tell nothing."""
    for name in (said.code, said.type):
        if (kind := NAMED.get(name.lower())) is not None:
            return kind
    words = said.words.casefold()
    return next((kind for part, kind in WORDED if part in words), None)


def _by_status(status: int, said: Told, headers: Mapping[str, str]) -> Kind:
    if status == 403:
        return EngineAuth
    if status in MISPLACED:
        return EngineMisconfigured
    if status == 429:
        return EngineBusy
    words = f"{said.code} {said.type} {said.words}".casefold()
    full = any(each in words for each in OVERLOADED)
    if status in FULL and (full or "retry-after" in headers):
        return EngineUnavailable
    if status >= 500:
        return UnknownOutcome
    return EngineRejected if status >= 400 and not full else EngineUnavailable


def _about_model(said: Told) -> bool:
    return said.code.lower() in NO_SUCH_MODEL or said.param == "model" or "invalid model name" in said.words.casefold()


def _field(said: Told) -> str:
    """Return which field is wrong, empty when that is not told: people read it, so it must look like a field."""
    found = _FIELD.fullmatch(said.param) or _FIELD_IN_WORDS.search(said.words)
    return found[1] if found else ""


def without(said: Told, prompt: str) -> Told:
    """Return what was said without the prompt, which some repeat."""
    if len(prompt.encode("utf-8", "replace")) <= 2:  # a letter or two are in every sentence
        return said
    return replace(said, words=discretion.without(said.words, prompt, "…"))


def describe(status: int, said: Told) -> str:
    """Return what was said as it may be logged: one line, cut, without anything that looks like a key."""
    line = f"{status} {word(said.code or said.type)} {' '.join(said.words[: 4 * LONGEST_DETAIL].split())}"
    line = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in _KEY.sub(r"\1•••", line))
    return line if len(line) <= LONGEST_DETAIL else line[: LONGEST_DETAIL - 1] + "…"


def word(text: str) -> str:
    """Return a code or an id a server gave, nothing if it does not look like one."""
    return text if _WORD.fullmatch(text) else ""
