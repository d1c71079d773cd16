"""OpenAI's images dialect (models, generations, edits, streams) as of November 2026, on loopback.

```python
async with OpenAIServer() as server:
    ...  # base address server.url, key server.key
    server.order(openai_faults.RATE_LIMITED)  # for the next picture call
    assert len(server.calls()) == 1
```
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pybase64
from aiohttp import web

from tests.support import openai_models
from tests.support.openai_edits import Inputs, from_form
from tests.support.openai_faults import Twist
from tests.support.openai_models import KEYS_PAGE, MODELS, REQUEST_ID, Model, error, refusal
from tests.support.openai_pictures import changed, drawn, encoded
from tests.support.serving import CALL, ORDER, LocalServer
from tests.support.serving_calls import Call, Dropped, Reply, send

_TOKENS = {"low": 272, "medium": 1056, "high": 4160, "xhigh": 6240, "max": 8320}
"""Of one picture of 1024x1024."""


class OpenAIServer(LocalServer):
    """The server. Without orders it answers every right request with pictures that depend on its prompt only."""

    default_on = "POST /images/"

    def __init__(
        self,
        *,
        key: str | None = "sk-test-0123456789abcdefghij",
        key_header: str = "authorization",
        models: Mapping[str, Model] = MODELS,
        also: frozenset[str] = frozenset(),
        prefix: str = "/v1",
    ) -> None:
        """`key` None: no credentials are asked for. `also`: parameters taken beside OpenAI's own, as others do."""
        super().__init__(prefix)
        self.key = key
        self.models = models
        self.files: dict[str, tuple[bytes, str]] = {}
        """Pictures served by address: name to bytes and MIME type. Tests may add their own."""
        self._key_header = key_header
        self._also = also

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, without prefix."""
        return [
            web.get("/models", self._models),
            web.post("/images/generations", self._generations),
            web.post("/images/edits", self._edits),
            web.get("/files/{name}", self._file),
        ]

    def refused(self, call: Call) -> Reply | None:
        """Return 401 for a missing or wrong key; served pictures need none."""
        given = call.headers.get(self._key_header, "")
        wanted = f"Bearer {self.key}" if self._key_header == "authorization" else self.key
        if self.key is None or given == wanted or call.path.startswith("/files/"):
            return None
        if not given:
            text = "You didn't provide an API key. You need to provide your API key in an Authorization header."
            return error(401, text)
        shown = given.removeprefix("Bearer ")
        text = f"Incorrect API key provided: {shown[:8]}*****{shown[-4:]}. You can find your API key at {KEYS_PAGE}."
        return error(401, text, "invalid_api_key")

    def unknown(self, call: Call) -> Reply:
        """Return 404 as OpenAI words it."""
        return error(404, f"Invalid URL ({call.method} {self.prefix}{call.path})")

    # ── routes ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def _models(self, request: web.Request) -> web.StreamResponse:
        listed = [{"id": "gpt-5.4-mini", "object": "model", "created": 1_780_000_000, "owned_by": "system"}]
        listed += [{"id": id, "object": "model", "created": 1_780_000_000, "owned_by": "system"} for id in self.models]
        return await send(request, Reply.json(200, {"object": "list", "data": listed}))

    async def _file(self, request: web.Request) -> web.StreamResponse:
        data, mime = self.files.get(request.match_info["name"], (None, ""))
        return await send(request, Reply.text(404, "gone") if data is None else Reply(200, data, mime))

    async def _generations(self, request: web.Request) -> web.StreamResponse:
        call = request[CALL]
        if request.content_type != "application/json" or not (call.fields or call.body == b"{}"):
            return await send(request, error(400, "We could not parse the JSON body of your request."))
        wrong = refusal(call.fields, openai_models.GENERATION_PARAMETERS | self._also, self.models)
        if wrong is not None:
            return await send(request, wrong)
        return await self._draw(request, "image_generation", call.fields, Inputs())

    async def _edits(self, request: web.Request) -> web.StreamResponse:
        values, inputs = await asyncio.to_thread(from_form, request[CALL])
        wrong = inputs.wrong or refusal(values, openai_models.EDIT_PARAMETERS | self._also, self.models)
        model = openai_models.found(values.get("model"), self.models)
        if model is not None and not model.edits:
            wrong = openai_models.invalid("model", f"The model '{values['model']}' cannot change pictures.")
        if wrong is not None:
            return await send(request, wrong)
        return await self._draw(request, "image_edit", values, inputs)

    # ── answers ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _draw(
        self, request: web.Request, event: str, values: Mapping[str, Any], inputs: Inputs
    ) -> web.StreamResponse:
        order = request[ORDER]
        twist = order if isinstance(order, Twist) else Twist()
        await asyncio.sleep(twist.wait_s)
        drawing = _Drawing(values, inputs)
        if values.get("stream") and twist.stream != "json":
            return await self._stream(request, event, drawing, twist)
        pictures = twist.pictures
        if pictures is None:
            pictures = tuple([await asyncio.to_thread(drawing.picture, number) for number in range(drawing.count)])
        model = openai_models.found(values["model"], self.models)
        legacy = model is not None and model.legacy
        if legacy and values.get("response_format", "url") == "url":
            twist = replace(twist, url=twist.url or "")
        key = "b64_json" if twist.url is None else "url"
        shown = [await self._shown(each, drawing.format, twist) for each in pictures]
        rest: dict[str, object] = {"background": drawing.background, "output_format": drawing.format}
        if legacy:
            rest = {}
        elif twist.usage:
            rest |= {"size": drawing.size, "quality": drawing.quality, "usage": drawing.usage(len(pictures))}
        data = b", ".join(b'{"%s": "%s"}' % (key.encode(), each) for each in shown)
        facts = b"".join(b", %s: %s" % (json.dumps(key).encode(), json.dumps(rest[key]).encode()) for key in rest)
        body = b'{"created": %d, "data": [%s]%s}' % (time.time(), data, facts)
        headers = {"x-request-id": REQUEST_ID, "openai-processing-ms": "1200"}
        return await send(request, Reply(200, body, headers=headers, drop=twist.drop))

    async def _shown(self, picture: bytes, format: str, twist: Twist) -> bytes:
        """Return a picture as it stands between the quotes of an answer."""
        if twist.url is not None:
            name = f"{secrets.token_hex(8)}.{format}"
            self.files[name] = picture, f"image/{format}"
            return f"{twist.url or self.url}/files/{name}".encode()
        return await asyncio.to_thread(_written, picture, format, twist.encoding)

    async def _stream(self, request: web.Request, event: str, drawing: _Drawing, twist: Twist) -> web.StreamResponse:
        response = web.StreamResponse(headers={"x-request-id": REQUEST_ID})
        response.content_type = "text/event-stream"
        await response.prepare(request)

        async def say(kind: str, picture: bytes, **more: object) -> bytes:
            facts = {"type": f"{event}.{kind}", "created_at": int(time.time()), **drawing.facts(), **more}
            shown = await self._shown(picture, drawing.format, twist)
            await self.pass_gates(f"{event}.{kind}")
            text = json.dumps(facts)[:-1].encode()
            return b'event: %s\ndata: %s, "b64_json": "%s"}\n\n' % (f"{event}.{kind}".encode(), text, shown)

        for number in range(drawing.partials):
            picture = await asyncio.to_thread(drawing.partial, number)
            await response.write(await say("partial_image", picture, partial_image_index=number))
        if twist.stream == "error":
            text = {
                "message": "The server had an error.",
                "type": "server_error",
                "param": None,
                "code": "server_error",
            }
            await response.write(b"event: error\ndata: %s\n\n" % json.dumps({"type": "error", "error": text}).encode())
        elif twist.stream != "unfinished":
            pictures = twist.pictures or [await asyncio.to_thread(drawing.picture, n) for n in range(drawing.count)]
            for picture in pictures:
                told = await say("completed", picture, usage=drawing.usage(1))
                if twist.stream == "cut":
                    await response.write(told[: len(told) // 2])
                    return Dropped()
                await response.write(told)
        await response.write_eof()
        return response


class _Drawing:
    """One request with everything it left open decided."""

    def __init__(self, values: Mapping[str, Any], inputs: Inputs) -> None:
        self._prompt: str = values["prompt"]
        self._inputs = inputs
        self._transparent = values.get("background") == "transparent"
        self.count: int = values.get("n", 1)
        self.partials: int = values.get("partial_images", 0)
        self.format: str = values.get("output_format", "png")
        self.background = "transparent" if self._transparent else "opaque"
        size, quality = values.get("size", "auto"), values.get("quality", "auto")
        self.size: str = inputs.nearest_size() if size == "auto" else size
        self.quality: str = "medium" if quality == "auto" else quality
        width, height = self.size.split("x")
        self._width, self._height = int(width), int(height)

    def picture(self, number: int) -> bytes:
        """Return the file of one picture."""
        words = f"{self._prompt} {number}"
        if self._inputs.pictures:
            first, mask = self._inputs.pictures[0], self._inputs.mask
            image = changed(words, self._width, self._height, first, mask)
        else:
            image = drawn(words, self._width, self._height)
        return encoded(image, self.format, self._transparent)

    def partial(self, number: int) -> bytes:
        """Return the file of an unfinished picture."""
        return encoded(drawn(f"{self._prompt} part {number}", self._width, self._height), self.format)

    def facts(self) -> dict[str, object]:
        """Return what answers say about the pictures."""
        return {
            "size": self.size,
            "quality": self.quality,
            "background": self.background,
            "output_format": self.format,
        }

    def usage(self, pictures: int) -> dict[str, object]:
        """Return the tokens that so many pictures took."""
        words, images = len(self._prompt.split()) + 5, 323 * len(self._inputs.pictures)
        out = _TOKENS[self.quality] * self._width * self._height // (1 << 20) * pictures
        return {
            "input_tokens": words + images,
            "input_tokens_details": {"text_tokens": words, "image_tokens": images},
            "output_tokens": out,
            "output_tokens_details": {"text_tokens": 0, "image_tokens": out},
            "total_tokens": words + images + out,
        }


def _written(picture: bytes, format: str, encoding: str) -> bytes:
    standard: bytes = pybase64.b64encode(picture)
    if encoding == "url-safe":
        return standard.translate(bytes.maketrans(b"+/", b"-_"))
    if encoding == "escaped":
        return standard.replace(b"/", b"\\/")
    if encoding == "wrapped":
        return b"\\n".join(standard[start : start + 76] for start in range(0, len(standard), 76))
    if encoding == "data url":
        return f"data:image/{format};base64,".encode() + standard
    if encoding == "garbage":
        return standard[: len(standard) // 2] + b"*!*" + standard[len(standard) // 2 :]
    return standard
