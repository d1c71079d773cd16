"""What the engine calls in the sandbox: one stage of one picture, each on its own and always the same."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from math import sqrt
from random import Random

from PIL import Image, ImageFilter, ImageOps

STAGES = 4
"""A picture comes into focus in so many stages; the last one is the picture."""
BLUR = (0.05, 0.022, 0.008)
"""How far out of focus the stages before the last are, in parts of the longer side."""
PREVIEW_SIDE, PREVIEW_BYTES = 384, 20_000
WORK_PIXELS = 2048**2
"""Pictures are painted larger than asked for, up to about this many pixels, and scaled down: smooth edges."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One picture to be made."""

    width: int
    height: int
    seed: int
    path: str
    """Where the last stage writes it, as PNG."""


def draw_stage(prompt: str, sheet: Sheet, stage: int) -> bytes:
    """Paint a prompt as far as `stage` (0 to STAGES - 1) and return a preview (WebP); the last writes the picture."""
    from bot.engines.demo_art.finish import paper, stamp  # painters are loaded in the child only
    from bot.engines.demo_art.scene import paint_scene

    width, height = size = sheet.width, sheet.height
    if stage < STAGES - 1:
        image = paint_scene(prompt, sheet.seed, *_within(size, PREVIEW_SIDE))
        return _preview(image.filter(ImageFilter.GaussianBlur(BLUR[stage] * max(image.size))))
    scale = min(3.0, max(1.25, sqrt(WORK_PIXELS / (width * height))))
    large = paint_scene(prompt, sheet.seed, round(width * scale), round(height * scale))
    picture = paper(large.resize(size, Image.Resampling.BOX), Random(sheet.seed))
    return _finished(stamp(picture), sheet)


def edit_stage(instruction: str, source: str, mask: str | None, strength: float, sheet: Sheet, stage: int) -> bytes:
    """Change the picture in the file `source` as far as `stage` and return a preview; the last writes the picture.

    Where the mask in the file `mask` is opaque, the picture stays as it is, pixel for pixel. Raises NoFont when
    the instruction asks for letters no font here has.
    """
    from bot.engines.demo_art.change import change  # painters are loaded in the child only
    from bot.engines.demo_art.finish import stamp, unstamp

    last, full = stage == STAGES - 1, (sheet.width, sheet.height)
    size = full if last else _within(full, PREVIEW_SIDE)
    given = _flat(source)
    before = _fit(given, size)
    edited = change(_fit(unstamp(given), size), instruction, Random(f"{sheet.seed}/{instruction}"), strength)
    edited = stamp(edited) if last else Image.blend(before, edited, (stage + 1) / STAGES)
    if mask is not None:
        with Image.open(mask) as opened:
            kept = _fit(opened.convert("RGBA").getchannel("A"), size)
        edited = Image.composite(before, edited, kept)
    return _finished(edited, sheet) if last else _preview(edited)


def _flat(path: str) -> Image.Image:
    """Read a picture; what is transparent becomes white."""
    with Image.open(path) as opened:
        picture = opened.convert("RGBA")
    flat = Image.new("RGB", picture.size, "white")
    flat.paste(picture, (0, 0), picture)
    return flat


def _fit(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Bring a picture to a size, cutting the edges where its shape differs."""
    return image if image.size == size else ImageOps.fit(image, size, Image.Resampling.LANCZOS)


def _within(size: tuple[int, int], side: int) -> tuple[int, int]:
    """The size with the same shape whose longer side is at most `side`."""
    scale = min(1.0, side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _finished(picture: Image.Image, sheet: Sheet) -> bytes:
    picture.save(sheet.path, "PNG", compress_level=2)
    return _preview(picture)


def _preview(image: Image.Image) -> bytes:
    """A small WebP of at most PREVIEW_BYTES."""
    small = image.resize(_within(image.size, PREVIEW_SIDE), Image.Resampling.BOX)
    data = b""
    for quality in (75, 50, 25, 5):
        buffer = BytesIO()
        small.save(buffer, "WEBP", quality=quality, method=2)
        data = buffer.getvalue()
        if len(data) <= PREVIEW_BYTES:
            break
    return data
