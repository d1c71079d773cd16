"""What leaves: no metadata, pixels unchanged where they may stay, upright, in sRGB."""

from __future__ import annotations

import re
import struct
import zlib
from typing import Literal

import pytest
from PIL import Image

from bot.pictures.inspect import prepare_input
from bot.pictures.metadata import take_apart
from bot.pictures.sandbox import Sandbox
from tests.support.pictures import (
    dirty,
    encoded,
    exif,
    jpeg_segment,
    opened,
    photo,
    png_chunk,
    srgb_profile,
    wide_profile,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

TRACES = re.compile(
    rb"SECRET|Exif|EXIF|eXIf|xmp|XMP|adobe:ns|GPS|iCCP|ICCP|ICC_PROFILE|tEXt|zTXt|iTXt|tIME|prVt|8BIM|MPF",
)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF", "AVIF"])
async def test_metadata_is_gone_and_pixels_are_unchanged(sandbox: Sandbox, format: str) -> None:
    data = dirty(format)
    assert TRACES.search(data)
    found = await prepare_input(sandbox, data, "fox")
    assert not TRACES.search(found.data)
    assert opened(found.data).convert("RGB").tobytes() == opened(data).convert("RGB").tobytes()


async def test_webp_with_alpha_keeps_it_without_metadata(sandbox: Sandbox) -> None:
    image = photo()
    image.putalpha(image.getchannel("R"))
    data = dirty("WEBP", image)
    found = await prepare_input(sandbox, data, "fox")
    assert not TRACES.search(found.data)
    assert found.transparent
    assert opened(found.data).tobytes() == opened(data).tobytes()
    assert found.data[20] == 0x10, "the header announces alpha and nothing else"


async def test_a_progressive_jpeg_with_restarts_is_unchanged(sandbox: Sandbox) -> None:
    data = encoded(photo(), "JPEG", progressive=True, restart_marker_blocks=2, comment=b"SECRET")
    found = await prepare_input(sandbox, data, "fox")
    assert opened(found.data).tobytes() == opened(data).tobytes()
    assert found.data == data.replace(jpeg_segment(0xFE, b"SECRET"), b"")


def png_of_16_bits(colour_type: int, pixel: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", 4, 4, 16, colour_type, 0, 0, 0)
    rows = zlib.compress((b"\0" + pixel * 4) * 4)
    chunks = png_chunk(b"IHDR", header), png_chunk(b"IDAT", rows), png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


PALETTE = photo().quantize(16)
FADING = photo().convert("RGBA")
FADING.putpixel((63, 47), (1, 2, 3, 254))
UNCHANGED = {
    "1 bit": (encoded(photo().convert("1"), "PNG"), False),
    "grey": (encoded(photo().convert("L"), "PNG"), False),
    "grey and alpha": (encoded(FADING.convert("LA"), "PNG"), True),
    "palette": (encoded(PALETTE, "PNG"), False),
    "palette with alpha": (encoded(PALETTE, "PNG", transparency=bytes(range(16))), True),
    "palette, opaque": (encoded(PALETTE, "PNG", transparency=b"\xff" * 16), False),
    "colour key": (encoded(photo(), "PNG", transparency=photo().getpixel((0, 0))), True),
    "opaque alpha": (encoded(photo().convert("RGBA"), "PNG"), False),
    "one pixel not opaque": (encoded(FADING, "PNG"), True),
    "48 bits": (png_of_16_bits(2, b"\x12\x34\x56\x78\x9a\xbc"), False),
    "64 bits": (png_of_16_bits(6, b"\x12\x34\x56\x78\x9a\xbc\x80\x00"), True),
    "grey jpeg": (encoded(photo().convert("L"), "JPEG"), False),
    "jpeg that is not YCC": (encoded(photo(), "JPEG", keep_rgb=True), False),
    "webp, lossless": (encoded(FADING, "WEBP", lossless=True, exact=True), True),
    "webp, lossy": (encoded(photo(), "WEBP"), False),
}


@pytest.mark.parametrize("kind", UNCHANGED)
async def test_clean_pictures_pass_bit_for_bit(sandbox: Sandbox, kind: str) -> None:
    data, transparent = UNCHANGED[kind]
    found = await prepare_input(sandbox, data, "fox")
    assert found.data == data
    assert found.transparent is transparent


async def test_16_bit_grey_becomes_8_bit(sandbox: Sandbox) -> None:
    found = await prepare_input(sandbox, png_of_16_bits(0, b"\x9a\xbc"), "fox")
    assert opened(found.data).mode == "L"
    assert opened(found.data).getpixel((0, 0)) == 0x9A


async def test_print_colours_become_rgb(sandbox: Sandbox) -> None:
    data = encoded(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=100)
    found = await prepare_input(sandbox, data, "fox")
    assert found.mime == "image/jpeg"
    assert opened(found.data).mode == "RGB"
    assert near(opened(found.data).getpixel((8, 8)), (255, 0, 0), 4)


# The visual side that the first row and the first column of the stored pixels are, by the EXIF specification.
SIDES = {
    1: ("top", "left"),
    2: ("top", "right"),
    3: ("bottom", "right"),
    4: ("bottom", "left"),
    5: ("left", "top"),
    6: ("right", "top"),
    7: ("right", "bottom"),
    8: ("left", "bottom"),
}
CORNERS = {
    frozenset({"top", "left"}): (255, 0, 0),
    frozenset({"top", "right"}): (0, 255, 0),
    frozenset({"bottom", "left"}): (0, 0, 255),
    frozenset({"bottom", "right"}): (255, 255, 255),
}
OPPOSITE = {"top": "bottom", "bottom": "top", "left": "right", "right": "left"}


def stored(orientation: int) -> Image.Image:
    """Return the stored pixels of a 48x32 picture with four coloured corners."""
    row, column = SIDES[orientation]
    image = Image.new("RGB", (2, 2))
    for y, vertical in enumerate((row, OPPOSITE[row])):
        for x, horizontal in enumerate((column, OPPOSITE[column])):
            image.putpixel((x, y), CORNERS[frozenset({vertical, horizontal})])
    return image.resize((48, 32) if orientation < 5 else (32, 48), Image.Resampling.NEAREST)


@pytest.mark.parametrize("orientation", SIDES)
@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "AVIF"])
async def test_pictures_are_turned_upright(sandbox: Sandbox, format: str, orientation: int) -> None:
    data = encoded(stored(orientation), format, quality=95, exif=exif(orientation))
    found = await prepare_input(sandbox, data, "fox")
    image = opened(found.data).convert("RGB")
    assert image.size == (found.width, found.height) == (48, 32)
    assert not TRACES.search(found.data)
    for corner, colour in CORNERS.items():
        place = (8 if "left" in corner else 40, 8 if "top" in corner else 24)
        assert near(image.getpixel(place), colour, 12)


@pytest.mark.parametrize("tags", [b"Exif\0\0", b"Exif\0\0MM\0*\xff\xff\xff\xff", b"Exif\0\0" + b"\xff" * 99])
async def test_damaged_exif_is_no_reason_to_refuse(sandbox: Sandbox, tags: bytes) -> None:
    clean = encoded(photo(), "JPEG")
    data = clean[:2] + jpeg_segment(0xE1, tags) + clean[2:]
    assert (await prepare_input(sandbox, data, "fox")).data == clean


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "AVIF"])
async def test_other_colour_spaces_become_srgb(sandbox: Sandbox, format: str) -> None:
    image = Image.new("RGB", (32, 32), (200, 100, 50))
    data = encoded(image, format, quality=100, icc_profile=wide_profile())
    found = await prepare_input(sandbox, data, "fox")
    assert not TRACES.search(found.data)
    assert found.mime == ("image/jpeg" if format == "JPEG" else "image/png")
    assert near(opened(found.data).getpixel((16, 16)), srgb_of_wide(200, 100, 50), 4)


async def test_conversion_keeps_alpha(sandbox: Sandbox) -> None:
    image = Image.new("RGBA", (8, 8), (200, 100, 50, 77))
    found = await prepare_input(sandbox, encoded(image, "PNG", icc_profile=wide_profile()), "fox")
    pixel = opened(found.data).getpixel((0, 0))
    assert isinstance(pixel, tuple)
    assert near(pixel[:3], srgb_of_wide(200, 100, 50), 2)
    assert pixel[3] == 77


@pytest.mark.parametrize("profile", [srgb_profile(), b"no profile", wide_profile()[:200]])
async def test_srgb_and_broken_profiles_change_no_pixel(sandbox: Sandbox, profile: bytes) -> None:
    clean = encoded(photo(), "JPEG")
    data = encoded(photo(), "JPEG", icc_profile=profile)
    assert (await prepare_input(sandbox, data, "fox")).data == clean


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
async def test_taking_apart_twice_changes_nothing(format: Literal["PNG", "JPEG", "WEBP"]) -> None:
    parts = take_apart(dirty(format), format)
    again = take_apart(parts.picture, format)
    assert again.picture == parts.picture
    assert (parts.width, parts.height) == (64, 48)
    assert parts.exif and not again.exif
    assert parts.icc == srgb_profile() and not again.icc


def srgb_of_wide(*colour: int) -> tuple[int, ...]:
    """Return what a colour in `wide_profile` is in sRGB: by its matrix and curve, over XYZ (D50)."""
    red, green, blue = ((value / 255) ** 2.2 for value in colour)
    x = 0.5151 * red + 0.2920 * green + 0.1571 * blue
    y = 0.2412 * red + 0.6922 * green + 0.0666 * blue
    z = -0.0011 * red + 0.0419 * green + 0.7841 * blue
    linear = (
        3.1338561 * x - 1.6168667 * y - 0.4906146 * z,
        -0.9787684 * x + 1.9161415 * y + 0.0334540 * z,
        0.0719453 * x - 0.2289914 * y + 1.4052427 * z,
    )
    curve = (12.92 * v if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055 for v in linear)
    return tuple(round(255 * value) for value in curve)


def near(pixel: object, colour: tuple[int, ...], tolerance: int) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(a - b) <= tolerance for a, b in zip(pixel, colour, strict=True))
