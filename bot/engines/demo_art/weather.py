"""What falls or flies through the air: snow, rain, leaves, a rainbow, birds."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from bot.engines.demo_art.canvas import Canvas, fade
from bot.engines.demo_art.colour import WHITE, Colour, mix, rgb
from bot.engines.demo_art.shapes import blob, placed, turned
from bot.engines.demo_art.view import View

FLAKES = ((260, 0.0022, 170, 0.0), (110, 0.0045, 190, 0.0008), (26, 0.0115, 110, 0.0045))
"""Number, radius, opacity and blur of far, middle and close flakes."""
LEAF = blob("-1,0! 0,-1 1,0! 0.2,0.8")
RAINBOW = ("e0584a", "ee9a48", "f2d65a", "74c07a", "5a9fd6", "7a6fc8")


def falling_snow(canvas: Canvas, rng: Random, amount: float) -> None:
    """Flakes at three distances: small and sharp far away, large and blurred close by."""
    u = canvas.unit
    for count, size, alpha, blur in FLAKES:
        mask = Image.new("L", canvas.image.size)
        pen = ImageDraw.Draw(mask)
        for _ in range(round(count * amount * _area(canvas))):
            x, y, r = rng.random() * canvas.width, rng.random() * canvas.height, u * size * rng.uniform(0.6, 1.3)
            pen.ellipse((x - r, y - r, x + r, y + r), fill=round(alpha * rng.uniform(0.5, 1)))
        canvas.wash(mask.filter(ImageFilter.BoxBlur(u * blur)) if blur else mask, WHITE)


def falling_rain(canvas: Canvas, rng: Random) -> None:
    """Slanting streaks, all by the same wind."""
    u, lean = canvas.unit, rng.uniform(0.12, 0.3) * rng.choice((-1, 1))
    mask = Image.new("L", canvas.image.size)
    pen = ImageDraw.Draw(mask)
    for _ in range(round(420 * _area(canvas))):
        x, y, length = rng.uniform(-0.1, 1.1) * canvas.width, rng.random() * canvas.height, u * rng.uniform(0.02, 0.07)
        pen.line((x, y, x - lean * length, y + length), fill=rng.randint(40, 120), width=max(1, round(u * 0.0014)))
    canvas.wash(mask, rgb("d8e4f0"))


def falling_leaves(canvas: Canvas, rng: Random, colours: Sequence[Colour]) -> None:
    """Leaves or petals on the wind, turned every way."""
    for _ in range(round(70 * _area(canvas))):
        at, size = (rng.random() * canvas.width, rng.random() * canvas.height), canvas.unit * rng.uniform(0.005, 0.016)
        leaf = placed(LEAF, (0, 0), 1, rng.uniform(0.3, 0.8))
        outline = placed(turned(leaf, rng.uniform(0, 360)), at, size, size)
        canvas.fill(outline, rng.choice(colours), alpha=rng.uniform(0.75, 1))


def _area(canvas: Canvas) -> float:
    """The picture's area in square units."""
    return canvas.width * canvas.height / canvas.unit**2


def rainbow(view: View) -> None:
    """An arc opposite the sun."""
    c, u = view.canvas, view.canvas.unit
    x = c.width / 2 + (c.width / 2 - view.sun[0]) * 1.2
    sky = Image.new("L", c.image.size)
    sky.paste(fade((150, 120, 30), (c.width, max(2, round(view.horizon)))))
    for i, hue in enumerate(RAINBOW):
        band = Image.new("L", c.image.size)
        for r, level in ((u * (0.62 - 0.016 * i), 255), (u * (0.604 - 0.016 * i), 0)):
            ImageDraw.Draw(band).ellipse((x - r, view.horizon - r, x + r, view.horizon + r), fill=level)
        c.wash(ImageChops.multiply(band.filter(ImageFilter.BoxBlur(u * 0.003)), sky), mix(rgb(hue), WHITE, 0.2))


def flock(view: View) -> None:
    """A few birds far away, for scale."""
    c, u, rng = view.canvas, view.canvas.unit, view.rng("flock")
    x, y = c.width * rng.uniform(0.25, 0.7), view.horizon * rng.uniform(0.35, 0.6)
    for _ in range(rng.randint(5, 9)):
        at, size = (x + rng.gauss(0, 0.09) * u, y + rng.gauss(0, 0.035) * u), u * rng.uniform(0.008, 0.018)
        lift = rng.uniform(0.3, 0.75)
        upper = [(-1, -lift), (-0.45, -lift * 0.8), (0, 0), (0.45, -lift * 0.8), (1, -lift)]
        wings = [*upper, (0.42, -lift * 0.5), (0, 0.22), (-0.42, -lift * 0.5)]
        c.fill(placed(wings, at, size, size), view.tone(rgb("3a3f52"), 0.25))
