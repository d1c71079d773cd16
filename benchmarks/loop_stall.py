"""How long the event loop stalls while eight pictures of 4096 × 4096 pixels are inspected and stored at once.

Run `python -m benchmarks.loop_stall`. A ticker sleeps for one millisecond again and again; how much later it
wakes is a stall. The same pictures decoded on the loop itself are the comparison. Ends with 1 if the goal is
missed.
"""

from __future__ import annotations

import asyncio
import io
import tempfile
import time
from collections.abc import Awaitable

from PIL import Image, ImageChops

from bot.db import migrate
from bot.db import pictures as stored
from bot.db.database import Database
from bot.pictures.inspect import InputLimits, prepare_input
from bot.pictures.sandbox import Sandbox
from bot.types import Picture, new_id

PICTURES = 8
SIDE = 4096
ROUNDS = 3
TICK_S = 0.001
GOAL_MS = 20.0
LIMITS = InputLimits(max_bytes=100_000_000)
ENCODINGS = (
    ("PNG", {"compress_level": 1}),
    ("JPEG", {"quality": 90}),
    ("WEBP", {"quality": 85, "method": 0}),
)


def photos() -> list[bytes]:
    """Return photo-like pictures, gradients under noise, as PNG, JPEG and WebP in turn."""
    gradient = Image.linear_gradient("L").resize((SIDE, SIDE))
    noise = Image.effect_noise((SIDE, SIDE), 40)
    turned = gradient.transpose(Image.Transpose.ROTATE_90)
    radial = Image.radial_gradient("L").resize((SIDE, SIDE))
    picture = Image.merge("RGB", [ImageChops.add(band, noise, 2) for band in (gradient, turned, radial)])
    files = []
    for format, options in ENCODINGS:
        file = io.BytesIO()
        picture.save(file, format, **options)
        files.append(file.getvalue())
    return [files[number % len(files)] for number in range(PICTURES)]


async def as_easel_does(pictures: list[bytes], database: Database) -> None:
    """Inspect all pictures at once in the sandbox, and store each."""

    async def one(sandbox: Sandbox, picture: bytes) -> None:
        clean = await prepare_input(sandbox, picture, "benchmark", LIMITS)
        row = Picture(new_id(), clean.mime, clean.width, clean.height, len(clean.data))
        await database.write(lambda tx: stored.add(tx, row, clean.data, person="local:me", platform="local"))

    async with Sandbox() as sandbox:
        for _ in range(ROUNDS):
            await asyncio.gather(*(one(sandbox, picture) for picture in pictures))


async def on_the_loop(pictures: list[bytes]) -> None:
    """Decode all pictures where everything else should be running."""
    for picture in pictures:
        with Image.open(io.BytesIO(picture)) as image:
            image.load()
        await asyncio.sleep(TICK_S)


async def stalls(work: Awaitable[None]) -> list[float]:
    """Return, sorted, by how many milliseconds each tick was late while the work was done."""
    late: list[float] = []

    async def tick() -> None:
        while True:
            started = time.perf_counter()
            await asyncio.sleep(TICK_S)
            late.append((time.perf_counter() - started - TICK_S) * 1000)

    ticker = asyncio.create_task(tick())
    await work
    await asyncio.sleep(TICK_S * 2)  # a stall at the very end counts as well
    ticker.cancel()
    return sorted(late)


def quantile(values: list[float], share: float) -> float:
    """Return the value that this share of the sorted values does not exceed."""
    return values[min(len(values) - 1, int(share * len(values)))]


async def main() -> int:
    """Measure, print, and return the exit code."""
    pictures = photos()
    with tempfile.TemporaryDirectory() as folder:
        database = await Database.open(f"sqlite:///{folder}/easel.db")
        try:
            await migrate.upgrade(database)
            sandboxed = await stalls(as_easel_does(pictures, database))
        finally:
            await database.aclose()
    inline = await stalls(on_the_loop(pictures))
    print(f"{PICTURES} pictures of {SIDE} × {SIDE}; stalls of the event loop in milliseconds")
    print(f"{'':8}{'as Easel does':>16}{'on the loop':>16}{'ratio':>10}")
    for name, share in (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0)):
        ours, bare = quantile(sandboxed, share), quantile(inline, share)
        print(f"{name:8}{ours:>16.2f}{bare:>16.2f}{bare / ours:>10.0f}")
    reached = quantile(sandboxed, 0.999) < GOAL_MS
    print(f"goal: p99.9 under {GOAL_MS:.0f} ms: {'reached' if reached else 'MISSED'} ({len(sandboxed)} ticks)")
    return 0 if reached else 1


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
