"""The upper half of a picture: gradient, sun or moon, stars, clouds, aurora, lightning."""

from __future__ import annotations

from math import pi, sin
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from bot.engines.demo_art.canvas import Canvas, curve, fade, ramp
from bot.engines.demo_art.colour import WHITE, Colour, mix, rgb
from bot.engines.demo_art.light import Light
from bot.engines.demo_art.shapes import Point, oval
from bot.engines.demo_art.view import View

MOON_SEAS = ((-0.35, -0.3, 0.26), (0.3, 0.05, 0.33), (-0.2, 0.42, 0.2), (0.12, -0.55, 0.13))


def paint_sky(view: View, kind: str) -> None:
    """Fill the whole canvas with the sky of a kind (a name in LIGHTS)."""
    canvas, light, horizon, rng = view.canvas, view.light, view.horizon, view.rng("sky")
    small = canvas.quarter()
    scale = small.width / canvas.width
    small.image.paste(light.sky[-1], (0, 0, *small.image.size))
    small.image.paste(ramp(light.sky, (small.width, max(2, round(horizon * scale))), 0.9))
    at = view.sun[0] * scale, view.sun[1] * scale
    strength = 0.5 if light.moon or kind == "mist" else 0.85
    reach = small.unit * (0.75 if light.moon else 1.15)
    small.glow(at, reach, mix(light.disc, light.sky[-2], 0.5), strength * 0.75)
    small.glow(at, reach * 0.36, light.disc, strength * 0.8)
    if kind == "aurora":
        _aurora(small, horizon * scale, rng)
    if light.moon:
        _milky_way(small, light, rng)
    canvas.cover(small)
    stars(canvas, max(light.stars, 0.22 if sum(light.sky[0]) < 240 else 0.0), horizon, rng)
    if kind == "storm":
        _ceiling(canvas, light, horizon, rng)
        _lightning(canvas, horizon, rng)
        return
    _disc(canvas, light, view.sun, rng)
    if kind == "day":
        _cumuli(canvas, light, horizon, rng)
    elif kind != "aurora":
        _streaks(canvas, light, horizon, rng)


def _disc(canvas: Canvas, light: Light, at: Point, rng: Random) -> None:
    radius = canvas.unit * (0.062 if light.moon else 0.082) * rng.uniform(0.85, 1.2)
    canvas.glow(at, radius * 2.2, light.disc, 0.55)
    if light.moon:
        moon(canvas, at, radius, light.disc, mix(light.disc, light.sky[-1], 0.28))
    else:
        canvas.fill(oval(*at, radius), mix(light.disc, WHITE, 0.5), light.disc)


def moon(canvas: Canvas, at: Point, radius: float, colour: Colour, shade: Colour) -> None:
    """A full moon with its seas."""
    canvas.fill(oval(*at, radius), mix(colour, WHITE, 0.3), colour)
    for dx, dy, size in MOON_SEAS:
        canvas.fill(oval(at[0] + dx * radius, at[1] + dy * radius, size * radius), shade, alpha=0.55)


def stars(canvas: Canvas, amount: float, bottom: float, rng: Random) -> None:
    """Scatter stars above `bottom`, thinning out downwards; `amount` 1 is a clear night."""
    pen = ImageDraw.Draw(canvas.image, "RGBA")
    for _ in range(round(420 * amount * max(canvas.width, canvas.height) / canvas.unit)):
        x, y = rng.random() * canvas.width, rng.random() ** 1.35 * bottom * 0.95
        size = canvas.unit * rng.choice((0.0011, 0.0011, 0.0014, 0.0018, 0.0024))
        colour = mix(WHITE, rng.choice((rgb("bcd4ff"), rgb("ffe7c4"), WHITE)), 0.6)
        brightness = (1 - y / bottom) ** 0.7 * rng.uniform(0.35, 1) * min(1, 0.5 + amount)
        pen.ellipse((x - size, y - size, x + size, y + size), fill=(*colour, round(255 * brightness)))
    for _ in range(round(7 * amount) if amount > 0.5 else 0):
        x, y = rng.random() * canvas.width, rng.random() * bottom * 0.55
        canvas.glow((x, y), canvas.unit * 0.02, rgb("cfe0ff"), 0.9)
        for rx, ry in ((0.0085, 0.0009), (0.0009, 0.0085)):
            canvas.fill(oval(x, y, canvas.unit * rx, canvas.unit * ry), WHITE, alpha=0.9)


def fog(size: tuple[int, int], rng: Random, octaves: int) -> Image.Image:
    """Soft noise between 0 and 255: cloud, mist, nebula."""
    total = Image.new("L", size)
    for octave in range(octaves):
        grain = 3 * 2**octave
        layer = Image.frombytes("L", (grain, grain), rng.randbytes(grain * grain))
        total = Image.blend(total, layer.resize(size, Image.Resampling.BICUBIC), 0.62**octave)
    return curve(total, ((v - 70) * 2.1 for v in range(256)))


def _milky_way(canvas: Canvas, light: Light, rng: Random) -> None:
    u, size, band = canvas.unit, canvas.image.size, Image.new("L", canvas.image.size)
    x, lean = rng.uniform(0.2, 0.8) * canvas.width, rng.choice((-1, 1)) * rng.uniform(0.3, 0.8) * u
    for width, power in ((0.3, 70), (0.14, 120)):
        path = [(x - lean, -0.2 * u), (x + lean, canvas.height * 0.8)]
        ImageDraw.Draw(band).line(path, fill=power, width=max(1, round(u * width)))
    band = ImageChops.multiply(band.filter(ImageFilter.GaussianBlur(u * 0.06)), fade((255, 130, 0), size))
    canvas.wash(ImageChops.multiply(band, fog(size, rng, 6)), mix(light.sky[-1], rgb("dfe6ff"), 0.6))


def _streaks(canvas: Canvas, light: Light, horizon: float, rng: Random) -> None:
    """Long thin clouds lying in the evening sky, lit from below."""
    u = canvas.unit
    for _ in range(rng.randint(7, 11)):
        x, y = rng.random() * canvas.width, horizon * rng.uniform(0.16, 0.9)
        length, thick = u * rng.uniform(0.25, 0.75), u * rng.uniform(0.006, 0.016)
        lit = mix(light.sky[-2], light.disc, y / horizon * 0.5)
        colour = mix(light.sky[-1], WHITE, 0.1) if light.moon else lit
        for _ in range(rng.randint(2, 4)):
            at = x + rng.uniform(-0.4, 0.4) * length, y + rng.uniform(-1.6, 1.6) * thick
            lens = _lens(at, length * rng.uniform(0.3, 0.9), thick * rng.uniform(0.5, 1.1), rng)
            canvas.fill(lens, mix(colour, WHITE, 0.15), colour, alpha=rng.uniform(0.16, 0.42))


def _lens(at: Point, length: float, thick: float, rng: Random) -> list[Point]:
    """A cloud seen from its edge: bumpy above, smooth below, pointed at both ends."""
    x, y, steps = at[0] - length / 2, at[1], 12
    upper = [
        (x + length * i / steps, y - thick * sin(pi * i / steps) ** 0.8 * rng.uniform(0.55, 1))
        for i in range(steps + 1)
    ]
    lower = [(x + length * i / steps, y + thick * 0.35 * sin(pi * i / steps)) for i in range(steps, -1, -1)]
    return upper + lower


def _cumuli(canvas: Canvas, light: Light, horizon: float, rng: Random) -> None:
    """Fair-weather clouds, larger towards the viewer."""
    colours = mix(WHITE, light.disc, 0.4), mix(light.sky[-1], light.sky[-3], 0.35)
    count = rng.randint(5, 8)
    for near in (i / count for i in range(count)):
        at = rng.uniform(-0.05, 1.05) * canvas.width, horizon * (0.82 - 0.62 * near + rng.uniform(-0.06, 0.06))
        width = canvas.unit * (0.22 + 0.42 * near) * rng.uniform(0.7, 1.25)
        _cumulus(canvas, at, width, colours, 0.8 + 0.18 * near, rng)


def _ceiling(canvas: Canvas, light: Light, horizon: float, rng: Random) -> None:
    """Storm clouds that close the sky from above."""
    count, base = rng.randint(16, 20), mix(light.sky[0], light.sky[1], 0.5)
    for near in (i / count for i in range(count)):
        at = rng.uniform(-0.05, 1.05) * canvas.width, horizon * 0.62 * (1 - near)
        width = canvas.unit * (0.22 + 0.75 * near) * rng.uniform(0.7, 1.25)
        _cumulus(canvas, at, width, (mix(light.sky[-1], light.sky[1], 0.35 + near * 0.5), base), 0.9, rng)


def _cumulus(
    canvas: Canvas, at: Point, width: float, colours: tuple[Colour, Colour], alpha: float, rng: Random
) -> None:
    """One cloud with a flat base at `at` that dissolves downwards."""
    w, h = size = max(4, round(width)), max(4, round(width * 0.5))
    puffs = Image.new("L", size)
    for t in ((i + 0.5) / 14 for i in range(14)):
        r = h * (0.12 + 0.26 * sin(pi * t) * rng.uniform(0.6, 1.1))
        x, y = w * (0.12 + 0.76 * t), h - r * rng.uniform(0.5, 1.0) - h * 0.32 * sin(pi * t) ** 2 * rng.random()
        ImageDraw.Draw(puffs).ellipse((x - r, y - r, x + r, y + r), fill=255)
    soft = puffs.filter(ImageFilter.GaussianBlur(width * 0.004))
    mask = ImageChops.multiply(soft, fade((round(255 * alpha), round(235 * alpha), 0), size, 1.5))
    canvas.image.paste(ramp(colours, size), (round(at[0] - w / 2), round(at[1] - h)), mask)


def _aurora(canvas: Canvas, horizon: float, rng: Random) -> None:
    """Curtains of light: bright lower hems, rays fading upwards from green to violet."""
    size = canvas.image.size
    hues = ramp((rgb("7a4bd0"), rgb("35c9a0"), rgb("62f59a")), (size[0], max(2, round(horizon))))
    tall = Image.new("RGB", size, rgb("62f59a"))
    tall.paste(hues)
    for _ in range(3):
        hem, height = horizon * rng.uniform(0.35, 0.75), horizon * rng.uniform(0.4, 0.65)
        folds = [(rng.uniform(0.5, 2.2), rng.random() * 7, rng.uniform(0.03, 0.1)) for _ in range(3)]
        rays = Image.frombytes("L", (64, 1), rng.randbytes(64)).resize((canvas.width, 1), Image.Resampling.BICUBIC)
        ray, curtain = fade((0, 60, 140, 255, 0), (1, max(2, round(height)))), Image.new("L", size)
        for x, level in enumerate(rays.tobytes()):
            bend = canvas.unit * sum(a * sin(1.2 * pi * f * x / canvas.unit + p) for f, p, a in folds)
            power = 0.35 + 0.65 * level / 255
            curtain.paste(curve(ray, (v * power for v in range(256))), (x, round(hem + bend - height)))
        curtain = curtain.filter(ImageFilter.GaussianBlur(canvas.unit * 0.008))
        shine = Image.composite(tall, Image.new("RGB", size), curtain)
        canvas.image.paste(ImageChops.screen(canvas.image, shine))


def _lightning(canvas: Canvas, horizon: float, rng: Random) -> None:
    u, x, y = canvas.unit, rng.uniform(0.2, 0.8) * canvas.width, horizon * 0.3
    bolt: list[Point] = [(x, y)]
    while y < horizon:
        x, y = x + rng.uniform(-0.035, 0.035) * u, y + rng.uniform(0.02, 0.05) * u
        bolt.append((x, y))
    canvas.glow(bolt[len(bolt) // 2], u * 0.5, rgb("a8b8ff"), 0.6)
    for width, colour in ((0.007, rgb("b9c6ff")), (0.003, WHITE)):
        pen = ImageDraw.Draw(canvas.image)
        pen.line(bolt, fill=colour, width=max(1, round(width * u)), joint="curve")
