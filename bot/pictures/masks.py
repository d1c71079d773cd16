"""Masks: which part of a picture may change, from whatever people give to what an engine reads.

Runs in the sandbox; imports the standard library and Pillow only. Within, a mask is one channel in which 255 may
change and 0 stays; what lies between blends. Outside there is one form, `as_alpha_png`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Literal, cast

from PIL import Image, ImageChops

from bot.pictures import decode

Form = Literal["alpha", "white"]
"""What may change: what is transparent (OpenAI, ComfyUI), or white without transparency (AUTOMATIC1111)."""

FAINT = 16
"""Of 255: so little white or transparency is meant to be none; JPEG leaves it around every edge."""
LEVELS = (256, 16, 2)
"""How many steps a mask may have, tried in turn until its file is small enough."""


def normalise(source: Path, target: Path, format: decode.Format, max_pixels: int) -> bool:
    """Write the mask as `as_alpha_png` does; False: it marks nothing, and nothing is written.

    Transparent pixels may change, or white ones in a picture without transparency. Raises as `decode.strip` does.
    """
    change = _read(source, format, max_pixels)
    if change is not None:
        target.write_bytes(as_alpha_png(change))
    return change is not None


def fit(
    source: Path,
    target: Path,
    format: decode.Format,
    size: tuple[int, int],
    square: bool,
    form: Form,
    limit: int,
    max_pixels: int,
) -> bool | None:
    """Write the mask for a picture that was made `square` and scaled to `size`, in at most `limit` bytes.

    A hard mask stays hard, so no halo appears; a soft one may lose steps to become small enough. False: it never is.
    None: it marks nothing. Raises as `decode.strip` does.
    """
    change = _read(source, format, max_pixels)
    return None if change is None else _write(change, target, size, square, form, limit)


def own(
    source: Path,
    target: Path,
    format: decode.Format,
    size: tuple[int, int],
    square: bool,
    form: Form,
    limit: int,
    max_pixels: int,
) -> bool:
    """Write a picture's own mask as `fit` does: what is transparent in it may change, or everything if nothing is."""
    parts, image = decode.load(source, format, max_pixels)
    change = mask_of(decode.normal(parts, image, decode.transparency(image)))
    return _write(change or Image.new("L", image.size, 255), target, size, square, form, limit)


def mask_of(picture: Image.Image) -> Image.Image | None:
    """Return the mask that a picture's transparency is, None if there is too little to be meant."""
    if picture.mode not in decode.WITH_ALPHA:
        return None
    change = ImageChops.invert(picture.getchannel("A"))
    return change if _extremes(change)[1] > FAINT else None


def as_alpha_png(change: Image.Image) -> bytes:
    """Return a black PNG with an alpha channel, transparent where the picture may change."""
    nothing = Image.new("L", change.size)
    return _png(Image.merge("RGBA", (nothing, nothing, nothing, ImageChops.invert(change))))


def as_white_png(change: Image.Image) -> bytes:
    """Return a grey PNG without transparency, white where the picture may change."""
    return _png(change)


WRITERS: Mapping[Form, Callable[[Image.Image], bytes]] = {"alpha": as_alpha_png, "white": as_white_png}


def _read(source: Path, format: decode.Format, max_pixels: int) -> Image.Image | None:
    parts, image = decode.load(source, format, max_pixels)
    image = decode.normal(parts, image, decode.transparency(image))
    return mask_of(image) or _white_of(image, lossy=format != "PNG")


def _white_of(image: Image.Image, *, lossy: bool) -> Image.Image | None:
    """Return how white each pixel is; None if all are alike, so that nothing stands out."""
    grey = image.convert("L")
    if lossy:
        grey = grey.point([0 if value <= FAINT else 255 if value >= 255 - FAINT else value for value in range(256)])
    least, most = _extremes(grey)
    if most <= FAINT or least >= 255 - FAINT or least == most:
        return None
    return grey


def _extremes(channel: Image.Image) -> tuple[int, int]:
    return cast(tuple[int, int], channel.getextrema())


def _write(change: Image.Image, target: Path, size: tuple[int, int], square: bool, form: Form, limit: int) -> bool:
    if square:
        change = padded(change, 255)  # there is nothing to be kept
    if change.size != size:
        hard = sum(change.histogram()[1:255]) == 0
        change = change.resize(size, Image.Resampling.NEAREST if hard else Image.Resampling.BILINEAR)
    for levels in LEVELS:
        step = 255 / (levels - 1)
        data = WRITERS[form](change.point([round(round(value / step) * step) for value in range(256)]))
        if len(data) <= limit:
            target.write_bytes(data)
            return True
    return False


def padded(image: Image.Image, around: int | tuple[int, ...]) -> Image.Image:
    """Return the picture in the middle of a square as wide as its longer side."""
    side = max(image.size)
    square = Image.new(image.mode, (side, side), around)
    square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return square


def _png(image: Image.Image) -> bytes:
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
