"""The one comment that JPEG and WebP have room for: EXIF's UserComment, where AUTOMATIC1111 puts its `parameters`.

Exif 2.32: a TIFF structure; tag 0x9286, in the directory that 0x8769 points to, begins with 8 bytes that name the
encoding, and "UNICODE" is UTF-16 in an order nobody agrees on. ComfyUI's WebP has its graph in tag 0x0110, behind
"prompt:" (comfy_extras/nodes_images.py).
"""

from __future__ import annotations

import struct
from typing import Literal

from bot.pictures.infotext.programs import COMMENT

Order = Literal["<", ">"]
ORDERS: dict[bytes, Order] = {b"II": "<", b"MM": ">"}
DIRECTORY, USER_COMMENT, MODEL = 0x8769, 0x9286, 0x0110
UNDEFINED, LONG = 7, 4
HEADER, ENTRY = 8, 12
"""Bytes."""
UNICODE_PREFIX, ASCII_PREFIX, NO_PREFIX = b"UNICODE\0", b"ASCII\0\0\0", bytes(8)
GRAPH = b"prompt:"
MOST_ENTRIES = 200
"""A directory of a camera has some fifty."""
LONGEST = 10 * 2**20
"""Bytes of a text; ComfyUI's largest graphs have one MiB."""


def written(text: str, *, narrow: bool = False) -> bytes:
    """Return EXIF with the text as its comment, as piexif writes it for AUTOMATIC1111: a TIFF structure.

    With `narrow` in ASCII, which is half as long. Lone surrogates become question marks.
    """
    comment = ASCII_PREFIX + text.encode("ascii") if narrow else UNICODE_PREFIX + text.encode("utf-16-be", "replace")
    directory = 2 + ENTRY + 4  # number of entries, the one entry, where the next directory is
    first = struct.pack(">HHHIII", 1, DIRECTORY, LONG, 1, HEADER + directory, 0)
    second = struct.pack(">HHHIII", 1, USER_COMMENT, UNDEFINED, len(comment), HEADER + 2 * directory, 0)
    return struct.pack(">2sHI", b"MM", 42, HEADER) + first + second + comment


def texts(tiff: bytes) -> dict[str, str]:
    """Return the comment, as `UserComment`, and ComfyUI's graph, as `prompt`. Nothing of damaged EXIF; never raises."""
    found: dict[str, str] = {}
    order = ORDERS.get(tiff[:2])
    if order is None:
        return found
    try:
        start = struct.unpack_from(f"{order}I", tiff, 4)[0]
        model = _value(tiff, order, start, MODEL)
        if model.startswith(GRAPH):
            found["prompt"] = model[len(GRAPH) :].rstrip(b"\0").decode("utf-8", "replace")
        directory = _value(tiff, order, start, DIRECTORY)
        if len(directory) == 4:
            inner = struct.unpack(f"{order}I", directory)[0]
            found[COMMENT] = _decoded(_value(tiff, order, inner, USER_COMMENT), order)
    except struct.error:
        return found
    return {name: text for name, text in found.items() if text}


def _value(tiff: bytes, order: Order, start: int, wanted: int) -> bytes:
    """Return what a directory's entry of this tag holds, nothing without one; raises struct.error at the data's end."""
    count = struct.unpack_from(f"{order}H", tiff, start)[0]
    for number in range(min(count, MOST_ENTRIES)):
        place = start + 2 + number * ENTRY
        tag, kind, length = struct.unpack_from(f"{order}HHI", tiff, place)
        if tag == wanted:
            length *= 4 if kind == LONG else 1
            at = place + 8 if length <= 4 else struct.unpack_from(f"{order}I", tiff, place + 8)[0]
            return tiff[at : at + length] if length <= LONGEST else b""
    return b""


def _decoded(comment: bytes, order: Order) -> str:
    """Return the comment's text. What has no prefix that is known is UTF-8 if it can be."""
    prefix, text = comment[:8], comment[8:]
    if prefix == UNICODE_PREFIX:
        return _utf_16(text, order)
    if prefix not in (ASCII_PREFIX, NO_PREFIX):
        text = comment
    try:
        return text.decode().strip("\0 ")
    except UnicodeDecodeError:
        return ""


def _utf_16(text: bytes, order: Order) -> str:
    """Return the text in the order that makes more of it ASCII; if neither does, in that of the EXIF around it.

    piexif writes big-endian, ImageSharp little-endian, whatever stands around it; parameters' names are ASCII.
    """
    text = text[: len(text) // 2 * 2]
    if text.startswith((b"\xff\xfe", b"\xfe\xff")):
        return text.decode("utf-16", "replace").rstrip("\0")
    found = {">": text.decode("utf-16-be", "replace"), "<": text.decode("utf-16-le", "replace")}
    best = max(found, key=lambda name: (sum(map(str.isascii, found[name])), name == order))
    return found[best].rstrip("\0")
