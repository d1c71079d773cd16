"""Base64 that arrives in pieces, written as JSON strings are, and is decoded as it comes."""

from __future__ import annotations

import binascii
import json
from dataclasses import dataclass

import pybase64

from bot.net.errors import TooLong
from bot.net.growing import Growing

_WHITE = b" \t\r\n"
_WHITE_SHARE = 16
"""One in so many characters may be white space: lines of base64 have one or two in 64 or 76, words in a text more."""
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_LONGEST_HEAD = 256


@dataclass(frozen=True, slots=True)
class Blob:
    """What stands in a parsed value where a long base64 string (or data: URL) was."""

    data: bytes
    mime: str | None
    """The type a data: URL names, lower-case."""


class NotBase64(Exception):
    """The string is something else."""


class Decoder:
    """Decodes one JSON string, given without its quotes: base64 or a base64 data: URL.

    Standard or URL-safe alphabet, padded or not, with line breaks, and with whatever JSON escapes (`\\/`, `\\n`,
    `\\u003d`).
    """

    def __init__(self, limit: int) -> None:
        """`limit` in decoded bytes."""
        self._limit = limit
        self._decoded = Growing()
        self._escape = b""  # the beginning of one, at the end of the last piece
        self._head: bytes | None = b""  # what may still become "data:…,"; None when that is settled
        self._rest = b""  # one to four characters, kept back because padding may only be at the very end
        self._mime: str | None = None
        self._standard = self._url_safe = False
        self._white = self._length = 0

    def feed(self, piece: bytes) -> None:
        """Take the next piece of the string. Raises NotBase64, TooLong."""
        piece = self._unescaped(piece)
        if self._head is not None:
            piece = self._past_head(piece)
        self._length += len(piece)
        self._standard = self._standard or b"+" in piece or b"/" in piece
        if not self._url_safe and not self._white and self._decode(self._rest + piece):
            return
        self._url_safe = self._url_safe or b"-" in piece or b"_" in piece
        if self._standard and self._url_safe:
            raise NotBase64
        bare = piece.translate(_URL_SAFE, _WHITE)
        self._white += len(piece) - len(bare)
        if not self._decode(self._rest + bare):
            raise NotBase64

    def finish(self) -> Blob:
        """Return what the whole string decodes to. Raises NotBase64, TooLong."""
        if self._escape or self._head or self._white * _WHITE_SHARE > self._length:
            raise NotBase64
        last = self._rest.rstrip(b"=")  # "QQ==", and "QQ" or "QQ=", which some leave it at
        if len(last) < min(len(self._rest), 2) or not self._write(last + b"=" * (-len(last) % 4)):
            raise NotBase64
        return Blob(self._decoded.whole(), self._mime)

    def _unescaped(self, piece: bytes) -> bytes:
        piece = self._escape + piece
        self._escape = b""
        last = piece.rfind(b"\\")
        if last < 0:
            return piece
        if len(piece) - last < (6 if piece[last + 1 : last + 2] == b"u" else 2):
            piece, self._escape = piece[:last], piece[last:]
        try:
            text: str = json.loads(b'"%b"' % piece, strict=False)
            return text.encode("ascii")
        except ValueError as error:
            raise NotBase64 from error

    def _past_head(self, piece: bytes) -> bytes:
        """Return the base64 of the beginning; nothing while it may still turn out to be the head of a data: URL."""
        piece = (self._head or b"") + piece
        start = piece[:5].lower()
        if start == b"data:":
            head, comma, base64 = piece.partition(b",")
            if not comma and len(head) < _LONGEST_HEAD:
                self._head = piece
                return b""
            mime, *parameters = head[5:].decode("ascii").lower().split(";")
            if not comma or parameters[-1:] != ["base64"]:
                raise NotBase64
            self._mime = mime.strip() or None
            piece = base64
        elif b"data:".startswith(start):
            self._head = piece
            return b""
        self._head = None
        return piece

    def _decode(self, characters: bytes) -> bool:
        """Decode all but the last characters; return False, with nothing changed, if they are no plain base64."""
        end = max(len(characters) - 1, 0) // 4 * 4
        if characters[end - 1 : end] == b"=" or not self._write(characters[:end]):
            return False
        self._rest = characters[end:]
        return True

    def _write(self, characters: bytes) -> bool:
        try:
            decoded = pybase64.b64decode(characters, validate=True)
        except binascii.Error:
            return False
        if len(self._decoded) + len(decoded) > self._limit:
            raise TooLong(f"a picture in the answer has over {self._limit} bytes")
        self._decoded.write(decoded)
        return True
