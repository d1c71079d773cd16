"""From words to a painted scene: composition, then everything from back to front."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from random import Random

from PIL import Image

from bot.engines.demo_art import city, cosmos, deep, foreground, places, water
from bot.engines.demo_art.canvas import Canvas
from bot.engines.demo_art.colour import Colour
from bot.engines.demo_art.figure import paint_figure
from bot.engines.demo_art.light import LIGHTS
from bot.engines.demo_art.reading import Scene, read_scene
from bot.engines.demo_art.sky import paint_sky
from bot.engines.demo_art.view import View
from bot.engines.demo_art.weather import falling_rain, falling_snow, flock, rainbow
from bot.engines.demo_art.words import FIGURES

Painter = Callable[[View], None]


@dataclass(frozen=True, slots=True)
class Ground:
    """How one ground is painted."""

    behind: Painter
    perch: Painter | None = None
    """What a standing subject stands on, where that is no part of the ground itself."""
    before: Painter | None = None
    """What grows in front of the subject."""
    lake: float | None = None
    """Where water begins when there is no subject: 0 is the horizon, 1 the lower edge."""
    weather: bool = True
    """Snow and rain fall here."""


GROUNDS = {
    "meadow": Ground(places.meadow, before=foreground.undergrowth),
    "snow": Ground(places.snow),
    "mountains": Ground(places.ranges, perch=places.crag, lake=0.68),
    "forest": Ground(places.forest, before=foreground.undergrowth),
    "desert": Ground(places.desert),
    "city": Ground(city.city, lake=0.62),
    "sea": Ground(water.sea, perch=water.headland),
    "underwater": Ground(deep.underwater, weather=False),
    "space": Ground(cosmos.space, perch=cosmos.moon_ground, weather=False),
}


def paint_scene(prompt: str, seed: int, width: int, height: int) -> Image.Image:
    """Paint the prompt on a canvas of any size; the same words and seed give the same composition at every size."""
    key = f"{seed}/{' '.join(prompt.casefold().split())}"
    scene = read_scene(prompt, Random(f"{key}/scene"))
    view, ground = _compose(scene, Canvas(width, height), key), GROUNDS[scene.ground]
    low_sun = scene.sky in ("dawn", "dusk") and ground.weather
    paint_sky(view, scene.sky)
    if "rainbow" in scene.weather:
        rainbow(view)
    if not scene.subjects and scene.sky in ("dawn", "day", "dusk"):
        flock(view)
    ground.behind(view)
    if not scene.subjects and ground.lake is not None:
        water.mirror(view, view.horizon + (height - view.horizon) * ground.lake)
    if low_sun:
        view.canvas.glow((view.sun[0], view.horizon), view.canvas.unit * 0.8, view.light.disc, 0.28)
    if ground.perch is not None and any(FIGURES[name].stance == "stand" for name, _ in scene.subjects):
        ground.perch(view)
    for name, colour in scene.subjects[1:]:
        _set(view, name, colour, beside=True)
    for name, colour in scene.subjects[:1]:
        _set(view, name, colour)
    if ground.weather and scene.season == "winter" and ground.perch is None:
        foreground.drifts(view)
    elif ground.before is not None:
        ground.before(view)
    if ground.weather and ("rain" in scene.weather or scene.sky == "storm"):
        falling_rain(view.canvas, view.rng("rain"))
    elif ground.weather and scene.season == "winter":
        falling_snow(view.canvas, view.rng("flakes"), 1.0 if "snowfall" in scene.weather else 0.45)
    return view.canvas.image


def _compose(scene: Scene, canvas: Canvas, key: str) -> View:
    """Decide where the horizon, the light and the subject are: subject and light on opposite sides."""
    rng, (w, h, u) = Random(f"{key}/composition"), (canvas.width, canvas.height, canvas.unit)
    light = rng.choice(LIGHTS[scene.sky])
    horizon = h * (rng.uniform(0.55, 0.62) + (0.04 if h > w * 1.2 else 0.0))
    side = rng.choice((-1, 1))
    subject_x = w / 2 + side * w * rng.uniform(0.07, 0.19)
    sun_x = w / 2 - side * w * rng.uniform(0.12, 0.3)
    sun_y, low = h * rng.uniform(0.14, 0.26), horizon - u * rng.uniform(0.1, 0.2)
    if scene.sky in ("dawn", "dusk"):
        sun_y = low - (u * 0.16 if scene.ground == "mountains" else 0.0)
    standing = any(FIGURES[name].stance == "stand" for name, _ in scene.subjects)
    height = {"mountains": 0.69, "sea": 0.8}.get(scene.ground, 0.86) if standing else 0.86
    subject_y = h * (height + rng.uniform(-0.02, 0.02))
    if scene.tint is not None:
        light = light.tinted(scene.tint)
    return View(canvas, light, key, horizon, (sun_x, sun_y), (subject_x, subject_y), scene.season)


def _set(view: View, name: str, colour: Colour, beside: bool = False) -> None:
    """Set a subject onto, over or into the ground; the second one smaller, beside the first."""
    canvas, (x, y), figure = view.canvas, view.stand, FIGURES[name]
    u = canvas.unit * min(1.25, sqrt(canvas.height / canvas.unit))
    size = u * figure.size * view.rng(f"size/{name}").uniform(0.88, 0.98) * (0.62 if beside else 1.0)
    if beside:
        x += u * (0.3 if x < canvas.width / 2 else -0.3)
    match figure.stance:
        case "float":
            y = canvas.height * (0.3 if beside else 0.41) + size / 2
        case "swim":
            y = canvas.height * (0.36 if beside else 0.5) + size / 2
        case "sail":
            y = view.horizon + (canvas.height - view.horizon) * (0.2 if beside else 0.42)
    paint_figure(view, figure, (x, y), size, colour)
