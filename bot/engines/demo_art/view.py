"""What every painter of one picture shares: the canvas, the light, and where things are."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from bot.engines.demo_art.canvas import Canvas
from bot.engines.demo_art.colour import Colour
from bot.engines.demo_art.light import Light
from bot.engines.demo_art.shapes import Point


@dataclass(frozen=True, slots=True)
class View:
    """One composition. All lengths in pixels of the canvas."""

    canvas: Canvas
    light: Light
    key: str
    """Seed and words: the same key makes the same picture at every size."""
    horizon: float
    sun: Point
    stand: Point
    """Where the subject's feet are."""
    season: str = ""
    """`winter`, `autumn`, `spring` or nothing in particular."""

    def rng(self, part: str) -> Random:
        """Chance for one part of the picture, so that changing one part leaves the others alone."""
        return Random(f"{self.key}/{part}")

    def tone(self, colour: Colour, distance: float = 0.0) -> Colour:
        """A colour in this light at a distance (0-1)."""
        return self.light.tone(colour, distance)

    @property
    def aspect(self) -> float:
        """Width in units: how many more things fit side by side than in a square."""
        return self.canvas.width / self.canvas.unit
