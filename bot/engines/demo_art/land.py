"""What landscapes are made of: ridges, mountains, mist, woods."""

from __future__ import annotations

from collections.abc import Callable
from math import pi, sin
from random import Random

from PIL import Image

from bot.engines.demo_art.canvas import fade
from bot.engines.demo_art.colour import BLACK, WHITE, Colour, mix, rgb
from bot.engines.demo_art.shapes import Point, oval, placed, poly
from bot.engines.demo_art.view import View

Ridge = Callable[[float], float]
"""A skyline: x to y, in pixels."""

FOLIAGE = {
    "": ("2f6a4c", "3d7a4e", "558f5a"),
    "spring": ("e9a6b8", "f0bccb", "7fb069"),
    "autumn": ("d98a2f", "c4552d", "e3b23c"),
    "winter": ("3a6068", "446f74", "5b8086"),
}
FIR_TIER = poly("0,0 1,1 0.35,1.07 -0.3,1.07 -1,1")
FIR_SNOW = poly("0,0 1,1 0.5,0.92 0.25,1 -0.12,0.6")
TRUNK = poly("-1,0 -0.5,-1 0.5,-1 1,0")


def waves(rng: Random, base: float, amplitude: float, unit: float, ripples: int = 3) -> Ridge:
    """A gentle ridge around `base`."""
    parts = [
        (rng.uniform(0.5, 1.1) * (i + 1), rng.random() * 2 * pi, amplitude / (i + 1) ** 1.4) for i in range(ripples)
    ]
    return lambda x: base + sum(a * sin(f * pi * x / unit + p) for f, p, a in parts)


def knoll(view: View, steepness: float = 0.16) -> Ridge:
    """The rise in the foreground on which the subject stands."""
    u, (top_x, top_y) = view.canvas.unit, view.stand
    bumps = waves(view.rng("knoll"), 0.0, u * 0.008, u * 0.5)
    level = bumps(top_x)

    def ridge(x: float) -> float:
        away = abs(x - top_x) / u
        return top_y + u * steepness * away * away / (0.25 + away) + bumps(x) - level

    return ridge


def below(view: View, ridge: Ridge) -> list[Point]:
    """The outline of everything under a ridge."""
    w, h, steps = view.canvas.width, view.canvas.height, 120
    return [(x, ridge(x)) for x in (w * i / steps for i in range(-1, steps + 2))] + [(w * 1.02, h), (-w * 0.02, h)]


def mist(view: View, y: float, thickness: float, strength: float = 0.5) -> None:
    """Pale air gathering in a valley."""
    canvas = view.canvas
    mask = Image.new("L", canvas.image.size)
    band = fade((0, round(255 * strength), 0), (canvas.width, max(2, round(thickness))))
    mask.paste(band, (0, round(y - thickness / 2)))
    canvas.wash(mask, view.light.haze)


def mountains(view: View, part: str, base: float, height: float, rock: Colour, distance: float, snow: float) -> None:
    """A range of peaks, the lower ones in front; `snow` (0-1) is how far down their caps reach."""
    rng, count = view.rng(part), max(3, round(3.4 * view.aspect))
    places = [view.canvas.width * (i + rng.uniform(0.1, 0.9)) / count for i in range(-1, count + 1)]
    for tall, x in sorted(((height * rng.uniform(0.5, 1.0), x) for x in places), reverse=True):
        _peak(view, (x, base - tall), tall, rock, distance, snow * rng.uniform(0.75, 1.2), rng)


def _peak(view: View, top: Point, height: float, rock: Colour, distance: float, snow: float, rng: Random) -> None:
    """One mountain with a lit and a shaded side."""
    c, u, (x, y), haze, steps = view.canvas, view.canvas.unit, top, view.light.haze, 16
    run, bottom = height * rng.uniform(1.05, 1.5), y + height + u * 0.12
    sides = {-1: [top], 1: [top]}
    for i in range(1, steps + 1):
        t = i / steps
        for side, line in sides.items():
            reach = run * (t + 0.3 * t * t + rng.uniform(-0.018, 0.018))
            line.append((x + side * reach, y + height * (t + rng.uniform(-0.012, 0.012))))
    for side, line in sides.items():
        line.append((line[-1][0] + side * u * 0.2, bottom))
    left, right = sides[-1], sides[1]
    body = mix(rock, view.light.sky[1], 0.25)
    lit = view.tone(mix(body, WHITE, 0.1), distance)
    c.fill([*left[::-1], *right], lit, view.tone(body, distance * 0.6 + 0.4), haze)
    if snow > 0.05:
        k = max(2, round(steps * snow))
        c.fill(
            [*left[k::-1], *right[: k + 1], *_snow_line(right[k], left[k], height * snow, rng)],
            view.tone(rgb("f8faff"), distance * 0.7),
        )
    away = 1 if view.sun[0] < x else -1
    fold, fold_x = [top], x
    for i in range(1, 12):
        fold_x += run * (away * rng.uniform(-0.03, 0.05) + (0.03 if i % 2 else -0.03))
        fold.append((fold_x, y + (bottom - y) * i / 11))
    dark = view.tone(mix(mix(rock, view.light.sky[0], 0.6), BLACK, 0.12), distance * 0.7)
    c.fill([*fold, *sides[away][::-1]], dark, mix(dark, haze, 0.55), haze, alpha=0.6)


def _snow_line(start: Point, end: Point, depth: float, rng: Random) -> list[Point]:
    """The jagged lower edge of a snow cap."""
    return [
        (
            start[0] + (end[0] - start[0]) * i / 9,
            start[1] + (end[1] - start[1]) * i / 9 - depth * (0.05 if i % 2 else 0.42) * rng.uniform(0.6, 1.2),
        )
        for i in range(1, 9)
    ]


def fir(view: View, foot: Point, height: float, colour: Colour, snow: Colour | None, rng: Random) -> None:
    """A fir tree; `snow` is the colour of what lies on it."""
    fill, (x, y), tiers = view.canvas.fill, foot, 5
    side = 1 if view.sun[0] > x else -1
    fill(placed(TRUNK, foot, height * 0.02, height * 0.2), mix(colour, BLACK, 0.25))
    half = height * rng.uniform(0.19, 0.25)
    for tier in range(tiers, 0, -1):
        top, tall = y - height * (1.06 - 0.175 * (tier - 1)), height * 0.305
        reach = half * (tier / tiers) ** 0.85 * rng.uniform(0.92, 1.08)
        fill(placed(FIR_TIER, (x, top), reach, tall), mix(colour, WHITE, 0.05 * (tiers - tier)))
        if snow is not None:
            fill(placed(FIR_SNOW, (x, top), side * reach, tall), snow)


def broadleaf(view: View, foot: Point, height: float, colour: Colour, rng: Random) -> None:
    """A tree with a round crown."""
    fill, (x, y), h = view.canvas.fill, foot, height
    fill(placed(TRUNK, foot, h * 0.035, h * 0.6), mix(colour, rgb("2b1d1a"), 0.65))
    for dx, dy, size in ((-0.14, 0.55, 0.2), (0.15, 0.56, 0.19), (0.0, 0.72, 0.25), (0.02, 0.5, 0.2)):
        fill(oval(x + dx * h, y - dy * h, size * h * rng.uniform(0.9, 1.1)), colour)
    side = 1 if view.sun[0] > x else -1
    fill(oval(x + side * 0.07 * h, y - 0.76 * h, 0.16 * h, 0.14 * h), mix(colour, view.light.disc, 0.22), alpha=0.75)


def leaves(view: View) -> list[Colour]:
    """Colours of leaves in this season."""
    return [rgb(code) for code in FOLIAGE.get(view.season, FOLIAGE[""])]


def wood(view: View, part: str, ridge: Ridge, height: float, distance: float, share: float) -> None:
    """Trees along a ridge; `share` (0-1) of it is wooded, in groups."""
    rng, canvas, colours = view.rng(part), view.canvas, leaves(view)
    groups = waves(rng, 0.0, 1.0, canvas.unit, 4)
    leafy = view.season in ("autumn", "spring") or (view.season != "winter" and rng.random() < 0.4)
    snow = view.tone(rgb("f2f7ff"), distance) if view.season == "winter" else None
    count = round(canvas.width / (height * 0.26))
    for i in range(count):
        x = canvas.width * (i + rng.uniform(-0.4, 0.4)) / count
        size, colour = height * rng.uniform(0.65, 1.15), view.tone(rng.choice(colours), distance)
        if groups(x) < 1.3 - 2.6 * share:
            continue
        foot = x, ridge(x) + height * 0.06
        if leafy and rng.random() < 0.75:
            broadleaf(view, foot, size * 0.8, colour, rng)
        else:
            fir(view, foot, size, colour, snow, rng)
