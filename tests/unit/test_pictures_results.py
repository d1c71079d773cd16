"""What engines return is stored without what they wrote beside the pixels; pixels and colours stay bit for bit."""

from __future__ import annotations

import io
import itertools
import struct
import zlib
from collections.abc import Iterator

import pytest
from PIL import Image, ImageCms

from bot.pictures.inspect import Inspected, inspect_result
from bot.pictures.sandbox import Sandbox
from tests.support.pictures import (
    SECRET,
    XMP,
    encoded,
    exif,
    jpeg_segment,
    photo,
    png_chunk,
    srgb_profile,
    wide_profile,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

GRAPH = b'{"3": {"inputs": {"filename_prefix": "/home/SECRET/ComfyUI/output"}}}' * 3000


def png_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """Return names and bodies; fails when anything stands before, between or behind."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, position = [], 8
    while position < len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        body = data[position + 8 : position + 8 + length]
        assert data[position:].startswith(png_chunk(name, body))
        chunks.append((name, body))
        position += 12 + length
    return chunks


def jpeg_segments(data: bytes) -> list[tuple[bytes, bytes]]:
    """Return codes and bodies up to the first scan; fails when the file does not end with it."""
    assert data.startswith(b"\xff\xd8") and data.endswith(b"\xff\xd9")
    segments: list[tuple[bytes, bytes]] = []
    position = 2
    while not segments or segments[-1][0] != b"\xda":
        assert data[position] == 0xFF
        length = struct.unpack_from(">H", data, position + 2)[0]
        segments.append((data[position + 1 : position + 2], data[position + 4 : position + 2 + length]))
        position += 2 + length
    return segments


def webp_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """Return names and bodies; fails when the sizes do not add up."""
    assert data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    assert struct.unpack_from("<I", data, 4)[0] == len(data) - 8
    chunks, position = [], 12
    while position < len(data):
        name, length = struct.unpack_from("<4sI", data, position)
        chunks.append((name, data[position + 8 : position + 8 + length]))
        position += 8 + length + length % 2
    assert position == len(data)
    return chunks


CHUNKS = {"PNG": png_chunks, "JPEG": jpeg_segments, "WEBP": webp_chunks}


def soiled(data: bytes, format: str) -> bytes:
    """Return the file with everything that engines are known to write into it, and more."""
    if format == "PNG":
        compressed = b"parameters\0\0" + zlib.compress(SECRET)
        before = [
            png_chunk(b"tEXt", b"prompt\0" + GRAPH),
            png_chunk(b"tEXt", b"workflow\0" + GRAPH),
            png_chunk(b"zTXt", compressed),
            png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP),
            png_chunk(b"caBX", SECRET),
            png_chunk(b"pHYs", bytes(9)),
        ]
        after = [png_chunk(b"eXIf", exif(1)[6:]), png_chunk(b"tIME", b"\x07\xea\x01\x02\x03\x04\x05")]
        start, end = data.index(b"IDAT") - 4, data.rindex(b"IEND") - 4
        return data[:start] + b"".join(before) + data[start:end] + b"".join(after) + data[end:] + SECRET
    if format == "JPEG":
        segments = [
            jpeg_segment(0xE1, exif(1)),
            jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP),
            jpeg_segment(0xEB, b"JP" + SECRET),
            jpeg_segment(0xED, b"Photoshop 3.0\0" + SECRET),
            jpeg_segment(0xFE, GRAPH[:60000]),
        ]
        return data[:2] + b"".join(segments) + data[2:] + SECRET
    chunks = webp_chunks(data)
    if chunks[0][0] != b"VP8X":
        with Image.open(io.BytesIO(data)) as image:
            width, height = image.size
            alpha = 0x10 if image.mode == "RGBA" else 0
        size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        chunks.insert(0, (b"VP8X", bytes([alpha, 0, 0, 0]) + size))
    chunks[0] = (b"VP8X", bytes([chunks[0][1][0] | 0x0C]) + chunks[0][1][1:])
    chunks += [(b"EXIF", exif(1)), (b"XMP ", XMP), (b"C2PA", SECRET)]
    return webp(chunks) + SECRET


def webp(chunks: list[tuple[bytes, bytes]]) -> bytes:
    body = b"".join(struct.pack("<4sI", name, len(body)) + body + bytes(len(body) % 2) for name, body in chunks)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def with_chunk(data: bytes, *chunks: bytes) -> bytes:
    """Return the PNG with these chunks behind its header."""
    return data[:33] + b"".join(chunks) + data[33:]


def rough_png(colour_type: int, channels: int) -> bytes:
    """Return a PNG of 16 bits, which Pillow does not write in colour."""
    header = struct.pack(">IIBBBBB", 8, 8, 16, colour_type, 0, 0, 0)
    rows = b"".join(b"\0" + bytes((x * 37 + y * 11) % 256 for x in range(8 * channels * 2)) for y in range(8))
    chunks = png_chunk(b"IHDR", header), png_chunk(b"IDAT", zlib.compress(rows)), png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


PALETTE = photo().quantize(16)
FADING = photo().convert("RGBA")
FADING.putalpha(photo().getchannel("R"))
HINTS = (
    png_chunk(b"cICP", bytes([9, 16, 0, 1])),
    png_chunk(b"gAMA", struct.pack(">I", 100000)),
    png_chunk(b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)),
)
CLEAN = {
    "PNG RGB": encoded(photo(), "PNG"),
    "PNG RGBA": encoded(FADING, "PNG"),
    "PNG grey": encoded(photo().convert("L"), "PNG"),
    "PNG grey and alpha": encoded(FADING.convert("LA"), "PNG"),
    "PNG 1 bit": encoded(photo().convert("1"), "PNG"),
    "PNG palette": encoded(PALETTE, "PNG"),
    "PNG palette with alpha": encoded(PALETTE, "PNG", transparency=bytes(range(16))),
    "PNG colour key": encoded(photo(), "PNG", transparency=photo().getpixel((0, 0))),
    "PNG 16 bits grey": rough_png(0, 1),
    "PNG 48 bits": rough_png(2, 3),
    "PNG 64 bits": rough_png(6, 4),
    "PNG with colours described": with_chunk(encoded(photo(), "PNG"), *HINTS),
    "PNG with a profile": encoded(photo(), "PNG", icc_profile=wide_profile()),
    "PNG palette with a profile": encoded(PALETTE, "PNG", icc_profile=srgb_profile()),
    "JPEG": encoded(photo(), "JPEG", quality=95),
    "JPEG grey": encoded(photo().convert("L"), "JPEG"),
    "JPEG CMYK": encoded(photo().convert("CMYK"), "JPEG"),
    "JPEG progressive": encoded(photo(), "JPEG", progressive=True, restart_marker_blocks=2),
    "JPEG with a profile": encoded(photo(), "JPEG", icc_profile=wide_profile()),
    "JPEG with a profile in parts": encoded(photo(), "JPEG", icc_profile=b"".join([wide_profile(), bytes(200_000)])),
    "WEBP": encoded(photo(), "WEBP"),
    "WEBP lossless": encoded(photo(), "WEBP", lossless=True),
    "WEBP with alpha": encoded(FADING, "WEBP"),
    "WEBP with a profile": encoded(photo(), "WEBP", icc_profile=wide_profile()),
    "WEBP with alpha and a profile": encoded(FADING, "WEBP", icc_profile=wide_profile()),
}


def decoded(data: bytes) -> Iterator[object]:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        yield from (image.mode, image.size, image.tobytes(), image.getpalette(), image.info.get("transparency"))


@pytest.mark.parametrize("kind", CLEAN)
async def test_a_clean_result_is_the_same_object(sandbox: Sandbox, kind: str) -> None:
    assert (await inspect_result(sandbox, CLEAN[kind])).data is CLEAN[kind]


@pytest.mark.parametrize("kind", CLEAN)
async def test_nothing_but_the_picture_is_left(sandbox: Sandbox, kind: str) -> None:
    clean, format = CLEAN[kind], kind.split(maxsplit=1)[0]
    data = soiled(clean, format)
    assert data.count(SECRET) > 3
    found = await inspect_result(sandbox, data)
    assert list(decoded(found.data)) == list(decoded(clean))
    left = CHUNKS[format](found.data)
    if format == "WEBP":
        left = [each for each in left if each[0] != b"VP8X" or each[1][0]]  # a header that announces nothing is none
    assert left == CHUNKS[format](clean)
    assert SECRET not in found.data.replace(wide_profile(), b"")
    if format != "WEBP":
        assert found.data == clean
    assert (await inspect_result(sandbox, found.data)).data is found.data


async def test_it_is_told_as_it_is(sandbox: Sandbox) -> None:
    found = await inspect_result(sandbox, soiled(CLEAN["WEBP with alpha"], "WEBP"))
    assert found == Inspected(found.data, "image/webp", 64, 48, transparent=True)


def grey_profile() -> bytes:
    """Return a profile for pictures without colours."""
    profile = bytearray(wide_profile())
    profile[16:20] = b"GRAY"
    return bytes(profile).replace(b"rTRC", b"kTRC")


BROKEN_ICCP = png_chunk(b"iCCP", b"ICC\0\0" + zlib.compress(wide_profile()))
BROKEN_ICCP = BROKEN_ICCP[:-1] + bytes([BROKEN_ICCP[-1] ^ 1])
SENSELESS = {
    "PNG no profile": encoded(photo(), "PNG", icc_profile=SECRET * 99),
    "PNG cut short": encoded(photo(), "PNG", icc_profile=wide_profile()[:200]),
    "PNG for grey pictures": encoded(photo(), "PNG", icc_profile=grey_profile()),
    "PNG not compressed": with_chunk(encoded(photo(), "PNG"), png_chunk(b"iCCP", b"ICC\0\0" + wide_profile())),
    "PNG wrong checksum": with_chunk(encoded(photo(), "PNG"), BROKEN_ICCP),
    "JPEG no profile": encoded(photo(), "JPEG", icc_profile=SECRET * 99),
    "JPEG for grey pictures": encoded(photo(), "JPEG", icc_profile=grey_profile()),
    "JPEG first part missing": encoded(photo(), "JPEG").replace(
        b"\xff\xd8", b"\xff\xd8" + jpeg_segment(0xE2, b"ICC_PROFILE\0\2\2" + wide_profile()), 1
    ),
    "JPEG nothing in it": encoded(photo(), "JPEG").replace(b"\xff\xd8", b"\xff\xd8\xff\xe2\0\x0eICC_PROFILE\0", 1),
    "WEBP no profile": encoded(photo(), "WEBP", icc_profile=SECRET * 99),
    "WEBP not announced": webp(
        [(b"VP8X", bytes([0, 0, 0, 0, 63, 0, 0, 47, 0, 0])), (b"ICCP", wide_profile()), *webp_chunks(CLEAN["WEBP"])]
    ),
}
NAMES = {"PNG": b"iCCP", "JPEG": b"ICC_PROFILE", "WEBP": b"ICCP"}


@pytest.mark.parametrize("kind", SENSELESS)
async def test_a_profile_without_sense_goes(sandbox: Sandbox, kind: str) -> None:
    format = kind.split(maxsplit=1)[0]
    assert NAMES[format] in SENSELESS[kind]
    found = await inspect_result(sandbox, SENSELESS[kind])
    assert NAMES[format] not in found.data
    assert SECRET not in found.data
    assert CHUNKS[format](found.data)
    assert list(decoded(found.data)) == list(decoded(encoded(photo(), format)))


async def test_a_second_profile_goes(sandbox: Sandbox) -> None:
    second = png_chunk(b"iCCP", b"SECRET\0\0" + zlib.compress(srgb_profile()))
    data = CLEAN["PNG with a profile"]
    place = data.index(b"IDAT") - 4
    assert (await inspect_result(sandbox, data[:place] + second + data[place:])).data == data
    part = jpeg_segment(0xE2, b"ICC_PROFILE\0\1\1" + SECRET)
    data = CLEAN["JPEG with a profile"]
    place = data.index(b"\xff\xdb")
    assert (await inspect_result(sandbox, data[:place] + part + data[place:])).data == data


async def test_a_profile_means_the_same_afterwards(sandbox: Sandbox) -> None:
    image = Image.new("RGB", (8, 8), (200, 100, 50))
    for format in CHUNKS:
        data = soiled(encoded(image, format, icc_profile=wide_profile(), quality=100), format)
        with Image.open(io.BytesIO((await inspect_result(sandbox, data)).data)) as kept:
            assert ImageCms.ImageCmsProfile(io.BytesIO(kept.info["icc_profile"])).tobytes() == wide_profile()


QUARTERS = dict(zip(itertools.product((8, 40), (8, 24)), ("red", "green", "blue", "white"), strict=True))


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
async def test_what_exif_turns_is_turned_for_good(sandbox: Sandbox, format: str) -> None:
    upright = Image.new("RGB", (48, 32))
    for (x, y), colour in QUARTERS.items():
        upright.paste(colour, (x - 8, y - 8, x + 16, y + 8))
    stored = upright.transpose(Image.Transpose.ROTATE_90)  # orientation 6: to be turned clockwise
    options = {"keep_rgb": True} if format == "JPEG" else {"lossless": True}
    found = await inspect_result(sandbox, encoded(stored, format, exif=exif(6), **options))
    assert (found.width, found.height) == (48, 32)
    assert SECRET not in found.data and b"xif" not in found.data
    with Image.open(io.BytesIO(found.data)) as image:
        assert image.size == (48, 32)
        for place in QUARTERS:
            wanted, pixel = upright.getpixel(place), image.convert("RGB").getpixel(place)
            assert isinstance(wanted, tuple) and isinstance(pixel, tuple)
            assert max(abs(a - b) for a, b in zip(wanted, pixel, strict=True)) < 12
