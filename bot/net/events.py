"""Server-sent events whose data is JSON, pictures included (WHATWG HTML, "Server-sent events")."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from bot.net.answer import Answer
from bot.net.errors import Broken, Malformed, TooLong
from bot.net.spool import TEXT_LIMIT, Spool

_BOM = b"\xef\xbb\xbf"
_LONGEST_NAME = 256
"""Bytes, of an event's name, and of a field's with which it may still be one that counts."""
_LINES_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Event:
    """One event."""

    name: str
    """`message` where the server named none."""
    data: object
    """What its data says in JSON, with Blobs for pictures."""


async def events(
    answer: Answer, *, max_blobs: int, blob_limit: int, text_limit: int = TEXT_LIMIT
) -> AsyncGenerator[Event, None]:
    """Give the events of an answer until it ends or says `[DONE]`.

    The limits are those of `json_with_blobs`, for each event; the answer's own cap holds for all together. An event
    whose closing empty line is missing at the end counts if its data is whole: it may be a paid picture. Raises
    TooLong, Malformed, Broken.
    """
    reader = _Reader(lambda: Spool(max_blobs=max_blobs, blob_limit=blob_limit, text_limit=text_limit))
    returned = False
    async for chunk in answer.chunks():
        piece = chunk.removeprefix(b"\n") if returned else chunk
        returned = chunk.endswith(b"\r")
        for number, line in enumerate(piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")):
            if number:
                event = await reader.end_line()
                if event is not None:
                    yield event
                if reader.done:
                    return
            if number % _LINES_AT_ONCE == _LINES_AT_ONCE - 1:
                await asyncio.sleep(0)
            reader.take(line)
    try:
        event = await reader.end_event()
    except Malformed as error:
        raise Broken("the answer ended inside an event") from error
    if event is not None:
        yield event


class _Reader:
    """Puts events together from lines, and lines from pieces."""

    def __init__(self, spool: Callable[[], Spool]) -> None:
        self.done = False
        """Whether the server said that no more will come."""
        self._new_spool = spool
        self._spool: Spool | None = None  # the event's data, once there is any
        self._name = b""
        self._head = b""  # the beginning of the line, while its field is unknown
        self._field: bytes | None = None
        self._begun = False  # whether the field's value, after the space that may be there, has begun

    def take(self, piece: bytes) -> None:
        """Take the next piece of the line."""
        if self._field is None:
            self._head += piece
            field, colon, piece = self._head.partition(b":")
            if not colon and len(field) < _LONGEST_NAME:
                return
            self._begin(field)
        if piece and not self._begun:
            piece = piece.removeprefix(b" ")
            self._begun = True
        if self._field == b"data" and self._spool is not None:
            self._spool.feed(piece)
        elif self._field == b"event":
            self._name += piece
            if len(self._name) > _LONGEST_NAME:
                raise TooLong("an event's name is too long")

    async def end_line(self) -> Event | None:
        """End the line; return the event it ends."""
        head, field = self._head.removeprefix(_BOM), self._field
        if field is None and head:
            self._begin(head)
        self._head, self._field, self._begun = b"", None, False
        return None if head or field is not None else await self.end_event()

    async def end_event(self) -> Event | None:
        """Return the event, if there is data for one."""
        spool, self._spool = self._spool, None
        name, self._name = self._name.decode("utf-8", "replace") or "message", b""
        self.done = spool is not None and spool.says(b"[DONE]")
        if spool is None or self.done or spool.says(b""):
            return None
        return Event(name, await spool.value())

    def _begin(self, field: bytes) -> None:
        self._head = b""
        self._field = field.removeprefix(_BOM)
        if self._field == b"event":
            self._name = b""
        elif self._field == b"data" and self._spool is None:
            self._spool = self._new_spool()
        elif self._field == b"data" and self._spool is not None:
            self._spool.feed(b"\n")
