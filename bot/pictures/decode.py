"""What happens to a foreign picture inside the sandbox; imports the standard library and Pillow only.

The size in the header is looked at before any pixel is decoded. Of PNG, JPEG and WebP the metadata is cut off before
Pillow sees the file; GIF and AVIF are always encoded anew, which leaves theirs behind.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Literal

from PIL import AvifImagePlugin, Image, ImageChops, ImageCms

from bot.pictures.metadata import Parts, take_apart

Format = Literal["PNG", "JPEG", "WEBP", "GIF", "AVIF"]
"""Names as Pillow has them."""

ORIENTATION = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What brings a picture of this EXIF orientation upright."""

COMMON_MODES = frozenset({"1", "L", "LA", "P", "RGB", "RGBA"})
"""Pixels every engine reads; what else comes is CMYK or 16-bit grey."""
BASES = {"1": "L", "LA": "L", "I;16": "L", "P": "RGB", "RGBA": "RGB"}
"""The mode a mode's colours are converted in."""
SAME_COLOURS = 3
"""Of 255: a profile that changes no colour by more than this is sRGB, whatever it is called."""
JPEG_QUALITY = 95
PNG_LEVEL = 2
"""Of 9: photos come out as small as with the default 6, several times faster."""
AVIF_THREADS = 2
"""The default is all processors, and each thread's stack counts against the memory limit."""


class Moving(Exception):
    """The picture has more than one frame."""


class TooManyPixels(Exception):
    """The header says more pixels than allowed; `args` are width and height."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found out about a picture."""

    format: Format
    width: int
    height: int
    transparent: bool
    """At least one pixel is not opaque."""


def examine(source: Path, format: Format, max_pixels: int) -> Examined:
    """Decode the whole picture and tell what it is.

    Raises TooManyPixels, Moving, and for a damaged file whatever its decoder raises.
    """
    image = _load(source.read_bytes(), format, max_pixels)[1]
    return Examined(format, image.width, image.height, _alpha(image) is not None)


def prepare(source: Path, target: Path, format: Format, max_pixels: int) -> Examined:
    """Write the picture to `target` upright, in sRGB and without metadata; raises as `examine` does.

    Pixels are encoded again only if they must change, or the format is GIF or AVIF: a JPEG as JPEG, all others as
    PNG.
    """
    parts, image = _load(source.read_bytes(), format, max_pixels)
    alpha = _alpha(image)
    turn = _turn(parts.exif)
    to_srgb = _to_srgb(image.mode, parts.icc)
    as_it_is = turn is None and to_srgb is None and image.mode in COMMON_MODES
    if as_it_is and format not in ("GIF", "AVIF"):
        target.write_bytes(parts.picture)
        return Examined(format, image.width, image.height, alpha is not None)
    image = _in_srgb(image, to_srgb)
    if alpha is not None:
        image.putalpha(alpha)
    image.info.clear()
    if turn is not None:
        image = image.transpose(turn)
    output: Format = "JPEG" if format == "JPEG" else "PNG"
    image.save(target, output, quality=JPEG_QUALITY, compress_level=PNG_LEVEL)
    return Examined(output, image.width, image.height, alpha is not None)


def _load(data: bytes, format: Format, max_pixels: int) -> tuple[Parts, Image.Image]:
    """Return the file's parts and its decoded pixels."""
    Image.MAX_IMAGE_PIXELS = None  # ours is lower, and names the size
    AvifImagePlugin.DEFAULT_MAX_THREADS = AVIF_THREADS
    match format:
        case "GIF" | "AVIF":
            image = Image.open(BytesIO(data), formats=(format,))
            exif, icc = image.info.get("exif", b""), image.info.get("icc_profile", b"")
            parts = Parts(data, *image.size, exif, icc, animated=getattr(image, "is_animated", False))
            _admit(parts, max_pixels)
        case _:
            parts = take_apart(data, format)
            _admit(parts, max_pixels)  # before Pillow opens it: a WebP decoder takes memory for the canvas at once
            image = Image.open(BytesIO(parts.picture), formats=(format,))
            if image.size != (parts.width, parts.height):
                raise ValueError("the file names two sizes")
    image.load()
    return parts, image


def _admit(parts: Parts, max_pixels: int) -> None:
    if parts.width * parts.height > max_pixels:
        raise TooManyPixels(parts.width, parts.height)
    if parts.animated:
        raise Moving


def _alpha(image: Image.Image) -> Image.Image | None:
    """Return how opaque each pixel is, None when all are fully."""
    if image.mode == "I;16" or not image.has_transparency_data:
        return None
    alpha = (image if image.mode in ("LA", "RGBA") else image.convert("RGBA")).getchannel("A")
    return None if alpha.getextrema() == (255, 255) else alpha


def _turn(exif: bytes) -> Image.Transpose | None:
    """Return what brings the picture upright, None if it is."""
    tags = Image.Exif()
    try:
        tags.load(exif)
        return TURNS.get(tags.get(ORIENTATION, 1))
    except Exception:  # damaged EXIF goes away with the rest of it; the picture is none the worse
        return None


def _to_srgb(mode: str, icc: bytes) -> ImageCms.ImageCmsTransform | None:
    """Return what converts the colours of such a picture, None if they are sRGB or the profile is of no use."""
    base = BASES.get(mode, mode)
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(icc))
        transform = ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), base, "RGB")
    except (OSError, ImageCms.PyCMSError):
        return None
    if base == "CMYK":
        return transform
    levels = range(0, 256, 15)
    samples = bytes(itertools.chain.from_iterable(itertools.product(levels, repeat=len(base))))
    sample = Image.frombytes(base, (len(samples) // len(base), 1), samples)
    changes = ImageChops.difference(transform.apply(sample), sample.convert("RGB"))
    return transform if max(changes.tobytes()) > SAME_COLOURS else None


def _in_srgb(image: Image.Image, to_srgb: ImageCms.ImageCmsTransform | None) -> Image.Image:
    """Return the picture's colours, without alpha, as grey or RGB of 8 bits."""
    base = BASES.get(image.mode, image.mode)
    if image.mode == "I;16":
        image = image.point(lambda value: value * (1 / 256))
    if image.mode != base:
        image = image.convert(base)
    if to_srgb is not None:
        return to_srgb.apply(image)
    return image.convert("RGB") if base == "CMYK" else image
