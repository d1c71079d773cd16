"""Pictures as the OpenAI server answers them: real files of the asked size, made cheaply and always the same."""

from __future__ import annotations

import hashlib
import io
import random

from PIL import Image

FORMATS = {"png": "PNG", "jpeg": "JPEG", "webp": "WEBP"}
SHADES = Image.linear_gradient("L")


def colour(seed: str) -> tuple[int, int, int]:
    """Return the colour that stands for these words."""
    red, green, blue = hashlib.sha256(seed.encode()).digest()[:3]
    return red, green, blue


def drawn(seed: str, width: int, height: int) -> Image.Image:
    """Return a gradient between the colour of these words and black."""
    shades = SHADES.resize((width, height))
    return Image.merge("RGB", [shades.point([each * level // 255 for level in range(256)]) for each in colour(seed)])


def changed(seed: str, width: int, height: int, source: bytes, mask: bytes | None) -> Image.Image:
    """Return the source with all of it half drawn over, or only what is transparent in the mask drawn anew."""
    base = Image.open(io.BytesIO(source)).convert("RGB").resize((width, height))
    over = drawn(seed, width, height)
    if mask is None:
        return Image.blend(base, over, 0.5)
    keep = Image.open(io.BytesIO(mask)).convert("RGBA").getchannel("A").resize((width, height))
    return Image.composite(base, over, keep)


def encoded(picture: Image.Image, format: str, transparent: bool = False) -> bytes:
    """Return the file, fast to make rather than small."""
    file = io.BytesIO()
    if transparent:
        picture = picture.convert("RGBA")
        picture.putalpha(SHADES.resize(picture.size))
    options = {"png": {"compress_level": 1}, "jpeg": {"quality": 85}, "webp": {"quality": 80, "method": 0}}[format]
    picture.save(file, FORMATS[format], **options)
    return file.getvalue()


def noise(size: int) -> bytes:
    """Return a PNG of at least `size` bytes, at most a few kilobytes more."""
    side = int((size / 3) ** 0.5) + 1
    block = random.Random(size).randbytes(1 << 16)  # repeated: it is stored, not compressed
    pixels = (block * (side * side * 3 // len(block) + 1))[: side * side * 3]
    file = io.BytesIO()
    Image.frombytes("RGB", (side, side), pixels).save(file, "PNG", compress_level=0)
    return file.getvalue()
