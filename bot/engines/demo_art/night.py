"""Turning day into night: where the sky is, where the moon goes, which lights stay on."""

from __future__ import annotations

from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps, ImageStat

from bot.engines.demo_art.canvas import Canvas, curve, ramp
from bot.engines.demo_art.colour import rgb
from bot.engines.demo_art.shapes import Point, oval
from bot.engines.demo_art.sky import moon, stars

FINE = 192
"""Side of the small square picture in which the sky and lamps are looked for."""
EDGE = 11
"""Sum of the differences of red, green and blue that makes an edge there."""


def night(image: Image.Image, rng: Random) -> Image.Image:
    """Darken and cool everything; stars and a moon where the sky is, lamps and windows keep burning."""
    unit, sky = min(image.size), find_sky(image)
    blue = ImageOps.colorize(image.convert("L"), rgb("040818"), rgb("a9bdec"), mid=rgb("33457c"), midpoint=140)
    dark = Image.blend(ImageChops.multiply(image, Image.new("RGB", image.size, rgb("a09ec8"))), blue, 0.24)
    calm = dark.filter(ImageFilter.BoxBlur(unit * 0.04))  # no trace of a sun or of lit clouds
    deep = ramp([rgb("060a22"), rgb("101d48"), rgb("24407a"), rgb("4a6ea6")], image.size)
    dark = Image.composite(Image.blend(calm, deep, 0.72), dark, sky)
    if ImageStat.Stat(sky).mean[0] > 14:  # no stars in a room
        lit = Canvas.on(dark)
        stars(lit, 1.0, lit.height * 0.9, rng)
        at, radius = bright_disc(image) or (_roomy_place(sky, rng), unit * 0.062)
        radius = min(radius, unit * 0.085)
        lit.glow(at, radius * 6, rgb("8fa8e0"), 0.4)
        moon(lit, at, radius, rgb("f6f1dc"), rgb("c3c6cf"))
        dark = Image.composite(lit.image, dark, sky)
    return _keep_lamps(image, dark, sky)


def find_sky(image: Image.Image) -> Image.Image:
    """A mask of the sky: all that can be reached from the top without crossing an edge, and what that encloses."""
    small = image.resize((FINE, FINE), Image.Resampling.BOX).filter(ImageFilter.MedianFilter(3))
    edges = Image.new("L", small.size)
    for dx, dy in ((1, 0), (0, 1)):
        r, g, b = ImageChops.difference(small, ImageChops.offset(small, dx, dy)).split()
        edges = ImageChops.lighter(edges, ImageChops.add(ImageChops.add(r, g), b))
    air = edges.point([0 if v > EDGE else 255 for v in range(256)])
    air.paste(air.crop((1, 0, 2, FINE)))  # offset() wraps around
    pen = ImageDraw.Draw(air)
    pen.rectangle((0, 0, FINE, 1), fill=255)
    pen.line((0, FINE * 4 // 5, FINE, FINE * 4 // 5), fill=0)
    ImageDraw.floodfill(air, (0, 0), 128)
    land = air.point([128 if v == 128 else 0 for v in range(256)])
    ImageDraw.floodfill(land, (FINE // 2, FINE - 1), 64)
    sky = land.point([0 if v == 64 else 255 for v in range(256)])
    disc = bright_disc(image)
    if disc is not None:  # a sun behind a ridge is joined to the land by its edge
        (x, y), radius = disc
        kx, ky = FINE / image.width, FINE / image.height
        whole = Image.new("L", small.size)
        ImageDraw.Draw(whole).polygon(oval(x * kx, y * ky, radius * kx * 1.12, radius * ky * 1.12), fill=255)
        bright = small.convert("L").point([255 if v > 212 else 0 for v in range(256)])
        sky = ImageChops.lighter(sky, ImageChops.multiply(whole, bright))
        ImageDraw.floodfill(sky, (0, 0), 128)
        sky = sky.point([255 if v == 128 else 0 for v in range(256)])  # without bright mist below the ridge
    smooth = sky.filter(ImageFilter.MedianFilter(3)).filter(ImageFilter.GaussianBlur(1))
    return curve(smooth.resize(image.size, Image.Resampling.BICUBIC), ((v - 72) * 4 for v in range(256)))


def bright_disc(image: Image.Image) -> tuple[Point, float] | None:
    """Where a sun stands, whole or half hidden, and its radius."""
    side, worn = 128, 2
    small = image.convert("L").resize((side, side), Image.Resampling.BOX)
    small.paste(0, (0, side * 5 // 8, side, side))
    kx, ky, unit = image.width / side, image.height / side, min(image.size)
    for threshold in (228, 238, 246):
        spot = small.point([255 if v > threshold else 0 for v in range(256)])
        box = spot.filter(ImageFilter.MinFilter(2 * worn + 1)).getbbox()
        if box is not None:
            width, height = (box[2] - box[0] + 2 * worn) * kx, (box[3] - box[1] + 2 * worn) * ky
            if 0.04 * unit < width < 0.3 * unit and 0.3 * width < height < 1.4 * width:
                radius = width / 2 * 1.02
                return ((box[0] + box[2]) / 2 * kx, (box[1] - worn) * ky + radius), radius
    return None


def _roomy_place(sky: Image.Image, rng: Random) -> Point:
    """A place for the moon with much sky around it."""
    side = 24
    room = sky.resize((side, side), Image.Resampling.BOX).filter(ImageFilter.BoxBlur(3)).tobytes()
    spots = [(room[y * side + x] + rng.random() * 30, x, y) for x in range(3, 21) for y in range(3, 14)]
    _, x, y = max(spots)
    return (x + 0.5) * sky.width / side, (y + 0.5) * sky.height / side


def _keep_lamps(before: Image.Image, dark: Image.Image, sky: Image.Image) -> Image.Image:
    """Let small warm lights shine on, with a glow."""
    unit, (r, g, b) = min(before.size), before.split()
    warmth = ImageChops.subtract(r, b)
    small = warmth.resize((FINE, FINE), Image.Resampling.BOX)
    plain = small.filter(ImageFilter.MinFilter(17)).filter(ImageFilter.MaxFilter(17))  # without small warm things
    spots = ImageChops.subtract(small, plain).point([255 if v > 45 else 0 for v in range(256)])
    land = ImageOps.invert(sky.resize(spots.size)).filter(ImageFilter.MinFilter(5))
    warm = warmth.point([255 if v > 100 else 0 for v in range(256)])
    bright = g.point([255 if v > 165 else 0 for v in range(256)])
    lamps = ImageChops.multiply(ImageChops.multiply(warm, bright), ImageChops.multiply(spots, land).resize(g.size))
    halo = curve(lamps.filter(ImageFilter.GaussianBlur(unit * 0.02)), (v * 2 for v in range(256)))
    shine = Image.composite(Image.new("RGB", dark.size, rgb("ff9f3c")), Image.new("RGB", dark.size), halo)
    soft = lamps.filter(ImageFilter.GaussianBlur(unit * 0.001))
    return Image.composite(before, ImageChops.screen(dark, shine), soft)
