"""Space: nebulae, a ringed planet, and the ground of a small moon."""

from __future__ import annotations

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from bot.engines.demo_art.canvas import Canvas, ramp
from bot.engines.demo_art.colour import BLACK, WHITE, mix, rgb
from bot.engines.demo_art.land import below, knoll
from bot.engines.demo_art.shapes import Point, box, oval
from bot.engines.demo_art.sky import fog, stars
from bot.engines.demo_art.view import View

DEPTHS = (("0a0a24", "1a1648", "2b1b54"), ("061426", "0d2a48", "173a5e"), ("150a26", "34154a", "4a1f52"))
NEBULAE = ("c34f8f", "4f7fd6", "38b2a8", "e07a5a", "8a5ad6")
PLANETS = (("e8a55c", "f3d9a8"), ("6fb3c9", "d8eef0"), ("c77fa8", "f2d3e2"), ("8a8fd8", "dfe0fa"))


def space(view: View) -> None:
    """Paint over the sky: there is none up here."""
    c, rng = view.canvas, view.rng("space")
    small = c.quarter()
    size, unit = small.image.size, small.unit
    small.image.paste(ramp([rgb(code) for code in rng.choice(DEPTHS)], size))
    for code in rng.sample(NEBULAE, 3):
        x, y, r = rng.random() * small.width, rng.random() * small.height, unit * rng.uniform(0.3, 0.55)
        spot = Image.new("L", size)
        ImageDraw.Draw(spot).ellipse((x - r, y - r * 0.7, x + r, y + r * 0.7), fill=200)
        mask = ImageChops.multiply(fog(size, rng, 5), spot.filter(ImageFilter.GaussianBlur(unit * 0.14)))
        cloud = Image.composite(Image.new("RGB", size, rgb(code)), Image.new("RGB", size), mask)
        small.image.paste(ImageChops.screen(small.image, cloud))
    c.cover(small)
    stars(c, 2.2, c.height * 2, rng)
    _planet(view)


def _planet(view: View) -> None:
    """A banded globe with rings, on the side away from the subject."""
    c, u, rng = view.canvas, view.canvas.unit, view.rng("planet")
    x, y = c.width * (0.24 if view.stand[0] > c.width / 2 else 0.76), c.height * rng.uniform(0.2, 0.32)
    r, (base, ring) = u * rng.uniform(0.12, 0.17), (tuple(map(rgb, rng.choice(PLANETS))))
    size = round(r * 2)
    globe = Canvas(size, size)
    globe.fill(box(0, 0, size, size), mix(base, WHITE, 0.25), mix(base, rgb("201038"), 0.3))
    for i in range(6):
        band = oval(
            size / 2, size * (0.1 + 0.15 * i) * rng.uniform(0.9, 1.1), size * 0.7, size * rng.uniform(0.02, 0.05), -8
        )
        globe.fill(band, mix(base, ring, 0.6), alpha=0.55)
    shadow, away = Image.new("L", (size, size), 190), 0.34 if view.sun[0] < x else -0.34
    ImageDraw.Draw(shadow).ellipse((size * (-0.05 - away), size * -0.12, size * (0.95 - away), size * 0.88), fill=0)
    globe.wash(shadow.filter(ImageFilter.GaussianBlur(size * 0.09)), rgb("140c2c"))
    disc = Image.new("L", (size, size))
    ImageDraw.Draw(disc).ellipse((0, 0, size - 1, size - 1), fill=255)
    c.glow((x, y), r * 2.2, base, 0.5)
    _rings(view, (x, y), r, ring, slice(24, 49))
    c.image.paste(globe.image, (round(x - r), round(y - r)), disc)
    _rings(view, (x, y), r, ring, slice(0, 25))


def _rings(view: View, at: Point, r: float, colour: tuple[int, int, int], half: slice) -> None:
    """The far or the near half of a planet's rings."""
    for outer, inner, alpha in ((1.95, 1.72, 0.75), (1.66, 1.38, 0.5)):
        edges = [oval(*at, r * reach, r * reach * 0.26, -14) for reach in (outer, inner)]
        far, near = ([*edge, edge[0]][half] for edge in edges)
        view.canvas.fill([*far, *near[::-1]], colour, alpha=alpha)


def moon_ground(view: View) -> None:
    """Dust and craters for what has to stand."""
    c, u, rng = view.canvas, view.canvas.unit, view.rng("craters")
    c.fill(below(view, knoll(view)), rgb("b9b6c8"), rgb("4c4964"))
    first = view.stand[1] + u * 0.06
    for _ in range(round(10 * view.aspect)):
        near = rng.random()
        x, y, wide = (
            rng.random() * c.width,
            first + (c.height - first) * near,
            u * (0.02 + 0.06 * near) * rng.uniform(0.6, 1.2),
        )
        c.fill(oval(x, y, wide, wide * 0.3), mix(rgb("4c4964"), BLACK, 0.2), rgb("8f8ca4"))
        c.fill(oval(x, y + wide * 0.05, wide * 0.86, wide * 0.22), rgb("6c6984"), rgb("8f8ca4"))
