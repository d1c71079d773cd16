"""The few ways paint gets onto a picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Self

from PIL import Image, ImageChops, ImageDraw

from bot.engines.demo_art.colour import Colour, mix
from bot.engines.demo_art.shapes import Point


def curve(image: Image.Image, levels: Iterable[float]) -> Image.Image:
    """Replace each of 256 levels in all bands; cut to 0-255."""
    return image.point([min(255, max(0, round(level))) for level in levels] * len(image.getbands()))


def ramp(colours: Sequence[Colour], size: tuple[int, int], bend: float = 1.0) -> Image.Image:
    """A vertical gradient through `colours`; `bend` below 1 crowds them towards the top."""
    strip = Image.new("RGB", (1, 256))
    last = len(colours) - 1
    for y in range(256):
        at = (y / 255) ** bend * last
        step = min(int(at), max(last - 1, 0))
        strip.putpixel((0, y), mix(colours[step], colours[min(step + 1, last)], at - step))
    return strip.resize((1, size[1]), Image.Resampling.BICUBIC).resize(size)


def fade(levels: Sequence[int], size: tuple[int, int], bend: float = 1.0) -> Image.Image:
    """A mask that goes through `levels` (0-255) from top to bottom."""
    return ramp([(level, level, level) for level in levels], size, bend).getchannel(0)


class Canvas:
    """A picture in the making. All lengths are in its own pixels; `unit` is what sizes are measured by."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.unit = float(min(width, height))
        self.image = Image.new("RGB", (width, height))

    @classmethod
    def on(cls, image: Image.Image) -> Self:
        """Paint on a copy of a picture."""
        canvas = cls(*image.size)
        canvas.image.paste(image)
        return canvas

    def quarter(self) -> Canvas:
        """A canvas a quarter as wide and high: enough for what is smooth all over; see `cover`."""
        return Canvas(max(2, self.width // 4), max(2, self.height // 4))

    def cover(self, other: Canvas) -> None:
        """Replace the whole picture by another one, enlarged."""
        self.image.paste(other.image.resize(self.image.size, Image.Resampling.BICUBIC))

    def fill(self, outline: Iterable[Point], *colours: Colour, alpha: float = 1.0) -> None:
        """Fill an outline with one colour, or with a vertical gradient over its own height."""
        points = list(outline)
        left, top = (max(0, int(min(axis))) for axis in zip(*points, strict=True))
        right = min(self.width, int(max(x for x, _ in points)) + 2)
        bottom = min(self.height, int(max(y for _, y in points)) + 2)
        if left >= right or top >= bottom:
            return
        if len(colours) == 1 and alpha >= 1:
            ImageDraw.Draw(self.image).polygon(points, fill=colours[0])
            return
        mask = Image.new("L", (right - left, bottom - top))
        ImageDraw.Draw(mask).polygon([(x - left, y - top) for x, y in points], fill=round(alpha * 255))
        self.image.paste(ramp(colours, mask.size), (left, top), mask)

    def wash(self, mask: Image.Image, colour: Colour) -> None:
        """Lay a colour over the picture through a mask of its size."""
        self.image.paste(colour, (0, 0), mask)

    def glow(self, at: Point, radius: float, colour: Colour, strength: float = 1.0) -> None:
        """Add light around a point, fading to nothing at `radius`."""
        side = max(2, round(radius * 2))
        left, top = round(at[0] - radius), round(at[1] - radius)
        box = max(0, left), max(0, top), min(self.width, left + side), min(self.height, top + side)
        if box[0] >= box[2] or box[1] >= box[3]:
            return
        falloff = curve(Image.radial_gradient("L"), (max(0, 1 - v / 180) ** 1.9 * 255 for v in range(256)))
        inner = box[0] - left, box[1] - top, box[2] - left, box[3] - top
        light = falloff.resize((side, side), Image.Resampling.BILINEAR).crop(inner)
        bands = [curve(light, (v * part / 255 * strength for v in range(256))) for part in colour]
        self.image.paste(ImageChops.screen(self.image.crop(box), Image.merge("RGB", bands)), box)
