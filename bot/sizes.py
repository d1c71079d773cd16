"""Picture sizes: from words people write to a legal width and height of an engine."""

from __future__ import annotations

import functools
import math
import re
import unicodedata
from collections.abc import Iterator
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
    max_ratio: float | None = None
    """The longer side is at most this many times the shorter one."""
    min_pixels: int | None = None
    """Bounds of width times height. With these, too, there must be a legal size."""
    max_pixels: int | None = None


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


@functools.lru_cache(1024)  # people ask for the same few sizes
def _bounded(width: float, height: float, rule: SizeRule, max_pixels: int) -> tuple[int, int]:
    """Return the nearest size within the bounds: scaled into them, then each side a multiple."""
    most = min(rule.max_pixels or max_pixels, max_pixels)
    across, down = _within(width, height, rule, most)
    best: tuple[int, int] | None = None
    nearest = math.inf
    sides = range(-(-rule.minimum // rule.multiple) * rule.multiple, rule.maximum + 1, rule.multiple)
    for side in sorted(sides, key=lambda side: abs(math.log(side / across))):
        off = abs(math.log(side / across))
        if off >= nearest:
            break
        for other in _other_sides(side, down, rule, most):
            if (distance := math.hypot(off, math.log(other / down))) < nearest:
                best, nearest = (side, other), distance
    return best or _smallest(width / height, rule)


def _within(width: float, height: float, rule: SizeRule, most: int) -> tuple[float, float]:
    """Return the point within all bounds that has the shape, or the nearest shape there is, and the nearest area.

    In logarithms: the sides are (area - shape) / 2 and (area + shape) / 2, and every bound is a straight line.
    """
    low, high = math.log(rule.minimum), math.log(rule.maximum)
    fewest, largest = math.log(rule.min_pixels or 1), math.log(most)
    ratio = math.log(rule.max_ratio) if rule.max_ratio else math.inf
    shape = math.log(max(width, height) / min(width, height))
    shape = max(0.0, min(shape, ratio, high - low, largest - 2 * low, 2 * high - fewest))
    area = min(max(math.log(width * height), 2 * low + shape, fewest), 2 * high - shape, largest)
    short, long = math.exp((area - shape) / 2), math.exp((area + shape) / 2)
    return (short, long) if width <= height else (long, short)


def _other_sides(side: int, wanted: float, rule: SizeRule, most: int) -> Iterator[int]:
    """Yield the legal lengths next to `wanted`, below and above, of the side that goes with this one."""
    step = rule.multiple
    low, high = max(rule.minimum, -(-(rule.min_pixels or 1) // side)), min(rule.maximum, most // side)
    if rule.max_ratio is not None:
        times, parts = rule.max_ratio.as_integer_ratio()  # floating point would lose the sizes at the very edge
        low, high = max(low, -(-side * parts // times)), min(high, side * times // parts)
    first, last = -(-low // step), high // step
    if first <= last:
        below = int(wanted // step)
        yield from {min(max(number, first), last) * step for number in (below, below + 1)}


def _smallest(shape: float, rule: SizeRule) -> tuple[int, int]:
    """Return the legal size of the fewest pixels; of equals the one nearest in shape. Raises ValueError for none."""
    sides = range(-(-rule.minimum // rule.multiple) * rule.multiple, rule.maximum + 1, rule.multiple)
    most = rule.max_pixels or rule.maximum**2
    sizes = [(side, other) for side in sides for other in _other_sides(side, 0, rule, most)]
    return min(sizes, key=lambda size: (math.prod(size), abs(math.log(size[0] / size[1] / shape))))
