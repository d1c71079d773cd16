"""JSON that carries pictures, decoded while it streams.

A base64 string is a long run of bytes between two quotes with no quote among them. So only such runs are looked at;
what else the JSON is made of is left to the parser, which gets it with a placeholder for each picture. Between strings
there always is a comma, colon or bracket, so a run that is base64 all over is a string, not what lies between two.
"""

from __future__ import annotations

import contextlib
import re
import secrets

from bot.net.answer import Answer
from bot.net.blobs import Blob, Decoder, NotBase64
from bot.net.errors import Broken, Malformed, TooLong
from bot.net.parsing import off_loop, parse

__all__ = ["TEXT_LIMIT", "Blob", "Spool", "json_with_blobs"]

SHORT = 4096
"""Bytes: strings up to here are text, whatever they look like."""
TEXT_LIMIT = 1024 * 1024
_LONG_RUN = re.compile(rb'"([^"]{%d,}+)(?=")' % (SHORT + 1))
_BACKSLASHES = 256
"""As many before a quote are counted; where there are more, what follows is left as text."""


async def json_with_blobs(answer: Answer, *, max_blobs: int, blob_limit: int, text_limit: int = TEXT_LIMIT) -> object:
    """Parse a JSON answer in which every string of over 4 KiB that is base64, or a data: URL of it, becomes a Blob.

    Both alphabets, with or without padding, line breaks and JSON escapes. Other strings stay text. `blob_limit` is the
    cap of one picture in decoded bytes, `text_limit` the cap of all the rest in bytes as sent. Takes little more
    memory than the decoded pictures, and never holds the event loop for long. Raises TooLong, Malformed, Broken.
    """
    spool = Spool(max_blobs=max_blobs, blob_limit=blob_limit, text_limit=text_limit)
    try:
        async for chunk in answer.chunks():
            spool.feed(chunk)
    except Broken:
        with contextlib.suppress(Malformed):  # all of it may have come, and be a paid picture
            return await spool.value()
        raise
    return await spool.value()


class Spool:
    """One JSON text, fed in pieces."""

    def __init__(self, *, max_blobs: int, blob_limit: int, text_limit: int) -> None:
        self._max_blobs = max_blobs
        self._blob_limit = blob_limit
        self._text_limit = text_limit
        self._mark = secrets.token_hex(16)
        self._blobs: dict[str, Blob] = {}
        self._text = bytearray()
        """The JSON up to the last quote, with marks for the pictures."""
        self._run = self._new_run()
        """What came since."""

    def feed(self, chunk: bytes) -> None:
        """Take the next piece of the JSON text: 64 KiB take a fraction of a millisecond. Raises TooLong, Malformed."""
        quote = chunk.find(b'"')
        if quote < 0:
            self._run.add(chunk)
            return
        self._run.add(chunk[:quote])
        self._end_run()
        done = quote
        for run in _LONG_RUN.finditer(chunk, quote):
            self._begin_run(chunk[done : run.start(1)])
            self._run.add(run[1])
            self._end_run()
            done = run.end()
        end = chunk.rfind(b'"') + 1
        self._begin_run(chunk[done:end])
        self._run.add(chunk[end:])

    async def value(self) -> object:
        """Return what the whole text says. Raises TooLong, Malformed."""
        self._end_run()
        return await off_loop(len(self._text), parse, self._text, self._blobs)

    def says(self, word: bytes) -> bool:
        """Tell whether the whole text is this word, which has no quotes."""
        return not self._text and self._run.text == bytearray(word)

    def _begin_run(self, before: bytes) -> None:
        self._add_text(before)
        self._run = self._new_run()

    def _new_run(self) -> _Run:
        tail = self._text[-_BACKSLASHES:]
        backslashes = len(tail) - 1 - len(tail[:-1].rstrip(b"\\"))
        opened = tail.endswith(b'"') and backslashes % 2 == 0 and backslashes < _BACKSLASHES - 1
        return _Run(opened, blob_limit=self._blob_limit, text_limit=self._text_limit - len(self._text))

    def _end_run(self) -> None:
        content = self._run.end()
        if isinstance(content, Blob):
            if len(self._blobs) >= self._max_blobs:
                raise TooLong(f"the answer has over {self._max_blobs} pictures")
            mark = f"{self._mark}{len(self._blobs)}"
            self._blobs[mark] = content
            content = mark.encode("ascii")
        self._add_text(content)

    def _add_text(self, text: bytes | bytearray) -> None:
        self._text += text
        if len(self._text) > self._text_limit:
            raise TooLong(f"the answer has over {self._text_limit} bytes of text")


class _Run:
    """Bytes between two quotes. Kept as text and decoded as a picture until it is known which of them it is."""

    def __init__(self, opened: bool, *, blob_limit: int, text_limit: int) -> None:
        """`opened`: the quote before it began a string, for all one can see."""
        self.text: bytearray | None = bytearray()
        """None when it is too long for text."""
        self._may_be_blob = opened
        self._decoder: Decoder | None = None
        self._blob_limit = blob_limit
        self._text_limit = text_limit

    def add(self, piece: bytes) -> None:
        """Take the next bytes. Raises TooLong, Malformed."""
        if self.text is not None:
            self.text += piece
            if len(self.text) <= SHORT:
                return
            if self._may_be_blob and self._decoder is None:
                self._decoder = Decoder(self._blob_limit)
                piece = bytes(self.text)
        if self._decoder is not None:
            try:
                self._decoder.feed(piece)
            except NotBase64:
                self._is_no_blob()
        if self.text is not None and len(self.text) > self._text_limit:
            if self._decoder is None:
                raise TooLong("the answer has too many bytes of text")
            self.text = None

    def end(self) -> Blob | bytearray | bytes:
        """Return the picture, or the bytes as they are. Raises TooLong, Malformed."""
        if self._decoder is not None:
            try:
                return self._decoder.finish()
            except NotBase64:
                self._is_no_blob()
        return self.text or b""

    def _is_no_blob(self) -> None:
        if self.text is None:
            raise Malformed("the answer has base64 that is none")
        self._may_be_blob = False
        self._decoder = None
