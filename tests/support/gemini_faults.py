"""What the Gemini server can be ordered to do wrong: `server.order(gemini_faults.RATE_LIMITED)`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tests.support.gemini_models import error, invalid, unknown_name
from tests.support.serving_calls import HTML, Order, Reply

SECRET = "AIzaSyA1SECRETSECRETSECRETSECRETSECRET1"
"""A key that error texts echo and nobody may ever see in a log."""


@dataclass(frozen=True, slots=True)
class Twist(Order):
    """A good answer but for this."""

    pictures: tuple[bytes, ...] | None = None
    """Files to answer instead of drawn ones; () = none."""
    drafts: int | None = None
    """None = as many as the model shows."""
    alphabet: Literal["base64", "url-safe", "garbage"] = "base64"
    snake: bool = False
    """The names of a part in snake_case, as some gateways write them."""
    mime: str = ""
    """A type that the picture is not."""
    finish: str = "STOP"
    written: str = "Here is your picture."
    usage: bool = True
    drop: Literal["before", "headers", "half"] | None = None


def ended(finish: str, message: str = "", **more: object) -> Reply:
    """Answer a candidate that finished without any content."""
    candidate: dict[str, object] = {
        "finishReason": finish,
        "index": 0,
        **({"finishMessage": message} if message else {}),
    }
    usage = {"promptTokenCount": 8, "totalTokenCount": 8}
    return Reply.json(200, {"candidates": [candidate], "usageMetadata": usage, **more})


def blocked(reason: str) -> Reply:
    """Answer that the prompt was blocked: there are no candidates."""
    return Reply.json(200, {"promptFeedback": {"blockReason": reason}, "usageMetadata": {"promptTokenCount": 8}})


# ── money, rate ─────────────────────────────────────────────────────────────────────────────────────────────────
_QUOTA = (
    "You exceeded your current quota, please check your plan and billing details. For more information on this error, "
    "head to: https://ai.google.dev/gemini-api/docs/rate-limits."
)


def exhausted(*quotas: str, delay: str = "", words: str = _QUOTA) -> Reply:
    """Return a 429 that names these limits, and how long to wait."""
    details: list[Mapping[str, Any]] = [{"@type": "Help", "links": []}]
    if quotas:
        details.append({"@type": "QuotaFailure", "violations": [{"quotaId": each} for each in quotas]})
    if delay:
        details.append({"@type": "RetryInfo", "retryDelay": delay})
    return error(429, "RESOURCE_EXHAUSTED", words, *details)


PER_MINUTE = exhausted("GenerateRequestsPerMinutePerProjectPerModel", delay="1.5s")
PER_MINUTE_IN_WORDS = exhausted(words=f"{_QUOTA}\nPlease retry in 2.578569677s.")
PER_DAY = exhausted(
    "GenerateRequestsPerMinutePerProjectPerModel", "GenerateRequestsPerDayPerProjectPerModel", delay="2s"
)
NO_FREE_TIER = exhausted(
    words=f"{_QUOTA} \n* Quota exceeded for metric: generativelanguage.googleapis.com/generate_content_free_tier_req"
    "uests, limit: 0, model: gemini-2.5-flash-preview-image\nPlease retry in 45.578569677s."
)
PREPAID = exhausted(words="Your prepayment credits are depleted. Please go to AI Studio to manage your project.")
CAPACITY = error(
    429,
    "RESOURCE_EXHAUSTED",
    "No capacity available for model gemini-3-pro-image on the server",
    {"@type": "ErrorInfo", "reason": "MODEL_CAPACITY_EXHAUSTED", "domain": "cloudcode-pa.googleapis.com"},
)

# ── configuration, wrong requests ───────────────────────────────────────────────────────────────────────────────
KEY_INVALID = error(
    400,
    "INVALID_ARGUMENT",
    f"API key not valid. Please pass a valid API key. ({SECRET})",
    {"@type": "ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"},
)
NO_KEY = error(403, "PERMISSION_DENIED", "Method doesn't allow unregistered callers. Please use API Key.")
UNAUTHENTICATED = error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
SERVICE_DISABLED = error(
    403,
    "PERMISSION_DENIED",
    "Generative Language API has not been used in project 1 before or it is disabled.",
    {"@type": "ErrorInfo", "reason": "SERVICE_DISABLED"},
)
BILLING_DISABLED = error(
    403, "PERMISSION_DENIED", "This API method requires billing.", {"@type": "ErrorInfo", "reason": "BILLING_DISABLED"}
)
LOCATION = error(400, "FAILED_PRECONDITION", "User location is not supported for the API use.")
UNKNOWN_FIELD = unknown_name("imageConfig", "generation_config")
BAD_ASPECT = invalid("Invalid value at 'generation_config.image_config.aspect_ratio' (TYPE_STRING), \"7:1\"")
BAD_IMAGE = invalid("Provided image is not valid.")
TOO_LARGE = invalid("Request payload size exceeds the limit: 104857600 bytes.")
TOO_LONG = invalid("The input token count (40000) exceeds the maximum number of tokens allowed (32768).")
RESPONSIBLE = invalid(
    "Image generation failed with the following error: The prompt could not be submitted. This prompt contains "
    "sensitive words that violate Google's Responsible AI practices. Try rephrasing the prompt."
)

# ── out of order ────────────────────────────────────────────────────────────────────────────────────────────────
INTERNAL = error(500, "INTERNAL", "An internal error has occurred. Please retry or report.")
HIGH_DEMAND = error(
    503,
    "UNAVAILABLE",
    "This model is currently experiencing high demand. Spikes in demand are usually temporary. Please try again later.",
)
OVERLOADED = error(503, "UNAVAILABLE", "The model is overloaded. Please try again later.")
MIDWAY = error(503, "UNAVAILABLE", "Deadline expired before operation could complete.")
DEADLINE = error(504, "DEADLINE_EXCEEDED", "The request timed out. Please try again.")
HTML_SUCCESS = Reply.text(200, "<html><body>Please log in.</body></html>", HTML)
BAD_GATEWAY = Reply.text(502, "<html><head><title>502 Bad Gateway</title></head></html>", HTML)
NOT_JSON = Reply.text(200, '{"candidates": [', "application/json")
OTHER_JSON = Reply.json(200, {"created": 1, "data": []})
ERROR_WITH_200 = Reply.json(200, {"error": {"code": 500, "message": "upstream failed", "status": "INTERNAL"}})
NOTHING_AT_ALL = Reply.json(200, {"usageMetadata": {"promptTokenCount": 8}, "modelVersion": "gemini-3-pro-image"})
NO_CANDIDATES = Reply.json(200, {"candidates": []})


def in_a_list(reply: Reply) -> Reply:
    """Return an error as the streaming endpoint and some gateways write it."""
    return Reply(reply.status, b"[" + reply.body + b"]")
