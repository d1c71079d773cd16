"""What an error answer says, whatever its shape, and how much of it gets into a log."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.net.said import MOST_DETAILS, Told, describe, read
from tests.support import gemini_faults as faults

RPC = "type.googleapis.com/google.rpc."
GOOGLE: dict[str, Any] = {
    "error": {
        "code": 429,
        "message": "You exceeded your current quota.",
        "status": "RESOURCE_EXHAUSTED",
        "details": [
            {"@type": f"{RPC}Help", "links": [{"url": "https://ai.google.dev"}]},
            {
                "@type": f"{RPC}QuotaFailure",
                "violations": [
                    {"quotaMetric": "requests", "quotaId": "RequestsPerMinute"},
                    {"quotaId": "RequestsPerDay", "quotaValue": "100"},
                ],
            },
            {"@type": f"{RPC}ErrorInfo", "reason": "RATE_LIMIT_EXCEEDED", "domain": "googleapis.com"},
            {"@type": f"{RPC}RetryInfo", "retryDelay": "34.5s"},
            {"@type": f"{RPC}BadRequest", "fieldViolations": [{"field": "a.b[0].image_size"}, {"field": "c"}]},
        ],
    }
}
TOLD = Told(
    code="429",
    param="image_size",
    words="You exceeded your current quota.",
    status="RESOURCE_EXHAUSTED",
    reason="RATE_LIMIT_EXCEEDED",
    quotas=("RequestsPerMinute", "RequestsPerDay"),
    delay="34.5s",
)


@pytest.mark.parametrize(
    "body",
    [
        GOOGLE,
        [GOOGLE],
        {"error": {"message": json.dumps(GOOGLE)}},
        {"error": {"message": f"litellm.RateLimitError: VertexAIException - {json.dumps(GOOGLE)} LiteLLM"}},
        {"error": {"message": json.dumps(GOOGLE, indent=2), "code": 503, "status": "Service Unavailable"}},
    ],
    ids=["plain", "in a list", "within a message", "through LiteLLM", "through a gateway"],
)
def test_google_is_understood_also_through_others(body: object) -> None:
    assert read(json.dumps(body).encode()) == TOLD


@pytest.mark.parametrize(
    "details",
    [
        None,
        "text",
        7,
        {"@type": f"{RPC}RetryInfo"},
        [None, 7, "text", []],
        [{"@type": 7}],
        [{}],
        [{"@type": f"{RPC}QuotaFailure", "violations": {"quotaId": "a"}}],
        [{"@type": f"{RPC}QuotaFailure", "violations": [None, {"quotaId": 7.5}, {}]}],
        [{"@type": f"{RPC}BadRequest", "fieldViolations": [None]}],
        [{"@type": f"{RPC}RetryInfo", "retryDelay": {"seconds": 3}}],
    ],
    ids=repr,
)
def test_details_of_any_other_shape_tell_nothing(details: object) -> None:
    body = {"error": {"code": 400, "message": "No.", "status": "INVALID_ARGUMENT", "details": details}}

    assert read(json.dumps(body).encode()) == Told(code="400", words="No.", status="INVALID_ARGUMENT")


def test_no_more_limits_are_taken_than_there_are() -> None:
    many = [{"quotaId": str(number)} for number in range(1000)]
    body = {"error": {"message": "No.", "details": [{"@type": f"{RPC}QuotaFailure", "violations": many}]}}

    assert len(read(json.dumps(body).encode()).quotas) == MOST_DETAILS


@pytest.mark.parametrize("status", ["Service Unavailable", "error", 503, None, {"a": 1}])
def test_a_status_that_is_no_name_is_none_of_googles(status: object) -> None:
    assert read(json.dumps({"message": "No.", "status": status}).encode()) == Told(words="No.")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (TOLD, "429 RATE_LIMIT_EXCEEDED You exceeded your current quota."),
        (Told(code="429", status="RESOURCE_EXHAUSTED", words="No."), "429 RESOURCE_EXHAUSTED No."),
        (Told(code="rate_limit_exceeded", type="requests", words="No."), "429 rate_limit_exceeded No."),
        (Told(type="requests", words="No."), "429 requests No."),
    ],
)
def test_an_error_is_logged_by_the_most_exact_name_it_has(said: Told, shown: str) -> None:
    assert describe(429, said) == shown


def test_a_key_of_googles_is_not_logged() -> None:
    line = describe(400, Told(words=f"The project of {faults.SECRET} is gone."))

    assert line == "400  The project of AIza••• is gone."
