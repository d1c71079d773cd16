"""What an edit does to the given picture's light and colours. Each function returns a changed copy."""

from __future__ import annotations

from math import cos, pi, sin
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from bot.engines.demo_art.canvas import curve, fade, ramp
from bot.engines.demo_art.colour import BLACK, WHITE, Colour, mix, rgb
from bot.engines.demo_art.night import find_sky
from bot.engines.demo_art.sky import fog

STROKES = ((0.06, 0.02, 1600), (0.034, 0.011, 4200), (0.016, 0.0048, 13000))
"""Length, width and number of brush strokes, from broad to fine."""


def brighter(image: Image.Image) -> Image.Image:
    """Lift shadows and middle tones; white stays white."""
    lifted = curve(image, (255 * (v / 255) ** 0.6 for v in range(256)))
    return ImageEnhance.Color(lifted).enhance(1.12)


def darker(image: Image.Image) -> Image.Image:
    """Lower middle tones and lights."""
    return curve(image, (235 * (v / 255) ** 1.5 for v in range(256)))


def black_and_white(image: Image.Image) -> Image.Image:
    """Grey with a photographer's contrast."""
    grey = ImageOps.autocontrast(image.convert("L"), cutoff=0.4)
    return curve(grey, (127.5 * (1 - cos(pi * v / 255)) * 0.35 + v * 0.65 for v in range(256))).convert("RGB")


def daylight(image: Image.Image) -> Image.Image:
    """Clear, neutral, a little warm."""
    even = ImageOps.autocontrast(brighter(image), cutoff=0.5, preserve_tone=True)
    return _lit(even, rgb("fffaf0"))


def graded(image: Image.Image, sky: tuple[Colour, ...]) -> Image.Image:
    """Let the colours of a sky fall over the picture, as a filter before the lens does."""
    filter_ = ramp([*sky, mix(sky[-1], sky[0], 0.6), sky[0]], image.size)
    return Image.blend(ImageChops.soft_light(image, filter_), ImageChops.overlay(image, filter_), 0.62)


def tinted(image: Image.Image, colour: Colour) -> Image.Image:
    """Bathe the picture in one colour, keeping its lights and darks."""
    ink = ImageOps.colorize(image.convert("L"), mix(colour, BLACK, 0.82), mix(colour, WHITE, 0.86), mid=colour)
    return Image.blend(image, ink, 0.6)


def turned_leaves(image: Image.Image, dark: Colour, bright: Colour) -> Image.Image:
    """Turn what is green into other leaves, and the light with them."""
    hue, saturation, _ = image.convert("HSV").split()
    green = hue.point([255 if 42 <= v <= 118 else 0 for v in range(256)])
    mask = ImageChops.multiply(green, curve(saturation, ((v - 30) * 4 for v in range(256))))
    grey = ImageOps.autocontrast(image.convert("L"), cutoff=1)
    leaves = ImageOps.colorize(grey, mix(dark, BLACK, 0.5), bright, mid=dark)
    soft = mask.filter(ImageFilter.GaussianBlur(min(image.size) * 0.0015))
    return Image.composite(leaves, _lit(image, mix(bright, WHITE, 0.45)), soft)


def snowed_in(image: Image.Image) -> Image.Image:
    """Cold light, and snow over all the land."""
    cold = _lit(ImageEnhance.Color(image).enhance(0.75), rgb("e8eefb"))
    grey = ImageOps.autocontrast(image.convert("L"), cutoff=1)
    white = ImageOps.colorize(grey, rgb("5f6f92"), rgb("ffffff"), mid=rgb("dfe8f6"))
    hue, saturation, _ = image.convert("HSV").split()
    plants = hue.point([255 if 34 <= v <= 125 else 40 for v in range(256)])
    covered = ImageChops.multiply(plants, curve(saturation, (60 + v * 3 for v in range(256))))
    land = ImageChops.multiply(fade((0, 90, 230, 255), image.size), ImageOps.invert(find_sky(image)))
    lying = ImageChops.multiply(covered, land).filter(ImageFilter.GaussianBlur(min(image.size) * 0.002))
    return Image.composite(white, cold, lying)


def misty(image: Image.Image, rng: Random) -> Image.Image:
    """Drifting fog, thicker in the distance."""
    r, g, b = image.resize((1, 1), Image.Resampling.BOX).tobytes()
    pale = Image.new("RGB", image.size, mix(rgb("dfe4e6"), (r, g, b), 0.3))
    drift = curve(fog(image.size, rng, 5), (140 + v * 0.45 for v in range(256)))
    mask = ImageChops.multiply(fade((110, 200, 170, 40), image.size), drift)
    return Image.composite(pale, ImageEnhance.Color(image).enhance(0.8), mask)


def painted(image: Image.Image, rng: Random) -> Image.Image:
    """Paint the picture again in brush strokes that follow a slow wind."""
    scale = 2 if max(image.size) <= 1200 else 1  # strokes drawn larger come out smooth
    width, height = size = image.width * scale, image.height * scale
    unit = min(size)
    canvas = image.filter(ImageFilter.GaussianBlur(min(image.size) * 0.012)).resize(size)
    pen, turns = ImageDraw.Draw(canvas), fog((64, 64), rng, 2).tobytes()
    colours = image.filter(ImageFilter.MedianFilter(3)).tobytes()
    for length, breadth, count in STROKES:
        for _ in range(round(count * width * height / unit**2)):
            x, y = rng.random() * width, rng.random() * height
            angle = turns[int(y * 64 / height) * 64 + int(x * 64 / width)] / 255 * 2.6 - 1.3
            reach, glint = unit * length * rng.uniform(0.25, 0.5), rng.randint(-11, 13)
            dx, dy = cos(angle) * reach, sin(angle) * reach
            at = (int(y / scale) * image.width + int(x / scale)) * 3
            ink = colours[at] + glint, colours[at + 1] + glint, colours[at + 2] + glint
            pen.line((x - dx, y - dy, x + dx, y + dy), fill=ink, width=max(1, round(unit * breadth)))
    return ImageEnhance.Color(canvas.resize(image.size, Image.Resampling.BOX)).enhance(1.12)


def _lit(image: Image.Image, light: Colour) -> Image.Image:
    """The picture in a coloured light."""
    return ImageChops.multiply(image, Image.new("RGB", image.size, light))
