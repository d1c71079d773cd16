"""The world below the surface of the sea."""

from __future__ import annotations

from math import sin
from random import Random

from PIL import ImageChops, ImageFilter

from bot.engines.demo_art.canvas import Canvas, ramp
from bot.engines.demo_art.colour import BLACK, WHITE, Colour, mix, rgb
from bot.engines.demo_art.land import below, waves
from bot.engines.demo_art.shapes import Point, limb, oval, placed, poly
from bot.engines.demo_art.view import View

WATER = ("3fb2c4", "1d7aa3", "0f4a7c", "0a2f5c")
WEEDS = ("3a9a6c", "5bb06a", "d9637c", "e08a5a")
SMALL_FISH = poly("-1,0 0,-0.4 0.7,0 1.2,-0.4 1.2,0.4 0.7,0 0,0.4")


def underwater(view: View) -> None:
    """Rays from above, a shoal far away, sand with weeds, bubbles."""
    u, c, rng, light = view.canvas.unit, view.canvas, view.rng("deep"), view.light
    surface = mix(light.sky[-1], rgb("8fe6e0"), 0.6)
    night = 0.3 if light.moon else 0.12
    water = [mix(view.tone(colour), light.sky[0], night) for colour in (surface, *map(rgb, WATER))]
    c.image.paste(ramp(water, c.image.size, 0.8))
    _rays(view, rng)
    shoal = c.width * (0.72 if view.stand[0] < c.width / 2 else 0.28), c.height * 0.3
    for _ in range(round(12 * view.aspect)):
        at = shoal[0] + rng.gauss(0, 0.12) * u, shoal[1] + rng.gauss(0, 0.07) * u
        size = u * rng.uniform(0.01, 0.018)
        c.fill(placed(SMALL_FISH, at, size, size), water[3], alpha=0.5)
    for i, count in enumerate((7, 9, 6)):
        ridge = waves(view.rng(f"reef{i}"), c.height - u * (0.2 - 0.085 * i), u * 0.03, u)
        for _ in range(round(count * view.aspect)):
            x, tall = rng.random() * c.width, u * rng.uniform(0.08, 0.2) * (0.7 + 0.35 * i)
            colour = mix(rgb(rng.choice(WEEDS)), water[2], 0.62 - 0.26 * i)
            _weed(c, (x, ridge(x) + u * 0.02), tall, colour, Random(rng.random()))
        sand = mix(mix(rgb("e8d3a0"), water[2], 0.72 - 0.22 * i), water[3], 0.15)
        c.fill(below(view, ridge), mix(sand, WHITE, 0.1), mix(sand, water[4], 0.45))
    for _ in range(26):
        x, y, r = rng.random() * c.width, rng.random() * c.height * 0.85, u * rng.choice((0.003, 0.004, 0.006, 0.01))
        c.fill(oval(x, y, r), WHITE, alpha=0.25)
        c.fill(oval(x - r * 0.3, y - r * 0.3, r * 0.35), WHITE, alpha=0.7)


def _rays(view: View, rng: Random) -> None:
    """Light that falls through the waves, fanning out from the sun."""
    rays, sun = view.canvas.quarter(), view.sun[0] / 4
    for _ in range(9):
        x, wide = rng.uniform(-0.1, 1.1) * rays.width, rays.unit * rng.uniform(0.02, 0.09)
        lean = (x - sun) * 0.55 + rays.unit * 0.08
        bottom = (x + wide * 2.4 + lean, rays.height), (x - wide * 1.4 + lean, rays.height)
        rays.fill([(x, -2), (x + wide, -2), *bottom], rgb("4a5a58"), BLACK)
    rays.image = rays.image.filter(ImageFilter.GaussianBlur(rays.unit * 0.012))
    bright = Canvas(view.canvas.width, view.canvas.height)
    bright.cover(rays)
    view.canvas.image.paste(ImageChops.screen(view.canvas.image, bright.image))


def _weed(canvas: Canvas, foot: Point, height: float, colour: Colour, rng: Random) -> None:
    for k in range(rng.randint(3, 5)):
        x, tall, sway = foot[0] + (k - 2) * height * 0.09, height * rng.uniform(0.6, 1), rng.uniform(0.06, 0.14)
        spine = [(x + sin(i * 1.1 + k) * sway * height, foot[1] - tall * i / 5) for i in range(6)]
        canvas.fill(limb(spine, height * 0.07, height * 0.012), mix(colour, WHITE, 0.05 * k))
