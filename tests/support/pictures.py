"""Pictures for tests: good ones, ones full of metadata, bombs; and functions to run in the sandbox."""

from __future__ import annotations

import io
import struct
import sys
import zlib
from typing import Any

from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

SECRET = b"SECRET"
"""Stands in every piece of metadata that `dirty` writes."""
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">SECRET place</x:xmpmeta>'


def photo(width: int = 64, height: int = 48) -> Image.Image:
    """Return an RGB picture with noise and gradients, the same every time."""
    columns = [((x * 255 // width) + (x * x * 7) % 31) % 256 for x in range(width)]
    pixels = bytes(
        channel
        for y in range(height)
        for value in columns
        for channel in (value, (y * 255 // height + value * y % 23) % 256, (value * 3 + y * 5) % 256)
    )
    return Image.frombytes("RGB", (width, height), pixels)


def encoded(image: Image.Image, format: str, **options: Any) -> bytes:
    """Return the picture as a file of this format."""
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def opened(data: bytes) -> Image.Image:
    """Return the picture in a file, decoded whole."""
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image


def animated(format: str) -> bytes:
    """Return two frames."""
    return encoded(photo(), format, save_all=True, append_images=[photo().transpose(Image.Transpose.ROTATE_180)])


def exif(orientation: int | None = None) -> bytes:
    """Return an EXIF block with camera and position."""
    tags = Image.Exif()
    tags[0x010F] = "SECRET camera"
    tags[0x9286] = "SECRET comment"
    if orientation is not None:
        tags[0x0112] = orientation
    position = tags.get_ifd(0x8825)
    position[1], position[2] = "N", (52.0, 31.0, 12.0)
    return tags.tobytes()


def srgb_profile() -> bytes:
    """Return a profile that is sRGB."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def wide_profile() -> bytes:
    """Return an RGB profile with the primaries of Display P3 and gamma 2.2, built by the ICC specification."""

    def fixed(*values: float) -> bytes:
        return b"".join(struct.pack(">i", round(value * 65536)) for value in values)

    curve = b"curv" + bytes(4) + struct.pack(">IHH", 1, round(2.2 * 256), 0)
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", 7) + b"SECRET\0" + bytes(79),
        b"cprt": b"text" + bytes(4) + b"SECRET\0\0",
        b"wtpt": b"XYZ " + bytes(4) + fixed(0.9642, 1, 0.8249),
        b"rXYZ": b"XYZ " + bytes(4) + fixed(0.5151, 0.2412, -0.0011),
        b"gXYZ": b"XYZ " + bytes(4) + fixed(0.2920, 0.6922, 0.0419),
        b"bXYZ": b"XYZ " + bytes(4) + fixed(0.1571, 0.0666, 0.7841),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    table, body, offset = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        table += name + struct.pack(">II", offset + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    header = bytearray(128)
    struct.pack_into(">I", header, 0, offset + len(body))
    struct.pack_into(">I", header, 8, 0x02400000)
    header[12:24] = b"mntrRGB XYZ "
    header[36:40] = b"acsp"
    header[68:80] = fixed(0.9642, 1, 0.8249)
    return bytes(header) + table + body


def dirty(format: str, image: Image.Image | None = None, orientation: int | None = None) -> bytes:
    """Return a picture with every kind of metadata its format knows, and something behind its end."""
    image = image or photo()
    kinds = {"exif": exif(orientation), "xmp": XMP, "icc_profile": srgb_profile()}
    if format == "PNG":
        texts = PngInfo()
        texts.add_text("parameters", "SECRET prompt")
        texts.add_text("zipped", "SECRET prompt", zip=True)
        texts.add_itxt("XML:com.adobe.xmp", XMP.decode())
        texts.add(b"tIME", b"\x07\xea\x01\x02\x03\x04\x05")
        texts.add(b"prVt", SECRET)
        data = encoded(image, "PNG", pnginfo=texts, exif=kinds["exif"], icc_profile=kinds["icc_profile"])
    elif format == "JPEG":
        data = encoded(image, "JPEG", comment=SECRET, quality=90, **kinds)
        thumbnail = jpeg_segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\2\1" + SECRET)
        photoshop = jpeg_segment(0xED, b"Photoshop 3.0\0" + SECRET)
        data = data[:2] + thumbnail + photoshop + data[2:]
    elif format == "GIF":
        data = encoded(image, "GIF", comment=SECRET)
    else:
        data = encoded(image, format, **kinds)
    return data + SECRET


def jpeg_segment(code: int, body: bytes) -> bytes:
    """Return a JPEG segment."""
    return struct.pack(">BBH", 0xFF, code, len(body) + 2) + body


def png_chunk(name: bytes, body: bytes) -> bytes:
    """Return a PNG chunk."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_bomb(side: int = 16000) -> bytes:
    """Return a few kilobytes of valid PNG that decode to `side` by `side` pixels."""
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((side // 8 + 1) * side), 9)
    chunks = png_chunk(b"IHDR", header), png_chunk(b"IDAT", rows), png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def webp_bomb() -> bytes:
    """Return a WebP whose header claims the largest canvas there is."""
    data = bytearray(encoded(photo().convert("RGBA"), "WEBP", exif=exif()))
    assert data[12:16] == b"VP8X"
    data[24:30] = (16382).to_bytes(3, "little") * 2
    return bytes(data)


def jpeg_bomb() -> bytes:
    """Return a JPEG whose header claims 65000 by 65000 pixels."""
    data = bytearray(encoded(photo(), "JPEG"))
    start = data.index(b"\xff\xc0")
    data[start + 5 : start + 9] = struct.pack(">HH", 65000, 65000)
    return bytes(data)


def gif_bomb() -> bytes:
    """Return a GIF whose header claims 65535 by 65535 pixels."""
    data = encoded(photo(), "GIF")
    return data[:6] + b"\xff\xff\xff\xff" + data[10:]


def avif_bomb() -> bytes:
    """Return an AVIF whose header claims 16000 by 16000 pixels."""
    data = encoded(photo(), "AVIF")
    start = data.index(b"ispe") + 8
    return data[:start] + struct.pack(">II", 16000, 16000) + data[start + 8 :]


def loaded_modules() -> list[str]:
    """Return what the calling process has imported."""
    return sorted(sys.modules)


def raise_unpicklable() -> None:
    """Raise an error that cannot be rebuilt from its arguments."""
    from bot.errors import BadPicture

    raise BadPicture(name="cat.png")
