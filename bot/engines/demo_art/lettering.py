"""Words set on a picture: a font that has every letter, lines that fit, an outline that keeps them legible."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from bot.engines.demo_art import NoFont
from bot.engines.demo_art.canvas import curve
from bot.engines.demo_art.colour import Colour, mix, rgb
from bot.engines.demo_art.wishes import Placing
from bot.engines.demo_art.words import FIRST_JOINED

Face = tuple[str, int] | None
"""File and index of a font on this machine; None is Pillow's own."""

FONTS = (
    ("/usr/share/fonts", "*CJK*-Bold.*"),
    ("/usr/share/fonts", "*CJK*.*"),
    ("/usr/share/fonts", "wqy*.tt*"),
    ("/usr/share/fonts", "*[Dd]roid*[Ff]allback*.ttf"),
    ("/usr/share/fonts", "DejaVuSans-Bold.ttf"),
    ("/usr/share/fonts", "Noto*-Bold.ttf"),
    ("/usr/local/share/fonts", "*.[ot]t[fc]"),
    ("/System/Library/Fonts", "PingFang.ttc"),
    ("/System/Library/Fonts", "Hiragino*.ttc"),
    ("/Library/Fonts", "Arial Unicode.ttf"),
)
"""Where systems keep fonts, and which are tried, the best for mixed Chinese and Latin text first."""


def write(image: Image.Image, words: str, place: Placing, colour: Colour) -> None:
    """Set `words` at the `top`, `middle` or `bottom` of a picture; raises NoFont."""
    words, face = _face_for(words)
    lines, font = _fit(words, face, image.width * 0.86, image.height * 0.42)
    size = float(font.size)
    leading = size * 1.16
    start = {
        "top": image.height * 0.075,
        "middle": (image.height - leading * len(lines)) / 2,
        "bottom": image.height * 0.925 - leading * len(lines) - size * 0.35,
    }[place]
    edge = mix(colour, rgb("fff8ec"), 0.85) if sum(colour) < 330 else mix(colour, rgb("120e28"), 0.82)
    weight = max(1, round(size * 0.022)) if face is None else 0  # the built-in font is a light one
    border = weight + max(1, round(size * 0.055))
    outline, letters = (Image.new("L", image.size) for _ in range(2))
    for mask, stroke in ((outline, border), (letters, weight)):
        for i, line in enumerate(lines):
            at = image.width / 2, start + leading * i
            ImageDraw.Draw(mask).text(at, line, font=font, fill=255, stroke_width=stroke, anchor="ma")
    shadow = curve(outline.filter(ImageFilter.GaussianBlur(size * 0.12)), (v * 0.6 for v in range(256)))
    image.paste(edge, (0, round(size * 0.05)), shadow)
    image.paste(edge, (0, 0), outline)
    image.paste(colour, (0, 0), letters)


def _face_for(words: str) -> tuple[str, Face]:
    """Choose a font that has every sign of the words, or at least every letter; the words without other signs."""
    signs = {c for c in words if not c.isspace()}
    kana = any("぀" <= c <= "ヿ" for c in words)
    faces: list[Face] = [None]
    for folder, pattern in FONTS:
        for path in sorted(Path(folder).rglob(pattern)):
            chinese = "CJK" in path.name and path.suffix == ".ttc" and not kana
            faces.append((str(path), 2 if chinese else 0))  # Noto's collections: Japanese, Korean, Chinese …
    for needed in (signs, {c for c in signs if c.isalnum()}):
        for face in faces:
            missing = _missing(face, signs)
            if not missing & needed:
                kept = "".join(c for c in words if c not in missing)
                return " ".join(kept.split()), face
    raise NoFont


def _missing(face: Face, signs: set[str]) -> set[str]:
    """The signs a font only has its box for unknown ones for."""
    try:
        font = _load(face, 24)
    except OSError:
        return signs
    box = bytes(font.getmask("\U0010fffe"))
    return {sign for sign in signs if bytes(font.getmask(sign)) == box}


def _load(face: Face, size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size) if face is None else ImageFont.truetype(face[0], size, face[1])
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


def _fit(words: str, face: Face, width: float, height: float) -> tuple[list[str], ImageFont.FreeTypeFont]:
    """Break the words into as few lines as stay large, at the largest size at which they fit."""
    largest = max(8, round(height * 0.42))
    for most in (1, 2, 3, 5, 99):
        size = largest
        while size > 8:
            font = _load(face, size)
            lines = _wrap(words, font, width)
            widest = max(font.getlength(line) for line in lines)
            if len(lines) <= most and widest <= width and len(lines) * size * 1.16 <= height:
                break
            size = max(8, round(size * 0.92))
        if size > largest * 0.36:
            break
    font = _load(face, size)
    return _wrap(words, font, width), font


def _wrap(words: str, font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """Break at spaces, or anywhere in scripts that use none."""
    gap = " " if " " in words else ""
    pieces = words.split() if gap else list(words) if words >= FIRST_JOINED else [words]
    lines = [pieces[0]]
    for piece in pieces[1:]:
        longer = f"{lines[-1]}{gap}{piece}"
        if font.getlength(longer) > width:
            lines.append(piece)
        else:
            lines[-1] = longer
    return lines
