"""The chat completions dialect (models, chat) as of November 2026 on loopback, as different servers speak it.

```python
async with ChatServer(Kind(formats=("json_object",))) as server:
    ...  # base address server.url, key server.key
    server.order(Words("Hello.", finish="length"))  # for the next question that is not refused
    server.order(llm_faults.RATE_LIMITED)
```
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.support.openai_models import REQUEST_ID, error
from tests.support.serving import CALL, ORDER, LocalServer
from tests.support.serving_calls import Call, Order, Reply, send

MODEL = "gpt-5.4-mini"
KEY = "sk-test-0123456789abcdefghij"
PARAMETERS = frozenset(
    {"frequency_penalty", "messages", "model", "n", "reasoning_effort", "response_format", "stream", "temperature"}
    | {"max_completion_tokens", "max_tokens", "presence_penalty", "seed", "stop", "top_p", "user", "verbosity"}
)
"""Those that servers know unless they are of a `Kind` that does not."""

Refusing = Callable[[str, Any], Reply]
"""From a parameter's name and value to the server's refusal of it."""


# ── how servers refuse ──────────────────────────────────────────────────────────────────────────────────────────
def as_openai(name: str, value: Any) -> Reply:
    """Refuse as OpenAI does."""
    if name in ("max_tokens", "max_completion_tokens"):
        other = "max_completion_tokens" if name == "max_tokens" else "max_tokens"
        text = f"Unsupported parameter: '{name}' is not supported with this model. Use '{other}' instead."
        return error(400, text, "unsupported_parameter", param=name)
    if name == "response_format":
        text = f"Invalid parameter: 'response_format' of type '{value['type']}' is not supported with this model."
        return error(400, text, param=name)
    text = f"Unsupported value: '{name}' does not support {value} with this model. Only the default is supported."
    return error(400, text, "unsupported_value", param=name)


def as_pydantic(name: str, value: Any) -> Reply:
    """Refuse as servers made with FastAPI do."""
    wrong = {"type": "extra_forbidden", "loc": ["body", name], "msg": "Extra inputs are not permitted"}
    return Reply.json(422, {"detail": [wrong]})


def as_vllm(name: str, value: Any) -> Reply:
    """Refuse as vLLM did before it knew schemas: everything stands in the message."""
    text = f"[{{'type': 'literal_error', 'loc': ('body', '{name}', 'type'), 'msg': 'Input should be text'}}]"
    return Reply.json(400, {"object": "error", "message": text, "type": "BadRequestError", "param": None, "code": 400})


def as_litellm(name: str, value: Any) -> Reply:
    """Refuse as LiteLLM does."""
    text = f"litellm.UnsupportedParamsError: ollama does not support parameters: ['{name}'], for model=llama3.2."
    return Reply.json(400, {"error": {"message": text, "type": "None", "param": "None", "code": "400"}})


def by_crashing(name: str, value: Any) -> Reply:
    """Fall over."""
    return Reply.text(500, "Internal Server Error")


@dataclass(frozen=True, slots=True)
class Kind:
    """The differences between the servers."""

    formats: tuple[str, ...] = ("json_schema", "json_object", "text")
    """Of answers; others are refused."""
    binds: bool = True
    """The model is kept to the format. Without it the server takes a format and does nothing."""
    lacks: frozenset[str] = frozenset()
    """Parameters it refuses."""
    refusing: Refusing = as_openai
    models: tuple[str, ...] | None = (MODEL, "gpt-image-2")
    """What it lists; None = it has no list."""
    takes: tuple[str, ...] = (MODEL,)
    """The models it answers as."""


@dataclass(frozen=True, slots=True)
class Words(Order):
    """An answer."""

    content: object = None
    """Text, or a list of parts; None = what the model says of itself."""
    finish: str = "stop"
    message: Mapping[str, object] = field(default_factory=dict)
    """What else stands in it; may replace the content."""
    usage: Mapping[str, object] = field(default_factory=dict)


class ChatServer(LocalServer):
    """The server. It answers with `says`, or as the form wants it where it binds the model to a schema."""

    default_on = "POST /chat/completions"

    def __init__(self, kind: Kind | None = None, *, key: str | None = KEY, prefix: str = "/v1") -> None:
        """`key` None: no credentials are asked for."""
        super().__init__(prefix)
        self.kind = kind or Kind()
        self.key = key
        self.says: object = "Certainly."

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, without prefix."""
        return [web.get("/models", self._models), web.post("/chat/completions", self._chat)]

    def refused(self, call: Call) -> Reply | None:
        """Return 401 for a missing or wrong key, which it repeats."""
        given = call.headers.get("authorization", "")
        if self.key is None or given == f"Bearer {self.key}":
            return None
        return error(401, f"Incorrect API key provided: {given.removeprefix('Bearer ')}.", "invalid_api_key")

    def unknown(self, call: Call) -> Reply:
        """Return 404 as OpenAI words it."""
        return error(404, f"Invalid URL ({call.method} {self.prefix}{call.path})")

    async def _models(self, request: web.Request) -> web.StreamResponse:
        if self.kind.models is None:
            return await send(request, Reply.json(404, {"detail": "Not Found"}))
        listed = [{"id": id, "object": "model", "created": 1, "owned_by": "system"} for id in self.kind.models]
        return await send(request, Reply.json(200, {"object": "list", "data": listed}))

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        fields = request[CALL].fields
        refusal = self._refusal(fields)
        if refusal is not None:
            return await send(request, refusal)
        order = request[ORDER]
        words = order if isinstance(order, Words) else Words()
        format = fields.get("response_format", {"type": "text"})
        content = words.content
        if content is None:
            schema = format["json_schema"]["schema"] if format["type"] == "json_schema" and self.kind.binds else None
            content = self.says if schema is None else json.dumps(filled(schema))
        message = {"role": "assistant", "content": content, "refusal": None, **words.message}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": words.finish}
        answer = {
            "id": "chatcmpl-0198c0ffee",
            "object": "chat.completion",
            "created": 1_790_000_000,
            "model": fields["model"],
            "choices": [choice],
            "usage": {"prompt_tokens": 20, "completion_tokens": 9, "total_tokens": 29, **words.usage},
        }
        return await send(request, Reply.json(200, answer, x_request_id=REQUEST_ID))

    def _refusal(self, fields: Mapping[str, Any]) -> Reply | None:
        """Return the error for the first thing that is wrong."""
        if fields.get("model") not in self.kind.takes:
            text = f"The model '{fields.get('model')}' does not exist or you do not have access to it."
            return error(404, text, "model_not_found")
        for name in fields:
            if name not in PARAMETERS:
                return error(400, f"Unrecognized request argument supplied: {name}")
            if name in self.kind.lacks:
                return self.kind.refusing(name, fields[name])
        format = fields.get("response_format", {"type": "text"})
        if format["type"] not in self.kind.formats and "response_format" in fields:
            return self.kind.refusing("response_format", format)
        if format["type"] == "json_object" and "json" not in json.dumps(fields["messages"]).lower():
            text = (
                "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
            )
            return error(400, text, param="messages")
        if format["type"] == "json_schema" and (wrong := _wrong_schema(format["json_schema"])):
            return error(400, f"Invalid schema for response_format: {wrong}", param="response_format")
        return None


def filled(schema: Mapping[str, Any]) -> dict[str, object]:
    """Return an object that fits: the first of an enum, and the same values always."""
    made: dict[str, object] = {"string": "as asked", "number": 0.5, "integer": 3, "boolean": True}
    return {
        name: rule["enum"][0] if "enum" in rule else made[rule["type"]] for name, rule in schema["properties"].items()
    }


def _wrong_schema(given: Mapping[str, Any]) -> str:
    """Say what strict mode does not like about a schema."""
    schema = given["schema"]
    if not given.get("strict"):
        return "not strict"
    if set(schema["required"]) != set(schema["properties"]):
        return "'required' must name every property"
    return "" if schema.get("additionalProperties") is False else "'additionalProperties' must be false"
