"""From an instruction to a changed picture."""

from __future__ import annotations

from random import Random

from PIL import Image, ImageStat

from bot.engines.demo_art import edits
from bot.engines.demo_art.canvas import Canvas
from bot.engines.demo_art.colour import Colour, rgb
from bot.engines.demo_art.figure import paint_figure
from bot.engines.demo_art.lettering import write
from bot.engines.demo_art.light import LIGHTS, Light
from bot.engines.demo_art.night import bright_disc, night
from bot.engines.demo_art.reading import natural
from bot.engines.demo_art.view import View
from bot.engines.demo_art.weather import falling_leaves, falling_rain, falling_snow
from bot.engines.demo_art.wishes import Wish, read_wish
from bot.engines.demo_art.words import FIGURES

GEOMETRY = {"mirror": Image.Transpose.FLIP_LEFT_RIGHT, "upside_down": Image.Transpose.FLIP_TOP_BOTTOM}
LEAVES = {"autumn": ("c8692e", "f2cb62", "b8452a", "e08f35"), "spring": ("e58fae", "fbe3ea", "f4b6cb", "f8cfdc")}


def change(image: Image.Image, instruction: str, rng: Random, strength: float) -> Image.Image:
    """Make the changes an instruction asks for; `strength` (0-1) is how much of them shows. Raises NoFont."""
    wish, before = read_wish(instruction), image
    for step in wish.steps:
        if step not in GEOMETRY:
            image = _step(image, step, wish, rng)
    if wish.subject:
        image = _with_subject(image, wish.subject, wish.colour or natural(wish.subject, ""))
    image = Image.blend(before, image, strength)
    for step in wish.steps:
        if step in GEOMETRY:
            image = image.transpose(GEOMETRY[step])
    if wish.words:
        write(image, wish.words, wish.place, wish.colour or rgb("fffaf0"))
    return image


def _step(image: Image.Image, step: str, wish: Wish, rng: Random) -> Image.Image:
    """Make one change; one without a painter of its own makes a painting of the picture."""
    canvas = Canvas.on(image)
    match step:
        case "night" | "aurora":
            return night(image, rng)
        case "day" | "summer":
            return edits.daylight(image)
        case "dawn" | "dusk":
            return edits.graded(image, rng.choice(LIGHTS[step]).sky)
        case "mist":
            return edits.misty(image, rng)
        case "brighter":
            return edits.brighter(image)
        case "darker":
            return edits.darker(image)
        case "black_and_white":
            return edits.black_and_white(image)
        case "tinted" if wish.colour is not None:
            return edits.tinted(image, wish.colour)
        case "autumn" | "spring":
            colours = [rgb(code) for code in LEAVES[step]]
            canvas.image = edits.turned_leaves(image, colours[0], colours[1])
            falling_leaves(canvas, rng, colours)
        case "snow":
            canvas.image = edits.snowed_in(image)
            falling_snow(canvas, rng, 1.0)
        case "rain":
            canvas.image = edits.darker(image)
            falling_rain(canvas, rng)
        case _:
            return edits.painted(image, rng)
    return canvas.image


def _with_subject(image: Image.Image, name: str, colour: Colour) -> Image.Image:
    """Set a subject where the picture is calmest, in the light the picture has."""
    canvas, figure, (width, height) = Canvas.on(image), FIGURES[name], image.size
    bands = image.resize((1, 8), Image.Resampling.BOX).tobytes()
    sky = tuple((bands[i], bands[i + 1], bands[i + 2]) for i in range(0, 15, 3))
    r, g, b = image.resize((1, 1), Image.Resampling.BOX).tobytes()
    gain = min(255, 90 + max(r, g, b) * 1.1) / max(r, g, b, 1)
    light = Light(sky, rgb("fff0cc"), (round(r * gain), round(g * gain), round(b * gain)))
    small = image.resize((64, 64), Image.Resampling.BOX)
    unrest = {x: sum(ImageStat.Stat(small.crop((x - 8, 24, x + 8, 64))).stddev) for x in (11, 32, 53)}
    x = min(unrest, key=unrest.__getitem__) * width / 64
    size = canvas.unit * figure.size * 0.75
    y = height * 0.9 if figure.stance in ("stand", "sail") else height * 0.36 + size / 2
    disc = bright_disc(image)
    sun = disc[0] if disc else (width / 2, 0.0)
    paint_figure(View(canvas, light, name, height / 2, sun, (x, y)), figure, (x, y), size, colour)
    return canvas.image
