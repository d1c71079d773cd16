"""What a picture file holds beside its pixels, handled as chunks and segments without decoding anything.

Runs in the sandbox: the files are foreign. Everything not known to be needed for the pixels is left out, so camera
data, positions, thumbnails, prompts, comments and whatever stands behind the picture's end never pass.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass
from typing import Literal

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"cICP", b"IDAT", b"IEND"})
LARGEST_PROFILE = 2**22
"""Bytes of an ICC profile; the largest in use, for print, have 3 MB."""

EOI, SOS, APP0, APP1, APP2, APP14 = 0xD9, 0xDA, 0xE0, 0xE1, 0xE2, 0xEE
JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""The markers whose segment holds width and height."""
JPEG_KEPT = frozenset(range(0xC0, 0xD0)) | {0xDA, 0xDB, 0xDD}
JPEG_MARKER = re.compile(rb"\xff+([^\x00\x01\xd0-\xd7\xff])", re.DOTALL)
"""Any marker but those that stand inside compressed data."""

WEBP_KEPT = frozenset({b"VP8X", b"VP8 ", b"VP8L", b"ALPH"})
WEBP_ANIMATION, WEBP_ALPHA = 0x02, 0x10


@dataclass(frozen=True, slots=True)
class Parts:
    """A picture file taken apart."""

    picture: bytes
    """The same file without metadata: pixels unchanged, bit for bit."""
    width: int
    """Pixels, as the header says."""
    height: int
    exif: bytes
    """A TIFF structure, or empty."""
    icc: bytes
    """The colour profile, or empty."""
    animated: bool = False


def take_apart(data: bytes, format: Literal["PNG", "JPEG", "WEBP"]) -> Parts:
    """Separate a picture from its metadata. Raises ValueError when the file ends early or makes no sense."""
    try:
        match format:
            case "PNG":
                return _png(data)
            case "JPEG":
                return _jpeg(data)
            case "WEBP":
                return _webp(data)
    except (struct.error, IndexError) as error:
        raise ValueError("the file ends early") from error


def _png(data: bytes) -> Parts:
    kept = [PNG_SIGNATURE]
    exif = icc = name = b""
    frames = 1
    position = len(PNG_SIGNATURE)
    while name != b"IEND":
        length, name = struct.unpack_from(">I4s", data, position)
        chunk = _piece(data, position, 12 + length)
        body = chunk[8:-4]
        position += len(chunk)
        if name in PNG_KEPT:
            kept.append(chunk)
        elif name == b"eXIf":
            exif = body
        elif name == b"iCCP":
            icc = _inflated(body.partition(b"\0")[2][1:])
        elif name == b"acTL":
            frames = struct.unpack_from(">I", body)[0]
    width, height = struct.unpack_from(">II", data, 16)
    return Parts(b"".join(kept), width, height, exif, icc, animated=frames > 1)


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, LARGEST_PROFILE)
    except zlib.error:
        return b""


def _jpeg(data: bytes) -> Parts:
    kept = [b"\xff\xd8"]
    exif = b""
    icc: dict[int, bytes] = {}
    width = height = 0
    position = 2
    in_scan = False
    while True:
        marker = JPEG_MARKER.search(data, position)
        if marker is None:
            raise ValueError("the file ends early")
        if in_scan:
            kept.append(data[position : marker.start()])
        code = marker[1][0]
        if code == EOI:
            break
        length = struct.unpack_from(">H", data, marker.end())[0]
        body = _piece(data, marker.end() + 2, length - 2)
        position = marker.end() + length
        in_scan = code == SOS
        if code in JPEG_KEPT:
            kept.append(_segment(code, body))
        elif code == APP0 and body.startswith(b"JFIF\0"):
            kept.append(_segment(APP0, body[:12] + b"\0\0"))  # without its thumbnail: 0 by 0
        elif code == APP14 and body.startswith(b"Adobe"):
            kept.append(_segment(APP14, body[:12]))
        elif code == APP1 and body.startswith(b"Exif\0\0"):
            exif = body[6:]
        elif code == APP2 and body.startswith(b"ICC_PROFILE\0"):
            icc[body[12]] = body[14:]
        if code in JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", body, 1)
    kept.append(b"\xff\xd9")
    return Parts(b"".join(kept), width, height, exif, b"".join(icc[number] for number in sorted(icc)))


def _segment(code: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, code, len(body) + 2) + body


def _webp(data: bytes) -> Parts:
    kept = [b"WEBP"]
    exif = icc = b""
    width = height = 0
    animated = False
    end = 8 + struct.unpack_from("<I", data, 4)[0]
    position = 12
    while position + 8 <= end:
        name, length = struct.unpack_from("<4sI", data, position)
        body = _piece(data, position + 8, length)
        position += 8 + length + length % 2
        if not width:
            width, height = _webp_size(name, body)
        if name == b"VP8X":
            animated = bool(body[0] & WEBP_ANIMATION)
            body = bytes([body[0] & WEBP_ALPHA]) + body[1:10]
        elif name == b"EXIF":
            exif = body.removeprefix(b"Exif\0\0")
        elif name == b"ICCP":
            icc = body
        if name in WEBP_KEPT:
            kept.append(_chunk(name, body))
    return Parts(_chunk(b"RIFF", b"".join(kept)), width, height, exif, icc, animated)


def _webp_size(name: bytes, body: bytes) -> tuple[int, int]:
    """Return the width and height a chunk tells; 0 by 0 when it is of another kind."""
    if name == b"VP8X":
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if name == b"VP8L":
        bits = struct.unpack_from("<I", body, 1)[0]
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if name == b"VP8 ":
        width, height = struct.unpack_from("<HH", body, 6)
        return width & 0x3FFF, height & 0x3FFF
    return 0, 0


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack("<4sI", name, len(body)) + body + b"\0" * (len(body) % 2)


def _piece(data: bytes, start: int, length: int) -> bytes:
    if length < 0 or start + length > len(data):
        raise ValueError("the file ends early")
    return data[start : start + length]
