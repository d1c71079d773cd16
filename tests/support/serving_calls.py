"""Requests as a local server logs them, and answers it can be ordered to give."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import BodyPartReader, web
from PIL import Image

HTML = "text/html"
_PIECE = 1 << 18


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a multipart body."""

    name: str
    """Of the form's field."""
    filename: str
    mime: str
    data: bytes = field(repr=False)

    @property
    def size(self) -> int:
        """Its bytes."""
        return len(self.data)

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height of the picture it is."""
        with Image.open(io.BytesIO(self.data)) as picture:
            return picture.size


@dataclass(slots=True)
class Call:
    """A request as it arrived, its body read whole, and how it ended."""

    method: str
    path: str
    """Without the server's prefix and without `/api`."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Look-up ignores case."""
    fields: dict[str, Any]
    """Of a JSON object, or the text fields of a form; empty for other bodies."""
    uploads: tuple[Upload, ...] = ()
    body: bytes = field(default=b"", repr=False)
    """As it came, unless it was a form."""
    end: Literal["answered", "dropped", "hung up"] | None = None
    """`dropped`: by the server, as ordered; `hung up`: the client left before the whole answer was out."""
    status: int | None = None

    @property
    def route(self) -> str:
        """Method and path, as `POST /prompt`: what the server's functions find calls by."""
        return f"{self.method} {self.path}"


class Order:
    """What a server is told to do with a coming call. Kinds: `Reply`, and those that a server's own module has."""


@dataclass(frozen=True, slots=True)
class Reply(Order):
    """A whole answer, and where it breaks off."""

    status: int = 200
    body: bytes = field(default=b"", repr=False)
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: Literal["before", "headers", "half"] | None = None
    """Close the connection before the answer, after its headers, or after half of its body."""

    @classmethod
    def json(cls, status: int, value: object, **headers: str) -> Reply:
        """Answer JSON; `_` in a header's name stands for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return cls(status, json.dumps(value).encode(), headers=named)

    @classmethod
    def text(cls, status: int, text: str, content_type: str = "text/plain", **headers: str) -> Reply:
        """Answer text; `_` in a header's name stands for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return cls(status, text.encode(), content_type, named)


DROPPED = Reply(drop="before")
"""The connection is closed instead of an answer."""


class Dropped(web.StreamResponse):
    """Returned by a handler: the connection is closed without another word."""

    async def prepare(self, request: web.BaseRequest) -> None:
        """Make aiohttp believe that the client has gone."""
        raise ConnectionResetError


async def send(request: web.Request, reply: Reply) -> web.StreamResponse:
    """Answer a request, as far as the reply goes."""
    if reply.drop == "before":
        return Dropped()
    response = web.StreamResponse(status=reply.status, headers=reply.headers)
    response.content_type = reply.content_type
    response.content_length = len(reply.body)
    await response.prepare(request)
    end = {"headers": 0, "half": len(reply.body) // 2, None: len(reply.body)}[reply.drop]
    for start in range(0, end, _PIECE):
        await response.write(reply.body[start : min(start + _PIECE, end)])
    if reply.drop:
        return Dropped()
    await response.write_eof()
    return response


async def read(request: web.Request, path: str) -> Call:
    """Read a request's whole body."""
    call = Call(request.method, path, dict(request.query), request.headers, {})
    if request.content_type != "multipart/form-data":
        call.body = await request.read()
        with contextlib.suppress(ValueError):
            value = json.loads(call.body)
            call.fields = value if isinstance(value, dict) else {}
        return call
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        name, data = part.name or "", bytes(await part.read())
        if part.filename is None:
            call.fields[name] = data.decode()
        else:
            mime = part.headers.get("Content-Type", "application/octet-stream")
            call.uploads += (Upload(name, part.filename, mime, data),)
    return call
