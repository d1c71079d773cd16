"""Outlines: written down as points, returned as polygons."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, hypot, pi, radians, sin

Point = tuple[float, float]
Knot = tuple[Point, bool]
"""A point of a curve, and whether it is a corner."""


def poly(points: str) -> list[Point]:
    """A closed outline with straight edges through points `x,y x,y …`."""
    return [_point(text) for text in points.split()]


def blob(points: str) -> list[Point]:
    """A smooth closed outline through points `x,y x,y! …`; `!` makes a corner."""
    knots = [(_point(text), text.endswith("!")) for text in points.split()]
    return [point for i in range(len(knots)) for point in _bow(*(knots[(i + k) % len(knots)] for k in (-1, 0, 1, 2)))]


def oval(x: float, y: float, rx: float, ry: float | None = None, turn: float = 0.0) -> list[Point]:
    """An ellipse, turned by `turn` degrees."""
    ry = rx if ry is None else ry
    ring = [(rx * cos(t * pi / 24), ry * sin(t * pi / 24)) for t in range(48)]
    return placed(turned(ring, turn), (x, y), 1, 1)


def box(x: float, y: float, width: float, height: float) -> list[Point]:
    """An upright rectangle by its upper left corner."""
    return [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]


def arch(x: float, y: float, width: float, height: float) -> list[Point]:
    """A window or door with a round top, by its upper left corner."""
    r = width / 2
    return [*oval(x + r, y + r, r)[24:], (x + width, y + r), (x + width, y + height), (x, y + height)]


def turned(outline: Sequence[Point], degrees: float) -> list[Point]:
    """An outline turned clockwise around (0, 0)."""
    c, s = cos(radians(degrees)), sin(radians(degrees))
    return [(x * c - y * s, x * s + y * c) for x, y in outline]


def placed(outline: Sequence[Point], at: Point, width: float, height: float) -> list[Point]:
    """An outline drawn around (0, 0) in units, set at a point and made larger."""
    return [(at[0] + x * width, at[1] + y * height) for x, y in outline]


def limb(points: str | Sequence[Point], start: float, end: float) -> list[Point]:
    """A smooth line through points as an outline, its width going from `start` to `end`: tails, legs, stems."""
    path = poly(points) if isinstance(points, str) else points
    knots = [(point, i in (0, len(path) - 1)) for i, point in enumerate(path)]
    around = [knots[0], *knots, knots[-1]]
    line = [point for i in range(len(path) - 1) for point in _bow(*around[i : i + 4])] + [path[-1]]
    left: list[Point] = []
    right: list[Point] = []
    for i, (x, y) in enumerate(line):
        (x0, y0), (x1, y1) = line[max(i - 1, 0)], line[min(i + 1, len(line) - 1)]
        reach = (start + (end - start) * i / (len(line) - 1)) / 2 / max(hypot(x1 - x0, y1 - y0), 1e-6)
        left.append((x - (y1 - y0) * reach, y + (x1 - x0) * reach))
        right.append((x + (y1 - y0) * reach, y - (x1 - x0) * reach))
    return left + right[::-1]


def _bow(before: Knot, start: Knot, end: Knot, after: Knot) -> list[Point]:
    """Ten points of the Catmull-Rom curve from `start` towards `end`; straight out of and into corners."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = before[0], start[0], end[0], after[0]
    ax, ay = (x2 - x1, y2 - y1) if start[1] else ((x2 - x0) / 2, (y2 - y0) / 2)
    bx, by = (x2 - x1, y2 - y1) if end[1] else ((x3 - x1) / 2, (y3 - y1) / 2)
    curve = []
    for step in range(10):
        t = step / 10
        h, k, m, n = (1 + 2 * t) * (1 - t) ** 2, t * (1 - t) ** 2, t * t * (3 - 2 * t), t * t * (t - 1)
        curve.append((h * x1 + k * ax + m * x2 + n * bx, h * y1 + k * ay + m * y2 + n * by))
    return curve


def _point(text: str) -> Point:
    x, y = text.rstrip("!").split(",")
    return float(x), float(y)
