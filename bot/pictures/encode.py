"""How a picture becomes small enough for an upload limit or an engine, inside the sandbox.

Imports the standard library and Pillow only.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Literal

from PIL import Image

from bot.pictures import decode, masks

Loss = Literal["none", "lossless", "quality", "smaller"]
"""What a picture lost: nothing and is the same file, no pixel but the file's format, fine detail, or size."""

SMALLEST = 256
"""Pixels of the longer side: nobody wants to look at less."""
LOSSLESS_GAIN = 2
"""WebP makes a drawn PNG smaller by a tenth to a half: more is not tried for."""
SCALINGS = 6
"""Two or three are usual; the last goes down to SMALLEST."""
MARGIN = 0.95
"""A smaller picture holds more detail in each pixel."""


@dataclass(frozen=True, slots=True)
class Codec:
    """A way to write pixels, and the largest picture it is for."""

    format: Literal["JPEG", "PNG", "WEBP"]
    options: Mapping[str, int]
    max_side: int
    max_pixels: int

    def encode(self, image: Image.Image) -> bytes | None:
        """Return the file; None where the format has no room for such a picture, or it takes too much memory."""
        file = BytesIO()
        try:
            image.save(file, self.format, **self.options)
        except (MemoryError, ValueError):  # WebP: "encoding error 1" is memory, 6 is too much detail for its tables
            return None
        return file.getvalue()

    def longer_side(self, image: Image.Image) -> int:
        """Return how long the longer side may be when it writes the picture: that of the picture itself if it can."""
        longer, pixels = max(image.size), image.width * image.height
        return min(longer, self.max_side, int(longer * math.sqrt(self.max_pixels / pixels)))


WEBP_LIMITS = 16_383, 17_000_000
"""4096 x 4096 pixels take up to 5 s and 700 MiB; 40 million a minute, and more memory than a child has."""
LOSSLESS = Codec("WEBP", {"lossless": True, "quality": 20, "method": 1}, *WEBP_LIMITS)
"""Quality is effort here: with more, files are hardly smaller and take several times as long."""
WEBP = Codec("WEBP", {"quality": 90, "method": 3}, *WEBP_LIMITS)
"""Method 4 takes twice as long where alpha is rough; with 2 noise becomes twice as large."""
JPEG_LIMITS = 65_500, 65_500**2
JPEG = Codec("JPEG", {"quality": 85}, *JPEG_LIMITS)
"""Not optimized: that gains a twentieth and takes three times as long."""
FINE_JPEG = Codec("JPEG", {"quality": decode.JPEG_QUALITY}, *JPEG_LIMITS)
PNG = Codec("PNG", {"compress_level": decode.PNG_LEVEL}, 2**31 - 1, 2**62)
"""What engines get: nothing, or next to nothing, is lost on the way there."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """What a picture became."""

    format: Literal["JPEG", "PNG", "WEBP"]
    width: int
    height: int
    loss: Loss


def step_down(source: Path, target: Path, format: decode.Format, limit: int, max_pixels: int) -> Encoded | None:
    """Write the picture to `target` in at most `limit` bytes, with as little loss as that allows.

    None: not even a small one is that small. Raises as `decode.strip` does.
    """
    parts, image = decode.load(source, format, max_pixels)
    exact = format == "PNG" and parts.depth <= 8 and decode.to_srgb(image.mode, parts.icc) is None
    image = decode.normal(parts, image, decode.transparency(image))
    del parts  # the file's bytes
    opaque = image.mode not in decode.WITH_ALPHA
    steps = [WEBP, JPEG] if opaque else [WEBP]
    if format == "PNG" and source.stat().st_size <= limit * LOSSLESS_GAIN:
        steps.insert(0, LOSSLESS)
    found = _write(image, steps, target, limit)
    if found is None:
        return None
    codec, size = found
    loss: Loss = "smaller" if size != image.size else "lossless" if codec is LOSSLESS and exact else "quality"
    return Encoded(codec.format, *size, loss)


def fit_input(
    source: Path,
    target: Path,
    format: decode.Format,
    formats: Collection[str],
    wanted_pixels: int,
    limit: int,
    square: bool,
    max_pixels: int,
) -> Encoded | None:
    """Write an input of an edit in one of `formats` (PNG, JPEG or both), of at most `wanted_pixels` and `limit` bytes.

    A JPEG stays one; others become PNG, or JPEG if that is too large and nothing is transparent. `square`: an alpha
    channel, and a transparent border that makes the sides alike. None: not even a small one is that small. Raises as
    `decode.strip` does.
    """
    parts, image = decode.load(source, format, max_pixels)
    image = decode.normal(parts, image, decode.transparency(image))
    del parts
    if square:
        image = masks.padded(image.convert("RGBA"), (0, 0, 0, 0))
    if image.width * image.height > wanted_pixels:
        scale = math.sqrt(wanted_pixels / (image.width * image.height))
        size = max(1, int(image.width * scale)), max(1, int(image.height * scale))
        image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2)
    steps = [PNG] if "PNG" in formats else []
    if "JPEG" in formats and not (steps and image.mode in decode.WITH_ALPHA):
        steps = [FINE_JPEG] if format == "JPEG" else [*steps, FINE_JPEG]
    if PNG not in steps:
        image = _on_white(image)
    found = _write(image, steps, target, limit)
    return None if found is None else Encoded(found[0].format, *found[1], "quality")


def thumbnail(source: Path, target: Path, format: decode.Format, side: int, max_pixels: int) -> None:
    """Write the picture to `target` as a JPEG of at most `side` × `side` pixels, what is transparent in white.

    Raises as `decode.strip` does.
    """
    parts, image = decode.load(source, format, max_pixels)
    image = decode.normal(parts, image, decode.transparency(image))
    image.thumbnail((side, side), Image.Resampling.BILINEAR, reducing_gap=2)
    _on_white(image).convert("RGB").save(target, "JPEG", quality=80)


def _on_white(image: Image.Image) -> Image.Image:
    """Return the picture without its transparency, as it looks on a white page."""
    if image.mode not in decode.WITH_ALPHA:
        return image
    page = Image.new("RGBA", image.size, "white")
    page.alpha_composite(image.convert("RGBA"))
    return page.convert("RGB")


Written = tuple[Codec, tuple[int, int]]
"""How a picture was written, and its width and height then."""


def _write(image: Image.Image, steps: Sequence[Codec], target: Path, limit: int) -> Written | None:
    """Write the picture with the first of these that makes it small enough, else scaled down with the last."""
    for codec in steps:
        whole = codec.encode(image) if codec.longer_side(image) == max(image.size) else None
        if whole is not None and len(whole) <= limit:
            target.write_bytes(whole)
            return codec, image.size
    return _scale_down(image, codec, whole, target, limit)


def _scale_down(image: Image.Image, codec: Codec, whole: bytes | None, target: Path, limit: int) -> Written | None:
    """Write the largest picture found to fit; `whole` is the unscaled one, None if the codec could not write it."""
    longer = max(image.size)
    side = codec.longer_side(image)
    if side == longer:
        side = _estimate(side, whole, limit)
    for scaling in range(SCALINGS):
        if side < SMALLEST or scaling == SCALINGS - 1:
            side = SMALLEST
        if side >= longer:
            break
        scale = side / longer
        size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
        data = codec.encode(image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2))
        if data is not None and len(data) <= limit:
            target.write_bytes(data)
            return codec, size
        if side == SMALLEST:
            break
        side = _estimate(side, data, limit)
    return None


def _estimate(side: int, data: bytes | None, limit: int) -> int:
    """Return the side for which the file should fit, by what it is for this one."""
    size = 2 * limit if data is None else len(data)
    return int(side * MARGIN * math.sqrt(limit / size))
