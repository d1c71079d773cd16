"""Meadow, snow, mountains, forest, desert: each painted from the horizon to the rise the subject stands on."""

from __future__ import annotations

from math import pi, sin
from random import Random

from bot.engines.demo_art.colour import BLACK, WHITE, mix, rgb
from bot.engines.demo_art.land import Ridge, below, fir, knoll, leaves, mist, mountains, waves, wood
from bot.engines.demo_art.shapes import Point, limb, oval, placed, poly
from bot.engines.demo_art.view import View

MESA = poly("-0.62,0 -0.44,-1 0.44,-1 0.62,0")
MESA_SHADE = poly("0.62,0 0.44,-1 0.1,-1 0.16,0")
CACTUS = (("0,0 0,-0.5 0,-0.98", 0.17), ("0,-0.4 -0.22,-0.4 -0.24,-0.68", 0.12), ("0,-0.56 0.2,-0.56 0.22,-0.8", 0.11))


def meadow(view: View) -> None:
    """Rolling hills with groups of trees."""
    u, c = view.canvas.unit, view.canvas
    mountains(view, "far", view.horizon + u * 0.02, u * 0.2, rgb("7f93ad"), 0.62, 0.0)
    mist(view, view.horizon, u * 0.2, 0.6)
    autumn = view.season == "autumn"
    step = (view.stand[1] - view.horizon) / 3
    for i, code in enumerate(("d8b878", "c99a4e", "b5803a") if autumn else ("a9c48c", "8fb86a", "74a552")):
        ridge = waves(view.rng(f"hill{i}"), view.horizon + u * 0.015 + step * i, u * (0.03 + 0.008 * i), u)
        distance, grass = 0.5 - 0.19 * i, rgb(code)
        wood(view, f"wood{i}", ridge, u * (0.045 + 0.035 * i), distance, 0.5)
        bottom = view.tone(mix(grass, BLACK, 0.12), distance * 0.4)
        c.fill(below(view, ridge), view.tone(mix(grass, WHITE, 0.12), distance), bottom)
    near = rgb("a3702f" if autumn else "5f9443")
    c.fill(below(view, knoll(view)), view.tone(mix(near, WHITE, 0.15)), view.tone(mix(near, BLACK, 0.5)))


def snow(view: View) -> None:
    """White hills before white mountains, firs between."""
    u, c = view.canvas.unit, view.canvas
    mountains(view, "far", view.horizon + u * 0.03, u * 0.3, rgb("8195b5"), 0.5, 0.42)
    mist(view, view.horizon + u * 0.01, u * 0.2, 0.7)
    step = (view.stand[1] - view.horizon) / 3
    for i in range(3):
        ridge = waves(view.rng(f"hill{i}"), view.horizon + u * 0.02 + step * i, u * 0.028, u)
        distance = 0.5 - 0.2 * i
        wood(view, f"wood{i}", ridge, u * (0.06 + 0.05 * i), distance, 0.55)
        bottom = view.tone(rgb("b9cbe6"), distance * 0.4)
        c.fill(below(view, ridge), view.tone(rgb("f3f7fd"), distance * 0.6), bottom)
    c.fill(below(view, knoll(view)), view.tone(rgb("fbfdff")), view.tone(rgb("9db4da")))


def ranges(view: View) -> None:
    """Mountain range behind mountain range, woods at their feet."""
    u, c = view.canvas.unit, view.canvas
    for i, rock in enumerate(("8496c0", "667aa6", "4d5f88")):
        base = view.horizon + u * (0.02 + 0.09 * i)
        height, caps = u * (0.42, 0.28, 0.17)[i], (0.4, 0.3, 0.12)[i]
        mountains(view, f"range{i}", base, height, rgb(rock), 0.6 - 0.2 * i, caps)
        mist(view, base, u * 0.2, 0.5 - 0.1 * i)
    ridge = waves(view.rng("valley"), view.horizon + u * 0.26, u * 0.035, u)
    wood(view, "wood", ridge, u * 0.1, 0.2, 0.85)
    near = rgb("dfe8f4" if view.season == "winter" else "4c6a50")
    c.fill(below(view, ridge), view.tone(near, 0.2), view.tone(mix(near, BLACK, 0.3), 0.05))


def crag(view: View) -> None:
    """A rock that lifts the subject above the valley, its foot lost in mist."""
    c, u, (x, y), rng = view.canvas, view.canvas.unit, view.stand, view.rng("crag")
    depth, winter = c.height - y + u * 0.05, view.season == "winter"
    rock = rgb("8d95a8" if winter else "7d7885")
    sides = {side: _slope(view.stand, side * u, depth, rng) for side in (-1, 1)}
    foot = mix(view.tone(mix(rock, BLACK, 0.25)), view.light.haze, 0.6)
    c.fill([*sides[-1][::-1], *sides[1]], view.tone(mix(rock, WHITE, 0.2)), view.tone(rock), foot)
    dark, away = view.tone(mix(mix(rock, view.light.sky[0], 0.5), BLACK, 0.3)), 1 if view.sun[0] < x else -1
    for start, alpha in ((-0.02, 0.3), (0.1, 0.22)):
        fold_x = x + away * start * u
        fold = [(fold_x, y)]
        for i in range(1, 9):
            fold_x += away * u * rng.uniform(-0.02, 0.045) + (u * 0.022 if i % 2 else -u * 0.022)
            fold.append((fold_x, y + depth * i / 8))
        c.fill([*fold, *sides[away][::-1]], dark, alpha=alpha)
    facet = poly("0,0 1,0.3 0.4,1 -0.7,0.6")
    for _ in range(9):
        at = rng.uniform(0.05, 0.5)
        corner = x + u * rng.uniform(-0.24, 0.24) * (1 + at), y + depth * at
        c.fill(placed(facet, corner, u * rng.uniform(0.015, 0.05), u * rng.uniform(0.05, 0.13)), dark, alpha=0.13)
    mist(view, c.height - u * 0.02, depth * 0.9, 0.6)
    turf = [(0.24 - 0.48 * i / 22, (0.034 if i % 2 else 0.013) * rng.uniform(0.6, 1.3)) for i in range(23)]
    edge = placed([(-0.24, -0.003), (0, -0.009), (0.24, -0.003), *turf], view.stand, u, u)
    c.fill(edge, view.tone(rgb("f6f9ff" if winter else "7fa65c")))


def _slope(top: Point, unit: float, depth: float, rng: Random) -> list[Point]:
    """One side of a crag, from its edge down; a negative unit makes the left one."""
    out, steps = 0.24, 16
    line = [(top[0] + unit * out, top[1])]
    for i in range(1, steps + 1):
        out += rng.uniform(-0.004, 0.05) * (0.6 + 1.1 * i / steps)
        line.append((top[0] + unit * out, top[1] + depth * (i - rng.uniform(0, 0.7)) / steps))
    return line


def forest(view: View) -> None:
    """Ranks of trees fading into mist, a clearing in front, dark firs to look past."""
    u, c, winter = view.canvas.unit, view.canvas, view.season == "winter"
    ground = rgb("e8f0fa" if winter else "5f8a55")
    for i, distance in enumerate((0.78, 0.58, 0.38, 0.2)):
        base = view.horizon + (view.stand[1] - view.horizon) * (0.02 + 0.22 * i)
        ridge = waves(view.rng(f"rank{i}"), base, u * 0.02, u)
        wood(view, f"wood{i}", ridge, u * (0.34, 0.36, 0.34, 0.26)[i], distance, (1.0, 0.95, 0.8, 0.4)[i])
        c.fill(below(view, ridge), view.tone(ground, distance), view.tone(mix(ground, BLACK, 0.2), distance * 0.7))
        mist(view, base + u * 0.01, u * 0.16, 0.55 - 0.1 * i)
    near = rgb("f6faff" if winter else "4c7a45")
    c.fill(below(view, knoll(view)), view.tone(near), view.tone(mix(near, rgb("142028"), 0.5)))
    rng = view.rng("frame")
    for side in (0, 1):
        for i in range(2):
            x = c.width * side + (1 - 2 * side) * u * (0.02 + 0.075 * i) * rng.uniform(0.6, 1.3)
            size = u * rng.uniform(0.75, 1.05) * (1 - 0.25 * i)
            shade = view.tone(mix(leaves(view)[0], rgb("10182a"), 0.6 - 0.2 * i))
            fir(view, (x, view.stand[1] + u * (0.12 - 0.07 * i)), size, shade, None, rng)


def desert(view: View) -> None:
    """Table mountains, dunes with sharp crests, cacti."""
    u, c, rng = view.canvas.unit, view.canvas, view.rng("desert")
    for _ in range(round(4 * view.aspect)):
        foot, wide = (rng.random() * c.width, view.horizon + u * 0.03), u * rng.uniform(0.08, 0.22)
        tall, distance = u * rng.uniform(0.05, 0.15), rng.uniform(0.45, 0.7)
        away = 1 if view.sun[0] < foot[0] else -1
        c.fill(placed(MESA, foot, wide, tall), view.tone(rgb("c87f5c"), distance), view.tone(rgb("dba878"), distance))
        shade = view.tone(rgb("8d4f48"), distance), view.tone(rgb("c89070"), distance)
        c.fill(placed(MESA_SHADE, foot, away * wide, tall), *shade)
    for i in range(4):
        base = view.horizon + u * 0.015 + (view.stand[1] - view.horizon) * 0.27 * i
        ridge, distance = waves(view.rng(f"dune{i}"), base, u * (0.022 + 0.014 * i), u * 0.8, 2), 0.45 - 0.14 * i
        c.fill(below(view, ridge), view.tone(rgb("f2c98a"), distance), view.tone(rgb("c98a52"), distance * 0.5))
        for _ in range(2):
            _lee(view, ridge, rng.uniform(-0.1, 0.8) * c.width, u * rng.uniform(0.35, 0.7), distance)
        for _ in range(rng.randint(0, 2) if i else 0):
            x = rng.random() * c.width
            _cactus(view, (x, ridge(x) + u * 0.01), u * (0.05 + 0.05 * i) * rng.uniform(0.8, 1.2), distance)
    c.fill(below(view, knoll(view)), view.tone(rgb("f0c07c")), view.tone(rgb("a9673c")))


def _lee(view: View, ridge: Ridge, start: float, length: float, distance: float) -> None:
    """The shaded side of a dune, below its crest."""
    u, steps = view.canvas.unit, 24
    crest = [(x, ridge(x)) for x in (start + length * i / steps for i in range(steps + 1))]
    fall = [(x, y + u * 0.11 * sin(pi * i / steps) * (1 + i / steps)) for i, (x, y) in enumerate(crest)]
    shade = view.tone(rgb("b06a44"), distance), view.tone(rgb("d89c62"), distance)
    view.canvas.fill([*crest, *fall[::-1]], *shade, alpha=0.55)


def _cactus(view: View, foot: Point, height: float, distance: float) -> None:
    colour = view.tone(rgb("5c8a54"), distance)
    for line, width in CACTUS:
        view.canvas.fill(placed(limb(line, width, width * 0.9), foot, height, height), colour)
        view.canvas.fill(placed(oval(*poly(line)[-1], width * 0.45), foot, height, height), colour)
