"""The sea and its shore, and water that mirrors whatever is above it."""

from __future__ import annotations

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from bot.engines.demo_art.canvas import fade, ramp
from bot.engines.demo_art.colour import BLACK, WHITE, Colour, mix, rgb
from bot.engines.demo_art.land import knoll, mist, mountains
from bot.engines.demo_art.shapes import oval, placed, poly
from bot.engines.demo_art.view import View

ROCK_FACE = poly("0,0 1,0 0.7,1 -0.3,1")


def sea(view: View) -> None:
    """Far islands, the mirrored sky, and the light's path on the water."""
    u, c, rng = view.canvas.unit, view.canvas, view.rng("glitter")
    mountains(view, "islands", view.horizon + u * 0.005, u * 0.13, rgb("7688a8"), 0.66, 0.0)
    mist(view, view.horizon, u * 0.12, 0.5)
    mirror(view, view.horizon)
    crest = mix(view.light.haze, WHITE, 0.35)
    for _ in range(340):
        near = rng.random() ** 1.5
        x = view.sun[0] + rng.gauss(0, 0.5) * u * (0.03 + 0.2 * near)
        length, thick = u * (0.008 + 0.05 * near) * rng.uniform(0.4, 1.2), u * (0.0008 + 0.0035 * near)
        _glint(view, x, near, length, thick, (*view.light.disc, round(190 * (1 - 0.6 * near))))
    for _ in range(round(110 * view.aspect)):
        near = rng.random() ** 1.3
        length, thick = u * (0.01 + 0.07 * near) * rng.uniform(0.4, 1), u * (0.0006 + 0.0022 * near)
        _glint(view, rng.random() * c.width, near, length, thick, (*crest, round(40 + 30 * near)))


def _glint(view: View, x: float, near: float, length: float, thick: float, ink: tuple[int, int, int, int]) -> None:
    """A flat wave catching light; `near` is 0 at the horizon, 1 at the viewer."""
    y = view.horizon + (view.canvas.height - view.horizon) * near
    ImageDraw.Draw(view.canvas.image, "RGBA").ellipse((x - length, y - thick, x + length, y + thick), fill=ink)


def headland(view: View) -> None:
    """Something to stand on by the sea: a low grassy rock that ends in the water."""
    u, c, (stand_x, _), rng = view.canvas.unit, view.canvas, view.stand, view.rng("headland")
    seaward = 1 if stand_x < c.width / 2 else -1
    top, rock, steps = knoll(view, 0.1), rgb("6d6872"), 40
    tip, edge = stand_x + seaward * 0.42 * u, -u * 0.05 if seaward > 0 else c.width + u * 0.05
    xs = [edge + (tip - edge) * i / steps for i in range(steps + 1)]
    crest = [(x, top(x) + u * 0.25 * max(0.0, 1 - abs(x - tip) / (u * 0.2)) ** 2.2) for x in xs]
    drop = c.height - crest[-1][1]
    foot = [
        (tip + seaward * u * (0.02 + 0.035 * i + rng.uniform(-0.012, 0.012)), crest[-1][1] + drop * i / 5)
        for i in range(1, 6)
    ]
    body = [*crest, *foot, (edge, c.height + u * 0.02)]
    c.fill(body, view.tone(mix(rock, WHITE, 0.1)), view.tone(mix(rock, BLACK, 0.55)))
    for i in range(9):
        x, y = crest[rng.randint(3, 38)]
        face = placed(ROCK_FACE, (x, y + u * 0.02), u * rng.uniform(0.03, 0.08), c.height - y)
        c.fill(face, view.tone(mix(rock, BLACK, 0.7) if i % 2 else mix(rock, WHITE, 0.5)), alpha=0.13)
    turf = rgb("f2f6fd" if view.season == "winter" else "6f9a52")
    hem = [(x, y + u * (0.045 if i % 2 else 0.022) * rng.uniform(0.7, 1.2)) for i, (x, y) in enumerate(crest)]
    c.fill([*crest, *hem[::-1]], view.tone(mix(turf, WHITE, 0.1)), view.tone(mix(turf, BLACK, 0.2)))
    for x, y in foot[2:4]:
        for i in range(3):
            spread = u * (0.05 + 0.02 * i)
            c.fill(oval(x, y + u * 0.012 * i, spread, spread * 0.09), view.tone(WHITE), alpha=0.3)


def mirror(view: View, top: float) -> None:
    """Turn everything below `top` into rippled water that reflects what is above."""
    c, edge = view.canvas, round(top)
    size = c.width, c.height - edge
    if size[1] < 2:
        return
    above = c.image.crop((0, max(0, edge - size[1]), c.width, edge)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    water = above.resize(size).filter(ImageFilter.BoxBlur((0, c.unit * 0.006)))
    shallow = mix(view.light.haze, view.tone(rgb("4a8fb0")), 0.45)
    colours: tuple[Colour, ...] = (shallow, view.tone(rgb("2c6f96")), mix(view.light.sky[0], rgb("0b3550"), 0.45))
    water.paste(ramp(colours, size), (0, 0), fade((125, 150, 215), size))
    rng, y = view.rng("ripple"), 0.0
    while y < size[1]:
        near = y / size[1]
        bottom = y + max(1.0, c.unit * (0.0015 + 0.009 * near))
        band = water.crop((0, round(y), c.width, min(size[1], round(bottom) + 1)))
        shift = round(c.unit * (0.002 + 0.014 * near) * rng.uniform(-1, 1))
        c.image.paste(ImageChops.offset(band, shift, 0), (0, edge + round(y)))
        y = bottom
    line = 0, edge, c.width, edge + max(1, round(c.unit * 0.0012))
    c.image.paste(mix(view.light.haze, WHITE, 0.12), line)
