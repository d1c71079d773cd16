"""From an error answer to the EngineError it means: one taxonomy for the cloud engines.

Decided in this order: status → code → type → words. The last step is needed: LiteLLM 1.106 replaces the code by the
status as a string and keeps only the text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

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
from bot.net.said import Told, describe, without

Kind = type[EngineError]


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
    "operationnotsupported": EngineMisconfigured,  # Azure: the deployment is of a model that does not draw
    "rate_limit_exceeded": EngineBusy,
    "api_key_invalid": EngineAuth,
    "api_key_expired": EngineAuth,
    "credentials_missing": EngineAuth,
    "billing_disabled": EngineQuota,
    "service_disabled": EngineMisconfigured,
}
"""Codes, types and Google's reasons, lower-case.

LiteLLM's "throttling_error" is not here: it may as well mean an empty account.
"""
WORDED: tuple[tuple[str, Kind], ...] = (
    ("temporarily blocked", EngineUnavailable),  # Azure: the account, for content drawn earlier
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
    ("api deployment for this resource does not exist", EngineMisconfigured),
    ("api version not supported", EngineMisconfigured),
    ("virtual network/firewall", EngineMisconfigured),
    ("public access is disabled", EngineMisconfigured),
    ("out of memory", OutOfMemory),
)
"""Words of messages, lower-case; the first that is found holds."""
OVERLOADED = ("overloaded", "high demand", "no healthy upstream")
"""Words that say the service did not begin: `server_is_overloaded`, "the engine is currently overloaded"."""
FULL = frozenset({503, 529})
"""Statuses of a service that may not have begun."""
NO_SUCH_MODEL = frozenset({"model_not_found", "deploymentnotfound", "operationnotsupported"})
MISPLACED = frozenset({404, 405, 501})
"""Statuses of a wrong address or model: the operator's to put right."""

_FIELD = re.compile(r"([A-Za-z_][A-Za-z0-9_]{0,39})(?:[.\[].*)?")
_FIELD_IN_WORDS = re.compile(
    r"(?:(?:parameter|value|argument)s?:?(?: for)? [`'\"]|\bsetting [`'\"]?)([a-z_]{1,40})\b", re.IGNORECASE
)


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
            if field == "model" and own_model:
                return EngineMisconfigured(engine=engine, detail=detail)
            return EngineRejected(engine=engine, field=field, detail=detail)
        return EngineError(engine=engine, detail=detail)
    if kind is EngineBusy and retry_after is not None:
        return EngineBusy(engine=engine, retry_after=math.ceil(retry_after), detail=detail)
    return kind(engine=engine, detail=detail)


def meaning(said: Told) -> Kind | None:
    """Return what code, type and words mean; None when they tell nothing."""
    for name in (said.reason, said.code, said.type):
        if (kind := NAMED.get(name.lower())) is not None:
            return kind
    if said.status == "RESOURCE_EXHAUSTED":  # Google's words are of the quota, also when a minute helps
        return EngineBusy
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
    words = said.words.casefold()
    named = "invalid model name" in words or "api deployment for this resource does not exist" in words
    return named or said.code.lower() in NO_SUCH_MODEL or said.param == "model"


def _field(said: Told) -> str:
    """Return which field is wrong, empty when that is not told: people read it, so it must look like a field."""
    found = _FIELD.fullmatch(said.param) or _FIELD_IN_WORDS.search(said.words)
    return found[1] if found else ""
