"""What happens to a foreign picture inside the sandbox; imports the standard library and Pillow only.

The size in the header is looked at before any pixel is decoded. Of PNG, JPEG and WebP the metadata is cut off before
Pillow sees the file; GIF and AVIF are always encoded anew, which leaves theirs behind. What has to be written goes to
a file, and nothing is written when the source is already what is wanted.
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
WITH_ALPHA = frozenset({"LA", "RGBA"})
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
    written: bool
    """The target holds the picture; False: the source is just that already."""


def strip(source: Path, target: Path, format: Format, max_pixels: int) -> Examined:
    """Decode the whole picture, and write it to `target` without metadata if it has any.

    Pixels and a colour profile that makes sense stay bit for bit. A picture that EXIF says is to be turned is drawn
    anew as `prepare` does, for whoever reads only its pixels. Raises TooManyPixels, Moving, and for a damaged file
    whatever its decoder raises.
    """
    parts, image = load(source, format, max_pixels)
    alpha = transparency(image)
    if turn_of(parts) is not None:
        return _draw_anew(target, format, parts, image, alpha)
    if format in ("PNG", "JPEG", "WEBP") and _transform(image.mode, parts.icc) is not None:
        parts = take_apart(source.read_bytes(), format, keep_profile=True)
    if parts.cut:
        target.write_bytes(parts.picture)
    return Examined(format, image.width, image.height, alpha is not None, written=parts.cut)


def prepare(source: Path, target: Path, format: Format, max_pixels: int) -> Examined:
    """Write the picture to `target` upright, in sRGB and without metadata, if it is not so; raises as `strip` does.

    Pixels are encoded again only if they must change, or the format is GIF or AVIF: a JPEG as JPEG, all others as
    PNG.
    """
    parts, image = load(source, format, max_pixels)
    alpha = transparency(image)
    as_it_is = turn_of(parts) is None and to_srgb(image.mode, parts.icc) is None and image.mode in COMMON_MODES
    if not as_it_is or format in ("GIF", "AVIF"):
        return _draw_anew(target, format, parts, image, alpha)
    if parts.cut:
        target.write_bytes(parts.picture)
    return Examined(format, image.width, image.height, alpha is not None, written=parts.cut)


def load(source: Path, format: Format, max_pixels: int) -> tuple[Parts, Image.Image]:
    """Return the file's parts and its decoded pixels; raises as `strip` does."""
    data = source.read_bytes()
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


def transparency(image: Image.Image) -> Image.Image | None:
    """Return how opaque each pixel is, None when all are fully."""
    if image.mode == "I;16" or not image.has_transparency_data:
        return None
    alpha = (image if image.mode in WITH_ALPHA else image.convert("RGBA")).getchannel("A")
    return None if alpha.getextrema() == (255, 255) else alpha


def normal(parts: Parts, image: Image.Image, alpha: Image.Image | None) -> Image.Image:
    """Return the pixels as all programs show them alike: upright, sRGB, 8 bits; L or RGB, LA or RGBA with `alpha`."""
    turn = turn_of(parts)
    convert = to_srgb(image.mode, parts.icc)
    if alpha is None or convert is not None or image.mode not in WITH_ALPHA:
        image = _in_srgb(image, convert)
        if alpha is not None:
            image.putalpha(alpha)
    image.info.clear()
    return image if turn is None else image.transpose(turn)


def turn_of(parts: Parts) -> Image.Transpose | None:
    """Return what brings the picture upright, None if it is."""
    tags = Image.Exif()
    try:
        tags.load(parts.exif)
        return TURNS.get(tags.get(ORIENTATION, 1))
    except Exception:  # damaged EXIF goes away with the rest of it; the picture is none the worse
        return None


def to_srgb(mode: str, icc: bytes) -> ImageCms.ImageCmsTransform | None:
    """Return what converts the colours of such a picture, None if they are sRGB or the profile is of no use."""
    transform = _transform(mode, icc)
    base = BASES.get(mode, mode)
    if transform is None or base == "CMYK":
        return transform
    levels = range(0, 256, 15)
    samples = bytes(itertools.chain.from_iterable(itertools.product(levels, repeat=len(base))))
    sample = Image.frombytes(base, (len(samples) // len(base), 1), samples)
    changes = ImageChops.difference(transform.apply(sample), sample.convert("RGB"))
    return transform if max(changes.tobytes()) > SAME_COLOURS else None


def _transform(mode: str, icc: bytes) -> ImageCms.ImageCmsTransform | None:
    """Return the profile's way to sRGB, None if it is damaged or none for such a picture."""
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(icc))
        return ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), BASES.get(mode, mode), "RGB")
    except (OSError, ImageCms.PyCMSError):
        return None


def _admit(parts: Parts, max_pixels: int) -> None:
    if parts.width * parts.height > max_pixels:
        raise TooManyPixels(parts.width, parts.height)
    if parts.animated:
        raise Moving


def _draw_anew(target: Path, format: Format, parts: Parts, image: Image.Image, alpha: Image.Image | None) -> Examined:
    """Write the picture, normal, as JPEG if it is one, else as PNG."""
    image = normal(parts, image, alpha)
    output: Format = "JPEG" if format == "JPEG" else "PNG"
    image.save(target, output, quality=JPEG_QUALITY, compress_level=PNG_LEVEL)
    return Examined(output, image.width, image.height, alpha is not None, written=True)


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
