"""What the OpenAI server can be ordered to do wrong: `server.order(openai_faults.RATE_LIMITED)`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tests.support.openai_models import KEYS_PAGE, error
from tests.support.openai_pictures import noise
from tests.support.serving_calls import HTML, Order, Reply

SECRET = "sk-proj-SECRETSECRETSECRETSECRET"
"""A key that error texts echo and nobody may ever see in a log."""


@dataclass(frozen=True, slots=True)
class Twist(Order):
    """A good answer but for this."""

    pictures: tuple[bytes, ...] | None = None
    """Files to answer instead of drawn ones; () = an empty list."""
    encoding: Literal["base64", "url-safe", "escaped", "wrapped", "data url", "garbage"] = "base64"
    """`escaped`: every slash as a backslash and a slash; `wrapped`: lines of 76 characters; `garbage`: no base64."""
    url: str | None = None
    """Answer addresses below this one instead of base64; the server's own when it is empty."""
    stream: Literal["json", "error", "cut", "unfinished"] | None = None
    """To a call that asked for a stream: a JSON answer; an error object after the partial pictures; the connection
    breaks within the last event; the stream ends properly without the last event."""
    drop: Literal["before", "headers", "half"] | None = None
    """Break off the JSON answer."""
    wait_s: float = 0.0
    usage: bool = True
    """Whether the answer says what was used, and the resolved size and quality."""


# ── refused content ─────────────────────────────────────────────────────────────────────────────────────────────
_BLOCKED = (
    "Your request was rejected by the safety system. If you believe this is an error, contact us at help.openai.com "
    "and include the request ID wfr_0198c0ffee. safety_violations=[sexual,violence]."
)
MODERATION_BLOCKED = error(400, _BLOCKED, "moderation_blocked", type="image_generation_user_error")
CONTENT_POLICY = error(
    400,
    "Your request was rejected as a result of our safety system. Your prompt may contain text that is not allowed by "
    "our safety system.",
    "content_policy_violation",
)
IMAGE_CONTENT_POLICY = error(
    400, "The picture was refused.", "image_content_policy_violation", type="image_generation_user_error"
)
AZURE_CONTENT_FILTER = Reply.json(
    400,
    {
        "error": {
            "code": "contentFilter",
            "message": "Your task failed as a result of our safety system.",
            "inner_error": {
                "code": "ResponsibleAIPolicyViolation",
                "content_filter_results": {"sexual": {"filtered": True, "severity": "high"}},
            },
        }
    },
)

# ── money, rate ─────────────────────────────────────────────────────────────────────────────────────────────────
BILLING_LIMIT = error(
    400, "Billing hard limit has been reached.", "billing_hard_limit_reached", type="billing_limit_user_error"
)
INSUFFICIENT_QUOTA = error(
    429,
    "You exceeded your current quota, please check your plan and billing details. For more information on this error, "
    "read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.",
    "insufficient_quota",
    type="insufficient_quota",
)
CREDITS = Reply.json(402, {"error": {"code": 402, "message": "Insufficient credits. Add more."}})
"""OpenRouter."""


def rate_limited(wait_s: float = 12, *, header: Literal["retry-after", "retry-after-ms"] | None = None) -> Reply:
    """Return a 429 that says how long to wait: in a header, or only in its text."""
    text = (
        "Rate limit reached for gpt-image-2 (for limit gpt-image) in organization org-abc on input-images per min: "
        f"Limit 5, Used 5, Requested 1. Please try again in {wait_s:g}s. "
        "Visit https://platform.openai.com/account/rate-limits to learn more."
    )
    headers = {"x_ratelimit_limit_requests": "5", "x_ratelimit_reset_requests": "6m0s"}
    if header is not None:
        headers[header.replace("-", "_")] = f"{wait_s * 1000 if header == 'retry-after-ms' else wait_s:g}"
    return error(429, text, "rate_limit_exceeded", type="input-images", **headers)


RATE_LIMITED = rate_limited(12, header="retry-after")
RATE_LIMITED_SILENTLY = error(429, "Too many requests.", "rate_limit_exceeded", type="requests")
"""Neither a header nor the text says how long to wait."""

# ── configuration, wrong requests ───────────────────────────────────────────────────────────────────────────────
INVALID_KEY = error(
    401,
    f"Incorrect API key provided: {SECRET}. You can find your API key at {KEYS_PAGE}.",
    "invalid_api_key",
)
NOT_VERIFIED = error(
    403,
    "Your organization must be verified to use the model `gpt-image-2`. Please go to: "
    "https://platform.openai.com/settings/organization/general and click on Verify Organization.",
)
MODEL_NOT_FOUND = error(
    404, "The model 'gpt-image-9' does not exist or you do not have access to it.", "model_not_found"
)


def unknown_parameter(name: str) -> Reply:
    """Return the refusal of a parameter the server does not know."""
    return error(400, f"Unknown parameter: '{name}'.", "unknown_parameter", param=name)


def invalid_value(name: str) -> Reply:
    """Return the refusal of a parameter's value."""
    return error(400, f"Invalid value for '{name}'.", "invalid_value", param=name)


# ── out of order ────────────────────────────────────────────────────────────────────────────────────────────────
SERVER_ERROR = error(
    500, "The server had an error while processing your request. Sorry about that!", type="server_error"
)
OVERLOADED = error(503, "The engine is currently overloaded, please try again later.", type="server_error")
BAD_GATEWAY = Reply.text(502, "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>", HTML)
GATEWAY_TIMEOUT = Reply.text(504, "<html><body><h1>504 Gateway Time-out</h1></body></html>", HTML)
HTML_SUCCESS = Reply.text(200, "<html><body>Please log in.</body></html>", HTML)
EMPTY_BODY = Reply(500)
NOT_JSON = Reply.text(200, '{"data": [', "application/json")
FASTAPI_TEXT = Reply.json(500, {"detail": f"CUDA error, key {SECRET}"})
FASTAPI_LIST = Reply.json(
    422, {"detail": [{"type": "int_parsing", "loc": ["body", "n"], "msg": "Input should be a valid integer"}]}
)
ERROR_TEXT = Reply.json(400, {"error": "model is loading"})
ERROR_LIST = Reply.json(400, [{"error": {"message": "Something was wrong.", "code": 400}}])
ERROR_NESTED = Reply.json(400, {"error": {"message": {"error": {"message": "deep", "code": "invalid_value"}}}})
HUGE_ERROR = Reply.text(500, "x" * 1_000_000)

# ── LiteLLM 1.106: the code is the status as a string, only the text tells ──────────────────────────────────────


def litellm(status: int, message: str, type: str = "None", **headers: str) -> Reply:
    """Return an error in the proxy's shape; `_` in a header's name stands for `-`."""
    body = {"error": {"message": message, "type": type, "param": "None", "code": str(status)}}
    return Reply.json(status, body, **headers)


def _from_openai(status: int, kind: str, message: str, type: str = "None") -> Reply:
    """Return what the proxy makes of an error of OpenAI's on generations."""
    text = f"litellm.{kind}: {kind}: OpenAIException - {message} LiteLLM: model group gpt-image-2 failed"
    return litellm(status, text, type, llm_provider_x_request_id="req_0198c0ffee")


LITELLM_BLOCKED = _from_openai(400, "BadRequestError", _BLOCKED, "image_generation_user_error")
LITELLM_EDIT_BLOCKED = _from_openai(400, "BadRequestError", MODERATION_BLOCKED.body.decode())
"""On edits the whole body stands within the message."""
LITELLM_QUOTA = _from_openai(429, "RateLimitError", "You exceeded your current quota.", "throttling_error")
LITELLM_RATE = _from_openai(429, "RateLimitError", "Rate limit reached for gpt-image-2.", "throttling_error")
LITELLM_BILLING = _from_openai(400, "BadRequestError", "Billing hard limit has been reached.")
LITELLM_AUTH = _from_openai(401, "AuthenticationError", f"Incorrect API key: {SECRET}.", "authentication_error")
LITELLM_TIMEOUT = _from_openai(408, "Timeout", "Request timed out.")
LITELLM_STREAM = _from_openai(500, "InternalServerError", "streaming failed.", "internal_server_error")
LITELLM_UNSUPPORTED = litellm(
    400, "litellm.UnsupportedParamsError: Setting response_format is not supported by openai, gpt-image-2"
)
LITELLM_NO_KEY = Reply.text(500, "Internal Server Error")
LITELLM_BUDGET = litellm(429, "Budget has been exceeded! Current cost: 5.1, Max budget: 5.0", "budget_exceeded")
LITELLM_COOLDOWN = litellm(
    429,
    "No deployments available for selected model, Try again in 5 seconds.",
    "all_deployments_in_cooldown",
    retry_after="5",
)
LITELLM_EMPTY = Reply.json(200, {"created": 1_700_000_000, "data": []}, x_litellm_response_cost="0.04")
"""How the proxy tells that Gemini blocked the picture."""

# ── answers that break off, and pictures that are none ──────────────────────────────────────────────────────────
DROPPED_AFTER_HEADERS = Twist(drop="headers")
SHORT_BODY = Twist(drop="half")
JSON_FOR_STREAM = Twist(stream="json")
STREAM_ERROR = Twist(stream="error")
STREAM_CUT = Twist(stream="cut")
STREAM_UNFINISHED = Twist(stream="unfinished")
BASE64_GARBAGE = Twist(encoding="garbage")
UNDECODABLE = Twist(pictures=(b"This is no picture. " * 400,))
URLS = Twist(url="")
NO_PICTURES = Twist(pictures=())
WITHOUT_USAGE = Twist(usage=False)


def huge(size: int = 20_000_000) -> Twist:
    """Answer one picture of this many bytes."""
    return Twist(pictures=(noise(size),))


def slow(seconds: float) -> Twist:
    """Let the answer take its time."""
    return Twist(wait_s=seconds)
