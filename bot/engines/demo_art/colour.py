"""Colours and how they mix."""

from __future__ import annotations

Colour = tuple[int, int, int]
"""Red, green, blue: 0-255."""

WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)


def rgb(code: str) -> Colour:
    """Read `rrggbb`."""
    return int(code[0:2], 16), int(code[2:4], 16), int(code[4:6], 16)


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Blend two colours; `share` (0-1) of the second."""
    r, g, b = (round(x + (y - x) * share) for x, y in zip(first, second, strict=True))
    return r, g, b


def times(first: Colour, second: Colour) -> Colour:
    """Multiply two colours, as light does with a surface."""
    r, g, b = (x * y // 255 for x, y in zip(first, second, strict=True))
    return r, g, b
