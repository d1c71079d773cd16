"""OpenAI's moderation endpoint as of November 2026, on loopback.

```python
async with ModerationServer() as server:
    ...  # base address server.url, key server.key
    server.order(RATE_LIMITED)  # for the next call
```

Texts with the word VIOLENCE are flagged as violence, and as harassment too if it stands there twice; pictures that are
red as a whole as graphic violence.
"""

from __future__ import annotations

import asyncio
import base64
import io
from typing import Any

from aiohttp import web
from PIL import Image, ImageStat

from tests.support.openai_models import error
from tests.support.serving import CALL, LocalServer
from tests.support.serving_calls import Call, Reply, send

CATEGORIES = (
    "harassment",
    "harassment/threatening",
    "sexual",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm/intent",
    "self-harm/instructions",
    "self-harm",
    "sexual/minors",
    "violence",
    "violence/graphic",
)
OF_PICTURES = frozenset({"sexual", "violence", "violence/graphic", "self-harm", "self-harm/intent"})
MODELS = ("omni-moderation-latest", "omni-moderation-2024-09-26")

RATE_LIMITED = error(429, "Rate limit reached. Please try again in 20s.", "rate_limit_exceeded")
QUOTA = error(429, "You exceeded your current quota.", "insufficient_quota")
BROKEN = error(500, "The server had an error while processing your request.")
FULL = error(503, "The engine is currently overloaded.")


class ModerationServer(LocalServer):
    """The server."""

    default_on = "POST /moderations"

    def __init__(self, *, key: str | None = "sk-test-0123456789abcdefghij", litellm: bool = False) -> None:
        """`key` None: no credentials are asked for. `litellm`: each category with underscores, too, as it does."""
        super().__init__("/v1")
        self.key = key
        self.pictures: list[tuple[int, int]] = []
        """Width and height of those that were shown, in pixels."""
        self._litellm = litellm

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, without prefix."""
        return [web.post("/moderations", self._moderations)]

    def refused(self, call: Call) -> Reply | None:
        """Return 401 for a missing or wrong key."""
        given = call.headers.get("authorization", "")
        if self.key is None or given == f"Bearer {self.key}":
            return None
        return error(401, f"Incorrect API key provided: {given.removeprefix('Bearer ')}.", "invalid_api_key")

    def unknown(self, call: Call) -> Reply:
        """Return 404 as OpenAI words it."""
        return error(404, f"Invalid URL ({call.method} {self.prefix}{call.path})")

    async def _moderations(self, request: web.Request) -> web.StreamResponse:
        fields = request[CALL].fields
        if fields.get("model", MODELS[0]) not in MODELS:
            return await send(request, error(404, "The model does not exist.", "model_not_found"))
        if not fields.keys() <= {"model", "input"}:
            return await send(request, error(400, f"Unknown parameter: {sorted(fields)}.", "unknown_parameter"))
        try:
            texts, pictures = _parts(fields.get("input"))
        except ValueError as wrong:
            return await send(request, error(400, f"Invalid input: {wrong}", "invalid_value"))
        flagged: dict[str, str] = {}
        for text in texts:
            flagged |= {"violence": "text"} if "VIOLENCE" in text else {}
            flagged |= {"harassment": "text"} if text.count("VIOLENCE") > 1 else {}
        for data in pictures:
            size, red = await asyncio.to_thread(_seen, data)
            self.pictures.append(size)
            flagged |= {"violence/graphic": "image"} if red else {}
        return await send(request, Reply.json(200, self._verdict(flagged, bool(texts), bool(pictures))))

    def _verdict(self, flagged: dict[str, str], texts: bool, pictures: bool) -> dict[str, Any]:
        categories = {name: name in flagged for name in CATEGORIES}
        kinds = {
            name: [*(["text"] if texts else []), *(["image"] if pictures and name in OF_PICTURES else [])]
            for name in CATEGORIES
        }
        if self._litellm:
            categories |= {name.replace("-", "_").replace("/", "_"): is_so for name, is_so in categories.items()}
        result = {
            "flagged": bool(flagged),
            "categories": categories,
            "category_scores": {name: 0.98 if is_so else 0.0001 for name, is_so in categories.items()},
            "category_applied_input_types": kinds,
        }
        return {"id": "modr-5f2c", "model": MODELS[1], "results": [result]}


def _parts(given: object) -> tuple[list[str], list[bytes]]:
    """Return the texts and pictures of an input. Raises ValueError as the service refuses one."""
    if isinstance(given, str):
        return [given], []
    if not isinstance(given, list) or not given:
        raise ValueError("input is missing")
    texts, pictures = [], []
    for part in given:
        match part:
            case {"type": "text", "text": str(text)}:
                texts.append(text)
            case {"type": "image_url", "image_url": {"url": str(url)}} if url.startswith("data:image/"):
                pictures.append(base64.b64decode(url.partition(",")[2], validate=True))
            case _:
                raise ValueError(f"no such part: {part}")
    if len(pictures) > 1:
        raise ValueError("only one image is allowed per request")
    return texts, pictures


def _seen(data: bytes) -> tuple[tuple[int, int], bool]:
    with Image.open(io.BytesIO(data)) as image:
        red, green, blue = ImageStat.Stat(image.convert("RGB")).mean
        return image.size, red > 200 and green < 60 and blue < 60
