"""The Gemini API's dialect (models, generateContent, Imagen's predict) as of November 2026, on loopback.

```python
async with GeminiServer() as server:
    ...  # base address server.url, key server.key
    server.order(gemini_faults.RATE_LIMITED)  # for the next call that draws
    assert len(server.calls()) == 1
```
"""

from __future__ import annotations

import asyncio
import io
import itertools
import json
from collections.abc import Mapping
from typing import Any

import pybase64
from aiohttp import web
from PIL import Image

from tests.support.gemini_faults import KEY_INVALID, NO_KEY, Twist
from tests.support.gemini_models import (
    GENERATE,
    MODELS,
    PREDICT,
    SIDES,
    Model,
    camel,
    error,
    pictures,
    stranger,
    wrong_prediction,
    wrong_request,
)
from tests.support.openai_pictures import changed, drawn, encoded
from tests.support.serving import CALL, ORDER, LocalServer
from tests.support.serving_calls import Call, Reply, send

SIGNATURE = "c2lnbmF0dXJl" * 600
"""Longer than what is taken for text, as they are."""


class GeminiServer(LocalServer):
    """The server. Without orders it answers every right request with pictures that depend on its words only."""

    default_on = "POST /models/"

    def __init__(
        self,
        *,
        models: Mapping[str, Model] = MODELS,
        missing: frozenset[str] = frozenset(),
        inventive: bool = False,
        prefix: str = "/v1beta",
    ) -> None:
        """`missing`: fields that this version of the API does not know. `inventive`: draw something else each time."""
        super().__init__(prefix)
        self.key = "AIzaSyTest0123456789abcdefghijklmnopqrs"
        self.models = models
        self.largest_page = 1000
        self._missing = missing
        self._numbers = itertools.count() if inventive else itertools.repeat(0)

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, without prefix."""
        return [web.get("/models", self._list), web.post("/models/{call}", self._draw)]

    def refused(self, call: Call) -> Reply | None:
        """Return what Google says to a missing or a wrong key."""
        given = call.headers.get("x-goog-api-key") or call.query.get("key")
        return None if given == self.key else KEY_INVALID if given else NO_KEY

    def unknown(self, call: Call) -> Reply:
        """Return 404 without a body, as Google does."""
        return Reply(404)

    # ── routes ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def _list(self, request: web.Request) -> web.StreamResponse:
        size = min(int(request.query.get("pageSize", "50")), self.largest_page)
        start = int(request.query.get("pageToken") or "0")
        listed = [
            {
                "name": f"models/{name}",
                "displayName": name.replace("-", " ").title(),
                "supportedGenerationMethods": [model.method, "countTokens"],
            }
            for name, model in self.models.items()
        ]
        listed.append({"name": "models/gemini-embedding-2", "supportedGenerationMethods": ["embedContent"]})
        page: dict[str, object] = {"models": listed[start : start + size]}
        if start + size < len(listed):
            page["nextPageToken"] = str(start + size)
        return await send(request, Reply.json(200, page))

    async def _draw(self, request: web.Request) -> web.StreamResponse:
        name, _, method = request.match_info["call"].rpartition(":")
        model = self.models.get(name)
        if model is None or model.method != method:
            text = f"models/{name} is not found for API version v1beta, or is not supported for {method}."
            return await send(request, error(404, "NOT_FOUND", f"{text} Call ListModels to see the available models."))
        ordered = request[ORDER]
        twist = ordered if isinstance(ordered, Twist) else Twist()
        answer = await asyncio.to_thread(self._made, request[CALL].fields, name, model, twist)
        return await send(request, answer)

    def _made(self, fields: Mapping[str, Any], name: str, model: Model, twist: Twist) -> Reply:
        values = camel(fields)
        known, wrong = (PREDICT, wrong_prediction) if model.method == "predict" else (GENERATE, wrong_request)
        if (refusal := stranger(values, known, self._missing) or wrong(values, model)) is not None:
            return refusal
        value = (self._predictions if model.method == "predict" else self._candidates)(values, name, model, twist)
        return Reply(200, json.dumps(value).encode(), drop=twist.drop)

    # ── answers ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _candidates(self, values: Mapping[str, Any], name: str, model: Model, twist: Twist) -> dict[str, Any]:
        image = values.get("generationConfig", {}).get("imageConfig", {})
        size, given = image.get("imageSize", "1K"), pictures(values)
        words = " ".join(part["text"] for part in values["contents"][-1]["parts"] if part.get("text"))
        width, height = _pixels(image.get("aspectRatio"), size, given)
        seed = f"{words} {next(self._numbers)}"
        finished = twist.pictures
        if finished is None:
            picture = changed(seed, width, height, given[0], None) if given else drawn(seed, width, height)
            finished = (encoded(picture, model.format),)
        parts: list[dict[str, Any]] = []
        for number in range(model.drafts if twist.drafts is None else twist.drafts):
            draft = encoded(drawn(f"{words} draft {number}", width, height), model.format)
            parts += [
                {"text": f"**Draft {number}** of: {words}", "thought": True},
                {**_part(draft, twist), "thought": True},
            ]
        parts += [{"text": twist.written}] if twist.written else []
        parts += [{**_part(each, twist), "thoughtSignature": SIGNATURE} for each in finished]
        candidate = {"content": {"role": "model", "parts": parts}, "finishReason": twist.finish, "index": 0}
        answer: dict[str, Any] = {"candidates": [candidate], "modelVersion": name, "responseId": "hS0faczUC_GBkdUP"}
        if twist.usage:
            answer["usageMetadata"] = _usage(len(words.split()) + 258 * len(given), model, size, twist)
        return answer

    def _predictions(self, values: Mapping[str, Any], name: str, model: Model, twist: Twist) -> dict[str, Any]:
        parameters = values.get("parameters", {})
        width, height = _pixels(parameters.get("aspectRatio", "1:1"), "1K", [])
        found = twist.pictures
        if found is None:
            words = f"{values['instances'][0]['prompt']} {next(self._numbers)}"
            count = parameters.get("sampleCount", 4)
            found = tuple(encoded(drawn(f"{words} {each}", width, height), model.format) for each in range(count))
        predictions: list[dict[str, Any]] = [
            {"mimeType": f"image/{model.format}", "bytesBase64Encoded": _written(each, twist)} for each in found
        ]
        if twist.finish != "STOP" and parameters.get("includeRaiReason"):
            predictions.append({"raiFilteredReason": twist.finish})
        return {"predictions": predictions} if predictions else {}


def _pixels(aspect: str | None, size: str, given: list[bytes]) -> tuple[int, int]:
    """Return width and height: of the picture's shape where none is asked for."""
    if aspect:
        across, down = map(int, aspect.split(":"))
    elif given:
        across, down = Image.open(io.BytesIO(given[0])).size
    else:
        across = down = 1
    side = SIDES[size] / (across * down) ** 0.5
    return round(across * side / 8) * 8, round(down * side / 8) * 8


def _part(picture: bytes, twist: Twist) -> dict[str, Any]:
    with io.BytesIO(picture) as file:
        mime = twist.mime or (Image.open(file).get_format_mimetype() if picture[:1] in b"\x89\xffR" else "image/png")
    data = _written(picture, twist)
    if twist.snake:
        return {"inline_data": {"mime_type": mime, "data": data}}
    return {"inlineData": {"mimeType": mime, "data": data}}


def _written(picture: bytes, twist: Twist) -> str:
    standard: str = pybase64.b64encode(picture).decode()
    if twist.alphabet == "url-safe":
        return standard.translate({ord("+"): "-", ord("/"): "_"}).rstrip("=")
    if twist.alphabet == "garbage":
        return standard[: len(standard) // 2] + "*!*" + standard[len(standard) // 2 :]
    return standard


def _usage(prompt: int, model: Model, size: str, twist: Twist) -> dict[str, Any]:
    image = (model.tokens or {}).get(size, 1120)
    written, thoughts = len(twist.written.split()), 100 * model.drafts
    usage: dict[str, Any] = {
        "promptTokenCount": prompt,
        "candidatesTokenCount": image + written,
        "totalTokenCount": prompt + image + written + thoughts,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": prompt}],
        "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": image}],
    }
    return usage | ({"thoughtsTokenCount": thoughts} if thoughts else {})
