"""Pictures from outside, what people give and what engines return, checked before anything else sees them."""

from __future__ import annotations

import errno
from dataclasses import dataclass

from bot.errors import Animated, BadPicture, FileTooLarge, MaskSize, PictureTooLarge, StorageFull, UnknownType
from bot.pictures import decode
from bot.pictures.metadata import PNG_SIGNATURE
from bot.pictures.sandbox import ChildDied, Sandbox

MIMES: dict[decode.Format, str] = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
"""The formats engines take and give; GIF and AVIF are only read."""
MEGA = 1_000_000


@dataclass(frozen=True, slots=True)
class Inspected:
    """A picture that was decoded from its first to its last pixel."""

    data: bytes
    mime: str
    """By content: `image/png`, `image/jpeg` or `image/webp`."""
    width: int
    height: int
    transparent: bool
    """At least one pixel is not opaque, so the picture can be its own mask."""


@dataclass(frozen=True, slots=True)
class InputLimits:
    """How large a picture may be."""

    max_bytes: int = 25 * MEGA
    max_pixels: int = 40 * MEGA


DEFAULT_LIMITS = InputLimits()
RESULT_PIXELS = 80 * MEGA
"""Engines may enlarge what they were given; the sandbox's memory limit holds as well."""


class NotAPicture(ValueError):
    """What an engine returned is no whole, still PNG, JPEG or WebP."""


async def prepare_input(sandbox: Sandbox, data: bytes, name: str, limits: InputLimits = DEFAULT_LIMITS) -> Inspected:
    """Check a picture a person gave; return it upright, in sRGB, free of metadata, as PNG, JPEG or WebP.

    `name` is what the person calls it. Raises FileTooLarge, UnknownType, PictureTooLarge, Animated, BadPicture
    (damaged, or decoding it takes too much time or memory), StorageFull, and OSError for other trouble of ours.
    """
    if len(data) > limits.max_bytes:
        raise FileTooLarge(name=name, size=len(data), limit=limits.max_bytes // MEGA)
    format = sniff(data)
    if format is None:
        raise UnknownType(name=name)
    try:
        async with sandbox.scratch() as directory:
            source, target = directory / "source", directory / "target"
            await sandbox.write(source, data)
            found = await sandbox.call(decode.prepare, source, target, format, limits.max_pixels)
            clean = await sandbox.read(target) if found.written else data
    except decode.TooManyPixels as error:
        width, height = error.args
        limit = limits.max_pixels // MEGA
        raise PictureTooLarge(name=name, width=width, height=height, limit=limit) from error
    except decode.Moving as error:
        raise Animated(name=name) from error
    except Exception as error:
        _raise_ours(error)
        raise BadPicture(name=name, detail=repr(error)) from error
    return Inspected(clean, MIMES[found.format], found.width, found.height, found.transparent)


async def inspect_result(sandbox: Sandbox, data: bytes) -> Inspected:
    """Check a picture an engine returned, and cut out what is no picture: prompts, folder names, EXIF, comments.

    Pixels and colour profile stay bit for bit, and so does the whole file if there is nothing to cut; only a picture
    that EXIF says is to be turned is drawn anew. Raises NotAPicture, StorageFull, and
    OSError for other trouble of ours.
    """
    format = sniff(data)
    if format is None or format not in MIMES:
        raise NotAPicture("neither PNG nor JPEG nor WebP")
    try:
        async with sandbox.scratch() as directory:
            source, target = directory / "source", directory / "target"
            await sandbox.write(source, data)
            try:
                found = await sandbox.call(decode.strip, source, target, format, RESULT_PIXELS)
            except (ChildDied, TimeoutError):  # on a busy machine for want of memory or time; it may be paid for
                found = await sandbox.call(decode.strip, source, target, format, RESULT_PIXELS)
            if found.written:
                data = b""  # so that it is never in memory twice, if the caller let go of it, too
                data = await sandbox.read(target)
    except Exception as error:
        _raise_ours(error)
        raise NotAPicture(repr(error)) from error
    return Inspected(data, MIMES[found.format], found.width, found.height, found.transparent)


def sniff(data: bytes) -> decode.Format | None:
    """Return the format by the first bytes, whatever a name or a header says; None if it is not one we read."""
    if data.startswith(PNG_SIGNATURE):
        return "PNG"
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if data[4:8] == b"ftyp" and {b"avif", b"avis"} & _brands(data):
        return "AVIF"
    return None


def _brands(data: bytes) -> set[bytes]:
    """Return what an ISO media file's first box says it is compatible with (HEIC begins the same way)."""
    end = min(int.from_bytes(data[:4], "big"), 256)
    return {data[start : start + 4] for start in range(8, end, 4)}


def same_size_or_refuse(picture: Inspected, mask: Inspected) -> None:
    """Raise MaskSize, naming both sizes, unless the mask is as large as its picture."""
    if (mask.width, mask.height) != (picture.width, picture.height):
        raise MaskSize(
            mask=f"{mask.width}x{mask.height}",
            picture=f"{picture.width}x{picture.height}",
        )


def _raise_ours(error: Exception) -> None:
    """Raise trouble of this machine, not of a picture: the system's errors have a number, Pillow's have none."""
    if not isinstance(error, OSError) or error.errno is None:
        return
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        raise StorageFull(detail=repr(error)) from error
    raise error
