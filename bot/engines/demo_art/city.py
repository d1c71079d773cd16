"""The city: rows of towers with lit windows behind a park."""

from __future__ import annotations

from random import Random

from PIL import ImageDraw

from bot.engines.demo_art.colour import Colour, mix, rgb
from bot.engines.demo_art.land import below, knoll, mist, wood
from bot.engines.demo_art.view import View

FACADES = ("6a7a96", "7d7f9a", "8f8797", "5d6f8c")


def city(view: View) -> None:
    """Three rows of towers, the nearer the darker, and trees before them."""
    u, c = view.canvas.unit, view.canvas
    for i in range(3):
        rng, x = view.rng(f"row{i}"), -u * 0.05
        base, distance = view.horizon + (view.stand[1] - view.horizon) * (0.3 + 0.3 * i), 0.62 - 0.24 * i
        while x < c.width:
            wide = u * rng.uniform(0.055, 0.115)
            central = 1 - abs(x + wide / 2 - c.width / 2) / c.width
            tall = u * rng.uniform(0.14, 0.4) * (0.55 + 0.6 * central) * (1.15 - 0.22 * i)
            facade = view.tone(mix(rgb(rng.choice(FACADES)), rgb("2a2f4a"), 0.25 * i), distance)
            _tower(view, (x, base - tall, x + wide, base + u * 0.3), facade, distance, Random(rng.random()))
            x += wide * rng.uniform(0.92, 1.25)
        mist(view, base, u * 0.2, 0.55 - 0.15 * i)
    near, ridge = rgb("f0f5fc" if view.season == "winter" else "4f7f52"), knoll(view)
    wood(view, "park", ridge, u * 0.1, 0.12, 0.75)
    c.fill(below(view, ridge), view.tone(near), view.tone(mix(near, rgb("10182a"), 0.6)))


def _tower(view: View, walls: tuple[float, float, float, float], facade: Colour, distance: float, rng: Random) -> None:
    left, top, right, bottom = walls
    wide, pen, roof = right - left, ImageDraw.Draw(view.canvas.image), rng.random()
    if roof < 0.22:  # a step and a mast
        pen.rectangle((left + wide * 0.22, top - wide * 0.3, right - wide * 0.22, top), fill=facade)
        pen.rectangle((left + wide * 0.48, top - wide * 0.75, left + wide * 0.53, top), fill=facade)
    elif roof < 0.4:  # a spire
        pen.polygon([(left, top), (left + wide / 2, top - wide * 0.9), (right, top)], fill=facade)
    elif roof < 0.55:  # a slope
        pen.polygon([(left, top), (right, top - wide * 0.5), (right, top)], fill=facade)
    pen.rectangle(walls, fill=facade)
    shaded = left + wide * 0.62 if view.sun[0] < left else left
    pen.rectangle((shaded, top, shaded + wide * 0.38, bottom), fill=mix(facade, view.light.sky[0], 0.22))
    lamp, glass = mix(rgb("ffd98a"), view.light.haze, distance * 0.6), mix(facade, view.light.sky[-1], 0.3)
    columns = max(2, round(wide / (view.canvas.unit * 0.017)))
    step = wide / columns
    for row in range(int((bottom - top) / (step * 1.25))):
        for column in range(columns):
            lit = view.light.dark and rng.random() < 0.42
            if lit or rng.random() < 0.65:
                x, y = left + step * (column + 0.28), top + step * 1.25 * (row + 0.5)
                pen.rectangle((x, y, x + step * 0.44, y + step * 0.6), fill=lamp if lit else glass)
