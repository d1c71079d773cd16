"""Bodies of requests: JSON and multipart/form-data, sent in pieces, their length known beforehand."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from bot.net.growing import Growing
from bot.net.parsing import BIG, off_loop

PIECE = 64 * 1024
_EACH = 64
"""Bytes a value counts, whatever it is, with its key: encoding many small ones takes time as well."""


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a multipart body."""

    name: str
    data: bytes | str
    filename: str | None = None
    mime: str | None = None


class Body:
    """The bytes of a request, sent from where they lie."""

    def __init__(self, content_type: str, stretches: Sequence[bytes]) -> None:
        self.content_type = content_type
        self.length = sum(map(len, stretches))
        self._stretches = stretches

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Give the bytes in pieces of at most 64 KiB."""
        for stretch in self._stretches:
            for start in range(0, len(stretch), PIECE):
                yield stretch[start : start + PIECE]


async def json_body(value: object) -> Body | None:
    """Encode a value as JSON, in a thread if it is large; None is no body.

    Raises TypeError, ValueError when JSON cannot say it.
    """
    if value is None:
        return None
    return Body("application/json", [await off_loop(_estimate(value), _json, value)])


def multipart_body(parts: Sequence[Part]) -> Body:
    """Encode fields as multipart/form-data (RFC 7578)."""
    boundary = secrets.token_hex(16)
    return Body(f"multipart/form-data; boundary={boundary}", list(_fields(parts, boundary)))


def _estimate(value: object) -> int:
    """Return about how many bytes a value takes; counting stops where it is too much to be encoded in one."""
    size, left = 0, [value]
    while left and size < BIG:
        each = left.pop()
        size += _EACH
        if isinstance(each, str):
            size += len(each)
        elif isinstance(each, Mapping):
            left.extend(each.values())
        elif isinstance(each, (list, tuple)):
            left.extend(each)
    return size


def _json(value: object) -> bytes:
    body = Growing()
    for piece in _pieces(value):
        body.write(piece.encode("ascii"))
    return body.whole()


def _pieces(value: object) -> Iterator[str]:
    """Encode what is large piece by piece: in one, no other thread could run meanwhile."""
    if _estimate(value) < BIG:
        yield _ENCODER.encode(value)
    elif isinstance(value, str):
        yield '"'
        for start in range(0, len(value), PIECE):
            yield _ENCODER.encode(value[start : start + PIECE])[1:-1]
        yield '"'
    elif isinstance(value, Mapping):
        for number, (key, item) in enumerate(value.items()):
            yield ("," if number else "{") + _ENCODER.encode({key: 0})[1:-2]
            yield from _pieces(item)
        yield "}"
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            yield "," if number else "["
            yield from _pieces(item)
        yield "]"


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be said in JSON")


_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=_plain)


def _fields(parts: Sequence[Part], boundary: str) -> Iterator[bytes]:
    for part in parts:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(part.name)}"'
        if part.filename is not None:
            head += f'; filename="{_quoted(part.filename)}"'
        if part.mime is not None:
            head += f"\r\nContent-Type: {part.mime}"
        yield f"{head}\r\n\r\n".encode("ascii")
        yield part.data.encode("utf-8", "replace") if isinstance(part.data, str) else part.data
        yield b"\r\n"
    yield f"--{boundary}--\r\n".encode("ascii")


def _quoted(name: str) -> str:
    """Write a name in printable ASCII without quotes and backslashes; other characters as %XX, as browsers do."""
    return quote(name, safe=" !#$&'()*+,/:;<=>?@[]^`{|}~")
