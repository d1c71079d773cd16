"""What a picture file holds beside its pixels, handled as chunks and segments without decoding anything.

Runs in the sandbox: the files are foreign. Everything not known to be needed for the pixels is left out, so camera
data, positions, thumbnails, prompts, comments and whatever stands behind the picture's end never pass.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass, replace
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
WEBP_ANIMATION, WEBP_ALPHA, WEBP_PROFILE = 0x02, 0x10, 0x20


@dataclass(frozen=True, slots=True)
class Parts:
    """A picture file taken apart."""

    picture: bytes
    """The same file without metadata: pixels unchanged, bit for bit. The file itself if it holds nothing else."""
    width: int
    """Pixels, as the header says."""
    height: int
    exif: bytes
    """A TIFF structure, or empty."""
    icc: bytes
    """The colour profile, or empty."""
    depth: int = 8
    """Bits of a channel."""
    animated: bool = False
    cut: bool = False
    """`picture` is not the whole file."""


def take_apart(data: bytes, format: Literal["PNG", "JPEG", "WEBP"], *, keep_profile: bool = False) -> Parts:
    """Separate a picture from its metadata; its colour profile stays in `picture` only if asked for.

    Raises ValueError when the file ends early or makes no sense.
    """
    try:
        match format:
            case "PNG":
                parts = _png(data, keep_profile)
            case "JPEG":
                parts = _jpeg(data, keep_profile)
            case "WEBP":
                parts = _webp(data, keep_profile)
    except (struct.error, IndexError) as error:
        raise ValueError("the file ends early") from error
    if parts.picture == data:
        return replace(parts, picture=data)
    return replace(parts, cut=True)


def _png(data: bytes, keep_profile: bool) -> Parts:
    kept: list[bytes | memoryview] = [PNG_SIGNATURE]
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
            exif = bytes(body)
        elif name == b"iCCP" and not icc:
            icc = _png_profile(chunk)
            if icc and keep_profile:
                kept.append(chunk)
        elif name == b"acTL":
            frames = struct.unpack_from(">I", body)[0]
    width, height, depth = struct.unpack_from(">IIB", data, 16)
    return Parts(b"".join(kept), width, height, exif, icc, depth, animated=frames > 1)


def _png_profile(chunk: memoryview) -> bytes:
    """Return the profile in an iCCP chunk, empty if the chunk is damaged: decoders refuse a file for its checksum."""
    if zlib.crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:], "big"):
        return b""
    return _inflated(bytes(chunk[8:-4]).partition(b"\0")[2][1:])


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, LARGEST_PROFILE)
    except zlib.error:
        return b""


def _jpeg(data: bytes, keep_profile: bool) -> Parts:
    kept: list[bytes | memoryview] = [b"\xff\xd8"]
    exif = b""
    icc: dict[int, bytes] = {}
    icc_parts = 0
    width = height = 0
    position = 2
    in_scan = False
    while True:
        marker = JPEG_MARKER.search(data, position)
        if marker is None:
            raise ValueError("the file ends early")
        if in_scan:
            kept.append(memoryview(data)[position : marker.start()])
        code = marker[1][0]
        if code == EOI:
            break
        length = struct.unpack_from(">H", data, marker.end())[0]
        body = bytes(_piece(data, marker.end() + 2, length - 2))
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
        elif code == APP2 and body.startswith(b"ICC_PROFILE\0") and len(body) > 14 and body[12] not in icc:
            icc[body[12]], icc_parts = body[14:], body[13]
            if keep_profile:
                kept.append(_segment(APP2, body))
        if code in JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", body, 1)
    kept.append(b"\xff\xd9")
    numbers = range(1, icc_parts + 1)
    profile = b"".join(icc[number] for number in numbers) if set(icc) == set(numbers) else b""
    return Parts(b"".join(kept), width, height, exif, profile)


def _segment(code: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, code, len(body) + 2) + body


def _webp(data: bytes, keep_profile: bool) -> Parts:
    kept: list[bytes | memoryview] = []
    exif = icc = b""
    width = height = flags = 0
    end = 8 + struct.unpack_from("<I", data, 4)[0]
    position = 12
    while position + 8 <= end:
        name, length = struct.unpack_from("<4sI", data, position)
        body = _piece(data, position + 8, length)
        position += 8 + length + length % 2
        if not width:
            width, height = _webp_size(name, body)
        if name == b"VP8X":
            flags = body[0]
            known = WEBP_ALPHA | WEBP_PROFILE if keep_profile else WEBP_ALPHA
            kept += _chunk(name, bytes([flags & known]) + body[1:10])
        elif name in WEBP_KEPT:
            kept += _chunk(name, body)
        elif name == b"EXIF":
            exif = bytes(body).removeprefix(b"Exif\0\0")
        elif name == b"ICCP" and flags & WEBP_PROFILE and not icc:
            icc = bytes(body)
            if keep_profile:
                kept += _chunk(name, body)
    header = struct.pack("<4sI4s", b"RIFF", 4 + sum(map(len, kept)), b"WEBP")
    return Parts(b"".join([header, *kept]), width, height, exif, icc, animated=bool(flags & WEBP_ANIMATION))


def _webp_size(name: bytes, body: memoryview) -> tuple[int, int]:
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


def _chunk(name: bytes, body: bytes | memoryview) -> list[bytes | memoryview]:
    return [struct.pack("<4sI", name, len(body)), body, b"\0" * (len(body) % 2)]


def _piece(data: bytes, start: int, length: int) -> memoryview:
    if length < 0 or start + length > len(data):
        raise ValueError("the file ends early")
    return memoryview(data)[start : start + length]
