"""An answer whose headers have arrived: its status, and its body in pieces or as a whole, never over its cap."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Mapping

import httpx

from bot.net.connections import FAILURES
from bot.net.errors import Broken, Malformed, TooLong
from bot.net.growing import Growing
from bot.net.parsing import off_loop, parse

CHUNK = 64 * 1024


class Answer:
    """An answer that is being received. Its body can be read once, in one of the ways below.

    Reading raises Broken when the body is cut short or stops coming, TooLong when it is over the cap, Malformed when
    it is encoded (nothing but `identity` was asked for).
    """

    def __init__(self, status: int, headers: Mapping[str, str], body: AsyncIterable[bytes], limit: int) -> None:
        """`limit` is the cap of the body in bytes; `body` may raise what connections fail with."""
        self.status = status
        self.headers: Mapping[str, str] = httpx.Headers(headers)
        """Looked up in any case; the keys are lower-case, and repeated headers are joined by commas."""
        self.limit = limit
        self._body = body

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def content_type(self) -> str:
        """The type without its parameters, lower-case; empty when there is none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    async def chunks(self) -> AsyncIterator[bytes]:
        """Give the body as it arrives, in pieces of at most 64 KiB."""
        encoding = self.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("", "identity"):
            raise Malformed(f"the answer is encoded as {encoding[:40]!r}, which was not asked for")
        length = self.headers.get("content-length", "")
        if length.isdecimal() and len(length) <= 20 and int(length) > self.limit:
            raise TooLong(f"the answer has {length} bytes, of at most {self.limit}")
        received = 0
        try:
            async for part in self._body:
                received += len(part)
                if received > self.limit:
                    raise TooLong(f"the answer has over {self.limit} bytes")
                for start in range(0, len(part), CHUNK):
                    yield part[start : start + CHUNK]
        except FAILURES as error:
            raise Broken(f"the answer ended early: {str(error) or type(error).__name__}") from error

    async def body(self) -> bytes:
        """Return the whole body."""
        body = Growing()
        async for chunk in self.chunks():
            body.write(chunk)
        return body.whole()

    async def text(self) -> str:
        """Return the whole body as UTF-8; what is none becomes U+FFFD."""
        return (await self.body()).decode("utf-8", errors="replace")

    async def json(self) -> object:
        """Return what the whole body says in JSON, as numbers, strings, lists and dictionaries.

        For answers that carry pictures see `bot.net.spool`. Raises Malformed when it is no JSON.
        """
        body = await self.body()
        return await off_loop(len(body), parse, body)
