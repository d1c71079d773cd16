"""Subjects: how one is described, and how it is set into the light and onto the ground of a picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import sin
from typing import Literal

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from bot.engines.demo_art.canvas import curve, fade
from bot.engines.demo_art.colour import WHITE, Colour, mix, rgb
from bot.engines.demo_art.light import Light
from bot.engines.demo_art.shapes import Point, placed, turned
from bot.engines.demo_art.view import View

Stance = Literal["stand", "float", "swim", "sail"]
Part = tuple[str, list[Point]]
"""Paint and outline. Paint is `main`, `main+20` (lighter, per cent), `main-20` (darker), `rrggbb`,
`lamp` (lit in the dark) or `beam` (light from the first point outwards, only in the dark)."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A subject, drawn in a box of 100 × 100 with its feet at y = 100, looking left."""

    main: str
    """Its own colour, which a colour word replaces."""
    parts: tuple[Part, ...]
    size: float = 0.4
    """Height of the box in units of the canvas."""
    stance: Stance = "stand"
    home: str = "meadow"
    """The ground it stands on when the prompt names none."""
    tilt: float = 0.0
    """Degrees it leans to the left."""


def paint_figure(view: View, figure: Figure, foot: Point, height: float, main: Colour) -> None:
    """Paint a figure of `height` pixels with its shadow, shaded away from the sun and rimmed by its light."""
    canvas, light, sun_left = view.canvas, view.light, view.sun[0] < foot[0]
    side, pad = max(4, round(height)), max(2, round(height * 0.3))
    left, top = round(foot[0] - side / 2 - pad), round(foot[1] - side - pad)
    parts = [(code, _place(figure, outline, side, pad, flip=not sun_left)) for code, outline in figure.parts]
    layer = Image.new("RGBA", (side + 2 * pad, side + 2 * pad))
    for code, outline in parts:
        if code != "beam":
            ImageDraw.Draw(layer).polygon(outline, fill=(*_paint(code, main, light), 255))
    alpha, flat = layer.getchannel("A"), _lit(layer, light, sun_left, height)
    for cone in _lights(parts, "beam", light):
        _beam(view, [(left + x, top + y) for x, y in cone])
    if figure.stance == "stand":
        _cast_shadow(view, alpha.crop((0, 0, alpha.width, side + pad)), foot)
    if figure.stance == "sail":
        _reflect(view, flat, alpha, left, round(foot[1]), side + pad)
    canvas.image.paste(flat, (left, top), alpha)
    for lamp in _lights(parts, "lamp", light):
        x, y = (sum(axis) / len(lamp) for axis in zip(*lamp, strict=True))
        canvas.glow((left + x, top + y), height * 0.13, rgb("ffb347"), 0.5)


def _place(figure: Figure, outline: list[Point], side: int, pad: int, flip: bool) -> list[Point]:
    """Bring an outline into the layer's pixels, leaning, and looking right if flipped."""
    leaning = turned([(x - 50, y - 50) for x, y in outline], -figure.tilt)
    return placed(leaning, (pad + side / 2, pad + side / 2), side / (-100 if flip else 100), side / 100)


def _paint(code: str, main: Colour, light: Light) -> Colour:
    """Resolve a part's paint."""
    if code == "lamp":
        return rgb("ffd97a") if light.dark else light.near(rgb("4a6072"))
    if code.startswith("main"):
        share = int(code[4:] or 0) / 100
        return light.near(mix(main, WHITE if share > 0 else rgb("1c1420"), abs(share)))
    return light.near(rgb(code))


def _lights(parts: list[Part], code: str, light: Light) -> Iterator[list[Point]]:
    """Outlines of the parts that shine, if it is dark enough."""
    return (outline for paint, outline in parts if paint == code and light.dark)


def _lit(layer: Image.Image, light: Light, sun_left: bool, height: float) -> Image.Image:
    """Shade the side away from the sun and draw a bright rim along the other."""
    flat, alpha = layer.convert("RGB"), layer.getchannel("A")
    turn = Image.Transpose.ROTATE_90 if sun_left else Image.Transpose.ROTATE_270
    tint = Image.new("RGB", flat.size, mix(light.sky[1], WHITE, 0.35))
    flat.paste(ImageChops.multiply(flat, tint), (0, 0), fade((0, 60, 150), flat.size).transpose(turn))
    step = max(1, round(height * 0.012))
    moved = ImageChops.offset(alpha, step if sun_left else -step, step)
    rim = ImageChops.subtract(alpha, moved).filter(ImageFilter.GaussianBlur(step * 0.5))
    strength = 0.3 if sum(light.ambient) > 720 else 0.75
    flat.paste(light.disc, (0, 0), curve(rim, (v * strength for v in range(256))))
    return flat


def _cast_shadow(view: View, body: Image.Image, foot: Point) -> None:
    """Lay the silhouette on the ground, leaning away from the sun."""
    canvas, light = view.canvas, view.light
    long = max(2, round(body.height * 0.32))
    lean = max(-1.6, min(1.6, (foot[0] - view.sun[0]) / canvas.unit * 2.2))
    reach = round(abs(lean) * long) + 1
    wide = Image.new("L", (body.width + 2 * reach, long))
    wide.paste(body.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize((body.width, long)), (reach, 0))
    slanted = wide.transform(wide.size, Image.Transform.AFFINE, (1, -lean, 0, 0, 1, 0), Image.Resampling.BILINEAR)
    soft = ImageChops.multiply(slanted, fade((125, 60, 0), wide.size)).filter(
        ImageFilter.GaussianBlur(max(1, body.height * 0.006))
    )
    mask = Image.new("L", canvas.image.size)
    mask.paste(soft, (round(foot[0] - wide.width / 2), round(foot[1] - body.height * 0.012)))
    canvas.wash(mask, mix(light.sky[0], rgb("1a1c3a"), 0.45))


def _reflect(view: View, flat: Image.Image, alpha: Image.Image, left: int, water: int, bottom: int) -> None:
    """The figure upside down in the water, broken into bands."""
    canvas, size = view.canvas, (flat.width, max(2, round(bottom * 0.75)))
    deep = Image.blend(flat, Image.new("RGB", flat.size, view.light.sky[0]), 0.3)
    image, mask = (
        part.crop((0, 0, flat.width, bottom)).transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize(size)
        for part in (deep, alpha)
    )
    mask = ImageChops.multiply(mask, fade((150, 90, 0), size))
    y, band = 0, 0
    while y < size[1]:
        depth = y / size[1]
        strip = 0, y, size[0], min(size[1], y + max(1, round(canvas.unit * (0.004 + 0.012 * depth))))
        shift = round(canvas.unit * 0.008 * (0.2 + 1.5 * depth) * sin(band * 2.4))
        canvas.image.paste(image.crop(strip), (left + shift, water + y), mask.crop(strip))
        y, band = strip[3], band + 1


def _beam(view: View, cone: list[Point]) -> None:
    """A lamp's ray through the night, from the first point outwards."""
    mask = Image.new("L", view.canvas.image.size)
    ImageDraw.Draw(mask).polygon(cone, fill=255)
    (x, y), reach = cone[0], round(max(abs(x - cone[0][0]) for x, _ in cone))
    falloff = curve(Image.radial_gradient("L"), (max(0, 1 - v / 180) ** 1.3 * 170 for v in range(256)))
    spread = Image.new("L", mask.size)
    spread.paste(falloff.resize((reach * 2, reach * 2)), (round(x - reach), round(y - reach)))
    view.canvas.wash(ImageChops.multiply(mask, spread), rgb("ffedb8"))
