"""Reads request bodies: JSON, or multipart with `payload_json` and `files[n]` (docs: "Uploading Files")."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from aiohttp import BodyPartReader, web

from tests.support.discord.errors import ApiError, Payload, wrong_form


@dataclass
class Body:
    """A request's body: `payload` is the JSON, `files` the uploads by n; `size` in bytes with all parts."""

    payload: Payload | list[Payload] = field(default_factory=dict)
    files: dict[int, tuple[str, bytes]] = field(default_factory=dict)
    size: int = 0

    @property
    def form(self) -> Payload:
        """The JSON object. Raises ApiError when it is something else."""
        if not isinstance(self.payload, dict):
            raise wrong_form("", "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
        return self.payload


async def read(request: web.Request) -> Body:
    """Read the whole body. Raises ApiError."""
    if request.content_type.startswith("multipart/"):
        return await _multipart(request)
    data = await request.read()
    if not data:
        return Body()
    return Body(_json(data), size=len(data))


async def _multipart(request: web.Request) -> Body:
    body = Body()
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        data = bytes(await part.read())
        body.size += len(data)
        if part.name == "payload_json":
            body.payload = _json(data)
        elif found := re.fullmatch(r"files\[([0-9]+)\]", part.name or ""):
            body.files[int(found[1])] = (part.filename or "unknown.txt", data)
    return body


def _json(data: bytes) -> Payload | list[Payload]:
    try:
        found: Payload | list[Payload] = json.loads(data)
    except ValueError:
        raise ApiError(400, 50109, "The request body contains invalid JSON.") from None
    return found
