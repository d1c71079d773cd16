"""The last touches: paper grain, darker corners, and the line that says what the picture is."""

from __future__ import annotations

from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFont, ImageStat

from bot.engines.demo_art.canvas import curve
from bot.engines.demo_art.colour import rgb

LINES = ("demonstration · drawn without a model", "demonstration", "demo")
"""The longest that fits is used."""
DARK = 16
"""Grey of the label's ground."""
SHADE, INK = 0.36, 0.74
"""How opaque the label's ground and letters are; below 1, so that the label can be taken off again."""


def paper(image: Image.Image, rng: Random) -> Image.Image:
    """Fine grain over the whole picture, which also hides the steps of gradients, and slightly darker corners."""
    edge = curve(Image.radial_gradient("L"), ((v - 110) * 0.2 for v in range(256)))
    image.paste(rgb("120a24"), (0, 0), edge.resize(image.size))
    noise = Image.frombytes("L", image.size, rng.randbytes(image.width * image.height))
    grain = curve(noise, (125 + v / 255 * 6 for v in range(256)))
    return ImageChops.add(image, Image.merge("RGB", (grain,) * 3), 1, -128)


def stamp(image: Image.Image) -> Image.Image:
    """Put the demonstration line into the lower right corner."""
    label, corner = _label(image.width, image.height)
    image.paste(label.getchannel("L").convert("RGB"), corner, label.getchannel("A"))
    return image


def unstamp(given: Image.Image) -> Image.Image:
    """A copy without the demonstration line, if the picture carries it, so that no edit moves or doubles it."""
    image = given.copy()
    label, corner = _label(image.width, image.height)
    box = (*corner, corner[0] + label.width, corner[1] + label.height)
    part, alpha = image.crop(box), label.getchannel("A")
    letters = alpha.point([255 if a > 255 * 0.75 else 0 for a in range(256)])
    ground = alpha.point([255 if abs(a - 255 * SHADE) < 2 else 0 for a in range(256)])
    lit, dark = (ImageStat.Stat(part.convert("L"), mask).mean[0] for mask in (letters, ground))
    if lit - dark < 45:
        return image  # no letters of ours there
    bands = []
    for band in part.split():
        under = (
            min(255, max(0, round((seen - ink * a / 255) / (1 - a / 255))))
            for seen, ink, a in zip(band.tobytes(), label.getchannel("L").tobytes(), alpha.tobytes(), strict=True)
        )
        bands.append(Image.frombytes("L", part.size, bytes(under)))
    image.paste(Image.merge("RGB", bands), corner)
    return image


def _label(width: int, height: int) -> tuple[Image.Image, tuple[int, int]]:
    """The label for a picture of this size as grey and opacity, and where its upper left corner goes."""
    size = max(9, round(min(width, height) * 0.0165))
    font = ImageFont.load_default(size)
    line = next((text for text in LINES if font.getlength(text) + 3 * size < width * 0.62), LINES[-1])
    wide, tall, smooth = round(font.getlength(line) + 1.3 * size), round(size * 1.75), 4
    ground, letters = Image.new("L", (wide * smooth, tall * smooth)), Image.new("L", (wide, tall))
    pill = (0, 0, wide * smooth - 1, tall * smooth - 1)
    ImageDraw.Draw(ground).rounded_rectangle(pill, tall * smooth / 2, fill=round(255 * SHADE))
    ImageDraw.Draw(letters).text((wide / 2, tall / 2), line, font=font, fill=round(255 * INK), anchor="mm")
    ground = ground.resize(letters.size, Image.Resampling.BOX)
    alpha = ImageChops.screen(ground, letters)
    grey = bytes(  # white letters over a nearly black ground, as one layer
        min(255, round((DARK * g * (255 - t) / 255 + 255 * t) / max(a, 1)))
        for g, t, a in zip(ground.tobytes(), letters.tobytes(), alpha.tobytes(), strict=True)
    )
    label = Image.merge("LA", (Image.frombytes("L", letters.size, grey), alpha))
    return label, (max(0, width - wide - size), max(0, height - tall - size))
