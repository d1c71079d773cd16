"""How many pixels a picture file says it has, from the first bytes that tell; nothing is decoded.

Runs outside the sandbox, on foreign files: it reads a few kilobytes at most, and believes nothing but for planning.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

from bot.pictures.metadata import JPEG_FRAMES, PNG_SIGNATURE

START = 4096
"""Bytes in which all formats but JPEG name their size."""
MOST_SEGMENTS = 1000
"""Of a JPEG before its size: metadata and profiles come in pieces of up to 64 KiB."""


def pixels_of(path: Path) -> int:
    """Return width times height as the header of a PNG, JPEG, WebP, GIF or AVIF says, of its largest picture.

    0 for any other file, a damaged one, or none at all. Blocks; call it off the event loop.
    """
    try:
        with path.open("rb") as file:
            return _pixels(file)
    except (OSError, ValueError, struct.error, IndexError):
        return 0


def _pixels(file: BinaryIO) -> int:
    start = file.read(START)
    if start.startswith(PNG_SIGNATURE):
        width, height = struct.unpack_from(">II", start, 16)
    elif start.startswith(b"\xff\xd8"):
        width, height = _jpeg(file)
    elif start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        width, height = _webp(start[12:16], start[20:])
    elif start.startswith(b"GIF8"):
        width, height = struct.unpack_from("<HH", start, 6)
    elif start[4:8] == b"ftyp":
        return max(_avif(start), default=0)
    else:
        return 0
    return int(width * height)


def _jpeg(file: BinaryIO) -> tuple[int, int]:
    file.seek(2)
    for _ in range(MOST_SEGMENTS):
        marker, code, length = struct.unpack(">BBH", file.read(4))
        if marker != 0xFF:
            break
        if code == 0xFF:  # a marker may be preceded by any number of these
            file.seek(-3, 1)
        elif code in JPEG_FRAMES:
            height, width = struct.unpack(">xHH", file.read(5))
            return width, height
        else:
            file.seek(length - 2, 1)
    return 0, 0


def _webp(name: bytes, body: bytes) -> tuple[int, int]:
    if name == b"VP8X":
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if name == b"VP8L":
        bits = struct.unpack_from("<I", body, 1)[0]
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack_from("<HH", body, 6)
    return width & 0x3FFF, height & 0x3FFF


def _avif(start: bytes) -> list[int]:
    """Return the pixels of each item: its size is in a box `ispe`, after version and flags."""
    found = []
    at = start.find(b"ispe")
    while 0 <= at <= len(start) - 16:
        width, height = struct.unpack_from(">II", start, at + 8)
        found.append(width * height)
        at = start.find(b"ispe", at + 4)
    return found
