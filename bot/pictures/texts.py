"""Texts in picture files, read and written as chunks and segments without touching a pixel.

Reading is for files of strangers and runs in the sandbox; writing is for pictures of our own, already inspected.
PNG has named texts (tEXt, zTXt, iTXt: PNG 3rd edition, 11.3.3), JPEG and WebP an EXIF comment only.
"""

from __future__ import annotations

import contextlib
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from bot.pictures import exif
from bot.pictures.infotext import Infotext, read, write
from bot.pictures.metadata import (
    APP0,
    APP1,
    PNG_SIGNATURE,
    SOS,
    WEBP_ALPHA,
    take_apart,
)

Format = Literal["PNG", "JPEG", "WEBP"]
"""Names as Pillow has them; the formats that results have."""

PARAMETERS = b"parameters"
"""AUTOMATIC1111's name for its text in PNG."""
MOST_TEXTS = 32
LONGEST_TEXT = exif.LONGEST
"""Bytes of one text, also after inflating."""
LONGEST_TEXTS = 2 * LONGEST_TEXT
"""Bytes of all texts of a file."""
PNG_HEADER = len(PNG_SIGNATURE) + 25
"""Bytes of the signature and the first chunk, IHDR."""
JPEG_END = b"\xff\xd9"
EXIF_MARK = b"Exif\0\0"
LONGEST_SEGMENT = 65_533
"""Bytes of a JPEG segment without marker and length: the length has 16 bits and counts itself."""
WEBP_EXIF = 0x08


def read_texts(data: bytes, format: Format) -> dict[str, str]:
    """Return a picture's texts by name, of several of a name the last; the EXIF comment is called `UserComment`.

    At most MOST_TEXTS; those longer than LONGEST_TEXT are left out. A damaged file gives what stands before the
    damage; never raises.
    """
    found: dict[str, str] = {}
    left = LONGEST_TEXTS
    try:
        for name, text in _TEXTS[format](data):
            left -= len(text)
            if left < 0 or len(found) == MOST_TEXTS:
                break
            found[name] = text
    except (struct.error, IndexError, ValueError):
        return found
    return found


def read_file(source: Path, format: Format) -> Infotext | None:
    """Return what a picture file says it was drawn from, None if nothing; for the sandbox."""
    return read(read_texts(source.read_bytes(), format))


def with_text(data: bytes, format: Format, text: str) -> bytes:
    """Return the inspected picture with this text and no other, nor EXIF or XMP; pixels and profile bit for bit.

    PNG gets it as `parameters`, the others as the EXIF comment; NUL is left out. Of a JPEG only what stands before
    the first scan is looked at: during more the event loop would stand still. Raises ValueError when the text does not
    fit (a JPEG segment has 65 533 bytes), or the file is damaged.
    """
    text = text.replace("\0", "")
    match format:
        case "PNG":
            picture = memoryview(take_apart(data, format, keep_profile=True).picture)
            return b"".join([picture[:PNG_HEADER], _png_text(text), picture[PNG_HEADER:]])
        case "JPEG":
            return _jpeg_with(data, _jpeg_exif(text))
        case "WEBP":
            return _webp_with(data, exif.written(text))


def with_infotext(data: bytes, format: Format, infotext: Infotext) -> bytes:
    """Return the picture with this as its text, see `with_text`; raises ValueError when the file is damaged.

    A JPEG has room for some 32 000 characters, for 65 000 if all are ASCII. If it is more, the prompt is cut with “…”;
    so is the negative prompt if it is as long.
    """
    text = write(infotext)
    if format == "JPEG" and not _fits_jpeg(text):
        text = _longest_fitting(infotext)
    return with_text(data, format, text)


def _longest_fitting(infotext: Infotext) -> str:
    """Return the infotext's text for a JPEG, with as long texts in it as fit."""
    least, most = 1, LONGEST_SEGMENT
    while most - least > 1:
        middle = (least + most) // 2
        if _fits_jpeg(write(infotext.shortened(middle))):
            least = middle
        else:
            most = middle
    return write(infotext.shortened(least))


def _fits_jpeg(text: str) -> bool:
    try:
        _jpeg_exif(text)
    except ValueError:
        return False
    return True


def _png_texts(data: bytes) -> Iterator[tuple[str, str]]:
    position = len(PNG_SIGNATURE)
    name = b""
    while name != b"IEND":
        length, name = struct.unpack_from(">I4s", data, position)
        body = slice(position + 8, position + 8 + length)
        position += 12 + length
        if position > len(data):
            return
        if name == b"eXIf":
            yield from exif.texts(data[body]).items()
        elif name in (b"tEXt", b"zTXt", b"iTXt") and length <= LONGEST_TEXT:
            key, _, value = data[body].partition(b"\0")
            text = _png_value(name, value)
            if text is not None:
                yield key.decode("latin-1"), text


def _png_value(kind: bytes, value: bytes) -> str | None:
    """Return what stands behind a text's name; None if it is damaged or, inflated, too long."""
    if kind == b"tEXt":
        return _utf_8_or_latin_1(value)
    if kind == b"zTXt":
        inflated = _inflated(value[1:])
        return None if inflated is None else _utf_8_or_latin_1(inflated)
    compressed, method, rest = value[0], value[1], value[2:]
    content: bytes | None = rest.partition(b"\0")[2].partition(b"\0")[2]  # behind language and translated name
    if compressed:
        content = _inflated(content or b"") if method == 0 else None
    return None if content is None else content.decode("utf-8", "replace")


def _utf_8_or_latin_1(value: bytes) -> str:
    """Return the text: Latin-1 by the standard, but several programs write UTF-8, which Latin-1 hardly looks like."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _inflated(data: bytes) -> bytes | None:
    try:
        inflater = zlib.decompressobj()
        content = inflater.decompress(data, LONGEST_TEXT)
    except zlib.error:
        return None
    return content if inflater.eof else None


def _png_text(text: str) -> bytes:
    """Return the chunk: tEXt if the text is Latin-1 and not taken for UTF-8, else iTXt, as Pillow has it."""
    name, body = b"iTXt", PARAMETERS + b"\0\0\0\0\0" + text.encode("utf-8", "replace")
    with contextlib.suppress(UnicodeEncodeError):
        content = text.encode("latin-1")
        if _utf_8_or_latin_1(content) == text:
            name, body = b"tEXt", PARAMETERS + b"\0" + content
    return struct.pack(">I4s", len(body), name) + body + struct.pack(">I", zlib.crc32(name + body))


def _jpeg_head(data: bytes) -> Iterator[tuple[int, slice]]:
    """Yield code and place, with marker and length, of the segments up to the first scan's header, and that.

    Raises struct.error, IndexError or ValueError when the file is damaged.
    """
    position, code = 2, 0
    while code != SOS:
        if data[position] != 0xFF:
            raise ValueError("no marker where one should be")
        code = data[position + 1]
        if code == 0xFF:  # fills
            position += 1
            continue
        end = position + 2 + struct.unpack_from(">H", data, position + 2)[0]
        if end < position + 4 or end > len(data):
            raise ValueError("the file ends early")
        yield code, slice(position, end)
        position = end


def _jpeg_texts(data: bytes) -> Iterator[tuple[str, str]]:
    for code, place in _jpeg_head(data):
        body = data[place][4:]
        if code == APP1 and body.startswith(EXIF_MARK):
            yield from exif.texts(body[len(EXIF_MARK) :]).items()


def _jpeg_exif(text: str) -> bytes:
    """Return the segment; raises ValueError when the text is too long for one."""
    body = EXIF_MARK + exif.written(text)
    if len(body) > LONGEST_SEGMENT and text.isascii():
        body = EXIF_MARK + exif.written(text, narrow=True)
    if len(body) > LONGEST_SEGMENT:
        raise ValueError("the text is too long for a JPEG")
    return struct.pack(">BBH", 0xFF, APP1, len(body) + 2) + body


def _jpeg_with(data: bytes, segment: bytes) -> bytes:
    """Return the JPEG with this EXIF in the place of all it says of itself before its first scan."""
    try:
        *_, (_, last) = _jpeg_head(data)
    except (struct.error, IndexError) as error:
        raise ValueError("the file ends early") from error
    head = take_apart(data[: last.stop] + JPEG_END, "JPEG", keep_profile=True).picture[: -len(JPEG_END)]
    first = 4 + struct.unpack_from(">H", head, 4)[0] if head[3] == APP0 else 2  # JFIF's place is the first
    return b"".join([head[:first], segment, head[first:], memoryview(data)[last.stop :]])


def _webp_texts(data: bytes) -> Iterator[tuple[str, str]]:
    position = 12
    while position + 8 <= len(data):
        name, length = struct.unpack_from("<4sI", data, position)
        if name == b"EXIF":
            yield from exif.texts(data[position + 8 : position + 8 + length].removeprefix(EXIF_MARK)).items()
        position += 8 + length + length % 2


def _webp_with(data: bytes, tiff: bytes) -> bytes:
    """Return the WebP with this EXIF, which needs the extended header that simple files lack (RFC 9649)."""
    parts = take_apart(data, "WEBP", keep_profile=True)
    if not parts.width:
        raise ValueError("no picture in the file")
    chunks = memoryview(parts.picture)[12:]
    if bytes(chunks[:4]) == b"VP8X":
        flags, chunks = chunks[8], chunks[18:]
    else:
        # A lossless picture's fifth byte says, above its sizes, whether it has alpha.
        flags = WEBP_ALPHA if bytes(chunks[:4]) == b"VP8L" and chunks[12] & 0x10 else 0
    size = (parts.width - 1).to_bytes(3, "little") + (parts.height - 1).to_bytes(3, "little")
    head = b"VP8X" + struct.pack("<IB3x", 10, flags | WEBP_EXIF) + size
    tail = struct.pack("<4sI", b"EXIF", len(tiff)) + tiff + b"\0" * (len(tiff) % 2)
    riff = struct.pack("<4sI4s", b"RIFF", 4 + len(head) + len(chunks) + len(tail), b"WEBP")
    return b"".join([riff, head, chunks, tail])


_TEXTS = {"PNG": _png_texts, "JPEG": _jpeg_texts, "WEBP": _webp_texts}
