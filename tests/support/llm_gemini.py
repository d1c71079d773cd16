"""The dialect of Gemini's generateContent for words, as of November 2026, on loopback."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pybase64
from aiohttp import web

from tests.support.llm_server import filled
from tests.support.serving import CALL, ORDER, LocalServer
from tests.support.serving_calls import Call, Order, Reply, send

MODEL = "gemini-3.1-flash"
KEY = "AIzaTest0123456789abcdefghijklmnopqrstu"
FIELDS = frozenset({"contents", "generationConfig", "safetySettings", "systemInstruction"})
CONFIG = frozenset(
    {"maxOutputTokens", "responseJsonSchema", "responseMimeType", "temperature", "thinkingConfig", "topK", "topP"}
)


def google_error(status: int, message: str, name: str, *details: Mapping[str, object]) -> Reply:
    """Return an error in Google's shape."""
    return Reply.json(status, {"error": {"code": status, "message": message, "status": name, "details": [*details]}})


BAD_KEY = google_error(
    400,
    "API key not valid. Please pass a valid API key.",
    "INVALID_ARGUMENT",
    {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"},
)
EXHAUSTED = google_error(
    429,
    "You exceeded your current quota, please check your plan and billing details. Please retry in 41.5s.",
    "RESOURCE_EXHAUSTED",
    {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "41s"},
)
OVERLOADED = google_error(503, "The model is overloaded. Please try again later.", "UNAVAILABLE")
DEADLINE = google_error(504, "Deadline expired before operation could complete.", "DEADLINE_EXCEEDED")


@dataclass(frozen=True, slots=True)
class Parts(Order):
    """An answer."""

    parts: Sequence[Mapping[str, object]] | None = None
    """None = what the model says of itself."""
    finish: str | None = "STOP"
    blocked: str = ""
    """Why there is no candidate."""
    more: Mapping[str, object] = field(default_factory=dict)
    """Replaces parts of the answer."""


class GeminiServer(LocalServer):
    """The server. It answers with `says`, or as the form wants it."""

    default_on = ":generateContent"

    def __init__(self, *, lacks: frozenset[str] = frozenset(), json_mode: bool = True) -> None:
        """`lacks`: parts of the generationConfig it does not know."""
        super().__init__("/v1beta")
        self.key = KEY
        self.says = "Certainly."
        self.methods = ["generateContent", "countTokens"]
        self._lacks = lacks
        self._json_mode = json_mode

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, without prefix."""
        return [web.get("/models/{name}", self._model), web.post("/models/{name}:generateContent", self._generate)]

    def refused(self, call: Call) -> Reply | None:
        """Return 400 for a wrong key, 403 for none."""
        given = call.headers.get("x-goog-api-key", "")
        if given == self.key:
            return None
        if given:
            return BAD_KEY
        return google_error(403, "Method doesn't allow unregistered callers.", "PERMISSION_DENIED")

    def unknown(self, call: Call) -> Reply:
        """Return 404 as Google does: a page."""
        return Reply.text(404, "<html><title>Error 404 (Not Found)!!1</title></html>", "text/html")

    async def _model(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name != MODEL:
            return await send(request, _no_model(name))
        told = {"name": f"models/{name}", "displayName": "Flash", "supportedGenerationMethods": self.methods}
        return await send(request, Reply.json(200, told))

    async def _generate(self, request: web.Request) -> web.StreamResponse:
        fields, name = request[CALL].fields, request.match_info["name"]
        config = fields.get("generationConfig", {})
        refusal = self._refusal(name, fields, config)
        if refusal is not None:
            return await send(request, refusal)
        order = request[ORDER]
        told = order if isinstance(order, Parts) else Parts()
        usage = {"promptTokenCount": 20, "candidatesTokenCount": 9, "totalTokenCount": 29}
        answer: dict[str, object] = {"usageMetadata": usage, "modelVersion": name, "responseId": "r-0198c0ffee"}
        if told.blocked:
            answer["promptFeedback"] = {"blockReason": told.blocked}
        else:
            schema = config.get("responseJsonSchema")
            own = [{"text": json.dumps(filled(schema)) if schema else self.says}]
            content = {"parts": own if told.parts is None else [*told.parts], "role": "model"}
            answer["candidates"] = [{"content": content, "finishReason": told.finish, "index": 0}]
        return await send(request, Reply.json(200, {**answer, **told.more}))

    def _refusal(self, name: str, fields: Mapping[str, Any], config: Mapping[str, Any]) -> Reply | None:
        if name != MODEL:
            return _no_model(name)
        for each in fields.keys() - FIELDS:
            return _unknown_name(each, "")
        for each in config:
            if each not in CONFIG or each in self._lacks:
                return _unknown_name(each, " at 'generation_config'")
        if "responseMimeType" in config and not self._json_mode:
            return google_error(400, f"JSON mode is not enabled for models/{name}", "INVALID_ARGUMENT")
        for content in fields["contents"]:
            for part in content["parts"]:
                if "inlineData" in part:
                    pybase64.urlsafe_b64decode(part["inlineData"]["data"].replace("+", "-").replace("/", "_"))
        return None


def _no_model(name: str) -> Reply:
    return google_error(404, f"models/{name} is not found for API version v1beta.", "NOT_FOUND")


def _unknown_name(name: str, where: str) -> Reply:
    text = f'Invalid JSON payload received. Unknown name "{name}"{where}: Cannot find field.'
    return google_error(400, text, "INVALID_ARGUMENT")
