"""Picture sizes: from words people write to a legal width and height of an engine."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction

from bot.errors import UnknownSize
from bot.i18n.marks import N_

A_SIZE = N_("a size such as 1024x1024, square, portrait, landscape or 16:9")
"""What a size must be, for people."""


@dataclass(frozen=True, slots=True)
class SizeRule:
    """Which sizes an engine draws, in pixels."""

    fixed: tuple[tuple[int, int], ...] = ()
    """The only (width, height) pairs it takes; empty = any within the bounds below."""
    multiple: int = 8
    """Width and height are multiples of this."""
    minimum: int = 64
    maximum: int = 4096
    """Bounds of each side."""
    default: tuple[int, int] = (1024, 1024)


@dataclass(frozen=True, slots=True)
class Exact:
    """A size asked for in pixels."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Aspect:
    """A shape of any size, in lowest terms: 16 × 9 is twice as wide as 8 × 9."""

    width: int
    height: int


Size = Exact | Aspect

SQUARE, PORTRAIT, LANDSCAPE = Aspect(1, 1), Aspect(2, 3), Aspect(3, 2)
NAMED = {
    **dict.fromkeys(("square", "方形", "方图", "方圖", "正方形"), SQUARE),
    **dict.fromkeys(("portrait", "竖", "竖版", "竖图", "豎", "豎版", "豎圖", "直式"), PORTRAIT),
    **dict.fromkeys(("landscape", "横", "横版", "横图", "橫", "橫版", "橫圖", "橫式"), LANDSCAPE),
}
_PIXELS = re.compile(r"([0-9]{1,6}) ?[x×✕*] ?([0-9]{1,6})(?: ?px)?")
_RATIO = re.compile(r"([0-9]{1,5}(?:\.[0-9]{1,3})?) ?: ?([0-9]{1,5}(?:\.[0-9]{1,3})?)")


def parse_size(text: str) -> Size:
    """Read `1024x1024`, `1024×768`, `16:9`, `2.39:1`, `square`, `portrait`, `landscape` or their Chinese names.

    Raises UnknownSize, for sides of zero too; how large is too large is for `fit` and the policy to say.
    """
    written = unicodedata.normalize("NFKC", text).strip().casefold()
    if named := NAMED.get(written):
        return named
    if (pixels := _PIXELS.fullmatch(written)) and int(pixels[1]) and int(pixels[2]):
        return Exact(int(pixels[1]), int(pixels[2]))
    if (ratio := _RATIO.fullmatch(written)) and float(ratio[1]) and float(ratio[2]):
        shape = Fraction(ratio[1]) / Fraction(ratio[2])
        return Aspect(shape.numerator, shape.denominator)
    raise UnknownSize(size=text if len(text) <= 40 else text[:39] + "…")


def fit(size: Size | None, rule: SizeRule, max_pixels: int) -> tuple[int, int]:
    """Return the legal (width, height) nearest to `size`; a legal exact size unchanged.

    A shape gets the area of the rule's default, and None is that default. The result has at most `max_pixels`
    pixels, unless no legal size has: then it is the smallest legal one.
    """
    width, height = _wanted(size, rule)
    if rule.fixed:
        return _listed(width, height, rule.fixed, max_pixels)
    return _bounded(width, height, rule, max_pixels)


def keep_aspect(width: int, height: int, rule: SizeRule, max_pixels: int) -> tuple[int, int]:
    """Return the legal (width, height) for the edit of a picture: nearest to its own, of the same shape."""
    return fit(Exact(width, height), rule, max_pixels)


def _wanted(size: Size | None, rule: SizeRule) -> tuple[float, float]:
    """Return the size to come close to, in pixels, legal or not."""
    match size:
        case None:
            return rule.default
        case Exact(width, height):
            return width, height
        case Aspect(width, height):
            side = math.sqrt(math.prod(rule.default) / (width * height))
            return width * side, height * side


def _listed(width: float, height: float, sizes: tuple[tuple[int, int], ...], max_pixels: int) -> tuple[int, int]:
    """Return the size of the list with the nearest shape, and of those the one with the nearest area."""

    def distance(size: tuple[int, int]) -> tuple[float, float]:
        across, down = math.log(size[0] / width), math.log(size[1] / height)
        return round(abs(across - down), 9), abs(across + down)

    allowed = [each for each in sizes if math.prod(each) <= max_pixels]
    return min(allowed, key=distance) if allowed else min(sizes, key=math.prod)


def _bounded(width: float, height: float, rule: SizeRule, max_pixels: int) -> tuple[int, int]:
    """Return the nearest size within the bounds: scaled to fit, then each side a multiple."""
    step = rule.multiple
    low, high = -(-rule.minimum // step) * step, rule.maximum // step * step
    short, long = sorted((width, height))
    scale = max(min(1.0, high / long, math.sqrt(max_pixels / (width * height))), low / short)
    # No shape is kept where it would need a side beyond the bounds, e.g. for 1 × 100000.
    short = max(short * scale, low)
    long = max(min(long * scale, high, max_pixels / short), short)
    across, down = (short, long) if width <= height else (long, short)

    def sides(length: float) -> set[int]:
        below = int(length // step) * step
        return {min(max(side, low), high) for side in (below - step, below, below + step)}

    def distance(size: tuple[int, int]) -> float:
        return math.hypot(math.log(size[0] / across), math.log(size[1] / down))

    legal = [(w, h) for w in sides(across) for h in sides(down) if w * h <= max_pixels]
    return min(legal, key=distance, default=(low, low))
