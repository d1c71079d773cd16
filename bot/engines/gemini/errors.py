"""What Google's errors and refusals mean. What only other services say as well is left to `bot.engines.errors`.

Sources: google.rpc.Code and ErrorInfo, google.api.ErrorReason, the enumerations FinishReason and BlockedReason of
google-genai 3.4, and reports of users where the API says something else than it documents.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace

from bot.engines.errors import FULL, Kind, engine_error
from bot.errors import (
    ContentRefused,
    EngineAuth,
    EngineBusy,
    EngineError,
    EngineMisconfigured,
    EngineQuota,
    EngineRejected,
    NothingDrawn,
)
from bot.net.said import Told, describe, without

REASONS: Mapping[str, Kind] = {
    "API_KEY_INVALID": EngineAuth,
    "API_KEY_EXPIRED": EngineAuth,
    "API_KEY_SERVICE_BLOCKED": EngineAuth,
    "API_KEY_HTTP_REFERRER_BLOCKED": EngineAuth,
    "API_KEY_IP_ADDRESS_BLOCKED": EngineAuth,
    "API_KEY_ANDROID_APP_BLOCKED": EngineAuth,
    "API_KEY_IOS_APP_BLOCKED": EngineAuth,
    "ACCESS_TOKEN_EXPIRED": EngineAuth,
    "ACCESS_TOKEN_TYPE_UNSUPPORTED": EngineAuth,
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": EngineAuth,
    "CREDENTIALS_MISSING": EngineAuth,
    "CONSUMER_INVALID": EngineAuth,
    "CONSUMER_SUSPENDED": EngineAuth,
    "BILLING_DISABLED": EngineQuota,
    "SERVICE_DISABLED": EngineMisconfigured,
    "MODEL_CAPACITY_EXHAUSTED": EngineBusy,
}
WORDED: tuple[tuple[str, Kind], ...] = (
    ("api key not valid", EngineAuth),
    ("api key expired", EngineAuth),
    ("user location is not supported", EngineMisconfigured),
    ("not supported for generatecontent", EngineMisconfigured),
    ("not supported for predict", EngineMisconfigured),
    ("requested response modalities", EngineMisconfigured),
    ("responsible ai", ContentRefused),
    ("sensitive words", ContentRefused),
    ("usage guidelines", ContentRefused),
)
"""Words of messages, lower-case; the first that is found holds."""
ABOUT_MODEL = ("not supported for generatecontent", "not supported for predict", "requested response modalities")
"""What is said of a model that there is not, or that cannot draw."""
USED_UP = ("perday", "per_day", "per day", "limit: 0", "prepayment credits", "spending cap", "billing account")
"""In the names and words of quotas: limits that no waiting of a minute helps against. "limit: 0" is what is said to an
account without payment: image models have no free tier."""
CROWDED = ("overloaded", "high demand")
"""Words with 503 that say the service did not begin."""
FIELDS: Mapping[str, str] = {
    "aspect_ratio": "size",
    "image_size": "size",
    "inline_data": "image",
    "data": "image",
    "mime_type": "image",
    "text": "prompt",
}
"""Google's names of fields, and what people call them."""
FIELDS_WORDED: tuple[tuple[str, str], ...] = (
    ("input image", "image"),
    ("image is not valid", "image"),
    ("payload size exceeds", "image"),
    ("input token count", "prompt"),
)
_INVALID = re.compile(r"Invalid value at '([\w.\[\]-]{1,200})'")

REFUSALS = frozenset(
    {
        "SAFETY",
        "RECITATION",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
        "MODEL_ARMOR",
        "JAILBREAK",
        "ESCALATION",
    }
)
"""Reasons to finish that mean: the content is not wanted."""
FAILURES = frozenset(
    {
        "",
        "FINISH_REASON_UNSPECIFIED",
        "STOP",
        "MAX_TOKENS",
        "LANGUAGE",
        "OTHER",
        "NO_IMAGE",
        "IMAGE_OTHER",
        "MALFORMED_RESPONSE",
        "MALFORMED_FUNCTION_CALL",
        "UNEXPECTED_TOOL_CALL",
        "TOO_MANY_TOOL_CALLS",
        "MISSING_THOUGHT_SIGNATURE",
        "CONTINUATION",
    }
)
"""Reasons to finish that mean: it did not work. What is in neither list is taken for a refusal."""
ACCOUNT = frozenset({"PUP_LIMITED_DISABLED"})
"""The account was limited for breaking Google's rules."""
UNWILLING = ("can't", "cannot", "can not", "won't", "unable", "not able", "sorry", "无法", "不能", "抱歉", "無法")
RULED = (
    *("guideline", "polic", "harmful", "harmless", "inappropriate", "explicit", "violen", "prohibit", "not permitted"),
    *("准则", "政策", "不当", "违反", "有害", "準則", "不當", "違反"),
)
"""A model that only writes refuses when it has words of both kinds; else it failed, or asks something."""
LONGEST_REFUSAL = 10_000
"""Characters that are looked at for them."""


def gemini_error(
    engine: str,
    status: int,
    said: Told,
    *,
    headers: Mapping[str, str],
    retry_after: float | None = None,
    prompt: str = "",
    own_model: bool = True,
) -> EngineError:
    """Return what an error answer means. `own_model` is False when the person chose the model."""
    said = without(said, prompt)
    detail = describe(status, said)
    words = said.words.casefold()
    about_model = any(each in words for each in ABOUT_MODEL) or said.status == "NOT_FOUND"
    if about_model and not own_model:
        return EngineRejected(engine=engine, field="model", detail=detail)
    if (kind := _kind(status, said)) is EngineBusy:
        wait = {} if retry_after is None else {"retry_after": math.ceil(retry_after)}
        return EngineBusy(engine=engine, **wait, detail=detail)
    if kind is not None:
        return kind(engine=engine, detail=detail)
    param = said.param or (found[1].rpartition(".")[2] if (found := _INVALID.search(said.words)) else "")
    param = next((field for part, field in FIELDS_WORDED if part in words), FIELDS.get(param, param))
    told = replace(said, param=param)
    return engine_error(engine, status, told, headers=headers, retry_after=retry_after, own_model=own_model)


def _kind(status: int, said: Told) -> Kind | None:
    """Return what only Google says so; None when that tells nothing."""
    words = said.words.casefold()
    if said.reason in REASONS:
        return REASONS[said.reason]
    if status == 429 or said.status == "RESOURCE_EXHAUSTED":  # "exceeded your current quota" is said of any limit
        limits = " ".join((*said.quotas, words)).casefold()
        return EngineQuota if any(each in limits for each in USED_UP) else EngineBusy
    if status in FULL and any(each in words for each in CROWDED):
        return EngineBusy
    if (found := next((kind for part, kind in WORDED if part in words), None)) is not None:
        return found
    if said.status == "FAILED_PRECONDITION" or "Cannot find field" in said.words:
        return EngineMisconfigured
    return None


def no_picture(engine: str, *, block: str, finish: str, message: str, written: str, prompt: str) -> EngineError:
    """Return why an answer has no picture.

    `block` is the reason why the prompt was blocked, `finish` why the model finished, `message` Google's words about
    it, `written` what the model wrote instead. That may repeat the prompt in other words, so it is not logged.
    """
    said = without(Told(code=block or finish, words=message), prompt)
    detail = describe(200, said) + (f" ({len(written)} characters of text)" if written else "")
    return _why(block, finish, written)(engine=engine, detail=detail)


def _why(block: str, finish: str, written: str) -> Kind:
    if finish in ACCOUNT:
        return EngineAuth
    if block or finish in REFUSALS or finish not in FAILURES:
        return ContentRefused
    text = written[:LONGEST_REFUSAL].casefold().replace("’", "'")
    refused = any(each in text for each in UNWILLING) and any(each in text for each in RULED)
    return ContentRefused if refused else NothingDrawn
