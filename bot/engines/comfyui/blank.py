"""A PNG without anything on it."""

from __future__ import annotations

import struct
import zlib

GREY_WITH_ALPHA, RGB = 4, 2
"""Colour types of PNG."""


def clear_png(width: int, height: int) -> bytes:
    """Return a picture that is transparent everywhere: as a mask, all of it may change."""
    return _png(width, height, GREY_WITH_ALPHA, bytes(2 * width))


def grey_png(width: int, height: int) -> bytes:
    """Return a plain grey picture."""
    return _png(width, height, RGB, b"\x80" * (3 * width))


def _png(width: int, height: int, colour: int, row: bytes) -> bytes:
    squeeze = zlib.compressobj(level=1)
    line = b"\0" + row
    pixels = b"".join(squeeze.compress(line) for _ in range(height)) + squeeze.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
