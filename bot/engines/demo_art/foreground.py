"""What lies before the subject's feet: grass and flowers, or snow."""

from __future__ import annotations

from PIL import ImageDraw

from bot.engines.demo_art.colour import WHITE, mix, rgb
from bot.engines.demo_art.land import below, knoll, waves
from bot.engines.demo_art.shapes import oval, placed
from bot.engines.demo_art.view import View

BLOSSOMS = ("fff3d6", "f7c948", "ef6f6c", "f4a6c0", "b79ced")
PETALS = [oval(dx, dy, 0.7) for dx, dy in ((-0.8, 0), (0.8, 0), (0, -0.8), (0, 0.8))]


def undergrowth(view: View) -> None:
    """Grass, taller towards the viewer, and flowers in it."""
    u, c, rng, ridge = view.canvas.unit, view.canvas, view.rng("front"), knoll(view)
    pen, near = ImageDraw.Draw(c.image), rgb("8f6430" if view.season == "autumn" else "5c9a45")
    for _ in range(round(260 * view.aspect)):
        x, depth = rng.random() * c.width, rng.random() ** 1.6
        y = ridge(x) + (c.height - ridge(x)) * depth * 0.98 + u * 0.012
        tall, lean = u * (0.014 + 0.045 * depth) * rng.uniform(0.6, 1.2), rng.uniform(-0.5, 0.5)
        colour = view.tone(mix(mix(near, WHITE, rng.uniform(0, 0.18)), rgb("1c2c22"), 0.15 + 0.5 * depth))
        pen.polygon(placed([(-0.07, 0), (lean, -1), (0.07, 0)], (x, y), tall, tall), fill=colour)
    for _ in range(round(36 * view.aspect)):
        x, depth = rng.random() * c.width, rng.random() ** 1.3
        y = ridge(x) + (c.height - ridge(x)) * depth * 0.9 + u * 0.02
        size, colour = u * (0.0035 + 0.007 * depth), view.tone(rgb(rng.choice(BLOSSOMS)))
        pen.line((x, y, x, y + size * 4), fill=view.tone(rgb("3f6b38")), width=max(1, round(size * 0.3)))
        for petal in PETALS:
            pen.polygon(placed(petal, (x, y), size, size), fill=colour)
        pen.polygon(oval(x, y, size * 0.5), fill=view.tone(rgb("f6c244")))


def drifts(view: View) -> None:
    """Snow heaped up in two soft folds."""
    u, rng = view.canvas.unit, view.rng("drift")
    for i in range(2):
        ridge = waves(rng, view.stand[1] + u * (0.06 + 0.06 * i), u * 0.02, u * 0.9)
        view.canvas.fill(below(view, ridge), view.tone(rgb("fdfeff")), view.tone(rgb("a9bde0")), alpha=0.85)
